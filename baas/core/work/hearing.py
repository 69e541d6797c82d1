"""Lets handlers of this backend hear the events that are due for them (`event_jobs`), those of a store together (D-094)."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog

from baas.core.db import BY_KEY, Database, StoreWork
from baas.core.observe import metrics
from baas.core.observe.logging import report_exception
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work import event_jobs
from baas.core.work.claims import Claimant
from baas.core.work.event_jobs import ClaimedJob, LostWithItsWorker
from baas.core.work.outbox import Handler, Handlers, ReceivedEvent, ScopeMaker, Together, received

log = structlog.get_logger(__name__)

BATCH: Final = 200
TOGETHER: Final = 50
"""Jobs of one store in one transaction: what it locks waits for all of them."""
STORES_AT_ONCE: Final = 4

_ByName = Mapping[str, Handler | Together]


class UnknownHandler(Exception):
    """A job names a handler that this code does not have: it was renamed, or belongs to another release."""


async def run_jobs(database: Database, handlers: Handlers, make_scope: ScopeMaker, claimant: Claimant) -> int:
    """Let handlers hear due events and answer how many were due.

    The jobs of one store that are tried for the first time share a transaction; a few stores work at a time. A job's row
    is deleted in the transaction of its effect, so that happens exactly once. Where a handler raises, the transaction
    is undone and each job has one of its own; the one that raises again leaves its row, which comes due again after a
    growing wait or is dead in the end. What was not done when this is cancelled is given back.
    """
    by_name = {name: handler for group in handlers.values() for name, handler in group.items()}
    async with database.relay(
        reason="jobs: claim events that handlers have to hear", **BY_KEY, synchronous_commit="off"
    ) as system:
        jobs = await event_jobs.claim(system, claimant, BATCH)
    by_store: dict[UUID, list[ClaimedJob]] = {}
    for job in sorted(jobs, key=lambda job: job.event_id):
        by_store.setdefault(job.store_id, []).append(job)
    left = set(jobs)
    turns = asyncio.Semaphore(STORES_AT_ONCE)

    async def run(own: list[ClaimedJob]) -> None:
        async with turns:
            for batch in _batches(own):
                await _run(database, batch, by_name, make_scope)
                left.difference_update(batch)

    try:
        ended = await asyncio.gather(*(run(own) for own in by_store.values()), return_exceptions=True)
    finally:
        if left:
            async with database.relay(reason="jobs: give back what was not done", **BY_KEY) as system:
                await event_jobs.give_back(system, list(left))
    for error in ended:
        if error is not None:
            raise error
    return len(jobs)


def _batches(jobs: Sequence[ClaimedJob]) -> list[list[ClaimedJob]]:
    """Which jobs of a store run together. What failed, or was lost with its worker, runs alone: it may do that again."""
    fresh = [job for job in jobs if job.attempts == 1]
    batches = [fresh[first : first + TOGETHER] for first in range(0, len(fresh), TOGETHER)]
    return [*batches, *([job] for job in jobs if job.attempts != 1)]


async def _run(
    database: Database, jobs: Sequence[ClaimedJob], by_name: _ByName, make_scope: ScopeMaker
) -> None:
    """Run jobs of one store in one transaction; if that fails, each in its own."""
    try:
        for job in jobs:
            if job.handler not in by_name:
                raise UnknownHandler(f"No handler is called {job.handler} any more.")
            if job.is_spent:
                raise LostWithItsWorker("The worker ended while it was at it, each of the last times.")
        scope = await make_scope(jobs[0].store_id, f"job_{jobs[0].id.hex}")
        async with database.fast(scope, settings=BY_KEY) as work:
            heard = await _hear(work, jobs, by_name)
        for name, count in heard.items():
            metrics.worker_jobs.labels(name, "done").inc(count)
    except Exception as error:
        if len(jobs) == 1:
            await _failed(database, jobs[0], error)
            return
        log.info("event_jobs.apart", jobs=len(jobs), error=type(error).__name__)
        for job in jobs:
            await _run(database, [job], by_name, make_scope)


async def _hear(work: StoreWork, jobs: Sequence[ClaimedJob], by_name: _ByName) -> Counter[str]:
    """Delete these jobs and let their handlers hear the events, oldest first. Returns how many, by handler."""
    count: Counter[str] = Counter()
    heard: dict[int | str, tuple[Handler | Together, dict[str, ReceivedEvent]]] = {}
    for name, body in await event_jobs.take(work, jobs):
        count[name] += 1
        handler = by_name[name]
        event = received(body)
        # What hears events together may be listed for several types, by several names.
        key = id(handler) if isinstance(handler, Together) else name
        heard.setdefault(key, (handler, {}))[1][event.id] = event
    for handler, events in heard.values():
        if isinstance(handler, Together):
            await handler.hear(work, list(events.values()))
        else:
            for event in events.values():
                await handler(work, event)
    return count


async def _failed(database: Database, job: ClaimedJob, error: Exception) -> None:
    metrics.worker_jobs.labels(job.handler, "failed").inc()
    report_exception(error, "event_job.failed", handler=job.handler, attempts=job.attempts)
    async with database.relay(reason="jobs: note why a handler failed and when to try again") as system:
        is_dead = await event_jobs.failed(system, job, error)
    if is_dead:
        metrics.worker_jobs.labels(job.handler, "dead").inc()
        log.error("event_job.dead", handler=job.handler, event_id=ids.encode(Kind.EVENT, job.event_id))
