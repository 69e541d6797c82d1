"""The SQL of the orders. An order is placed by one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork, SystemConnection
from baas.core.values import clock, ids

Row = Mapping[str, Any]

_COLUMNS: Final = (
    "id, number, status, payment_status, currency, subtotal, discount_total, shipping_total, tax_total, total,"
    " prices_include_tax, amount_paid, amount_refunded, email, customer_id, cart_id, shipping_address,"
    " billing_address, note, reference, metadata, source, paid_outside, holds_stock, is_digital, tracking, flags,"
    " access_token_hash, due_at, expires_at, placed_at, paid_at, shipped_at, delivered_at, cancelled_at,"
    " cancel_reason, returned_at, updated_at"
)
_ITEM_COLUMNS: Final = (
    "id, order_id, variant_id, product_id, product_name, variant_name, sku, image_url, quantity, unit_price, total,"
    " discount, tax, requires_shipping, oversold, refunded_quantity, restocked_quantity"
)
# What a new order is given; the number comes from the counter, everything else has a default.
_GIVEN: Final = (
    *("status", "payment_status", "currency", "subtotal", "discount_total", "shipping_total", "tax_total"),
    *(
        "total",
        "prices_include_tax",
        "email",
        "customer_id",
        "cart_id",
        "shipping_address",
        "billing_address",
    ),
    *("note", "reference", "metadata", "source", "paid_outside", "holds_stock", "is_digital"),
    *("access_token_hash", "due_at", "expires_at", "placed_at"),
)
# What is given of each line, as arrays.
_GIVEN_OF_ITEM: Final = (
    *("id", "variant_id", "product_id", "product_name", "variant_name", "sku", "image_url", "quantity"),
    *("unit_price", "total", "discount", "tax", "requires_shipping"),
)
_ARGUMENTS: Final = 3 + len(_GIVEN) + len(_GIVEN_OF_ITEM) + 6
_PLACE: Final = f"order_place({', '.join(f'${n}' for n in range(1, _ARGUMENTS + 1))})"
_AT_FIRST: Final[Row] = {
    "amount_paid": 0,
    "amount_refunded": 0,
    "tracking": None,
    **dict.fromkeys(
        ("paid_at", "shipped_at", "delivered_at", "cancelled_at", "cancel_reason", "returned_at")
    ),
}
"""What a new order has of the columns that it is not given: their defaults in the database."""
NUMBER: Final = "order_number($1)"
"""The number of the store's next order. From here to the commit the store's counter is locked, so this comes as late as
it can."""


async def next_number(work: StoreWork) -> int:
    """The number of the next order; see NUMBER."""
    number: int = await work.fetchval(f"select {NUMBER}", work.scope.store_id)
    return number


async def place(
    work: StoreWork,
    order_id: UUID,
    number: int,
    values: Row,
    items: Sequence[Row],
    steps: Sequence[tuple[str | None, str]],
) -> Row:
    """A new order with its lines and its first steps, written with what follows; answers its row."""
    caller = work.scope.caller
    await work.later(
        _PLACE,
        number,
        work.scope.store_id,
        order_id,
        *(values[name] for name in _GIVEN),
        *([item[name] for item in items] for name in _GIVEN_OF_ITEM),
        [ids.new_id() for _ in steps],
        [before for before, _ in steps],
        [after for _, after in steps],
        caller.kind.value,
        caller.id,
        work.scope.request_id,
    )
    return {
        **_AT_FIRST,
        "flags": [],
        **values,
        "id": order_id,
        "number": number,
        "updated_at": values["placed_at"],
    }


async def get(work: StoreWork, order_id: UUID) -> Row | None:
    """An order's row, or None."""
    return await work.fetchrow(
        f"select {_COLUMNS} from orders where store_id = $1 and id = $2", work.scope.store_id, order_id
    )


async def lock(work: StoreWork, order_id: UUID) -> Row | None:
    """An order's row, held until the transaction ends."""
    return await work.fetchrow(
        f"select {_COLUMNS} from orders where store_id = $1 and id = $2 for no key update",
        work.scope.store_id,
        order_id,
    )


async def lock_all(work: StoreWork, order_ids: Sequence[UUID]) -> list[Row]:
    """The rows of some orders, held until the transaction ends, locked and answered in the order of their ids."""
    return await work.fetch(
        f"select o.* from unnest($2::uuid[]) as wanted (order_key) cross join lateral ("
        f" select {_COLUMNS} from orders where store_id = $1 and id = order_key for no key update offset 0) o",
        work.scope.store_id,
        sorted(order_ids),
    )


async def items(work: StoreWork, order_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The lines of some orders, by order."""
    found: dict[UUID, list[Row]] = {order_id: [] for order_id in order_ids}
    for row in await work.fetch(
        # One look-up for each order: by `= any` and one ORDER BY, a plan for stores of the usual size reads all
        # the lines of a large one.
        f"select {_ITEM_COLUMNS} from unnest($2::uuid[]) as wanted (order_key) cross join lateral ("
        f" select {_ITEM_COLUMNS} from order_items where store_id = $1 and order_id = order_key order by position offset 0) i",
        work.scope.store_id,
        list(order_ids),
    ):
        found[row["order_id"]].append(row)
    return found


async def change(work: StoreWork, order_id: UUID, changes: Row) -> Row:
    """Write columns of an order that this transaction has locked; answers its row."""
    assignments, arguments = _assign(changes, first=4)
    row: Row | None = await work.fetchrow(
        f"update orders set updated_at = $3{assignments} where store_id = $1 and id = $2 returning {_COLUMNS}",
        work.scope.store_id,
        order_id,
        clock.now(work.scope),
        *arguments,
    )
    assert row is not None
    return row


async def move(work: StoreWork, row: Row, to: str, changes: Row, reason: str | None) -> Row:
    """Move an order that this transaction has locked; answers its row."""
    assignments, arguments = _assign(changes, first=11)
    caller = work.scope.caller
    moved: Row | None = await work.fetchrow(
        f"""
        with moved as (
          update orders set status = $3, updated_at = $4{assignments} where store_id = $1 and id = $2
          returning {_COLUMNS}
        ), noted as (
          insert into order_transitions
            (store_id, id, order_id, from_status, to_status, actor_kind, actor_id, reason, request_id, created_at)
          values ($1, $5, $2, $6, $3, $7, $8, $9, $10, $4)
        )
        select {_COLUMNS} from moved
        """,
        work.scope.store_id,
        row["id"],
        to,
        clock.now(work.scope),
        ids.new_id(),
        row["status"],
        caller.kind.value,
        caller.id,
        reason,
        work.scope.request_id,
        *arguments,
    )
    assert moved is not None
    return moved


# The rows are found where they lie, for they are locked: joined by their ids, a plan for stores of the usual size
# reads all the orders of a large one.
_MOVE_ALL: Final = """
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


async def pay_all(work: StoreWork, rows: Sequence[Row], to: str, changes: Sequence[Row]) -> list[Row]:
    """Move orders that this transaction has locked to paid, each with its own changes; answers their rows.

    `changes` has for each order its `payment_status`, `amount_paid`, `amount_refunded` and `flags`.
    """
    now, caller = clock.now(work.scope), work.scope.caller
    given = [
        {"id": row["id"], "transition": ids.new_id(), "before": row["status"], **change}
        for row, change in zip(rows, changes, strict=True)
    ]
    await work.execute(
        _MOVE_ALL,
        work.scope.store_id,
        [row["id"] for row in rows],
        given,
        to,
        now,
        caller.kind.value,
        caller.id,
        work.scope.request_id,
    )
    moved = {"status": to, "updated_at": now, "paid_at": now, "due_at": None, "expires_at": None}
    return [{**row, **moved, **change} for row, change in zip(rows, changes, strict=True)]


def _assign(changes: Row, *, first: int) -> tuple[str, list[Any]]:
    names = sorted(changes)
    text = "".join(f", {name} = ${number}" for number, name in enumerate(names, start=first))
    return text, [changes[name] for name in names]


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


async def item_refunds(work: StoreWork, order_id: UUID) -> list[Row]:
    """What of an order was given back by lines and not taken back since."""
    return await work.fetch(
        "select id, order_item_id, quantity, restocked, refund_ids from order_item_refunds"
        " where store_id = $1 and order_id = $2 and taken_back_at is null order by id",
        work.scope.store_id,
        order_id,
    )


async def take_item_refunds_back(work: StoreWork, item_refund_ids: Sequence[UUID]) -> None:
    """Their refunds failed."""
    await work.execute(
        "update order_item_refunds set taken_back_at = $3 where store_id = $1 and id = any ($2::uuid[])",
        work.scope.store_id,
        list(item_refund_ids),
        clock.now(work.scope),
    )


async def transitions(work: StoreWork, order_id: UUID) -> list[Any]:
    """Every step of an order, the first one first."""
    return await work.fetch(
        "select from_status, to_status, actor_kind, actor_id, reason, request_id, created_at from order_transitions"
        " where store_id = $1 and order_id = $2 order by id",
        work.scope.store_id,
        order_id,
    )


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


async def page(work: StoreWork, filters: Filters, limit: int) -> list[Row]:
    """Orders, newest first."""
    arguments = [*filters.arguments, limit]
    return await work.fetch(
        f"select {_COLUMNS} from orders where {filters.where} order by placed_at desc, id desc"
        f" limit ${len(arguments)}",
        *arguments,
    )


async def count(work: StoreWork, filters: Filters) -> int:
    """How many orders there are by those filters."""
    total: int = await work.fetchval(f"select count(*) from orders where {filters.where}", *filters.arguments)
    return total


async def stats(work: StoreWork, filters: Filters) -> list[Any]:
    """Counts and sums by status."""
    return await work.fetch(
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


_DUE: Final = """
select o.store_id, o.id, s.clock_offset from orders o join stores s on s.id = o.store_id
where o.due_at <= now() and o.due_at <= now() + s.clock_offset
union
select d.store_id, d.id, s.clock_offset
from stores s cross join lateral (
  select o.store_id, o.id from orders o where o.due_at <= now() + s.clock_offset and o.store_id = s.id limit $1
) d
where s.clock_offset > interval '0'
limit $1
"""


async def due(system: SystemConnection, limit: int) -> list[Any]:
    """Orders of all stores that the clock has to look at, by their store's own clock."""
    return await system.fetch(_DUE, limit)


async def postpone(system: SystemConnection, store_id: UUID, order_id: UUID, until: datetime) -> None:
    """Look at an order later: something went wrong with it, and the others must not wait for it."""
    await system.execute(
        "update orders set due_at = $3 where store_id = $1 and id = $2", store_id, order_id, until
    )
