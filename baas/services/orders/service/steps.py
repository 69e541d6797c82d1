"""What every step of an order has in common: it is allowed, it is noted, and it is told."""

from collections.abc import Sequence
from typing import Final, Literal, Unpack
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work import outbox
from baas.services.orders import repository
from baas.services.orders.errors import not_allowed
from baas.services.orders.events import OrderEvent
from baas.services.orders.rows import ItemRow, OrderChanges, OrderRow
from baas.services.orders.schemas import Order, OrderStatus, allowed
from baas.services.orders.service.shape import order_of

_EVENTS: Final = {
    OrderStatus.PAYMENT_FAILED: OrderEvent.PAYMENT_FAILED,
    OrderStatus.PAID: OrderEvent.PAID,
    OrderStatus.PROCESSING: OrderEvent.PROCESSING,
    OrderStatus.SHIPPED: OrderEvent.SHIPPED,
    OrderStatus.DELIVERED: OrderEvent.DELIVERED,
    OrderStatus.CANCELLED: OrderEvent.CANCELLED,
    OrderStatus.RETURNED: OrderEvent.RETURNED,
}
_MOMENTS: Final[
    dict[OrderStatus, Literal["paid_at", "shipped_at", "delivered_at", "cancelled_at", "returned_at"]]
] = {
    OrderStatus.PAID: "paid_at",
    OrderStatus.SHIPPED: "shipped_at",
    OrderStatus.DELIVERED: "delivered_at",
    OrderStatus.CANCELLED: "cancelled_at",
    OrderStatus.RETURNED: "returned_at",
}


async def locked(work: StoreWork, order_id: UUID) -> OrderRow:
    """The order, held until the transaction ends. Raises NotFound."""
    row = await repository.lock(work, order_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.ORDER, order_id))
    return row


async def items_of(work: StoreWork, order_id: UUID) -> list[ItemRow]:
    """The order's lines."""
    return (await repository.items(work, [order_id]))[order_id]


def is_there(row: OrderRow, to: OrderStatus) -> bool:
    """Whether the order is in that state already: whoever asks again gets it as it is, without a second effect."""
    return row.status is to


def check(row: OrderRow, to: OrderStatus) -> None:
    """Raises InvalidTransition when the order cannot go there."""
    current = row.status
    possible = allowed(current, is_digital=row.is_digital)
    if to not in possible:
        raise not_allowed(current, to, possible)


async def step(
    work: StoreWork,
    row: OrderRow,
    to: OrderStatus,
    items: Sequence[ItemRow],
    *,
    reason: str | None = None,
    **changes: Unpack[OrderChanges],
) -> OrderRow:
    """Take one step with a locked order, note it and tell it; answers the row. Raises InvalidTransition."""
    check(row, to)
    if to in _MOMENTS:
        changes[_MOMENTS[to]] = clock.now(work.scope)
    row = await repository.move(work, row, to, changes, reason)
    if to in _EVENTS:
        await tell(work, _EVENTS[to], row, items)
    return row


async def tell(work: StoreWork, event: OrderEvent, row: OrderRow, items: Sequence[ItemRow]) -> Order:
    """Write an event about an order as it is now; answers it."""
    order = order_of(row, items)
    await outbox.emit(work, event, subject=order.id, data=order)
    return order


def demand(items: Sequence[ItemRow]) -> dict[UUID, int]:
    """How many pieces of each variant some lines are, without what was given back before, or is on the shelf."""
    pieces: dict[UUID, int] = {}
    for item in items:
        identity = item.variant_id
        if identity is not None:
            count = item.quantity - item.refunded_quantity - item.restocked_quantity
            pieces[identity] = pieces.get(identity, 0) + count
    return {identity: count for identity, count in pieces.items() if count}
