# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""Words of the API."""

from __future__ import annotations

from typing import Literal, Union

from baas_sdk._struct import OpenEnum


class AdjustmentReason(OpenEnum):
    """Why a person adds or takes stock."""

    CORRECTION = "correction"
    DAMAGED = "damaged"
    LOST = "lost"
    RECEIVED = "received"
    RETURNED = "returned"


AdjustmentReasonWord = Union[
    AdjustmentReason, Literal["correction", "damaged", "lost", "received", "returned"]
]
"""A AdjustmentReason, or its word."""


class CartStatus(OpenEnum):
    """Only an active cart can be changed. - `converted`: It became an order. - `abandoned`: Nobody touched
    it for two weeks, or it was merged into another.
    """

    ABANDONED = "abandoned"
    ACTIVE = "active"
    CONVERTED = "converted"


class Channel(OpenEnum):
    """`whatsapp` sends over the Cloud API; `whatsapp_link` makes a link that a person opens."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"
    WHATSAPP_LINK = "whatsapp_link"


ChannelWord = Union[Channel, Literal["email", "whatsapp", "whatsapp_link"]]
"""A Channel, or its word."""


class DeliveryStatus(OpenEnum):
    """A retry or a replay makes a failed one pending again."""

    DELIVERED = "delivered"
    FAILED = "failed"
    PENDING = "pending"


class DisabledReason(OpenEnum):
    """Why an endpoint gets nothing any more. - `owner`: It was disabled over the API. - `deleted`: It was
    deleted. - `gone`: The receiver answered 410. - `failed`: No attempt of the last five days succeeded.
    """

    DELETED = "deleted"
    FAILED = "failed"
    GONE = "gone"
    OWNER = "owner"


class EmailProvider(OpenEnum):
    """Over what a store's mail goes. - `deployment`: The sender of this deployment, with the store's name.
    Mail of test stores stays in the inbox viewer.
    """

    DEPLOYMENT = "deployment"
    RESEND = "resend"
    SENDGRID = "sendgrid"
    SMTP = "smtp"


EmailProviderWord = Union[EmailProvider, Literal["deployment", "resend", "sendgrid", "smtp"]]
"""A EmailProvider, or its word."""


class EndpointStatus(OpenEnum):
    """`failing` still gets deliveries, a few at a time; `disabled` gets none."""

    DISABLED = "disabled"
    ENABLED = "enabled"
    FAILING = "failing"


class EventState(OpenEnum):
    """Whether handlers of the backend have failed on an event. - `failing`: At least one has, and is asked
    again. - `dead`: At least one has so often that nobody asks it any more, until the event is retried.
    """

    DEAD = "dead"
    FAILING = "failing"


class FindingKind(OpenEnum):
    """Words of `FindingKind`."""

    FLAGGED = "flagged"
    REPAIRED = "repaired"
    UNKNOWN_PAYMENT = "unknown_payment"


class HistoryEntryOutcome(OpenEnum):
    """Words of `HistoryEntryOutcome`."""

    CLEARED = "cleared"
    CREATED = "created"
    FLAGGED = "flagged"
    IGNORED = "ignored"
    MOVED = "moved"
    NOT_OPENED = "not_opened"
    OPENED = "opened"
    PROGRESSED = "progressed"
    REFUNDED = "refunded"


class ImportFormat(OpenEnum):
    """Formats that can be read."""

    SHOPIFY = "shopify"


class ImportStatus(OpenEnum):
    """`pending` and `running` imports go on in the background."""

    DONE = "done"
    FAILED = "failed"
    PENDING = "pending"
    RUNNING = "running"


class KeyKind(OpenEnum):
    """`publishable` keys go into browsers and see the storefront; `secret` ones stay on servers."""

    PUBLISHABLE = "publishable"
    SECRET = "secret"


KeyKindWord = Union[KeyKind, Literal["publishable", "secret"]]
"""A KeyKind, or its word."""


class Mode(OpenEnum):
    """A test store never touches real money or real mailboxes; a live one always does."""

    LIVE = "live"
    TEST = "test"


class NotificationStatus(OpenEnum):
    """`sent` means handed over: to the mail server, to the Cloud API, or, for a link, that the link is
    made. A message that WhatsApp took and could not deliver goes on from `sent` to `failed` when
    WhatsApp says so.
    """

    FAILED = "failed"
    PENDING = "pending"
    SENT = "sent"


class OrderSource(OpenEnum):
    """Words of `OrderSource`."""

    ADMIN = "admin"
    STOREFRONT = "storefront"


class OrderStatus(OpenEnum):
    """Where an order stands. - `pending`: Taken, and nobody was asked to pay yet."""

    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    PAID = "paid"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_PENDING = "payment_pending"
    PENDING = "pending"
    PROCESSING = "processing"
    RETURNED = "returned"
    SHIPPED = "shipped"


class PaymentState(OpenEnum):
    """How the payments of an order stand together."""

    DISPUTED = "disputed"
    FAILED = "failed"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    PENDING = "pending"
    REFUNDED = "refunded"


class PaymentStatus(OpenEnum):
    """Where an attempt to collect stands, the same words for every provider."""

    CANCELLED = "cancelled"
    DISPUTED = "disputed"
    FAILED = "failed"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    PENDING = "pending"
    REFUNDED = "refunded"


class Policy(OpenEnum):
    """What happens when the stock is gone: the sale is refused, or goes on."""

    CONTINUE = "continue"
    DENY = "deny"


PolicyWord = Union[Policy, Literal["continue", "deny"]]
"""A Policy, or its word."""


class ProductStatus(OpenEnum):
    """Storefronts see active products only."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DRAFT = "draft"


ProductStatusWord = Union[ProductStatus, Literal["active", "archived", "draft"]]
"""A ProductStatus, or its word."""


class Reason(OpenEnum):
    """Why a level changed."""

    CORRECTION = "correction"
    COUNTED = "counted"
    DAMAGED = "damaged"
    INITIAL = "initial"
    LAPSED = "lapsed"
    LOST = "lost"
    RECEIVED = "received"
    RELEASED = "released"
    RESERVED = "reserved"
    RESTOCKED = "restocked"
    RETURNED = "returned"
    SOLD = "sold"


class RefundOrigin(OpenEnum):
    """Words of `RefundOrigin`."""

    API = "api"
    PROVIDER = "provider"


class RefundStatus(OpenEnum):
    """Where a refund stands."""

    FAILED = "failed"
    PENDING = "pending"
    SUCCEEDED = "succeeded"


class ReplayOf(OpenEnum):
    """Which events to send again."""

    ALL = "all"
    FAILED = "failed"


ReplayOfWord = Union[ReplayOf, Literal["all", "failed"]]
"""A ReplayOf, or its word."""


class ReportStatus(OpenEnum):
    """What WhatsApp reports and is worth remembering: its `sent` says no more than that it took the
    message.
    """

    DELIVERED = "delivered"
    FAILED = "failed"
    READ = "read"


class Security(OpenEnum):
    """How the connection to a mail server is encrypted; there is no way without."""

    STARTTLS = "starttls"
    TLS = "tls"


SecurityWord = Union[Security, Literal["starttls", "tls"]]
"""A Security, or its word."""


class Switch(OpenEnum):
    """What the owner of an endpoint may set."""

    DISABLED = "disabled"
    ENABLED = "enabled"


SwitchWord = Union[Switch, Literal["disabled", "enabled"]]
"""A Switch, or its word."""


class TemplateChannel(OpenEnum):
    """A text for WhatsApp serves both of its channels."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"


TemplateChannelWord = Union[TemplateChannel, Literal["email", "whatsapp"]]
"""A TemplateChannel, or its word."""


class VariantKind(OpenEnum):
    """Digital things need neither an address nor a shipment."""

    DIGITAL = "digital"
    PHYSICAL = "physical"


VariantKindWord = Union[VariantKind, Literal["digital", "physical"]]
"""A VariantKind, or its word."""
