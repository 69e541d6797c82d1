"""Rows of deliveries in their public form."""

from datetime import datetime
from typing import Final

from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.webhooks.rows import AttemptRow, DeliveryRow
from baas.webhooks.schemas.outbound import Attempt, Delivery, DeliveryStatus, DisabledReason

REASONS: Final = {
    DisabledReason.OWNER: "Disabled over the API.",
    DisabledReason.DELETED: "The endpoint was deleted.",
    DisabledReason.GONE: "The receiver answered 410: it does not want events any more.",
    DisabledReason.FAILED: "Every attempt of the last five days failed.",
}
"""What the API says of each reason."""


def reason_out(code: str | None) -> str | None:
    """The sentence for the stored reason of a disabled endpoint; None for one that is not disabled."""
    return None if code is None else REASONS[DisabledReason(code)]


def moment(value: datetime | None) -> str | None:
    """The wire form of a moment that may be absent."""
    return None if value is None else clock.rfc3339(value)


def delivery_out(row: DeliveryRow) -> Delivery:
    """A delivery in its public form."""
    return Delivery(
        id=ids.encode(Kind.DELIVERY, row.id),
        endpoint_id=ids.encode(Kind.ENDPOINT, row.endpoint_id),
        event_id=ids.encode(Kind.EVENT, row.event_id),
        event_type=row.event_type,
        subject=row.subject,
        sequence=row.sequence,
        status=row.status,
        attempts=row.attempts,
        next_attempt_at=moment(row.next_attempt_at) if row.status is DeliveryStatus.PENDING else None,
        delivered_at=moment(row.delivered_at),
        response_status=row.response_status,
        error=row.error,
        created_at=clock.rfc3339(row.created_at),
    )


def attempt_out(row: AttemptRow) -> Attempt:
    """An attempt in its public form."""
    return Attempt(
        number=row.number,
        at=clock.rfc3339(row.created_at),
        response_status=row.response_status,
        response_body=row.response_body,
        duration_ms=row.duration_ms,
        error=row.error,
    )
