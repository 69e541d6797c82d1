"""The rows of the orders' tables, one struct for each shape that a statement returns."""

from datetime import datetime
from typing import Any, Literal, TypedDict
from uuid import UUID

from baas.core.db.rows import Projection, Row
from baas.services.orders.schemas import OrderStatus, PaymentState, Tracking


class OrderRow(Row, frozen=True):
    """What was agreed, frozen with its prices, taxes and addresses, and where it stands."""

    __table__ = "orders"

    id: UUID
    number: int
    status: OrderStatus
    payment_status: PaymentState
    currency: str
    subtotal: int
    discount_total: int
    shipping_total: int
    tax_total: int
    total: int
    prices_include_tax: bool
    amount_paid: int
    amount_refunded: int
    email: str | None
    customer_id: UUID | None
    cart_id: UUID | None
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    note: str | None
    reference: str | None
    metadata: dict[str, Any]
    source: Literal["storefront", "admin"]
    paid_outside: bool
    holds_stock: bool
    """Whether stock was reserved for it, so that cancelling it gives stock back."""
    is_digital: bool
    tracking: Tracking | None
    flags: list[str]
    access_token_hash: bytes | None
    due_at: datetime | None
    """When the clock has to look at it next, in the store's time; None when it need not."""
    expires_at: datetime | None
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    returned_at: datetime | None
    updated_at: datetime


class OrderChanges(TypedDict, total=False):
    """Columns of an order that may change after it was placed. Its status only changes by a step."""

    payment_status: PaymentState
    amount_paid: int
    amount_refunded: int
    tracking: Tracking | None
    flags: list[str]
    access_token_hash: bytes | None
    due_at: datetime | None
    expires_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    returned_at: datetime | None


class ItemRow(Row, frozen=True):
    """One line of an order as it was sold."""

    __table__ = "order_items"

    id: UUID
    order_id: UUID
    position: int
    variant_id: UUID | None
    product_id: UUID | None
    product_name: str
    variant_name: str | None
    sku: str | None
    image_url: str | None
    quantity: int
    unit_price: int
    total: int
    discount: int
    tax: int
    requires_shipping: bool
    oversold: bool
    refunded_quantity: int
    restocked_quantity: int
    """Pieces that are back on the shelf while their money is not given back: its refund failed."""


class ItemRefundRow(Projection, frozen=True):
    """Pieces of a line that were given back by one request, and the refunds that they hang on."""

    __table__ = "order_item_refunds"

    id: UUID
    order_item_id: UUID
    quantity: int
    restocked: int
    refund_ids: list[UUID]


class TransitionRow(Row, frozen=True):
    """Who moved an order where, when and why."""

    __table__ = "order_transitions"

    id: UUID
    order_id: UUID
    from_status: OrderStatus | None
    to_status: OrderStatus
    actor_kind: str
    actor_id: str
    reason: str | None
    request_id: str
    created_at: datetime


class StatusStats(Projection, frozen=True):
    """Counts and sums of the orders of one status, in the currency's minor unit."""

    status: OrderStatus
    orders: int
    paid: int
    gross: int
    refunded: int
    flagged: int
    items: int
