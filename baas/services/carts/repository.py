"""The SQL of carts. A change of a cart is one function call, which answers the cart (migration 0004)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from baas.core import clock
from baas.core.db import StoreWork, SystemConnection
from baas.services.carts.schemas import LIFE


class ItemRow(msgspec.Struct, frozen=True):
    """A line as it is stored."""

    id: UUID
    variant_id: UUID
    quantity: int
    unit_price: int
    currency: str


class CartRow(msgspec.Struct, frozen=True):
    """A cart as it is stored, with its lines in the order they were added."""

    id: UUID
    status: str
    customer_id: UUID | None
    email: str | None
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    shipping_method_id: str | None
    order_id: UUID | None
    merged_into: UUID | None
    expires_at: datetime
    items: tuple[ItemRow, ...]


_COLUMNS: Final = (
    "id, status, customer_id, email, shipping_address, billing_address, shipping_method_id, order_id,"
    " merged_into, expires_at"
)
_LISTS: Final = "item_ids, variant_ids, quantities, unit_prices, currencies"


def _cart_of(row: asyncpg.Record | None, skip: int = 0) -> CartRow | None:
    if row is None:
        return None
    values = tuple(row)[skip:]
    lists = values[10:]
    items = tuple(map(ItemRow, *lists)) if lists[0] is not None else ()
    return CartRow(*(*values[:10], items))


async def read(work: StoreWork, cart_id: UUID) -> CartRow | None:
    """A cart with its lines."""
    return _cart_of(
        await work.fetchrow(
            f"select {_COLUMNS}, {_LISTS} from cart_read($1, $2)", work.scope.store_id, cart_id
        )
    )


_INSERT: Final = """
insert into carts (store_id, id, status, email, expires_at, created_at, updated_at)
values ($1, $2, 'active', $3, $4, $5, $5)
"""
_INSERT_WITH_ITEMS: Final = f"""
with cart as ({_INSERT})
insert into cart_items (store_id, id, cart_id, variant_id, quantity, unit_price, currency, added_at)
select $1, d.id, $2, d.variant_id, d.quantity, d.unit_price, $10, $5
from unnest($6::uuid[], $7::uuid[], $8::bigint[], $9::bigint[]) as d(id, variant_id, quantity, unit_price)
"""


async def insert(work: StoreWork, cart: CartRow, currency: str) -> None:
    """Store a new cart and its lines, in one statement."""
    head = (work.scope.store_id, cart.id, cart.email, cart.expires_at, clock.now(work.scope))
    if cart.items:
        await work.execute(_INSERT_WITH_ITEMS, *head, *_arrays(cart.items), currency)
    else:
        await work.execute(_INSERT, *head)


def _arrays(items: Sequence[ItemRow]) -> tuple[list[UUID], list[UUID], list[int], list[int]]:
    return (
        [item.id for item in items],
        [item.variant_id for item in items],
        [item.quantity for item in items],
        [item.unit_price for item in items],
    )


_PUT: Final = f"select {_COLUMNS}, {_LISTS} from cart_put($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_SET: Final = f"select item_found, {_COLUMNS}, {_LISTS} from cart_set($1, $2, $3, $4, $5, $6)"


async def put(work: StoreWork, cart_id: UUID, items: Sequence[ItemRow]) -> CartRow | None:
    """Lock a cart and add lines; a variant that it has gets that many more. Answers the cart after it.

    A cart that is not open is answered as it is, unchanged.
    """
    moment = clock.now(work.scope)
    currency = work.scope.store.currency
    return _cart_of(
        await work.fetchrow(
            _PUT, work.scope.store_id, cart_id, *_arrays(items), currency, moment, moment + LIFE
        )
    )


async def set_quantity(
    work: StoreWork, cart_id: UUID, item_id: UUID, quantity: int
) -> tuple[bool, CartRow | None]:
    """Lock a cart and set the quantity of a line, 0 removes it. Answers whether there was one, and the cart."""
    moment = clock.now(work.scope)
    row = await work.fetchrow(_SET, work.scope.store_id, cart_id, item_id, quantity, moment, moment + LIFE)
    return row is not None and row[0], _cart_of(row, skip=1)


async def update(work: StoreWork, cart_id: UUID, changes: Mapping[str, Any]) -> None:
    """Write columns of a cart that this transaction has locked."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(changes, start=3))
    await work.execute(
        f"update carts set {columns} where store_id = $1 and id = $2",
        work.scope.store_id,
        cart_id,
        *changes.values(),
    )


async def lock(work: StoreWork, cart_ids: Sequence[UUID]) -> None:
    """Lock several carts, in the order of their ids."""
    await work.fetch(
        "select id from carts where store_id = $1 and id = any($2::uuid[]) order by id for no key update",
        work.scope.store_id,
        list(cart_ids),
    )


async def abandon(work: StoreWork, cart_id: UUID) -> bool:
    """Close a cart whose life is over; False when it is not, or somebody did."""
    tag = await work.execute(
        "update carts set status = 'abandoned' where store_id = $1 and id = $2 and status = 'active'"
        " and expires_at <= $3",
        work.scope.store_id,
        cart_id,
        clock.now(work.scope),
    )
    return tag == "UPDATE 1"


_DUE: Final = """
select c.store_id, c.id, s.clock_offset from carts c join stores s on s.id = c.store_id
where c.status = 'active' and c.expires_at <= now() and c.expires_at <= now() + s.clock_offset
union
select d.store_id, d.id, s.clock_offset
from stores s cross join lateral (
  select c.store_id, c.id from carts c
  where c.status = 'active' and c.expires_at <= now() + s.clock_offset and c.store_id = s.id limit $1
) d
where s.clock_offset > interval '0'
limit $1
"""


async def due(system: SystemConnection, limit: int) -> list[asyncpg.Record]:
    """Carts of all stores whose life is over, by their store's own clock."""
    return await system.fetch(_DUE, limit)
