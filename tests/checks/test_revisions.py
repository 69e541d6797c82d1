"""Revisions change tables. What they do stands in them alone, and functions, views and triggers stand in `sql/`."""

import ast
import re
from pathlib import Path

import asyncpg
import pytest

ROOT = Path(__file__).parents[2]
REVISIONS = sorted((ROOT / "migrations" / "versions").glob("[!_]*.py"))
MADE = re.compile(
    r"\bcreate\s+(or\s+replace\s+)?(constraint\s+)?(function|procedure|(materialized\s+)?view|trigger)\b",
    re.IGNORECASE,
)


def faults(text: str) -> list[str]:
    """What a revision must not do, found in its text."""
    found: list[str] = []
    for node in (node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.stmt, ast.expr))):
        names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{name}" for name in names)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if MADE.search(node.value):
                found.append(f"line {node.lineno} makes a function, view or trigger: write a file in sql/")
            names.append(node.value)
        if any(name.startswith("migrations.versions") for name in names) or "importlib" in names:
            found.append(f"line {node.lineno} takes something from another revision: write it here")
    return found


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_stands_alone_and_makes_no_function(path: Path) -> None:
    """Or a reader would have to put it together from several files, over and over."""
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import migrations.versions.first",
        "from migrations.versions import first",
        "from migrations.versions.first import TABLES",
        "from importlib import import_module",
        'load("migrations.versions.first")',
        'op.execute("create function f() returns int language sql as $$ select 1 $$")',
        'op.execute("""\\n create or  replace\\n view v as select 1""")',
        'op.execute(f"CREATE TRIGGER t after insert on {table}")',
    ],
)
def test_the_check_sees_what_it_is_for(text: str) -> None:
    """Each way that one has been tried."""
    assert faults(text)


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_is_named_after_its_file(path: Path) -> None:
    """So that what a database says it is at can be opened; names sort in the order of revisions."""
    assert f'\nrevision = "{path.stem}"\n' in path.read_text(encoding="utf-8")


async def test_every_table_says_what_it_holds(owner_url: str) -> None:
    """For whoever reads the database without the code."""
    connection = await asyncpg.connect(owner_url)
    try:
        rows = await connection.fetch(
            "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
            " and relnamespace = 'public'::regnamespace and relname <> 'alembic_version'"
            " and obj_description(oid) is null"
        )
    finally:
        await connection.close()
    assert [row["relname"] for row in rows] == []
