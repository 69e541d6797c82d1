"""Deliveries: what happened to each, and sending again."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import select

from baas.core.db import StoreSession, StoreWork
from baas.core.errors import NotFound
from baas.core.scope import StoreScope
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.event_types import EventType
from baas.core.work.outbox import EVENTS_KEPT_DAYS
from baas.tenants import audit
from baas.webhooks.errors import EndpointDisabled
from baas.webhooks.models import WebhookEndpoint
from baas.webhooks.repository import deliveries
from baas.webhooks.schemas.outbound import (
    Delivery,
    DeliveryFilter,
    DeliveryWithAttempts,
    EndpointStatus,
    Replay,
    Replayed,
    ReplayOf,
)
from baas.webhooks.service.endpoints import check_event_types
from baas.webhooks.service.shapes import attempt_out, delivery_out, moment, reason_out

_SHOWN_ATTEMPTS = 100


def kept_span(
    scope: StoreScope, since: datetime | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """The part of a span of time for which the log is kept; dates far outside it would fit no column."""
    now = clock.now(scope)
    first, last = now - timedelta(days=EVENTS_KEPT_DAYS + 1), now + timedelta(days=1)

    def within(value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return min(max(value if value.tzinfo else value.replace(tzinfo=UTC), first), last)

    return within(since), within(until)


async def list_deliveries(work: StoreWork, page: Page, filters: DeliveryFilter) -> PageOf[Delivery]:
    """A store's deliveries, newest first. An id of another kind or store leaves nothing."""
    since, until = kept_span(work.scope, filters.since, filters.until)
    chosen = deliveries.Filters(
        endpoint_id=ids.decode(Kind.ENDPOINT, filters.endpoint_id) if filters.endpoint_id else None,
        event_id=ids.decode(Kind.EVENT, filters.event_id) if filters.event_id else None,
        event_type=filters.event_type,
        status=filters.status,
        since=since,
        until=until,
    )
    before = UUID(page.after[0]) if page.after is not None else None
    rows = await deliveries.find(work, chosen, before=before, limit=page.limit + 1)
    total = await page.total(lambda: deliveries.count(work, chosen))
    return page.cut(rows, lambda row: [str(row.id)], total=total).map(delivery_out)


async def touched(work: StoreWork, since: datetime, pending: Iterable[str]) -> list[Delivery]:
    """What happened since a moment of the real time, however old a delivery is, and how the pending ones are now."""
    rows = await deliveries.touched(work, since, [ids.decode(Kind.DELIVERY, one) for one in pending])
    return [delivery_out(row) for row in rows]


async def get_delivery(work: StoreWork, delivery_id: UUID) -> DeliveryWithAttempts:
    """A delivery and each of its attempts. Raises NotFound."""
    row = await deliveries.get(work, delivery_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.DELIVERY, delivery_id))
    attempts = await deliveries.attempts_of(work, delivery_id, _SHOWN_ATTEMPTS)
    return DeliveryWithAttempts(
        **msgspec.structs.asdict(delivery_out(row)), attempt_log=[attempt_out(item) for item in attempts]
    )


async def retry_delivery(work: StoreWork, delivery_id: UUID) -> Delivery:
    """Send a delivery again, now, with its schedule from the start.

    Raises NotFound, or EndpointDisabled when its endpoint takes nothing.
    """
    row = await deliveries.get(work, delivery_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.DELIVERY, delivery_id))
    await deliveries.probe_now(work, row.endpoint_id)
    again = await deliveries.retry(work, delivery_id)
    if again is None:
        raise EndpointDisabled
    return delivery_out(again)


async def replay(
    session: StoreSession, known: Mapping[str, EventType], endpoint_id: UUID, data: Replay
) -> Replayed:
    """Send an endpoint again what failed since a moment, or everything, up to ten thousand at a time.

    Receivers see the same `webhook-id` as before, so one that deduplicates drops what it had taken.
    """
    row = await session.scalar(
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.deleted_at.is_(None))
    )
    if row is None:
        raise NotFound(id=ids.encode(Kind.ENDPOINT, endpoint_id))
    if row.status == EndpointStatus.DISABLED:
        raise EndpointDisabled(reason=reason_out(row.disabled_reason))
    since, until = kept_span(session.scope, data.since, data.until)
    assert since is not None
    await deliveries.probe_now(session, endpoint_id)
    count, rest = await deliveries.replay(
        session,
        endpoint_id,
        since=since,
        until=until,
        event_types=check_event_types(known, data.event_types) if data.event_types is not None else None,
        failed_only=data.which is ReplayOf.FAILED,
    )
    await audit.record(
        session,
        "webhook_endpoint.replay",
        subject=ids.encode(Kind.ENDPOINT, endpoint_id),
        new={"which": data.which.value, "since": moment(since), "count": count},
    )
    return Replayed(count=count, next_since=moment(rest))
