"""What the worker does to notifications: claim over all stores, work on each within its own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork, SystemConnection, affected
from baas.core.work.claims import Claimant
from baas.services.notifications.policy import LEASE


class Claim(msgspec.Struct, frozen=True):
    """A notification that is this worker's until the lease ends."""

    store_id: UUID
    id: UUID
    claimed_by: int
    until: datetime
    clock_offset: timedelta


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
    await system.execute(_PREFER_INDEXES)
    rows = await system.fetch(
        _CLAIM,
        *(claimant.ended, list(busy.keys()), list(busy.values()), per_store, free, LEASE, claimant.id),
    )
    return [Claim(*row) for row in rows]


_OPEN: Final = """
select n.id, n.channel, n.recipient, n.template_key, n.template_version, n.locale, n.data, n.subject, n.attempts,
  n.round, n.step, n.created_at, c.subject as said, c.html, c.body, c.provider_template, c.body is not null as rendered
from notifications n
left join notification_contents c on c.store_id = n.store_id and c.notification_id = n.id
where n.store_id = $1 and n.id = $2 and n.status = 'pending' and n.claimed_until = $3
"""


async def opened(work: StoreWork, claim: Claim) -> Any | None:
    """A claimed notification with its content; None when it is no longer this worker's."""
    return await work.fetchrow(_OPEN, claim.store_id, claim.id, claim.until)


async def keep_content(
    work: StoreWork,
    claim: Claim,
    *,
    version: int,
    subject: str,
    html: str | None,
    body: str,
    provider_template: dict[str, Any] | None,
) -> bool:
    """Freeze what a notification says; False when it is no longer this worker's."""
    mine = await work.fetchval(
        "update notifications set template_version = $4, subject = $5"
        " where store_id = $1 and id = $2 and status = 'pending' and claimed_until = $3 returning true",
        claim.store_id,
        claim.id,
        claim.until,
        version,
        subject or None,
    )
    if not mine:
        return False
    await work.execute(
        "insert into notification_contents (store_id, notification_id, subject, html, body, provider_template)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (store_id, notification_id) do nothing",
        *(claim.store_id, claim.id, subject, html, body, provider_template),
    )
    return True


async def postpone(work: StoreWork, claim: Claim, wait: timedelta) -> None:
    """Give a notification back without an attempt, and let it wait: its sender is being left alone for a while."""
    await work.execute(
        "update notifications set claimed_until = null, next_attempt_at = greatest(next_attempt_at, now() + $4::interval)"
        " where store_id = $1 and id = $2 and status = 'pending' and claimed_until = $3",
        claim.store_id,
        claim.id,
        claim.until,
        wait + work.scope.clock_offset,
    )


_RECORD: Final = """
update notifications set
  status = $4, attempts = attempts + 1, step = step + 1, claimed_until = null, provider = coalesce($5, provider),
  provider_message_id = coalesce($6, provider_message_id), action_url = coalesce($7, action_url), error = $8,
  next_attempt_at = coalesce(now() + $9::interval, next_attempt_at), sent_at = case when $4 = 'sent' then $10::timestamptz end
where store_id = $1 and id = $2 and status = 'pending' and ($4 = 'sent' or claimed_until = $3)
returning id, channel, recipient, status, template_key, template_version, locale, subject, about, event_id,
  resent_from, attempts, next_attempt_at, provider, provider_message_id, action_url, error, created_at, sent_at
"""
_ATTEMPT: Final = """
insert into notification_attempts
  (store_id, id, notification_id, number, provider, outcome, error, duration_ms, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went."""

    attempt_id: UUID
    status: str
    outcome: str
    provider: str | None
    provider_message_id: str | None
    action_url: str | None
    error: str | None
    wait: timedelta | None
    """Before the next attempt; None when there is none."""
    duration: timedelta
    at: datetime


async def record(work: StoreWork, claim: Claim, outcome: Outcome) -> Any | None:
    """Move a notification and write its attempt down; answers its row, or None when it is not this worker's.

    What was sent was sent: that is written even when the lease has ended meanwhile.
    """
    due_in = None if outcome.wait is None else outcome.wait + work.scope.clock_offset
    row = await work.fetchrow(
        _RECORD,
        *(
            claim.store_id,
            claim.id,
            claim.until,
            outcome.status,
            outcome.provider,
            outcome.provider_message_id,
        ),
        *(outcome.action_url, outcome.error, due_in, outcome.at),
    )
    if row is not None:
        await work.execute(
            _ATTEMPT,
            *(
                claim.store_id,
                outcome.attempt_id,
                claim.id,
                row["attempts"],
                outcome.provider,
                outcome.outcome,
            ),
            *(outcome.error, round(outcome.duration / timedelta(milliseconds=1)), outcome.at),
        )
    return row


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
