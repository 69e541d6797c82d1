"""The SDK's words mean what the backend does."""

import asyncio
import datetime as dt

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from baas_sdk import (
    AsyncClient,
    IdempotencyKeyReused,
    InsufficientScope,
    InsufficientStock,
    InvalidApiKey,
    InvalidCursor,
    InvalidTransition,
    NotFound,
    NotModified,
    PriceChanged,
    RawResponse,
    ValidationFailed,
    webhooks,
)
from baas_sdk.types import Address, Deleted, OrderStatus, Payment, Product, VariantInput

from baas.worker import Worker
from tests.clients import ADDRESS, Shop, drain

HOME = Address(**ADDRESS)


async def mate(client: AsyncClient, *, on_hand: int | None = 5, price: int = 1000) -> Product:
    return await client.products.create(
        name="Mate imperial", status="active", variants=[VariantInput(price=price, on_hand=on_hand)]
    )


async def test_catalogue(client: AsyncClient) -> None:
    """Made, read, changed, listed, taken away."""
    category = await client.categories.create(name="Mates")
    product = await client.products.create(
        name="Mate imperial", status="active", tags=["mate", "regalo"], categories=[category.id],
        options=[{"name": "Color", "values": ["Negro", "Azul"]}],
        variants=[{"price": 1000, "option_values": ["Negro"]}, VariantInput(price=1200, option_values=["Azul"])],
    )  # fmt: skip
    assert isinstance(product.created_at, dt.datetime)
    assert product.price_range.max == 1200
    changed = await client.products.update(product.id, vendor="Casa Luna")
    assert (changed.vendor, changed.name) == ("Casa Luna", "Mate imperial")
    variant = await client.products.variants.update(
        product.id, product.variants[0].id, price=900, compare_at_price=1000
    )
    assert (
        await client.products.variants.update(product.id, variant.id, compare_at_price=None)
    ).compare_at_price is None
    image = await client.products.images.create(product.id, url="https://cdn.example/mate.jpg")
    assert [found.id for found in await client.products.images.list(product.id)] == [image.id]
    assert [found.id async for found in client.storefront.products.list(q="mate", in_stock=True)] == [
        product.id
    ]
    assert (await client.storefront.products.get(product.handle)).id == product.id
    assert [node.name for node in await client.storefront.categories.list()] == ["Mates"]
    assert (await client.products.delete(product.id)).deleted
    with pytest.raises(NotFound) as gone:
        await client.products.get(product.id)
    assert str(gone.value).startswith(f"{gone.value.request_id}: ")


async def test_a_purchase_with_a_publishable_key(
    client: AsyncClient, storefront: AsyncClient, worker: Worker
) -> None:
    """Cart, checkout, payment, order; and what the key may not."""
    product = await mate(client)
    cart = await storefront.storefront.carts.create(
        items=[{"variant_id": product.variants[0].id, "quantity": 2}]
    )
    cart = await storefront.storefront.carts.update(cart.id, email="ana@example.com", shipping_address=HOME)
    with pytest.raises(PriceChanged) as changed:
        await storefront.storefront.carts.checkout(cart.id, provider="sandbox", expected_total=1)
    assert changed.value.total == cart.total
    placed = await storefront.storefront.carts.checkout(cart.id, provider="sandbox", sandbox_token="approved")
    await drain(worker)
    assert placed.order.access_token is not None
    seen = await storefront.storefront.orders.get(placed.order.id, token=placed.order.access_token)
    assert seen.status is OrderStatus.PAID
    with pytest.raises(InsufficientScope) as refused:
        await storefront.orders.get(placed.order.id)
    assert refused.value.needs == "orders:read"
    order = await client.orders.ship(placed.order.id, tracking={"carrier": "Correo", "number": "CP1"})
    assert order.tracking is not None
    assert order.tracking.number == "CP1"
    with pytest.raises(InvalidTransition) as wrong:
        await client.orders.cancel(order.id)
    assert (wrong.value.current, wrong.value.wanted) == ("shipped", "cancelled")
    assert "delivered" in wrong.value.allowed
    assert (await client.orders.history(order.id))[-1].to_status == "shipped"


async def test_refusals_have_their_class(client: AsyncClient, storefront: AsyncClient) -> None:
    """With details that a program can use."""
    product = await mate(client, on_hand=1)
    variant_id = product.variants[0].id
    with pytest.raises(InsufficientStock) as out:
        await client.orders.create(items=[{"variant_id": variant_id, "quantity": 3}])
    assert (out.value.asked, out.value.variant_id) == (3, variant_id)
    with pytest.raises(ValidationFailed) as invalid:
        await client.payments.create(provider="sandbox", amount=0)
    assert list(invalid.value.fields) == ["amount"]
    with pytest.raises(InvalidCursor):
        await client.orders.list(cursor="made up").page()
    with pytest.raises(InvalidApiKey):
        await client.with_options(api_key="sk_test_nothing").orders.list().page()
    await client.payments.create(provider="sandbox", amount=500, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        await client.payments.create(provider="sandbox", amount=600, idempotency_key="k")
    raw = await client.with_raw_response.storefront.products.get(product.id)
    assert raw.etag is not None
    with pytest.raises(NotModified):
        await client.storefront.products.get(product.id, extra_headers={"If-None-Match": raw.etag})


async def test_lists_walk_over_their_pages(client: AsyncClient) -> None:
    """Each thing once, the total only when asked."""
    for amount in range(1, 8):
        await client.payments.create(provider="sandbox", amount=amount * 100, reference="web")
    amounts = [payment.amount async for payment in client.payments.list(limit=3, reference="web")]
    assert amounts == [700, 600, 500, 400, 300, 200, 100]
    page = await client.payments.list(limit=3, include="total").page()
    assert (len(page.items), page.total, page.has_more) == (3, 7, True)
    assert [len(one.items) async for one in client.payments.list(limit=3).pages()] == [3, 3, 1]


async def test_a_dry_run_changes_nothing(client: AsyncClient) -> None:
    """And answers what would have been."""
    made = await client.products.create(name="X", variants=[{"price": 5}], dry_run=True)
    assert made.name == "X"
    assert [product async for product in client.products.list()] == []


async def test_every_write_is_done_once(client: AsyncClient) -> None:
    """Repeated with its key it answers the same: also a DELETE, whose thing is gone."""
    product = await mate(client)

    async def write() -> tuple[RawResponse[Payment], RawResponse[Deleted]]:
        raw = client.with_raw_response
        return (
            await raw.payments.create(provider="sandbox", amount=5, idempotency_key="p"),
            await raw.products.delete(product.id, idempotency_key="d"),
        )

    await write()
    payment, deleted = await write()
    assert payment.replayed
    assert deleted.replayed
    assert deleted.data.deleted
    assert len([payment async for payment in client.payments.list()]) == 1


async def test_answers_that_get_lost(client: AsyncClient, shop: Shop, app: object) -> None:
    """Every first answer is cut off after the work is done; each thing still happens once."""
    inner = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]  # same protocol, other names

    class Lossy(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.seen: set[str] = set()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await inner.handle_async_request(request)
            key = request.headers.get("idempotency-key", "")
            if key and key not in self.seen:
                self.seen.add(key)
                await response.aread()
                raise httpx.ReadError("connection reset")
            return response

    product = await mate(client, on_hand=100)
    async with httpx.AsyncClient(transport=Lossy()) as http:
        lossy = AsyncClient(shop.secret_key, base_url="http://testserver", http_client=http)

        async def buy(number: int) -> str:
            cart = await lossy.storefront.carts.create(
                items=[{"variant_id": product.variants[0].id, "quantity": 1}]
            )
            placed = await lossy.storefront.carts.checkout(
                cart.id, provider="sandbox", email=f"{number}@example.com", shipping_address=HOME
            )
            return placed.order.id

        bought = await asyncio.gather(*(buy(number) for number in range(8)))
    assert {order.id async for order in client.orders.list()} == set(bought)
    assert (await client.inventory.get(product.variants[0].id)).available == 92


async def test_imports(client: AsyncClient) -> None:
    """A file goes up as a form."""
    lines = b"Handle,Title,Body (HTML),Vendor,Published,Variant Price\nmate,Mate,<p>x</p>,Luna,TRUE,10.00\n"
    done = await client.imports.create(file=lines, filename="catalogue.csv", format="shopify")
    assert (await client.imports.get(done.id)).filename == "catalogue.csv"


async def test_webhooks_from_the_backend_itself(client: AsyncClient, worker: Worker) -> None:
    """What its dispatcher sends, `unwrap` proves and types."""
    received: list[tuple[bytes, dict[str, str]]] = []

    async def take(request: web.Request) -> web.Response:
        received.append((await request.read(), dict(request.headers)))
        return web.Response(status=204)

    application = web.Application()
    application.router.add_post("/hook", take)
    async with TestServer(application) as server:
        endpoint = await client.webhook_endpoints.create(
            url=str(server.make_url("/hook")), event_types=["payment.*", "custom.*"]
        )
        payment = await client.payments.create(
            provider="sandbox", amount=500, reference="web-1", sandbox_token="approved"
        )
        await client.events.publish(type="custom.quote_requested", data={"sku": "A"})
        await drain(worker)
    unwrapped = [webhooks.unwrap(body, headers, secret=endpoint.secret) for body, headers in received]
    events = {event.type: event for event in unwrapped}
    paid = events["payment.paid"]
    assert isinstance(paid, webhooks.PaymentPaid)
    assert (paid.data.id, paid.data.reference) == (payment.id, "web-1")
    assert isinstance(events["custom.quote_requested"], webhooks.CustomEvent)
    deliveries = [
        delivery
        async for delivery in client.webhook_deliveries.list(endpoint_id=endpoint.id, status="delivered")
    ]
    assert len(deliveries) == len(events)


async def test_notifications(client: AsyncClient, worker: Worker) -> None:
    """One message, found again."""
    sent = await client.notifications.send(to="ana@example.com", subject="Hola", body="Tu pedido está listo.")
    await drain(worker)
    assert (await client.notifications.get(sent.id)).status == "sent"


async def test_the_rest_answers(client: AsyncClient) -> None:
    """Every list and every single thing without an id decodes into its type."""
    await mate(client)
    store = await client.store.get()
    assert store.currency == "ARS"
    assert (await client.store.update(settings={"tax_rate": 2100})).settings["tax_rate"] == 2100
    assert (await client.storefront.store.get()).id == store.id
    assert (await client.store.usage()).plan == "pro"
    assert (await client.orders.stats()).orders == 0
    assert len([key async for key in client.api_keys.list()]) == 2
    assert len([line async for line in client.audit_log.list()]) > 0
    assert len([level async for level in client.inventory.list()]) == 1
    assert len([event async for event in client.events.list(type="product.created")]) == 1
    assert [provider.provider for provider in await client.payment_providers.list()]
    await client.payment_providers.get("sandbox")
    assert [webhook async for webhook in client.webhook_endpoints.list()] == []
    assert [delivery async for delivery in client.webhook_deliveries.list()] == []
    await client.notification_settings.get()
    await client.notification_templates.list()
