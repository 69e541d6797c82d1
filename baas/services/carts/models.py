"""Tables of carts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from baas.core.db.tables import Base, StoreEntity, column, one_of, store_fk
from baas.services.carts.schemas import CartStatus

_KEEP = "180d"


class Cart(StoreEntity, Base):
    """What a customer is putting together. `order_id` and `customer_id` name what lies above or beside."""

    __tablename__ = "carts"
    __table_args__ = (
        one_of("status", CartStatus),
        CheckConstraint("(status = 'converted') = (order_id is not null)", name="converted_has_order"),
        Index("ix_carts_due", "expires_at", postgresql_where=text("status = 'active'")),
        {"info": {"done": "status <> 'active'"}},
    )

    status: Mapped[str] = column(keep=_KEEP)
    customer_id: Mapped[UUID | None] = column(pii=True, keep=_KEEP)
    email: Mapped[str | None] = column(pii=True, keep=_KEEP)
    shipping_address: Mapped[dict[str, Any] | None] = column(pii=True, keep=_KEEP)
    billing_address: Mapped[dict[str, Any] | None] = column(pii=True, keep=_KEEP)
    shipping_method_id: Mapped[str | None] = column(keep=_KEEP)
    order_id: Mapped[UUID | None] = column(keep=_KEEP)
    merged_into: Mapped[UUID | None] = column(keep=_KEEP)
    expires_at: Mapped[datetime] = column(keep=_KEEP)
    created_at: Mapped[datetime] = column(keep=_KEEP)
    # D-074: of the cart's own row; a change of its lines locks it and does not write it.
    updated_at: Mapped[datetime] = column(keep=_KEEP)


class CartItem(StoreEntity, Base):
    """A line of a cart. `unit_price` is the price when it was added, in `currency`."""

    __tablename__ = "cart_items"
    __table_args__ = (
        store_fk("cart_id", "carts", ondelete="CASCADE"),
        store_fk("variant_id", "variants", ondelete="CASCADE"),
        UniqueConstraint("store_id", "cart_id", "variant_id"),
        CheckConstraint("quantity between 1 and 9999", name="quantity"),
        CheckConstraint("unit_price >= 0", name="unit_price"),
        Index(None, "store_id", "variant_id"),
    )

    cart_id: Mapped[UUID] = column(keep=_KEEP)
    variant_id: Mapped[UUID] = column(keep=_KEEP)
    quantity: Mapped[int] = column(keep=_KEEP)
    unit_price: Mapped[int] = column(keep=_KEEP)
    currency: Mapped[str] = column(keep=_KEEP)
    added_at: Mapped[datetime] = column(keep=_KEEP)
