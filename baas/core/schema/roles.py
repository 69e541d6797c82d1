"""The database roles, and how they are made.

`baas_owner` owns the schema and is used by migrations alone. `baas_app` serves requests and jobs of one
store at a time. `baas_relay` claims due rows over all stores. `baas_auth` reads keys and stores.
`baas_operator` provisions stores. None is a superuser, none may bypass row level security, and only the
owner owns anything.
"""

from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

OWNER: Final = "baas_owner"
APP: Final = "baas_app"
RELAY: Final = "baas_relay"
AUTH: Final = "baas_auth"
# D-002: a role of its own, so that the role on the hot path cannot write a key or a plan.
OPERATOR: Final = "baas_operator"
ALL: Final = (OWNER, APP, RELAY, AUTH, OPERATOR)


def url_for(base_url: str, role: str, password: str, database: str | None = None) -> str:
    """The URL of the same server for another role (and, if given, another database)."""
    parts = urlsplit(base_url)
    host = parts.netloc.rpartition("@")[2]
    path = f"/{database}" if database is not None else parts.path
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit((parts.scheme, netloc, path, parts.query, ""))


async def ensure_roles(admin_url: str, passwords: dict[str, str]) -> None:
    """Create the roles that are missing and set the passwords of all.

    `admin_url` names a role that may create roles. Safe to repeat.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        async with connection.transaction():
            # Two of us at once (test workers) would otherwise meet in pg_authid.
            await connection.execute("select pg_advisory_xact_lock(7236001)")
            existing = {row["rolname"] for row in await connection.fetch("select rolname from pg_roles")}
            for role in ALL:
                verb = "alter" if role in existing else "create"
                password = passwords[role].replace("'", "''")
                # The owner of a database owns its schema through pg_database_owner, before PostgreSQL 16 only if
                # it inherits.
                inherit = "inherit" if role == OWNER else "noinherit"
                await connection.execute(
                    f"{verb} role {role} login nosuperuser nocreatedb nocreaterole {inherit} noreplication "
                    f"nobypassrls password '{password}'"
                )
    finally:
        await connection.close()


async def ensure_database(admin_url: str, name: str) -> None:
    """Create the database if it is missing, owned by the owner role and closed to everyone else."""
    connection = await asyncpg.connect(admin_url)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f"grant {OWNER} to current_user")
            await connection.execute(f'create database "{name}" owner {OWNER} template template0')
        async with connection.transaction():
            await connection.execute(f'revoke all on database "{name}" from public')
            await connection.execute(f'grant connect on database "{name}" to {", ".join(ALL[1:])}')
    finally:
        await connection.close()
