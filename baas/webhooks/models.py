"""Endpoints, deliveries, attempts, and the keys of custom events. See `policy` for when and how often, `repository` for who moves what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from baas.core.db.tables import Base, StoreEntity, StoreOwned, column, one_of, store_fk
from baas.webhooks.schemas.outbound import DeliveryStatus, DisabledReason, EndpointStatus

_PENDING = text("status = 'pending'")
_PENDING_IN_ORDER = text("status = 'pending' and ordered")


class WebhookEndpoint(StoreEntity, Base):
    """An address that gets a store's events. A deleted one stays, without its secret, for its history."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        one_of("status", EndpointStatus),
        one_of("disabled_reason", DisabledReason),
        CheckConstraint("deleted_at is null or status = 'disabled'", name="deleted_is_disabled"),
        CheckConstraint("consecutive_failures >= 0 and circuit_level >= 0", name="counts"),
    )

    url: Mapped[str] = column()
    description: Mapped[str | None] = column()
    event_types: Mapped[list[str]] = column()
    """Patterns: `*`, `order.*`, or the exact type."""
    secret: Mapped[bytes] = column(type_=LargeBinary())
    """Encrypted; so is the previous one, which signs as well until its end."""
    previous_secret: Mapped[bytes | None] = column(type_=LargeBinary())
    previous_secret_ends_at: Mapped[datetime | None] = column()
    api_version: Mapped[str] = column()
    """The shape of payloads that this endpoint was made for."""
    ordered: Mapped[bool] = column(server_default=text("false"))
    status: Mapped[str] = column(server_default=text("'enabled'"))
    disabled_reason: Mapped[str | None] = column()
    """A `DisabledReason`; what people read is made of it where they read it."""
    failing_since: Mapped[datetime | None] = column()
    """The first failure after the last success."""
    consecutive_failures: Mapped[int] = column(server_default=text("0"))
    circuit_open_until: Mapped[datetime | None] = column()
    """Nothing is sent before this moment; after it, one delivery at a time tries."""
    circuit_level: Mapped[int] = column(server_default=text("0"))
    """How often the circuit opened since the last success: each pause is longer than the one before."""
    created_at: Mapped[datetime] = column()
    updated_at: Mapped[datetime] = column()
    # D-024: a deleted endpoint stays as a row, for its deliveries to be readable.
    deleted_at: Mapped[datetime | None] = column()


class WebhookDelivery(StoreEntity, Base):
    """One event for one endpoint. What is sent is the body of the event's row, byte for byte.

    All times are the store's own, but for `claimed_until`, which is about processes and never advanced.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        store_fk("endpoint_id", "webhook_endpoints", ondelete="CASCADE"),
        # The event first: so it also finds the deliveries of an event.
        UniqueConstraint("store_id", "event_id", "endpoint_id"),
        one_of("status", DeliveryStatus),
        Index(
            "ix_webhook_deliveries_due",
            "store_id",
            "endpoint_id",
            "next_attempt_at",
            postgresql_where=_PENDING,
        ),
        Index(
            "ix_webhook_deliveries_order",
            "store_id",
            "endpoint_id",
            "subject",
            "sequence",
            postgresql_where=_PENDING_IN_ORDER,
        ),
        Index("ix_webhook_deliveries_endpoint", "store_id", "endpoint_id", "id"),
        # Rows lie in the order of their ids, nearly: a few bytes per megabyte find what is past its time.
        Index("ix_webhook_deliveries_age", "id", postgresql_using="brin"),
        # Half-empty pages keep the claim's update on the page of each row, without touching an index.
        {"postgresql_with": {"fillfactor": 45}},
    )

    endpoint_id: Mapped[UUID] = column(keep="90d")
    event_id: Mapped[UUID] = column(keep="90d")
    event_type: Mapped[str] = column(keep="90d")
    subject: Mapped[str] = column(keep="90d")
    sequence: Mapped[int] = column(keep="90d")
    ordered: Mapped[bool] = column(keep="90d")
    """Whether the endpoint asked for order; counts while it still does."""
    status: Mapped[str] = column(keep="90d", server_default=text("'pending'"))
    attempts: Mapped[int] = column(keep="90d", server_default=text("0"))
    step: Mapped[int] = column(keep="90d", server_default=text("0"))
    """How many steps of the schedule are spent; a retry or replay begins it again."""
    next_attempt_at: Mapped[datetime] = column(keep="90d")
    claimed_until: Mapped[datetime | None] = column(keep="90d")
    """A process is sending it, until then at most (`baas.core.work.claims`)."""
    delivered_at: Mapped[datetime | None] = column(keep="90d")
    response_status: Mapped[int | None] = column(keep="90d")
    """Of the last attempt; so is the error."""
    error: Mapped[str | None] = column(keep="90d")
    created_at: Mapped[datetime] = column(keep="90d")
    claimed_by: Mapped[int | None] = column(keep="90d")
    """Who claimed it last."""


class WebhookAttempt(StoreEntity, Base):
    """One HTTP request of a delivery and what came back. Append only, kept by month."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        Index("ix_webhook_attempts_delivery", "store_id", "delivery_id", "id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    delivery_id: Mapped[UUID] = column(keep="90d")
    number: Mapped[int] = column(keep="90d")
    """Of the delivery's attempts, from 1."""
    response_status: Mapped[int | None] = column(keep="90d")
    response_body: Mapped[str | None] = column(pii=True, keep="90d")
    """The first 1 KiB as text."""
    duration_ms: Mapped[int] = column(keep="90d")
    error: Mapped[str | None] = column(keep="90d")
    """What went wrong, in words; none when the answer was 2xx."""
    created_at: Mapped[datetime] = column(keep="90d")


class EventDeduplication(StoreOwned, Base):
    """The event that a deduplication key made."""

    __tablename__ = "event_deduplications"
    __table_args__ = (Index("ix_event_deduplications_created_at", "created_at"),)

    key: Mapped[str] = column(primary_key=True, keep="90d")
    event_id: Mapped[UUID] = column(keep="90d")
    created_at: Mapped[datetime] = column(keep="90d")
