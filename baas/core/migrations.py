"""Running the migrations: as the owner of the schema, apart from the application, before it starts."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

ROOT = Path(__file__).resolve().parents[2]


def alembic_config(owner_url: str) -> Config:
    """Alembic's configuration for a database, given the URL of its owner role."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    # The revisions share migrations/policies.py, and the command may run from anywhere.
    config.set_main_option("prepend_sys_path", str(ROOT))
    config.attributes["url"] = owner_url
    return config


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    if revision is None:
        raise RuntimeError("There are no migrations.")
    return revision


async def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision. Safe to repeat."""
    # Alembic's environment runs its own event loop.
    await asyncio.to_thread(command.upgrade, alembic_config(owner_url), revision)
