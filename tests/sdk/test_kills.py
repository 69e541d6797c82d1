"""The server dies in the middle of checkouts, comes back, and every checkout is one order.

BAAS_SDK_CHECKOUTS makes them fewer. Nothing here repeats anything: the SDK does.
"""

import asyncio
import contextlib
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from baas_sdk import AsyncClient, Client
from baas_sdk.types import Address

from tests.clients import ADDRESS
from tests.running import RunningDev, eventually, running_dev

CHECKOUTS = int(os.environ.get("BAAS_SDK_CHECKOUTS", "1000"))
BUYERS = 12
HOME = Address(**ADDRESS)


def kill(dev: RunningDev, *names: str) -> None:
    """End processes of the deployment at once, without a chance to finish anything."""
    for name in names:
        with contextlib.suppress(ProcessLookupError, KeyError):
            os.killpg(dev.state.processes[name].pid, signal.SIGKILL)


class Shoppers:
    """Customers who buy through the SDK, and what they got."""

    def __init__(self, shop: AsyncClient, variant_id: str) -> None:
        self.shop = shop
        self.variant_id = variant_id
        self.orders: list[str] = []
        self._numbers = iter(range(CHECKOUTS))

    async def buy(self) -> None:
        """One after another, until the numbers are gone."""
        for number in self._numbers:
            cart = await self.shop.storefront.carts.create(items=[{"variant_id": self.variant_id}])
            placed = await self.shop.storefront.carts.checkout(
                cart.id, provider="sandbox", email=f"sdk{number}@example.com", shipping_address=HOME
            )
            self.orders.append(placed.order.id)

    async def until(self, part: float) -> None:
        """Wait until that part of the checkouts is done."""

        async def done() -> bool:
            return len(self.orders) >= CHECKOUTS * part

        await eventually(done, within=240, every=0.02)


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_every_checkout_is_exactly_one_order(tmp_path: Path) -> None:
    """The API is killed, then all of it; the second deployment takes over on the same address."""
    async with AsyncExitStack() as deployments:
        dev = await deployments.enter_async_context(running_dev(tmp_path / "data"))
        # As patient as the longest lease of a write that died half-way; the default is two.
        async with AsyncClient(dev.ready["secret_key"], base_url=dev.base_url, max_retries=60) as shop:
            product = await shop.products.create(
                name="Yerba", status="active", variants=[{"price": 1999, "on_hand": 2 * CHECKOUTS}]
            )
            shoppers = Shoppers(
                shop.with_options(api_key=dev.ready["publishable_key"]), product.variants[0].id
            )
            async with asyncio.TaskGroup() as group:
                for _ in range(BUYERS):
                    group.create_task(shoppers.buy())
                await shoppers.until(0.25)
                kill(dev, "api")
                await shoppers.until(0.6)
                dev.process.kill()
                kill(dev, "api", "worker")
                await dev.process.wait()
                again = running_dev(tmp_path / "data", port=urlsplit(dev.base_url).port or 0)
                dev = await deployments.enter_async_context(again)
            assert len(shoppers.orders) == len(set(shoppers.orders)) == CHECKOUTS
            assert {order.id async for order in shop.orders.list(limit=100)} == set(shoppers.orders)
            level = await shop.inventory.get(product.variants[0].id)
            assert level.available == CHECKOUTS
        rows = await dev.in_store("select count(*) as orders, count(distinct email) as emails from orders")
        assert tuple(rows[0]) == (CHECKOUTS, CHECKOUTS)


@pytest.mark.slow
async def test_the_synchronous_client_over_http(tmp_path: Path) -> None:
    """A whole purchase against processes of their own, as a shop's server does it."""
    async with running_dev(tmp_path / "data") as dev:

        def purchase() -> str:
            with Client(dev.ready["publishable_key"], base_url=dev.base_url) as shop:
                product = shop.storefront.products.list(in_stock=True).first()
                assert product is not None
                cart = shop.storefront.carts.create(items=[{"variant_id": product.variants[0].id}])
                placed = shop.storefront.carts.checkout(
                    cart.id, provider="sandbox", email="ana@example.com", shipping_address=HOME
                )
                assert placed.payment is not None
                return placed.order.id

        order_id = await asyncio.to_thread(purchase)
        with Client(dev.ready["secret_key"], base_url=dev.base_url) as shop:
            orders = await asyncio.to_thread(lambda: list(shop.orders.list(email="ana@example.com")))
        assert [order.id for order in orders] == [order_id]
