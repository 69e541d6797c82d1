"""Running the migrations: as the owner of the schema, apart from the application, before it starts."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[3]
_REVISION: Final = re.compile(r'^(down_)?revision = "(\w+)"', re.MULTILINE)
OPEN_TABLES: Final = """
    select c.relname
    from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and c.relname not in ('workers', 'alembic_version', 'product_search')
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


def head() -> str:
    """The newest revision that this code knows."""
    newest: set[str] = set()
    before: set[str] = set()
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        for is_before, name in _REVISION.findall(path.read_text(encoding="utf-8")):
            (before if is_before else newest).add(name)
    heads = newest - before
    if len(heads) != 1:
        raise RuntimeError(f"There must be one newest migration, not {len(heads)}.")
    return heads.pop()


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
    """Bring the schema to the newest revision, as `upgrade` does, but without Alembic where it has nothing to do."""
    connection = await asyncpg.connect(owner_url)
    try:
        if await current_of(connection) == head() and not await connection.fetch(OPEN_TABLES):
            return
    finally:
        await connection.close()
    await upgrade(owner_url)


async def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision. Safe to repeat."""
    from alembic import command

    # Alembic's environment runs its own event loop.
    await asyncio.to_thread(command.upgrade, alembic_config(owner_url), revision)
