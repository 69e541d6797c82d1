"""What every step of an order has in common: it is allowed, it is noted, and it is told."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work import outbox
from baas.services.orders import repository
from baas.services.orders.errors import not_allowed
from baas.services.orders.repository import Row
from baas.services.orders.schemas import Order, OrderStatus, allowed
from baas.services.orders.service.shape import order_of

_EVENTS: Final = {
    OrderStatus.PAYMENT_FAILED: "order.payment_failed",
    OrderStatus.PAID: "order.paid",
    OrderStatus.PROCESSING: "order.processing",
    OrderStatus.SHIPPED: "order.shipped",
    OrderStatus.DELIVERED: "order.delivered",
    OrderStatus.CANCELLED: "order.cancelled",
    OrderStatus.RETURNED: "order.returned",
}
_MOMENTS: Final = {
    OrderStatus.PAID: "paid_at",
    OrderStatus.SHIPPED: "shipped_at",
    OrderStatus.DELIVERED: "delivered_at",
    OrderStatus.CANCELLED: "cancelled_at",
    OrderStatus.RETURNED: "returned_at",
}


async def locked(work: StoreWork, order_id: UUID) -> Row:
    """The order, held until the transaction ends. Raises NotFound."""
    row = await repository.lock(work, order_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.ORDER, order_id))
    return row


async def items_of(work: StoreWork, order_id: UUID) -> list[Row]:
    """The order's lines."""
    return (await repository.items(work, [order_id]))[order_id]


def is_there(row: Row, to: OrderStatus) -> bool:
    """Whether the order is in that state already: whoever asks again gets it as it is, without a second effect."""
    return bool(row["status"] == to)


def check(row: Row, to: OrderStatus) -> None:
    """Raises InvalidTransition when the order cannot go there."""
    current = OrderStatus(row["status"])
    possible = allowed(current, is_digital=row["is_digital"])
    if to not in possible:
        raise not_allowed(current, to, possible)


async def step(
    work: StoreWork,
    row: Row,
    to: OrderStatus,
    items: Sequence[Row],
    *,
    reason: str | None = None,
    **changes: Any,
) -> Row:
    """Take one step with a locked order, note it and tell it; answers the row. Raises InvalidTransition."""
    check(row, to)
    if to in _MOMENTS:
        changes[_MOMENTS[to]] = clock.now(work.scope)
    row = await repository.move(work, row, to, changes, reason)
    if to in _EVENTS:
        await tell(work, _EVENTS[to], row, items)
    return row


async def tell(work: StoreWork, event: str, row: Row, items: Sequence[Row]) -> Order:
    """Write an event about an order as it is now; answers it."""
    order = order_of(row, items)
    await outbox.emit(work, event, subject=order.id, data=order)
    return order


def demand(items: Sequence[Row]) -> dict[UUID, int]:
    """How many pieces of each variant some lines are, without what was given back before, or is on the shelf."""
    pieces: dict[UUID, int] = {}
    for item in items:
        identity = item["variant_id"]
        if identity is not None:
            count = (
                item["quantity"]
                - (item.get("refunded_quantity") or 0)
                - (item.get("restocked_quantity") or 0)
            )
            pieces[identity] = pieces.get(identity, 0) + count
    return {identity: count for identity, count in pieces.items() if count}
