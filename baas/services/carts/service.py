"""What can be done with a cart. The verbs that change one lock it, so twins come one after the other, and cost one
statement each, which answers the cart as it is after it."""

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog
from msgspec.structs import replace

from baas.core.db import Database, StoreWork, sqlstate, sqlstates, violated
from baas.core.errors import NotFound, ValidationFailed
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.values.money import MAX_AMOUNT
from baas.core.work import outbox
from baas.core.work.due import attend_each
from baas.core.work.outbox import ScopeMaker
from baas.services.carts import repository
from baas.services.carts.addresses import stored_form, view_of
from baas.services.carts.errors import CartClosed
from baas.services.carts.events import CartEvent
from baas.services.carts.repository import CartRow, ItemRow, NewLine
from baas.services.carts.schemas import (
    LIFE,
    AddItem,
    Cart,
    CartForCheckout,
    CartItem,
    CartStatus,
    CheckoutLine,
    CreateCart,
    UpdateCart,
)
from baas.services.inventory import service as inventory
from baas.services.pricing import service as pricing
from baas.services.pricing.errors import TooMuch
from baas.services.pricing.schemas import MAX_LINES, MAX_QUANTITY, STANDARD_SHIPPING, Line, Totals

ABANDON_BATCH: Final = 100

log = structlog.get_logger(__name__)
# Deliberately loose: only a message that arrives proves an address. One @, a dot behind it, no blanks.
_EMAIL: Final = re.compile(
    r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,180}\.[^@\s.\x00-\x1f\x7f]{2,63}"
)


async def create_cart(work: StoreWork, data: CreateCart) -> Cart:
    """A new cart. Raises NotFound for a variant that is not sold, InsufficientStock for too many of one, TooMuch."""
    lines = _new_lines(data.items)
    row = CartRow(
        id=_secret_id(),
        status=CartStatus.ACTIVE,
        customer_id=None,
        email=None if data.email is None else _email(data.email),
        shipping_address=None,
        billing_address=None,
        shipping_method_id=None,
        order_id=None,
        merged_into=None,
        expires_at=clock.now(work.scope) + LIFE,
        items=(),
    )
    with _refusals():
        row = await repository.create(work, row, lines)
    return _shown(work, row)


async def get_cart(work: StoreWork, cart_id: UUID) -> Cart:
    """A cart at the prices of now. Raises NotFound."""
    return _shown(work, _found(await repository.read(work, cart_id), cart_id))


async def add_item(work: StoreWork, cart_id: UUID, data: AddItem) -> Cart:
    """Put more of a variant into a cart.

    Raises NotFound (cart, variant), CartClosed, InsufficientStock for more than there is, and TooMuch.
    """
    lines = _new_lines([data])
    with _refusals():
        row = await repository.put(work, cart_id, lines)
    return _shown(work, _open(work, row, cart_id))


async def set_item(work: StoreWork, cart_id: UUID, item_id: UUID, quantity: int) -> Cart:
    """Set the quantity of a line; 0 removes it. Raises NotFound, CartClosed, InsufficientStock, TooMuch."""
    with _refusals(item_id=item_id):
        row = await repository.set_quantity(work, cart_id, item_id, quantity)
    return _shown(work, _open(work, row, cart_id))


async def update_cart(work: StoreWork, cart_id: UUID, data: UpdateCart) -> Cart:
    """Change who buys and where it goes. Raises NotFound, CartClosed, ValidationFailed naming the field."""
    changes: dict[str, Any] = {}
    if data.email is not msgspec.UNSET:
        changes["email"] = None if data.email is None else _email(data.email)
    if data.shipping_address is not msgspec.UNSET:
        address = data.shipping_address
        changes["shipping_address"] = None if address is None else stored_form(address, "shipping_address")
    if data.billing_address is not msgspec.UNSET:
        address = data.billing_address
        changes["billing_address"] = None if address is None else stored_form(address, "billing_address")
    if data.shipping_method_id is not msgspec.UNSET:
        if data.shipping_method_id not in {None, STANDARD_SHIPPING}:
            raise ValidationFailed.field("shipping_method_id", f"there is only {STANDARD_SHIPPING!r}")
        changes["shipping_method_id"] = data.shipping_method_id
    if data.discount_codes:
        raise ValidationFailed.field(
            "discount_codes", f"there is no discount code {data.discount_codes[0]!r}"
        )
    with _refusals():
        row = await repository.change(work, cart_id, changes)
    return _shown(work, _open(work, row, cart_id))


async def merge(work: StoreWork, cart_id: UUID, other_id: UUID) -> Cart:
    """Take the lines of another cart into this one, and close the other.

    Quantities add up, to at most 9999 of a variant; e-mail and addresses come along where this cart has
    none. Merging the same cart again has no second effect. Raises NotFound, CartClosed, TooMuch.
    """
    if cart_id == other_id:
        raise ValidationFailed.field("cart_id", "is the cart itself")
    await repository.lock(work, [cart_id, other_id])
    row = _open(work, await repository.read(work, cart_id), cart_id)
    other = _found(await repository.read(work, other_id), other_id)
    if other.merged_into == cart_id:
        return _shown(work, row)
    _open(work, other, other_id)
    present = {item.variant_id: item.quantity for item in row.items}
    lines = [
        NewLine(ids.new_id(), item.variant_id, quantity, item.unit_price)
        for item in other.items
        if (quantity := min(item.quantity, MAX_QUANTITY - present.get(item.variant_id, 0)))
    ]
    await repository.update(work, other_id, {"status": CartStatus.ABANDONED, "merged_into": cart_id})
    with _refusals():
        row = _open(work, await repository.put(work, cart_id, lines, check_stock=False), cart_id)
    brought = {
        name: getattr(other, name)
        for name in ("email", "shipping_address", "billing_address", "shipping_method_id")
        if getattr(row, name) is None and getattr(other, name) is not None
    }
    if brought:
        await repository.update(work, cart_id, brought)
    return _shown(work, replace(row, **brought))


# ------------------------------------------------------------------------------------- for checkout


async def convert(work: StoreWork, cart_id: UUID, order_id: UUID) -> CartForCheckout:
    """Close a cart that becomes this order, unless the transaction fails.

    Raises NotFound, CartClosed (with the order that it became), ValidationFailed when it is empty, and
    InsufficientStock when one of its variants is not sold any more. Stock is the reservation's matter.
    """
    row = _found(await repository.convert(work, cart_id, order_id), cart_id)
    if row.order_id != order_id:
        raise _closed(work, row)
    if not row.items:
        raise ValidationFailed.field("cart", "has no items")
    gone = [(item.variant_id, item.quantity, 0) for item in row.items if not item.variant.is_active]
    if gone:
        raise inventory.insufficient(gone)
    return CartForCheckout(
        cart_id=row.id,
        customer_id=row.customer_id,
        email=row.email,
        shipping_address=row.shipping_address,
        billing_address=row.billing_address,
        shipping_method_id=row.shipping_method_id,
        lines=tuple(
            CheckoutLine(item.id, item.variant, item.quantity, item.unit_price) for item in row.items
        ),
        totals=_totals(work, row),
        price_changed=any(_price_changed(work, item) for item in row.items),
    )


# ------------------------------------------------------------------------------------- for the worker


async def abandon_due(database: Database, make_scope: ScopeMaker) -> int:
    """Close one batch of carts whose life is over; answers how many."""
    closed = await attend_each(
        database,
        make_scope,
        repository.DUE,
        _abandon,
        limit=ABANDON_BATCH,
        reason="carts: find those that nobody has touched for their whole life",
        name="abandon",
    )
    return sum(map(bool, closed))


async def _abandon(work: StoreWork, cart_id: UUID) -> bool:
    abandoned = await repository.abandon(work, cart_id)
    if abandoned:
        cart = await get_cart(work, cart_id)
        if cart.items:
            await outbox.emit(work, CartEvent.ABANDONED, subject=cart.id, data=cart)
    return abandoned


# ------------------------------------------------------------------------------------- the parts


def _secret_id() -> UUID:
    """A UUIDv7 whose 74 other bits are all random: ids of one millisecond usually share a counter, and
    whoever holds one would know much of the next."""
    moment = ids.new_id().int >> 80
    return UUID(int=moment << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))


def _new_lines(items: Iterable[AddItem]) -> list[NewLine]:
    """Lines by variant, in the order of the first mention. Raises NotFound, TooMuch."""
    wanted: dict[UUID, int] = {}
    for item in items:
        identity = ids.decode(Kind.VARIANT, item.variant_id)
        wanted[identity] = wanted.get(identity, 0) + item.quantity
    for quantity in wanted.values():
        if quantity > MAX_QUANTITY:
            raise _too_many()
    return [NewLine(ids.new_id(), identity, quantity) for identity, quantity in wanted.items()]


@contextmanager
def _refusals(*, item_id: UUID | None = None) -> Iterator[None]:
    """Say in our words what the functions of carts refuse."""
    try:
        yield
    except asyncpg.PostgresError as error:
        match sqlstate(error):
            case sqlstates.NOT_FOR_SALE:
                variant = ids.encode(Kind.VARIANT, UUID(error.detail))
                raise NotFound("There is no such variant for sale.", variant_id=variant) from None
            case sqlstates.SHORT_OF_STOCK:
                short = msgspec.json.decode(error.detail, type=list[_Short])
                raise inventory.insufficient(
                    [(each.variant_id, each.asked, each.available) for each in short]
                ) from None
            case sqlstates.TOO_MANY_LINES:
                raise TooMuch.field("items", f"at most {MAX_LINES} lines") from None
            case sqlstates.WORTH_TOO_MUCH:
                raise TooMuch.field(
                    "items", f"together they cost more than {MAX_AMOUNT} minor units"
                ) from None
            case sqlstates.NO_SUCH_LINE if item_id is not None:
                raise NotFound(item_id=ids.encode(Kind.CART_ITEM, item_id)) from None
        if violated(error) == "ck_cart_items_quantity":
            raise _too_many() from None
        raise


class _Short(msgspec.Struct, frozen=True):
    variant_id: UUID
    asked: int
    available: int


def _too_many() -> ValidationFailed:
    return TooMuch.field("quantity", f"at most {MAX_QUANTITY} of one variant")


def _found(row: CartRow | None, cart_id: UUID) -> CartRow:
    if row is None:
        raise NotFound(cart_id=ids.encode(Kind.CART, cart_id))
    return row


def _open(work: StoreWork, row: CartRow | None, cart_id: UUID) -> CartRow:
    row = _found(row, cart_id)
    if _status(work, row) is not CartStatus.ACTIVE:
        raise _closed(work, row)
    return row


def _closed(work: StoreWork, row: CartRow) -> CartClosed:
    order = {} if row.order_id is None else {"order_id": ids.encode(Kind.ORDER, row.order_id)}
    return CartClosed(status=_status(work, row), **order)


def _status(work: StoreWork, row: CartRow) -> CartStatus:
    if row.status == CartStatus.ACTIVE and row.expires_at <= clock.now(work.scope):
        return CartStatus.ABANDONED
    return CartStatus(row.status)


def _totals(work: StoreWork, row: CartRow) -> Totals:
    return pricing.totals_in(
        work.scope.store,
        [
            Line(item.variant.price, item.quantity, item.variant.taxable, item.variant.requires_shipping)
            for item in row.items
        ],
    )


def _price_changed(work: StoreWork, item: ItemRow) -> bool:
    return item.unit_price != item.variant.price or item.currency != work.scope.store.currency


def _shown(work: StoreWork, row: CartRow) -> Cart:
    store = work.scope.store
    totals = _totals(work, row)
    return Cart(
        id=ids.encode(Kind.CART, row.id),
        status=_status(work, row),
        currency=store.currency,
        email=row.email,
        items=[_shown_item(work, item) for item in row.items],
        subtotal=totals.subtotal,
        discount_total=totals.discount_total,
        shipping_total=totals.shipping_total,
        tax_total=totals.tax_total,
        total=totals.total,
        prices_include_tax=totals.prices_include_tax,
        requires_shipping=totals.requires_shipping,
        shipping_method_id=row.shipping_method_id,
        discount_codes=[],
        shipping_address=view_of(row.shipping_address),
        billing_address=view_of(row.billing_address),
        expires_at=row.expires_at,
    )


def _shown_item(work: StoreWork, item: ItemRow) -> CartItem:
    variant = item.variant
    return CartItem(
        id=ids.encode(Kind.CART_ITEM, item.id),
        variant_id=ids.encode(Kind.VARIANT, item.variant_id),
        product_id=ids.encode(Kind.PRODUCT, variant.product_id),
        product_name=variant.product_name,
        variant_name=variant.variant_name,
        sku=variant.sku,
        quantity=item.quantity,
        unit_price=variant.price,
        total=variant.price * item.quantity,
        image_url=variant.image_url,
        available=item.available,
        price_changed=_price_changed(work, item),
    )


def _email(text: str) -> str:
    email = text.strip()
    if _EMAIL.fullmatch(email) is None:
        raise ValidationFailed.field("email", "is not an e-mail address")
    return email
