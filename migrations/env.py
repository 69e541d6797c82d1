"""Alembic's environment: migrations run as the owner role, online, one transaction for each revision.

A table that belongs to a store and leaves its migration without forced row level security is refused.
"""

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from baas.core.schema.migrations import OF_MIGRATIONS, OPEN_TABLES, MigrationError
from migrations.metadata import metadata


def include_object(item: Any, name: str | None, kind: str, reflected: bool, _compare_to: Any) -> bool:
    """Partitions are made and dropped by the worker, the tables of migrations by these; the metadata knows neither."""
    return not (
        kind == "table" and reflected and name is not None and (name in OF_MIGRATIONS or _is_partition(name))
    )


def _is_partition(name: str) -> bool:
    parent, _, suffix = name.rpartition("_")
    return parent in metadata.tables and (suffix == "default" or (suffix.isdigit() and len(suffix) == 6))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=include_object,
        compare_type=True,
        # Comments on tables stand in the revisions, for whoever reads the database.
        autogenerate_plugins=["alembic.autogenerate.*", "~alembic.autogenerate.comments"],
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        connection.execute(text("set lock_timeout = '5s'"))
        context.run_migrations()
    refuse_open_tables(connection)
    connection.commit()


def refuse_open_tables(connection: Connection) -> None:
    """Raise MigrationError when a table of this schema lets one store see another's rows."""
    open_tables = connection.execute(text(OPEN_TABLES)).scalars().all()
    if open_tables:
        raise MigrationError(
            f"Tables without a forced store policy: {', '.join(open_tables)}; see migrations/policies.py."
        )


async def main() -> None:
    url = context.config.attributes.get("url") or os.environ.get("BAAS_DATABASE_OWNER_URL")
    if not url:
        raise RuntimeError("Set BAAS_DATABASE_OWNER_URL: migrations run as the owner of the schema.")
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
