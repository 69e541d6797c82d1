"""The migrations that gave what waits for the relay a table of its own lose nothing, while a shop sells."""

import asyncio
from uuid import UUID

import asyncpg
from alembic import command

from baas.core.db import migrations
from baas.core.values import clock, ids
from tests import deployment
from tests.running import eventually
from tests.servers import Servers, drop_database, random_name, with_database

STORES = [ids.new_id(), ids.new_id()]


async def write(connection: asyncpg.Connection, subject: str, store: int = 0) -> UUID:
    """An event as the application writes it."""
    identity = ids.new_id()
    await connection.execute(
        "select events_write($1, 'req', 'v', $2, $3, $4, $5, $6, $7)",
        *(STORES[store], [identity], ["custom.a"], [subject], ['{"sequence":'], ["}"], [clock.now()]),
    )
    return identity


async def relay_as_before(connection: asyncpg.Connection, *events: UUID) -> None:
    """What a worker of the former release does."""
    await connection.execute("update events set relayed_at = now() where id = any ($1)", events)


async def waiting(connection: asyncpg.Connection, source: str = "event_outbox") -> list[UUID]:
    """The events that are not relayed."""
    return [row["id"] for row in await connection.fetch(f"select id from {source} order by id")]


async def test_what_waits_moves_while_events_are_written(servers: Servers) -> None:
    """Also what a transaction writes that began before, and one that waits in the middle of its call."""
    await deployment.roles(servers.admin_url)
    name = random_name("baas_moves")
    owner_url = await deployment.empty_database(servers.admin_url, name)
    await migrations.upgrade(owner_url, "0015")
    shop, before, during = [await asyncpg.connect(with_database(servers.admin_url, name)) for _ in range(3)]
    try:
        relayed, left = await write(shop, "a"), await write(shop, "a")
        foreign = await write(shop, "a", store=1)
        await relay_as_before(shop, relayed)
        slow = before.transaction()
        await slow.start()
        under_way = await write(before, "b")

        await migrations.upgrade(owner_url, "0016")
        both, gone = await write(shop, "c"), await write(shop, "c")
        await relay_as_before(shop, gone)

        last = asyncio.create_task(migrations.upgrade(owner_url))

        async def waits(number: int) -> bool:
            found = await shop.fetchval(
                "select count(*) from pg_locks where not granted and database ="
                " (select oid from pg_database where datname = current_database())"
            )
            return bool(found >= number)

        await eventually(lambda: waits(1))
        late = asyncio.create_task(write(during, "d"))
        await eventually(lambda: waits(2))
        await slow.commit()
        await last
        expected = sorted([left, foreign, under_way, both, await late])
        assert await waiting(shop) == expected
        row = await shop.fetchrow("select * from event_outbox where id = $1", left)
        event = await shop.fetchrow(
            "select store_id, subject, sequence, id, type, created_at from events where id = $1", left
        )
        assert dict(row) == dict(event)

        await asyncio.to_thread(command.downgrade, migrations.alembic_config(owner_url), "0015")
        assert await waiting(shop, "events where relayed_at is null") == expected
    finally:
        for connection in (shop, before, during):
            await connection.close()
        await drop_database(servers.admin_url, name)
