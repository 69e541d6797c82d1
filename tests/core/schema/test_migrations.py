"""Bringing a schema up at a start: quick where there is nothing to do, and as careful as the migrations where there is."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from baas.core.schema import migrations
from tests import deployment
from tests.servers import Servers


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def test_only_a_schema_that_is_behind_is_migrated(
    owner_url: str, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the start is at: another revision, none, or other functions on the newest."""
    migrated: list[str] = []

    async def upgrade(url: str, revision: str = "head") -> None:
        del url
        migrated.append(revision)

    monkeypatch.setattr(migrations, "upgrade", upgrade)
    await migrations.bring_up(owner_url)
    assert migrated == []
    newest = migrations.head()
    digest = await owner.fetchval("select digest from sql_files where name = 'cart_put'")
    try:
        await owner.execute("update alembic_version set version_num = '0001_core'")
        await migrations.bring_up(owner_url)
        await owner.execute("update alembic_version set version_num = $1", newest)
        await owner.execute("update sql_files set digest = 'another' where name = 'cart_put'")
        await migrations.bring_up(owner_url)
        await owner.execute("update sql_files set digest = $1 where name = 'cart_put'", digest)
        await owner.execute("delete from alembic_version")
        await migrations.bring_up(owner_url)
    finally:
        await owner.execute("delete from alembic_version")
        await owner.execute("insert into alembic_version values ($1)", newest)
    assert migrated == ["head"] * 3
    assert await migrations.current(owner_url) == newest


@pytest.mark.parametrize(
    "unknown, whose", [("0022", "from before 0.1.0"), ("0999_of_tomorrow", "another version of baas")]
)
async def test_a_schema_of_another_version_is_left_as_it_is(
    owner_url: str, owner: Any, unknown: str, whose: str
) -> None:
    """And the one sentence says which it is, and whose."""
    newest = migrations.head()
    await owner.execute("update alembic_version set version_num = $1", unknown)
    try:
        for verb in (migrations.bring_up, migrations.upgrade):
            with pytest.raises(migrations.UnknownSchemaError, match=f"revision {unknown}, .*{whose}"):
                await verb(owner_url)
        assert await migrations.current(owner_url) == unknown
    finally:
        await owner.execute("update alembic_version set version_num = $1", newest)


async def test_a_database_without_a_schema_has_no_revision(owner_url: str) -> None:
    """Nor does asking for it fail."""
    connection = await asyncpg.connect(owner_url, server_settings={"search_path": "pg_catalog"})
    try:
        assert await migrations.current_of(connection) is None
    finally:
        await connection.close()


async def test_a_table_that_lets_stores_see_one_another_stops_the_start(owner_url: str, owner: Any) -> None:
    """Also on the newest revision: a migration that was refused for it has left both behind."""
    await owner.execute("create table left_open (store_id uuid)")
    try:
        with pytest.raises(RuntimeError, match="left_open"):
            await migrations.bring_up(owner_url)
    finally:
        await owner.execute("drop table left_open")
    await migrations.bring_up(owner_url)


@pytest.mark.parametrize(
    "table, key",
    [("orders", "id"), ("inventory_reservations", "order_id"), ("carts", "id"), ("payments", "id")],
)
async def test_what_a_checkout_looks_up_is_found_by_its_key_before_anybody_counted(
    servers: Servers, table: str, key: str
) -> None:
    """Of indexes that seem equally good the planner takes the newest; a young shop's foreign keys are checked with it."""
    owner_url = await deployment.migrated_database(servers.admin_url)
    connection = await asyncpg.connect(servers.admin_url, database=owner_url.rpartition("/")[2])
    try:
        await connection.execute("set plan_cache_mode = force_generic_plan")
        await connection.execute(
            f"prepare look (uuid, uuid) as select from only {table} where store_id = $1 and {key} = $2 for key share"
        )
        plan = "\n".join(row[0] for row in await connection.fetch("explain execute look (null, null)"))
    finally:
        await connection.close()
    assert f"Index Scan using pk_{table}" in plan


async def test_no_index_of_orders_seems_smaller_than_their_key(owner: Any) -> None:
    """One that begins with the store and is smaller is taken in its place as soon as there is a row: it reads the store."""
    smaller = await owner.fetch(
        """
        select i.indexrelid::regclass::text from pg_index i where i.indrelid = 'orders'::regclass
          and not i.indisprimary and i.indpred is null and i.indnatts <= 2
          and i.indkey[0] = (select attnum from pg_attribute where attrelid = i.indrelid and attname = 'store_id')
        """
    )
    assert smaller == []
