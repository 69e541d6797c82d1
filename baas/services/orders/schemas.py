"""The public words of the orders: states, requests, answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.core.values.money import MAX_AMOUNT
from baas.services.carts.addresses import Address, AddressView
from baas.services.payments.schemas import (
    ProviderName,
    ProviderOptions,
    Refund,
    ReturnUrl,
    StorefrontPayment,
)
from baas.services.pricing.schemas import MAX_LINES, MAX_QUANTITY

Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="In the currency's minor unit")]
Email = Annotated[
    str, Meta(max_length=254, pattern=r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$", examples=["ana@example.com"])
]
Note = Annotated[str, Meta(max_length=2000)]
Reason = Annotated[str, Meta(max_length=500)]


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    """Taken, and nobody was asked to pay yet."""
    PAYMENT_PENDING = "payment_pending"
    PAYMENT_FAILED = "payment_failed"
    PAID = "paid"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


MOVES: Final[dict[OrderStatus, frozenset[OrderStatus]]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.PAYMENT_PENDING, OrderStatus.CANCELLED}),
    OrderStatus.PAYMENT_PENDING: frozenset(
        {OrderStatus.PAID, OrderStatus.PAYMENT_FAILED, OrderStatus.CANCELLED}
    ),
    OrderStatus.PAYMENT_FAILED: frozenset({OrderStatus.PAYMENT_PENDING, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset({OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.PROCESSING: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED, OrderStatus.RETURNED}),
    OrderStatus.DELIVERED: frozenset({OrderStatus.RETURNED}),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.RETURNED: frozenset(),
}
"""The steps that an order may take; `allowed` adds the one of an order that is all digital."""
UNPAID: Final = frozenset({OrderStatus.PENDING, OrderStatus.PAYMENT_PENDING, OrderStatus.PAYMENT_FAILED})


def allowed(current: OrderStatus, *, is_digital: bool = False) -> frozenset[OrderStatus]:
    """Where an order may go from here. What is all digital needs no shipping: it is delivered when paid."""
    if is_digital and current is OrderStatus.PAID:
        return MOVES[current] | {OrderStatus.DELIVERED}
    return MOVES[current]


class PaymentState(StrEnum):
    """How the payments of an order stand together."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class Flag(StrEnum):
    """What a person of the shop should look at."""

    OVERSOLD = "oversold"
    """Paid, but not all of it is in stock any more."""
    PAID_AFTER_CANCEL = "paid_after_cancel"
    """Money came in for an order that was cancelled."""
    OVERPAID = "overpaid"
    """More came in than the order costs."""
    DISPUTED = "disputed"
    """The payer disputes the payment at the provider."""
    PARTIALLY_PAID = "partially_paid"
    """Some money came in, not all, and the order's time is over."""
    REFUND_OUTSIDE = "refund_outside"
    """Cancelled, and the money was taken outside: it has to be given back there."""


class OrderItem(msgspec.Struct, frozen=True):
    """One line as it was sold."""

    id: str
    variant_id: str | None
    product_id: str | None
    product_name: str
    variant_name: str | None
    sku: str | None
    image_url: str | None
    quantity: int
    unit_price: int
    total: Annotated[int, Meta(examples=[3780000])]
    """`unit_price * quantity`."""
    discount: int
    tax: int
    requires_shipping: bool
    oversold: bool
    refunded_quantity: int
    """Pieces that were given back on their own."""


class Tracking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the parcel can be followed."""

    carrier: Annotated[str, Meta(max_length=100)] | None = None
    number: Annotated[str, Meta(max_length=200, examples=["CP123456789AR"])] | None = None
    url: (
        Annotated[
            str,
            Meta(
                max_length=2000,
                pattern=r"^https?://[^\s]+$(?!\n)",
                examples=["https://correo.example/CP123456789AR"],
            ),
        ]
        | None
    ) = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the shop sees it. `total = subtotal - discount_total + shipping_total`, and `+ tax_total`
    when prices do not include tax."""

    id: str
    number: str
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
    customer_id: str | None
    items: list[OrderItem]
    shipping_address: AddressView | None
    billing_address: AddressView | None
    note: str | None
    reference: str | None
    metadata: dict[str, Any]
    source: Literal["storefront", "admin"]
    cart_id: str | None
    tracking: Tracking | None
    flags: list[str]
    """What a person should look at: `oversold`, `paid_after_cancel`, `overpaid`, …"""
    needs_attention: bool
    cancel_reason: str | None
    expires_at: datetime | None
    """When it is cancelled unless it is paid."""
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    returned_at: datetime | None
    updated_at: datetime
    access_token: str | UnsetType = UNSET
    """For the customer's own page; given once, when the order is made."""


class StorefrontOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its customer sees it."""

    id: str
    number: str
    status: OrderStatus
    payment_status: PaymentState
    currency: str
    subtotal: int
    discount_total: int
    shipping_total: int
    tax_total: int
    total: int
    prices_include_tax: bool
    amount_refunded: int
    email: str | None
    items: list[OrderItem]
    shipping_address: AddressView | None
    billing_address: AddressView | None
    note: str | None
    tracking: Tracking | None
    cancel_reason: str | None
    expires_at: datetime | None
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    access_token: str | UnsetType = UNSET
    """Opens `GET /storefront/orders/{id}?token=…`; given this once."""


class Transition(msgspec.Struct, frozen=True):
    """One step of an order."""

    from_status: Annotated[OrderStatus | None, Meta(examples=["payment_pending"])]
    to_status: OrderStatus
    actor: str
    """Who: the kind and the public id of the caller."""
    reason: str | None
    request_id: str
    at: datetime


class Placed(msgspec.Struct, frozen=True):
    """What a checkout made."""

    order: StorefrontOrder
    payment: StorefrontPayment | None
    """Null when there is nothing to pay."""


class Checkout(ProviderOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer agrees. What is left out is taken from the cart."""

    provider: ProviderName
    email: Email | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    expected_total: Amount | None = None
    """What the customer saw; another total is refused with `price_changed`."""
    return_url: ReturnUrl | None = None
    note: Note | None = None


class RetryPayment(ProviderOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Try to pay again."""

    provider: ProviderName
    return_url: ReturnUrl | None = None


class NewItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant of the catalogue, or a line of the shop's own with a name and a price."""

    variant_id: Annotated[str, Meta(max_length=80)] | None = None
    quantity: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
    unit_price: Amount | None = None
    """The catalogue's price when left out."""
    name: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
    sku: Annotated[str, Meta(max_length=100)] | None = None
    taxable: bool = True
    """Of a line of the shop's own; a variant knows it itself."""
    requires_shipping: bool = True


class CreateOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order that the client's own shop took."""

    items: Annotated[list[NewItem], Meta(min_length=1, max_length=MAX_LINES)]
    email: Email | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_total: Amount | None = None
    """The store's shipping price when left out and something ships."""
    discount_total: Amount = 0
    paid: Annotated[bool, Meta(examples=[True])] = False
    """The shop has the money already; stock is taken at once."""
    reserve_stock: bool = True
    """Hold the stock until the order is paid, cancelled or expired."""
    note: Note | None = None
    reference: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """The shop's own name for the order."""
    metadata: dict[str, Any] = {}


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an order is cancelled."""

    reason: Reason | None = None


class FulfillOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shop begins to prepare the order."""

    reason: Reason | None = None


class ShipOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parcel is on its way."""

    tracking: Tracking | None = None
    reason: Reason | None = None


class DeliverOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer has it."""

    reason: Reason | None = None


class ReturnOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The goods came back."""

    restock: bool = False
    """Put everything back on the shelf."""
    reason: Reason | None = None


class OrderStats(msgspec.Struct, frozen=True):
    """Orders placed in a time. Amounts are in the currency's minor unit."""

    currency: str
    placed_from: datetime | None
    placed_to: datetime | None
    orders: int
    paid_orders: int
    by_status: dict[str, int]
    needs_attention: int
    gross: int
    """The totals of orders that were paid."""
    refunded: int
    net: int
    average: int
    """`gross` for each paid order, rounded half up."""
    items_sold: int


class RefundItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces of a line to give back."""

    order_item_id: Annotated[str, Meta(max_length=80)]
    quantity: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]


class CreateOrderRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to give back of an order: an amount, some of its lines, or what was paid too much. One of the three,

    or none: then everything that is left.
    """

    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, examples=[1000000])] | None = None
    items: Annotated[list[RefundItem], Meta(min_length=1, max_length=MAX_LINES)] | None = None
    overpayment: bool = False
    """Exactly what came in beyond the order's total."""
    restock: bool = False
    """The pieces of `items` are for sale again."""
    reason: Annotated[Reason | None, Meta(examples=["One of them arrived broken."])] = None


class OrderRefunds(msgspec.Struct, frozen=True):
    """An order after money was given back, and the refunds that this made: one for each payment it came from."""

    order: Order
    refunds: list[Refund]


class Look(msgspec.Struct, frozen=True):
    """Whose receipt it is: what a store's name and brand put on it."""

    name: str
    locale: str
    color: str = "#1b1f24"
    footer: str | None = None
    url: str | None = None
