"""What can be done with a cart. The verbs that change one lock it, so twins come one after the other.

A change costs three or four statements: what is known of the variant and its stock, the change (which
answers the cart), and what is known of the cart's other variants.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from msgspec.structs import replace

from baas.core import clock, ids, outbox
from baas.core.db import Database, StoreWork, violated
from baas.core.errors import NotFound, ValidationFailed
from baas.core.outbox import ScopeMaker
from baas.services.carts import repository
from baas.services.carts.addresses import stored_form, view_of
from baas.services.carts.errors import CartClosed
from baas.services.carts.repository import CartRow, ItemRow
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
from baas.services.catalog import service as catalog
from baas.services.catalog.schemas import Sellable
from baas.services.inventory import service as inventory
from baas.services.inventory.schemas import Stock
from baas.services.pricing import service as pricing
from baas.services.pricing.errors import TooMuch
from baas.services.pricing.schemas import MAX_LINES, MAX_QUANTITY, STANDARD_SHIPPING, Line

ABANDON_BATCH: Final = 100

log = structlog.get_logger(__name__)
# Deliberately loose: only a message that arrives proves an address. One @, a dot behind it, no blanks.
_EMAIL: Final = re.compile(
    r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,180}\.[^@\s.\x00-\x1f\x7f]{2,63}"
)


class Fact(msgspec.Struct, frozen=True):
    """What is true of a variant now."""

    variant: Sellable
    stock: Stock

    def allows(self, quantity: int) -> bool:
        """Whether so many can be bought."""
        return self.variant.is_active and self.stock.covers(quantity)


Facts = Mapping[UUID, Fact]


async def create_cart(work: StoreWork, data: CreateCart) -> Cart:
    """A new cart. Raises NotFound for a variant that is not sold, InsufficientStock for too many of one."""
    wanted = _wanted(data.items)
    facts = await _facts(work, wanted)
    items = tuple(_item(work, facts, identity, quantity) for identity, quantity in wanted.items())
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
        items=items,
    )
    _check_quantities(row, facts, wanted)
    await repository.insert(work, row, work.scope.store.currency)
    return _shown(work, row, facts)


async def get_cart(work: StoreWork, cart_id: UUID) -> Cart:
    """A cart at the prices of now. Raises NotFound."""
    row = _found(await repository.read(work, cart_id), cart_id)
    return _shown(work, row, await _facts(work, _variants(row)))


async def add_item(work: StoreWork, cart_id: UUID, data: AddItem) -> Cart:
    """Put more of a variant into a cart.

    Raises NotFound (cart, variant), CartClosed, InsufficientStock for more than there is, and TooMuch.
    """
    wanted = _wanted([data])
    facts = await _facts(work, wanted)
    items = [_item(work, facts, identity, quantity) for identity, quantity in wanted.items()]
    row = _open(work, await _put(work, cart_id, items), cart_id)
    _check_quantities(row, facts, wanted)
    return await _answer(work, row, facts)


async def set_item(work: StoreWork, cart_id: UUID, item_id: UUID, quantity: int) -> Cart:
    """Set the quantity of a line; 0 removes it. Raises NotFound, CartClosed, InsufficientStock."""
    item_found, changed = await repository.set_quantity(work, cart_id, item_id, quantity)
    row = _open(work, changed, cart_id)
    if not item_found:
        raise NotFound(item_id=ids.encode("item", item_id))
    facts = await _facts(work, _variants(row))
    _check_quantities(row, facts, {item.variant_id for item in row.items if item.id == item_id})
    return _shown(work, row, facts)


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
    row = _open(work, await repository.put(work, cart_id, ()), cart_id)
    if changes:
        await repository.update(work, cart_id, changes)
    return await _answer(work, replace(row, **changes), {})


async def merge(work: StoreWork, cart_id: UUID, other_id: UUID) -> Cart:
    """Take the lines of another cart into this one, and close the other.

    Quantities add up, to at most 9999 of a variant; e-mail and addresses come along where this cart has
    none. Merging the same cart again has no second effect. Raises NotFound, CartClosed, TooMuch.
    """
    if cart_id == other_id:
        raise ValidationFailed.field("cart_id", "is the cart itself")
    await repository.lock(work, [cart_id, other_id])
    row = _open(work, await repository.put(work, cart_id, ()), cart_id)
    other = _found(await repository.read(work, other_id), other_id)
    if other.merged_into == cart_id:
        return await _answer(work, row, {})
    _open(work, other, other_id)
    present = {item.variant_id: item.quantity for item in row.items}
    items = [
        replace(
            item, id=ids.new_id(), quantity=min(item.quantity, MAX_QUANTITY - present.get(item.variant_id, 0))
        )
        for item in other.items
    ]
    await repository.update(work, other_id, {"status": CartStatus.ABANDONED, "merged_into": cart_id})
    row = _open(work, await _put(work, cart_id, [item for item in items if item.quantity]), cart_id)
    _check_lines(row)
    brought = {
        name: getattr(other, name)
        for name in ("email", "shipping_address", "billing_address", "shipping_method_id")
        if getattr(row, name) is None and getattr(other, name) is not None
    }
    if brought:
        await repository.update(work, cart_id, brought)
    return await _answer(work, replace(row, **brought), {})


# ------------------------------------------------------------------------------------- for checkout


async def lock_for_checkout(work: StoreWork, cart_id: UUID) -> CartForCheckout:
    """A cart that is about to become an order: nobody else changes it before this transaction ends.

    Raises NotFound, CartClosed (with the order that it became), ValidationFailed when it is empty, and
    InsufficientStock when one of its variants is not sold any more. Stock is the reservation's matter.
    """
    row = _open(work, await repository.put(work, cart_id, ()), cart_id)
    known = await catalog.sellable(work, _variants(row))
    lines = tuple(
        CheckoutLine(item.id, known[item.variant_id], item.quantity, item.unit_price)
        for item in row.items
        if item.variant_id in known
    )
    if not lines:
        raise ValidationFailed.field("cart", "has no items")
    gone = [(line.variant.variant_id, line.quantity, 0) for line in lines if not line.variant.is_active]
    if gone:
        raise inventory.insufficient(gone)
    return CartForCheckout(
        cart_id=row.id,
        customer_id=row.customer_id,
        email=row.email,
        shipping_address=row.shipping_address,
        billing_address=row.billing_address,
        shipping_method_id=row.shipping_method_id,
        lines=lines,
        totals=pricing.totals_in(work.scope.store, [_line(line.variant, line.quantity) for line in lines]),
        price_changed=any(_price_changed(work, item, known.get(item.variant_id)) for item in row.items),
    )


async def mark_converted(work: StoreWork, cart_id: UUID, order_id: UUID) -> None:
    """Close a cart that `lock_for_checkout` locked: it became this order."""
    await repository.update(work, cart_id, {"status": CartStatus.CONVERTED, "order_id": order_id})


# ------------------------------------------------------------------------------------- for the worker


async def abandon_due(database: Database, make_scope: ScopeMaker) -> int:
    """Close one batch of carts whose life is over; answers how many."""
    async with database.relay(
        reason="carts: find those that nobody has touched for their whole life"
    ) as system:
        due = await repository.due(system, ABANDON_BATCH)
    closed = 0
    for row in due:
        try:
            scope = await make_scope(row["store_id"], f"abandon_{row['id'].hex}")
            scope = scope.at_offset(row["clock_offset"])
            async with database.fast(scope) as work:
                closed += await _abandon(work, row["id"])
        except Exception as error:
            # One cart must not stop the others; it is found again at the next look.
            log.warning("cart.not_abandoned", cart_id=str(row["id"]), error=repr(error)[:300])
    return closed


async def _abandon(work: StoreWork, cart_id: UUID) -> bool:
    abandoned = await repository.abandon(work, cart_id)
    if abandoned:
        cart = await get_cart(work, cart_id)
        if cart.items:
            await outbox.emit(work, "cart.abandoned", subject=cart.id, data=cart)
    return abandoned


# ------------------------------------------------------------------------------------- the parts


def _secret_id() -> UUID:
    """A UUIDv7 whose 74 other bits are all random: ids of one millisecond usually share a counter, and
    whoever holds one would know much of the next."""
    moment = ids.new_id().int >> 80
    return UUID(int=moment << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))


def _wanted(items: Iterable[AddItem]) -> dict[UUID, int]:
    """Demand by variant, in the order of the first mention. Raises NotFound, TooMuch."""
    wanted: dict[UUID, int] = {}
    for item in items:
        identity = ids.decode("var", item.variant_id)
        wanted[identity] = wanted.get(identity, 0) + item.quantity
    for quantity in wanted.values():
        if quantity > MAX_QUANTITY:
            raise TooMuch.field("quantity", f"at most {MAX_QUANTITY} of one variant")
    return wanted


async def _facts(work: StoreWork, variant_ids: Iterable[UUID]) -> dict[UUID, Fact]:
    return {
        identity: Fact(variant, stock)
        for identity, (variant, stock) in (await inventory.offers(work, variant_ids)).items()
    }


def _item(work: StoreWork, facts: Facts, identity: UUID, quantity: int) -> ItemRow:
    fact = facts.get(identity)
    if fact is None or not fact.variant.is_active:
        raise NotFound("There is no such variant for sale.", variant_id=ids.encode("var", identity))
    return ItemRow(ids.new_id(), identity, quantity, fact.variant.price, work.scope.store.currency)


async def _put(work: StoreWork, cart_id: UUID, items: Sequence[ItemRow]) -> CartRow | None:
    try:
        return await repository.put(work, cart_id, items)
    except Exception as error:
        if violated(error) == "ck_cart_items_quantity":
            raise TooMuch.field("quantity", f"at most {MAX_QUANTITY} of one variant") from None
        raise


def _found(row: CartRow | None, cart_id: UUID) -> CartRow:
    if row is None:
        raise NotFound(cart_id=ids.encode("cart", cart_id))
    return row


def _open(work: StoreWork, row: CartRow | None, cart_id: UUID) -> CartRow:
    row = _found(row, cart_id)
    status = _status(work, row)
    if status is not CartStatus.ACTIVE:
        order = {} if row.order_id is None else {"order_id": ids.encode("ord", row.order_id)}
        raise CartClosed(status=status, **order)
    return row


def _status(work: StoreWork, row: CartRow) -> CartStatus:
    if row.status == CartStatus.ACTIVE and row.expires_at <= clock.now(work.scope):
        return CartStatus.ABANDONED
    return CartStatus(row.status)


def _check_lines(row: CartRow) -> None:
    if len(row.items) > MAX_LINES:
        raise TooMuch.field("items", f"at most {MAX_LINES} lines")


def _check_quantities(row: CartRow, facts: Facts, changed: Iterable[UUID]) -> None:
    """Refuse more of the changed variants than there are. The caller's transaction undoes the change."""
    _check_lines(row)
    quantities = {item.variant_id: item.quantity for item in row.items}
    short = [
        (
            identity,
            quantities[identity],
            (facts[identity].stock.available or 0) * facts[identity].variant.is_active,
        )
        for identity in changed
        if identity in quantities and identity in facts and not facts[identity].allows(quantities[identity])
    ]
    if short:
        raise inventory.insufficient(short)


def _variants(row: CartRow) -> list[UUID]:
    return [item.variant_id for item in row.items]


def _line(variant: Sellable, quantity: int) -> Line:
    return Line(variant.price, quantity, variant.taxable, variant.requires_shipping)


def _price_changed(work: StoreWork, item: ItemRow, variant: Sellable | None) -> bool:
    return variant is None or item.unit_price != variant.price or item.currency != work.scope.store.currency


async def _answer(work: StoreWork, row: CartRow, facts: Facts) -> Cart:
    """The cart, asking only for what is not known yet."""
    missing = [identity for identity in _variants(row) if identity not in facts]
    return _shown(work, row, {**facts, **await _facts(work, missing)} if missing else facts)


def _shown(work: StoreWork, row: CartRow, facts: Facts) -> Cart:
    store = work.scope.store
    items = [item for item in row.items if item.variant_id in facts]
    totals = pricing.totals_in(
        store, [_line(facts[item.variant_id].variant, item.quantity) for item in items]
    )
    return Cart(
        id=ids.encode("cart", row.id),
        status=_status(work, row),
        currency=store.currency,
        email=row.email,
        items=[_shown_item(work, item, facts[item.variant_id]) for item in items],
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


def _shown_item(work: StoreWork, item: ItemRow, fact: Fact) -> CartItem:
    variant = fact.variant
    return CartItem(
        id=ids.encode("item", item.id),
        variant_id=ids.encode("var", item.variant_id),
        product_id=ids.encode("prod", variant.product_id),
        product_name=variant.product_name,
        variant_name=variant.variant_name,
        sku=variant.sku,
        quantity=item.quantity,
        unit_price=variant.price,
        total=variant.price * item.quantity,
        image_url=variant.image_url,
        available=fact.allows(item.quantity),
        price_changed=_price_changed(work, item, variant),
    )


def _email(text: str) -> str:
    email = text.strip()
    if _EMAIL.fullmatch(email) is None:
        raise ValidationFailed.field("email", "is not an e-mail address")
    return email
