"""What the tests of orders, payments and checkout do all the time: fill a cart, check out, pay."""

from typing import Any

import httpx

from baas.worker import Worker
from tests.clients import ADDRESS, Shop, drain
from tests.services.goods import make_cart, make_product

FOLLOW = ("relay", "jobs")
"""The loops that carry a payment to its order."""


async def variant_of(shop: Shop, on_hand: int | None = 10, price: int = 1_000, **fields: Any) -> str:
    """The public id of a new variant with so many pieces (None: not tracked)."""
    variant = {"price": price, **({} if on_hand is None else {"on_hand": on_hand}), **fields}
    product = await make_product(shop, variant)
    identity: str = product["variants"][0]["id"]
    return identity


async def cart_of(shop: Shop, *items: tuple[str, int], **fields: Any) -> str:
    """The id of a new cart with these variants and quantities."""
    identity: str = (await make_cart(shop, *items, **fields))["id"]
    return identity


async def check_out(
    shop: Shop, cart: str, *, key: str | None = None, expect: int | None = 201, **body: Any
) -> httpx.Response:
    """A checkout with the sandbox, an e-mail and an address unless the caller says otherwise."""
    body = {"provider": "sandbox", "email": "ana@example.com", "shipping_address": ADDRESS, **body}
    headers = {} if key is None else {"Idempotency-Key": key}
    return await shop.storefront(
        "POST",
        f"/storefront/carts/{cart}/checkout",
        json={name: value for name, value in body.items() if value is not None},
        headers=headers,
        expect=expect,
    )


async def place(shop: Shop, *items: tuple[str, int], **body: Any) -> dict[str, Any]:
    """What a checkout of these variants answers: order and payment."""
    if not items:
        items = ((await variant_of(shop), 2),)
    placed: dict[str, Any] = (await check_out(shop, await cart_of(shop, *items), **body)).json()["data"]
    return placed


async def decide(shop: Shop, payment: dict[str, Any], outcome: str) -> httpx.Response:
    """Press a button of the sandbox's page."""
    return await shop.http.post(payment["next_action"]["url"], data={"outcome": outcome})


async def pay(shop: Shop, worker: Worker, payment: dict[str, Any], outcome: str = "approved") -> None:
    """Decide a payment, and let its order follow."""
    response = await decide(shop, payment, outcome)
    assert response.status_code in {200, 303}, response.text
    await drain(worker, *FOLLOW)


async def order_of(shop: Shop, order: dict[str, Any]) -> dict[str, Any]:
    """The order as the shop sees it now."""
    found: dict[str, Any] = await shop.get(f"/admin/orders/{order['id']}")
    return found


async def payment_of(shop: Shop, payment: dict[str, Any]) -> dict[str, Any]:
    """The payment as the shop sees it now."""
    found: dict[str, Any] = await shop.get(f"/admin/payments/{payment['id']}")
    return found


async def paid_order(shop: Shop, worker: Worker, *items: tuple[str, int], **body: Any) -> dict[str, Any]:
    """A paid order and its payment, both as a checkout answers them."""
    placed = await place(shop, *items, **body)
    await pay(shop, worker, placed["payment"])
    return placed


async def act(
    shop: Shop, order: dict[str, Any], verb: str, body: dict[str, Any] | None = None, expect: int = 200
) -> dict[str, Any]:
    """The order, or the error, after a step of the shop."""
    options = {} if body is None else {"json": body}
    answer = (
        await shop.admin("POST", f"/admin/orders/{order['id']}/{verb}", expect=expect, **options)
    ).json()
    result: dict[str, Any] = answer["data"] if answer["success"] else answer["error"]
    return result


async def stock_of(shop: Shop, variant: str) -> tuple[int, int]:
    """On hand and reserved."""
    level = await shop.get(f"/admin/inventory/{variant}")
    return level["on_hand"], level["reserved"]


async def event_types(shop: Shop, subject: str) -> list[str]:
    """The types of all events about something, oldest first."""
    rows = await shop.listed(f"/admin/events?subject={subject}&limit=100")
    return [row["type"] for row in sorted(rows, key=lambda row: row["sequence"])]
