"""A column that holds words of an enumeration is compared with those words alone, in models, statements and `sql/`."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import asyncpg
import pytest

from baas.core.db.tables import load_tables

ROOT = Path(__file__).parents[2]
WORDS: dict[str, dict[str, frozenset[str]]] = {
    table.name: {
        constraint.info["column"]: constraint.info["words"]
        for constraint in table.constraints
        if "words" in constraint.info
    }
    for table in load_tables().sorted_tables
}
"""table -> column -> the words that it may hold, as `one_of` says them."""
_COLUMN = "|".join(sorted({column for columns in WORDS.values() for column in columns}))
_TABLE = "|".join(sorted(WORDS))
QUOTED = re.compile(r"'(\w+)'")
# A column, then what it is compared with or set to: one word or several.
COMPARED = re.compile(
    rf"(?:\b(\w+)\.)?\b({_COLUMN})\s*(?:=|<>|!=|(?:not\s+)?in\b|is\s+(?:not\s+)?distinct\s+from)\s*"
    r"\(?\s*('\w+'(?:\s*,\s*'\w+')*)",
    re.IGNORECASE,
)
# A column that is set by cases: what stands after `then` and `else`.
BY_CASES = re.compile(rf"(?:\b(\w+)\.)?\b({_COLUMN})\s*=\s*case\b(.*?)\bend\b", re.DOTALL)
CHOSEN = re.compile(r"\b(?:then|else)\s+'(\w+)'")
NAMED = re.compile(
    rf"\b(?:from|join|update|into|using)\s+(?:only\s+)?({_TABLE})\b"
    r"(?:\s+(?:as\s+)?(?!where|set|on|join|order|for|using)(\w+))?",
    re.IGNORECASE,
)


def texts(path: Path) -> Iterator[str]:
    """The texts of a module that may be SQL, with a placeholder for what is filled in; a `.sql` file is one text."""
    if path.suffix == ".sql":
        yield re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values)


def package_of(path: Path) -> str:
    """`baas/services/orders`, `baas/webhooks`."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[: 3 if parts[1] == "services" else 2])


@cache
def tables_of(package: str) -> list[str]:
    """The tables whose models stand in a package."""
    names = {
        name
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r'__tablename__ = "(\w+)"', path.read_text(encoding="utf-8"))
    }
    return sorted(names & WORDS.keys())


def faults(text: str, fallback: Iterable[str] = ()) -> list[str]:
    """Words beside a column that none of its tables may hold: the table of its alias, or all that the text names."""
    named = [(match[1].lower(), (match[2] or match[1]).lower()) for match in NAMED.finditer(text)]
    aliases: dict[str, set[str]] = {}
    for table, alias in named:
        aliases.setdefault(alias, set()).add(table)
    found = []
    said = [(match[1], match[2], QUOTED.findall(match[3])) for match in COMPARED.finditer(text)]
    said += [(match[1], match[2], CHOSEN.findall(match[3])) for match in BY_CASES.finditer(text)]
    for alias, column, words in said:
        tables = aliases.get((alias or "").lower()) or {table for table, _ in named} or set(fallback)
        known = [WORDS[table][column.lower()] for table in tables if column.lower() in WORDS[table]]
        if known:
            found += [f"{column}: {word}" for word in words if word not in frozenset().union(*known)]
    return found


SOURCES = sorted(
    path
    for path in [*(ROOT / "baas").rglob("*.py"), *(ROOT / "baas").rglob("*.sql")]
    if "simulators" not in path.parts
)


def test_every_word_in_sql_is_one_that_its_column_may_hold() -> None:
    """A misspelt state finds no row, and nobody notices."""
    wrong = {
        path.relative_to(ROOT).as_posix(): found
        for path in SOURCES
        for found in [[fault for text in texts(path) for fault in faults(text, tables_of(package_of(path)))]]
        if found
    }
    assert wrong == {}


def test_the_check_reads_what_there_is() -> None:
    """Most words are found, so that a change of style does not blind it."""
    seen = [
        word
        for path in SOURCES
        for text in texts(path)
        for match in COMPARED.finditer(text)
        for word in QUOTED.findall(match[3])
    ]
    assert len(seen) > 80
    assert {"pending", "disabled", "held", "active", "failed", "paid"} <= set(seen)


@pytest.mark.parametrize(
    "text",
    [
        "select 1 from webhook_deliveries where status = 'sent'",
        "select 1 from webhook_endpoints e join webhook_deliveries d using (id) where d.status <> 'disabled'",
        "update webhook_deliveries d set status = case when d.step > 1 then 'given_up' else d.status end",
        "update notifications set status = 'delivered' where id = $1",
        "select 1 from orders where status not in ('paid', 'payed')",
    ],
)
def test_the_check_sees_what_it_is_for(text: str) -> None:
    """A word of nobody, and one of another table."""
    assert faults(text)


async def test_the_database_admits_the_words_of_the_enumerations(owner_url: str) -> None:
    """The revisions write them out; this compares what came of it."""
    connection = await asyncpg.connect(owner_url)
    try:
        rows = await connection.fetch(
            "select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as text"
            " from pg_constraint where contype = 'c' and conparentid = 0"
        )
    finally:
        await connection.close()
    texts = {(row["table"], row["name"]): row["text"] for row in rows}
    for table, columns in WORDS.items():
        for column, words in columns.items():
            assert frozenset(QUOTED.findall(texts[table, f"ck_{table}_{column}"])) == words, (table, column)
