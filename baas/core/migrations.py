"""Running the migrations: as the owner of the schema, apart from the application, before it starts."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]
_REVISION: Final = re.compile(r'^(down_)?revision = "(\w+)"', re.MULTILINE)


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
        found: str | None = await connection.fetchval("select version_num from alembic_version")
        return found
    finally:
        await connection.close()


async def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision. Safe to repeat."""
    from alembic import command

    # Alembic's environment runs its own event loop.
    await asyncio.to_thread(command.upgrade, alembic_config(owner_url), revision)
