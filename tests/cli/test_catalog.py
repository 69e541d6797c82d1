"""`baas catalog refresh`: the copies that a catalogue derives, made again from the command line."""

import asyncio
import json
from typing import Any

from click.testing import CliRunner

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.settings import Settings
from baas.worker import Worker
from tests import deployment
from tests.clients import Shop
from tests.services.goods import make_product


async def baas(settings: Settings, *arguments: str, expect: int = 0) -> dict[str, Any]:
    """Run a command on the deployment under test; its JSON."""
    from baas.cli.main import main

    environment = deployment.environment(settings)
    # In a thread, for a command runs an event loop of its own.
    result = await asyncio.to_thread(CliRunner().invoke, main, [*arguments, "--json"], env=environment)
    assert result.exit_code == expect, (result.stderr, result.exception)
    answer: dict[str, Any] = json.loads((result.stdout or result.stderr).strip().splitlines()[-1])
    return answer


async def spoil(database: Database, scope: StoreScope) -> None:
    """Let every document of the store be wrong, though its version is the present one."""
    async with database.fast(scope) as work:
        await work.execute("update products set document = '{}'")


async def names(shop: Shop) -> list[str | None]:
    """The names of the storefront's products."""
    answer = await shop.storefront("GET", "/storefront/products", expect=200)
    return [product.get("name") for product in answer.json()["data"]]


async def test_one_store_or_all(
    shop: Shop, other_shop: Shop, database: Database, worker: Worker, settings: Settings
) -> None:
    """The one that is named by id or slug, and then those that are left; storefronts see it at once."""
    for each in (shop, other_shop):
        await make_product(each, {"price": 1}, name="Mate")
        await spoil(database, await each.scope(worker))
    assert await baas(settings, "catalog", "refresh", "--store", shop.slug) == {"stores": 1, "products": 1}
    assert (await names(shop), await names(other_shop)) == (["Mate"], [None])
    done = await baas(settings, "catalog", "refresh")
    assert done["stores"] >= 2
    assert await names(other_shop) == ["Mate"]


async def test_a_store_that_there_is_not(settings: Settings) -> None:
    """Exit code 3, as everywhere."""
    refused = await baas(settings, "catalog", "refresh", "--store", "nowhere", expect=3)
    assert refused["error"]["code"] == "not_found"
