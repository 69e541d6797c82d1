"""What time does to an order: reservations lapse, orders expire, and money comes when nobody expects it."""

from datetime import timedelta

import pytest

from baas.core.db import Database
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.orders.selling import (
    FOLLOW,
    act,
    decide,
    event_types,
    order_of,
    pay,
    payment_of,
    place,
    stock_of,
    variant_of,
)

CLOCKWORK = ("orders.due", "inventory.lapse", *FOLLOW)


class Clock:
    """The clock of the store under test."""

    def __init__(self, shop: Shop, worker: Worker, database: Database) -> None:
        self._shop, self._worker, self._database = shop, worker, database
        self._offset = timedelta(0)

    async def forward(self, *, run: bool = True, **by: int) -> None:
        """Move the store's clock, and let the worker do what is due then."""
        self._offset += timedelta(**by)
        scope = await self._shop.scope(self._worker)
        async with self._database.fast(scope) as work:
            await work.execute(
                "update stores set clock_offset = $2 where id = $1", scope.store_id, self._offset
            )
        self._worker.table.forget_store(scope.store_id)
        if run:
            await drain(self._worker, *CLOCKWORK)


@pytest.fixture
def clock(shop: Shop, worker: Worker, database: Database) -> Clock:
    """The store's clock."""
    return Clock(shop, worker, database)


class TestReservations:
    """Stock is held for 30 minutes, longer while a payment is in progress."""

    async def test_the_stock_is_free_after_half_an_hour_and_the_order_stays_payable(
        self, shop: Shop, worker: Worker, clock: Clock
    ) -> None:
        """A late payment takes the stock that is still there."""
        variant = await variant_of(shop, 5)
        placed = await place(shop, (variant, 2))
        await clock.forward(minutes=29)
        assert await stock_of(shop, variant) == (5, 2)
        await clock.forward(minutes=2)
        assert await stock_of(shop, variant) == (5, 0)
        assert (await order_of(shop, placed["order"]))["status"] == "payment_pending"
        await pay(shop, worker, placed["payment"])
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["flags"]) == ("paid", [])
        assert await stock_of(shop, variant) == (3, 0)

    async def test_a_late_payment_for_what_is_gone_is_paid_and_flagged(
        self, shop: Shop, worker: Worker, clock: Clock
    ) -> None:
        """Oversold: for a person to solve."""
        variant = await variant_of(shop, 3)
        late = await place(shop, (variant, 2))
        await clock.forward(minutes=31)
        quick = await place(shop, (variant, 2))
        await pay(shop, worker, quick["payment"])
        await pay(shop, worker, late["payment"])
        order = await order_of(shop, late["order"])
        assert (order["status"], order["payment_status"]) == ("paid", "paid")
        assert (order["flags"], order["needs_attention"]) == (["oversold"], True)
        assert order["items"][0]["oversold"] is True
        assert await stock_of(shop, variant) == (0, 0)
        flagged = await shop.listed("/admin/orders?needs_attention=true")
        assert [row["id"] for row in flagged] == [order["id"]]

    async def test_a_payment_in_review_keeps_the_stock(
        self, shop: Shop, worker: Worker, clock: Clock
    ) -> None:
        """For as long as it takes."""
        variant = await variant_of(shop, 5)
        placed = await place(shop, (variant, 2))
        await decide(shop, placed["payment"], "pending")
        for _ in range(4):
            await clock.forward(minutes=29)
        assert await stock_of(shop, variant) == (5, 2)
        await pay(shop, worker, placed["payment"])
        assert await stock_of(shop, variant) == (3, 0)

    async def test_trying_again_holds_the_stock_again_or_says_that_it_is_gone(
        self, shop: Shop, worker: Worker, clock: Clock
    ) -> None:
        """Nobody is asked to pay for what is not there."""
        variant = await variant_of(shop, 2)
        orders = [(await place(shop, (variant, 1), sandbox_token="rejected"))["order"] for _ in range(2)]
        await drain(worker, *FOLLOW)
        await clock.forward(minutes=31)
        await place(shop, (variant, 1))
        retry = [f"/storefront/orders/{order['id']}/payments" for order in orders]
        await shop.storefront("POST", retry[0], json={"provider": "sandbox"}, expect=201)
        assert await stock_of(shop, variant) == (2, 2)
        error = (await shop.storefront("POST", retry[1], json={"provider": "sandbox"}, expect=409)).json()[
            "error"
        ]
        assert error["code"] == "insufficient_stock"
        assert (await order_of(shop, orders[1]))["status"] == "payment_failed"


class TestExpiry:
    """An order that nobody pays is cancelled after 72 hours."""

    @pytest.mark.parametrize("outcome", [None, "rejected"])
    async def test_an_unpaid_order_expires(
        self, shop: Shop, worker: Worker, clock: Clock, outcome: str | None
    ) -> None:
        """Whether its payment was never made or failed."""
        variant = await variant_of(shop, 5)
        placed = await place(shop, (variant, 2))
        if outcome:
            await pay(shop, worker, placed["payment"], outcome)
        await clock.forward(hours=71)
        assert (await order_of(shop, placed["order"]))["status"] in {"payment_pending", "payment_failed"}
        await clock.forward(hours=2)
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["cancel_reason"]) == ("cancelled", "expired")
        assert await stock_of(shop, variant) == (5, 0)
        assert (await event_types(shop, order["id"]))[-1] == "order.cancelled"
        steps = await shop.listed(f"/admin/orders/{order['id']}/history")
        assert (steps[-1]["actor"], steps[-1]["reason"]) == ("system:worker", "expired")

    async def test_not_while_a_payment_is_in_progress(self, shop: Shop, worker: Worker, clock: Clock) -> None:
        """It may still succeed without the customer."""
        placed = await place(shop)
        await decide(shop, placed["payment"], "pending")
        await clock.forward(hours=80)
        assert (await order_of(shop, placed["order"]))["status"] == "payment_pending"
        await pay(shop, worker, placed["payment"], "rejected")
        await clock.forward(hours=1)
        assert (await order_of(shop, placed["order"]))["status"] == "cancelled"

    async def test_a_paid_order_does_not_expire(self, shop: Shop, worker: Worker, clock: Clock) -> None:
        """Also when the clock looks before the order heard of the payment."""
        placed = await place(shop)
        await decide(shop, placed["payment"], "approved")
        await clock.forward(hours=100, run=False)
        await drain(worker, "orders.due")
        assert (await order_of(shop, placed["order"]))["status"] == "paid"

    async def test_a_part_of_the_money_keeps_it_until_it_is_given_back(
        self, shop: Shop, worker: Worker, clock: Clock
    ) -> None:
        """A person decides; when the part is given back, nothing is left to decide, and the order is over."""
        placed = await place(shop)
        body = {"provider": "sandbox", "amount": 500, "order_id": placed["order"]["id"]}
        part = await shop.create("/admin/payments", body)
        await pay(shop, worker, part)
        await clock.forward(hours=73)
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["flags"]) == ("payment_pending", ["partially_paid"])
        await shop.admin("POST", f"/admin/payments/{part['id']}/refunds", json={}, expect=201)
        await drain(worker, *FOLLOW, "orders.due")
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["cancel_reason"], order["flags"]) == ("cancelled", "expired", [])

    async def test_money_for_an_expired_order_is_flagged(
        self, shop: Shop, worker: Worker, clock: Clock
    ) -> None:
        """It is neither sold nor forgotten, and a refund settles it."""
        variant = await variant_of(shop, 5)
        placed = await place(shop, (variant, 2))
        await clock.forward(hours=73)
        await pay(shop, worker, placed["payment"])
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["payment_status"]) == ("cancelled", "paid")
        assert order["flags"] == ["paid_after_cancel"]
        assert await stock_of(shop, variant) == (5, 0)
        await shop.admin("POST", f"/admin/payments/{placed['payment']['id']}/refunds", json={}, expect=201)
        await drain(worker, *FOLLOW)
        order = await order_of(shop, placed["order"])
        assert (order["flags"], order["payment_status"]) == ([], "refunded")

    async def test_the_other_stores_clock_is_its_own(
        self, shop: Shop, other_shop: Shop, worker: Worker, clock: Clock
    ) -> None:
        """Moving one store's clock lets nothing expire elsewhere."""
        elsewhere = await place(other_shop)
        placed = await place(shop)
        await clock.forward(hours=100)
        assert (await order_of(shop, placed["order"]))["status"] == "cancelled"
        assert (await order_of(other_shop, elsewhere["order"]))["status"] == "payment_pending"


async def test_cancelling_races_with_paying(shop: Shop, worker: Worker) -> None:
    """A payment that the order has not heard of yet is given back when the shop cancels."""
    variant = await variant_of(shop, 5)
    placed = await place(shop, (variant, 2))
    await decide(shop, placed["payment"], "approved")
    order = await act(shop, placed["order"], "cancel", {"reason": "changed their mind"})
    assert (order["status"], order["payment_status"]) == ("cancelled", "refunded")
    await drain(worker, *FOLLOW)
    order = await order_of(shop, placed["order"])
    assert (order["status"], order["payment_status"], order["flags"]) == ("cancelled", "refunded", [])
    assert (await payment_of(shop, placed["payment"]))["status"] == "refunded"
    assert await stock_of(shop, variant) == (5, 0)
