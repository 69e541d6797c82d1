"""Events of a store are heard together: one transaction for a batch, and no bad event in it spoils the others."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from baas.core.db import Database, StoreWork
from baas.core.scope import StoreScope
from baas.core.work import hearing, outbox
from baas.core.work.event_types import CustomType
from baas.core.work.outbox import Handler, Handlers, ReceivedEvent, Together, emit
from baas.worker import Worker
from tests.clients import Shop, drain

HEARD = CustomType("custom.heard")


class Listener:
    """Handlers that count in the store what they hear, and remember who was heard with whom."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.bad: set[int] = set()

    async def together(self, work: StoreWork, events: Sequence[ReceivedEvent]) -> None:
        numbers = [event.data["n"] for event in events]
        self.batches.append(numbers)
        await self._count(work, len(numbers))
        if self.bad & set(numbers):
            raise RuntimeError("a bad event")

    async def alone(self, work: StoreWork, event: ReceivedEvent) -> None:
        await self.together(work, [event])

    async def _count(self, work: StoreWork, by: int) -> None:
        await work.execute(
            "insert into usage_counters values ($1, 'heard', '2026-01', $2) on conflict (store_id, metric, period)"
            " do update set used = usage_counters.used + $2",
            work.scope.store_id,
            by,
        )

    def handlers(self, handler: Handler | Together | None = None) -> Handlers:
        return {HEARD: {"test.listen": handler or Together(self.together)}}


@pytest.fixture
async def scope(shop: Shop, worker: Worker, database: Database) -> AsyncIterator[StoreScope]:
    """A store, and nothing left over from other tests, or for them."""
    await drain(worker)
    scope = await shop.scope(worker)
    yield scope
    async with database.fast(scope) as work:
        await work.execute("delete from event_jobs")


async def happen(database: Database, scope: StoreScope, handlers: Handlers, *numbers: int) -> None:
    """Events that wait to be heard, in one transaction each: they are heard in the order of these."""
    for number in numbers:
        async with database.fast(scope) as work:
            await emit(work, HEARD, subject=f"s_{number}", data={"n": number})
    await outbox.relay(database, handlers, [])


async def run(database: Database, worker: Worker, handlers: Handlers) -> int:
    return await hearing.run_jobs(database, handlers, worker.table.scope_for_job, worker.runtime.claimant)


async def counted(database: Database, scope: StoreScope) -> tuple[int, list[Any]]:
    """What handlers have counted, and the jobs that are left."""
    async with database.fast(scope) as work:
        used = await work.fetchval("select used from usage_counters where metric = 'heard'")
        left = await work.fetch("select attempts, error from event_jobs order by id")
        return used or 0, [tuple(row) for row in left]


async def make_due(database: Database) -> None:
    async with database.relay(reason="a test lets time pass") as system:
        await system.execute(
            "update event_jobs set next_attempt_at = now(), claimed_until = null where dead_at is null"
        )


async def test_events_of_a_store_are_heard_at_once_oldest_first(
    database: Database, scope: StoreScope, other_shop: Shop, worker: Worker
) -> None:
    """Those of another store in a transaction of that store."""
    listener = Listener()
    handlers = listener.handlers()
    other = await other_shop.scope(worker)
    await happen(database, other, handlers, 7)
    await happen(database, scope, handlers, *range(5))
    assert await run(database, worker, handlers) == 6
    assert sorted(listener.batches) == [[0, 1, 2, 3, 4], [7]]
    assert await counted(database, scope) == (5, [])
    assert await counted(database, other) == (1, [])


async def test_a_bad_event_neither_holds_up_nor_undoes_the_others(
    database: Database, scope: StoreScope, worker: Worker
) -> None:
    """All of them are undone first, then each is heard alone; the bad one waits for its next try."""
    listener = Listener()
    listener.bad = {2}
    handlers = listener.handlers()
    await happen(database, scope, handlers, *range(4))
    assert await run(database, worker, handlers) == 4
    assert listener.batches == [[0, 1, 2, 3], [0], [1], [2], [3]]
    assert await counted(database, scope) == (3, [(1, "a bad event")])


async def test_what_failed_once_is_heard_alone_from_then_on(
    database: Database, scope: StoreScope, worker: Worker
) -> None:
    """It would spoil a batch each time; and one that kills its worker would use up the tries of the others."""
    listener = Listener()
    listener.bad = {0}
    handlers = listener.handlers()
    await happen(database, scope, handlers, 0)
    await run(database, worker, handlers)
    await happen(database, scope, handlers, 1, 2)
    await make_due(database)
    listener.batches.clear()
    assert await run(database, worker, handlers) == 3
    assert listener.batches == [[1, 2], [0]]
    used, left = await counted(database, scope)
    assert (used, [attempts for attempts, _ in left]) == (2, [2])


async def test_a_handler_of_single_events_shares_the_transaction(
    database: Database, scope: StoreScope, worker: Worker
) -> None:
    """Also beside one that nobody knows any more, which stays and says so."""
    listener = Listener()
    handlers = listener.handlers(listener.alone)
    await happen(database, scope, {HEARD: {**handlers[HEARD], "test.gone": listener.alone}}, 0, 1)
    assert await run(database, worker, handlers) == 4
    used, left = await counted(database, scope)
    assert used == 2
    assert [error for _, error in left] == ["No handler is called test.gone any more."] * 2


async def test_more_than_a_batch_are_heard_in_several(
    database: Database, scope: StoreScope, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one transaction locks waits for all of it, so it has an end."""
    monkeypatch.setattr(hearing, "TOGETHER", 3)
    listener = Listener()
    handlers = listener.handlers()
    await happen(database, scope, handlers, *range(7))
    assert await run(database, worker, handlers) == 7
    assert listener.batches == [[0, 1, 2], [3, 4, 5], [6]]
    assert await counted(database, scope) == (7, [])
