"""The tables of the orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from baas.core.db.tables import KEEP_ORDER, Base, StoreEntity, StoreOwned, column, one_of, store_fk
from baas.services.orders.schemas import OrderStatus

_ZERO = text("0")


class Order(StoreEntity, Base):
    """What was agreed, frozen with its prices, names, taxes and addresses."""

    __tablename__ = "orders"
    __table_args__ = (
        # D-075
        # With the id: an index that begins with the store and is smaller than the key would be taken in its place while
        # nobody has counted the table.
        UniqueConstraint("store_id", "number", postgresql_include=["id"]),
        Index("ix_orders_store_id_placed_at_id", "store_id", "placed_at", "id"),
        Index("ix_orders_store_id_status_placed_at_id", "store_id", "status", "placed_at", "id"),
        Index("ix_orders_store_id_email", "store_id", "email", postgresql_where=text("email is not null")),
        Index("ix_orders_due", "due_at", postgresql_where=text("due_at is not null")),
        CheckConstraint(
            "total = subtotal - discount_total + shipping_total"
            " + case when prices_include_tax then 0 else tax_total end",
            name="total",
        ),
        CheckConstraint(
            "least(subtotal, discount_total, shipping_total, tax_total, total, amount_paid, amount_refunded) >= 0",
            name="not_negative",
        ),
        one_of("status", OrderStatus),
    )

    number: Mapped[int] = column(keep=KEEP_ORDER)
    status: Mapped[str] = column(keep=KEEP_ORDER)
    payment_status: Mapped[str] = column(keep=KEEP_ORDER)
    currency: Mapped[str] = column(keep=KEEP_ORDER)
    subtotal: Mapped[int] = column(keep=KEEP_ORDER)
    discount_total: Mapped[int] = column(keep=KEEP_ORDER)
    shipping_total: Mapped[int] = column(keep=KEEP_ORDER)
    tax_total: Mapped[int] = column(keep=KEEP_ORDER)
    total: Mapped[int] = column(keep=KEEP_ORDER)
    prices_include_tax: Mapped[bool] = column(keep=KEEP_ORDER)
    amount_paid: Mapped[int] = column(server_default=_ZERO, keep=KEEP_ORDER)
    amount_refunded: Mapped[int] = column(server_default=_ZERO, keep=KEEP_ORDER)
    email: Mapped[str | None] = column(pii=True, keep=KEEP_ORDER)
    customer_id: Mapped[UUID | None] = column(keep=KEEP_ORDER)
    cart_id: Mapped[UUID | None] = column(keep=KEEP_ORDER)
    shipping_address: Mapped[dict[str, Any] | None] = column(pii=True, keep=KEEP_ORDER)
    billing_address: Mapped[dict[str, Any] | None] = column(pii=True, keep=KEEP_ORDER)
    note: Mapped[str | None] = column(pii=True, keep=KEEP_ORDER)
    reference: Mapped[str | None] = column(keep=KEEP_ORDER)
    metadata_: Mapped[dict[str, Any]] = column(
        "metadata", server_default=text("'{}'::jsonb"), pii=True, keep=KEEP_ORDER
    )
    source: Mapped[str] = column(keep=KEEP_ORDER)
    paid_outside: Mapped[bool] = column(server_default=text("false"), keep=KEEP_ORDER)
    holds_stock: Mapped[bool] = column(keep=KEEP_ORDER)
    """Whether stock was reserved for it, so that cancelling it gives stock back."""
    is_digital: Mapped[bool] = column(keep=KEEP_ORDER)
    tracking: Mapped[dict[str, Any] | None] = column(pii=True, keep=KEEP_ORDER)
    flags: Mapped[list[str]] = column(server_default=text("'{}'::text[]"), keep=KEEP_ORDER)
    access_token_hash: Mapped[bytes | None] = column(keep=KEEP_ORDER)
    due_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    """When the clock has to look at this order next, in the store's time; none when it need not."""
    expires_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    placed_at: Mapped[datetime] = column(keep=KEEP_ORDER)
    paid_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    shipped_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    delivered_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    cancelled_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    cancel_reason: Mapped[str | None] = column(keep=KEEP_ORDER)
    returned_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    updated_at: Mapped[datetime] = column(keep=KEEP_ORDER)


class OrderItem(StoreEntity, Base):
    """One line of an order as it was sold. It points at no variant that could be deleted under it."""

    __tablename__ = "order_items"
    __table_args__ = (
        store_fk("order_id", "orders"),
        Index("ix_order_items_store_id_order_id", "store_id", "order_id", "position"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("total = unit_price * quantity", name="total"),
        CheckConstraint("least(unit_price, discount, tax) >= 0", name="not_negative"),
    )

    order_id: Mapped[UUID] = column(keep=KEEP_ORDER)
    position: Mapped[int] = column(keep=KEEP_ORDER)
    variant_id: Mapped[UUID | None] = column(keep=KEEP_ORDER)
    product_id: Mapped[UUID | None] = column(keep=KEEP_ORDER)
    product_name: Mapped[str] = column(keep=KEEP_ORDER)
    variant_name: Mapped[str | None] = column(keep=KEEP_ORDER)
    sku: Mapped[str | None] = column(keep=KEEP_ORDER)
    image_url: Mapped[str | None] = column(keep=KEEP_ORDER)
    quantity: Mapped[int] = column(keep=KEEP_ORDER)
    unit_price: Mapped[int] = column(keep=KEEP_ORDER)
    total: Mapped[int] = column(keep=KEEP_ORDER)
    discount: Mapped[int] = column(server_default=_ZERO, keep=KEEP_ORDER)
    tax: Mapped[int] = column(server_default=_ZERO, keep=KEEP_ORDER)
    requires_shipping: Mapped[bool] = column(keep=KEEP_ORDER)
    oversold: Mapped[bool] = column(server_default=text("false"), keep=KEEP_ORDER)
    refunded_quantity: Mapped[int] = column(server_default=_ZERO, keep=KEEP_ORDER)
    restocked_quantity: Mapped[int] = column(server_default=_ZERO, keep=KEEP_ORDER)
    """Pieces that are back on the shelf while their money is not given back: its refund failed."""


class OrderItemRefund(StoreEntity, Base):
    """Pieces of a line that were given back by one request, and the refunds that they hang on."""

    __tablename__ = "order_item_refunds"
    __table_args__ = (
        store_fk("order_id", "orders"),
        store_fk("order_item_id", "order_items"),
        Index("ix_order_item_refunds_store_id_order_id", "store_id", "order_id"),
        CheckConstraint("quantity > 0 and restocked between 0 and quantity", name="quantity"),
    )

    order_id: Mapped[UUID] = column(keep=KEEP_ORDER)
    order_item_id: Mapped[UUID] = column(keep=KEEP_ORDER)
    quantity: Mapped[int] = column(keep=KEEP_ORDER)
    restocked: Mapped[int] = column(keep=KEEP_ORDER)
    """How many of them are on the shelf again."""
    refund_ids: Mapped[list[UUID]] = column(type_=ARRAY(Uuid(as_uuid=True)), keep=KEEP_ORDER)
    """The payments' refunds of that request: more than one when several payments gave it back."""
    created_at: Mapped[datetime] = column(keep=KEEP_ORDER)
    taken_back_at: Mapped[datetime | None] = column(keep=KEEP_ORDER)
    """When all of those refunds had failed, and the pieces counted as not given back again."""


class OrderTransition(StoreEntity, Base):
    """Who moved an order where, when and why."""

    __tablename__ = "order_transitions"
    __table_args__ = (
        store_fk("order_id", "orders"),
        Index("ix_order_transitions_store_id_order_id", "store_id", "order_id", "id"),
    )

    order_id: Mapped[UUID] = column(keep=KEEP_ORDER)
    from_status: Mapped[str | None] = column(keep=KEEP_ORDER)
    to_status: Mapped[str] = column(keep=KEEP_ORDER)
    actor_kind: Mapped[str] = column(keep=KEEP_ORDER)
    actor_id: Mapped[str] = column(keep=KEEP_ORDER)
    reason: Mapped[str | None] = column(keep=KEEP_ORDER)
    request_id: Mapped[str] = column(keep=KEEP_ORDER)
    created_at: Mapped[datetime] = column(keep=KEEP_ORDER)


class OrderCounter(StoreOwned, Base):
    """The last order number of a store: one hot row, so it is taken after everything that can wait."""

    __tablename__ = "order_counters"

    last_number: Mapped[int] = column()
