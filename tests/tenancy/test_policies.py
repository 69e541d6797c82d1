"""The database itself refuses: forced policies on every table, and roles that may do little and own nothing."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from baas.core.schema.migrations import OF_MIGRATIONS
from baas.core.schema.roles import APP, AUTH, OPERATOR, OWNER, RELAY
from migrations.policies import CURRENT_STORE
from tests.tenancy.grants import FUNCTIONS, GRANTS
from tests.tenancy.test_metadata import OF_NO_STORE

CLOSED_TO_THE_APP = {"product_search"}
"""Tables that the application's role may not touch: a function reads them for the current store."""


@pytest.fixture
async def catalog(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to read PostgreSQL's own tables with."""
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def test_every_table_of_a_store_is_walled_even_against_its_owner(catalog: asyncpg.Connection) -> None:
    """Row level security is enabled and forced."""
    rows = await catalog.fetch(
        "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
        " and relnamespace = 'public'::regnamespace and not (relrowsecurity and relforcerowsecurity)"
    )
    excused = {*OF_NO_STORE, *OF_MIGRATIONS, *CLOSED_TO_THE_APP} - {"stores"}
    assert {row["relname"] for row in rows} == excused


async def test_the_application_sees_and_writes_rows_of_its_store_alone(catalog: asyncpg.Connection) -> None:
    """Exactly one policy for the application on each table: the same wall for reading and for writing."""
    rows = await catalog.fetch(
        "select c.relname, p.polcmd::text as command, p.polpermissive as permissive,"
        " pg_get_expr(p.polqual, p.polrelid) as reads, pg_get_expr(p.polwithcheck, p.polrelid) as writes"
        " from pg_policy p join pg_class c on c.oid = p.polrelid"
        " where $1::regrole = any (p.polroles) or 0 = any (p.polroles)",
        APP,
    )
    wall = await catalog.fetchval(
        f"select pg_get_expr(p.polqual, p.polrelid) from pg_policy p where polrelid = 'stores'::regclass"
        f" and '{APP}'::regrole = any (polroles)"
    )
    assert "current_setting('app.store_id'::text, true)" in wall
    assert "NULLIF" in wall
    walled: dict[str, str] = {}
    for row in rows:
        assert row["relname"] not in walled, f"{row['relname']} has two policies for the application"
        walled[row["relname"]] = row["reads"]
        assert row["command"] == "*"
        assert row["reads"] == row["writes"]
        key = "id" if row["relname"] == "stores" else "store_id"
        assert row["reads"] == wall.replace("(id =", f"({key} ="), CURRENT_STORE
    tables = await catalog.fetch(
        "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
        " and relnamespace = 'public'::regnamespace"
    )
    expected = {row["relname"] for row in tables} - {*OF_NO_STORE, *OF_MIGRATIONS, *CLOSED_TO_THE_APP}
    assert set(walled) == expected | {"stores"}


async def test_what_has_no_policy_is_closed_to_every_role(catalog: asyncpg.Connection) -> None:
    """A function reads it for the current store; nobody else has a grant on it."""
    for table in CLOSED_TO_THE_APP:
        assert [role for role, tables in (await granted(catalog)).items() if table in tables] == []


async def test_no_policy_is_for_everyone(catalog: asyncpg.Connection) -> None:
    """A policy without a role would hold for every role there will ever be."""
    rows = await catalog.fetch("select polname from pg_policy where 0 = any (polroles)")
    assert [row["polname"] for row in rows] == []


@pytest.mark.parametrize("role", [OWNER, APP, RELAY, AUTH, OPERATOR])
async def test_a_role_is_no_superuser_and_bypasses_nothing(catalog: asyncpg.Connection, role: str) -> None:
    """Nor may it make roles or databases, or step into another role."""
    row = await catalog.fetchrow("select * from pg_roles where rolname = $1", role)
    assert row is not None
    powers = ["rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication"]
    if (
        role != OWNER
    ):  # it is a member of nothing but its own database's owners, whose rights it needs before PG 16
        powers.append("rolinherit")
    assert [power for power in powers if row[power]] == []
    memberships = await catalog.fetch(
        "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid where m.member = $1::regrole",
        role,
    )
    assert [member["rolname"] for member in memberships] == []


async def test_only_the_owner_owns(catalog: asyncpg.Connection) -> None:
    """An owner could switch the wall off."""
    rows = await catalog.fetch(
        "select distinct relowner::regrole::text as owner from pg_class where relnamespace = 'public'::regnamespace"
        " union select distinct proowner::regrole::text from pg_proc where pronamespace = 'public'::regnamespace"
    )
    assert {row["owner"] for row in rows} == {OWNER}


async def granted(catalog: asyncpg.Connection) -> dict[str, dict[str, str]]:
    """role -> table -> privileges, as PostgreSQL has them; columns in brackets."""
    whole = await catalog.fetch(
        "select g.grantee::regrole::text as role, c.relname, lower(g.privilege_type) as privilege, null as columns"
        " from pg_class c, aclexplode(c.relacl) g"
        " where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relnamespace = 'public'::regnamespace and g.grantee <> c.relowner"
    )
    parts = await catalog.fetch(
        "select g.grantee::regrole::text as role, c.relname, lower(g.privilege_type) as privilege,"
        " string_agg(a.attname, ', ' order by a.attname) as columns"
        " from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) g"
        " where c.relnamespace = 'public'::regnamespace and g.grantee <> c.relowner"
        " group by 1, 2, 3"
    )
    found: dict[str, dict[str, list[str]]] = {}
    for row in sorted([*whole, *parts], key=lambda row: row["privilege"]):
        columns = f" ({row['columns']})" if row["columns"] else ""
        role = "public" if row["role"] == "-" else row["role"]
        found.setdefault(role, {}).setdefault(row["relname"], []).append(row["privilege"] + columns)
    return {
        role: {table: ", ".join(lines) for table, lines in sorted(tables.items())}
        for role, tables in found.items()
    }


async def test_every_grant_is_one_that_somebody_decided(catalog: asyncpg.Connection) -> None:
    """The whole table of grants is written down; partitions have none, so nobody reaches around their parent."""
    found = await granted(catalog)
    for role in sorted({*found, *GRANTS}):
        assert found.get(role, {}) == GRANTS.get(role, {}), (
            f"{role}: make generate writes tests/tenancy/grants.py; read the difference"
        )


async def functions(catalog: asyncpg.Connection) -> dict[str, tuple[str, tuple[str, ...]]]:
    """function -> with whose rights it runs, and who may call it."""
    rows = await catalog.fetch(
        "select p.oid::regprocedure::text as name, p.prosecdef as definer, p.proacl is null as everyone,"
        " array(select case when g.grantee = 0 then 'public' else g.grantee::regrole::text end"
        "       from aclexplode(p.proacl) g where g.grantee <> p.proowner order by 1) as callers"
        " from pg_proc p where p.pronamespace = 'public'::regnamespace order by 1"
    )
    return {
        row["name"]: (
            "definer" if row["definer"] else "invoker",
            ("public",) if row["everyone"] else tuple(row["callers"]),
        )
        for row in rows
    }


async def test_every_function_is_one_that_somebody_decided(catalog: asyncpg.Connection) -> None:
    """Who may call each, and with whose rights it runs, is written down."""
    assert await functions(catalog) == FUNCTIONS


async def test_no_function_is_for_everyone(catalog: asyncpg.Connection) -> None:
    """Whatever the list says: PostgreSQL lets everybody call a new function until somebody takes that back."""
    everyone = [name for name, (_, callers) in (await functions(catalog)).items() if "public" in callers]
    assert everyone == []


OVER_ALL_STORES = {
    "maintain_partitions": "makes and drops partitions, reads no row, and only the worker may call it",
}
"""Functions with their owner's rights that do not ask for the store, and why."""


async def test_a_function_with_its_owners_rights_looks_at_the_store(catalog: asyncpg.Connection) -> None:
    """It walks past the policies, so it has to ask for the current store itself, on a fixed search path."""
    rows = await catalog.fetch(
        "select proname as name, coalesce(proconfig, '{}') as config, prosrc,"
        f" has_function_privilege('{APP}', oid, 'execute') as is_for_app"
        " from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
    )
    assert rows
    for row in rows:
        assert any(line.startswith("search_path=") for line in row["config"]), (
            f"{row['name']}: set search_path"
        )
        if row["name"] in OVER_ALL_STORES:
            assert not row["is_for_app"]
        else:
            assert "current_setting('app.store_id'" in row["prosrc"], (
                f"{row['name']} does not look at the store"
            )


async def test_views_do_not_walk_around_the_policies(catalog: asyncpg.Connection) -> None:
    """A view reads as its owner unless it says otherwise; there is none today."""
    rows = await catalog.fetch(
        "select relname from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace"
        " and not coalesce(reloptions, '{}') @> '{security_invoker=true}'"
    )
    assert [row["relname"] for row in rows] == []
