"""Stores with accounts at the simulated providers, and what happens there: payers, banks, panels, notifications."""

import time
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from baas.core.settings import Settings
from baas.simulators import mercadopago as mp
from baas.simulators import stripe as st
from baas.simulators.books import Books, Faults, Sent
from baas.simulators.serve import KINDS, serving
from tests.clients import Shop

Simulator = mp.MercadoPagoSimulator | st.StripeSimulator
RETURN_URL: Final = "https://shop.example/thanks"
SECRETS: Final[set[str]] = set()
"""Every credential that these tests ever gave away: nothing may print one."""


class Provider:
    """One simulated provider, as a store of the tests meets it."""

    def __init__(self, name: str, simulator: Simulator, http: httpx.AsyncClient) -> None:
        self.name = name
        self.simulator = simulator
        self._http = http

    @property
    def books(self) -> Books:
        """What the provider remembers."""
        return self.simulator.books

    def faults(self, **values: Any) -> None:
        """Let things go wrong; nothing does without values."""
        self.books.faults = Faults(**values)

    def credentials(self, shop: Shop) -> dict[str, str]:
        """An account that only this shop has."""
        return self.simulator.account(shop.slug.replace("-", ""))[0]

    async def configure(self, shop: Shop) -> str:
        """Give a shop its account; answers the secret of its notifications."""
        given = self.credentials(shop)
        body: dict[str, Any] = {"credentials": given}
        told = self.simulator.account(shop.slug.replace("-", ""))[1]
        if told is not None:
            body["webhook_secret"] = told
        data = (
            await shop.admin("PUT", f"/admin/payment-providers/{self.name}", json=body, expect=200)
        ).json()["data"]
        assert data["configured"]
        assert data["has_webhook_secret"]
        SECRETS.update(given.values())
        secret = self.secret(shop)
        SECRETS.add(secret)
        return secret

    def secret(self, shop: Shop) -> str:
        """What notifications of a shop are signed with."""
        told = self.simulator.account(shop.slug.replace("-", ""))[1]
        if told is not None:
            return told
        rows = self.books.table("webhook_endpoint").values()
        return next(str(row["secret"]) for row in rows if row["object"]["url"].endswith(shop.id))

    async def collect(self, shop: Shop, amount: int = 250_000, expect: int = 201, **body: Any) -> Any:
        """The data, or the error, of a payment without an order."""
        headers = body.pop("headers", {})
        body = {"provider": self.name, "amount": amount, "return_url": RETURN_URL, **body}
        answer = (
            await shop.admin("POST", "/admin/payments", json=body, headers=headers, expect=expect)
        ).json()
        return answer["data"] if answer["success"] else answer["error"]

    async def act(self, payment: Any, action: str, **more: Any) -> list[dict[str, Any]]:
        """Something happens at the provider; answers what it would notify."""
        async with httpx.AsyncClient(base_url=self.simulator.own_url, timeout=10) as http:
            body = {"reference": payment["id"], "action": action, "notify": False, **more}
            answer = await http.post("/_simulator/act", content=msgspec.json.encode(body))
            assert answer.status_code == 200, answer.text
            found: list[dict[str, Any]] = answer.json()["notifications"]
            return found

    def signed(
        self, shop: Shop, notification: dict[str, Any], *, secret: str | None = None, age: float = 0
    ) -> Sent:
        """A notification as it travels."""
        key, at = secret or self.secret(shop), time.time() - age
        url = f"/api/v1/webhooks/{self.name}/{shop.id}"
        body = msgspec.json.encode(notification["body"])
        if self.name == "stripe":
            # Signed as long ago as it is told, which the simulator never does.
            return Sent(url, st.signed_headers(key, body, at=at), body)
        body, headers = self.simulator.signed(key, notification, at)
        return Sent(url + notification["query"], headers, body)

    async def deliver(self, sent: Sent) -> httpx.Response:
        """Bring a notification to the backend."""
        parts = urlsplit(sent.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return await self._http.post(target, content=sent.body, headers=sent.headers)

    async def notify(self, shop: Shop, payment: Any, action: str, **more: Any) -> None:
        """Something happens, and the provider tells."""
        for notification in await self.act(payment, action, **more):
            answer = await self.deliver(self.signed(shop, notification))
            assert answer.status_code == 200, answer.text

    def payments(self) -> list[Any]:
        """Every payment there."""
        if self.name == "stripe":
            return [row["object"] for row in self.books.table("payment_intent").values()]
        return list(self.books.table("payments").values())


async def history(shop: Shop, payment: dict[str, Any]) -> list[dict[str, Any]]:
    """The story of a payment."""
    rows: list[dict[str, Any]] = await shop.listed(f"/admin/payments/{payment['id']}/history")
    return rows


async def _start(name: str, settings: Settings, http: httpx.AsyncClient) -> AsyncIterator[Provider]:
    simulator = KINDS[name](Books(seed=7))
    provider = Provider(name, simulator, http)

    async def post(sent: Sent) -> int:
        return (await provider.deliver(sent)).status_code

    simulator.notifier.post = post
    url: str = getattr(settings, KINDS[name].setting.removeprefix("BAAS_").lower())
    async with serving(simulator, urlsplit(url).port or 0):
        yield provider


@pytest.fixture(scope="session")
async def mercadopago_running(settings: Settings, http: httpx.AsyncClient) -> AsyncIterator[Provider]:
    """Mercado Pago, for this test process."""
    async for provider in _start("mercadopago", settings, http):
        yield provider


@pytest.fixture(scope="session")
async def stripe_running(settings: Settings, http: httpx.AsyncClient) -> AsyncIterator[Provider]:
    """Stripe, for this test process."""
    async for provider in _start("stripe", settings, http):
        yield provider


@pytest.fixture
def mercadopago(mercadopago_running: Provider) -> Provider:
    """Mercado Pago, and nothing goes wrong there."""
    mercadopago_running.faults()
    return mercadopago_running


@pytest.fixture
def stripe(stripe_running: Provider) -> Provider:
    """Stripe, and nothing goes wrong there."""
    stripe_running.faults()
    return stripe_running


@pytest.fixture(params=["mercadopago", "stripe"])
def provider(request: pytest.FixtureRequest) -> Provider:
    """Both, one after the other."""
    found: Provider = request.getfixturevalue(request.param)
    return found
