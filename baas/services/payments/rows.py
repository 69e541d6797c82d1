"""The rows of the payments' tables, one struct for each shape that a statement returns."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from baas.core.db.rows import Projection, Row, Sql
from baas.services.payments.providers.base import Handle
from baas.services.payments.schemas import Finding, NextAction, Outcome, PaymentStatus, RefundStatus


class PaymentRow(Row, frozen=True):
    """One attempt to collect an amount through one provider."""

    __table__ = "payments"

    id: UUID
    order_id: UUID | None
    provider: str
    provider_payment_id: str | None
    provider_session: str | None
    status: PaymentStatus
    provider_status: str | None
    in_progress: bool
    amount: int
    amount_refunded: int
    currency: str
    reference: str | None
    description: str | None
    payer_email: str | None
    return_url: str | None
    next_action: NextAction | None
    failure_code: str | None
    flags: list[str]
    metadata: dict[str, Any]
    options: dict[str, Any]
    opened_at: datetime | None
    """None until its provider was asked to open it."""
    provider_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime
    paid_at: datetime | None


class FlaggedPaymentRow(Projection, frozen=True):
    """What a person has to know of a payment that carries a flag."""

    __table__ = "payments"

    id: UUID
    provider: str
    provider_payment_id: str | None
    status: PaymentStatus
    flags: list[str]
    amount: int
    currency: str


class Standing(Projection, frozen=True):
    """How the payments of one order stand together, in the currency's minor unit."""

    __table__ = "payments"

    collected: Annotated[
        int,
        Sql(
            "coalesce(sum(amount)"
            " filter (where status in ('paid', 'partially_refunded', 'refunded', 'disputed')), 0)::bigint"
        ),
    ]
    """Everything that ever came in, also what was given back or is disputed since."""
    refunded: Annotated[int, Sql("coalesce(sum(amount_refunded), 0)::bigint")]
    pending: Annotated[int, Sql("count(*) filter (where status = 'pending')")]
    """Attempts that may still be paid."""
    failed: Annotated[int, Sql("count(*) filter (where status = 'failed' or status = 'cancelled')")]
    disputed: Annotated[bool, Sql("coalesce(bool_or(status = 'disputed'), false)")]
    in_progress: Annotated[bool, Sql("coalesce(bool_or(status = 'pending' and in_progress), false)")]
    """A payer has done their part and the provider has not decided."""


class HistoryRow(Row, frozen=True):
    """One thing that happened to a payment, or was deliberately ignored."""

    __table__ = "payment_history"

    id: UUID
    payment_id: UUID
    outcome: Outcome
    from_status: PaymentStatus | None
    to_status: PaymentStatus
    provider_status: str | None
    source: str
    detail: str | None
    request_id: str
    created_at: datetime


class RefundRow(Projection, frozen=True):
    """Money given back of one payment."""

    __table__ = "refunds"

    id: UUID
    payment_id: UUID
    amount: int
    currency: str
    status: RefundStatus
    reason: str | None
    provider_refund_id: str | None
    origin: Literal["api", "provider"]
    failure_code: str | None
    attempts: int
    """How often its provider was asked for it."""
    next_attempt_at: datetime | None
    """When the worker asks for it; None when nobody has to."""
    created_at: datetime
    updated_at: datetime


class AccountRow(Projection, frozen=True):
    """A store's account with a provider, its secrets encrypted."""

    __table__ = "payment_provider_accounts"

    id: UUID
    provider: str
    credentials: bytes | None
    webhook_secret: bytes | None
    is_test: bool
    enabled: bool
    account_id: str | None
    reconciled_until: datetime | None
    reconcile_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ListedAccountRow(Projection, frozen=True):
    """An account without what is secret."""

    __table__ = "payment_provider_accounts"

    provider: str
    enabled: bool
    is_test: bool
    has_webhook_secret: Annotated[bool, Sql("webhook_secret is not null")]
    updated_at: datetime


class SecretsRow(Projection, frozen=True):
    """What of an account is encrypted."""

    __table__ = "payment_provider_accounts"

    provider: str
    credentials: bytes | None
    webhook_secret: bytes | None


class DueAccountRow(Projection, frozen=True):
    """An account of any store whose provider should be compared with our payments now."""

    __table__ = "payment_provider_accounts"

    store_id: UUID
    id: UUID
    provider: str


class DueRefundRow(Projection, frozen=True):
    """A refund of any store that still has to be asked for."""

    __table__ = "refunds"

    store_id: UUID
    id: UUID


class NotificationRow(Projection, frozen=True):
    """A notification of a provider that still has to be processed."""

    __table__ = "provider_events"

    id: UUID
    provider: str
    type: str
    handle: Handle | None
    """What to ask about. None for one that asks for nothing, which is processed as soon as it is written."""
    attempts: int


class DueNotificationRow(Projection, frozen=True):
    """A notification of any store that nobody has looked at yet, or that failed before."""

    __table__ = "provider_events"

    store_id: UUID
    id: UUID


class FlaggedNotificationRow(Projection, frozen=True):
    """A genuine notification that settled nothing."""

    __table__ = "provider_events"

    provider: str
    provider_event_id: str
    type: str
    outcome: Annotated[str, Sql("outcome")]
    """Never null here: the statement leaves those out that nothing became of yet."""
    payment_id: UUID | None
    error: str | None
    received_at: datetime


class ReconciliationRow(Row, frozen=True):
    """One comparison of our payments with a provider's own list."""

    __table__ = "payment_reconciliations"

    id: UUID
    provider: str
    source: str
    since: datetime
    until: datetime
    checked: int
    repaired: int
    findings: list[Finding]
    error: str | None
    started_at: datetime
    finished_at: datetime | None
