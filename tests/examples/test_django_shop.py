"""The Django shop against two stores of a running backend: the same code, other variables."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from baas_sdk import AsyncClient, webhooks
from baas_sdk.testing import signed_event

from tests.running import RunningDev, eventually, running_dev

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "django-shop"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def environment(**variables: str) -> dict[str, str]:
    """Nothing of this test's own settings but what is said."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BAAS_", "SHOP_", "DJANGO_"))
    }
    return {**inherited, "PYTHONPATH": str(ROOT / "sdk" / "src"), "PYTHONDONTWRITEBYTECODE": "1", **variables}


async def manage(variables: dict[str, str], *arguments: str) -> str:
    """Run one command of the shop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "manage.py", *arguments,
        cwd=SHOP, env=variables, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
    return output.decode()


class RunningShop:
    """The shop in a process of its own, and a customer's browser."""

    def __init__(self, url: str, secret: str, api: AsyncClient) -> None:
        self.url = url
        self.secret = secret
        self.api = api
        self.browser = httpx.AsyncClient(base_url=url, follow_redirects=True, timeout=30)

    async def post(self, path: str, page: str, **fields: str) -> httpx.Response:
        """Send a form of a page, as a browser would."""
        form = (await self.browser.get(page)).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token, form
        return await self.browser.post(path, data={**fields, "csrfmiddlewaretoken": token[1]})

    async def buy(self, slug: str, quantity: int, email: str) -> httpx.Response:
        """From the shelf to the provider's page."""
        await self.post("/cart/put", f"/products/{slug}", slug=slug, quantity=str(quantity))
        return await self.post("/checkout", "/cart", email=email)

    async def stock(self, slug: str) -> int:
        """What the page says is left."""
        found = re.search(r'max="(\d+)"', (await self.browser.get(f"/products/{slug}")).text)
        return int(found[1]) if found else 0


@asynccontextmanager
async def running_shop(dev: RunningDev, api_key: str, folder: Path) -> AsyncIterator[RunningShop]:
    """Set the shop up as its README says, for the store of a key."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = environment(
        BAAS_BASE_URL=dev.base_url,
        BAAS_API_KEY=api_key,
        SHOP_URL=url,
        SHOP_DATABASE=str(folder / f"{port}.sqlite3"),
    )
    await manage(variables, "migrate", "--verbosity", "0")
    await manage(variables, "seed")
    name, _, secret = (await manage(variables, "connect")).strip().partition("=")
    assert name == "BAAS_WEBHOOK_SECRET"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}",
        cwd=SHOP, env={**variables, name: secret}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    async with AsyncClient(api_key, base_url=dev.base_url) as api:
        shop = RunningShop(url, secret, api)

        async def up() -> bool:
            try:
                return (await shop.browser.get("/health")).status_code == 200
            except httpx.TransportError:
                return False

        try:
            await eventually(up, within=30)
            yield shop
        finally:
            await shop.browser.aclose()
            process.terminate()
            await process.wait()


async def second_store(dev: RunningDev) -> str:
    """Another store in the same deployment; answers its secret key."""
    made = await dev.baas("store", "create", "Tienda Dos", "--currency", "CLP", "--country", "CL")
    return str(made["secret_key"])


def test_its_own_tests_pass(tmp_path: Path) -> None:
    """Against the shop in memory of the SDK: no server, no network."""
    done = subprocess.run(
        [sys.executable, "manage.py", "test"],
        cwd=SHOP, env=environment(SHOP_DATABASE=str(tmp_path / "x.sqlite3")), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"Ran [1-9]\d* tests", done.stderr)


def test_it_uses_only_the_sdk() -> None:
    """No HTTP of its own, and nothing of the backend's packages."""
    for path in SHOP.rglob("*.py"):
        imports = re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.M)
        third = set(imports) - set(sys.stdlib_module_names)
        assert third <= {"baas_sdk", "django", "shop"}, path


async def purchase(dev: RunningDev, shop: RunningShop, currency: str) -> None:
    """Everything that a shop needs, and that nothing of it happens twice."""
    before = await shop.stock("mate-imperial")
    page = await shop.buy("mate-imperial", 2, "ana@example.com")
    assert "sandbox" in str(page.url)
    await shop.browser.post(str(page.url), data={"outcome": "approved"})
    (payment,) = [payment async for payment in shop.api.payments.list()]
    assert (payment.amount, payment.currency) == (2 * 4590000, currency)
    order_page = f"/orders/{(payment.reference or '').removeprefix('order-')}"

    async def told() -> bool:
        return [event async for event in shop.api.events.list(type="custom.order_fulfilled")] != []

    # Nobody opens the order's page: the webhook alone has to do it.
    await eventually(told, within=30)
    assert "Thank you" in (await shop.browser.get(order_page)).text
    assert await shop.stock("mate-imperial") == before - 2

    # The same events again, from the backend itself and from somebody who kept one.
    (endpoint,) = [endpoint async for endpoint in shop.api.webhook_endpoints.list()]
    await shop.api.webhook_endpoints.replay(endpoint.id, since=payment.created_at, which="all")
    (paid,) = [event async for event in shop.api.events.list(type="payment.paid")]
    for _ in range(3):
        repeated = signed_event("payment.paid", paid.data, secret=shop.secret, id=paid.id)
        assert (
            await shop.browser.post("/hooks/baas", content=repeated.body, headers=repeated.headers)
        ).status_code == 204
    # Another event that says the same: the order is paid already.
    another = signed_event("payment.paid", paid.data, secret=shop.secret)
    assert (
        await shop.browser.post("/hooks/baas", content=another.body, headers=another.headers)
    ).status_code == 204

    async def delivered() -> bool:
        waiting = shop.api.webhook_deliveries.list(status="pending")
        return [delivery async for delivery in waiting] == []

    await eventually(delivered, within=30)
    assert await shop.stock("mate-imperial") == before - 2
    messages = [message async for message in shop.api.notifications.list() if message.to == "ana@example.com"]
    assert (
        len([message for message in messages if "thank you for your order" in (message.subject or "")]) == 1
    )
    assert len([event async for event in shop.api.events.list(type="custom.order_fulfilled")]) == 1

    forged = signed_event("payment.paid", paid.data, secret="whsec_" + "A" * 43)
    assert (
        await shop.browser.post("/hooks/baas", content=forged.body, headers=forged.headers)
    ).status_code == 400


async def refusal(shop: RunningShop) -> None:
    """A declined payment is said, and a second try pays."""
    page = await shop.buy("termo-acero", 1, "beto@example.com")
    await shop.browser.post(str(page.url), data={"outcome": "rejected"})
    payment = await shop.api.payments.list().first()
    assert payment is not None
    order_page = f"/orders/{(payment.reference or '').removeprefix('order-')}"

    async def failed() -> bool:
        return "Try again" in (await shop.browser.get(order_page)).text

    await eventually(failed, within=30)
    again = await shop.post(f"{order_page}/pay", order_page)
    await shop.browser.post(str(again.url), data={"outcome": "approved"})

    async def paid() -> bool:
        return "Thank you" in (await shop.browser.get(order_page)).text

    await eventually(paid, within=30)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_two_stores_by_configuration_alone(tmp_path: Path) -> None:
    """The same folder, started twice with other variables; neither hears of the other."""
    async with running_dev(tmp_path / "data") as dev:
        other_key = await second_store(dev)
        async with (
            running_shop(dev, dev.ready["secret_key"], tmp_path) as first,
            running_shop(dev, other_key, tmp_path) as second,
        ):
            front = (await second.browser.get("/")).text
            assert "Tienda Dos" in front
            assert "CLP" in front
            style = re.search(r'rel="stylesheet" href="([^"]+)"', front)
            assert style
            assert (await second.browser.get(style[1])).status_code == 200
            await purchase(dev, first, (await first.api.store.get()).currency)
            await purchase(dev, second, "CLP")
            await refusal(second)
            assert await first.stock("termo-acero") == 5
            # A signature of one store opens nothing at the other.
            foreign = signed_event("payment.paid", {"status": "paid"}, secret=first.secret)
            answer = await second.browser.post("/hooks/baas", content=foreign.body, headers=foreign.headers)
            assert answer.status_code == 400
            assert webhooks.verify(foreign.body, foreign.headers, secret=first.secret) == foreign.id
