"""Subjects that nothing happens to are forgotten, and a sequence never goes back all the same."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec
import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.work import subjects
from baas.core.work.event_types import CustomType
from baas.core.work.outbox import emit
from baas.worker import Worker
from tests.clients import Shop, drain

HEARD = CustomType("custom.heard")


@pytest.fixture
async def scope(shop: Shop, worker: Worker) -> StoreScope:
    return await shop.scope(worker)


async def tell(database: Database, scope: StoreScope, subject: str, times: int = 1) -> list[int]:
    """Events about a subject; answers their sequences."""
    async with database.fast(scope) as work:
        made = [await emit(work, HEARD, subject=subject, data={}) for _ in range(times)]
    async with database.fast(scope) as work:
        rows = await work.fetch(
            "select body from events where id = any($1::uuid[]) order by sequence",
            [ids.decode(ids.Kind.EVENT, one) for one in made],
        )
    return [msgspec.json.decode(row["body"])["sequence"] for row in rows]


class Log:
    """The owner's hand on what time does."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def _unwalled(self, table: str, sql: str, *arguments: object) -> None:
        async with self._connection.transaction():
            await self._connection.execute(f"alter table {table} no force row level security")
            await self._connection.execute(sql, *arguments)
            await self._connection.execute(f"alter table {table} force row level security")

    async def forgets(self, store_id: UUID) -> None:
        """All events of a store are past their time."""
        await self._unwalled("events", "delete from events where store_id = $1", store_id)

    async def settle(self) -> None:
        """All floors were raised a while ago."""
        await self._unwalled(
            "event_floors", "update event_floors set raised_at = raised_at - interval '1 hour'"
        )

    async def count(self, store_id: UUID, subject: str, sequence: int) -> None:
        """A subject had so many events."""
        await self._unwalled(
            "event_subjects", "insert into event_subjects values ($1, $2, $3)", store_id, subject, sequence
        )


@pytest.fixture
async def log(owner_url: str) -> AsyncIterator[Log]:
    connection = await asyncpg.connect(owner_url)
    yield Log(connection)
    await connection.close()


async def walk(database: Database, batch: int = subjects.BATCH) -> int:
    """Once over all subjects; answers in how many batches."""
    place, steps = await subjects.forget_idle(database, None, batch=batch), 1
    while place is not None:
        place, steps = await subjects.forget_idle(database, place, batch=batch), steps + 1
    return steps


async def counted(database: Database, scope: StoreScope) -> dict[str, int]:
    async with database.fast(scope) as work:
        rows = await work.fetch("select subject, last_sequence from event_subjects")
    return {row["subject"]: row["last_sequence"] for row in rows}


async def test_an_idle_subject_is_forgotten_and_goes_on_where_it_was(
    database: Database, scope: StoreScope, worker: Worker, log: Log, other_shop: Shop
) -> None:
    assert await tell(database, scope, "ord_old", 7) == [1, 2, 3, 4, 5, 6, 7]
    assert await tell(database, scope, "ord_less", 3) == [1, 2, 3]
    await drain(worker, "relay")
    await walk(database)
    await log.settle()
    await walk(database)
    assert await counted(database, scope) == {"ord_old": 7, "ord_less": 3}, "their events are in the log"

    await log.forgets(scope.store_id)
    assert await tell(database, scope, "ord_young", 2) == [1, 2]
    await walk(database)
    await walk(database)
    assert await counted(database, scope) == {"ord_old": 7, "ord_less": 3, "ord_young": 2}, (
        "somebody may have read the floor before this one"
    )
    await log.settle()
    await walk(database)
    assert await counted(database, scope) == {"ord_young": 2}
    assert await tell(database, scope, "ord_old") == [8]
    assert await tell(database, scope, "ord_less", 2) == [8, 9]
    assert await tell(database, scope, "ord_new", 2) == [8, 9]
    assert await tell(database, scope, "ord_young") == [3]
    assert await tell(database, await other_shop.scope(worker), "ord_old") == [1], "another store's floor"


async def test_a_floor_only_rises_and_never_far(database: Database, scope: StoreScope, log: Log) -> None:
    await log.count(scope.store_id, "busy", subjects.COUNTED + 1)
    await log.count(scope.store_id, "usual", 40)
    await walk(database)
    await log.settle()
    await walk(database)
    assert await counted(database, scope) == {"busy": subjects.COUNTED + 1}
    await log.count(scope.store_id, "less", 2)
    await walk(database)
    assert await counted(database, scope) == {"busy": subjects.COUNTED + 1}, "the floor stood already"
    assert await tell(database, scope, "less") == [41]
    assert await tell(database, scope, "busy") == [subjects.COUNTED + 2]


async def test_one_that_is_counted_at_this_moment_stays(
    database: Database, scope: StoreScope, log: Log
) -> None:
    """Nobody waits for anybody."""
    await log.count(scope.store_id, "waking", 5)
    await walk(database)
    await log.settle()
    async with database.fast(scope) as work:
        await work.execute("update event_subjects set last_sequence = 6 where subject = 'waking'")
        await walk(database)
    assert await counted(database, scope) == {"waking": 6}


async def test_subjects_of_a_store_that_is_gone_go_at_once(database: Database, log: Log) -> None:
    store_id = ids.new_id()
    await log.count(store_id, "ord_old", 5)
    await walk(database)
    async with database.relay(reason="a test looks at a store that is gone") as system:
        for table in ("event_subjects", "event_floors"):
            assert not await system.fetchval(f"select count(*) from {table} where store_id = $1", store_id)


async def test_a_walk_comes_by_every_subject_and_rests(
    database: Database, scope: StoreScope, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await log.count(scope.store_id, f"s_{number}", 1)
    await walk(database)
    await log.settle()
    assert await walk(database, batch=2) > 2
    assert await counted(database, scope) == {}
    looks = 0

    async def look(*_: object) -> None:
        nonlocal looks
        looks += 1

    monkeypatch.setattr(subjects, "forget_idle", look)
    walking = subjects.Walk(database)
    assert [await walking.step() for _ in range(3)] == [0, 0, 0]
    assert looks == 1
