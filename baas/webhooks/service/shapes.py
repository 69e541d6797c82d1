"""Rows of deliveries in their public form."""

from datetime import datetime
from typing import Any

from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.webhooks.schemas.outbound import Attempt, Delivery, DeliveryStatus


def moment(value: datetime | None) -> str | None:
    """The wire form of a moment that may be absent."""
    return None if value is None else clock.rfc3339(value)


def delivery_fields(row: Any) -> dict[str, Any]:
    """The fields of a delivery, from a record with the columns of `repository.deliveries`."""
    return {
        "id": ids.encode(Kind.DELIVERY, row["id"]),
        "endpoint_id": ids.encode(Kind.ENDPOINT, row["endpoint_id"]),
        "event_id": ids.encode(Kind.EVENT, row["event_id"]),
        "event_type": row["event_type"],
        "subject": row["subject"],
        "sequence": row["sequence"],
        "status": DeliveryStatus(row["status"]),
        "attempts": row["attempts"],
        "next_attempt_at": moment(row["next_attempt_at"]) if row["status"] == "pending" else None,
        "delivered_at": moment(row["delivered_at"]),
        "response_status": row["response_status"],
        "error": row["error"],
        "created_at": clock.rfc3339(row["created_at"]),
    }


def delivery_out(row: Any) -> Delivery:
    """A delivery in its public form."""
    return Delivery(**delivery_fields(row))


def attempt_out(row: Any) -> Attempt:
    """An attempt in its public form."""
    return Attempt(
        number=row["number"],
        at=clock.rfc3339(row["created_at"]),
        response_status=row["response_status"],
        response_body=row["response_body"],
        duration_ms=row["duration_ms"],
        error=row["error"],
    )
