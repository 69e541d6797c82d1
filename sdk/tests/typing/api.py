"""What the type checkers must find: checked by mypy and pyright, never run."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
from typing_extensions import assert_type

from baas_sdk import (
    UNSET,
    AsyncClient,
    AsyncPages,
    Client,
    InsufficientStock,
    Page,
    Pages,
    RawResponse,
    testing,
    webhooks,
)
from baas_sdk.types import (
    Address,
    Cart,
    NewItem,
    NextAction,
    Order,
    OrderStatus,
    Payment,
    Placed,
    Product,
    VariantInput,
)

shop = Client("sk_test_x", base_url="https://api.example.com", http_client=httpx.Client())


def answers() -> None:
    """Down to the last field."""
    order = shop.orders.get("ord_1")
    assert_type(order, Order)
    assert_type(order.status, OrderStatus)
    assert_type(order.paid_at, datetime | None)
    assert_type(order.items[0].unit_price, int)
    assert_type(order.shipping_address.city if order.shipping_address else None, str | None)
    placed = shop.storefront.carts.checkout("cart_1", provider="sandbox")
    assert_type(placed, Placed)
    action = placed.payment.next_action if placed.payment else None
    assert_type(action, NextAction | None)
    assert_type(shop.storefront.categories.list()[0].name, str)


def lists() -> None:
    """Pages and what is in them."""
    orders = shop.orders.list(status="paid")
    assert_type(orders, Pages[Order])
    for order in orders:
        assert_type(order, Order)
    assert_type(orders.page(), Page[Order])
    assert_type(orders.first(), Order | None)
    assert_type(orders.page().next_cursor, str | None)
    for page in orders.pages():
        assert_type(page.items, list[Order])


def bodies() -> None:
    """Structs or dicts, nested; words or their enumeration."""
    address = Address(name="Ana", line1="Calle 1", city="Rosario", country="AR")
    shop.orders.create(items=[NewItem(quantity=1, name="A", unit_price=5)], shipping_address=address)
    shop.orders.create(
        items=[{"quantity": 1, "name": "A"}],
        shipping_address={"name": "Ana", "line1": "Calle 1", "city": "Rosario", "country": "AR"},
    )
    assert_type(shop.products.create(name="Mate", variants=[VariantInput(price=5, kind="digital")]), Product)
    shop.products.update("prod_1", status="archived", vendor=UNSET)
    shop.payments.refund("pay_1", amount=5, idempotency_key="k", dry_run=True, timeout=2)
    shop.orders.stats(created_from=datetime.now().astimezone(), created_to="2026-11-01T00:00:00Z")


def mistakes() -> None:
    """What must not pass: each line's ignore is needed, or the checker complains."""
    shop.orders.get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    shop.orders.get(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    shop.orders.get("ord_1", "x")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
    shop.payments.create(provider="x", amount="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    shop.payments.create(provider="x", amount=5, monut=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    shop.orders.list(status="payd")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    shop.orders.create(items=[{"quantty": 1}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    shop.products.create(name="x", variants=[VariantInput(price=1, kind="liquid")])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    shop.orders.get("ord_1").totl  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnusedExpression]


def raw() -> None:
    """The answer and what is around it."""
    response = shop.with_raw_response.orders.get("ord_1", timeout=2)
    assert_type(response, RawResponse[Order])
    assert_type(response.data.number, str)
    assert_type(shop.with_raw_response.products.list(limit=5).data.items, list[Product])
    shop.with_raw_response.orders.get(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(shop.with_options(timeout=2), Client)
    assert_type(shop.request("GET", "/x"), Any)


def errors() -> None:
    """Details have types."""
    try:
        shop.storefront.carts.checkout("cart_1", provider="sandbox")
    except InsufficientStock as problem:
        assert_type(problem.available, int | None)
        assert_type(problem.request_id, str | None)


async def asynchronous() -> None:
    """The same words, awaited."""
    async with AsyncClient() as client:
        assert_type(await client.orders.get("ord_1"), Order)
        assert_type(await client.storefront.carts.create(), Cart)
        orders = client.orders.list()
        assert_type(orders, AsyncPages[Order])
        async for order in orders:
            assert_type(order, Order)
        assert_type(await orders.page(), Page[Order])
        assert_type(await client.with_raw_response.payments.get("pay_1"), RawResponse[Payment])
        get: Callable[[str], Awaitable[Order]] = client.orders.get
        await get("ord_1")


def events(body: bytes, headers: dict[str, str]) -> None:
    """A union whose members have typed data."""
    event = webhooks.unwrap(body, headers, secret=["a", "b"])
    if isinstance(event, webhooks.OrderPaid):
        assert_type(event.data, Order)
    elif isinstance(event, webhooks.PaymentPaid):
        assert_type(event.data, Payment)
    elif isinstance(event, webhooks.CustomEvent):
        assert_type(event.data, dict[str, Any])
    fake = testing.FakeShop()
    assert_type(fake.client(), Client)
    assert_type(fake.async_client(), AsyncClient)
    assert_type(testing.signed_event("order.paid", secret="x").body, bytes)
