"""The SQL of the inbox: what providers notified, and what became of it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from baas.core.db import StoreWork, SystemConnection
from baas.core.db.rows import columns, optional_row, rows_of
from baas.core.values import ids
from baas.core.work.claims import Claimant
from baas.services.payments.providers.base import Handle
from baas.services.payments.rows import (
    DueNotificationRow,
    FlaggedNotificationRow,
    NotificationRow,
)
from baas.services.payments.schemas import InboxOutcome

_RECEIVE: Final = """
insert into provider_events (store_id, id, provider, provider_event_id, type, payment_id, received_at, processed_at)
values ($1, $2, $3, $4, $5, $6, $7, $7)
on conflict (store_id, provider, provider_event_id) do nothing
returning true
"""
_ARRIVED: Final = """
insert into provider_events
  (store_id, id, provider, provider_event_id, type, handle, received_at, next_attempt_at, processed_at, outcome, error)
values ($1, $2, $3, $4, $5, $6, $7::timestamptz, case when $6::jsonb is null then null else now() end,
  case when $6::jsonb is null then $7::timestamptz end, case when $8::text is not null then 'flagged' when $6::jsonb is null then 'ignored' end, $8)
on conflict (store_id, provider, provider_event_id) do nothing
returning true
"""
_UNPROCESSED: Final = f"""
select {columns(NotificationRow)} from provider_events where store_id = $1 and id = $2 and processed_at is null
"""
_CLAIM: Final = f"""
with due as (
  select store_id, id from provider_events
  where next_attempt_at <= now()
    and (claimed_until is null or claimed_until <= now() or claimed_by = any($3::bigint[]))
  order by next_attempt_at limit $1 for update skip locked
)
update provider_events t set claimed_by = $4, claimed_until = now() + $2::interval, attempts = attempts + 1
from due where t.store_id = due.store_id and t.id = due.id
returning {columns(DueNotificationRow, "t")}
"""
_FLAGGED: Final = f"""
select {columns(FlaggedNotificationRow)} from provider_events
where store_id = $1 and outcome not in ('settled', 'ignored')
  and not (outcome = 'flagged' and exists (select 1 from payments p where p.store_id = $1
    and p.id = provider_events.payment_id and cardinality(p.flags) = 0))
order by received_at desc limit $2
"""


async def add_settled(
    work: StoreWork, *, provider: str, event_id: str, type_: str, payment_id: UUID | None, now: datetime
) -> bool:
    """Write a notification that is settled in this transaction to the inbox; False when it was there."""
    made = await work.fetchval(
        _RECEIVE, work.scope.store_id, ids.new_id(), provider, event_id, type_, payment_id, now
    )
    return bool(made)


async def add(
    work: StoreWork,
    *,
    provider: str,
    event_id: str,
    type_: str,
    handle: Handle | None,
    alarm: str | None,
    now: datetime,
) -> bool:
    """Write a proven notification to the inbox; False when it was there. One about nothing is kept and done.

    An alarm is flagged at once, for a person to read in the report.
    """
    made = await work.fetchval(
        _ARRIVED, work.scope.store_id, ids.new_id(), provider, event_id, type_, handle, now, alarm
    )
    return bool(made)


async def unprocessed(work: StoreWork, event_id: UUID) -> NotificationRow | None:
    """A notification that still has to be processed, or None."""
    return optional_row(NotificationRow, await work.fetchrow(_UNPROCESSED, work.scope.store_id, event_id))


async def set_processed(
    work: StoreWork,
    event_id: UUID,
    *,
    outcome: InboxOutcome,
    payment_id: UUID | None,
    error: str | None,
    now: datetime,
) -> None:
    """Write what became of a notification."""
    await work.execute(
        "update provider_events set processed_at = $3, outcome = $4, payment_id = $5, error = $6,"
        " next_attempt_at = null, claimed_until = null where store_id = $1 and id = $2",
        work.scope.store_id,
        event_id,
        now,
        outcome,
        payment_id,
        error,
    )


async def postpone(work: StoreWork, event_id: UUID, wait: timedelta, error: str) -> None:
    """Look at a notification again after a wait."""
    await work.execute(
        "update provider_events set next_attempt_at = now() + $3::interval, claimed_until = null, error = $4"
        " where store_id = $1 and id = $2 and processed_at is null",
        work.scope.store_id,
        event_id,
        wait,
        error,
    )


async def claim(
    system: SystemConnection, claimant: Claimant, limit: int, lease: timedelta
) -> list[DueNotificationRow]:
    """Notifications of all stores that nobody has looked at yet, or that failed before."""
    return rows_of(DueNotificationRow, await system.fetch(_CLAIM, limit, lease, claimant.ended, claimant.id))


async def flagged(work: StoreWork, limit: int) -> list[FlaggedNotificationRow]:
    """Notifications that settled nothing though they were genuine: a person should know.

    Not those of a payment whose flags are gone.
    """
    return rows_of(FlaggedNotificationRow, await work.fetch(_FLAGGED, work.scope.store_id, limit))
