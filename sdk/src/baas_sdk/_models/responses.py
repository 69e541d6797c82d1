# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""What the API answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from baas_sdk._models.enums import (
    CartStatus,
    Channel,
    DeliveryStatus,
    DisabledReason,
    EmailProvider,
    EndpointStatus,
    EventState,
    FindingKind,
    HistoryEntryOutcome,
    ImportFormat,
    ImportStatus,
    KeyKind,
    Mode,
    NotificationStatus,
    OrderSource,
    OrderStatus,
    PaymentState,
    PaymentStatus,
    Policy,
    ProductStatus,
    Reason,
    RefundOrigin,
    RefundStatus,
    ReportStatus,
    Security,
    TemplateChannel,
    VariantKind,
)
from baas_sdk._struct import Model


class AddressView(Model, kw_only=True):
    """An address as it is stored."""

    city: str
    company: str | None = None
    country: str
    line1: str
    line2: str | None = None
    name: str
    phone: str | None = None
    postal_code: str | None = None
    region: str | None = None
    tax_id: str | None = None


class ApiKeyOut(Model, kw_only=True):
    """A key without the key."""

    created_at: dt.datetime
    expires_at: dt.datetime | None
    id: str
    kind: KeyKind
    last_four: str
    last_used_at: dt.datetime | None
    name: str
    prefix: str
    revoked_at: dt.datetime | None
    scopes: list[str]


class Attempt(Model, kw_only=True):
    """One HTTP request of a delivery."""

    at: dt.datetime
    duration_ms: int
    error: str | None
    number: int
    response_body: str | None
    """The first 1 KiB of the answer as text."""
    response_status: int | None


class AuditLineOut(Model, kw_only=True):
    """One line of the audit log."""

    action: str
    actor_id: str
    actor_kind: str
    address: str | None
    """Where the request came from; null for what the backend or its command line did."""
    created_at: dt.datetime
    id: str
    new: dict[str, Any] | None
    old: dict[str, Any] | None
    request_id: str
    subject: str


class Cart(Model, kw_only=True):
    """A cart with its totals. Amounts are minor units of `currency`."""

    billing_address: AddressView | None
    currency: str
    discount_codes: list[str]
    discount_total: int
    email: str | None
    expires_at: dt.datetime
    id: str
    items: list[CartItem]
    prices_include_tax: bool
    requires_shipping: bool
    shipping_address: AddressView | None
    shipping_method_id: str | None
    shipping_total: int
    status: CartStatus
    subtotal: int
    tax_total: int
    """Contained in `total` in any case; added to the prices when they do not include tax."""
    total: int


class CartItem(Model, kw_only=True):
    """A line of a cart, at the price of this moment."""

    available: bool
    """Whether this quantity can be bought now."""
    id: str
    image_url: str | None
    price_changed: bool
    """Whether the price was another one when the line was added."""
    product_id: str
    product_name: str
    quantity: int
    sku: str | None
    total: int
    """`unit_price * quantity`."""
    unit_price: int
    variant_id: str
    variant_name: str


class Category(Model, kw_only=True):
    """A category as staff sees it."""

    created_at: dt.datetime
    id: str
    is_active: bool
    name: str
    parent_id: str | None
    position: int
    slug: str
    updated_at: dt.datetime


class CategoryNode(Model, kw_only=True):
    """A category and what is under it, as storefronts see it."""

    children: list[CategoryNode]
    id: str
    name: str
    parent_id: str | None
    position: int
    slug: str


class CategoryRef(Model, kw_only=True):
    """A category that a product is in."""

    id: str
    name: str
    slug: str


class Content(Model, kw_only=True):
    """What a message says."""

    body: str
    html: str | None
    subject: str


class CreatedApiKey(Model, kw_only=True):
    """A new key, shown this once."""

    created_at: dt.datetime
    expires_at: dt.datetime | None
    id: str
    key: str
    kind: KeyKind
    last_four: str
    last_used_at: dt.datetime | None
    name: str
    prefix: str
    revoked_at: dt.datetime | None
    scopes: list[str]


class Customer(Model, kw_only=True):
    """Somebody who buys."""

    created_at: dt.datetime
    email: str | None
    id: str
    locale: str | None
    name: str | None
    phone: str | None
    updated_at: dt.datetime


class Deleted(Model, kw_only=True):
    """What was deleted."""

    deleted: bool
    id: str


class Delivery(Model, kw_only=True):
    """One event for one endpoint."""

    attempts: int
    created_at: dt.datetime
    delivered_at: dt.datetime | None
    endpoint_id: str
    error: str | None
    """Why the last attempt failed, in words."""
    event_id: str
    """Also the `webhook-id` of every attempt: receivers deduplicate by it."""
    event_type: str
    id: str
    next_attempt_at: dt.datetime | None
    """None when no attempt is planned."""
    response_status: int | None
    """Of the last attempt."""
    sequence: int
    status: DeliveryStatus
    subject: str


class DeliveryWithAttempts(Model, kw_only=True):
    """A delivery and its history, the first attempt first; of very many attempts the last hundred."""

    attempt_log: list[Attempt]
    attempts: int
    created_at: dt.datetime
    delivered_at: dt.datetime | None
    endpoint_id: str
    error: str | None
    """Why the last attempt failed, in words."""
    event_id: str
    """Also the `webhook-id` of every attempt: receivers deduplicate by it."""
    event_type: str
    id: str
    next_attempt_at: dt.datetime | None
    """None when no attempt is planned."""
    response_status: int | None
    """Of the last attempt."""
    sequence: int
    status: DeliveryStatus
    subject: str


class EmailSettings(Model, kw_only=True):
    """Over what mail goes, without the secrets."""

    has_secret: bool
    host: str | None
    port: int | None
    provider: EmailProvider
    security: Security | None
    username: str | None


class Endpoint(Model, kw_only=True):
    """An address that gets events."""

    api_version: str
    consecutive_failures: int
    created_at: dt.datetime
    description: str | None
    disabled_code: DisabledReason | None
    """Why it is disabled; none when it is not."""
    disabled_reason: str | None
    """Why it is disabled, in English; `disabled_code` is for programs."""
    event_types: list[str]
    failing_since: dt.datetime | None
    """The first failure after the last success."""
    id: str
    ordered: bool
    previous_secret_ends_at: dt.datetime | None
    """Until then, deliveries are signed with the secret before the last rotation as well."""
    status: EndpointStatus
    updated_at: dt.datetime
    url: str


class EndpointTest(Model, kw_only=True):
    """What a test of an endpoint says."""

    endpoint_id: str
    message: str


class EndpointWithSecret(Model, kw_only=True):
    """An endpoint whose secret was just made. It is not shown again."""

    api_version: str
    consecutive_failures: int
    created_at: dt.datetime
    description: str | None
    disabled_code: DisabledReason | None
    """Why it is disabled; none when it is not."""
    disabled_reason: str | None
    """Why it is disabled, in English; `disabled_code` is for programs."""
    event_types: list[str]
    failing_since: dt.datetime | None
    """The first failure after the last success."""
    id: str
    ordered: bool
    previous_secret_ends_at: dt.datetime | None
    """Until then, deliveries are signed with the secret before the last rotation as well."""
    secret: str
    status: EndpointStatus
    updated_at: dt.datetime
    url: str


class ErasedCustomer(Model, kw_only=True):
    """A customer of whom nothing but the id is left: what you know of them has to go as well."""

    erased_at: dt.datetime
    id: str


class Finding(Model, kw_only=True):
    """One thing in which we and the provider did not agree."""

    detail: str
    kind: FindingKind
    """`repaired`: our payment was moved to where the provider's is. The others need a person."""
    payment_id: str | None
    provider: str
    provider_payment_id: str | None


class FlaggedNotification(Model, kw_only=True):
    """A genuine notification that settled nothing."""

    error: str | None
    outcome: str
    """`unknown_payment`, `flagged` (wrong amount, currency or mode), `failed`."""
    payment_id: str | None
    provider: str
    provider_event_id: str
    received_at: dt.datetime
    type: str


class FlaggedPayment(Model, kw_only=True):
    """A payment that a person should look at."""

    amount: int
    currency: str
    flags: list[str]
    id: str
    provider: str
    provider_payment_id: str | None
    status: PaymentStatus


class HandlerFailure(Model, kw_only=True):
    """How a handler of the backend failed on an event that it still has to hear."""

    attempts: int
    """Since the event, or since its last retry."""
    error: str | None
    """What went wrong the last time, in words, without the values that it was about."""
    error_class: str | None
    failed_at: dt.datetime | None
    """The last time."""
    handler: str
    next_attempt_at: dt.datetime | None
    """None when it is dead."""
    state: EventState


class HistoryEntry(Model, kw_only=True):
    """One thing that happened to a payment, or was deliberately ignored."""

    at: dt.datetime
    detail: str | None
    from_status: PaymentStatus | None
    id: str
    outcome: HistoryEntryOutcome
    """`progressed`: the provider's own word changed and the status did not; `cleared`: the cause of a flag
    is gone.
    """
    provider_status: str | None
    request_id: str
    source: str
    """What made us look: `create`, `notification`, `api`, `reconciliation`, …"""
    to_status: PaymentStatus


class ImageView(Model, kw_only=True):
    """An image of the product."""

    alt: str
    id: str
    position: int
    url: str
    variant_ids: list[str]


class Import(Model, kw_only=True):
    """A file and what became of it. Created, updated, skipped and failed count products; rows counts rows."""

    created: int
    created_at: dt.datetime
    error: str | None
    """Why the import as a whole failed."""
    failed: int
    filename: str
    finished_at: dt.datetime | None
    format: ImportFormat
    id: str
    problems: list[Problem]
    rows: int
    skipped: int
    status: ImportStatus
    updated: int


class Level(Model, kw_only=True):
    """The stock of one variant."""

    available: int
    """Pieces that can be bought: `on_hand - reserved`, never below zero."""
    low_stock_at: int | None
    on_hand: int
    """Pieces that exist."""
    policy: Policy
    product_id: str | None
    product_name: str | None
    reserved: int
    """Pieces that open orders hold."""
    sku: str | None
    tracked: bool
    updated_at: dt.datetime
    variant_id: str
    variant_name: str | None


class LimitUse(Model, kw_only=True):
    """One limit of the plan and how much of it is used; `limit` is null when there is none."""

    description: str
    limit: int | None
    name: str
    used: int | None


class MessageReport(Model, kw_only=True):
    """What WhatsApp reported after it had taken the message."""

    at: dt.datetime
    error: str | None
    """Why it failed, in words."""
    status: ReportStatus


class Movement(Model, kw_only=True):
    """One change of a level. The sums of all changes are the level."""

    actor: str | None
    """Who did it, when a person or a server of the store did."""
    created_at: dt.datetime
    id: str
    note: str | None
    on_hand_change: int
    order_id: str | None
    reason: Reason
    reserved_change: int
    variant_id: str


class Notification(Model, kw_only=True):
    """One message to one recipient over one channel."""

    about: str | None
    action_url: str | None
    """The link that a person has to open, of a `whatsapp_link`. Opening it is not sending it."""
    attempts: int
    channel: Channel
    created_at: dt.datetime
    error: str | None
    """Why the last attempt failed, in words."""
    event_id: str | None
    """The event that it follows from."""
    id: str
    locale: str
    next_attempt_at: dt.datetime | None
    """None when no attempt is planned."""
    provider: str | None
    """What it was handed to: `smtp`, `resend`, `sendgrid`, `inbox` (the viewer), `wa.me`, `whatsapp`."""
    provider_message_id: str | None
    resent_from: str | None
    sent_at: dt.datetime | None
    status: NotificationStatus
    subject: str | None
    template_key: str | None
    template_version: int | None
    """0 is the built-in one; known once it is rendered."""
    to: str


class NotificationAttemptOut(Model, kw_only=True):
    """One try."""

    at: dt.datetime
    duration_ms: int
    error: str | None
    number: int
    outcome: str
    """`sent`, `temporary` (it is tried again), `configuration` (likewise; the sender's settings are wrong)
    or `permanent`.
    """
    provider: str | None


class NotificationDetail(Model, kw_only=True):
    """A notification with its data, what it says (kept for 30 days) and every attempt, the first one first."""

    about: str | None
    action_url: str | None
    """The link that a person has to open, of a `whatsapp_link`. Opening it is not sending it."""
    attempt_log: list[NotificationAttemptOut]
    attempts: int
    channel: Channel
    content: Content | None
    created_at: dt.datetime
    data: dict[str, Any]
    error: str | None
    """Why the last attempt failed, in words."""
    event_id: str | None
    """The event that it follows from."""
    id: str
    locale: str
    next_attempt_at: dt.datetime | None
    """None when no attempt is planned."""
    provider: str | None
    """What it was handed to: `smtp`, `resend`, `sendgrid`, `inbox` (the viewer), `wa.me`, `whatsapp`."""
    provider_message_id: str | None
    reports: list[MessageReport]
    """What WhatsApp reported of it, the first report first; empty for other channels."""
    resent_from: str | None
    sent_at: dt.datetime | None
    status: NotificationStatus
    subject: str | None
    template_key: str | None
    template_version: int | None
    """0 is the built-in one; known once it is rendered."""
    to: str


class OptionView(Model, kw_only=True):
    """An option and its values, in their order."""

    name: str
    values: list[str]


class Order(Model, kw_only=True):
    """An order as the shop sees it. `total = subtotal - discount_total + shipping_total`, and `+ tax_total`
    when prices do not include tax.
    """

    access_token: str | None = None
    """For the customer's own page; given once, when the order is made."""
    amount_paid: int
    amount_refunded: int
    billing_address: AddressView | None
    cancel_reason: str | None
    cancelled_at: dt.datetime | None
    cart_id: str | None
    currency: str
    customer_id: str | None
    delivered_at: dt.datetime | None
    discount_total: int
    email: str | None
    expires_at: dt.datetime | None
    """When it is cancelled unless it is paid."""
    flags: list[str]
    """What a person should look at: `oversold`, `paid_after_cancel`, `overpaid`, …"""
    id: str
    items: list[OrderItem]
    metadata: dict[str, Any]
    needs_attention: bool
    note: str | None
    number: str
    paid_at: dt.datetime | None
    payment_status: PaymentState
    placed_at: dt.datetime
    prices_include_tax: bool
    reference: str | None
    returned_at: dt.datetime | None
    shipped_at: dt.datetime | None
    shipping_address: AddressView | None
    shipping_total: int
    source: OrderSource
    status: OrderStatus
    subtotal: int
    tax_total: int
    total: int
    tracking: Tracking | None
    updated_at: dt.datetime


class OrderItem(Model, kw_only=True):
    """One line as it was sold."""

    discount: int
    id: str
    image_url: str | None
    oversold: bool
    product_id: str | None
    product_name: str
    quantity: int
    refunded_quantity: int
    """Pieces that were given back on their own."""
    requires_shipping: bool
    sku: str | None
    tax: int
    total: int
    """`unit_price * quantity`."""
    unit_price: int
    variant_id: str | None
    variant_name: str | None


class OrderRefunds(Model, kw_only=True):
    """An order after money was given back, and the refunds that this made: one for each payment it came
    from.
    """

    order: Order
    refunds: list[Refund]


class OrderStats(Model, kw_only=True):
    """Orders placed in a time. Amounts are in the currency's minor unit."""

    average: int
    """`gross` for each paid order, rounded half up."""
    by_status: dict[str, int]
    currency: str
    gross: int
    """The totals of orders that were paid."""
    items_sold: int
    needs_attention: int
    net: int
    orders: int
    paid_orders: int
    placed_from: dt.datetime | None
    placed_to: dt.datetime | None
    refunded: int


class Payment(Model, kw_only=True):
    """One attempt to collect an amount through one provider."""

    amount: int
    amount_refunded: int
    created_at: dt.datetime
    currency: str
    description: str | None
    failure_code: str | None
    flags: list[str]
    """What a person should look at, such as `amount_mismatch`; usually empty."""
    id: str
    metadata: dict[str, Any]
    next_action: NextAction | None
    """What the payer has to do; null when nothing can be paid any more."""
    order_id: str | None
    paid_at: dt.datetime | None
    payer_email: str | None
    provider: str
    provider_payment_id: str | None
    provider_status: str | None
    """The provider's own word."""
    reference: str | None
    refunds: list[Refund]
    status: PaymentStatus
    updated_at: dt.datetime


class PaymentProvider(Model, kw_only=True):
    """A provider as a store has it. Credentials are never shown again."""

    configured: bool
    enabled: bool
    has_webhook_secret: bool
    is_test: bool | None
    """Whether the account moves test money; null while it is not configured."""
    needs_credentials: list[str]
    """The names that `credentials` must have."""
    provider: str
    takes_credentials: list[str]
    """The names that it may have besides."""
    updated_at: dt.datetime | None


class Placed(Model, kw_only=True):
    """What a checkout made."""

    order: StorefrontOrder
    payment: StorefrontPayment | None
    """Null when there is nothing to pay."""


class PriceRange(Model, kw_only=True):
    """The cheapest and the dearest variant."""

    max: int
    min: int


class Problem(Model, kw_only=True):
    """What was wrong with a row, and so with its product."""

    code: str
    handle: str
    message: str
    row: int
    """As a spreadsheet counts: the header is row 1."""


class Product(Model, kw_only=True):
    """A product as its store's staff sees it, and as events carry it."""

    categories: list[CategoryRef]
    created_at: dt.datetime
    currency: str
    description: str
    handle: str
    id: str
    images: list[ImageView]
    in_stock: bool
    metadata: dict[str, Any] | None = None
    """Not in what storefronts see."""
    name: str
    options: list[OptionView]
    price_range: PriceRange
    product_type: str
    seo: SeoView
    status: ProductStatus
    tags: list[str]
    updated_at: dt.datetime
    variants: list[VariantView]
    vendor: str


class ReconciliationReport(Model, kw_only=True):
    """How the store's books and its providers' agree."""

    flagged_notifications: list[FlaggedNotification]
    flagged_payments: list[FlaggedPayment]
    runs: list[ReconciliationRun]
    """The latest first."""


class ReconciliationRun(Model, kw_only=True):
    """One comparison of our payments with a provider's own list."""

    checked: int
    error: str | None
    findings: list[Finding]
    finished_at: dt.datetime | None
    id: str
    provider: str
    repaired: int
    since: dt.datetime
    source: str
    """`schedule`, or `request` from the command line."""
    started_at: dt.datetime
    until: dt.datetime


class Refund(Model, kw_only=True):
    """Money given back of one payment."""

    amount: int
    created_at: dt.datetime
    currency: str
    failure_code: str | None
    id: str
    origin: RefundOrigin
    """`provider`: made in the provider's own panel."""
    payment_id: str
    provider_refund_id: str | None
    reason: str | None
    status: RefundStatus


class Replayed(Model, kw_only=True):
    """How many deliveries are pending again."""

    count: int
    next_since: dt.datetime | None
    """When the batch was full: ask again with this as `since`."""


class Rule(Model, kw_only=True):
    """A rule as it stands."""

    audience: str
    """`customer` or `store` (the address in `alerts_to`)."""
    channels: list[Channel] | None = None
    enabled: bool | None = None
    event_type: str
    template_key: str


class SeoView(Model, kw_only=True):
    """What search engines show."""

    description: str
    title: str


class Settings(Model, kw_only=True):
    """How the store sends."""

    alerts_to: str | None
    brand: Brand
    email: EmailSettings
    locale: str
    reply_to: str | None
    rules: list[Rule]
    sender_email: str | None
    sender_name: str | None
    whatsapp: WhatsAppSettings | None


class StoreOut(Model, kw_only=True):
    """A store as its owner and the operator see it."""

    allowed_origins: list[str]
    country: str
    created_at: dt.datetime
    currency: str
    domain: str | None
    flags: dict[str, bool]
    id: str
    is_active: bool
    limits: dict[str, int]
    locale: str
    mode: Mode
    name: str
    plan: str
    prices_include_tax: bool
    settings: dict[str, Any]
    slug: str
    updated_at: dt.datetime


class StoredEvent(Model, kw_only=True):
    """An event as it was frozen, and as every receiver gets it, with the request that caused it."""

    api_version: str
    data: dict[str, Any]
    failures: list[HandlerFailure] | None = None
    """Which of the backend's own handlers failed on it and still have to hear it. (Deliveries are listed
    for themselves.)
    """
    id: str
    request_id: str
    sequence: int
    store_id: str
    subject: str
    timestamp: dt.datetime
    type: str


class StorefrontOrder(Model, kw_only=True):
    """An order as its customer sees it."""

    access_token: str | None = None
    """Opens `GET /storefront/orders/{id}?token=…`; given this once."""
    amount_refunded: int
    billing_address: AddressView | None
    cancel_reason: str | None
    cancelled_at: dt.datetime | None
    currency: str
    delivered_at: dt.datetime | None
    discount_total: int
    email: str | None
    expires_at: dt.datetime | None
    id: str
    items: list[OrderItem]
    note: str | None
    number: str
    paid_at: dt.datetime | None
    payment_status: PaymentState
    placed_at: dt.datetime
    prices_include_tax: bool
    shipped_at: dt.datetime | None
    shipping_address: AddressView | None
    shipping_total: int
    status: OrderStatus
    subtotal: int
    tax_total: int
    total: int
    tracking: Tracking | None


class StorefrontPayment(Model, kw_only=True):
    """A payment as the payer's browser sees it."""

    amount: int
    amount_refunded: int
    created_at: dt.datetime
    currency: str
    failure_code: str | None
    id: str
    next_action: NextAction | None
    order_id: str | None
    provider: str
    provider_status: str | None
    reference: str | None
    status: PaymentStatus


class StorefrontStore(Model, kw_only=True):
    """A store as its visitors see it."""

    country: str
    currency: str
    domain: str | None
    id: str
    locale: str
    mode: Mode
    name: str
    prices_include_tax: bool
    shipping_price: int


class Template(Model, kw_only=True):
    """One version of a template. Version 0 is the built-in one."""

    active: bool
    body: str
    channel: TemplateChannel
    created_at: dt.datetime | None
    created_by: str | None
    html: str | None
    key: str
    locale: str
    provider_template: ProviderTemplate | None
    subject: str | None
    version: int


class TemplateSummary(Model, kw_only=True):
    """A template that the store can use, without its text."""

    built_in: bool
    """Whether there is a built-in one to go back to."""
    channel: TemplateChannel
    key: str
    locale: str
    version: int
    """The one in use; 0 is the built-in one."""


class TestClock(Model, kw_only=True):
    """The store's time."""

    now: str
    """As the store sees it."""
    offset_seconds: int
    """How far it is ahead of the real time; 0 for a live store."""


class Transition(Model, kw_only=True):
    """One step of an order."""

    actor: str
    """Who: the kind and the public id of the caller."""
    at: dt.datetime
    from_status: OrderStatus | None
    reason: str | None
    request_id: str
    to_status: OrderStatus


class Usage(Model, kw_only=True):
    """What the store uses of its plan."""

    limits: list[LimitUse]
    period: str
    plan: str


class VariantView(Model, kw_only=True):
    """What is sold."""

    available: int | None
    """Pieces that can be bought; null when stock is not tracked, or the store does not show it."""
    barcode: str | None
    compare_at_price: int | None
    id: str
    image_id: str | None
    in_stock: bool
    kind: VariantKind
    name: str
    """The option values; empty for the only variant of a product without options."""
    option_values: list[str]
    position: int
    price: int
    requires_shipping: bool
    sku: str | None
    taxable: bool
    weight_grams: int


class WhatsAppSettings(Model, kw_only=True):
    """The store's number at the Cloud API, without the secrets."""

    has_app_secret: bool
    has_secret: bool
    has_verify_token: bool
    phone_number_id: str


class NextAction(Model, kw_only=True):
    """One of these, by its `type`. - `redirect`: Send the payer to this page. - `client_secret`: Hand this
    to the provider's own elements in the payer's browser.
    """

    type: str
    url: str | None = None
    client_secret: str | None = None


class Brand(Model, kw_only=True, omit_defaults=True):
    """How the store looks in its messages. What is absent comes from the store itself."""

    cart_url: str | None = None
    """Where a customer finds a cart again; `{id}` is filled in."""
    color: str | None = None
    footer: str | None = None
    logo_url: str | None = None
    name: str | None = None
    order_url: str | None = None
    """Where a customer sees an order; `{id}` and `{number}` are filled in."""
    url: str | None = None
    """The shop's own address."""


class ProviderTemplate(Model, kw_only=True, omit_defaults=True):
    """A message template that Meta approved, for messages outside the 24 hours after a customer's own."""

    language: str
    name: str
    parameters: Sequence[str] | None = None
    """Liquid, one for each variable of its body."""


class Tracking(Model, kw_only=True, omit_defaults=True):
    """Where the parcel can be followed."""

    carrier: str | None = None
    number: str | None = None
    url: str | None = None
