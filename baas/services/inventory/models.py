"""Tables of the inventory."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from baas.core.db.tables import KEEP_ORDER, Base, StoreEntity, StoreOwned, column, one_of, store_fk
from baas.services.inventory.schemas import Policy, ReservationStatus


class InventoryLevel(StoreOwned, Base):
    """How much of a variant there is, and how much of it orders hold."""

    __tablename__ = "inventory_levels"
    __table_args__ = (
        store_fk("variant_id", "variants", ondelete="CASCADE"),
        CheckConstraint("on_hand >= 0 and reserved >= 0 and low_stock_at >= 0", name="not_negative"),
        one_of("policy", Policy),
        CheckConstraint("policy = 'continue' or reserved <= on_hand", name="no_oversell"),
    )

    variant_id: Mapped[UUID] = column(primary_key=True)
    on_hand: Mapped[int] = column()
    reserved: Mapped[int] = column(server_default=text("0"))
    policy: Mapped[str] = column()
    tracked: Mapped[bool] = column(type_=Boolean())
    low_stock_at: Mapped[int | None] = column()
    updated_at: Mapped[datetime] = column()


class InventoryMovement(StoreEntity, Base):
    """One change of a level. Not partitioned and never dropped: the level is the sum of all of them."""

    __tablename__ = "inventory_movements"
    __table_args__ = (
        store_fk("variant_id", "inventory_levels", ondelete="CASCADE", target="variant_id"),
        Index(None, "store_id", "variant_id", "id"),
    )

    variant_id: Mapped[UUID] = column()
    reason: Mapped[str] = column()
    on_hand_change: Mapped[int] = column()
    reserved_change: Mapped[int] = column()
    order_id: Mapped[UUID | None] = column()
    note: Mapped[str | None] = column()
    actor: Mapped[str | None] = column()
    created_at: Mapped[datetime] = column()


class InventoryReservation(StoreOwned, Base):
    """What an order holds, or held, of a variant. Orders live above, so `order_id` is no foreign key."""

    __tablename__ = "inventory_reservations"
    __table_args__ = (
        store_fk("variant_id", "inventory_levels", ondelete="CASCADE", target="variant_id"),
        CheckConstraint("quantity > 0 and missing between 0 and quantity", name="quantity"),
        one_of("status", ReservationStatus),
        Index(None, "store_id", "variant_id"),
        Index("ix_inventory_reservations_due", "expires_at", postgresql_where=text("status = 'held'")),
    )

    order_id: Mapped[UUID] = column(primary_key=True, keep=KEEP_ORDER)
    variant_id: Mapped[UUID] = column(primary_key=True, keep=KEEP_ORDER)
    quantity: Mapped[int] = column(keep=KEEP_ORDER)
    status: Mapped[str] = column(keep=KEEP_ORDER)
    missing: Mapped[int] = column(server_default=text("0"), keep=KEEP_ORDER)
    """Pieces that were sold but were not there any more (the order is `oversold`)."""
    expires_at: Mapped[datetime] = column(keep=KEEP_ORDER)
    created_at: Mapped[datetime] = column(keep=KEEP_ORDER)
