"""The providers' own SDKs, unchanged, against the simulators."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import mercadopago
import msgspec
import pytest
import stripe
from mercadopago.config import RequestOptions
from mercadopago.http import HttpClient

from baas.simulators.books import Books
from baas.simulators.mercadopago import MercadoPagoSimulator
from baas.simulators.serve import serving
from baas.simulators.stripe import StripeSimulator
from tests.services.payments.official import check_request, fixture_fields

MATE = {"id": "sku-1", "title": "Mate", "quantity": 2, "unit_price": 1500.5, "currency_id": "ARS"}


class Elsewhere(HttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's own client with another host: it has no setting for that."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, method: str, url: str, **options: Any) -> Any:
        """The same request to the simulator."""
        return super().request(method, url.replace("https://api.mercadopago.com", self.url), **options)


@pytest.fixture
async def mp_url() -> AsyncIterator[str]:
    """A Mercado Pago of its own."""
    async with serving(MercadoPagoSimulator(Books())) as url:
        yield url


@pytest.fixture
async def stripe_url() -> AsyncIterator[str]:
    """A Stripe of its own."""
    async with serving(StripeSimulator(Books())) as url:
        yield url


async def act(url: str, reference: str, action: str, **more: Any) -> Any:
    """What a payer, a bank or the panel does."""
    async with httpx.AsyncClient(base_url=url) as http:
        body = {"reference": reference, "action": action, "notify": False, **more}
        response = await http.post("/_simulator/act", json=body)
        assert response.status_code == 200, response.text
        return response.json()


class TestMercadoPago:
    """`mercadopago` 3.6, pointed at the simulator."""

    async def test_creates_reads_searches_and_refunds(self, mp_url: str) -> None:
        """The five calls of an integration."""
        sdk = mercadopago.SDK("APP_USR-a-seller", http_client=Elsewhere(mp_url))

        async def call(verb: Any, *arguments: Any) -> Any:
            return await asyncio.to_thread(verb, *arguments)

        body = {
            "items": [MATE],
            "external_reference": "ord_01HX",
            "back_urls": {"success": "https://shop.example/ok"},
        }
        preference = await call(sdk.preference().create, body)
        assert preference["status"] == 201
        assert preference["response"]["init_point"].startswith(mp_url)
        again = await call(sdk.preference().get, preference["response"]["id"])
        assert again["response"]["external_reference"] == "ord_01HX"

        await act(mp_url, "ord_01HX", "rejected")
        await act(mp_url, "ord_01HX", "approved", again=True)
        found = await call(sdk.payment().search, {"external_reference": "ord_01HX", "sort": "date_created"})
        rows = found["response"]["results"]
        assert [(row["status"], row["transaction_amount"]) for row in rows] == [
            ("rejected", 3001.0),
            ("approved", 3001.0),
        ]
        payment = (await call(sdk.payment().get, rows[1]["id"]))["response"]
        assert payment["transaction_details"]["total_paid_amount"] > payment["transaction_amount"]

        options = RequestOptions(
            access_token="APP_USR-a-seller", custom_headers={"x-idempotency-key": "once"}
        )
        first = await call(sdk.refund().create, payment["id"], {"amount": 5.0}, options)
        twin = await call(sdk.refund().create, payment["id"], {"amount": 5.0}, options)
        assert first["status"] == 201
        assert first["response"]["id"] == twin["response"]["id"]
        part = (await call(sdk.payment().get, payment["id"]))["response"]
        assert (part["status"], part["status_detail"]) == ("approved", "partially_refunded")
        assert part["transaction_amount_refunded"] == 5.0

    async def test_errors_in_its_form(self, mp_url: str) -> None:
        """Unknown, of another seller, not possible."""
        async with httpx.AsyncClient(base_url=mp_url, headers={"Authorization": "Bearer APP_USR-x"}) as http:
            missing = (await http.get("/v1/payments/1")).json()
            assert (missing["error"], missing["status"], missing["cause"][0]["code"]) == (
                "not_found",
                404,
                2000,
            )
            assert (
                await http.get("/v1/payments/1", headers={"Authorization": "Bearer x"})
            ).status_code == 401
            await http.post("/checkout/preferences", json={"items": [MATE], "external_reference": "r1"})
            payment = (await act(mp_url, "r1", "approved"))["payment"]
            stranger = {"Authorization": "Bearer APP_USR-other"}
            assert (await http.get(f"/v1/payments/{payment['id']}", headers=stranger)).status_code == 404
            path = f"/v1/payments/{payment['id']}/refunds"
            assert (await http.post(path)).json()["cause"][0]["code"] == "4292"
            key = {"X-Idempotency-Key": "k"}
            assert (await http.post(path, json={"amount": 9999}, headers=key)).json()["error"] == "4040"
            cop = {**MATE, "currency_id": "COP"}
            assert (await http.post("/checkout/preferences", json={"items": [cop]})).status_code == 400


class TestStripe:
    """`stripe` 16.1 with its own HTTP client, pointed at the simulator."""

    @pytest.fixture
    async def client(self, stripe_url: str) -> AsyncIterator[stripe.StripeClient]:
        """The official client."""
        http = stripe.AIOHTTPClient()
        yield stripe.StripeClient(
            "sk_test_simulated", http_client=http, base_addresses={"api": stripe_url}, max_network_retries=1
        )
        await http.close_async()  # type: ignore[no-untyped-call]  # the SDK's own gap

    async def test_a_session_from_its_page_to_its_refund(
        self, client: stripe.StripeClient, stripe_url: str
    ) -> None:
        """And every object has the fields of the official fixtures."""
        price = {"currency": "ars", "unit_amount": 150050, "product_data": {"name": "Mate"}}
        asked: Any = {
            "mode": "payment",
            "line_items": [{"quantity": 2, "price_data": price}],
            "success_url": "https://shop.example/ok?s={CHECKOUT_SESSION_ID}",
            "metadata": {"baas_payment": "pay_1"},
            "payment_intent_data": {"metadata": {"baas_payment": "pay_1"}},
        }
        session = await client.v1.checkout.sessions.create_async(asked)
        assert (session.amount_total, session.status, session.payment_intent) == (300100, "open", None)
        assert fixture_fields("checkout.session") <= set(session.to_dict())
        async with httpx.AsyncClient() as browser:
            assert "ARS" in (await browser.get(str(session.url))).text
            answer = await browser.post(str(session.url), data={"outcome": "approved"})
        assert answer.headers["location"] == f"https://shop.example/ok?s={session.id}"
        session = await client.v1.checkout.sessions.retrieve_async(
            session.id, {"expand": ["payment_intent", "payment_intent.latest_charge"]}
        )
        assert (session.status, session.payment_status) == ("complete", "paid")
        intent = session.to_dict()["payment_intent"]
        assert (intent["status"], intent["metadata"]) == ("succeeded", {"baas_payment": "pay_1"})
        assert fixture_fields("payment_intent") <= set(intent)
        assert fixture_fields("charge") <= set(intent["latest_charge"])
        refund = await client.v1.refunds.create_async({"payment_intent": intent["id"], "amount": 100})
        assert fixture_fields("refund") <= set(refund.to_dict())
        events = [event.to_dict() async for event in (await client.v1.events.list_async()).auto_paging_iter()]
        assert {"checkout.session.completed", "payment_intent.succeeded", "charge.refunded"} <= {
            event["type"] for event in events
        }
        assert fixture_fields("event") <= set(events[0])

    async def test_one_key_one_object(self, client: stripe.StripeClient) -> None:
        """The same again, and an error for something else under the same key."""
        options: Any = {"idempotency_key": "k1"}
        first = await client.v1.payment_intents.create_async({"amount": 100, "currency": "usd"}, options)
        twin = await client.v1.payment_intents.create_async({"amount": 100, "currency": "usd"}, options)
        assert first.id == twin.id
        with pytest.raises(stripe.IdempotencyError):
            await client.v1.payment_intents.create_async({"amount": 101, "currency": "usd"}, options)
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.payment_intents.create_async({"amount": "abc", "currency": "usd"})  # type: ignore[typeddict-item]  # on purpose

    async def test_notifications_verify_with_the_sdk(self, client: stripe.StripeClient) -> None:
        """An endpoint is made over the API; what it is sent opens with its secret."""
        from aiohttp import web

        arrived: list[Any] = []

        async def take(request: web.Request) -> web.Response:
            arrived.append((await request.read(), request.headers["Stripe-Signature"]))
            return web.Response()

        app = web.Application()
        app.router.add_post("/hook", take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
            endpoint = await client.v1.webhook_endpoints.create_async(
                {"url": url, "enabled_events": ["payment_intent.succeeded"]}
            )
            intent = await client.v1.payment_intents.create_async({"amount": 100, "currency": "usd"})
            await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
            for _ in range(50):
                if arrived:
                    break
                await asyncio.sleep(0.05)
            body, header = arrived[0]
            event = client.construct_event(body, header, str(endpoint.secret))
            assert (event.type, event.data.object["id"]) == ("payment_intent.succeeded", intent.id)
        finally:
            await runner.cleanup()


def test_the_specification_refuses_nonsense() -> None:
    """So that its silence about ours means something."""
    with pytest.raises(msgspec.ValidationError):
        check_request("/v1/refunds", "amount=abc")
    with pytest.raises(msgspec.ValidationError):
        check_request("/v1/refunds", "amount=1&unheard=of")
    check_request("/v1/refunds", "amount=1&payment_intent=pi_1&metadata[a]=b")
