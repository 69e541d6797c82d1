"""The event log, and publishing the client's own events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.errors import NotFound, PayloadTooLarge, ValidationFailed
from baas.core.serving.paging import Page, PageOf
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work import event_jobs
from baas.core.work.event_types import CustomType
from baas.core.work.outbox import emit, flush
from baas.tenants import audit
from baas.webhooks.errors import NothingFailed
from baas.webhooks.repository import events
from baas.webhooks.schemas.events import (
    CUSTOM,
    MAX_DATA_BYTES,
    PUBLISHABLE,
    EventState,
    HandlerFailure,
    PublishEvent,
    StoredEvent,
)
from baas.webhooks.service.deliveries import kept_span
from baas.webhooks.service.shapes import moment

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


def event_out(row: Any, failures: Sequence[HandlerFailure] = ()) -> StoredEvent:
    """An event in its public form: what its receivers got, the request that caused it, and who failed on it."""
    body = msgspec.structs.asdict(_decode(row["body"]))
    return StoredEvent(**body, request_id=row["request_id"], failures=list(failures))


async def _failures(work: StoreWork, rows: Sequence[Any]) -> dict[UUID, list[HandlerFailure]]:
    found: dict[UUID, list[HandlerFailure]] = {}
    for row in await event_jobs.failures_of(work, [row["id"] for row in rows]):
        again = moment(row.next_attempt_at)
        found.setdefault(row.event_id, []).append(
            HandlerFailure(
                handler=row.handler,
                state=EventState.DEAD if again is None else EventState.FAILING,
                attempts=row.attempts,
                failed_at=moment(row.failed_at),
                next_attempt_at=again,
                error_class=row.error_class,
                error=row.error,
            )
        )
    return found


async def list_events(
    work: StoreWork,
    page: Page,
    *,
    event_type: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
    state: EventState | None = None,
) -> PageOf[StoredEvent]:
    """The store's events, newest first, as long as they are kept (90 days; the dead until they are heard).

    `state` leaves those that handlers of the backend failed on.
    """
    since, until = kept_span(work.scope, since, until)
    filters = {"type": event_type, "subject": subject, "since": since, "until": until}
    before = UUID(page.after[0]) if page.after is not None else None
    if state is None:
        rows = await events.find(work, filters, before=before, limit=page.limit + 1)
        total = await page.total(lambda: events.count(work, filters))
    else:
        rows = await events.find_failing(work, state, filters, before=before, limit=page.limit + 1)
        total = await page.total(lambda: events.count_failing(work, state, filters))
    failures = await _failures(work, rows)
    return page.cut(rows, lambda row: [str(row["id"])], total=total).map(
        lambda row: event_out(row, failures.get(row["id"], ()))
    )


async def bodies_since(work: StoreWork, moment: datetime) -> list[tuple[str, str, bytes]]:
    """Events as their receivers get them, made since a moment of the real time: id, type and the very bytes."""
    rows = await events.since(work, ids.at(moment))
    return [(ids.encode(Kind.EVENT, row["id"]), row["type"], row["body"].encode()) for row in rows]


async def get_event(work: StoreWork, event_id: UUID) -> StoredEvent:
    """One event. Raises NotFound."""
    row = await events.get(work, event_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.EVENT, event_id))
    failures = await _failures(work, [row])
    return event_out(row, failures.get(event_id, ()))


async def retry_event(work: StoreWork, event_id: UUID) -> StoredEvent:
    """Let the backend's handlers that failed on an event try it again at once, and as often as at first.

    Raises NotFound, and NothingFailed when none has failed on it.
    """
    if not await event_jobs.retry(work, event_id):
        await get_event(work, event_id)
        raise NothingFailed
    await audit.record(work, "event.retry", subject=ids.encode(Kind.EVENT, event_id))
    return await get_event(work, event_id)


async def retry_dead(work: StoreWork, limit: int) -> int:
    """The same for the oldest dead events of the store, at most so many; answers how many."""
    found = await event_jobs.dead_events(work, limit)
    for event_id in found:
        await event_jobs.retry(work, event_id)
        await audit.record(work, "event.retry", subject=ids.encode(Kind.EVENT, event_id))
    return len(found)


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
    await emit(
        work, CustomType(data.type), subject=_subject(data, event_id), data=data.data, event_id=event_id
    )
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
