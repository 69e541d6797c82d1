"""Running the migrations: as the owner of the schema, apart from the application, before it starts.

First the versioned revisions (`migrations/versions`), which make tables; then the files of functions, views and triggers
that differ from what the database notes (`baas.core.schema.sql_files`).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from baas import __version__
from baas.core.schema import sql_files
from baas.core.schema.sql_files import Changes

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[3]
OF_MIGRATIONS: Final = ("alembic_version", sql_files.TABLE)
"""Tables that note what was done to the schema. They belong to no store, and no revision makes them."""
_REVISION: Final = re.compile(r'^(down_)?revision = "(\w+)"', re.MULTILINE)
_BEFORE_THE_BASELINE: Final = re.compile(r"\d{4}")
"""Revisions from before 0.1.0 were numbers alone."""
_LOCK: Final = 7236002
"""The advisory lock under which a schema is changed, by one at a time."""
OPEN_TABLES: Final = """
    select c.relname
    from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and c.relname not in ('workers', 'alembic_version', 'sql_files', 'product_search')
      and not (
        c.relrowsecurity and c.relforcerowsecurity and exists (
          select from pg_policy p
          where p.polrelid = c.oid and p.polqual is not null and p.polwithcheck is not null
        )
      )
    order by c.relname
"""
"""Tables of the schema that let one store see another's rows. Excused are those that belong to no store, and the one
that the application's role cannot touch at all: a function reads it for the current store."""


def alembic_config(owner_url: str) -> "Config":
    """Alembic's configuration for a database, given the URL of its owner role."""
    # In here, because the API only wants to know the newest revision, and need not load all this for it.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    # The revisions share migrations/policies.py, and the command may run from anywhere.
    config.set_main_option("prepend_sys_path", str(ROOT))
    config.attributes["url"] = owner_url
    return config


class MigrationError(RuntimeError):
    """The schema cannot be brought up. The text says why."""


class UnknownSchemaError(MigrationError):
    """The schema is at a revision that this code does not know. The text says which, and whose it may be."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        self.whose = (
            "a version from before 0.1.0, whose data no later one takes over"
            if _BEFORE_THE_BASELINE.fullmatch(revision)
            else "another version of baas"
        )
        super().__init__(f"The schema is at revision {revision}, which was made by {self.whose}.")


def head() -> str:
    """The newest revision that this code knows."""
    newest, before = _revisions()
    heads = newest - before
    if len(heads) != 1:
        raise RuntimeError(f"There must be one newest migration, not {len(heads)}.")
    return heads.pop()


def _revisions() -> tuple[set[str], set[str]]:
    """All revisions that this code knows, and those that another one follows."""
    known: set[str] = set()
    before: set[str] = set()
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        for is_before, name in _REVISION.findall(path.read_text(encoding="utf-8")):
            (before if is_before else known).add(name)
    return known, before


class Schema:
    """What this code needs of the schema: its newest revision, and the files of functions, views and triggers."""

    STATE: Final = (
        "select (select version_num from alembic_version) as revision,"
        f" array(select name || ' ' || digest from {sql_files.TABLE}) as digests"
    )
    """Asks a database for its state. `baas_auth` may."""

    def __init__(self) -> None:
        self.head = head()
        self.files = sql_files.load()

    def problem(self, state: Mapping[str, Any] | None) -> str | None:
        """What of a database's state (a row of STATE) this code cannot work with; None when nothing is wrong."""
        revision = state["revision"] if state is not None else None
        if revision != self.head:
            return f"schema is at {revision}, this code needs {self.head}"
        noted: Sequence[str] = state["digests"] if state is not None else ()
        differing = sql_files.changed(self.files, dict(line.split(" ") for line in noted))
        if differing:
            return f"not as this code has them: {', '.join(file.name for file in differing)}"
        return None


async def current(owner_url: str) -> str | None:
    """The revision that the schema is at; None before the first."""
    connection = await asyncpg.connect(owner_url)
    try:
        return await current_of(connection)
    finally:
        await connection.close()


async def current_of(connection: asyncpg.Connection) -> str | None:
    """The same over a connection that is open."""
    if not await connection.fetchval("select to_regclass('alembic_version') is not null"):
        return None
    found: str | None = await connection.fetchval("select version_num from alembic_version")
    return found


async def bring_up(owner_url: str) -> None:
    """Bring the schema to what this code needs, as `upgrade` does, but without Alembic where there is nothing to do.

    Raises as `upgrade` does.
    """
    connection = await asyncpg.connect(owner_url)
    try:
        if (
            await current_of(connection) == head()
            and not sql_files.changed(sql_files.load(), await sql_files.noted(connection))
            and not await connection.fetch(OPEN_TABLES)
        ):
            return
    finally:
        await connection.close()
    await upgrade(owner_url)


async def upgrade(owner_url: str, revision: str = "head") -> Changes:
    """Bring the schema to a revision, and at the newest its functions, views and triggers to what their files say.

    Safe to repeat, and to call twice at once: the second waits, and finds nothing to do. Raises MigrationError
    (UnknownSchemaError before anything was done), and SqlFileError for a file that PostgreSQL refuses.
    """
    from alembic import command
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    files = sql_files.load()
    async with _alone(owner_url) as connection:
        await sql_files.apply(connection, files, version=__version__, only_early=True)
        try:
            # Alembic's environment runs its own event loop.
            await asyncio.to_thread(command.upgrade, alembic_config(owner_url), revision)
        except (CommandError, SQLAlchemyError) as error:
            raise MigrationError(str(error)) from error
        if await current_of(connection) != head():
            return Changes()
        return await sql_files.apply(connection, files, version=__version__)


async def downgrade(owner_url: str, revision: str) -> None:
    """Bring the schema back to a revision, without functions, views and triggers: they are those of the newest.

    Nothing of the schema is left at `base`.
    """
    from alembic import command

    async with _alone(owner_url) as connection:
        files = sql_files.load()
        early = [file.name for file in files if file.is_early]
        await sql_files.drop(connection, set(await sql_files.noted(connection)) - set(early))
        await asyncio.to_thread(command.downgrade, alembic_config(owner_url), revision)
        if await current_of(connection) is None:
            await sql_files.drop(connection, early)
            await connection.execute(f"drop table {sql_files.TABLE}")


@asynccontextmanager
async def _alone(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that nobody else changes the schema beside. Raises UnknownSchemaError."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(f"select pg_advisory_lock({_LOCK})")
        found = await current_of(connection)
        if found is not None and found not in _revisions()[0]:
            raise UnknownSchemaError(found)
        yield connection
    finally:
        # The lock ends with the connection.
        await connection.close()
