"""From an empty folder to a paid order and a signed webhook, as a newcomer does it."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from baas.cli.welcome import first_order
from tests.clients import ADDRESS
from tests.running import ROOT, eventually, receiving, register, running_dev


@pytest.mark.slow
async def test_an_empty_folder_becomes_a_shop_that_sells(tmp_path: Path) -> None:
    """Browse, search, cart, checkout, approve: the order is paid, stock falls, the events arrive signed."""
    async with running_dev(tmp_path / "data") as dev, receiving() as receiver:
        await register(dev, receiver)
        key = dev.ready["publishable_key"]
        found = await dev.call(
            "GET", "/storefront/products", key=key, params={"q": "mate", "in_stock": "true"}, expect=200
        )
        products = found.json()["data"]
        assert products, "the demo shop sells mates"
        listed = (await dev.call("GET", "/storefront/products?limit=100", key=key, expect=200)).json()["data"]
        assert len(listed) >= 20
        variants = [
            variant
            for product in listed
            for variant in product["variants"]
            if (variant["available"] or 0) >= 3
        ][:2]
        before = {
            row["variant_id"]: row["on_hand"]
            for row in await dev.in_store("select variant_id::text, on_hand from inventory_levels")
        }

        cart = (await dev.call("POST", "/storefront/carts", key=key, json={}, expect=201)).json()["data"]
        for variant in variants:
            line = {"variant_id": variant["id"], "quantity": 2}
            response = await dev.call("POST", f"/storefront/carts/{cart['id']}/items", key=key, json=line)
            assert response.status_code in {200, 201}, response.text
            cart = response.json()["data"]
        assert cart["subtotal"] == sum(2 * variant["price"] for variant in variants)

        checkout = {"provider": "sandbox", "email": "ana@example.com", "shipping_address": ADDRESS}
        response = await dev.call("POST", f"/storefront/carts/{cart['id']}/checkout", key=key, json=checkout)
        assert response.status_code in {200, 201}, response.text
        placed = response.json()["data"]
        order, payment = placed["order"], placed["payment"]
        assert order["status"] == "payment_pending"
        assert payment["next_action"]["type"] == "redirect"
        page = await dev.http.get(payment["next_action"]["url"])
        assert page.status_code == 200
        assert "outcome" in page.text
        await dev.http.post(payment["next_action"]["url"], data={"outcome": "approved"})

        async def paid() -> bool:
            path = f"/storefront/orders/{order['id']}?token={order['access_token']}"
            return bool((await dev.call("GET", path, key=key, expect=200)).json()["data"]["status"] == "paid")

        await eventually(paid)
        after = {
            row["variant_id"]: row["on_hand"]
            for row in await dev.in_store("select variant_id::text, on_hand from inventory_levels")
        }
        assert sum(before.values()) - sum(after.values()) == 4

        async def arrived() -> bool:
            return {"order.created", "payment.created", "payment.paid", "order.paid"} <= set(receiver.types())

        await eventually(arrived)
        assert receiver.unverified == 0


@pytest.mark.slow
async def test_the_printed_lines_end_with_a_paid_order(tmp_path: Path) -> None:
    """What `make run` prints for copying works in a shell as it is, and so do the lines of README.md."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(
        r"^API=http://127.0.0.1:8000/api/v1 KEY=pk_test_…\n(.*?)^```", readme, re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    async with running_dev(tmp_path / "data") as dev:
        own = f"API={dev.base_url}/api/v1 KEY={dev.ready['publishable_key']}\n"
        for number, lines in enumerate((first_order(dev.state), own + shown[1]), start=1):
            done = subprocess.run(  # noqa: ASYNC221  the test has nothing else to do meanwhile
                ["bash", "-euo", "pipefail", "-c", lines],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr

            async def paid(orders: int = number) -> bool:
                found = (await dev.call("GET", "/admin/orders?limit=5", expect=200)).json()["data"]
                return [order["status"] for order in found] == ["paid"] * orders

            await eventually(paid)


@pytest.mark.slow
async def test_a_second_start_keeps_the_shop(tmp_path: Path) -> None:
    """Data and keys survive a stop; the file with the keys is for its owner alone."""
    async with running_dev(tmp_path / "data") as dev:
        first = dev.ready
        await dev.call("POST", "/admin/categories", json={"name": "Kept"}, expect=201)
    async with running_dev(tmp_path / "data") as dev:
        for name in ("store_id", "secret_key", "publishable_key", "operator_key"):
            assert dev.ready[name] == first[name]
        names = [
            item["name"]
            for item in (await dev.call("GET", "/admin/categories?limit=100", expect=200)).json()["data"]
        ]
        assert "Kept" in names
        mode = stat.S_IMODE(os.stat(tmp_path / "data" / "keys.json").st_mode)  # noqa: PTH116
        assert mode == 0o600
