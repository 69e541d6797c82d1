"""Events: written in the transaction that makes them true, then relayed at least once.

`emit` is the only writer. Each event has a row in `event_outbox` until it is relayed; the event itself, with its
text, is written once. The relay, a loop of the worker, takes rows out and, in the same transaction, writes what
follows from them: a delivery for each endpoint that wants it (a fan-out that `baas.webhooks` registers) and a job
for each handler of a higher service. A worker that dies in between has done nothing, and the next one begins again.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from baas import API_VERSION
from baas.core.db import BY_KEY, Database, StoreWork, SystemConnection
from baas.core.db.tables import Base, StoreEntity, StoreOwned, column
from baas.core.observe import metrics
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.event_types import CustomType, EventType

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


received: Final = msgspec.json.Decoder(ReceivedEvent).decode
"""Reads an event as a handler hears it from its frozen text, which holds more."""


FanOut = Callable[[SystemConnection, Sequence[EventRow]], Awaitable[None]]
Handler = Callable[[StoreWork, ReceivedEvent], Awaitable[None]]


class Together(msgspec.Struct, frozen=True):
    """A handler that hears at once all events of a store that are due for it, oldest first.

    Where it raises, each of them is heard alone, so that one bad event holds up no other.
    """

    hear: Callable[[StoreWork, Sequence[ReceivedEvent]], Awaitable[None]]


Subscriptions = Mapping[EventType, Mapping[str, Handler | Together]]
"""What a package hears: event type -> handler name -> handler; names are stored, so they are never renamed lightly."""
Handlers = Mapping[str, Mapping[str, Handler | Together]]
"""The subscriptions of all packages together."""


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


async def emit(
    work: StoreWork, type_: EventType | CustomType, *, subject: str, data: Any, event_id: UUID | None = None
) -> str:
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
select *, now() from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
"""


async def relay(database: Database, handlers: Handlers, fan_outs: Sequence[FanOut]) -> int:
    """Relay one batch and answer how many events it held; 0 when all are relayed."""
    async with database.relay(reason="relay: turn new events into deliveries and jobs", **BY_KEY) as system:
        rows = await system.fetch(_CLAIM, RELAY_BATCH)
        if not rows:
            return 0
        events = sorted((EventRow(*row) for row in rows), key=lambda row: row.id)
        jobs = [
            (row.store_id, ids.new_id(), row.id, name)
            for row in events
            for name in handlers.get(row.type, ())
        ]
        if jobs:
            await system.execute(_ADD_JOBS, *map(list, zip(*jobs, strict=True)))
        for fan_out in fan_outs:
            await fan_out(system, events)
        return len(events)


ScopeMaker = Callable[[UUID, str], Awaitable[StoreScope]]
"""Makes the scope of a system job from a store and the request id that caused it (`baas.tenants.door.keys`)."""


_BACKLOG: Final = """
select (select count(*) from (select from event_outbox limit $1) waiting) as events,
  (select id from event_outbox order by id limit 1) as oldest,
  (select count(*) from (select from event_jobs where next_attempt_at <= now() limit $1) due) as jobs,
  (select count(*) from (select from event_jobs where error is not null and dead_at is not null limit $1) dead) as dead
"""
_COUNTED: Final = 10_000
"""A longer queue is shown as so many: counting it would cost more the longer it is."""


async def measure(database: Database) -> None:
    """Show in this process's metrics how much waits for the relay and for handlers, how long, and how much is dead."""
    async with database.relay(reason="metrics: how much waits") as system:
        row = (await system.fetch(_BACKLOG, _COUNTED))[0]
    # By the id, which knows the real time also in a test store whose clock was moved.
    lag = 0.0 if row["oldest"] is None else time.time() - (row["oldest"].int >> 80) / 1000
    metrics.outbox_lag.set(max(0.0, lag))
    metrics.queue_depth.labels("events").set(row["events"])
    metrics.queue_depth.labels("jobs").set(row["jobs"])
    metrics.dead_jobs.set(row["dead"])
