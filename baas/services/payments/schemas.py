"""The public words of the payments: states, requests, answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from baas.core.errors import ValidationFailed
from baas.core.values.money import MAX_AMOUNT

Amount = Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="In the currency's minor unit")]
ProviderName = Annotated[str, Meta(min_length=1, max_length=40, examples=["sandbox"])]
ReturnUrl = Annotated[
    str,
    Meta(
        max_length=2000,
        pattern=r"^https?://[A-Za-z0-9.:\[\]_-]+([/?#][^\s\\]*)?$(?!\n)",
        description="Where the payer goes afterwards; `http` or `https`",
        examples=["https://mates.example/gracias"],
    ),
]
Reference = Annotated[str, Meta(min_length=1, max_length=200)]
Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$(?!\n)", examples=["ana@example.com"])]


SandboxToken = Annotated[
    Literal["approved", "rejected", "pending", "page"],
    Meta(
        description="Sandbox only: the first three decide at once, `page` leaves it to the payment page. "
        "Without it an amount that ends in 01 is rejected, in 02 kept in review, in 03 approved."
    ),
]


StripeMode = Annotated[
    Literal["checkout", "elements"],
    Meta(
        description="Stripe only: `checkout` (a page of Stripe's, as a redirect) unless told otherwise; "
        "`elements` for a shop that shows Stripe Elements, which is given a `client_secret`."
    ),
]


MAX_METADATA: Final = 16 * 1024
"""Bytes of JSON that a shop may keep with a payment or an order."""


def checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """The same metadata. Raises ValidationFailed when it is too large."""
    if len(msgspec.json.encode(metadata)) > MAX_METADATA:
        raise ValidationFailed.field("metadata", f"may have {MAX_METADATA} bytes of JSON")
    return metadata


class PaymentStatus(StrEnum):
    """Where an attempt to collect stands, the same words for every provider."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


_OPEN = frozenset({PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.CANCELLED})
MOVES: Final[dict[PaymentStatus, frozenset[PaymentStatus]]] = {
    PaymentStatus.PENDING: frozenset({PaymentStatus.PAID, PaymentStatus.FAILED, PaymentStatus.CANCELLED}),
    # A rejected attempt can still be paid on the provider's page, and money that came in is never ignored.
    PaymentStatus.FAILED: frozenset({PaymentStatus.PAID, PaymentStatus.CANCELLED}),
    PaymentStatus.CANCELLED: frozenset({PaymentStatus.PAID}),
    PaymentStatus.PAID: frozenset(
        {PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED, PaymentStatus.DISPUTED}
    ),
    PaymentStatus.PARTIALLY_REFUNDED: frozenset({PaymentStatus.REFUNDED, PaymentStatus.DISPUTED}),
    PaymentStatus.DISPUTED: frozenset(
        {PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}
    ),
    PaymentStatus.REFUNDED: frozenset(),
}
"""The single steps that a payment may take."""


def path(current: PaymentStatus, target: PaymentStatus) -> tuple[PaymentStatus, ...]:
    """The steps to where the provider is now; empty when that would be a step back, or no step at all.

    A payment that was paid and refunded before we first asked goes through `paid`, so that nobody who
    listens misses it.
    """
    if target in MOVES[current]:
        return (target,)
    if current in _OPEN and target in MOVES[PaymentStatus.PAID]:
        return (PaymentStatus.PAID, target)
    return ()


class RefundStatus(StrEnum):
    """Where a refund stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Redirect(msgspec.Struct, frozen=True, tag="redirect", tag_field="type"):
    """Send the payer to this page."""

    url: str


class ClientSecret(msgspec.Struct, frozen=True, tag="client_secret", tag_field="type"):
    """Hand this to the provider's own elements in the payer's browser."""

    client_secret: str


NextAction = Redirect | ClientSecret


class Refund(msgspec.Struct, frozen=True):
    """Money given back of one payment."""

    id: str
    payment_id: str
    amount: Annotated[int, Meta(examples=[1000000])]
    currency: str
    status: RefundStatus
    reason: Annotated[str | None, Meta(examples=["One of them arrived broken."])]
    provider_refund_id: str | None
    origin: Literal["api", "provider"]
    """`provider`: made in the provider's own panel."""
    failure_code: str | None
    created_at: datetime


class Payment(msgspec.Struct, frozen=True):
    """One attempt to collect an amount through one provider."""

    id: str
    order_id: str | None
    provider: str
    status: PaymentStatus
    provider_status: str | None
    """The provider's own word."""
    provider_payment_id: str | None
    amount: int
    amount_refunded: int
    currency: str
    reference: str | None
    description: Annotated[str | None, Meta(examples=["Order #1001"])]
    payer_email: str | None
    next_action: NextAction | None
    """What the payer has to do; null when nothing can be paid any more."""
    failure_code: str | None
    flags: list[str]
    """What a person should look at, such as `amount_mismatch`; usually empty."""
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    paid_at: datetime | None
    refunds: list[Refund]


class StorefrontPayment(msgspec.Struct, frozen=True):
    """A payment as the payer's browser sees it."""

    id: str
    order_id: str | None
    provider: str
    status: PaymentStatus
    provider_status: str | None
    amount: int
    amount_refunded: int
    currency: str
    reference: str | None
    next_action: NextAction | None
    failure_code: str | None
    created_at: datetime


Outcome = Literal[
    "created", "opened", "not_opened", "progressed", "moved", "ignored", "flagged", "cleared", "refunded"
]
"""What one line of a payment's history tells of."""
InboxOutcome = Literal["settled", "ignored", "flagged", "unknown_payment", "failed"]
"""What became of a provider's notification."""


class HistoryEntry(msgspec.Struct, frozen=True):
    """One thing that happened to a payment, or was deliberately ignored."""

    id: str
    at: datetime
    outcome: Outcome
    """`progressed`: the provider's own word changed and the status did not; `cleared`: the cause of a flag is gone."""
    from_status: Annotated[PaymentStatus | None, Meta(examples=["pending"])]
    to_status: PaymentStatus
    provider_status: str | None
    source: str
    """What made us look: `create`, `notification`, `api`, `reconciliation`, …"""
    detail: str | None
    request_id: str


class Payer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pays, as far as the shop knows."""

    email: Email | None = None


class ProviderOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only one provider understands of an attempt. Every request that opens one takes it.

    Each field is declared by one provider, in its `options` (D-082).
    """

    sandbox_token: SandboxToken | None = None
    stripe_mode: StripeMode | None = None

    @property
    def provider_options(self) -> dict[str, Any]:
        """The options that were given, by name."""
        return {
            name: value
            for name in ProviderOptions.__struct_fields__
            if (value := getattr(self, name)) is not None
        }


class CreatePayment(ProviderOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payment of a shop that keeps its own orders, or another attempt for one of ours."""

    provider: ProviderName
    amount: Amount
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", examples=["ARS"])] | None = None
    """The store's own when left out."""
    order_id: Annotated[str, Meta(max_length=80)] | None = None
    reference: Reference | None = None
    """The shop's own name for what is paid."""
    description: Annotated[str, Meta(max_length=500)] | None = None
    payer: Payer | None = None
    return_url: ReturnUrl | None = None
    metadata: dict[str, Any] = {}


class CreateRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give money back: all that is left, or a part."""

    amount: Annotated[Amount | None, Meta(examples=[1000000])] = None
    """Everything that was not refunded yet when left out."""
    reason: Annotated[str, Meta(max_length=500, examples=["One of them arrived broken."])] | None = None


class PaymentProvider(msgspec.Struct, frozen=True):
    """A provider as a store has it. Credentials are never shown again."""

    provider: str
    configured: bool
    enabled: bool
    is_test: bool | None
    """Whether the account moves test money; null while it is not configured."""
    needs_credentials: list[str]
    """The names that `credentials` must have."""
    takes_credentials: list[str]
    """The names that it may have besides."""
    has_webhook_secret: bool
    updated_at: datetime | None


class PutPaymentProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A store's account with a provider. What is left out stays as it is."""

    enabled: bool = True
    credentials: dict[str, Annotated[str, Meta(min_length=1, max_length=2000)]] | None = None
    webhook_secret: Annotated[str, Meta(min_length=8, max_length=500)] | None = None


class Received(msgspec.Struct, frozen=True):
    """What became of a proven notification."""

    received: bool
    """It is in the inbox now; not so what a platform is told of an account or a thing that no store has."""
    duplicate: Annotated[bool, Meta(examples=[False])]
    """It was there already."""


FindingKind = Literal["repaired", "unknown_payment", "flagged"]


class Finding(msgspec.Struct, frozen=True):
    """One thing in which we and the provider did not agree."""

    kind: Annotated[FindingKind, Meta(examples=["repaired"])]
    """`repaired`: our payment was moved to where the provider's is. The others need a person."""
    provider: str
    provider_payment_id: str | None
    payment_id: str | None
    detail: Annotated[str, Meta(examples=["The provider has it as approved; so do we now."])]


class ReconciliationRun(msgspec.Struct, frozen=True):
    """One comparison of our payments with a provider's own list."""

    id: str
    provider: Annotated[str, Meta(examples=["mercadopago"])]
    source: Annotated[str, Meta(examples=["schedule"])]
    """`schedule`, or `request` from the command line."""
    since: datetime
    until: datetime
    checked: int
    repaired: int
    findings: list[Finding]
    error: str | None
    started_at: datetime
    finished_at: datetime | None


class FlaggedNotification(msgspec.Struct, frozen=True):
    """A genuine notification that settled nothing."""

    provider: Annotated[str, Meta(examples=["mercadopago"])]
    provider_event_id: Annotated[str, Meta(examples=["1234567890"])]
    type: Annotated[str, Meta(examples=["payment"])]
    outcome: Annotated[str, Meta(examples=["unknown_payment"])]
    """`unknown_payment`, `flagged` (wrong amount, currency or mode), `failed`."""
    payment_id: str | None
    error: str | None
    received_at: datetime


class FlaggedPayment(msgspec.Struct, frozen=True):
    """A payment that a person should look at."""

    id: str
    provider: str
    provider_payment_id: str | None
    status: PaymentStatus
    flags: Annotated[list[str], Meta(examples=[["amount_mismatch"]])]
    amount: int
    currency: str


class ReconciliationReport(msgspec.Struct, frozen=True):
    """How the store's books and its providers' agree."""

    runs: list[ReconciliationRun]
    """The latest first."""
    flagged_payments: list[FlaggedPayment]
    flagged_notifications: list[FlaggedNotification]
