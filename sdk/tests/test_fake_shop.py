"""The shop that runs without a server behaves as the real one where a shop's code relies on it."""

import inspect
from typing import Any

import pytest

from baas_sdk import (
    IdempotencyKeyReused,
    InsufficientScope,
    InsufficientStock,
    InvalidApiKey,
    InvalidTransition,
    NotFound,
    Pages,
    PriceChanged,
    RateLimited,
    testing,
    webhooks,
)
from baas_sdk._models.operations import OPERATIONS


def shelf(on_hand: int | None = 3) -> tuple[testing.FakeShop, str]:
    fake = testing.FakeShop()
    return fake, fake.add_product("Mate imperial", price=1000, on_hand=on_hand)


def test_a_purchase() -> None:
    """From the shelf to a paid order, with its events."""
    fake, variant_id = shelf()
    shop = fake.client(testing._shop.PUBLISHABLE_KEY)
    assert [product.name for product in shop.storefront.products.list()] == ["Mate imperial"]
    assert shop.storefront.products.get("mate-imperial").variants[0].available == 3
    cart = shop.storefront.carts.create(email="ana@example.com")
    cart = shop.storefront.carts.add_item(cart.id, variant_id=variant_id, quantity=2)
    assert cart.total == 2000
    placed = shop.storefront.carts.checkout(cart.id, provider="sandbox", expected_total=2000)
    assert placed.payment is not None
    assert placed.payment.next_action is not None
    assert shop.storefront.products.get("mate-imperial").variants[0].available == 1
    fake.pay(placed.payment.id)
    order = fake.client().orders.get(placed.order.id)
    assert (order.status, order.email, order.items[0].product_name) == (
        "paid",
        "ana@example.com",
        "Mate imperial",
    )
    assert placed.order.access_token is not None
    assert shop.storefront.orders.get(placed.order.id, token=placed.order.access_token).status == "paid"
    assert [event.type for event in fake.events] == [
        "product.created", "order.created", "payment.created", "payment.paid", "order.paid",
    ]  # fmt: skip
    secret = testing.new_secret()
    last = fake.deliveries(secret)[-1]
    event = webhooks.unwrap(last.body, last.headers, secret=secret)
    assert isinstance(event, webhooks.OrderPaid)
    assert event.data.id == order.id


async def test_the_asynchronous_client() -> None:
    """Has the same shop."""
    fake, variant_id = shelf()
    async with fake.async_client() as shop:
        order = await shop.orders.create(items=[{"variant_id": variant_id, "quantity": 1}], paid=True)
        assert [found.id async for found in shop.orders.list(status="paid")] == [order.id]
    assert fake.client().orders.get(order.id).payment_status == "paid"


def test_what_it_refuses() -> None:
    """As the real one does."""
    fake, variant_id = shelf(on_hand=1)
    shop = fake.client()
    cart = shop.storefront.carts.create(items=[{"variant_id": variant_id, "quantity": 2}])
    with pytest.raises(InsufficientStock) as out:
        shop.storefront.carts.checkout(cart.id, provider="sandbox")
    assert out.value.available == 1
    shop.storefront.carts.update_item(cart.id, cart.items[0].id, quantity=1)
    with pytest.raises(PriceChanged):
        shop.storefront.carts.checkout(cart.id, provider="sandbox", expected_total=1)
    placed = shop.storefront.carts.checkout(cart.id, provider="sandbox")
    with pytest.raises(InvalidTransition) as wrong:
        shop.orders.ship(placed.order.id)
    assert wrong.value.allowed
    with pytest.raises(NotFound):
        shop.orders.get("ord_none")
    with pytest.raises(InsufficientScope):
        fake.client(testing._shop.PUBLISHABLE_KEY).orders.list().page()
    with pytest.raises(InvalidApiKey):
        fake.client("sk_test_other").orders.list().page()


def test_a_payment_and_its_refunds() -> None:
    """Without an order, as a shop with its own orders uses it."""
    fake = testing.FakeShop()
    shop = fake.client()
    payment = shop.payments.create(provider="sandbox", amount=900, reference="web-1")
    assert payment.next_action is not None
    fake.pay(payment.id)
    shop.payments.refund(payment.id, amount=400)
    again = shop.payments.get(payment.id)
    assert (again.status, again.amount_refunded, again.reference) == ("partially_refunded", 400, "web-1")
    fake.decline(shop.payments.create(provider="sandbox", amount=1).id)
    assert [event.type for event in fake.events][-1] == "payment.failed"


def test_idempotency_and_dry_runs() -> None:
    """A repeated write answers the first answer; a tried one leaves nothing."""
    fake = testing.FakeShop()
    shop = fake.client()
    first = shop.with_raw_response.payments.create(provider="sandbox", amount=1, idempotency_key="k")
    second = shop.with_raw_response.payments.create(provider="sandbox", amount=1, idempotency_key="k")
    assert (first.data.id, first.replayed, second.replayed) == (second.data.id, False, True)
    with pytest.raises(IdempotencyKeyReused):
        shop.payments.create(provider="sandbox", amount=2, idempotency_key="k")
    shop.payments.create(provider="sandbox", amount=3, dry_run=True)
    assert len(list(shop.payments.list())) == 1


def test_failures_on_order() -> None:
    """To see how a shop takes them; the SDK's retries are part of it."""
    fake = testing.FakeShop()
    shop = fake.client()
    fake.refuse("payments.create", "unavailable", times=2)
    shop.payments.create(provider="sandbox", amount=1)
    assert [call.operation for call in fake.calls] == ["payments.create"] * 3
    fake.refuse("payments.create", "rate_limited", times=3, limit=600)
    with pytest.raises(RateLimited):
        shop.payments.create(provider="sandbox", amount=1)
    with pytest.raises(ValueError, match=r"payments\.create"):
        fake.refuse("payments.creat", "conflict")
    assert fake.calls[0].body == {"provider": "sandbox", "amount": 1}


def test_pages_end() -> None:
    """And walk through everything once."""
    fake = testing.FakeShop()
    shop = fake.client()
    for number in range(7):
        fake.add_product(f"P{number}", price=1)
    assert len(list(shop.products.list(limit=3))) == 7
    page = shop.products.list(limit=3, include="total").page()
    assert (len(page.items), page.total, page.has_more) == (3, 7, True)


@pytest.mark.parametrize(
    "place", sorted(place for method, _, place in OPERATIONS.values() if method == "GET")
)
def test_every_read_answers_its_type(place: str) -> None:
    """Also where there is no rule: the documentation's example, or that there is no such thing."""
    method: Any = testing.FakeShop().client(max_retries=0)
    for word in place.split("."):
        method = getattr(method, word)
    parameters = inspect.signature(method).parameters.values()
    needed = [one for one in parameters if one.default is inspect.Parameter.empty]
    ids = [3 if one.annotation == "int" else "x" for one in needed if one.kind is not one.KEYWORD_ONLY]
    words = {one.name: "x" for one in needed if one.kind is one.KEYWORD_ONLY}
    try:
        answer = method(*ids, **words)
        if isinstance(answer, Pages):
            answer.page()
    except NotFound:
        pass


def test_custom_events_are_deduplicated() -> None:
    """By their key."""
    shop = testing.FakeShop().client()
    first = shop.events.publish(type="custom.a", data={"x": 1}, deduplication_key="k")
    assert shop.events.publish(type="custom.a", data={"x": 1}, deduplication_key="k").id == first.id
    assert shop.events.get(first.id).data == {"x": 1}
