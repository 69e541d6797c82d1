"""Notifications, their content and their attempts, within a store."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.values import clock, ids

SHOWN: Final = (
    "id, channel, recipient, status, template_key, template_version, locale, subject, about, event_id, resent_from,"
    " attempts, next_attempt_at, provider, provider_message_id, action_url, error, created_at, sent_at"
)
"""What the public form of a notification is made from."""
_INSERT: Final = f"""
insert into notifications (store_id, id, channel, recipient, template_key, template_version, locale, data, subject,
  about, event_id, resent_from, status, error, next_attempt_at, created_at)
select $1, g.id, g.channel, g.recipient, g.template_key, g.template_version, g.locale, g.data, g.subject,
  g.about, g.event_id, g.resent_from, g.status, g.error, now() + $4::interval, $3
from jsonb_to_recordset($2) as g (id uuid, channel text, recipient text, template_key text, template_version bigint,
  locale text, data jsonb, subject text, about text, event_id uuid, resent_from uuid, status text, error text)
on conflict (store_id, event_id, template_key, channel) do nothing
returning {SHOWN}
"""


class New(msgspec.Struct, frozen=True, kw_only=True):
    """What a new notification is given."""

    channel: str
    recipient: str
    template_key: str | None
    locale: str
    data: dict[str, Any]
    template_version: int | None = None
    subject: str | None = None
    about: str | None = None
    event_id: UUID | None = None
    resent_from: UUID | None = None
    status: str = "pending"
    error: str | None = None
    id: UUID = msgspec.field(default_factory=ids.new_id)


async def insert(work: StoreWork, new: Sequence[New]) -> list[Any]:
    """Write new notifications, due now; answers the rows of those that did not follow from their events already."""
    return await work.fetch(_INSERT, work.scope.store_id, new, clock.now(work.scope), work.scope.clock_offset)


async def find(work: StoreWork, notification_id: UUID) -> Any | None:
    """One notification with its data."""
    return await work.fetchrow(
        f"select {SHOWN}, data from notifications where store_id = $1 and id = $2",
        work.scope.store_id,
        notification_id,
    )


async def lock(work: StoreWork, notification_id: UUID) -> Any | None:
    """One notification with its data, locked."""
    return await work.fetchrow(
        f"select {SHOWN}, data, round from notifications where store_id = $1 and id = $2 for update",
        work.scope.store_id,
        notification_id,
    )


async def listed(
    work: StoreWork, conditions: Mapping[str, Any], *, after: UUID | None, limit: int
) -> list[Any]:
    """Notifications, the newest first. `conditions` are columns and the values they must have."""
    arguments: list[Any] = [work.scope.store_id]
    where = ""
    for name, value in conditions.items():
        arguments.append(value)
        where += f" and {name} = ${len(arguments)}"
    if after is not None:
        arguments.append(after)
        where += f" and id < ${len(arguments)}"
    arguments.append(limit)
    return await work.fetch(
        f"select {SHOWN} from notifications where store_id = $1{where} order by id desc limit ${len(arguments)}",
        *arguments,
    )


async def counted(work: StoreWork, conditions: Mapping[str, Any]) -> int:
    """How many notifications meet the conditions."""
    where = "".join(f" and {name} = ${number}" for number, name in enumerate(conditions, start=2))
    found = await work.fetchval(
        f"select count(*) from notifications where store_id = $1{where}",
        work.scope.store_id,
        *conditions.values(),
    )
    return int(found)


async def content(work: StoreWork, notification_id: UUID) -> Any | None:
    """What a notification says, once it is rendered."""
    return await work.fetchrow(
        "select subject, html, body, provider_template from notification_contents"
        " where store_id = $1 and notification_id = $2",
        work.scope.store_id,
        notification_id,
    )


async def attempts(work: StoreWork, notification_id: UUID) -> list[Any]:
    """Every attempt, the first one first; of very many the last hundred."""
    rows = await work.fetch(
        "select number, provider, outcome, error, duration_ms, created_at from notification_attempts"
        " where store_id = $1 and notification_id = $2 order by id desc limit 100",
        work.scope.store_id,
        notification_id,
    )
    return rows[::-1]


async def begin_round(work: StoreWork, notification_id: UUID) -> Any:
    """Make a failed notification pending again: rendered anew, over the whole schedule."""
    await forget_contents(work, [notification_id])
    return await work.fetchrow(
        "update notifications set status = 'pending', round = round + 1, step = 0, next_attempt_at = now() + $3::interval,"
        " template_version = null, claimed_until = null"
        f" where store_id = $1 and id = $2 returning {SHOWN}",
        work.scope.store_id,
        notification_id,
        work.scope.clock_offset,
    )


async def forget_contents(work: StoreWork, notification_ids: Sequence[UUID]) -> None:
    """Delete what notifications say."""
    await work.execute(
        "delete from notification_contents where store_id = $1 and notification_id = any ($2::uuid[])",
        work.scope.store_id,
        list(notification_ids),
    )


async def forget_data(work: StoreWork, notification_ids: Sequence[UUID]) -> None:
    """Empty the data of notifications."""
    await work.execute(
        "update notifications set data = '{}'::jsonb where store_id = $1 and id = any ($2::uuid[])",
        work.scope.store_id,
        list(notification_ids),
    )


async def mails(work: StoreWork, *, limit: int) -> list[Any]:
    """The newest mails that have a content, for the inbox viewer."""
    return await work.fetch(
        "select n.id, n.recipient, n.status, n.provider, n.created_at, n.template_key, c.subject"
        " from notifications n join notification_contents c on c.store_id = n.store_id and c.notification_id = n.id"
        " where n.store_id = $1 and n.channel = 'email' order by n.id desc limit $2",
        work.scope.store_id,
        limit,
    )
