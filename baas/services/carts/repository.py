"""The SQL of carts. A change of a cart is one function call (`sql/`), which answers the cart, its lines and what is known
of their variants. It is the only statement of its transaction, and what it refuses it refuses by an
error of its own, so that nothing stays. A cart may be forgotten by a crash of the database, an order never."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from baas.core.db import StoreWork, affected
from baas.core.values import clock
from baas.core.work.due import due_statement
from baas.services.carts.schemas import LIFE
from baas.services.catalog.schemas import Sellable
from baas.services.inventory.schemas import Stock
from baas.services.pricing import service as pricing
from baas.services.pricing.schemas import MAX_LINES


class ItemRow(msgspec.Struct, frozen=True, array_like=True):
    """A line as it is stored, and what is known of its variant and its stock at this moment."""

    id: UUID
    variant_id: UUID
    quantity: int
    unit_price: int
    currency: str
    variant: Sellable
    stock: Stock

    @property
    def available(self) -> bool:
        """Whether so many can be bought."""
        return self.variant.is_active and self.stock.covers(self.quantity)


class NewLine(msgspec.Struct, frozen=True):
    """A line to put into a cart: at the price that it has elsewhere, or at the variant's own."""

    id: UUID
    variant_id: UUID
    quantity: int
    unit_price: int | None = None


class CartRow(msgspec.Struct, frozen=True, array_like=True):
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


_decode: Final = msgspec.json.Decoder(CartRow).decode


def _cart_of(text: str | None) -> CartRow | None:
    """The cart that a function answered, its lines in the order they were added."""
    if text is None:
        return None
    row = _decode(text)
    return row if len(row.items) < 2 else replace(row, items=tuple(sorted(row.items, key=_by_id)))


def _by_id(line: ItemRow) -> UUID:
    return line.id


_READ: Final = "cart_read($1, $2)"
_CREATE: Final = "cart_create($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
# D-047, D-070: a change is one statement that refuses by raising, and answers one JSON text.
_PUT: Final = "cart_put($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
_SET: Final = "cart_set($1, $2, $3, $4, $5, $6, $7, $8)"
_CHANGE: Final = "cart_update($1, $2, $3, $4, $5, $6, $7)"
_CONVERT: Final = "select cart_convert($1, $2, $3, $4)"


async def read(work: StoreWork, cart_id: UUID) -> CartRow | None:
    """A cart with its lines."""
    return _cart_of(await work.call_alone(_READ, work.scope.store_id, cart_id))


async def create(work: StoreWork, cart: CartRow, lines: Sequence[NewLine]) -> CartRow:
    """Store a new cart with its lines; answers it. Raises what `_refusals` of the service explains."""
    scope = work.scope
    text = await work.call_alone(
        _CREATE,
        scope.store_id,
        cart.id,
        cart.email,
        [line.id for line in lines],
        [line.variant_id for line in lines],
        [line.quantity for line in lines],
        scope.store.currency,
        clock.now(scope),
        cart.expires_at,
        *_limits(work),
        relaxed=True,
    )
    # Without lines there is nothing that the database would know better.
    return _cart_of(text) or cart


async def put(
    work: StoreWork, cart_id: UUID, lines: Sequence[NewLine], *, check_stock: bool = True
) -> CartRow | None:
    """Lock a cart and add lines; a variant that it has gets that many more. Answers the cart after it.

    A cart that is not open is answered as it is, unchanged. Raises what `_refusals` of the service explains.
    """
    variants = [line.variant_id for line in lines]
    text = await work.call_alone(
        _PUT,
        work.scope.store_id,
        cart_id,
        [line.id for line in lines],
        variants,
        [line.quantity for line in lines],
        [line.unit_price for line in lines],
        work.scope.store.currency,
        *_times(work),
        variants if check_stock else [],
        *_limits(work),
        relaxed=True,
    )
    return _cart_of(text)


async def set_quantity(work: StoreWork, cart_id: UUID, item_id: UUID, quantity: int) -> CartRow | None:
    """Lock a cart and set the quantity of a line, 0 removes it; answers the cart. Raises what `_refusals` of the service explains."""
    text = await work.call_alone(
        _SET,
        work.scope.store_id,
        cart_id,
        item_id,
        quantity,
        *_times(work),
        *_limits(work),
        relaxed=True,
    )
    return _cart_of(text)


async def change(work: StoreWork, cart_id: UUID, changes: Mapping[str, Any]) -> CartRow | None:
    """Lock a cart and change its e-mail, addresses or shipping method; answers the cart. Raises what `_refusals` of the service explains."""
    text = await work.call_alone(
        _CHANGE,
        work.scope.store_id,
        cart_id,
        changes,
        *_times(work),
        *_limits(work),
        relaxed=True,
    )
    return _cart_of(text)


async def convert(work: StoreWork, cart_id: UUID, order_id: UUID) -> CartRow | None:
    """Close a cart, for it becomes this order; answers it. One that was not open is answered as it is."""
    return _cart_of(
        await work.fetchval(_CONVERT, work.scope.store_id, cart_id, order_id, clock.now(work.scope))
    )


def _times(work: StoreWork) -> tuple[datetime, datetime]:
    moment = clock.now(work.scope)
    return moment, moment + LIFE


def _limits(work: StoreWork) -> tuple[int, int]:
    return MAX_LINES, pricing.most_goods_in(work.scope.store)


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
    return affected(tag) == 1


DUE: Final = due_statement("carts", at="expires_at", only="t.status = 'active'")
"""Carts of all stores whose life is over."""
