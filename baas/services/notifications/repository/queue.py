"""What the worker does to notifications: claim over all stores, work on each within its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from baas.core.db import ROW_BY_ROW, StoreWork, SystemConnection, affected
from baas.core.work.claims import Claimant
from baas.services.notifications.policy import LEASE
from baas.services.notifications.repository.messages import SHOWN
from baas.services.notifications.schemas import NotificationStatus


class Claim(msgspec.Struct, frozen=True):
    """A notification that is this worker's until the lease ends."""

    store_id: UUID
    id: UUID
    claimed_by: int
    until: datetime
    clock_offset: timedelta


# D-045: a crash of the database may have a message sent again, which the same Message-ID allows; it can never lose one.
CLAIMING: Final = {**ROW_BY_ROW, "synchronous_commit": "off"}
"""Settings of the transaction of a claim."""
# Statistics of a queue are always wrong: it was empty when they were taken, or is empty now.
_PREFER_INDEXES: Final = "set local enable_seqscan = off"

# The first part walks from store to store over the index of what is pending, so its cost is the number of
# stores that wait for something and not the length of the longest queue.
_CLAIM: Final = """
with recursive waiting as (
  (select n.store_id from notifications n where n.status = 'pending' order by n.store_id limit 1)
  union all
  select following.store_id from waiting w cross join lateral (
    select n.store_id from notifications n where n.status = 'pending' and n.store_id > w.store_id
    order by n.store_id limit 1
  ) following
),
due as (
  select d.store_id, d.id, d.next_attempt_at, d.turn from waiting w
  join stores s on s.id = w.store_id and s.is_active
  left join unnest($2::uuid[], $3::int[]) as busy (store_id, places) on busy.store_id = w.store_id
  cross join lateral (
    select n.store_id, n.id, n.next_attempt_at, row_number() over (order by n.next_attempt_at) as turn
    from (
      select p.store_id, p.id, p.next_attempt_at from notifications p
      where p.store_id = w.store_id and p.status = 'pending' and p.next_attempt_at <= now() + s.clock_offset
        and (p.claimed_until is null or p.claimed_until <= now() or p.claimed_by = any($1::bigint[]))
      order by p.next_attempt_at limit greatest(0, $4::int - coalesce(busy.places, 0))
    ) n
  ) d
),
picked as (
  select store_id, id from due order by turn, next_attempt_at limit $5
),
locked as (
  -- Said without "= 'pending'", lest an untaught planner take the index of pending rows for the primary key.
  select n.store_id, n.id from notifications n join picked using (store_id, id)
  where n.status not in ('sent', 'failed') and (n.claimed_until is null or n.claimed_until <= now() or n.claimed_by = any($1::bigint[]))
  for update of n skip locked
)
update notifications n set claimed_by = $7, claimed_until = now() + $6::interval
from locked join stores s on s.id = locked.store_id
where n.store_id = locked.store_id and n.id = locked.id
returning n.store_id, n.id, n.claimed_by, n.claimed_until, s.clock_offset
"""


async def claim(
    system: SystemConnection, *, claimant: Claimant, busy: Mapping[UUID, int], per_store: int, free: int
) -> list[Claim]:
    """Take at most `free` due notifications, by turns between stores; `busy` counts what is in flight here."""
    rows = await system.fetch(
        _CLAIM,
        *(claimant.ended, list(busy.keys()), list(busy.values()), per_store, free, LEASE, claimant.id),
    )
    return [Claim(*row) for row in rows]


# The statements below read and change many rows, each found by its key (ROW_BY_ROW). They are said without
# "= 'pending'", as above.
_OPEN: Final = """
select o.* from unnest($2::uuid[], $3::timestamptz[]) as claim (notification_id, until) cross join lateral (
  select n.id, n.channel, n.recipient, n.template_key, n.template_version, n.locale, n.data, n.subject, n.attempts,
    n.round, n.step, n.created_at, c.subject as said, c.html, c.body, c.provider_template, c.body is not null as rendered
  from notifications n
  left join notification_contents c on c.store_id = n.store_id and c.notification_id = n.id
  where n.store_id = $1 and n.id = claim.notification_id and n.status not in ('sent', 'failed') and n.claimed_until = claim.until
  offset 0
) o
"""


async def opened(work: StoreWork, claims: Sequence[Claim]) -> list[Any]:
    """Claimed notifications of one store with their content, without those that are no longer this worker's."""
    return await work.fetch(
        _OPEN, work.scope.store_id, [claim.id for claim in claims], [claim.until for claim in claims]
    )


_KEEP: Final = """
with given as (
  select * from jsonb_to_recordset($2) as g
    (id uuid, until timestamptz, version bigint, subject text, html text, body text, provider_template jsonb)
),
mine as (
  update notifications n set template_version = g.version, subject = nullif(g.subject, '') from given g
  where n.store_id = $1 and n.id = g.id and n.status not in ('sent', 'failed') and n.claimed_until = g.until
  returning n.id
),
kept as (
  insert into notification_contents (store_id, notification_id, subject, html, body, provider_template)
  select $1, g.id, g.subject, g.html, g.body, g.provider_template from given g join mine using (id)
  on conflict (store_id, notification_id) do nothing
)
select id from mine
"""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a claimed notification says, rendered just now."""

    id: UUID
    until: datetime
    version: int
    subject: str
    html: str | None
    body: str
    provider_template: dict[str, Any] | None


async def keep_contents(work: StoreWork, said: Sequence[Said]) -> set[UUID]:
    """Freeze what notifications say; answers those that are still this worker's."""
    return {row["id"] for row in await work.fetch(_KEEP, work.scope.store_id, said)}


_POSTPONE: Final = """
update notifications n set claimed_until = null, next_attempt_at = greatest(n.next_attempt_at, now() + g.wait)
from unnest($2::uuid[], $3::timestamptz[], $4::interval[]) as g (id, until, wait)
where n.store_id = $1 and n.id = g.id and n.status not in ('sent', 'failed') and n.claimed_until = g.until
"""


async def postpone(work: StoreWork, waits: Mapping[Claim, timedelta]) -> None:
    """Give notifications back without an attempt, and let them wait: their senders are being left alone for a while."""
    await work.execute(
        _POSTPONE,
        work.scope.store_id,
        [claim.id for claim in waits],
        [claim.until for claim in waits],
        [wait + work.scope.clock_offset for wait in waits.values()],
    )


_RECORD: Final = f"""
with given as (
  select * from jsonb_to_recordset($2) as g (id uuid, until timestamptz, attempt_id uuid, status text, outcome text,
    provider text, provider_message_id text, action_url text, error text, wait interval,
    duration_ms bigint, at timestamptz)
),
moved as (
  update notifications n set
    status = g.status, attempts = n.attempts + 1, step = n.step + 1, claimed_until = null,
    provider = coalesce(g.provider, n.provider),
    provider_message_id = coalesce(g.provider_message_id, n.provider_message_id),
    action_url = coalesce(g.action_url, n.action_url), error = g.error,
    next_attempt_at = coalesce(now() + g.wait, n.next_attempt_at),
    sent_at = case when g.status = 'sent' then g.at end
  from given g
  where n.store_id = $1 and n.id = g.id and n.status not in ('sent', 'failed')
    and (g.status = 'sent' or n.claimed_until = g.until)
  returning {", ".join(f"n.{name.strip()}" for name in SHOWN.split(","))}
),
noted as (
  insert into notification_attempts
    (store_id, id, notification_id, number, provider, outcome, error, duration_ms, created_at)
  select $1, g.attempt_id, g.id, m.attempts, g.provider, g.outcome, g.error, g.duration_ms, g.at
  from given g join moved m using (id)
)
select {SHOWN} from moved
"""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went."""

    id: UUID
    """The notification's."""
    until: datetime
    """The end of the claim's lease."""
    attempt_id: UUID
    status: NotificationStatus
    outcome: str
    provider: str | None
    provider_message_id: str | None
    action_url: str | None
    error: str | None
    wait: timedelta | None
    """Before the next attempt; None when there is none."""
    duration_ms: int
    at: datetime


async def record(work: StoreWork, outcomes: Sequence[Outcome]) -> list[Any]:
    """Move notifications and write their attempts down; answers the rows of those that were this worker's.

    What was sent was sent: that is written even when the lease has ended meanwhile.
    """
    offset = work.scope.clock_offset
    return await work.fetch(
        _RECORD,
        work.scope.store_id,
        [
            outcome if outcome.wait is None else replace(outcome, wait=outcome.wait + offset)
            for outcome in outcomes
        ],
    )


_PRUNE_CONTENT: Final = """
delete from notification_contents c using (
  select store_id, notification_id from notification_contents where notification_id < $1 limit $2
) old where c.store_id = old.store_id and c.notification_id = old.notification_id
"""
_PRUNE_REPORTS: Final = """
delete from notification_reports r using (
  select store_id, id from notification_reports where id < $1 limit $2
) old where r.store_id = old.store_id and r.id = old.id
"""
_PRUNE: Final = """
delete from notifications n using (
  select store_id, id from notifications where id < $1 and status <> 'pending' limit $2
) old where n.store_id = old.store_id and n.id = old.id
"""


async def prune(system: SystemConnection, *, contents: UUID, messages: UUID, limit: int) -> int:
    """Delete a batch of what is older than these ids; answers how many rows."""
    await system.execute(_PREFER_INDEXES)
    tags = [
        await system.execute(_PRUNE_CONTENT, contents, limit),
        await system.execute(_PRUNE_REPORTS, messages, limit),
        await system.execute(_PRUNE, messages, limit),
    ]
    return sum(affected(tag) for tag in tags)
