"""The leak checks find leaks: with the walls taken down on a database of its own, they turn red."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from baas.app import create_app
from baas.core.db import Database
from baas.core.settings import Settings
from baas.worker import Worker, create_worker
from tests import deployment
from tests.running_app import client_of, started
from tests.servers import Servers, drop_database, random_name, with_database
from tests.tenancy import leaks
from tests.tenancy.test_crawl import Two, two_worlds


class Scratch(msgspec.Struct):
    """An application on a database of its own."""

    app: Litestar
    http: httpx.AsyncClient
    worker: Worker
    database: Database
    owner_url: str
    two: Two


@pytest.fixture(scope="module")
async def scratch(servers: Servers, settings: Settings) -> AsyncIterator[Scratch]:
    """Two full stores, whose walls may be taken down."""
    await deployment.roles(servers.admin_url)
    name = random_name("baas_open")
    owner_url = await deployment.migrated_database(servers.admin_url, name)
    own = msgspec.structs.replace(settings, database=deployment.role_urls(owner_url))
    app, worker = create_app(own), create_worker(own)
    await worker.runtime.database.open()
    database = await Database(own.database, pool_size=4).open()
    async with started(app), client_of(app) as http:
        two = await two_worlds(http, worker, with_database(servers.admin_url, name))
        yield Scratch(app, http, worker, database, owner_url, two)
    await database.close()
    await worker.runtime.database.close()
    await drop_database(servers.admin_url, name)


async def switch(owner_url: str, state: str) -> None:
    """Row level security of every table, on or off."""
    connection = await asyncpg.connect(owner_url)
    try:
        tables = await connection.fetch(
            "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
            " and relnamespace = 'public'::regnamespace and relforcerowsecurity"
        )
        for row in tables:
            await connection.execute(f'alter table "{row["relname"]}" {state} row level security')
    finally:
        await connection.close()


async def test_without_policies_plain_sql_sees_the_other_store(scratch: Scratch) -> None:
    """The check that looks at every table would notice a table whose policy is gone."""
    scope = await scratch.two.b.shop.scope(scratch.worker)
    assert await leaks.raw(scratch.database, scope) == []
    await switch(scratch.owner_url, "disable")
    try:
        seen = await leaks.raw(scratch.database, scope)
    finally:
        await switch(scratch.owner_url, "enable")
    assert {"api_keys", "products", "orders", "payments", "events"} <= set(seen)
    assert await leaks.raw(scratch.database, scope) == []


async def test_without_both_walls_lists_and_routes_show_the_other_store(scratch: Scratch) -> None:
    """The crawl and the look through all lists would notice, too."""
    two = scratch.two
    await switch(scratch.owner_url, "disable")
    try:
        # Much breaks without any wall, and rendering each traceback takes a second.
        with leaks.no_orm_criteria(), capture_logs():
            shown = await leaks.lists(scratch.app, scratch.http, two.a, two.b, two.rows_of_a)
            touched = await leaks.crawl(scratch.app, scratch.http, two.a, two.b, two.rows_of_a)
    finally:
        await switch(scratch.owner_url, "enable")
    assert any("/admin/api-keys" in line for line in shown), shown
    # Reads answer what is not theirs; writes through the ORM still end at the check of every flush.
    assert any(line.startswith("GET") and ": 200 " in line for line in touched), touched
    assert any(line.startswith("DELETE /api/v1/admin/api-keys/{key_id}: 500") for line in touched), touched
