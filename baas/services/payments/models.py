"""The tables of the payments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from baas.core.db.tables import KEEP_ORDER, Base, StoreEntity, column, one_of, store_fk
from baas.services.payments.schemas import PaymentStatus, RefundStatus

_NOW = text("now()")
_NO_FLAGS = text("'{}'::text[]")


class PaymentRecord(StoreEntity, Base):
    """One attempt to collect an amount through one provider."""

    __tablename__ = "payments"
    __table_args__ = (
        store_fk("order_id", "orders"),
        Index(
            "uq_payments_store_id_provider_provider_payment_id",
            "store_id",
            "provider",
            "provider_payment_id",
            unique=True,
            postgresql_where=text("provider_payment_id is not null"),
        ),
        Index(
            "ix_payments_store_id_order_id",
            "store_id",
            "order_id",
            postgresql_where=text("order_id is not null"),
        ),
        Index(
            "ix_payments_store_id_reference",
            "store_id",
            "reference",
            postgresql_where=text("reference is not null"),
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("amount_refunded between 0 and amount", name="amount_refunded"),
        one_of("status", PaymentStatus),
    )

    order_id: Mapped[UUID | None] = column(keep=KEEP_ORDER)
    provider: Mapped[str] = column(keep=KEEP_ORDER)
    provider_payment_id: Mapped[str | None] = column(keep=KEEP_ORDER)
    provider_session: Mapped[str | None] = column(keep=KEEP_ORDER)
    status: Mapped[str] = column(keep=KEEP_ORDER)
    provider_status: Mapped[str | None] = column(keep=KEEP_ORDER)
    in_progress: Mapped[bool] = column(server_default=text("false"), keep=KEEP_ORDER)
    amount: Mapped[int] = column(keep=KEEP_ORDER)
    amount_refunded: Mapped[int] = column(server_default=text("0"), keep=KEEP_ORDER)
    currency: Mapped[str] = column(keep=KEEP_ORDER)
    reference: Mapped[str | None] = column(keep=KEEP_ORDER)
    description: Mapped[str | None] = column(keep=KEEP_ORDER)
    payer_email: Mapped[str | None] = column(pii=True, keep=KEEP_ORDER)
    return_url: Mapped[str | None] = column(keep=KEEP_ORDER)
    next_action: Mapped[dict[str, Any] | None] = column(keep=KEEP_ORDER)
    failure_code: Mapped[str | None] = column(keep=KEEP_ORDER)
    flags: Mapped[list[str]] = column(server_default=_NO_FLAGS, keep=KEEP_ORDER)
    metadata_: Mapped[dict[str, Any]] = column(
        "metadata", server_default=text("'{}'::jsonb"), pii=True, keep=KEEP_ORDER
    )
    options: Mapped[dict[str, Any]] = column(server_default=text("'{}'::jsonb"), keep=KEEP_ORDER)
    opened_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    provider_updated_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    created_at: Mapped[datetime] = column(keep=KEEP_ORDER)
    updated_at: Mapped[datetime] = column(keep=KEEP_ORDER)
    paid_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)


class RefundRecord(StoreEntity, Base):
    """Money given back of one payment."""

    __tablename__ = "refunds"
    __table_args__ = (
        store_fk("payment_id", "payments"),
        UniqueConstraint("store_id", "payment_id", "provider_refund_id"),
        Index("ix_refunds_due", "next_attempt_at", postgresql_where=text("next_attempt_at is not null")),
        CheckConstraint("amount > 0", name="amount"),
        one_of("status", RefundStatus),
    )

    payment_id: Mapped[UUID] = column(keep=KEEP_ORDER)
    amount: Mapped[int] = column(keep=KEEP_ORDER)
    currency: Mapped[str] = column(keep=KEEP_ORDER)
    status: Mapped[str] = column(keep=KEEP_ORDER)
    reason: Mapped[str | None] = column(pii=True, keep=KEEP_ORDER)
    provider_refund_id: Mapped[str | None] = column(keep=KEEP_ORDER)
    origin: Mapped[str] = column(keep=KEEP_ORDER)
    failure_code: Mapped[str | None] = column(keep=KEEP_ORDER)
    attempts: Mapped[int] = column(server_default=text("0"), keep=KEEP_ORDER)
    next_attempt_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    claimed_by: Mapped[int | None] = column(keep=KEEP_ORDER)
    """Who claimed it last (`baas.core.work.claims`)."""
    claimed_until: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    created_at: Mapped[datetime] = column(keep=KEEP_ORDER)
    updated_at: Mapped[datetime] = column(keep=KEEP_ORDER)


class PaymentHistory(StoreEntity, Base):
    """What happened to a payment, in order, and what was deliberately ignored."""

    __tablename__ = "payment_history"
    __table_args__ = (
        store_fk("payment_id", "payments"),
        Index("ix_payment_history_store_id_payment_id", "store_id", "payment_id", "id"),
    )

    payment_id: Mapped[UUID] = column(keep=KEEP_ORDER)
    outcome: Mapped[str] = column(keep=KEEP_ORDER)
    from_status: Mapped[str | None] = column(keep=KEEP_ORDER)
    to_status: Mapped[str] = column(keep=KEEP_ORDER)
    provider_status: Mapped[str | None] = column(keep=KEEP_ORDER)
    source: Mapped[str] = column(keep=KEEP_ORDER)
    detail: Mapped[str | None] = column(keep=KEEP_ORDER)
    request_id: Mapped[str] = column(keep=KEEP_ORDER)
    created_at: Mapped[datetime] = column(keep=KEEP_ORDER)


class ProviderAccount(StoreEntity, Base):
    """A store's account with a provider. What is secret is encrypted under the deployment's key ring."""

    __tablename__ = "payment_provider_accounts"
    __table_args__ = (
        UniqueConstraint("store_id", "provider"),
        Index("ix_payment_provider_accounts_account_id", "account_id", "provider"),
    )

    provider: Mapped[str] = column()
    credentials: Mapped[bytes | None] = column()
    webhook_secret: Mapped[bytes | None] = column()
    is_test: Mapped[bool] = column()
    enabled: Mapped[bool] = column()
    account_id: Mapped[str | None] = column()
    reconciled_until: Mapped[datetime | None] = column()
    reconcile_at: Mapped[datetime | None] = column()
    claimed_by: Mapped[int | None] = column()
    """Who claimed it last (`baas.core.work.claims`)."""
    claimed_until: Mapped[datetime | None] = column()
    created_at: Mapped[datetime] = column(server_default=_NOW)
    updated_at: Mapped[datetime] = column(server_default=_NOW)


class ProviderEvent(StoreEntity, Base):
    """The inbox: what a provider notified, once.

    Not partitioned by time like other tables that only grow: a notification that comes twice may come
    weeks apart, so its uniqueness has to hold over all rows. Old rows are deleted in batches instead.
    """

    __tablename__ = "provider_events"
    __table_args__ = (
        UniqueConstraint("store_id", "provider", "provider_event_id"),
        Index(
            "ix_provider_events_due", "next_attempt_at", postgresql_where=text("next_attempt_at is not null")
        ),
        Index(
            "ix_provider_events_flagged",
            "store_id",
            "received_at",
            postgresql_where=text("outcome not in ('settled', 'ignored')"),
        ),
        {"info": {"done": "next_attempt_at is null"}},
    )

    provider: Mapped[str] = column(keep="90d")
    provider_event_id: Mapped[str] = column(keep="90d")
    type: Mapped[str] = column(keep="90d")
    payment_id: Mapped[UUID | None] = column(keep="90d")
    received_at: Mapped[datetime] = column(keep="90d")
    processed_at: Mapped[datetime | None] = column(keep="90d")
    attempts: Mapped[int] = column(server_default=text("0"), keep="90d")
    error: Mapped[str | None] = column(keep="90d")
    handle: Mapped[dict[str, Any] | None] = column(keep="90d")
    outcome: Mapped[str | None] = column(keep="90d")
    next_attempt_at: Mapped[datetime | None] = column(keep="90d")
    claimed_by: Mapped[int | None] = column(keep="90d")
    """Who claimed it last (`baas.core.work.claims`)."""
    claimed_until: Mapped[datetime | None] = column(keep="90d")


class Reconciliation(StoreEntity, Base):
    """One comparison of our payments with a provider's own list."""

    __tablename__ = "payment_reconciliations"

    provider: Mapped[str] = column(keep=KEEP_ORDER)
    source: Mapped[str] = column(keep=KEEP_ORDER)
    since: Mapped[datetime] = column(keep=KEEP_ORDER)
    until: Mapped[datetime] = column(keep=KEEP_ORDER)
    checked: Mapped[int] = column(server_default=text("0"), keep=KEEP_ORDER)
    repaired: Mapped[int] = column(server_default=text("0"), keep=KEEP_ORDER)
    findings: Mapped[list[dict[str, Any]]] = column(
        type_=JSONB(), server_default=text("'[]'::jsonb"), keep=KEEP_ORDER
    )
    error: Mapped[str | None] = column(keep=KEEP_ORDER)
    started_at: Mapped[datetime] = column(keep=KEEP_ORDER)
    finished_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)


class SandboxPayment(StoreEntity, Base):
    """The sandbox's own books. It plays a stranger, so nothing points here and nothing is joined with it."""

    __tablename__ = "sandbox_payments"
    __table_args__ = (
        one_of("status", ("created", "in_review", "approved", "rejected")),
        CheckConstraint("amount_refunded between 0 and amount", name="amount_refunded"),
    )

    token: Mapped[str] = column(keep=KEEP_ORDER)
    status: Mapped[str] = column(keep=KEEP_ORDER)
    amount: Mapped[int] = column(keep=KEEP_ORDER)
    currency: Mapped[str] = column(keep=KEEP_ORDER)
    amount_refunded: Mapped[int] = column(server_default=text("0"), keep=KEEP_ORDER)
    refunds: Mapped[list[dict[str, Any]]] = column(
        type_=JSONB(), server_default=text("'[]'::jsonb"), keep=KEEP_ORDER
    )
    description: Mapped[str | None] = column(keep=KEEP_ORDER)
    return_url: Mapped[str | None] = column(keep=KEEP_ORDER)
    version: Mapped[int] = column(server_default=text("1"), keep=KEEP_ORDER)
    updated_at: Mapped[datetime] = column(keep=KEEP_ORDER)
