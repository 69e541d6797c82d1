"""Rows as the shop and as the customer see them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.carts.addresses import view_of
from baas.services.orders.rows import ItemRow, OrderRow
from baas.services.orders.schemas import (
    Order,
    OrderItem,
    StorefrontOrder,
)

_SHARED: Final = frozenset(StorefrontOrder.__struct_fields__) - {"access_token"}


def order_of(row: OrderRow, items: Sequence[ItemRow]) -> Order:
    """What the admin API answers for an order, and what its events carry."""
    return Order(
        id=ids.encode(Kind.ORDER, row.id),
        number=f"#{row.number}",
        status=row.status,
        payment_status=row.payment_status,
        currency=row.currency,
        subtotal=row.subtotal,
        discount_total=row.discount_total,
        shipping_total=row.shipping_total,
        tax_total=row.tax_total,
        total=row.total,
        prices_include_tax=row.prices_include_tax,
        amount_paid=row.amount_paid,
        amount_refunded=row.amount_refunded,
        email=row.email,
        customer_id=_id(Kind.CUSTOMER, row.customer_id),
        items=[_item(item) for item in items],
        shipping_address=view_of(row.shipping_address),
        billing_address=view_of(row.billing_address),
        note=row.note,
        reference=row.reference,
        metadata=row.metadata,
        source=row.source,
        cart_id=_id(Kind.CART, row.cart_id),
        tracking=row.tracking,
        flags=row.flags,
        needs_attention=bool(row.flags),
        cancel_reason=row.cancel_reason,
        expires_at=row.expires_at,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
        shipped_at=row.shipped_at,
        delivered_at=row.delivered_at,
        cancelled_at=row.cancelled_at,
        returned_at=row.returned_at,
        updated_at=row.updated_at,
    )


def storefront_of(order: Order, *, access_token: str | None = None) -> StorefrontOrder:
    """What the customer may see of it."""
    return StorefrontOrder(
        **{name: getattr(order, name) for name in _SHARED},
        access_token=msgspec.UNSET if access_token is None else access_token,
    )


def _item(row: ItemRow) -> OrderItem:
    return OrderItem(
        id=ids.encode(Kind.ORDER_ITEM, row.id),
        variant_id=_id(Kind.VARIANT, row.variant_id),
        product_id=_id(Kind.PRODUCT, row.product_id),
        product_name=row.product_name,
        variant_name=row.variant_name,
        sku=row.sku,
        image_url=row.image_url,
        quantity=row.quantity,
        unit_price=row.unit_price,
        total=row.total,
        discount=row.discount,
        tax=row.tax,
        requires_shipping=row.requires_shipping,
        oversold=row.oversold,
        refunded_quantity=row.refunded_quantity,
    )


def _id(kind: Kind, value: UUID | None) -> str | None:
    return None if value is None else ids.encode(kind, value)
