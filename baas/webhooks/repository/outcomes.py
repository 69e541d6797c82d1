"""What the worker writes over all stores of the attempts that it made, in the relay's role."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import BY_KEY, SystemConnection
from baas.core.work.claims import Claimant
from baas.webhooks.policy import CIRCUIT_LONGEST, CIRCUIT_PAUSE, is_failing_sql
from baas.webhooks.repository.queue import Claim
from baas.webhooks.schemas.outbound import DeliveryStatus

RECORDING: Final = BY_KEY
"""How a transaction begins that writes outcomes."""


class Outcome(msgspec.Struct, frozen=True):
    """One attempt and what it makes of its delivery. Times are the store's."""

    claim: Claim
    attempt_id: UUID
    status: DeliveryStatus
    at: datetime
    wait: timedelta | None
    """Before the next attempt; None when there is none."""
    response_status: int | None
    response_body: str | None
    duration_ms: int
    error: str | None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took the event."""
        return self.status is DeliveryStatus.DELIVERED


class FailingEndpoint(msgspec.Struct, frozen=True):
    """An endpoint whose last recorded attempt failed."""

    store_id: UUID
    id: UUID
    failing_since: datetime
    at: datetime


class _Recorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """An outcome as it is written."""

    store_id: UUID
    delivery_id: UUID
    attempt_id: UUID
    status: DeliveryStatus
    at: datetime
    duration_ms: int
    due_in: str | None = None
    """Until the next attempt is due by the store's clock, from the moment of writing by the database's."""
    response_status: int | None = None
    response_body: str | None = None
    error: str | None = None


def _recorded(outcome: Outcome) -> _Recorded:
    claim = outcome.claim
    return _Recorded(
        claim.store_id,
        claim.id,
        outcome.attempt_id,
        outcome.status,
        outcome.at,
        outcome.duration_ms,
        None if outcome.wait is None else f"{(outcome.wait + claim.clock_offset).total_seconds()} seconds",
        outcome.response_status,
        outcome.response_body,
        outcome.error,
    )


# As one JSON text, like the rows of a fan-out.
_RECORD: Final = """
with outcome as (
  select * from json_to_recordset($1) as o (
    store_id uuid, delivery_id uuid, attempt_id uuid, status text, at timestamptz, due_in interval,
    response_status int, response_body text, duration_ms int, error text)
  where not $2::bool or not exists (
    select from webhook_attempts a where a.store_id = o.store_id and a.id = o.attempt_id)
),
moved as (
  update webhook_deliveries d set
    -- Meanwhile its endpoint may have been disabled, which failed it; but what arrived has arrived. A failure counts
    -- only while the delivery is this process's: another one may be sending it, or have sent it.
    status = case when o.status = 'delivered' or d.status = 'pending' and d.claimed_by = $3 then o.status else d.status end,
    attempts = d.attempts + 1,
    step = d.step + (d.claimed_by is not distinct from $3)::int,
    next_attempt_at = case when d.claimed_by = $3 and o.due_in is not null then now() + o.due_in else d.next_attempt_at end,
    claimed_until = case when o.status = 'delivered' or d.claimed_by = $3 then null else d.claimed_until end,
    claimed_by = case when o.status = 'delivered' or d.claimed_by = $3 then null else d.claimed_by end,
    delivered_at = case when o.status = 'delivered' then o.at else d.delivered_at end,
    response_status = case when o.status = 'delivered' or d.claimed_by = $3 then o.response_status else d.response_status end,
    error = case when o.status = 'delivered' or d.claimed_by = $3 then o.error else d.error end
  from outcome o where d.store_id = o.store_id and d.id = o.delivery_id
  returning d.store_id, d.id, d.attempts, o.attempt_id, o.response_status, o.response_body, o.duration_ms,
    o.error, o.at
)
insert into webhook_attempts
  (store_id, id, delivery_id, number, response_status, response_body, duration_ms, error, created_at)
select store_id, attempt_id, id, attempts, response_status, response_body, duration_ms, error, at from moved
"""

_NOTE_HEALTH: Final = f"""
update webhook_endpoints e set
  consecutive_failures = r.before + r.failures,
  failing_since = case when r.failures = 0 then null when r.succeeded then r.at
    else coalesce(e.failing_since, r.at) end,
  circuit_level = case when r.failures = 0 then 0 when r.opens then r.level + 1 else r.level end,
  circuit_open_until = case when r.failures = 0 then null
    when r.opens then r.at + least($6::interval * power(2, r.level), $7::interval)
    when r.succeeded then null else e.circuit_open_until end,
  status = case when e.status = 'disabled' then 'disabled'
    when {is_failing_sql("r.before + r.failures")} then 'failing' else 'enabled' end
from (
  select h.*, case when h.succeeded then 0 else x.consecutive_failures end as before,
    case when h.succeeded then 0 else least(x.circuit_level, 10) end as level,
    {is_failing_sql("case when h.succeeded then 0 else x.consecutive_failures end + h.failures")}
      and (h.succeeded or x.circuit_open_until is null or x.circuit_open_until <= h.at) as opens
  from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::int[], $5::timestamptz[])
    as h (store_id, id, succeeded, failures, at)
  join webhook_endpoints x on x.store_id = h.store_id and x.id = h.id
  where h.failures > 0 or x.consecutive_failures > 0
  order by x.store_id, x.id
  for no key update of x
) r
where e.store_id = r.store_id and e.id = r.id
returning e.store_id, e.id, e.failing_since, r.at
"""


async def record(
    system: SystemConnection, outcomes: Sequence[Outcome], *, claimant: Claimant, again: bool = False
) -> list[FailingEndpoint]:
    """Write attempts, move their deliveries and note their endpoints' health.

    What arrived counts whoever sent it; a failure moves a delivery only while `claimant` still holds it.
    `again` says that the batch was tried before: its COMMIT may have been lost on the way back, so what is
    written already is left out. Returns the endpoints of this batch that are failing now.
    """
    health = _health(outcomes)
    # Endpoints first: whoever disables one locks it and then its deliveries.
    noted = await system.fetch(
        _NOTE_HEALTH, *map(list, zip(*health, strict=True)), CIRCUIT_PAUSE, CIRCUIT_LONGEST
    )
    await system.execute(_RECORD, [_recorded(outcome) for outcome in outcomes], again, claimant.id)
    return [FailingEndpoint(*row) for row in noted if row["failing_since"] is not None]


def _health(outcomes: Iterable[Outcome]) -> list[tuple[Any, ...]]:
    """For each endpoint: whether it took anything, and how many attempts failed since."""
    seen: dict[tuple[UUID, UUID], tuple[bool, int, datetime]] = {}
    for outcome in outcomes:
        key = (outcome.claim.store_id, outcome.claim.endpoint_id)
        succeeded, failures, _ = seen.get(key, (False, 0, outcome.at))
        seen[key] = (True, 0, outcome.at) if outcome.succeeded else (succeeded, failures + 1, outcome.at)
    return [(*key, *value) for key, value in seen.items()]
