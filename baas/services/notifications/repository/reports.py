"""What WhatsApp reported, within a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork
from baas.services.notifications.repository.messages import SHOWN

# A report may be quicker than the worker that writes down which message it was. So nobody hands one over while reports
# are being written, and nobody writes reports while it is being noted: one of the two then sees the other's.
# D-051: reports are processed in the request; this table is their inbox.
_LOCK: Final = "select pg_advisory_xact_lock{shared}(hashtextextended($1, 7240))"


async def lock(work: StoreWork, *, shared: bool) -> None:
    """Keep reports (`shared`) and what they are about apart until the transaction ends."""
    await work.execute(
        _LOCK.format(shared="_shared" if shared else ""), work.scope.key("notification_reports")
    )


# What is about no message of ours is not kept, unless one is under way right now: it may be about that one.
_KEEP: Final = """
with known as materialized (
  select provider_message_id from notifications
  where store_id = $1 and channel = 'whatsapp' and provider_message_id = any($3::text[])
),
under_way as materialized (
  select exists (
    select from notifications
    where store_id = $1 and channel = 'whatsapp' and status = 'pending' and claimed_until > $7
  ) as one
)
insert into notification_reports (store_id, id, message_id, status, error, at)
select $1, r.id, r.message_id, r.status, r.error, r.at
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) as r (id, message_id, status, error, at)
cross join under_way
where under_way.one or r.message_id in (select provider_message_id from known)
order by r.message_id, r.status
on conflict (store_id, message_id, status) do nothing
returning message_id, status
"""


async def keep(
    work: StoreWork, reports: Sequence[tuple[UUID, str, str, str | None, datetime]], *, now: datetime
) -> list[Any]:
    """Write down what was not known yet; answers the message and the status of each. `now` is real time."""
    return await work.fetch(_KEEP, work.scope.store_id, *map(list, zip(*reports, strict=True)), now)


# Each message is looked up by its key, also where the statistics know of none: joined, a thousand failures would read
# every message of the store a thousand times.
_FAIL: Final = f"""
with undelivered as (
  select n.store_id as store, n.id as notification, said.reason from notifications n
  cross join lateral (
    select max(r.error) filter (where r.status = 'failed') as reason, bool_or(r.status = 'failed') as failed,
      bool_or(r.status <> 'failed') as arrived
    from notification_reports r where r.store_id = $1 and r.message_id = n.provider_message_id
  ) said
  where n.store_id = $1 and n.channel = 'whatsapp' and n.provider_message_id = any($2::text[]) and n.status = 'sent'
    and said.failed and not said.arrived
  order by n.id for no key update of n
)
update notifications set status = 'failed', error = reason, sent_at = null from undelivered
where store_id = store and id = notification
returning {SHOWN}
"""


async def fail(work: StoreWork, message_ids: Sequence[str]) -> list[Any]:
    """Move to `failed` what was sent and is reported as failed, and neither as delivered nor as read; their rows."""
    rows = await work.fetch(_FAIL, work.scope.store_id, list(message_ids))
    return sorted(rows, key=lambda row: row["id"])


async def of(work: StoreWork, message_id: str) -> list[Any]:
    """What was reported of a message, the first report first."""
    return await work.fetch(
        "select status, error, at from notification_reports where store_id = $1 and message_id = $2"
        " order by at, status",
        work.scope.store_id,
        message_id,
    )
