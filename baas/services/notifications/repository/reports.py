"""What WhatsApp reported, within a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork
from baas.services.notifications.repository.messages import SHOWN

# A report may be quicker than the worker that writes down which message it was. So nobody hands one over while reports
# are being written, and nobody writes reports while it is being noted: one of the two then sees the other's.
_LOCK: Final = "select pg_advisory_xact_lock{shared}(hashtextextended($1, 7240))"


async def lock(work: StoreWork, *, shared: bool) -> None:
    """Keep reports (`shared`) and what they are about apart until the transaction ends."""
    await work.execute(
        _LOCK.format(shared="_shared" if shared else ""), work.scope.key("notification_reports")
    )


# What is about no message of ours is not kept, unless one is under way right now: it may be about that one.
_KEEP: Final = """
insert into notification_reports (store_id, id, message_id, status, error, at)
select $1, r.id, r.message_id, r.status, r.error, r.at
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) as r (id, message_id, status, error, at)
where exists (
  select from notifications n
  where n.store_id = $1 and n.channel = 'whatsapp' and n.provider_message_id = r.message_id
) or exists (
  select from notifications n
  where n.store_id = $1 and n.channel = 'whatsapp' and n.status = 'pending' and n.claimed_until > $7
)
order by r.message_id, r.status
on conflict (store_id, message_id, status) do nothing
returning message_id, status
"""


async def keep(
    work: StoreWork, reports: Sequence[tuple[UUID, str, str, str | None, datetime]], *, now: datetime
) -> list[Any]:
    """Write down what was not known yet; answers the message and the status of each. `now` is real time."""
    return await work.fetch(_KEEP, work.scope.store_id, *map(list, zip(*reports, strict=True)), now)


_FAIL: Final = f"""
with undelivered as (
  select n.store_id as store, n.id as notification, r.error as reason from notification_reports r
  join notifications n on n.store_id = r.store_id and n.provider_message_id = r.message_id and n.channel = 'whatsapp'
  where r.store_id = $1 and r.message_id = any($2::text[]) and r.status = 'failed' and n.status = 'sent'
    and not exists (
      select from notification_reports d
      where d.store_id = r.store_id and d.message_id = r.message_id and d.status in ('delivered', 'read')
    )
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
