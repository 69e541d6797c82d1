"""Stripe: signatures by their vectors, what is sent against its own specification, both modes, Connect."""

from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

import pytest
import stripe as sdk

from baas.core.outgoing.http import OutgoingClient
from baas.services.payments.providers.base import (
    Account,
    Handle,
    Inbound,
    NewAttempt,
    NotificationRefused,
    ProviderRefused,
    ProviderUnavailable,
    RefundAsked,
)
from baas.services.payments.providers.stripe import Stripe, StripeProvider
from baas.services.payments.providers.stripe_events import EVENTS
from baas.services.payments.providers.stripe_http import StripeTransport
from baas.services.payments.schemas import ClientSecret, PaymentStatus, Redirect
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.orders.selling import payment_of
from tests.services.payments.official import check_request
from tests.services.payments.simulated import Provider

SECRET: Final = "whsec_test_secret"
MOMENT: Final = 1_767_225_600
PAYLOAD: Final = (
    '{"id":"evt_1","object":"event","type":"payment_intent.succeeded","api_version":"2026-10-28.endive",'
    '"created":1767225600,"livemode":false,"account":"acct_1","data":{"object":{"id":"pi_1","object":'
    '"payment_intent","amount":1200,"currency":"usd","status":"succeeded"}}}'
)
V1: Final = "7d0ff2dbfae9fa54f19733a703f7fc4057f9f13dde2f5e2cff1a2ac7624ac0b3"
KEY: Final = "sk_test_of_these_tests"
PAYMENT: Final = UUID("01934f3a-0000-7000-8000-000000000001")


def speaking(url: str = "http://127.0.0.1:9", secret: str | None = SECRET, **more: str) -> StripeProvider:
    """Stripe with an account."""
    kind = Stripe(OutgoingClient(allow_insecure=True), url)
    return kind.connect(None, Account({"secret_key": KEY, **more}, secret, is_test=True))


def attempt(**values: Any) -> NewAttempt:
    """An attempt to collect."""
    return NewAttempt(
        **{
            "payment_id": PAYMENT,
            "idempotency_key": "k1",
            "amount": 123_456,
            "currency": "ARS",
            "description": "Order #1001",
            "payer_email": "ana@example.com",
            "return_url": "https://shop.example/ok",
            "notification_url": None,
            "locale": "es-AR",
            **values,
        }
    )


class TestSignature:
    """The vector of the reference, and what is near it."""

    @pytest.fixture
    def at_its_time(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """The clock of the vector."""

        def at(seconds: float) -> None:
            monkeypatch.setattr("time.time", lambda: MOMENT + seconds)

        at(0)
        return at

    async def told(self, header: str, body: str = PAYLOAD, secret: str | None = SECRET, **more: str) -> Any:
        """What a notification says."""
        inbound = Inbound({"stripe-signature": header}, {}, body.encode())
        return await speaking(secret=secret, **more).receive(inbound)

    async def test_the_vector(self, at_its_time: Any) -> None:
        """Of a connected account, and so nothing for an account that is not that one."""
        header = f"t={MOMENT},v1={V1}"
        told = await self.told(header, stripe_account="acct_1")
        assert (told.event_id, told.event_type) == ("evt_1", "payment_intent.succeeded")
        assert told.handle == Handle(None, None, "pi_1")
        assert (await self.told(header)).handle is None
        assert (await self.told(header, stripe_account="acct_2")).handle is None
        rotated = f"t={MOMENT},v1={'0' * 64},v1={V1},v0=x"
        assert (await self.told(rotated, stripe_account="acct_1")).event_id == "evt_1"

    @pytest.mark.parametrize("seconds, accepted", [(299, True), (301, False), (-299, True), (-400, False)])
    async def test_five_minutes_either_way(self, at_its_time: Any, seconds: float, accepted: bool) -> None:
        """The SDK looks only at the past."""
        at_its_time(seconds)
        if accepted:
            await self.told(f"t={MOMENT},v1={V1}")
        else:
            with pytest.raises(NotificationRefused):
                await self.told(f"t={MOMENT},v1={V1}")

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "nonsense",
            f"t={MOMENT}",
            f"v1={V1}",
            f"t=x,v1={V1}",
            f"t={MOMENT},v0={V1}",
            f"t={MOMENT},v1=ñ",
        ],
    )
    async def test_anything_else(self, at_its_time: Any, header: str) -> None:
        """Is refused, and so is a changed body, another secret, none at all."""
        with pytest.raises(NotificationRefused):
            await self.told(header)
        for changed in ({"body": PAYLOAD + " "}, {"secret": "whsec_other"}, {"secret": None}):
            with pytest.raises(NotificationRefused):
                await self.told(f"t={MOMENT},v1={V1}", **changed)

    async def test_thin_events_are_kept_and_followed_by_nobody(self, at_its_time: Any) -> None:
        """They have no object in them."""
        body = '{"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter"}'
        header = sdk.WebhookSignature.generate_signature_header(body, SECRET, timestamp=MOMENT)
        assert (await self.told(header, body)).handle is None


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, str]]]:
    """Path, form and headers of every POST to Stripe."""
    posts: list[tuple[str, str, dict[str, str]]] = []
    original = StripeTransport.request_async

    async def request(
        self: StripeTransport, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        if method == "post":
            posts.append((url[url.index("/v1/") :], post_data or "", dict(headers)))
        return await original(self, method, url, headers, post_data)

    monkeypatch.setattr(StripeTransport, "request_async", request)
    return posts


class TestRequests:
    """Everything we send fits Stripe's own specification."""

    @pytest.mark.parametrize(
        "currency, amount", [("ARS", 123_456), ("ISK", 500), ("JPY", 500), ("KWD", 5_120)]
    )
    @pytest.mark.parametrize("mode", ["checkout", "elements"])
    @pytest.mark.parametrize("connected", [{}, {"stripe_account": "acct_7", "application_fee_bp": "250"}])
    async def test_attempts(
        self,
        stripe: Provider,
        sent: list[tuple[str, str, dict[str, str]]],
        currency: str,
        amount: int,
        mode: str,
        connected: dict[str, str],
    ) -> None:
        """Sessions and intents, alone and for a connected account with the platform's fee."""
        provider = speaking(stripe.simulator.own_url, **connected)
        key = f"{currency}{mode}{len(connected)}"
        opened = await provider.create(
            attempt(currency=currency, amount=amount, options={"stripe_mode": mode}, idempotency_key=key)
        )
        (path, form, headers) = sent[-1]
        check_request(path, form)
        assert headers["Idempotency-Key"] == key
        assert headers.get("Stripe-Account") == connected.get("stripe_account")
        assert ("application_fee_amount" in form) == bool(connected)
        if mode == "checkout":
            assert isinstance(opened.next_action, Redirect)
            assert "payment_intent_data[metadata][baas_payment]=pay_" in form.replace("%5B", "[").replace(
                "%5D", "]"
            )
        else:
            assert isinstance(opened.next_action, ClientSecret)
            assert "_secret_" in opened.next_action.client_secret

    async def test_refunds_and_endpoints(
        self, stripe: Provider, sent: list[tuple[str, str, dict[str, str]]]
    ) -> None:
        """The other two things that are made."""
        provider = speaking(stripe.simulator.own_url, stripe_account="acct_8", application_fee_bp="100")
        opened = await provider.create(attempt(options={"stripe_mode": "elements"}, idempotency_key="r"))
        rows = stripe.books.table("payment_intent")
        intent = rows[opened.session or ""]["object"]
        stripe.simulator.decide(rows[intent["id"]]["owner"], intent, "succeeded", notify=False)  # type: ignore[union-attr]  # it is this one
        asked = RefundAsked(
            handle=Handle(PAYMENT, opened.session, intent["id"]),
            refund_id=UUID(int=5),
            idempotency_key="refund-1",
            amount=100,
            currency="ARS",
            reason="x",
        )
        first, twin = await provider.refund(asked), await provider.refund(asked)
        assert first == twin
        assert first.reference is not None
        (path, form, headers) = sent[-1]
        check_request(path, form)
        assert headers["Idempotency-Key"] == "refund-1"
        (snapshot,) = await provider.fetch(asked.handle)
        assert (snapshot.status, snapshot.amount_refunded) == (PaymentStatus.PARTIALLY_REFUNDED, 100)
        own = speaking(stripe.simulator.own_url)
        assert (await own.subscribe("https://api.example/hook") or "").startswith("whsec_")
        (path, form, _) = sent[-1]
        # The names of events and versions are newer than the specification: its lists of them are not asked.
        assert path == "/v1/webhook_endpoints"
        assert form.count("enabled_events") == len(EVENTS)
        assert await provider.subscribe("https://api.example/hook") is None

    async def test_an_amount_that_stripe_cannot_say(self) -> None:
        """Is refused before anything is written."""
        kind = Stripe(OutgoingClient())
        assert (kind.objection(attempt(currency="KWD", amount=5_121)) or ("",))[0] == "amount"
        assert (kind.objection(attempt(return_url=None)) or ("",))[0] == "return_url"
        assert kind.objection(attempt(return_url=None, options={"stripe_mode": "elements"})) is None


class TestErrors:
    """In our words, without a key."""

    async def test_a_wrong_key(self, stripe: Provider) -> None:
        """Refused; something that is no secret key is not even sent."""
        kind = Stripe(OutgoingClient(allow_insecure=True), stripe.simulator.own_url)
        for key in ("pk_test_1", "whatever", ""):
            with pytest.raises(ProviderRefused) as refusal:
                await kind.connect(None, Account({"secret_key": key}, None, is_test=True)).check()
            assert not key or key not in str(refusal.value)

    async def test_nobody_answers(self) -> None:
        """Unknown whether it was done: the same key may be sent again."""
        with pytest.raises(ProviderUnavailable):
            await speaking().create(attempt())

    async def test_a_lost_answer_is_asked_for_again_with_its_key(
        self, stripe: Provider, sent: list[tuple[str, str, dict[str, str]]]
    ) -> None:
        """Within one question."""
        stripe.faults(lose=1.0)
        with pytest.raises(ProviderUnavailable):
            await speaking(stripe.simulator.own_url).create(attempt(idempotency_key="lost"))
        stripe.faults()
        keys = [headers["Idempotency-Key"] for _, _, headers in sent]
        assert keys == ["lost"] * 3
        before = len(stripe.books.table("checkout.session"))
        opened = await speaking(stripe.simulator.own_url).create(attempt(idempotency_key="lost"))
        assert len(stripe.books.table("checkout.session")) == before
        assert opened.session


async def test_one_key_configures_everything(shop: Shop, stripe: Provider) -> None:
    """The endpoint is made over the API, with all events that we follow; its secret is kept."""
    await stripe.configure(shop)
    rows = stripe.books.table("webhook_endpoint").values()
    (endpoint,) = (row["object"] for row in rows if row["object"]["url"].endswith(shop.id))
    assert endpoint["enabled_events"] == list(EVENTS)
    assert endpoint["api_version"] == sdk.api_version


async def test_another_account_has_an_endpoint_of_its_own(
    shop: Shop, worker: Worker, stripe: Provider
) -> None:
    """The secret of the account before would prove nothing; the same account keeps what it has."""
    await stripe.configure(shop)
    await stripe.configure(shop)
    made = stripe.books.table("webhook_endpoint").values()
    assert len([row for row in made if row["object"]["url"].endswith(shop.id)]) == 1
    body = {"credentials": {"secret_key": f"{stripe.credentials(shop)['secret_key']}other"}}
    await shop.admin("PUT", "/admin/payment-providers/stripe", json=body, expect=200)
    secret = [str(row["secret"]) for row in made if row["object"]["url"].endswith(shop.id)][-1]
    payment = await stripe.collect(shop)
    for notification in await stripe.act(payment, "approved"):
        sent = stripe.signed(shop, notification, secret=secret)
        assert (await stripe.deliver(sent)).status_code == 200
    await drain(worker, "payments.inbox")
    assert (await payment_of(shop, payment))["status"] == "paid"


async def test_a_deleted_account_leaves_no_endpoint(shop: Shop, other_shop: Shop, stripe: Provider) -> None:
    """Nobody else's goes with it, a trial deletes none, and a Stripe that is away holds nothing up."""
    path = "/admin/payment-providers/stripe"
    for each in (shop, other_shop):
        body = {"credentials": {"secret_key": "sk_test_that_two_shops_share"}}
        await each.admin("PUT", path, json=body, expect=200)

    def addresses() -> list[str]:
        rows = stripe.books.table("webhook_endpoint").values()
        found = (row["object"]["url"].rpartition("/")[2] for row in rows)
        return sorted(identity for identity in found if identity in {shop.id, other_shop.id})

    await shop.admin("DELETE", path, headers={"Prefer": "dry-run"}, expect=200)
    assert addresses() == sorted((shop.id, other_shop.id))
    await shop.admin("DELETE", path, expect=200)
    assert addresses() == [other_shop.id]
    stripe.faults(down=True)
    answer = await other_shop.admin("DELETE", path, expect=200)
    assert answer.json()["data"]["configured"] is False
    assert addresses() == [other_shop.id]


async def test_elements(shop: Shop, stripe: Provider) -> None:
    """A shop with its own page is given a client secret; no other provider understands that."""
    await stripe.configure(shop)
    payment = await stripe.collect(shop, stripe_mode="elements", return_url=None)
    assert payment["next_action"]["type"] == "client_secret"
    assert (await stripe.collect(shop, expect=422, return_url=None))["code"] == "validation_error"
    error = await stripe.collect(shop, expect=422, provider="sandbox", stripe_mode="elements")
    assert "stripe_mode" in error["details"]["fields"]


async def test_a_platform_collects_for_a_connected_account(
    shop: Shop, worker: Worker, stripe: Provider, sent: list[tuple[str, str, dict[str, str]]]
) -> None:
    """Everything happens on that account, the fee is the platform's, and no other account's event is heard."""
    secret = "whsec_of_the_platform_0123"
    body = {
        "credentials": {
            "secret_key": stripe.credentials(shop)["secret_key"],
            "stripe_account": "acct_seller",
            "application_fee_bp": "300",
        },
        "webhook_secret": secret,
    }
    await shop.admin("PUT", "/admin/payment-providers/stripe", json=body, expect=200)
    payment = await stripe.collect(shop, amount=10_000)
    assert sent[-1][2]["Stripe-Account"] == "acct_seller"
    assert "application_fee_amount]=300" in unquote(sent[-1][1])
    notifications = await stripe.act(payment, "approved")
    for notification in notifications:
        foreign = {
            **notification,
            "body": {**notification["body"], "account": "acct_other", "id": "evt_other"},
        }
        assert (await stripe.deliver(stripe.signed(shop, foreign, secret=secret))).status_code == 200
    await drain(worker, "payments.inbox")
    assert (await payment_of(shop, payment))["status"] == "pending"
    for notification in notifications:
        assert (await stripe.deliver(stripe.signed(shop, notification, secret=secret))).status_code == 200
    await drain(worker, "payments.inbox")
    assert (await payment_of(shop, payment))["status"] == "paid"
    path = f"/admin/payments/{payment['id']}/refunds"
    await shop.admin("POST", path, json={"amount": 100}, expect=201)
    assert "refund_application_fee=true" in sent[-1][1]
    assert sent[-1][2]["Stripe-Account"] == "acct_seller"
