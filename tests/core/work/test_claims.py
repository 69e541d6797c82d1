"""Claims of events' jobs: taken over from the dead, never done twice, and due by the database's clock."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values import clock
from baas.core.work import event_jobs, hearing, outbox
from baas.core.work.claims import Claimant
from baas.core.work.event_jobs import ClaimedJob
from baas.core.work.event_types import CustomType
from baas.core.work.outbox import ReceivedEvent, emit
from baas.worker import Worker
from tests.clients import Shop, drain


async def _hear(work: Any, event: ReceivedEvent) -> None:
    del work, event


HANDLERS = {"custom.heard": {"test.listen": _hear}}


@pytest.fixture
async def scope(shop: Shop, worker: Worker) -> AsyncIterator[StoreScope]:
    """A store, and nothing left over from other tests."""
    await drain(worker)
    yield await shop.scope(worker)
    async with worker.runtime.database.relay(reason="a test leaves no job behind") as system:
        await system.execute(
            "update event_jobs set claimed_until = null, next_attempt_at = now() where dead_at is null"
        )
    await hearing.run_jobs(
        worker.runtime.database, HANDLERS, worker.table.scope_for_job, worker.runtime.claimant
    )


async def relayed(database: Database, scope: StoreScope, number: int = 1) -> None:
    async with database.fast(scope) as work:
        for _ in range(number):
            await emit(work, CustomType("custom.heard"), subject="thing", data={})
    await outbox.relay(database, HANDLERS, [])


async def claim(database: Database, claimant: Claimant) -> list[ClaimedJob]:
    async with database.relay(reason="a test claims") as system:
        return await event_jobs.claim(system, claimant, 50)


async def take(database: Database, scope: StoreScope, job: ClaimedJob) -> bool:
    async with database.fast(scope) as work:
        return bool(await event_jobs.take(work, [job]))


async def later(database: Database, by: str) -> None:
    """Let all claims be as if they had been made so much earlier."""
    async with database.relay(reason="a test lets time pass") as system:
        await system.execute(
            "update event_jobs set claimed_until = claimed_until - $1::text::interval,"
            " next_attempt_at = next_attempt_at - $1::text::interval",
            by,
        )


async def test_what_a_dead_process_claimed_is_taken_over_and_nothing_is_done_twice(
    database: Database, scope: StoreScope
) -> None:
    """The first was only frozen: it comes back, and finds that its claim is not its own."""
    await relayed(database, scope)
    frozen, other = Claimant(), Claimant()
    (job,) = await claim(database, frozen)
    await later(database, "3 seconds")
    assert await claim(database, other) == [], "it may live"
    other.ended = [frozen.id]
    (again,) = await claim(database, other)
    assert (again.id, again.attempts) == (job.id, 2)
    assert await claim(database, other) == [], "that is one's own"

    assert not await take(database, scope, job)
    async with database.relay(reason="a test fails late") as system:
        await event_jobs.failed(system, job, RuntimeError("late"))
        await event_jobs.give_back(system, [job])
    assert await take(database, scope, again)
    async with database.fast(scope) as work:
        assert await work.fetchval("select count(*) from event_jobs") == 0


async def test_a_job_whose_claims_are_lost_again_and_again_waits_longer_each_time(
    database: Database, scope: StoreScope
) -> None:
    """An event whose handler kills its worker is a try that failed, and must not kill one a second."""
    await relayed(database, scope)
    claimant = Claimant()
    claimant.ended = [claimant.id]
    assert len(await claim(database, claimant)) == 1
    waits = []
    for _ in range(6):
        seconds = 0
        while not await claim(database, claimant):
            seconds += 1
            await later(database, "1 second")
        waits.append(seconds)
    assert waits == [2, 4, 8, 16, 32, 64], "three are taken over within ten seconds"


async def test_what_was_not_done_is_given_back_when_a_worker_stops(
    database: Database, scope: StoreScope, worker: Worker
) -> None:
    """As if it had never been claimed; what shares a transaction with a handler that was broken off is undone."""
    await relayed(database, scope, 3)
    heard: list[str] = []
    second = asyncio.Event()

    async def hang(work: Any, event: ReceivedEvent) -> None:
        heard.append(event.id)
        if len(heard) == 2:
            second.set()
            await asyncio.sleep(60)

    handlers = {"custom.heard": {"test.listen": hang}}
    running = asyncio.create_task(
        hearing.run_jobs(database, handlers, worker.table.scope_for_job, Claimant())
    )
    await asyncio.wait_for(second.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with database.fast(scope) as work:
        rows = await work.fetch("select attempts, claimed_until from event_jobs")
    assert [tuple(row) for row in rows] == [(0, None)] * 3


async def test_a_clock_that_is_ahead_delays_nothing(
    database: Database, shop: Shop, scope: StoreScope, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due now is due by the database's clock, whatever the API and the worker believe."""
    real = clock.now

    def ahead(of: StoreScope | None = None) -> datetime:
        return real(of) + timedelta(hours=2)

    endpoint = {"url": "http://127.0.0.1:9/nowhere", "event_types": ["order.*"]}
    await shop.admin("POST", "/admin/webhook-endpoints", json=endpoint, expect=201)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", ahead)
        order = {"id": "A-1", "number": "A-1", "email": "buyer@example.com"}
        body = {"type": "order.created", "data": order}
        await shop.admin("POST", "/admin/events", json=body, expect=201)
        await drain(worker, "relay", "jobs", "notifications")
        assert await worker.loops["deliveries"].drain_once() == 1
    async with database.fast(scope) as work:
        assert await work.fetchval("select count(*) from event_jobs") == 0
        assert await work.fetchval("select status from notifications") == "sent"
        wait = await work.fetchval("select next_attempt_at - now() from webhook_deliveries")
        assert timedelta(0) < wait < timedelta(minutes=1), "nor does it delay the next attempt"
