"""Mercado Pago: signatures by their vectors, what is sent, what comes back, OAuth."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from baas.core.db import Database
from baas.core.outgoing.http import OutgoingClient
from baas.core.values import clock
from baas.services.payments.providers.base import (
    Account,
    Handle,
    Inbound,
    NewAttempt,
    NotificationRefused,
    ProviderRefused,
)
from baas.services.payments.providers.mercadopago import MercadoPago, MercadoPagoProvider, sign, verified
from baas.services.payments.providers.wire import Wire
from baas.services.payments.schemas import PaymentStatus
from baas.worker import Worker
from tests.clients import Shop
from tests.services.payments.simulated import Provider

SECRET: Final = "s3cr3t"
V1: Final = "cb33e8b142f7064dff1da4dca00ebd63d8da0fed1caa3b01d60c17ffca279488"
HEADER: Final = f"ts=1742505638683,v1={V1}"


class TestSignature:
    """The vector of the reference, and the manifest's variants."""

    def test_the_vector(self) -> None:
        """Secret, id, request id and moment as they are written down."""
        assert sign(SECRET, "999999999", "req-1", "1742505638683") == V1
        assert verified(SECRET, HEADER, "999999999", "req-1")
        assert verified(SECRET, f"v1={V1}, ts=1742505638683", "999999999", "req-1")

    @pytest.mark.parametrize(
        "secret, header, data_id, request_id",
        [
            ("other", HEADER, "999999999", "req-1"),
            (SECRET, HEADER, "999999998", "req-1"),
            (SECRET, HEADER, None, "req-1"),
            (SECRET, HEADER, "999999999", None),
            (SECRET, HEADER, "999999999", "req-2"),
            (SECRET, HEADER.replace("683,", "684,"), "999999999", "req-1"),
            (SECRET, f"ts=1742505638683,v1={V1[:-1]}0", "999999999", "req-1"),
            (SECRET, f"ts=1742505638683,v1={V1.upper()}", "999999999", "req-1"),
            (SECRET, f"v1={V1}", "999999999", "req-1"),
            (SECRET, "ts=1742505638683", "999999999", "req-1"),
            (SECRET, "ts=,v1=", "999999999", "req-1"),
            (SECRET, "nonsense", "999999999", "req-1"),
            (SECRET, "ts=1,v1=ñ", "999999999", "req-1"),
            (SECRET, "", "999999999", "req-1"),
        ],
    )
    def test_anything_else(
        self, secret: str, header: str, data_id: str | None, request_id: str | None
    ) -> None:
        """Is refused."""
        assert not verified(secret, header, data_id, request_id)

    @pytest.mark.parametrize(
        "data_id, request_id",
        [(None, "req-1"), ("1", None), (None, None), ("ORD01JQ4S4KY8HWQ6NA5PXB65B3D3", "r")],
    )
    @pytest.mark.parametrize("stamp", ["1742505638683", "1742505638"])
    def test_missing_values_drop_their_pair(
        self, data_id: str | None, request_id: str | None, stamp: str
    ) -> None:
        """In milliseconds and in seconds."""
        v1 = sign(SECRET, data_id, request_id, stamp)
        assert verified(SECRET, f"ts={stamp},v1={v1}", data_id, request_id)

    def test_an_id_as_received_or_lower_cased(self) -> None:
        """Its SDKs and its documentation disagree: either will do."""
        for signed in ("ORD01JQ", "ord01jq"):
            v1 = sign(SECRET, signed, "req-1", "1742505638683")
            assert verified(SECRET, f"ts=1742505638683,v1={v1}", "ORD01JQ", "req-1")

    @pytest.mark.parametrize(
        "query, topic, about",
        [
            ({"data.id": "123", "type": "payment"}, "payment.created", "123"),
            ({"id": "123", "topic": "payment"}, "payment.created", "123"),
            ({"data.id": "123", "type": "topic_merchant_order_wh"}, "payment.created", None),
            ({"data.id": "123", "type": "topic_chargebacks_wh"}, "payment.created", "chargeback"),
            ({"data.id": "abc/../x", "type": "payment"}, "payment.created", None),
        ],
    )
    async def test_what_is_asked_about_is_what_was_signed(
        self, query: dict[str, str], topic: str, about: str | None
    ) -> None:
        """The id in the address, never that of the body."""
        v1 = sign(SECRET, query.get("data.id") or query["id"], "r1", "1742505638683")
        body = b'{"id":77,"type":"payment","action":"payment.created","data":{"id":"999"}}'
        headers = {"x-signature": f"ts=1742505638683,v1={v1}", "x-request-id": "r1"}
        told = await speaking(SECRET).receive(Inbound(headers, query, body))
        assert told.event_type == topic
        if about is None:
            assert told.handle is None
        elif about == "chargeback":
            assert told.handle == Handle(None, None, None, chargeback_id="123")
        else:
            assert told.handle == Handle(None, None, about)

    async def test_without_a_secret_nothing_is_proven(self) -> None:
        """Not even an empty one."""
        with pytest.raises(NotificationRefused):
            await speaking(None).receive(Inbound({"x-signature": HEADER}, {"data.id": "1"}, b"{}"))


def speaking(secret: str | None, url: str = "http://127.0.0.1:9", **more: str) -> MercadoPagoProvider:
    """Mercado Pago with an account."""
    kind = MercadoPago(OutgoingClient(allow_insecure=True), url)
    account = Account({"access_token": "APP_USR-a-seller-of-its-own", **more}, secret, is_test=True)
    return kind.connect(None, account)


def attempt(**values: Any) -> NewAttempt:
    """An attempt to collect."""
    return NewAttempt(
        **{
            "payment_id": UUID("01934f3a-0000-7000-8000-000000000001"),
            "idempotency_key": "k",
            "amount": 123_456,
            "currency": "ARS",
            "description": "Order #1001",
            "payer_email": "ana@example.com",
            "return_url": "https://shop.example/ok",
            "notification_url": "https://api.example/api/v1/webhooks/mercadopago/store_1",
            "locale": "es-AR",
            **values,
        }
    )


class TestProtocol:
    """Against the simulator."""

    async def test_a_preference(self, mercadopago: Provider) -> None:
        """What is sent, number by number."""
        provider = speaking(SECRET, mercadopago.simulator.own_url, marketplace_fee_bp="250")
        opened = await provider.create(attempt())
        sent = mercadopago.books.table("preferences")[opened.session or ""]
        assert sent["items"][0]["unit_price"] == Decimal("1234.56")
        assert sent["items"][0]["currency_id"] == "ARS"
        assert sent["external_reference"].startswith("pay_")
        assert len(sent["external_reference"]) <= 64
        assert sent["notification_url"].endswith("?source_news=webhooks")
        assert sent["back_urls"]["success"] == "https://shop.example/ok"
        assert sent["auto_return"] == "approved"
        assert sent["marketplace_fee"] == Decimal("30.86")

    async def test_whole_pesos(self, mercadopago: Provider) -> None:
        """Colombia has cents in ISO and none here."""
        provider = speaking(SECRET, mercadopago.simulator.own_url, marketplace_fee_bp="333")
        opened = await provider.create(attempt(currency="COP", amount=5_000_00))
        sent = mercadopago.books.table("preferences")[opened.session or ""]
        assert (sent["items"][0]["unit_price"], sent["marketplace_fee"]) == (5000, 166)
        kind = MercadoPago(OutgoingClient(allow_insecure=True))
        problem = kind.objection(attempt(currency="COP", amount=5_000_50))
        assert problem is not None
        assert problem[0] == "amount"
        assert kind.objection(attempt()) is None

    async def test_plain_http_is_no_way_back_for_the_real_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It would drop the address in silence, and refuse auto_return."""
        asked: list[Any] = []
        provider = speaking(SECRET, "https://api.mercadopago.com")

        async def post(_: Wire, path: str, body: Any, *, key: str | None = None) -> Any:
            asked.append((path, body, key))
            return {"id": "1-2", "init_point": "https://pay.example"}

        monkeypatch.setattr(Wire, "post", post)
        await provider.create(attempt(return_url="http://localhost:3000/ok"))
        (_, body, key) = asked[0]
        assert "back_urls" not in body
        assert "auto_return" not in body
        assert key == "k"

    async def test_search_goes_on_where_it_stopped(self, mercadopago: Provider) -> None:
        """More than a page, some changed at the same moment."""
        provider = speaking(SECRET, mercadopago.simulator.own_url)
        made = set()
        for number in range(65):
            one = attempt(payment_id=UUID(int=number + 1), idempotency_key=str(number))
            await provider.create(one)
        for row in list(mercadopago.books.table("preferences").values())[-65:]:
            made.add(str(mercadopago.simulator.new_payment(row, "approved", "accredited")["id"]))  # type: ignore[union-attr]  # it is this one
        found, cursor = set(), None
        since = clock.now() - timedelta(minutes=5)
        for _ in range(20):
            page = await provider.search(since=since, until=clock.now() + timedelta(minutes=1), cursor=cursor)
            found |= {item.provider_payment_id for item in page.items}
            cursor = page.next_cursor
            if cursor is None:
                break
        assert made <= found

    async def test_a_seller_is_linked_and_its_tokens_rotate(self, mercadopago: Provider) -> None:
        """A code is redeemed; in its last month a token is renewed, and the refresh token changes."""
        url = mercadopago.simulator.own_url
        oauth = {
            "client_id": "1",
            "client_secret": "platform-secret",
            "code": "TG-1",
            "redirect_uri": "https://a.example",
        }
        kind = MercadoPago(OutgoingClient(allow_insecure=True), url)
        assert kind.missing(oauth) == frozenset()
        assert kind.missing({"client_id"}) == {"access_token"}
        first = await kind.connect(None, Account(oauth, None, is_test=True)).renew()
        assert first is not None
        assert "code" not in first
        fresh = kind.connect(None, Account(dict(first), None, is_test=True))
        assert await fresh.renew() is None
        assert (await fresh.check()).account_id == first["user_id"]
        soon = {**first, "expires_at": clock.rfc3339(clock.now() + timedelta(days=10))}
        second = await kind.connect(None, Account(soon, None, is_test=True)).renew()
        assert second is not None
        assert second["access_token"] != first["access_token"]
        assert second["refresh_token"] != first["refresh_token"]
        with pytest.raises(ProviderRefused):
            await kind.connect(None, Account(soon, None, is_test=True)).renew()

    async def test_what_a_wrong_token_says_holds_no_token(self, mercadopago: Provider) -> None:
        """Neither the message nor the code."""
        kind = MercadoPago(OutgoingClient(allow_insecure=True), mercadopago.simulator.own_url)
        with pytest.raises(ProviderRefused) as refusal:
            await kind.connect(None, Account({"access_token": "wrong-token"}, None, is_test=True)).check()
        assert "wrong-token" not in str(refusal.value)
        assert refusal.value.code == "unauthorized"


async def test_an_agency_links_a_store_over_the_api(
    shop: Shop, worker: Worker, mercadopago: Provider, database: Database
) -> None:
    """PUT with a code: the tokens are kept, encrypted, and the store can take payments."""
    body = {
        "credentials": {
            "client_id": "9",
            "client_secret": "platform-secret",
            "code": "TG-9",
            "redirect_uri": "https://a.example",
        },
        "webhook_secret": "a-secret-of-the-platform",
    }
    await shop.admin("PUT", "/admin/payment-providers/mercadopago", json=body, expect=200)
    payment = await mercadopago.collect(shop)
    assert payment["status"] == PaymentStatus.PENDING
    async with database.fast(await shop.scope(worker)) as work:
        row = await work.fetchrow("select credentials, account_id from payment_provider_accounts")
    assert row is not None
    assert b"APP_USR" not in row["credentials"]
    assert row["account_id"].isdigit()
