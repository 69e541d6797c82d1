"""The clock of a test store."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from baas.core.settings import Settings
from baas.tenants import test_clock
from baas.worker import Worker
from tests import deployment
from tests.clients import Shop, drain, provision
from tests.commandline import Ran, run_apart
from tests.conftest import OPERATOR_KEY

PATH = "/admin/test-clock"


async def advance(shop: Shop, by: str, *, expect: int = 200) -> dict[str, Any]:
    answer = await shop.admin("POST", PATH, json={"advance": by}, expect=expect)
    found: dict[str, Any] = answer.json()["data" if expect == 200 else "error"]
    return found


async def test_it_moves_forward_and_adds_up(shop: Shop) -> None:
    """And the audit log says who moved it."""
    assert (await shop.get(PATH))["offset_seconds"] == 0
    assert (await advance(shop, "3d"))["offset_seconds"] == 3 * 86400
    moved = await advance(shop, "1h30m15s")
    assert moved["offset_seconds"] == 3 * 86400 + 5415
    real = (await shop.admin("GET", "/admin/store")).json()["meta"]["timestamp"]
    ahead = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(real)
    assert abs(ahead - timedelta(seconds=moved["offset_seconds"])) < timedelta(seconds=5)
    lines = await shop.listed("/admin/audit-log?action=test_clock.advanced")
    assert [line["new"]["offset_seconds"] for line in lines] == [3 * 86400 + 5415, 3 * 86400]


@pytest.mark.parametrize(
    "by", ["", "3", "d3", "3 d", "-3d", "0s", "3x", "1h-1m", "6000d", "999999999w", "３d"]
)
async def test_what_is_no_length_of_time_is_refused(shop: Shop, by: str) -> None:
    """Backwards, too: what has happened has happened."""
    assert (await advance(shop, by, expect=422))["code"] == "validation_error"
    assert (await shop.get(PATH))["offset_seconds"] == 0


async def test_five_years_are_enough(shop: Shop) -> None:
    """Also in small steps."""
    await advance(shop, "1800d")
    await advance(shop, "30d", expect=422)


async def test_the_clock_of_a_live_store_stands(http: httpx.AsyncClient) -> None:
    """Its time is everybody's."""
    live = await provision(http, OPERATOR_KEY, mode="live")
    assert (await advance(live, "1d", expect=409))["code"] == "conflict"


async def test_stores_have_clocks_of_their_own(shop: Shop, other_shop: Shop) -> None:
    """Moving one moves no other."""
    await advance(shop, "9d")
    assert (await other_shop.get(PATH))["offset_seconds"] == 0


async def test_carts_are_abandoned_when_their_time_comes(shop: Shop, worker: Worker) -> None:
    """By the worker, over the same code as in a live store."""
    body = {"name": "Mate", "status": "active", "variants": [{"price": 1000, "on_hand": 5}]}
    product = await shop.create("/admin/products", body)
    lines = [{"variant_id": product["variants"][0]["id"], "quantity": 1}]
    cart = {"items": lines, "email": "ana@example.com"}
    made = await shop.create("/storefront/carts", cart)
    await drain(worker)
    assert await shop.listed("/admin/notifications") == []
    await advance(shop, "60d")
    await drain(worker)
    (message,) = await shop.listed("/admin/notifications")
    assert (message["template_key"], message["about"], message["status"]) == (
        "abandoned_cart",
        made["id"],
        "sent",
    )


def test_lengths_of_time_are_read_as_people_write_them() -> None:
    """Weeks to seconds, together."""
    assert test_clock.duration("1w2d3h4m5s") == timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)


async def test_the_command_moves_it_too(shop: Shop, settings: Settings) -> None:
    """Named by slug or id; a wrong name and a wrong length have exit codes of their own."""
    environment = deployment.environment(settings)

    async def advanced(*arguments: str, expect: int = 0) -> Ran:
        return await run_apart(
            "clock", "advance", *arguments, "--json", environment=environment, expect=expect
        )

    assert (await advanced(shop.slug, "3d")).json["offset_seconds"] == 259200
    assert (await shop.get(PATH))["offset_seconds"] == 259200
    await asyncio.gather(
        advanced("no-such-store", "3d", expect=3), advanced(shop.slug, "three days", expect=1)
    )
