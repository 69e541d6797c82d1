"""Nothing is lost: worker, API and Redis are killed at random moments while customers buy."""

import asyncio
import contextlib
import os
import random
import signal
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from tests.clients import ADDRESS
from tests.running import RunningDev, eventually, receiving, register, running_dev

CHECKOUTS = 200
BUYERS = 8
KILLS = 9


async def _sellable(dev: RunningDev) -> list[str]:
    """Variants of a product with plenty of stock."""
    product = {
        "name": "Yerba para muchos",
        "status": "active",
        "variants": [
            {"sku": f"MANY-{n}", "price": 1999, "option_values": [str(n)], "on_hand": 5000} for n in range(4)
        ],
        "options": [{"name": "Tamaño", "values": ["0", "1", "2", "3"]}],
    }
    data = (await dev.call("POST", "/admin/products", json=product, expect=201)).json()["data"]
    return [variant["id"] for variant in data["variants"]]


async def _buy(dev: RunningDev, variants: list[str], number: int, orders: dict[str, bool]) -> None:
    """One customer: cart, checkout and (two of three) approval, each repeated until it is answered."""
    key = dev.ready["publishable_key"]
    line = {"variant_id": variants[number % len(variants)], "quantity": 1 + number % 2}
    cart = await dev.patient(
        "POST",
        "/storefront/carts",
        key=key,
        json={"items": [line]},
        headers={"Idempotency-Key": f"cart-{number}"},
    )
    assert cart.status_code == 201, cart.text
    checkout = await dev.patient(
        "POST",
        f"/storefront/carts/{cart.json()['data']['id']}/checkout",
        key=key,
        json={"provider": "sandbox", "email": f"buyer{number}@example.com", "shipping_address": ADDRESS},
        headers={"Idempotency-Key": f"checkout-{number}"},
    )
    assert checkout.status_code in {200, 201}, checkout.text
    placed = checkout.json()["data"]
    approve = number % 3 != 0
    orders[placed["order"]["id"]] = approve
    while approve:
        with contextlib.suppress(httpx.TransportError):
            answer = await dev.http.post(
                placed["payment"]["next_action"]["url"], data={"outcome": "approved"}
            )
            if answer.status_code < 400:
                return
        await asyncio.sleep(0.1)


async def _kill_at_random(dev: RunningDev, seed: int) -> list[str]:
    """Kill something every now and then; answers what was killed."""
    dice = random.Random(seed)
    killed = []
    for step in range(KILLS):
        await asyncio.sleep(dice.uniform(0.5, 1.5))
        victim = ("worker", "api", "redis")[step % 3]
        if victim == "redis":
            pid = int((dev.data_dir / "redis" / "process").read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
            for file in (dev.data_dir / "redis").rglob("*.aof"):
                file.unlink(missing_ok=True)
            for file in (dev.data_dir / "redis").rglob("*.rdb"):
                file.unlink(missing_ok=True)
        else:
            mark = dev.state.processes.get(victim)
            if mark is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(mark.pid, signal.SIGKILL)
        killed.append(victim)
    return killed


async def _relay_rows(dev: RunningDev, sql: str) -> list[Any]:
    connection = await asyncpg.connect(dev.environment["BAAS_DATABASE_RELAY_URL"])
    try:
        rows: list[Any] = await connection.fetch(sql)
        return rows
    finally:
        await connection.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_two_hundred_checkouts_survive_every_kill(tmp_path: Path) -> None:
    """Every committed order has its events, every event arrives, none is stuck, stock agrees with its movements."""
    async with running_dev(tmp_path / "data") as dev, receiving() as receiver:
        await register(dev, receiver)
        variants = await _sellable(dev)
        orders: dict[str, bool] = {}
        numbers = iter(range(CHECKOUTS))

        async def buyer() -> None:
            for number in numbers:
                await _buy(dev, variants, number, orders)
                await asyncio.sleep(0.25)

        async with asyncio.TaskGroup() as group:
            killing = group.create_task(_kill_at_random(dev, seed=7236))
            for _ in range(BUYERS):
                group.create_task(buyer())
        assert set(killing.result()) == {"worker", "api", "redis"}
        assert len(orders) == CHECKOUTS

        rows = await dev.in_store("select count(*) as orders from orders where email like 'buyer%'")
        assert rows[0]["orders"] == CHECKOUTS, "one order for each checkout, whatever was repeated"

        expected = {("order.created", order) for order in orders}
        expected |= {("order.paid", order) for order, approved in orders.items() if approved}

        async def all_there() -> bool:
            events = await dev.in_store("select type, subject from events where type like 'order.%'")
            return expected <= {(row["type"], row["subject"]) for row in events}

        await eventually(all_there, within=60)

        async def none_stuck() -> bool:
            unrelayed = await _relay_rows(dev, "select 1 from event_outbox limit 1")
            jobs = await _relay_rows(dev, "select 1 from event_jobs limit 1")
            pending = await dev.in_store(
                "select 1 from webhook_deliveries where status <> 'delivered' limit 1"
            )
            return not (unrelayed or jobs or pending)

        await eventually(none_stuck, within=60)
        delivered = {
            (event["type"], event["subject"])
            for event in (msgspec.json.decode(bodies[0]) for bodies in receiver.bodies.values())
        }
        assert expected <= delivered
        assert receiver.unverified == 0
        assert all(len(set(bodies)) == 1 for bodies in receiver.bodies.values()), (
            "a repeated delivery is the same bytes"
        )

        levels = await dev.in_store(
            "select l.variant_id, l.on_hand, sum(m.on_hand_change) as moved from inventory_levels l"
            " join inventory_movements m using (store_id, variant_id) group by 1, 2"
        )
        assert all(row["on_hand"] == row["moved"] for row in levels)
