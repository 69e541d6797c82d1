"""Endpoints: where a store wants which events. Every change leaves a line in the audit log."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from baas import API_VERSION
from baas.core.crypto import KeyRing
from baas.core.db import StoreSession, StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.outgoing.http import OutgoingClient, OutgoingRefused
from baas.core.scope import Mode, StoreScope
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.event_types import EventType
from baas.core.work.outbox import emit, flush
from baas.tenants import audit, limits
from baas.webhooks import policy, signing
from baas.webhooks.errors import EndpointDisabled
from baas.webhooks.events import EndpointEvent
from baas.webhooks.models import WebhookEndpoint
from baas.webhooks.repository import deliveries
from baas.webhooks.schemas.events import CUSTOM
from baas.webhooks.schemas.outbound import (
    CreateEndpoint,
    Delivery,
    DisabledReason,
    Endpoint,
    EndpointStatus,
    EndpointWithSecret,
    Switch,
    UpdateEndpoint,
)
from baas.webhooks.schemas.payloads import EndpointTest
from baas.webhooks.secrets import seal
from baas.webhooks.service.shapes import REASONS, delivery_out, moment, reason_out


def endpoint_out(row: WebhookEndpoint) -> Endpoint:
    """What the API shows of an endpoint: all but its secrets."""
    return Endpoint(**_fields(row))


def _fields(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": ids.encode(Kind.ENDPOINT, row.id),
        "url": row.url,
        "description": row.description,
        "event_types": list(row.event_types),
        "ordered": row.ordered,
        "status": EndpointStatus(row.status),
        "disabled_reason": reason_out(row.disabled_reason),
        "disabled_code": None if row.disabled_reason is None else DisabledReason(row.disabled_reason),
        "api_version": row.api_version,
        "failing_since": moment(row.failing_since),
        "consecutive_failures": row.consecutive_failures,
        "previous_secret_ends_at": moment(row.previous_secret_ends_at),
        "created_at": clock.rfc3339(row.created_at),
        "updated_at": clock.rfc3339(row.updated_at),
    }


def check_url(http: OutgoingClient, scope: StoreScope, url: str) -> None:
    """Refuse an address that would be refused at every attempt, naming the reason."""
    try:
        http.check_url(url, allow_insecure=scope.mode is Mode.TEST)
    except OutgoingRefused as refusal:
        raise ValidationFailed.field("url", str(refusal)) from None


def check_event_types(
    known: Mapping[str, EventType], patterns: list[str], field: str = "event_types"
) -> list[str]:
    """The patterns without repetitions. A type that no event can have is refused: it is a typing mistake."""
    types = known.keys() - {EndpointEvent.TEST}
    families = {"custom", *(name.partition(".")[0] for name in types)}
    for number, pattern in enumerate(patterns):
        family = pattern.removesuffix(".*")
        possible = (
            pattern == "*"
            or pattern in types
            or CUSTOM.fullmatch(pattern)
            or (family != pattern and (family in families or CUSTOM.fullmatch(family)))
        )
        if not possible:
            raise ValidationFailed.field(
                f"{field}[{number}]", "is no event type, nor `*` or a family such as `order.*`"
            )
    return list(dict.fromkeys(patterns))


async def _find(session: StoreSession, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id, WebhookEndpoint.deleted_at.is_(None)
    )
    # Endpoints are locked before their deliveries, here and by the worker, so that the two never cross.
    row = await session.scalar(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise NotFound(id=ids.encode(Kind.ENDPOINT, endpoint_id))
    return row


async def count(work: StoreWork) -> int:
    """How many endpoints the store has, whatever their state; the plan limits them."""
    found = await work.fetchval(
        "select count(*) from webhook_endpoints where store_id = $1 and deleted_at is null",
        work.scope.store_id,
    )
    return int(found)


async def create_endpoint(
    session: StoreSession,
    keyring: KeyRing,
    http: OutgoingClient,
    known: Mapping[str, EventType],
    data: CreateEndpoint,
) -> EndpointWithSecret:
    """Register an address. The answer is the only place where its secret is shown."""
    scope = session.scope
    check_url(http, scope, data.url)
    event_types = check_event_types(known, data.event_types)
    # Two requests at once would both find room for one more.
    await session.execute(
        "select pg_advisory_xact_lock(hashtextextended($1, 7237))", scope.key("webhook_endpoints")
    )
    limits.check(session, "webhook_endpoints", used=await count(session))
    now = clock.now(scope)
    secret = signing.new_secret()
    row = WebhookEndpoint(
        id=ids.new_id(),
        url=data.url,
        description=data.description,
        event_types=event_types,
        secret=seal(keyring, scope.store_id, secret),
        api_version=API_VERSION,
        ordered=data.ordered,
        status=EndpointStatus.ENABLED,
        consecutive_failures=0,
        circuit_level=0,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        "webhook_endpoint.create",
        subject=ids.encode(Kind.ENDPOINT, row.id),
        new={"url": row.url, "event_types": event_types, "ordered": row.ordered},
    )
    return EndpointWithSecret(**_fields(row), secret=secret)


async def list_endpoints(session: StoreSession, page: Page) -> PageOf[Endpoint]:
    """The store's endpoints, newest first."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.deleted_at.is_(None))
    if page.after is not None:
        query = query.where(WebhookEndpoint.id < UUID(page.after[0]))
    rows = (await session.scalars(query.order_by(WebhookEndpoint.id.desc()).limit(page.limit + 1))).all()
    total = await page.total(lambda: count(session))
    return page.cut(rows, lambda row: [str(row.id)], total=total).map(endpoint_out)


async def get_endpoint(session: StoreSession, endpoint_id: UUID) -> Endpoint:
    """One endpoint. Raises NotFound, also for a deleted one."""
    return endpoint_out(await _find(session, endpoint_id))


async def update_endpoint(
    session: StoreSession,
    http: OutgoingClient,
    known: Mapping[str, EventType],
    endpoint_id: UUID,
    data: UpdateEndpoint,
) -> Endpoint:
    """Change what is given. Disabling ends what is pending; enabling clears the failures."""
    row = await _find(session, endpoint_id, lock=True)
    before = {name: getattr(row, name) for name in ("url", "event_types", "description", "ordered", "status")}
    if data.url is not msgspec.UNSET:
        check_url(http, session.scope, data.url)
        row.url = data.url
    if data.event_types is not msgspec.UNSET:
        row.event_types = check_event_types(known, data.event_types)
    if data.description is not msgspec.UNSET:
        row.description = data.description
    if data.ordered is not msgspec.UNSET:
        row.ordered = data.ordered
        if data.ordered and not before["ordered"]:
            await deliveries.put_in_order(session, row.id)
    if data.status is Switch.DISABLED and row.status != EndpointStatus.DISABLED:
        await _disable(session, row, DisabledReason.OWNER)
    elif data.status is Switch.ENABLED:
        row.status = EndpointStatus.ENABLED
        row.disabled_reason = row.failing_since = row.circuit_open_until = None
        row.consecutive_failures = row.circuit_level = 0
    changed = {name: old for name, old in before.items() if getattr(row, name) != old}
    if changed:
        row.updated_at = clock.now(session.scope)
        await session.flush()
        await audit.record(
            session,
            "webhook_endpoint.update",
            subject=ids.encode(Kind.ENDPOINT, row.id),
            old=changed,
            new={name: getattr(row, name) for name in changed},
        )
    return endpoint_out(row)


async def delete_endpoint(session: StoreSession, endpoint_id: UUID) -> Endpoint:
    """Take an endpoint away with its secrets. What was sent to it stays readable as long as the log."""
    row = await _find(session, endpoint_id, lock=True)
    await _disable(session, row, DisabledReason.DELETED)
    row.deleted_at = row.updated_at = clock.now(session.scope)
    row.secret, row.previous_secret, row.previous_secret_ends_at = b"", None, None
    await session.flush()
    await audit.record(
        session, "webhook_endpoint.delete", subject=ids.encode(Kind.ENDPOINT, row.id), old={"url": row.url}
    )
    return endpoint_out(row)


async def rotate_secret(session: StoreSession, keyring: KeyRing, endpoint_id: UUID) -> EndpointWithSecret:
    """Make a new secret. For 24 hours deliveries are signed with the old one as well.

    A second rotation within that time ends the oldest secret at once.
    """
    row = await _find(session, endpoint_id, lock=True)
    now = clock.now(session.scope)
    secret = signing.new_secret()
    row.previous_secret, row.previous_secret_ends_at = row.secret, now + policy.SECRET_OVERLAP
    row.secret = seal(keyring, session.scope.store_id, secret)
    row.updated_at = now
    await session.flush()
    await audit.record(session, "webhook_endpoint.rotate_secret", subject=ids.encode(Kind.ENDPOINT, row.id))
    return EndpointWithSecret(**_fields(row), secret=secret)


async def send_test(session: StoreSession, endpoint_id: UUID) -> Delivery:
    """Send a `webhook_endpoint.test` event to this endpoint alone, whatever its patterns.

    The answer is the delivery, pending; ask for it again to see how it went.
    """
    row = await _find(session, endpoint_id)
    if row.status == EndpointStatus.DISABLED:
        raise EndpointDisabled(reason=reason_out(row.disabled_reason))
    event_id = ids.new_id()
    subject = ids.encode(Kind.ENDPOINT, row.id)
    await emit(
        session,
        EndpointEvent.TEST,
        subject=subject,
        data=EndpointTest(endpoint_id=subject, message="This is a test of your webhook endpoint."),
        event_id=event_id,
    )
    await flush(session)
    await deliveries.probe_now(session, endpoint_id)
    record = await deliveries.insert_for(session, endpoint_id, event_id, ordered=row.ordered)
    return delivery_out(record)


async def give_up(session: StoreSession, endpoint_id: UUID, reason: DisabledReason) -> bool:
    """Disable an endpoint that cannot be reached, and say so: an event and a line in the audit log.

    Answers False when it is disabled already: two workers may come to the same conclusion.
    """
    try:
        row = await _find(session, endpoint_id, lock=True)
    except NotFound:
        return False
    if row.status == EndpointStatus.DISABLED:
        return False
    old = {"status": row.status}
    await _disable(session, row, reason)
    row.updated_at = clock.now(session.scope)
    await session.flush()
    subject = ids.encode(Kind.ENDPOINT, row.id)
    await audit.record(
        session,
        "webhook_endpoint.give_up",
        subject=subject,
        old=old,
        new={"status": row.status, "disabled_code": reason},
    )
    await emit(session, EndpointEvent.DISABLED, subject=subject, data=endpoint_out(row))
    return True


async def _disable(session: StoreSession, row: WebhookEndpoint, reason: DisabledReason) -> None:
    row.status, row.disabled_reason = EndpointStatus.DISABLED, reason
    await deliveries.fail_pending(session, row.id, REASONS[reason])
