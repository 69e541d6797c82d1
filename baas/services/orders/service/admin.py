"""What the shop does with its orders: look at them, move them, count them."""

from datetime import datetime
from typing import Unpack
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.serving.paging import Page, PageOf
from baas.core.values import ids, money
from baas.core.values.ids import Kind
from baas.services.inventory import service as inventory
from baas.services.notifications.service.settings import get_settings
from baas.services.orders import repository
from baas.services.orders.repository import Filters
from baas.services.orders.rows import OrderChanges
from baas.services.orders.schemas import (
    UNPAID,
    CancelOrder,
    DeliverOrder,
    Flag,
    FulfillOrder,
    Look,
    Order,
    OrderStats,
    OrderStatus,
    PaymentState,
    ReturnOrder,
    ShipOrder,
    StorefrontOrder,
    Transition,
)
from baas.services.orders.service import following, pieces, steps
from baas.services.orders.service.checkout import token_hash
from baas.services.orders.service.shape import order_of, storefront_of
from baas.services.payments import service as payments
from baas.services.payments.providers import Providers
from baas.services.payments.schemas import RefundStatus


class OrderFilters(msgspec.Struct, frozen=True):
    """What a list is narrowed to."""

    status: OrderStatus | None = None
    payment_status: PaymentState | None = None
    email: str | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    needs_attention: bool | None = None

    @property
    def name(self) -> str:
        """The filters as a text, for cursors."""
        return ":".join(f"{name}={getattr(self, name)}" for name in self.__struct_fields__)


async def get(work: StoreWork, order_id: UUID) -> Order:
    """An order as the shop sees it. Raises NotFound."""
    row = await repository.get(work, order_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.ORDER, order_id))
    return order_of(row, await steps.items_of(work, order_id))


async def get_for_customer(work: StoreWork, order_id: UUID, token: str) -> StorefrontOrder:
    """An order as its customer sees it. Raises NotFound also for a wrong token: nobody learns which."""
    row = await repository.get(work, order_id)
    if row is None or row.access_token_hash != token_hash(token):
        raise NotFound(id=ids.encode(Kind.ORDER, order_id))
    return storefront_of(order_of(row, await steps.items_of(work, order_id)))


async def receipt(work: StoreWork, order_id: UUID, *, token: str | None) -> tuple[Order, Look]:
    """What a receipt is made of. Raises NotFound also for a wrong token, when there is one."""
    row = await repository.get(work, order_id)
    if row is None or (token is not None and row.access_token_hash != token_hash(token)):
        raise NotFound(id=ids.encode(Kind.ORDER, order_id))
    brand, store = (await get_settings(work)).brand, work.scope.store
    look = Look(
        name=brand.name or store.name,
        locale=store.locale,
        color=brand.color or "#1b1f24",
        footer=brand.footer,
        url=brand.url or (f"https://{store.domain}" if store.domain else None),
    )
    return order_of(row, await steps.items_of(work, order_id)), look


async def find(work: StoreWork, page: Page, wanted: OrderFilters) -> PageOf[Order]:
    """Orders, newest first, with their lines by one more statement."""
    filters = _filters(work, wanted)
    total = await page.total(lambda: repository.count(work, filters))
    if page.after:
        filters.add(
            "(placed_at, id) < ({}::timestamptz, {}::uuid)",
            datetime.fromisoformat(page.after[0]),
            UUID(page.after[1]),
        )
    rows = await repository.page(work, filters, page.limit + 1)
    cut = page.cut(rows, lambda row: [row.placed_at.isoformat(), str(row.id)], total=total)
    items = await repository.items(work, [row.id for row in cut.items])
    return cut.map(lambda row: order_of(row, items[row.id]))


async def history(work: StoreWork, order_id: UUID) -> list[Transition]:
    """Every step of an order, the first one first. Raises NotFound."""
    if await repository.get(work, order_id) is None:
        raise NotFound(id=ids.encode(Kind.ORDER, order_id))
    return [
        Transition(
            from_status=row.from_status,
            to_status=row.to_status,
            actor=f"{row.actor_kind}:{row.actor_id}",
            reason=row.reason,
            request_id=row.request_id,
            at=row.created_at,
        )
        for row in await repository.transitions(work, order_id)
    ]


async def promise_refunds_to_cancel(
    work: StoreWork, providers: Providers, order_id: UUID, data: CancelOrder
) -> list[str]:
    """Promise what has to be given back before an order can be cancelled; answers the refunds still to be asked for.

    None for an order that is cancelled already. Raises NotFound and InvalidTransition.
    """
    row = await steps.locked(work, order_id)
    if steps.is_there(row, OrderStatus.CANCELLED):
        return []
    steps.check(row, OrderStatus.CANCELLED)
    made = await payments.refund_order(work, providers, order_id, reason=data.reason)
    return [refund.id for refund in made if refund.status is RefundStatus.PENDING]


async def cancel(work: StoreWork, providers: Providers, order_id: UUID, data: CancelOrder) -> Order:
    """Cancel an order: what was paid is given back first, then the stock. A cancelled one stays as it is.

    Raises NotFound, InvalidTransition, and PaymentProviderError when a refund is refused: the order
    stays as it is then.
    """
    row = await steps.locked(work, order_id)
    items = await steps.items_of(work, order_id)
    if steps.is_there(row, OrderStatus.CANCELLED):
        return order_of(row, items)
    steps.check(row, OrderStatus.CANCELLED)
    was_paid = row.status not in UNPAID
    await payments.refund_order(work, providers, order_id, reason=data.reason)
    row = await following.follow_locked(work, row)
    # The refund does not move an order, but a payment that came in just now does.
    steps.check(row, OrderStatus.CANCELLED)
    was_paid, items = was_paid or row.status not in UNPAID, await steps.items_of(work, order_id)
    if was_paid and row.holds_stock:
        # What was oversold was not all taken: a person counts it.
        await pieces.restock_rest(work, order_id, items, skip_oversold=True)
    elif not was_paid:
        await inventory.release(work, order_id)
    flags = [*row.flags, Flag.REFUND_OUTSIDE] if row.paid_outside else row.flags
    row = await steps.step(
        work,
        row,
        OrderStatus.CANCELLED,
        items,
        reason=data.reason,
        cancel_reason=data.reason or "requested",
        due_at=None,
        flags=flags,
    )
    return order_of(row, items)


async def fulfill(work: StoreWork, order_id: UUID, data: FulfillOrder) -> Order:
    """The shop begins to prepare a paid order."""
    return await _step(work, order_id, OrderStatus.PROCESSING, data.reason)


async def ship(work: StoreWork, order_id: UUID, data: ShipOrder) -> Order:
    """The parcel is on its way."""
    return await _step(work, order_id, OrderStatus.SHIPPED, data.reason, tracking=data.tracking)


async def deliver(work: StoreWork, order_id: UUID, data: DeliverOrder) -> Order:
    """The customer has it."""
    return await _step(work, order_id, OrderStatus.DELIVERED, data.reason)


async def take_back(work: StoreWork, order_id: UUID, data: ReturnOrder) -> Order:
    """The goods came back; with `restock` they are for sale again. Money is given back by a refund."""
    row = await steps.locked(work, order_id)
    items = await steps.items_of(work, order_id)
    if steps.is_there(row, OrderStatus.RETURNED):
        return order_of(row, items)
    steps.check(row, OrderStatus.RETURNED)
    if data.restock:
        await pieces.restock_rest(work, order_id, items)
    row = await steps.step(work, row, OrderStatus.RETURNED, items, reason=data.reason)
    return order_of(row, items)


async def stats(work: StoreWork, placed_from: datetime | None, placed_to: datetime | None) -> OrderStats:
    """Counts and sums of the orders placed in a time."""
    wanted = OrderFilters(placed_from=placed_from, placed_to=placed_to)
    rows = await repository.stats(work, _filters(work, wanted))
    gross = sum(row.gross for row in rows)
    refunded = sum(row.refunded for row in rows)
    paid_orders = sum(row.paid for row in rows)
    return OrderStats(
        currency=work.scope.store.currency,
        placed_from=placed_from,
        placed_to=placed_to,
        orders=sum(row.orders for row in rows),
        paid_orders=paid_orders,
        by_status={row.status: row.orders for row in rows},
        needs_attention=sum(row.flagged for row in rows),
        gross=gross,
        refunded=refunded,
        net=gross - refunded,
        average=money.divide(gross, paid_orders) if paid_orders else 0,
        items_sold=int(sum(row.items for row in rows)),
    )


async def _step(
    work: StoreWork, order_id: UUID, to: OrderStatus, reason: str | None, **changes: Unpack[OrderChanges]
) -> Order:
    row = await steps.locked(work, order_id)
    items = await steps.items_of(work, order_id)
    told = {name: value for name, value in changes.items() if value is not None}
    # The same step once more is done already; one that would change what was said (another parcel) is not.
    if not steps.is_there(row, to) or any(getattr(row, name) != value for name, value in told.items()):
        row = await steps.step(work, row, to, items, reason=reason, **changes)
    return order_of(row, items)


def _filters(work: StoreWork, wanted: OrderFilters) -> Filters:
    filters = Filters(work)
    if wanted.status is not None:
        filters.add("status = {}", wanted.status.value)
    if wanted.payment_status is not None:
        filters.add("payment_status = {}", wanted.payment_status.value)
    if wanted.email is not None:
        filters.add("email = {}", wanted.email)
    if wanted.placed_from is not None:
        filters.add("placed_at >= {}", wanted.placed_from)
    if wanted.placed_to is not None:
        filters.add("placed_at < {}", wanted.placed_to)
    if wanted.needs_attention is not None:
        filters.add("(cardinality(flags) > 0) = {}", wanted.needs_attention)
    return filters
