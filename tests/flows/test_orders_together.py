"""Many orders of a store whose payments are approved at once follow together, and each as if it were alone."""

import asyncio
from typing import Any

import structlog

from baas.core.db import Database
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.goods import levels, sums_of_movements
from tests.services.orders.selling import (
    FOLLOW,
    decide,
    event_types,
    order_of,
    place,
    stock_of,
    variant_of,
)


async def approve(shop: Shop, placed: list[dict[str, Any]]) -> None:
    """All of them, before a worker looks."""
    for one in placed:
        assert (await decide(shop, one["payment"], "approved")).status_code in {200, 303}


async def test_each_order_is_paid_once_and_tells_it(shop: Shop, worker: Worker, database: Database) -> None:
    """The usual ones, one that is all digital, one whose payment is rejected, and one whose stock was sold meanwhile."""
    usual, scarce = await variant_of(shop, 100), await variant_of(shop, 2)
    digital = await variant_of(shop, None, kind="digital", requires_shipping=False)
    late = await place(shop, (scarce, 2))
    await drain(worker)
    # Its reservation lapses, somebody else buys one of the two, and then it is paid after all.
    await shop.admin("POST", "/admin/test-clock", json={"advance": "40m"}, expect=200)
    await drain(worker, "inventory.lapse")
    assert await stock_of(shop, scarce) == (2, 0)
    placed = [await place(shop, (usual, 1), (scarce, 1))]
    placed += [await place(shop, (usual, number + 1)) for number in range(4)]
    download = await place(shop, (digital, 1), shipping_address=None)
    rejected = await place(shop, (usual, 1))
    await approve(shop, [*placed, download, late])
    await decide(shop, rejected["payment"], "rejected")
    with structlog.testing.capture_logs() as logs:
        await drain(worker, *FOLLOW)
    assert "event_jobs.apart" not in {line["event"] for line in logs}
    for one in placed:
        order = await order_of(shop, one["order"])
        assert (order["status"], order["payment_status"], order["flags"]) == ("paid", "paid", [])
        assert order["amount_paid"] == order["total"]
        assert (order["paid_at"], order["expires_at"]) != (None, None)
        assert order["expires_at"] is None
        assert await event_types(shop, order["id"]) == ["order.created", "order.paid"]
        (event,) = await shop.listed(f"/admin/events?subject={order['id']}&type=order.paid")
        assert (await shop.get(f"/admin/events/{event['id']}"))["data"] == order
        steps = await shop.listed(f"/admin/orders/{order['id']}/history")
        assert [step["to_status"] for step in steps] == ["pending", "payment_pending", "paid"]
    oversold = await order_of(shop, late["order"])
    assert (oversold["status"], oversold["flags"], oversold["items"][0]["oversold"]) == (
        "paid",
        ["oversold"],
        True,
    )
    assert (await order_of(shop, download["order"]))["status"] == "delivered"
    assert (await order_of(shop, rejected["order"]))["status"] == "payment_failed"
    scope = await shop.scope(worker)
    sums = await sums_of_movements(database, scope)
    kept = await levels(database, scope)
    assert {variant: kept[variant] for variant in sums} == sums
    assert (await stock_of(shop, usual))[0] == 100 - 1 - (1 + 2 + 3 + 4)


async def test_batches_and_checkouts_never_wait_for_one_another_in_a_circle(
    shop: Shop, worker: Worker, database: Database
) -> None:
    """A batch locks the stock of all its orders in the order in which everybody locks it."""
    variants = [await variant_of(shop, 1000) for _ in range(6)]

    async def buy(number: int) -> dict[str, Any]:
        first, second = variants[number % 6], variants[(number * 5 + 2) % 6]
        lines = {first, second} if number % 2 else {first}
        return await place(shop, *((variant, 1) for variant in lines), sandbox_token="approved")

    with structlog.testing.capture_logs() as logs:
        placed: list[dict[str, Any]] = []
        for round_ in range(4):
            made = asyncio.gather(*(buy(round_ * 12 + number) for number in range(12)))
            while not made.done():
                await drain(worker, *FOLLOW)
                await asyncio.sleep(0)
            placed += await made
        await drain(worker, *FOLLOW)
    assert "event_jobs.apart" not in {line["event"] for line in logs}
    for one in placed:
        assert (await order_of(shop, one["order"]))["status"] == "paid"
    scope = await shop.scope(worker)
    assert await levels(database, scope) == await sums_of_movements(database, scope)
    assert all(reserved == 0 for _, reserved in (await levels(database, scope)).values())
