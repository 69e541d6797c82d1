"""A migrated database with all its roles, for tests and checks."""

import base64
import os
from contextlib import AbstractAsyncContextManager

import asyncpg

from baas.core.db import Database, DatabaseUrls
from baas.core.schema.migrations import OF_MIGRATIONS, upgrade
from baas.core.schema.roles import (
    ALL,
    APP,
    AUTH,
    OPERATOR,
    OWNER,
    RELAY,
    ensure_database,
    ensure_roles,
    url_for,
)
from baas.core.settings import Settings
from tests.servers import random_name

PASSWORD = "test-role-password"  # roles of a server that only these tests can reach


async def roles(admin_url: str) -> None:
    """Make the roles of the deployment on a test server."""
    await ensure_roles(admin_url, dict.fromkeys(ALL, PASSWORD))


async def empty_database(admin_url: str, name: str | None = None) -> str:
    """An empty database that belongs to the owner role; answers the owner's URL."""
    name = name or random_name()
    await ensure_database(admin_url, name)
    return url_for(admin_url, OWNER, PASSWORD, name)


async def migrated_database(admin_url: str, name: str | None = None) -> str:
    """A database with the whole schema; answers the owner's URL."""
    owner_url = await empty_database(admin_url, name)
    await upgrade(owner_url)
    return owner_url


def role_urls(owner_url: str) -> DatabaseUrls:
    """The URLs of the application's roles for the owner's database."""
    return DatabaseUrls(
        app=url_for(owner_url, APP, PASSWORD),
        relay=url_for(owner_url, RELAY, PASSWORD),
        auth=url_for(owner_url, AUTH, PASSWORD),
        operator=url_for(owner_url, OPERATOR, PASSWORD),
    )


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """How a process of its own, or a command, is told of a deployment: `baas …` with these settings."""
    urls = settings.database
    return {
        # PYTHONPATH is how `make coverage` reaches processes.
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        "PYTHONUNBUFFERED": "1",
        "BAAS_ENVIRONMENT": "development",
        "BAAS_DATABASE_URL": urls.app,
        "BAAS_DATABASE_RELAY_URL": urls.relay,
        "BAAS_DATABASE_AUTH_URL": urls.auth,
        "BAAS_DATABASE_OPERATOR_URL": urls.operator,
        "BAAS_REDIS_URL": settings.redis_url,
        "BAAS_SECRET": settings.secret,
        "BAAS_ENCRYPTION_KEYS": ",".join(base64.b64encode(key).decode() for key in settings.encryption_keys),
        **more,
    }


async def truncate(owner_url: str) -> None:
    """Empty every table, as the owner, in one statement."""
    connection = await asyncpg.connect(owner_url)
    try:
        rows = await connection.fetch(
            "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
            " and relnamespace = 'public'::regnamespace and relname <> all ($1)",
            list(OF_MIGRATIONS),
        )
        names = ", ".join(f'"{row["relname"]}"' for row in rows)
        await connection.execute(f"truncate {names} cascade")
    finally:
        await connection.close()


def bare_connection(database: Database) -> AbstractAsyncContextManager[asyncpg.Connection]:
    """A connection out of the pool of the app role, without a transaction: what was left on it is seen nowhere else."""
    return database._pools["app"].acquire()
