"""The rows of deliveries as the API of a store reads them."""

from datetime import datetime
from uuid import UUID

from baas.core.db.rows import Projection
from baas.webhooks.schemas.outbound import DeliveryStatus


class DeliveryRow(Projection, frozen=True):
    """One event for one endpoint, and what came of it."""

    __table__ = "webhook_deliveries"

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    subject: str
    sequence: int
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime
    delivered_at: datetime | None
    response_status: int | None
    """Status code of the last attempt."""
    error: str | None
    """Why the last attempt failed, in words."""
    created_at: datetime


class AttemptRow(Projection, frozen=True):
    """One HTTP request of a delivery and what came back."""

    __table__ = "webhook_attempts"

    number: int
    created_at: datetime
    response_status: int | None
    response_body: str | None
    duration_ms: int
    error: str | None
