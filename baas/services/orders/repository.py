"""The SQL of the orders. An order is placed by one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from baas.core.db import StoreWork, SystemConnection
from baas.core.db.rows import call_sql, columns, optional_row, row_of, rows_of
from baas.core.values import clock, ids
from baas.core.work.due import due_statement
from baas.services.orders.rows import (
    ItemRefundRow,
    ItemRow,
    OrderChanges,
    OrderRow,
    StatusStats,
    TransitionRow,
)
from baas.services.orders.schemas import OrderStatus

# What every new order and line has alike is not given but left to the defaults of their columns.
_GIVEN: Final = tuple(
    name
    for name in OrderRow.__struct_fields__
    if name
    not in {
        *("id", "number", "amount_paid", "amount_refunded", "tracking", "flags", "updated_at"),
        *("paid_at", "shipped_at", "delivered_at", "cancelled_at", "cancel_reason", "returned_at"),
    }
)
_GIVEN_OF_ITEM: Final = tuple(
    name
    for name in ItemRow.__struct_fields__
    if name not in {"order_id", "position", "oversold", "refunded_quantity", "restocked_quantity"}
)
_given_of: Final = attrgetter(*_GIVEN)
_given_of_item: Final = attrgetter(*_GIVEN_OF_ITEM)
_PLACE: Final = call_sql(
    "order_place",
    (
        *("store", "order", "number"),
        *_GIVEN,
        *(f"item_{name}" for name in _GIVEN_OF_ITEM),
        *("step_id", "step_from", "step_to", "actor_kind", "actor_id", "request"),
    ),
)
_GET: Final = f"select {columns(OrderRow)} from orders where store_id = $1 and id = $2"
_LOCK: Final = f"{_GET} for no key update"
_LOCK_ALL: Final = f"""
select o.* from unnest($2::uuid[]) as wanted (order_key) cross join lateral (
  select {columns(OrderRow)} from orders where store_id = $1 and id = order_key for no key update offset 0
) o
"""
# One look-up for each order: by `= any` and one ORDER BY, a plan for stores of the usual size reads all the lines of a
# large one.
_ITEMS: Final = f"""
select {columns(ItemRow, "i")} from unnest($2::uuid[]) as wanted (order_key) cross join lateral (
  select {columns(ItemRow)} from order_items where store_id = $1 and order_id = order_key order by position offset 0
) i
"""
_ITEM_REFUNDS: Final = f"""
select {columns(ItemRefundRow)} from order_item_refunds
where store_id = $1 and order_id = $2 and taken_back_at is null order by id
"""
_TRANSITIONS: Final = f"select {columns(TransitionRow)} from order_transitions where store_id = $1 and order_id = $2 order by id"
NUMBER: Final = "order_number($1)"
"""The number of the store's next order. From here to the commit the store's counter is locked, so this comes as late as
it can."""


async def next_number(work: StoreWork) -> int:
    """The number of the next order; see NUMBER."""
    number: int = await work.fetchval(f"select {NUMBER}", work.scope.store_id)
    return number


async def place(
    work: StoreWork,
    order: OrderRow,
    items: Sequence[ItemRow],
    steps: Sequence[tuple[OrderStatus | None, OrderStatus]],
) -> None:
    """Write a new order with its lines, in their order, and its first steps, with what follows."""
    caller = work.scope.caller
    await work.later(
        _PLACE,
        work.scope.store_id,
        order.id,
        order.number,
        *_given_of(order),
        *(list(values) for values in zip(*map(_given_of_item, items), strict=True)),
        [ids.new_id() for _ in steps],
        [before for before, _ in steps],
        [after for _, after in steps],
        caller.kind.value,
        caller.id,
        work.scope.request_id,
    )


async def get(work: StoreWork, order_id: UUID) -> OrderRow | None:
    """The order, or None."""
    return optional_row(OrderRow, await work.fetchrow(_GET, work.scope.store_id, order_id))


async def lock(work: StoreWork, order_id: UUID) -> OrderRow | None:
    """The order, held until the transaction ends, or None."""
    return optional_row(OrderRow, await work.fetchrow(_LOCK, work.scope.store_id, order_id))


async def lock_all(work: StoreWork, order_ids: Sequence[UUID]) -> list[OrderRow]:
    """Some orders, held until the transaction ends. Locked and returned in the order of their ids."""
    return rows_of(OrderRow, await work.fetch(_LOCK_ALL, work.scope.store_id, sorted(order_ids)))


async def items(work: StoreWork, order_ids: Sequence[UUID]) -> dict[UUID, list[ItemRow]]:
    """The lines of some orders, by order."""
    found: dict[UUID, list[ItemRow]] = {order_id: [] for order_id in order_ids}
    for row in rows_of(ItemRow, await work.fetch(_ITEMS, work.scope.store_id, list(order_ids))):
        found[row.order_id].append(row)
    return found


async def change(work: StoreWork, order_id: UUID, changes: OrderChanges) -> OrderRow:
    """Write columns of an order that this transaction has locked. Returns its row."""
    assignments, arguments = _assign(changes, first=4)
    record = await work.fetchrow(
        f"update orders set updated_at = $3{assignments} where store_id = $1 and id = $2 returning {columns(OrderRow)}",
        work.scope.store_id,
        order_id,
        clock.now(work.scope),
        *arguments,
    )
    return row_of(OrderRow, record)


async def move(
    work: StoreWork, row: OrderRow, to: OrderStatus, changes: OrderChanges, reason: str | None
) -> OrderRow:
    """Move an order that this transaction has locked. Returns its row."""
    assignments, arguments = _assign(changes, first=11)
    caller = work.scope.caller
    record = await work.fetchrow(
        f"""
        with moved as (
          update orders set status = $3, updated_at = $4{assignments} where store_id = $1 and id = $2
          returning {columns(OrderRow)}
        ), noted as (
          insert into order_transitions
            (store_id, id, order_id, from_status, to_status, actor_kind, actor_id, reason, request_id, created_at)
          values ($1, $5, $2, $6, $3, $7, $8, $9, $10, $4)
        )
        select {columns(OrderRow)} from moved
        """,
        work.scope.store_id,
        row.id,
        to,
        clock.now(work.scope),
        ids.new_id(),
        row.status,
        caller.kind.value,
        caller.id,
        reason,
        work.scope.request_id,
        *arguments,
    )
    return row_of(OrderRow, record)


# The rows are found where they lie, for they are locked: joined by their ids, a plan for stores of the usual size
# reads all the orders of a large one.
_PAY_ALL: Final = """
with given as (
  select * from jsonb_to_recordset($3) as g (id uuid, transition uuid, before text, payment_status text,
    amount_paid bigint, amount_refunded bigint, flags text[])
), moved as (
  update orders o set status = $4, updated_at = $5, paid_at = $5, due_at = null, expires_at = null,
    payment_status = g.payment_status, amount_paid = g.amount_paid, amount_refunded = g.amount_refunded, flags = g.flags
  from given g
  where o.ctid = any (array(
    select w.ctid from unnest($2::uuid[]) as wanted (order_key) cross join lateral (
      select ctid from orders where store_id = $1 and id = order_key offset 0) w
  )) and o.store_id = $1 and o.id = g.id
  returning o.id
)
insert into order_transitions
  (store_id, id, order_id, from_status, to_status, actor_kind, actor_id, reason, request_id, created_at)
select $1, g.transition, g.id, g.before, $4, $6, $7, null, $8, $5 from given g join moved using (id)
"""


async def pay_all(work: StoreWork, orders: Sequence[tuple[OrderRow, OrderChanges]]) -> list[OrderRow]:
    """Move orders that this transaction has locked to paid. Returns their rows.

    The changes of each are its `payment_status`, `amount_paid`, `amount_refunded` and `flags`.
    """
    now, caller = clock.now(work.scope), work.scope.caller
    given = [
        {"id": row.id, "transition": ids.new_id(), "before": row.status, **changes} for row, changes in orders
    ]
    await work.execute(
        _PAY_ALL,
        work.scope.store_id,
        [row.id for row, _ in orders],
        given,
        OrderStatus.PAID,
        now,
        caller.kind.value,
        caller.id,
        work.scope.request_id,
    )
    return [
        replace(
            row,
            status=OrderStatus.PAID,
            updated_at=now,
            paid_at=now,
            due_at=None,
            expires_at=None,
            **changes,
        )
        for row, changes in orders
    ]


def _assign(changes: OrderChanges, *, first: int) -> tuple[str, list[Any]]:
    given = sorted(changes.items())
    text = "".join(f", {name} = ${number}" for number, (name, _) in enumerate(given, start=first))
    return text, [value for _, value in given]


async def mark_oversold(work: StoreWork, order_id: UUID, variant_ids: Sequence[UUID]) -> None:
    """Note on the lines which of them were not all there."""
    await work.execute(
        "update order_items set oversold = true where store_id = $1 and order_id = $2 and variant_id = any ($3::uuid[])",
        work.scope.store_id,
        order_id,
        list(variant_ids),
    )


async def count_back(work: StoreWork, order_id: UUID, counts: Mapping[UUID, tuple[int, int]]) -> None:
    """Count pieces of lines as given back, and as on the shelf without that; less of them by negative numbers."""
    await work.execute(
        "update order_items i set refunded_quantity = i.refunded_quantity + d.refunded,"
        " restocked_quantity = i.restocked_quantity + d.restocked"
        " from unnest($3::uuid[], $4::bigint[], $5::bigint[]) as d(id, refunded, restocked)"
        " where i.store_id = $1 and i.order_id = $2 and i.id = d.id",
        work.scope.store_id,
        order_id,
        list(counts),
        [refunded for refunded, _ in counts.values()],
        [restocked for _, restocked in counts.values()],
    )


async def insert_item_refunds(
    work: StoreWork, order_id: UUID, counts: Mapping[UUID, tuple[int, int]], refund_ids: Sequence[UUID]
) -> None:
    """Pieces of lines, and how many of them went to the shelf, that these refunds give back."""
    await work.execute(
        "insert into order_item_refunds"
        " (store_id, order_id, id, order_item_id, quantity, restocked, refund_ids, created_at)"
        " select $1, $2, d.id, d.order_item_id, d.quantity, d.restocked, $7, $8"
        " from unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[])"
        " as d(id, order_item_id, quantity, restocked)",
        work.scope.store_id,
        order_id,
        [ids.new_id() for _ in counts],
        list(counts),
        [quantity for quantity, _ in counts.values()],
        [restocked for _, restocked in counts.values()],
        list(refund_ids),
        clock.now(work.scope),
    )


async def item_refunds(work: StoreWork, order_id: UUID) -> list[ItemRefundRow]:
    """What of an order was given back by lines and not taken back since."""
    return rows_of(ItemRefundRow, await work.fetch(_ITEM_REFUNDS, work.scope.store_id, order_id))


async def take_item_refunds_back(work: StoreWork, item_refund_ids: Sequence[UUID]) -> None:
    """Their refunds failed."""
    await work.execute(
        "update order_item_refunds set taken_back_at = $3 where store_id = $1 and id = any ($2::uuid[])",
        work.scope.store_id,
        list(item_refund_ids),
        clock.now(work.scope),
    )


async def transitions(work: StoreWork, order_id: UUID) -> list[TransitionRow]:
    """Every step of an order, the first one first."""
    return rows_of(TransitionRow, await work.fetch(_TRANSITIONS, work.scope.store_id, order_id))


class Filters:
    """What a list of orders is narrowed to, as SQL with its arguments."""

    def __init__(self, work: StoreWork) -> None:
        self.arguments: list[Any] = [work.scope.store_id]
        self.where = "store_id = $1"

    def add(self, condition: str, *values: Any) -> None:
        """Add a condition; its `{}` become the places of the values."""
        places = range(len(self.arguments) + 1, len(self.arguments) + len(values) + 1)
        self.arguments += values
        self.where += " and " + condition.format(*(f"${place}" for place in places))


async def page(work: StoreWork, filters: Filters, limit: int) -> list[OrderRow]:
    """Orders, newest first."""
    arguments = [*filters.arguments, limit]
    records = await work.fetch(
        f"select {columns(OrderRow)} from orders where {filters.where} order by placed_at desc, id desc"
        f" limit ${len(arguments)}",
        *arguments,
    )
    return rows_of(OrderRow, records)


async def count(work: StoreWork, filters: Filters) -> int:
    """How many orders there are by those filters."""
    total: int = await work.fetchval(f"select count(*) from orders where {filters.where}", *filters.arguments)
    return total


async def stats(work: StoreWork, filters: Filters) -> list[StatusStats]:
    """Counts and sums by status."""
    records = await work.fetch(
        f"""
        select status, count(*) as orders, count(paid_at) as paid,
          coalesce(sum(total) filter (where paid_at is not null), 0)::bigint as gross,
          coalesce(sum(amount_refunded), 0)::bigint as refunded,
          count(*) filter (where cardinality(flags) > 0) as flagged,
          coalesce(sum((select sum(i.quantity) from order_items i
            where i.store_id = orders.store_id and i.order_id = orders.id)) filter (where paid_at is not null), 0)::bigint
            as items
        from orders where {filters.where} group by status
        """,
        *filters.arguments,
    )
    return rows_of(StatusStats, records)


DUE: Final = due_statement("orders", at="due_at")
"""Orders of all stores that the clock has to look at."""


async def due_now(work: StoreWork) -> datetime:
    """The moment of now, by the clock that finds what is due: the database's, as the store sees it."""
    moment: datetime = await work.fetchval("select now() + $1::interval", work.scope.clock_offset)
    return moment


async def postpone(system: SystemConnection, store_id: UUID, order_id: UUID, wait: timedelta) -> None:
    """Look at an order later: something went wrong with it, and the others must not wait for it."""
    await system.execute(
        "update orders o set due_at = now() + s.clock_offset + $3::interval from stores s"
        " where o.store_id = $1 and o.id = $2 and s.id = o.store_id",
        store_id,
        order_id,
        wait,
    )
