"""Events: written in the transaction that makes them true, then relayed at least once.

`emit` is the only writer. Each event has a row in `event_outbox` until it is relayed; the event itself, with its
text, is written once. The relay, a loop of the worker, takes rows out and, in the same transaction, writes what
follows from them: a delivery for each endpoint that wants it (a fan-out that `baas.webhooks` registers) and a job
for each handler of a higher service. A worker that dies in between has done nothing, and the next one begins again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from baas import API_VERSION
from baas.core.db import BY_KEY, Database, StoreWork, SystemConnection
from baas.core.db.tables import Base, StoreEntity, StoreOwned, column
from baas.core.observe import metrics
from baas.core.observe.logging import report_exception
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind

log = structlog.get_logger(__name__)

EVENTS_KEPT_DAYS: Final = 90
RELAY_BATCH: Final = 500
_encode: Final = msgspec.json.Encoder().encode


class Event(StoreEntity, Base):
    """A fact that happened in a store. `body` is the very text that every receiver gets."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_store_id_type_id", "store_id", "type", "id"),
        Index("ix_events_store_id_subject_sequence", "store_id", "subject", "sequence"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    type: Mapped[str] = column(keep="90d")
    subject: Mapped[str] = column(keep="90d")
    sequence: Mapped[int] = column(keep="90d")
    # D-004: an event is its body, frozen when it happens; no other column holds its data.
    body: Mapped[str] = column(pii=True, keep="90d")
    request_id: Mapped[str] = column(keep="90d")
    api_version: Mapped[str] = column(keep="90d")
    created_at: Mapped[datetime] = column(keep="90d")


class WaitingEvent(StoreOwned, Base):
    """An event that is not relayed yet, with all that the relay asks about it; gone when it is."""

    # D-063: a table of its own, so that an event is written once and never changed.
    __tablename__ = "event_outbox"
    __table_args__ = (
        Index("ix_event_outbox_id", "id"),
        {
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": 0,
                "autovacuum_vacuum_threshold": 1000,
                "autovacuum_vacuum_cost_delay": 0,
                "vacuum_truncate": "off",
            },
            # None outlives its event.
            "info": {"done": "true"},
        },
    )

    subject: Mapped[str] = column(primary_key=True, keep="90d")
    sequence: Mapped[int] = column(primary_key=True, keep="90d")
    id: Mapped[UUID] = column(keep="90d")
    type: Mapped[str] = column(keep="90d")
    created_at: Mapped[datetime] = column(keep="90d")


# D-053: kept for ever, for a sequence never goes back.
class EventSubject(StoreOwned, Base):
    """How many events a subject has had: the source of `sequence`, and a lock that keeps it rising."""

    __tablename__ = "event_subjects"

    subject: Mapped[str] = column(primary_key=True)
    last_sequence: Mapped[int] = column()


class EventJob(StoreEntity, Base):
    """One event that one handler of this backend still has to hear; gone when it has."""

    __tablename__ = "event_jobs"
    __table_args__ = (Index("ix_event_jobs_due", "next_attempt_at"),)

    event_id: Mapped[UUID] = column()
    handler: Mapped[str] = column()
    attempts: Mapped[int] = column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = column()
    error: Mapped[str | None] = column()


class EventRow(msgspec.Struct, frozen=True):
    """What the relay knows of an event when it fans it out."""

    store_id: UUID
    id: UUID
    type: str
    subject: str
    sequence: int
    created_at: datetime


class ReceivedEvent(msgspec.Struct, frozen=True):
    """An event as a handler of this backend hears it."""

    id: str
    type: str
    subject: str
    data: dict[str, Any]


FanOut = Callable[[SystemConnection, Sequence[EventRow]], Awaitable[None]]
Handler = Callable[[StoreWork, ReceivedEvent], Awaitable[None]]


class Together(msgspec.Struct, frozen=True):
    """A handler that hears at once all events of a store that are due for it, oldest first.

    Where it raises, each of them is heard alone, so that one bad event holds up no other.
    """

    hear: Callable[[StoreWork, Sequence[ReceivedEvent]], Awaitable[None]]


Handlers = Mapping[str, Mapping[str, Handler | Together]]
"""event type -> handler name -> handler; names are stored, so they are never renamed lightly."""


class _NewEvent(msgspec.Struct, frozen=True):
    """An event on its way into the log: everything but its sequence, which its row lock gives it at the end."""

    id: UUID
    type: str
    subject: str
    head: str
    """Of its body, up to the sequence."""
    tail: str
    created_at: datetime


_WRITE: Final = "events_write($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def emit(work: StoreWork, type_: str, *, subject: str, data: Any, event_id: UUID | None = None) -> str:
    """Write an event in the caller's transaction and answer its public id.

    `data` is what the admin API answers for the subject, frozen here: a retry days later says what was
    true now. `subject` is the public id of what the event is about; its events carry a rising sequence.
    The rows are written at the end of the transaction, all at once (`flush` for who reads one back before).
    """
    scope = work.scope
    identity = event_id or ids.new_id()
    public_id = ids.encode(Kind.EVENT, identity)
    moment = clock.now(scope)
    head = _encode(
        {
            "id": public_id,
            "type": type_,
            "api_version": API_VERSION,
            "timestamp": clock.rfc3339(moment),
            "store_id": ids.encode(Kind.STORE, scope.store_id),
            "subject": subject,
        }
    )
    event = _NewEvent(
        id=identity,
        type=type_,
        subject=subject,
        head=head[:-1].decode() + ',"sequence":',
        tail=',"data":' + _encode(data).decode() + "}",
        created_at=moment,
    )
    work.effects.gather(_write, event)
    work.after_commit(work.signals.events_written, once="outbox.relay")
    return public_id


# D-049: all at once and by subject, so that the row which numbers a subject is locked last and in one order.
async def flush(work: StoreWork) -> None:
    """Write the events of this transaction now, and not at its end."""
    await work.effects.write(work)
    await work.send()


async def _write(work: StoreWork, events: list[_NewEvent]) -> None:
    """Number and write them; those of one subject in the order they were emitted."""
    # Subjects are locked in one order, so that two transactions never wait for each other in a circle.
    events.sort(key=lambda event: event.subject)
    await work.later(
        _WRITE,
        work.scope.store_id,
        work.scope.request_id,
        API_VERSION,
        [event.id for event in events],
        [event.type for event in events],
        [event.subject for event in events],
        [event.head for event in events],
        [event.tail for event in events],
        [event.created_at for event in events],
    )


# By where the rows lie: nobody moves one that is locked, and the key would be looked up again.
_CLAIM: Final = """
delete from event_outbox
where ctid = any (array(select ctid from event_outbox order by id limit $1 for update skip locked))
returning store_id, id, type, subject, sequence, created_at
"""

_ADD_JOBS: Final = """
insert into event_jobs (store_id, id, event_id, handler, next_attempt_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
"""


async def relay(database: Database, handlers: Handlers, fan_outs: Sequence[FanOut]) -> int:
    """Relay one batch and answer how many events it held; 0 when all are relayed."""
    async with database.relay(reason="relay: turn new events into deliveries and jobs", **BY_KEY) as system:
        rows = await system.fetch(_CLAIM, RELAY_BATCH)
        if not rows:
            return 0
        events = sorted((EventRow(*row) for row in rows), key=lambda row: row.id)
        now = clock.now()
        jobs = [
            (row.store_id, ids.new_id(), row.id, name, now)
            for row in events
            for name in handlers.get(row.type, ())
        ]
        if jobs:
            await system.execute(_ADD_JOBS, *map(list, zip(*jobs, strict=True)))
        for fan_out in fan_outs:
            await fan_out(system, events)
        return len(events)


JOB_BATCH: Final = 200
JOB_LEASE: Final = timedelta(seconds=60)
JOBS_TOGETHER: Final = 50
"""Jobs of one store in one transaction: what it locks waits for all of them."""
STORES_AT_ONCE: Final = 4
_CLAIM_JOBS: Final = """
with due as (
  select store_id, id from event_jobs where next_attempt_at <= now()
  order by next_attempt_at limit $1 for update skip locked
)
update event_jobs j set next_attempt_at = now() + $2::interval, attempts = attempts + 1 from due
where j.store_id = due.store_id and j.id = due.id
returning j.store_id, j.id, j.event_id, j.handler, j.attempts
"""

ScopeMaker = Callable[[UUID, str], Awaitable[StoreScope]]
"""Makes the scope of a system job from a store and the request id that caused it (`baas.tenants.door.keys`)."""


async def run_jobs(database: Database, handlers: Handlers, make_scope: ScopeMaker) -> int:
    """Let handlers hear due events and answer how many were due.

    The jobs of one store share a transaction, a few stores work at a time. A job's row is deleted in the transaction
    of its effect, so that happens exactly once. Where a handler raises, the transaction is undone and each job has
    one of its own; the one that raises again leaves its row, which comes due again after a growing wait (at most
    an hour).
    """
    by_name = {name: handler for group in handlers.values() for name, handler in group.items()}
    async with database.relay(reason="jobs: claim events that handlers have to hear", **BY_KEY) as system:
        jobs = await system.fetch(_CLAIM_JOBS, JOB_BATCH, JOB_LEASE)
    by_store: dict[UUID, list[Any]] = {}
    for job in sorted(jobs, key=lambda job: job["event_id"]):
        by_store.setdefault(job["store_id"], []).append(job)
    turns = asyncio.Semaphore(STORES_AT_ONCE)

    async def run(own: list[Any]) -> None:
        async with turns:
            for first in range(0, len(own), JOBS_TOGETHER):
                await _run_together(database, own[first : first + JOBS_TOGETHER], by_name, make_scope)

    ended = await asyncio.gather(*(run(own) for own in by_store.values()), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error
    return len(jobs)


_BACKLOG: Final = """
select (select count(*) from (select from event_outbox limit $1) waiting) as events,
  (select id from event_outbox order by id limit 1) as oldest,
  (select count(*) from (select from event_jobs where next_attempt_at <= now() limit $1) due) as jobs
"""
_COUNTED: Final = 10_000
"""A longer queue is shown as so many: counting it would cost more the longer it is."""


async def measure(database: Database) -> None:
    """Show in this process's metrics how much waits for the relay and for handlers, and for how long."""
    async with database.relay(reason="metrics: how much waits") as system:
        row = (await system.fetch(_BACKLOG, _COUNTED))[0]
    # By the id, which knows the real time also in a test store whose clock was moved.
    lag = 0.0 if row["oldest"] is None else time.time() - (row["oldest"].int >> 80) / 1000
    metrics.outbox_lag.set(max(0.0, lag))
    metrics.queue_depth.labels("events").set(row["events"])
    metrics.queue_depth.labels("jobs").set(row["jobs"])


async def _run_together(
    database: Database, jobs: list[Any], by_name: Mapping[str, Handler | Together], make_scope: ScopeMaker
) -> None:
    """Run jobs of one store in one transaction; if that fails, each in its own."""
    try:
        scope = await make_scope(jobs[0]["store_id"], f"job_{jobs[0]['id'].hex}")
        async with database.fast(scope) as work:
            heard = await _hear(work, jobs, by_name)
        for name, count in heard.items():
            metrics.worker_jobs.labels(name, "done").inc(count)
    except Exception as error:
        if len(jobs) == 1:
            await _note_failure(database, jobs[0], error)
            return
        log.info("event_jobs.apart", jobs=len(jobs), error=type(error).__name__)
        for job in jobs:
            await _run_together(database, [job], by_name, make_scope)


_TAKE_JOBS: Final = """
with taken as (
  delete from event_jobs where store_id = $1 and id = any ($2::uuid[]) returning event_id, handler
)
select t.event_id, t.handler, e.type, e.subject, e.body
from taken t left join lateral (
  select type, subject, body from events where store_id = $1 and id = t.event_id offset 0
) e on true
order by t.event_id
"""


async def _hear(work: StoreWork, jobs: list[Any], by_name: Mapping[str, Handler | Together]) -> Counter[str]:
    """Delete the rows of these jobs and let their handlers hear the events; answers how many by handler.

    A row that is gone was another worker's, and an event that is gone is past its time.
    """
    rows = await work.fetch(_TAKE_JOBS, work.scope.store_id, [job["id"] for job in jobs])
    events: dict[UUID, ReceivedEvent] = {}
    heard: dict[int | str, tuple[Handler | Together, dict[UUID, ReceivedEvent]]] = {}
    for row in rows:
        handler = by_name[row["handler"]]
        if row["body"] is None:
            continue
        event_id = row["event_id"]
        if event_id not in events:
            data = msgspec.json.decode(row["body"])["data"]
            events[event_id] = ReceivedEvent(
                ids.encode(Kind.EVENT, event_id), row["type"], row["subject"], data
            )
        # What hears events together may be listed for several types, by several names.
        name = id(handler) if isinstance(handler, Together) else row["handler"]
        heard.setdefault(name, (handler, {}))[1][event_id] = events[event_id]
    for handler, own in heard.values():
        if isinstance(handler, Together):
            await handler.hear(work, list(own.values()))
        else:
            for event in own.values():
                await handler(work, event)
    return Counter(row["handler"] for row in rows)


async def _note_failure(database: Database, job: Any, error: Exception) -> None:
    metrics.worker_jobs.labels(job["handler"], "failed").inc()
    wait = min(timedelta(seconds=2 ** min(job["attempts"], 12)), timedelta(hours=1))
    report_exception(error, "event_job.failed", handler=job["handler"], attempts=job["attempts"])
    async with database.relay(reason="jobs: note why a handler failed and when to try again") as system:
        await system.execute(
            "update event_jobs set next_attempt_at = now() + $3::interval, error = $4"
            " where store_id = $1 and id = $2",
            job["store_id"],
            job["id"],
            wait,
            f"{type(error).__name__}: {error}"[:500],
        )
