"""Giving money of an order back: by amount, by lines, or what was paid too much."""

from collections.abc import Sequence
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.values import ids, money
from baas.core.values.ids import Kind
from baas.services.orders.rows import ItemRow
from baas.services.orders.schemas import CreateOrderRefund, Order, OrderRefunds, RefundItem
from baas.services.orders.service import following, pieces, steps
from baas.services.orders.service.shape import order_of
from baas.services.payments import service as payments
from baas.services.payments.errors import NotRefundable
from baas.services.payments.providers import Providers
from baas.services.payments.schemas import Refund


async def promise_refunds(
    work: StoreWork, providers: Providers, order_id: UUID, data: CreateOrderRefund
) -> list[Refund]:
    """Make the refunds, and count the pieces; what is pending is asked for after the commit.

    Raises NotFound, ValidationFailed, NotRefundable when that much did not come in.
    """
    if sum((data.amount is not None, data.items is not None, data.overpayment)) > 1:
        raise ValidationFailed.field("amount", "give an amount, or items, or overpayment: one of them")
    if data.restock and data.items is None:
        raise ValidationFailed.field("restock", "needs items")
    row = await following.follow_locked(work, await steps.locked(work, order_id))
    items = await steps.items_of(work, order_id)
    given: pieces.Given = {}
    amount = data.amount
    if data.overpayment:
        amount = row.amount_paid - row.amount_refunded - row.total
        if amount <= 0:
            raise NotRefundable("Nothing was paid too much.", asked=None, refundable=0, status=row.status)
    elif data.items is not None:
        lines = _chosen(items, data.items)
        amount = sum(_worth(line, quantity, row.prices_include_tax) for line, quantity in lines)
        given = await pieces.give_back(work, row, lines, restock=data.restock)
    if amount == 0:
        raise NotRefundable("These lines cost nothing.", asked=0, refundable=0, status=row.status)
    made = await payments.refund_order(work, providers, order_id, reason=data.reason, amount=amount)
    if not made:
        raise NotRefundable(asked=amount, refundable=0, status=row.status)
    await pieces.hang_on(work, order_id, given, made)
    return made


async def refunded(work: StoreWork, order_id: UUID, refunds: Sequence[Refund]) -> OrderRefunds:
    """The order as it is after its refunds; pieces of those that failed count as not given back."""
    row = await following.follow_locked(work, await steps.locked(work, order_id))
    order: Order = order_of(row, await steps.items_of(work, order_id))
    return OrderRefunds(order, list(refunds))


def _chosen(items: Sequence[ItemRow], asked: Sequence[RefundItem]) -> list[tuple[ItemRow, int]]:
    by_id = {item.id: item for item in items}
    wanted: dict[UUID, int] = {}
    for part in asked:
        identity = ids.decode(Kind.ORDER_ITEM, part.order_item_id)
        if identity not in by_id:
            raise NotFound(id=part.order_item_id)
        wanted[identity] = wanted.get(identity, 0) + part.quantity
    for identity, quantity in wanted.items():
        left = by_id[identity].quantity - by_id[identity].refunded_quantity
        if quantity > left:
            raise NotRefundable(
                "Not so many pieces are left to give back.", asked=quantity, refundable=left, status=None
            )
    return [(by_id[identity], quantity) for identity, quantity in wanted.items()]


def _worth(line: ItemRow, quantity: int, includes_tax: bool) -> int:
    """What was paid for so many further pieces of a line: the parts of all pieces add up to the line."""
    paid = line.total - line.discount + (0 if includes_tax else line.tax)
    before = line.refunded_quantity

    def up_to(count: int) -> int:
        return money.divide(paid * count, line.quantity)

    return up_to(before + quantity) - up_to(before)
