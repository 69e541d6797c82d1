"""Deliveries of one store, for the API and for endpoints that end. Driver statements on any store work."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.db.rows import columns, optional_row, row_of, rows_of
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.webhooks.events import EndpointEvent
from baas.webhooks.repository.queue import new_id_at
from baas.webhooks.rows import AttemptRow, DeliveryRow
from baas.webhooks.schemas.outbound import DeliveryStatus

REPLAY_BATCH: Final = 10_000
_COLUMNS: Final = columns(DeliveryRow)

_INSERT_FOR: Final = f"""
insert into webhook_deliveries
  (store_id, id, endpoint_id, event_id, event_type, subject, sequence, ordered, next_attempt_at, created_at)
select store_id, {new_id_at("created_at")}, $2, id, type, subject, sequence, $4, least(created_at, now() + $5::interval), created_at
from events where store_id = $1 and id = $3
returning {_COLUMNS}
"""


async def insert_for(work: StoreWork, endpoint_id: UUID, event_id: UUID, *, ordered: bool) -> DeliveryRow:
    """A delivery of an event of this transaction to one endpoint, due at once."""
    scope = work.scope
    record = await work.fetchrow(
        _INSERT_FOR, scope.store_id, endpoint_id, event_id, ordered, scope.clock_offset
    )
    return row_of(DeliveryRow, record)


async def fail_pending(work: StoreWork, endpoint_id: UUID, error: str) -> None:
    """End everything that is pending for an endpoint."""
    await work.execute(
        "update webhook_deliveries set status = 'failed', claimed_until = null, error = $3"
        " where store_id = $1 and endpoint_id = $2 and status = 'pending'",
        work.scope.store_id,
        endpoint_id,
        error,
    )


async def put_in_order(work: StoreWork, endpoint_id: UUID) -> None:
    """Let what is pending for an endpoint wait for what is before it."""
    await work.execute(
        "update webhook_deliveries set ordered = true"
        " where store_id = $1 and endpoint_id = $2 and status = 'pending' and not ordered",
        work.scope.store_id,
        endpoint_id,
    )


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of deliveries is narrowed to; None narrows nothing."""

    endpoint_id: UUID | None
    event_id: UUID | None
    event_type: str | None
    status: DeliveryStatus | None
    since: datetime | None
    until: datetime | None


def _where(scope: StoreScope, filters: Filters, before: UUID | None) -> tuple[str, list[Any]]:
    """The conditions of a list with their arguments: only those that are asked for, so that each finds its
    index. `since` and `until` also bound the ids, which are made at the row's own time.
    """
    conditions, arguments = ["store_id = $1"], [scope.store_id]

    def add(condition: str, value: Any) -> None:
        arguments.append(value)
        conditions.append(condition.format(f"${len(arguments)}"))

    for name in ("endpoint_id", "event_id", "event_type", "status"):
        if (value := getattr(filters, name)) is not None:
            add(name + " = {}", value)
    if filters.since is not None:
        add("created_at >= {}", filters.since)
        add("id >= {}", ids.at(filters.since))
    if filters.until is not None:
        add("created_at < {}", filters.until)
    if before is not None:
        add("id < {}", before)
    return " and ".join(conditions), arguments


async def find(work: StoreWork, filters: Filters, *, before: UUID | None, limit: int) -> list[DeliveryRow]:
    """Deliveries of a store, newest first."""
    where, arguments = _where(work.scope, filters, before)
    records = await work.fetch(
        f"select {_COLUMNS} from webhook_deliveries where {where} order by id desc limit {int(limit)}",
        *arguments,
    )
    return rows_of(DeliveryRow, records)


_GET: Final = f"select {_COLUMNS} from webhook_deliveries where store_id = $1 and id = $2"
_ATTEMPTS: Final = (
    f"select {columns(AttemptRow)} from webhook_attempts"
    " where store_id = $1 and delivery_id = $2 order by id desc limit $3"
)
_TOUCHED: Final = f"""
select {_COLUMNS} from webhook_deliveries where store_id = $1 and (
  id >= $2 or id = any($4::uuid[])
  or id in (select delivery_id from webhook_attempts where store_id = $1 and id >= $3))
order by id
"""


async def touched(work: StoreWork, since: datetime, known: list[UUID]) -> list[DeliveryRow]:
    """Deliveries that were made or attempted since a moment of the real time, and those that are known already."""
    scope = work.scope
    # Attempts have their ids at the real time, deliveries at the store's.
    records = await work.fetch(
        _TOUCHED, scope.store_id, ids.at(since + scope.clock_offset), ids.at(since), known
    )
    return rows_of(DeliveryRow, records)


async def count(work: StoreWork, filters: Filters) -> int:
    """How many deliveries the filters leave."""
    where, arguments = _where(work.scope, filters, None)
    return int(await work.fetchval(f"select count(*) from webhook_deliveries where {where}", *arguments))


async def get(work: StoreWork, delivery_id: UUID) -> DeliveryRow | None:
    """One delivery, or None."""
    return optional_row(DeliveryRow, await work.fetchrow(_GET, work.scope.store_id, delivery_id))


async def attempts_of(work: StoreWork, delivery_id: UUID, limit: int) -> list[AttemptRow]:
    """The last attempts of a delivery, the earliest of them first."""
    return rows_of(AttemptRow, await work.fetch(_ATTEMPTS, work.scope.store_id, delivery_id, limit))[::-1]


_RETRY: Final = f"""
with again as (
  update webhook_deliveries d set status = 'pending', step = 0, next_attempt_at = now() + $3::interval, ordered = e.ordered,
    claimed_until = case when d.status = 'pending' then d.claimed_until end
  from webhook_endpoints e
  where d.store_id = $1 and d.id = $2 and e.store_id = d.store_id and e.id = d.endpoint_id
    and e.status <> 'disabled'
  returning d.*
)
select {_COLUMNS} from again
"""


async def retry(work: StoreWork, delivery_id: UUID) -> DeliveryRow | None:
    """Make a delivery due at once with its schedule from the start; None when its endpoint is disabled.

    One that is being sent at this moment keeps its claim, so that it is not sent twice at once.
    """
    record = await work.fetchrow(_RETRY, work.scope.store_id, delivery_id, work.scope.clock_offset)
    return optional_row(DeliveryRow, record)


# A pattern matches a type when it is the type, or a family (`order.*`, `*`) that the type begins with.
_IN_EVENT_TYPES: Final = """(select from unnest({patterns}) as p
  where p = {type} or p like '%*' and starts_with({type}, rtrim(p, '*')))"""


def _matches(event_type: str, patterns: str) -> str:
    return "exists " + _IN_EVENT_TYPES.format(type=event_type, patterns=patterns)


async def probe_now(work: StoreWork, endpoint_id: UUID) -> None:
    """Somebody asks for an attempt now: an open circuit lets one try through at once."""
    await work.execute(
        "update webhook_endpoints set circuit_open_until = null"
        " where store_id = $1 and id = $2 and circuit_open_until is not null",
        work.scope.store_id,
        endpoint_id,
    )


_REPLAY_FAILED: Final = f"""
with chosen as (
  select id, created_at from webhook_deliveries
  where store_id = $1 and endpoint_id = $2 and status = 'failed'
    and created_at >= $3 and ($4::timestamptz is null or created_at < $4)
    and ($5::text[] is null or {_matches("event_type", "$5")})
  order by created_at, id limit $6 + 1
  for update
),
numbered as (select *, row_number() over (order by created_at, id) as number from chosen),
moved as (
  update webhook_deliveries d set status = 'pending', step = 0, next_attempt_at = now() + $7::interval, claimed_until = null,
    ordered = e.ordered
  from numbered join webhook_endpoints e on e.store_id = $1 and e.id = $2
  where d.store_id = $1 and d.id = numbered.id and numbered.number <= $6
  returning d.id
)
select (select count(*) from moved), (select created_at from numbered where number > $6)
"""

_REPLAY_ALL: Final = f"""
with chosen as (
  select v.id, v.type, v.subject, v.sequence, v.created_at, e.ordered,
    row_number() over (order by v.created_at, v.id) as number
  from events v join webhook_endpoints e on e.store_id = v.store_id and e.id = $2
  where v.store_id = $1 and v.created_at >= $3 and ($4::timestamptz is null or v.created_at < $4)
    and ($5::text[] is null or {_matches("v.type", "$5")}) and {_matches("v.type", "e.event_types")}
    -- What is not relayed yet will have its delivery anyway; a test belongs to the endpoint it was made for.
    -- "not in" is hashed: as a join, a plan from when nothing waited would look at all that waits for each event.
    and v.id not in (select id from event_outbox where store_id = $1) and v.type <> $9 and v.id >= $8
  order by v.created_at, v.id limit $6 + 1
),
moved as (
  insert into webhook_deliveries as d
    (store_id, id, endpoint_id, event_id, event_type, subject, sequence, ordered, next_attempt_at, created_at)
  select $1, {new_id_at("$7::timestamptz")}, $2, id, type, subject, sequence, ordered, now() + $10::interval, $7
  from chosen where number <= $6
  on conflict (store_id, endpoint_id, event_id) do update
    set status = 'pending', step = 0, next_attempt_at = excluded.next_attempt_at, claimed_until = null,
      ordered = excluded.ordered
    where d.status <> 'pending'
  returning id
)
select (select count(*) from moved), (select created_at from chosen where number > $6)
"""


async def replay(
    work: StoreWork,
    endpoint_id: UUID,
    *,
    since: datetime,
    until: datetime | None,
    event_types: list[str] | None,
    failed_only: bool,
) -> tuple[int, datetime | None]:
    """Make up to REPLAY_BATCH deliveries of an endpoint pending again, the oldest first.

    Answers how many, and the moment of the next when there are more. `since` must lie within the time
    that events are kept.
    """
    scope = work.scope
    arguments = [scope.store_id, endpoint_id, since, until, event_types, REPLAY_BATCH]
    if failed_only:
        row = await work.fetchrow(_REPLAY_FAILED, *arguments, scope.clock_offset)
    else:
        # An id is made at the real time, and a store's clock is never behind it: no earlier partition counts.
        row = await work.fetchrow(
            _REPLAY_ALL,
            *(*arguments, clock.now(scope), ids.at(since - scope.clock_offset), EndpointEvent.TEST),
            scope.clock_offset,
        )
    assert row is not None
    return row[0], row[1]
