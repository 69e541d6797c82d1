"""The event log, and publishing the client's own events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.errors import NotFound, PayloadTooLarge, ValidationFailed
from baas.core.serving.paging import Page, PageOf
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work.outbox import emit, flush
from baas.webhooks.repository import events
from baas.webhooks.schemas.events import CUSTOM, MAX_DATA_BYTES, PUBLISHABLE, PublishEvent, StoredEvent
from baas.webhooks.service.deliveries import kept_span

_encode = msgspec.json.Encoder().encode


class _Body(msgspec.Struct):
    """What an event's frozen text holds."""

    id: str
    type: str
    api_version: str
    timestamp: str
    store_id: str
    subject: str
    sequence: int
    data: dict[str, Any]


_decode = msgspec.json.Decoder(_Body).decode


def event_out(row: Any) -> StoredEvent:
    """An event in its public form: what its receivers got, and the request that caused it."""
    return StoredEvent(**msgspec.structs.asdict(_decode(row["body"])), request_id=row["request_id"])


async def list_events(
    work: StoreWork,
    page: Page,
    *,
    event_type: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
) -> PageOf[StoredEvent]:
    """The store's events, newest first, as long as they are kept (90 days)."""
    since, until = kept_span(work.scope, since, until)
    filters = {"type": event_type, "subject": subject, "since": since, "until": until}
    before = UUID(page.after[0]) if page.after is not None else None
    rows = await events.find(work, filters, before=before, limit=page.limit + 1)
    total = await page.total(lambda: events.count(work, filters))
    return page.cut(rows, lambda row: [str(row["id"])], total=total).map(event_out)


async def bodies_since(work: StoreWork, moment: datetime) -> list[tuple[str, str, bytes]]:
    """Events as their receivers get them, made since a moment of the real time: id, type and the very bytes."""
    rows = await events.since(work, ids.at(moment))
    return [(ids.encode(Kind.EVENT, row["id"]), row["type"], row["body"].encode()) for row in rows]


async def get_event(work: StoreWork, event_id: UUID) -> StoredEvent:
    """One event. Raises NotFound."""
    row = await events.get(work, event_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.EVENT, event_id))
    return event_out(row)


async def publish_event(work: StoreWork, data: PublishEvent) -> StoredEvent:
    """Write an event of the client's own shop; with a known deduplication key, answer the first one.

    Raises ValidationFailed for a type that is not the client's to publish, PayloadTooLarge beyond 256 KiB.
    """
    if data.type not in PUBLISHABLE and not CUSTOM.fullmatch(data.type):
        raise ValidationFailed.field("type", f"is `custom.<name>` or one of {', '.join(sorted(PUBLISHABLE))}")
    size = len(_encode(data.data))
    if size > MAX_DATA_BYTES:
        raise PayloadTooLarge(
            "The data of an event is at most 256 KiB of JSON.", limit=MAX_DATA_BYTES, size=size
        )
    event_id = ids.new_id()
    if data.deduplication_key is not None:
        first = await events.claim_key(work, data.deduplication_key, event_id)
        if first != event_id:
            return await get_event(work, first)
    await emit(work, data.type, subject=_subject(data, event_id), data=data.data, event_id=event_id)
    await flush(work)
    return await get_event(work, event_id)


def _subject(data: PublishEvent, event_id: UUID) -> str:
    """What the event is about: as said, or as the data names itself, or nothing but itself."""
    if data.subject is not None:
        return data.subject
    named = data.data.get("id")
    if isinstance(named, int | str) and not isinstance(named, bool) and 0 < len(str(named)) <= 200:
        return str(named)
    return ids.encode(Kind.EVENT, event_id)
