"""The pieces of an order's lines on their way back: which of them were given back, and which are on the shelf again.

A refund may fail long after it was answered. Its pieces then count as not given back, once, under the order's lock.
Their goods stay where they are: what came back to the shelf is there, whatever became of the money, and may be sold
since. So it is remembered with the line, and the next refund of those pieces puts nothing there a second time.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.inventory import service as inventory
from baas.services.orders import repository
from baas.services.orders.rows import ItemRow, OrderRow
from baas.services.orders.service import steps
from baas.services.payments import service as payments
from baas.services.payments.schemas import Refund

# D-054: pieces hang on their refunds, goods do not.
Given = Mapping[UUID, tuple[int, int]]
"""By line: how many pieces were given back, and how many of those are on the shelf."""


async def give_back(
    work: StoreWork, row: OrderRow, lines: Sequence[tuple[ItemRow, int]], *, restock: bool
) -> Given:
    """Count pieces of a locked order's lines as given back, those first that are on the shelf already.

    With `restock` the others go there too, as far as stock was taken for them.
    """
    restock = restock and row.holds_stock and row.paid_at is not None
    given: dict[UUID, tuple[int, int]] = {}
    counts: dict[UUID, tuple[int, int]] = {}
    fresh: dict[UUID, int] = {}
    for line, quantity in lines:
        there = min(quantity, line.restocked_quantity)
        # Of what was oversold not all was taken: a person counts it.
        more = quantity - there if restock and line.variant_id is not None and not line.oversold else 0
        given[line.id] = (quantity, there + more)
        counts[line.id] = (quantity, -there)
        if more and line.variant_id is not None:
            fresh[line.variant_id] = fresh.get(line.variant_id, 0) + more
    await repository.count_back(work, row.id, counts)
    if fresh:
        await inventory.restock(work, fresh, row.id)
    return given


async def hang_on(work: StoreWork, order_id: UUID, given: Given, refunds: Sequence[Refund]) -> None:
    """Write down by which refunds these pieces were given back."""
    if given:
        refund_ids = [ids.decode(Kind.REFUND, refund.id) for refund in refunds]
        await repository.insert_item_refunds(work, order_id, given, refund_ids)


async def take_failed_back(work: StoreWork, order_id: UUID) -> None:
    """Pieces of a locked order whose refunds all failed count as not given back again.

    Of a request that several payments gave back, one refund that did not fail keeps all its pieces: what the
    others owe is given back by amount, for nobody may be given more than was paid.
    """
    waiting = await repository.item_refunds(work, order_id)
    if not waiting:
        return
    failed = await payments.failed_refunds(work, {one for row in waiting for one in row.refund_ids})
    counts: dict[UUID, tuple[int, int]] = {}
    over = [row for row in waiting if failed.issuperset(row.refund_ids)]
    for row in over:
        refunded, restocked = counts.get(row.order_item_id, (0, 0))
        counts[row.order_item_id] = (refunded - row.quantity, restocked + row.restocked)
    if over:
        await repository.take_item_refunds_back(work, [row.id for row in over])
        await repository.count_back(work, order_id, counts)


async def restock_rest(
    work: StoreWork, order_id: UUID, items: Sequence[ItemRow], *, skip_oversold: bool = False
) -> None:
    """Put what is left of a locked order's lines on the shelf: all but what was given back, or is there."""
    back = [item for item in items if item.variant_id is not None and not (skip_oversold and item.oversold)]
    await inventory.restock(work, steps.demand(back), order_id)
    left = {item.id: (0, item.quantity - item.refunded_quantity - item.restocked_quantity) for item in back}
    await repository.count_back(work, order_id, left)
