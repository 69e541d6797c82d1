"""Placing an order: everything or nothing, in one transaction, the contended rows last."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Unpack
from uuid import UUID

import msgspec
from msgspec.structs import replace

from baas.core.db import StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.scope import StoreProfile
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.carts import service as carts
from baas.services.carts.addresses import Address, stored_form
from baas.services.carts.schemas import CartForCheckout
from baas.services.catalog import service as catalog
from baas.services.inventory import service as inventory
from baas.services.orders import repository
from baas.services.orders.errors import PriceChanged
from baas.services.orders.events import OrderEvent
from baas.services.orders.rows import ItemRow, OrderChanges, OrderRow
from baas.services.orders.schemas import (
    Checkout,
    CreateOrder,
    Flag,
    NewItem,
    Order,
    OrderStatus,
    PaymentState,
    Placed,
    StorefrontOrder,
)
from baas.services.orders.service import steps
from baas.services.orders.service.shape import order_of, storefront_of
from baas.services.payments import service as payments
from baas.services.payments.providers import Providers
from baas.services.payments.schemas import checked_metadata
from baas.services.payments.service import Collect
from baas.services.pricing import service as pricing
from baas.services.pricing.schemas import Line, Totals

RESERVATION_MINUTES: Final = 30
EXPIRY_HOURS: Final = 72
_LOOK_BEFORE: Final = timedelta(minutes=1)
"""How long before a reservation lapses the clock asks whether a payment is in progress."""


def token_hash(token: str) -> bytes:
    """What is kept of an order's access token, which is random enough for a plain hash."""
    return hashlib.sha256(token.encode()).digest()


def reservation(store: StoreProfile) -> timedelta:
    """How long this store holds stock for an order that is being paid."""
    return timedelta(minutes=int(store.settings.get("reservation_minutes", RESERVATION_MINUTES)))


def look_again(now: datetime, held: timedelta) -> datetime:
    """When to look at an order whose stock is held that long from now."""
    return now + held - min(_LOOK_BEFORE, held / 2)


async def checkout(work: StoreWork, providers: Providers, cart_id: UUID, data: Checkout) -> Placed:
    """Turn a cart into an order and open its payment.

    Raises NotFound, CartClosed (with the order that it became), InsufficientStock, PriceChanged,
    PaymentProviderUnconfigured, and ValidationFailed when the e-mail, or the address of something that
    ships, is missing.
    """
    payments.usable(work, providers, data.provider)
    order_id = ids.new_id()
    cart = await carts.convert(work, cart_id, order_id)
    totals = cart.totals
    if data.expected_total is not None and data.expected_total != totals.total:
        raise PriceChanged(expected_total=data.expected_total, total=totals.total, currency=totals.currency)
    email, shipping, billing = _contact(cart, data)
    now, token = clock.now(work.scope), secrets.token_urlsafe(24)
    store = work.scope.store
    held = reservation(store)
    expires_at = now + _expiry(store)
    pieces = {line.variant.variant_id: line.quantity for line in cart.lines}
    number = await inventory.reserve(
        work, pieces, order_id=order_id, until=now + held, then=repository.NUMBER
    )
    is_free = totals.total == 0
    status = OrderStatus.PAYMENT_PENDING
    items = _cart_items(cart, order_id)
    row = _new_row(
        order_id=order_id,
        number=number,
        status=status,
        totals=totals,
        email=email,
        customer_id=cart.customer_id,
        cart_id=cart_id,
        shipping_address=shipping,
        billing_address=billing,
        note=data.note,
        reference=None,
        metadata={},
        source="storefront",
        paid_outside=False,
        holds_stock=True,
        token=token,
        due_at=min(look_again(now, held), expires_at),
        expires_at=expires_at,
        now=now,
    )
    await repository.place(work, row, items, [(None, OrderStatus.PENDING), (OrderStatus.PENDING, status)])
    order = await steps.tell(work, OrderEvent.CREATED, row, items)
    payment = None
    if is_free:
        order = order_of(await paid(work, row, items), items)
    else:
        payment = await payments.open_for_order(work, providers, _collect(work, order, order_id, data))
    return Placed(storefront_of(order, access_token=token), payment)


def _new_row(
    *,
    order_id: UUID,
    number: int,
    status: OrderStatus,
    totals: Totals,
    email: str | None,
    customer_id: UUID | None,
    cart_id: UUID | None,
    shipping_address: dict[str, Any] | None,
    billing_address: dict[str, Any] | None,
    note: str | None,
    reference: str | None,
    metadata: dict[str, Any],
    source: Literal["storefront", "admin"],
    paid_outside: bool,
    holds_stock: bool,
    token: str,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
) -> OrderRow:
    return OrderRow(
        id=order_id,
        number=number,
        status=status,
        payment_status=PaymentState.PENDING,
        currency=totals.currency,
        subtotal=totals.subtotal,
        discount_total=totals.discount_total,
        shipping_total=totals.shipping_total,
        tax_total=totals.tax_total,
        total=totals.total,
        prices_include_tax=totals.prices_include_tax,
        amount_paid=0,
        amount_refunded=0,
        email=email,
        customer_id=customer_id,
        cart_id=cart_id,
        shipping_address=shipping_address,
        billing_address=billing_address,
        note=note,
        reference=reference,
        metadata=metadata,
        source=source,
        paid_outside=paid_outside,
        holds_stock=holds_stock,
        is_digital=not totals.requires_shipping,
        tracking=None,
        flags=[],
        access_token_hash=token_hash(token),
        due_at=due_at,
        expires_at=expires_at,
        placed_at=now,
        paid_at=None,
        shipped_at=None,
        delivered_at=None,
        cancelled_at=None,
        cancel_reason=None,
        returned_at=None,
        updated_at=now,
    )


async def token_again(work: StoreWork, order_id: UUID) -> StorefrontOrder:
    """The order of a checkout that was cut off, with a new access token in the place of the one nobody got."""
    token = secrets.token_urlsafe(24)
    row = await repository.change(work, order_id, {"access_token_hash": token_hash(token)})
    return storefront_of(order_of(row, await steps.items_of(work, order_id)), access_token=token)


async def create(work: StoreWork, data: CreateOrder) -> Order:
    """Take an order that the client's own shop sold, from the catalogue or with lines of its own.

    Raises NotFound for an unknown variant, InsufficientStock, ValidationFailed.
    """
    order_id = ids.new_id()
    lines, items = await _own_items(work, order_id, data.items)
    store = work.scope.store
    subtotal = sum(item.total for item in items)
    if data.discount_total > subtotal:
        raise ValidationFailed.field("discount_total", "is more than the items cost")
    totals = pricing.totals(
        lines,
        currency=store.currency,
        prices_include_tax=store.prices_include_tax,
        tax_rate_bp=int(store.settings.get("tax_rate", 0)),
        shipping_price=int(store.settings.get("shipping_price", 0))
        if data.shipping_total is None
        else data.shipping_total,
        discount=data.discount_total,
    )
    items = _with_totals(items, totals)
    now, token = clock.now(work.scope), secrets.token_urlsafe(24)
    expires_at = now + _expiry(store)
    if data.reserve_stock:
        await inventory.reserve(work, steps.demand(items), order_id=order_id, until=expires_at)
    row = _new_row(
        order_id=order_id,
        number=await repository.next_number(work),
        status=OrderStatus.PENDING,
        totals=totals,
        email=data.email.strip() if data.email else None,
        customer_id=None,
        cart_id=None,
        shipping_address=_address(data.shipping_address, "shipping_address"),
        billing_address=_address(data.billing_address, "billing_address"),
        note=data.note,
        reference=data.reference,
        metadata=checked_metadata(data.metadata),
        source="admin",
        paid_outside=data.paid,
        holds_stock=data.reserve_stock,
        token=token,
        due_at=expires_at,
        expires_at=expires_at,
        now=now,
    )
    await repository.place(work, row, items, [(None, OrderStatus.PENDING)])
    order = await steps.tell(work, OrderEvent.CREATED, row, items)
    if data.paid or totals.total == 0:
        row = await steps.step(work, row, OrderStatus.PAYMENT_PENDING, items)
        order = order_of(await paid(work, row, items, amount_paid=totals.total), items)
    return msgspec.structs.replace(order, access_token=token)


async def paid(
    work: StoreWork, row: OrderRow, items: Sequence[ItemRow], **changes: Unpack[OrderChanges]
) -> OrderRow:
    """An order whose money is there: the stock is taken, and what is all digital is delivered."""
    oversold = await inventory.take(work, row.id)
    if oversold:
        await repository.mark_oversold(work, row.id, oversold)
        items = [replace(item, oversold=item.variant_id in oversold) for item in items]
        changes["flags"] = [*changes.get("flags", row.flags), Flag.OVERSOLD]
    changes.setdefault("payment_status", PaymentState.PAID)
    changes["due_at"] = changes["expires_at"] = None
    row = await steps.step(work, row, OrderStatus.PAID, items, **changes)
    if row.is_digital:
        row = await steps.step(work, row, OrderStatus.DELIVERED, items)
    return row


async def paid_together(work: StoreWork, orders: Sequence[tuple[OrderRow, OrderChanges]]) -> None:
    """The same for several locked orders, each with its changes of payment status, amounts and flags."""
    order_ids = [row.id for row, _ in orders]
    items = await repository.items(work, order_ids)
    lacking = await inventory.take_all(work, order_ids)
    plain = []
    for row, changes in orders:
        if row.is_digital or row.id in lacking:
            # To take again what is taken answers the same and changes nothing.
            await paid(work, row, items[row.id], **changes)
        else:
            plain.append((row, changes))
    if plain:
        for row in await repository.pay_all(work, plain):
            await steps.tell(work, OrderEvent.PAID, row, items[row.id])


def _contact(
    cart: CartForCheckout, data: Checkout
) -> tuple[str, dict[str, Any] | None, dict[str, Any] | None]:
    email = data.email.strip() if data.email else cart.email
    if email is None:
        raise ValidationFailed.field("email", "is needed to place an order")
    shipping = _address(data.shipping_address, "shipping_address") or cart.shipping_address
    if shipping is None and cart.totals.requires_shipping:
        raise ValidationFailed.field("shipping_address", "is needed for what is shipped")
    billing = _address(data.billing_address, "billing_address") or cart.billing_address or shipping
    return email, shipping, billing


def _address(address: Address | None, field: str) -> dict[str, Any] | None:
    return None if address is None else stored_form(address, field)


def _expiry(store: StoreProfile) -> timedelta:
    return timedelta(hours=int(store.settings.get("order_expiry_hours", EXPIRY_HOURS)))


def _collect(work: StoreWork, order: Order, order_id: UUID, data: Checkout) -> Collect:
    return Collect(
        provider=data.provider,
        amount=order.total,
        currency=order.currency,
        order_id=order_id,
        reference=order.number,
        description=f"{work.scope.store.name} {order.number}",
        payer_email=order.email,
        return_url=data.return_url,
        options=data.provider_options,
    )


def _cart_items(cart: CartForCheckout, order_id: UUID) -> list[ItemRow]:
    return [
        ItemRow(
            id=ids.new_id(),
            order_id=order_id,
            position=position,
            variant_id=line.variant.variant_id,
            product_id=line.variant.product_id,
            product_name=line.variant.product_name,
            variant_name=line.variant.variant_name,
            sku=line.variant.sku,
            image_url=line.variant.image_url,
            quantity=line.quantity,
            unit_price=line.variant.price,
            total=amounts.subtotal,
            discount=amounts.discount,
            tax=amounts.tax,
            requires_shipping=line.variant.requires_shipping,
            oversold=False,
            refunded_quantity=0,
            restocked_quantity=0,
        )
        for position, (line, amounts) in enumerate(zip(cart.lines, cart.totals.lines, strict=True), start=1)
    ]


def _with_totals(items: Sequence[ItemRow], totals: Totals) -> list[ItemRow]:
    return [
        replace(item, total=line.subtotal, discount=line.discount, tax=line.tax)
        for item, line in zip(items, totals.lines, strict=True)
    ]


async def _own_items(
    work: StoreWork, order_id: UUID, wanted: Sequence[NewItem]
) -> tuple[list[Line], list[ItemRow]]:
    identities = [
        None if item.variant_id is None else ids.decode(Kind.VARIANT, item.variant_id) for item in wanted
    ]
    known = await catalog.sellable(work, [identity for identity in identities if identity is not None])
    lines: list[Line] = []
    items: list[ItemRow] = []
    for index, (item, identity) in enumerate(zip(wanted, identities, strict=True)):
        if identity is not None and identity not in known:
            raise NotFound(variant_id=item.variant_id)
        variant = None if identity is None else known[identity]
        name = item.name or (variant.product_name if variant else None)
        price = item.unit_price if item.unit_price is not None else (variant.price if variant else None)
        if name is None or price is None:
            raise ValidationFailed.field(f"items[{index}]", "needs a variant_id, or a name and a unit_price")
        lines.append(
            Line(
                price,
                item.quantity,
                taxable=variant.taxable if variant else item.taxable,
                requires_shipping=variant.requires_shipping if variant else item.requires_shipping,
            )
        )
        items.append(
            ItemRow(
                id=ids.new_id(),
                order_id=order_id,
                position=index + 1,
                variant_id=identity,
                product_id=variant.product_id if variant else None,
                product_name=name,
                variant_name=variant.variant_name if variant else None,
                sku=item.sku or (variant.sku if variant else None),
                image_url=variant.image_url if variant else None,
                quantity=item.quantity,
                unit_price=price,
                total=price * item.quantity,
                discount=0,
                tax=0,
                requires_shipping=lines[-1].requires_shipping,
                oversold=False,
                refunded_quantity=0,
                restocked_quantity=0,
            )
        )
    return lines, items
