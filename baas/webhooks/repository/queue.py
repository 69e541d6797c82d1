"""What the worker asks over all stores, in the relay's role: fan out, claim, release, tidy.

The claim is what keeps stores from delaying one another. It walks the endpoints that have something
pending (one probe of the index for each, however long their queues are), takes from each no more than its
free places (in order: the first of each subject), ranks what it found by turns between stores, and only then locks rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from baas.core.db import BY_KEY, SystemConnection, affected
from baas.core.work.claims import Claimant, elapsed
from baas.core.work.outbox import EventRow
from baas.webhooks.events import EndpointEvent
from baas.webhooks.policy import LEASE, Limits, patterns_of

# D-045: a crash of the database may send a delivery again, and can never lose one.
CLAIMING: Final = {**BY_KEY, "synchronous_commit": "off"}
"""How a claim's transaction begins. A lease that a dying database forgets was never taken: what it covered is sent
again."""
TIDYING: Final = {"enable_seqscan": "off"}
"""How one begins that looks for what is old: by the index of ages, which is a bitmap."""


class Claim(msgspec.Struct, frozen=True):
    """A delivery that this process may send until its lease ends, with all that sending needs."""

    ends: float
    """When the lease ends at the latest, on this process's own clock (`claims.elapsed`)."""
    store_id: UUID
    id: UUID
    endpoint_id: UUID
    event_id: UUID
    step: int
    ordered: bool
    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_secret_ends_at: datetime | None
    body: str | None
    """None when the event is no longer kept."""
    is_test: bool
    clock_offset: timedelta
    claimed_by: int
    claimed_until: datetime
    """The end of the lease, on the database's clock; no other claim of this delivery ends at the same moment."""


class Held(msgspec.Struct, frozen=True):
    """What a process has claimed and not ended yet, and how much more it takes."""

    free: int
    endpoints: Mapping[UUID, tuple[int, int]]
    """For each endpoint: how many, and how many it may have ahead of its places while it is well (D-057)."""
    stores: Mapping[UUID, int]
    """For each store: how many, without those that may be ahead."""


def new_id_at(moment: str) -> str:
    """SQL for a UUIDv7 of a moment: its 48 bits of milliseconds, then the random bits of a UUIDv4 whose
    version is made 7. (PostgreSQL has its own from 18 on.)
    """
    milliseconds = f"substring(int8send((extract(epoch from {moment}) * 1000)::bigint) from 3)"
    return (
        f"encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing {milliseconds} from 1 for 6),"
        " 52, 1), 53, 1), 'hex')::uuid"
    )


class _Wanted(EventRow, frozen=True):
    """An event, and the patterns by which an endpoint may want it."""

    patterns: tuple[str, ...]


def _wanted(event: EventRow) -> _Wanted:
    return _Wanted(
        event.store_id,
        event.id,
        event.type,
        event.subject,
        event.sequence,
        event.created_at,
        patterns_of(event.type),
    )


# D-069
# Rows go in as one JSON text: the driver takes several times as long for as many arrays.
_FAN_OUT: Final = f"""
insert into webhook_deliveries
  (store_id, id, endpoint_id, event_id, event_type, subject, sequence, ordered, next_attempt_at, created_at)
select e.store_id, {new_id_at("v.created_at")}, e.id, v.id, v.type, v.subject, v.sequence, e.ordered,
  least(v.created_at, now() + s.clock_offset), v.created_at
from json_to_recordset($1) as v (
  store_id uuid, id uuid, type text, subject text, sequence bigint, created_at timestamptz, patterns text[])
join webhook_endpoints e on e.store_id = v.store_id and e.status <> 'disabled' and e.event_types && v.patterns
join stores s on s.id = v.store_id
order by v.id
on conflict (store_id, endpoint_id, event_id) do nothing
"""


async def fan_out(system: SystemConnection, found: Sequence[EventRow]) -> None:
    """One delivery for each event and each endpoint of its store that wants it, in the relay's transaction."""
    # A test has its one delivery already.
    events = [_wanted(event) for event in found if event.type != EndpointEvent.TEST]
    if events:
        await system.execute(_FAN_OUT, events)


# D-035: an ordered endpoint is looked at by the first delivery of each subject, however many wait behind it.
_CLAIM: Final = """
with recursive queue as (
  (select store_id, endpoint_id from webhook_deliveries where status = 'pending'
   order by store_id, endpoint_id limit 1)
  union all
  select n.store_id, n.endpoint_id from queue q cross join lateral (
    select d.store_id, d.endpoint_id from webhook_deliveries d
    where d.status = 'pending' and (d.store_id, d.endpoint_id) > (q.store_id, q.endpoint_id)
    order by d.store_id, d.endpoint_id limit 1
  ) n
),
busy_endpoint as (select * from unnest($2::uuid[], $3::int[], $12::int[]) as b (id, n, ahead)),
busy_store as (select * from unnest($4::uuid[], $5::int[]) as b (id, n)),
due as (
  select d.store_id, d.id, d.next_attempt_at, coalesce(bs.n, 0) as store_busy,
    row_number() over (partition by d.store_id, d.endpoint_id order by d.next_attempt_at) as turn
  from queue q
  join webhook_endpoints e on e.store_id = q.store_id and e.id = q.endpoint_id and e.status <> 'disabled'
  join stores s on s.id = q.store_id and s.is_active
  left join busy_endpoint be on be.id = e.id
  left join busy_store bs on bs.id = s.id
  cross join lateral (
    select now() + s.clock_offset as now, greatest(0, case
      when e.circuit_level > 0 then $8::int
      when e.consecutive_failures > 0 then $7::int
      else $6::int + coalesce(be.ahead, 0) end - coalesce(be.n, 0)) as free
  ) here
  cross join lateral (
    (select p.store_id, p.endpoint_id, p.id, p.next_attempt_at from webhook_deliveries p
     where p.store_id = q.store_id and p.endpoint_id = q.endpoint_id and p.status = 'pending' and not e.ordered
       and p.next_attempt_at <= here.now and (p.claimed_until is null or p.claimed_until <= now() or p.claimed_by = any($1::bigint[]))
     order by p.next_attempt_at
     limit here.free)
    union all
    -- In order: from subject to subject over the index, the first of each alone, until the places are taken.
    (with recursive first as (
      (select p.id, p.subject, p.sequence, p.next_attempt_at, p.claimed_by, p.claimed_until from webhook_deliveries p
       where p.store_id = q.store_id and p.endpoint_id = q.endpoint_id and p.status = 'pending' and p.ordered
         and e.ordered
       order by p.subject, p.sequence limit 1)
      union all
      select n.* from first cross join lateral (
        select p.id, p.subject, p.sequence, p.next_attempt_at, p.claimed_by, p.claimed_until from webhook_deliveries p
        where p.store_id = q.store_id and p.endpoint_id = q.endpoint_id and p.status = 'pending' and p.ordered
          and p.subject > first.subject
        order by p.subject, p.sequence limit 1
      ) n
    )
    select q.store_id, q.endpoint_id, f.id, f.next_attempt_at from first f
    where f.next_attempt_at <= here.now and (f.claimed_until is null or f.claimed_until <= now() or f.claimed_by = any($1::bigint[]))
      and not exists (
        select from event_outbox earlier
        where earlier.store_id = q.store_id and earlier.subject = f.subject
          and earlier.sequence between f.sequence - 32 and f.sequence - 1)
    limit here.free)
  ) d
  where e.circuit_open_until is null or e.circuit_open_until <= here.now
),
ranked as (
  select store_id, id, turn, next_attempt_at, store_busy,
    row_number() over (partition by store_id order by turn, next_attempt_at) as store_turn
  from due
),
picked as (
  select store_id, id from ranked where store_turn <= $9::int - store_busy
  order by store_turn, next_attempt_at limit $10
),
locked as (
  -- Said without "= 'pending'", lest an untaught planner take the index of pending rows for the primary key.
  select d.store_id, d.id from webhook_deliveries d join picked using (store_id, id)
  where d.status not in ('delivered', 'failed') and (d.claimed_until is null or d.claimed_until <= now() or d.claimed_by = any($1::bigint[]))
  for update of d skip locked
),
claimed as (
  update webhook_deliveries d set claimed_by = $13, claimed_until = now() + $11::interval from locked
  where d.store_id = locked.store_id and d.id = locked.id
  returning d.store_id, d.id, d.endpoint_id, d.event_id, d.step, d.ordered, d.claimed_until
)
select c.store_id, c.id, c.endpoint_id, c.event_id, c.step, c.ordered,
  e.url, e.secret, e.previous_secret, e.previous_secret_ends_at, ev.body, s.mode = 'test', s.clock_offset,
  $13::bigint, c.claimed_until
from claimed c
join webhook_endpoints e on e.store_id = c.store_id and e.id = c.endpoint_id
join stores s on s.id = c.store_id
left join events ev on ev.store_id = c.store_id and ev.id = c.event_id
"""


async def claim(
    system: SystemConnection,
    *,
    claimant: Claimant,
    limits: Limits,
    held: Held,
) -> list[Claim]:
    """Take at most `held.free` due deliveries, by turns between stores and endpoints.

    `held` is what this process has already. Of an ordered endpoint only the earliest pending
    delivery of a subject is due, and only when no earlier event still waits for the relay: events overtake
    one another by a few places at most, when two relays hold neighbouring batches. However many wait behind
    the first, they are not looked at.
    """
    ends = elapsed() + LEASE.total_seconds()
    rows = await system.fetch(
        _CLAIM,
        claimant.ended,
        list(held.endpoints.keys()),
        [number for number, _ in held.endpoints.values()],
        list(held.stores.keys()),
        list(held.stores.values()),
        limits.per_endpoint,
        limits.unsteady,
        limits.probing,
        limits.per_store,
        held.free,
        LEASE,
        [ahead for _, ahead in held.endpoints.values()],
        claimant.id,
    )
    return [Claim(ends, *row) for row in rows]


_RELEASE: Final = """
update webhook_deliveries d set claimed_until = null
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as c (store_id, id, claimed_until)
where d.store_id = c.store_id and d.id = c.id and d.claimed_until = c.claimed_until
  -- As above: not "= 'pending'".
  and d.status not in ('delivered', 'failed')
"""


async def release(system: SystemConnection, claims: Sequence[Claim]) -> None:
    """Give back what was claimed and not sent, so that the next claim need not wait for the lease; what another
    process claimed after it is left alone.
    """
    await system.execute(
        _RELEASE,
        [claim.store_id for claim in claims],
        [claim.id for claim in claims],
        [claim.claimed_until for claim in claims],
    )


_FAIL_ORPHANS: Final = """
update webhook_deliveries d set status = 'failed', claimed_until = null, error = $1
from webhook_endpoints e
where e.status = 'disabled' and d.store_id = e.store_id and d.endpoint_id = e.id and d.status = 'pending'
"""


async def fail_orphans(system: SystemConnection, error: str) -> int:
    """End what the relay made for an endpoint in the moment in which it was disabled; answers how many."""
    return affected(await system.execute(_FAIL_ORPHANS, error))


_PUT_IN_ORDER: Final = """
update webhook_deliveries d set ordered = true
from webhook_endpoints e
where e.ordered and d.store_id = e.store_id and d.endpoint_id = e.id and d.status = 'pending' and not d.ordered
"""


async def put_in_order(system: SystemConnection) -> None:
    """Take into their order what the relay made for an endpoint in the moment in which it asked for order."""
    await system.execute(_PUT_IN_ORDER)


_PRUNE: Final = """
delete from webhook_deliveries d using (
  select store_id, id from webhook_deliveries where id < $1 and status <> 'pending' limit $2
) old where d.store_id = old.store_id and d.id = old.id
"""


async def prune(system: SystemConnection, before: UUID, limit: int) -> int:
    """Delete finished deliveries older than an id; answers how many. Attempts go with their partition."""
    return affected(await system.execute(_PRUNE, before, limit))


_PRUNE_KEYS: Final = """
delete from event_deduplications d using (
  select store_id, key from event_deduplications where created_at < $1 limit $2
) old where d.store_id = old.store_id and d.key = old.key
"""


async def prune_keys(system: SystemConnection, before: datetime, limit: int) -> int:
    """Forget deduplication keys older than the events they stand for; answers how many."""
    return affected(await system.execute(_PRUNE_KEYS, before, limit))
