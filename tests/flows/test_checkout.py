"""From a cart to an order, over HTTP: what is promised, what is refused, and what a crowd does to it."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from baas.assembly import EVENT_TYPES
from baas.core.db import Database
from baas.core.work import outbox
from baas.services.orders.jobs import HANDLERS
from baas.worker import Worker
from tests.clients import ADDRESS, Shop, drain
from tests.services.goods import levels, sums_of_movements
from tests.services.orders.selling import (
    FOLLOW,
    cart_of,
    check_out,
    decide,
    event_types,
    order_of,
    paid_order,
    pay,
    payment_of,
    place,
    stock_of,
    variant_of,
)


class TestPlacing:
    """POST /storefront/carts/{id}/checkout"""

    async def test_answers_the_order_and_where_to_pay(self, shop: Shop) -> None:
        """Frozen lines and totals, a number, an access token, the way to the payment."""
        variant = await variant_of(shop, 10, 1_250, sku="MATE")
        placed = await place(shop, (variant, 2), note="Ring twice")
        order, payment = placed["order"], placed["payment"]
        assert (order["status"], order["payment_status"], order["number"]) == (
            "payment_pending",
            "pending",
            "#1001",
        )
        assert (order["subtotal"], order["total"], order["currency"]) == (2_500, 2_500, "ARS")
        (item,) = order["items"]
        assert (item["variant_id"], item["quantity"], item["unit_price"], item["total"]) == (
            variant,
            2,
            1_250,
            2_500,
        )
        assert item["sku"] == "MATE"
        assert order["shipping_address"]["city"] == order["billing_address"]["city"] == "Buenos Aires"
        assert (order["email"], order["note"]) == ("ana@example.com", "Ring twice")
        assert (payment["status"], payment["amount"], payment["order_id"]) == ("pending", 2_500, order["id"])
        assert payment["next_action"]["type"] == "redirect"
        assert await stock_of(shop, variant) == (10, 2)
        assert await event_types(shop, order["id"]) == ["order.created"]
        assert await event_types(shop, payment["id"]) == ["payment.created"]

    async def test_the_event_carries_what_the_admin_api_answers(self, shop: Shop) -> None:
        """The same representation, and no access token in it."""
        order = (await place(shop))["order"]
        (event,) = await shop.listed(f"/admin/events?subject={order['id']}")
        full = await shop.get(f"/admin/events/{event['id']}")
        assert full["data"] == await order_of(shop, order)
        assert "access_token" not in full["data"]

    async def test_numbers_rise_by_store(self, shop: Shop, other_shop: Shop) -> None:
        """Each store counts for itself, from #1001."""
        variant = await variant_of(shop)
        numbers = [(await place(shop, (variant, 1)))["order"]["number"] for _ in range(3)]
        assert numbers == ["#1001", "#1002", "#1003"]
        assert (await place(other_shop))["order"]["number"] == "#1001"

    async def test_the_access_token_opens_the_order_and_nothing_else_does(self, shop: Shop) -> None:
        """A wrong token, none, or another order's: not found."""
        first, second = (await place(shop))["order"], (await place(shop))["order"]
        path = f"/storefront/orders/{first['id']}"
        seen = await shop.get(f"{path}?token={first['access_token']}")
        assert seen["id"] == first["id"]
        assert "access_token" not in seen
        for query in ("", "?token=", "?token=wrong", f"?token={second['access_token']}"):
            await shop.storefront("GET", path + query, expect=404)

    async def test_the_cart_brings_what_the_checkout_leaves_out(self, shop: Shop) -> None:
        """E-mail and addresses are taken from the cart."""
        cart = await cart_of(shop, (await variant_of(shop), 1), email="cart@example.com")
        await shop.storefront(
            "PATCH", f"/storefront/carts/{cart}", json={"shipping_address": ADDRESS}, expect=200
        )
        order = (await check_out(shop, cart, email=None, shipping_address=None)).json()["data"]["order"]
        assert order["email"] == "cart@example.com"
        assert order["shipping_address"]["name"] == "Ana Pérez"

    @pytest.mark.parametrize(
        "body, field",
        [
            ({"email": None}, "email"),
            ({"shipping_address": None}, "shipping_address"),
            ({"email": "nobody"}, "email"),
            ({"shipping_address": {**ADDRESS, "country": "XX"}}, "shipping_address.country"),
            ({"return_url": "javascript:alert(1)"}, "return_url"),
            ({"return_url": "https://evil.example\n"}, "return_url"),
            ({"expected_total": -1}, "expected_total"),
            ({"surprise": 1}, "surprise"),
        ],
        ids=lambda value: str(value)[:40],
    )
    async def test_refuses_what_is_missing_or_wrong(
        self, shop: Shop, body: dict[str, Any], field: str
    ) -> None:
        """And leaves the cart as it was."""
        variant = await variant_of(shop)
        cart = await cart_of(shop, (variant, 1))
        error = (await check_out(shop, cart, expect=422, **body)).json()["error"]
        assert error["code"] == "validation_error"
        assert field in error["details"]["fields"]
        assert await stock_of(shop, variant) == (10, 0)
        await check_out(shop, cart)

    async def test_another_total_than_expected_is_refused(self, shop: Shop) -> None:
        """The customer is shown the new one first."""
        cart = await cart_of(shop, (await variant_of(shop, price=700), 1))
        error = (await check_out(shop, cart, expected_total=600, expect=409)).json()["error"]
        assert error["code"] == "price_changed"
        assert (error["details"]["expected_total"], error["details"]["total"]) == (600, 700)
        await check_out(shop, cart, expected_total=700)

    async def test_a_cart_is_sold_once(self, shop: Shop) -> None:
        """A second checkout learns the order that the first one made."""
        cart = await cart_of(shop, (await variant_of(shop), 1))
        order = (await check_out(shop, cart)).json()["data"]["order"]
        error = (await check_out(shop, cart, expect=409)).json()["error"]
        assert error["code"] == "conflict"
        assert error["details"]["order_id"] == order["id"]

    async def test_more_than_there_is_is_refused_whole(
        self, shop: Shop, database: Database, worker: Worker
    ) -> None:
        """Nothing is reserved, no number is spent, no event is written."""
        plenty, scarce = await variant_of(shop, 10), await variant_of(shop, 3)
        carts = [await cart_of(shop, (plenty, 1), (scarce, 2)) for _ in range(2)]
        await check_out(shop, carts[0])
        error = (await check_out(shop, carts[1], expect=409)).json()["error"]
        assert error["code"] == "insufficient_stock"
        assert (error["details"]["variant_id"], error["details"]["asked"]) == (scarce, 2)
        assert error["details"]["available"] == 1
        assert await stock_of(shop, plenty) == (10, 1)
        assert (await place(shop, (plenty, 1)))["order"]["number"] == "#1002"

    async def test_a_dry_run_leaves_nothing(self, shop: Shop) -> None:
        """The answer is what it would have been."""
        variant = await variant_of(shop)
        cart = await cart_of(shop, (variant, 1))
        response = await shop.storefront(
            "POST",
            f"/storefront/carts/{cart}/checkout",
            json={"provider": "sandbox", "email": "a@example.com", "shipping_address": ADDRESS},
            headers={"Prefer": "dry-run"},
            expect=201,
        )
        assert response.json()["meta"]["dry_run"] is True
        assert response.json()["data"]["order"]["total"] == 1_000
        assert await stock_of(shop, variant) == (10, 0)
        assert await shop.listed("/admin/orders") == []

    async def test_what_costs_nothing_is_paid_at_once(self, shop: Shop) -> None:
        """There is no payment to make."""
        variant = await variant_of(shop, 5, price=0)
        placed = await place(shop, (variant, 2))
        assert placed["payment"] is None
        assert placed["order"]["status"] == "paid"
        assert await stock_of(shop, variant) == (3, 0)

    @pytest.mark.parametrize("provider", ["paypal", "stripe", "mercadopago"])
    async def test_a_provider_that_is_not_there_is_refused(self, shop: Shop, provider: str) -> None:
        """Before anything is reserved."""
        cart = await cart_of(shop, (await variant_of(shop), 1))
        error = (await check_out(shop, cart, provider=provider, expect=409)).json()["error"]
        assert error["code"] == "payment_provider_unconfigured"


class TestPaying:
    """The sandbox decides, and the order follows through the worker."""

    async def test_an_approved_payment_pays_the_order(self, shop: Shop, worker: Worker) -> None:
        """Status, stock and events."""
        variant = await variant_of(shop, 10)
        placed = await paid_order(shop, worker, (variant, 3))
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["payment_status"], order["amount_paid"]) == ("paid", "paid", 3_000)
        assert order["paid_at"] is not None
        assert await stock_of(shop, variant) == (7, 0)
        assert await event_types(shop, order["id"]) == ["order.created", "order.paid"]
        assert await event_types(shop, placed["payment"]["id"]) == ["payment.created", "payment.paid"]
        payment = await payment_of(shop, placed["payment"])
        assert (payment["status"], payment["next_action"]) == ("paid", None)

    async def test_what_is_all_digital_is_delivered_when_paid(self, shop: Shop, worker: Worker) -> None:
        """Without an address."""
        variant = await variant_of(shop, None, kind="digital", requires_shipping=False)
        placed = await place(shop, (variant, 1), shipping_address=None)
        await pay(shop, worker, placed["payment"])
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["shipping_address"]) == ("delivered", None)
        assert await event_types(shop, order["id"]) == ["order.created", "order.paid", "order.delivered"]

    async def test_a_rejected_payment_can_be_tried_again(self, shop: Shop, worker: Worker) -> None:
        """The stock stays reserved; the second attempt pays."""
        variant = await variant_of(shop, 10)
        placed = await place(shop, (variant, 1))
        order = placed["order"]
        await pay(shop, worker, placed["payment"], "rejected")
        failed = await order_of(shop, order)
        assert (failed["status"], failed["payment_status"]) == ("payment_failed", "failed")
        assert await stock_of(shop, variant) == (10, 1)
        path = f"/storefront/orders/{order['id']}/payments?token={order['access_token']}"
        second = await shop.create(path, {"provider": "sandbox"})
        assert second["id"] != placed["payment"]["id"]
        assert (await order_of(shop, order))["status"] == "payment_pending"
        again = await shop.create(path, {"provider": "sandbox"})
        assert again["id"] == second["id"], "an open attempt is continued, not doubled"
        await pay(shop, worker, second)
        assert (await order_of(shop, order))["status"] == "paid"
        assert await event_types(shop, order["id"]) == ["order.created", "order.payment_failed", "order.paid"]
        error = (await shop.storefront("POST", path, json={"provider": "sandbox"}, expect=409)).json()[
            "error"
        ]
        assert error["code"] == "invalid_transition"
        wrong = f"/storefront/orders/{order['id']}/payments?token=wrong"
        await shop.storefront("POST", wrong, json={"provider": "sandbox"}, expect=404)

    async def test_a_page_that_was_rejected_can_still_approve(self, shop: Shop, worker: Worker) -> None:
        """Money that came in is never ignored."""
        placed = await place(shop)
        await pay(shop, worker, placed["payment"], "rejected")
        await pay(shop, worker, placed["payment"], "approved")
        assert (await order_of(shop, placed["order"]))["status"] == "paid"

    async def test_two_paid_attempts_are_flagged(self, shop: Shop, worker: Worker) -> None:
        """The order is paid once, the rest is for a person to give back."""
        placed = await place(shop)
        order = placed["order"]
        await pay(shop, worker, placed["payment"], "rejected")
        path = f"/storefront/orders/{order['id']}/payments"
        second = await shop.create(path, {"provider": "sandbox"})
        await pay(shop, worker, second)
        await pay(shop, worker, placed["payment"])
        seen = await order_of(shop, order)
        assert (seen["status"], seen["amount_paid"], seen["flags"]) == ("paid", 4_000, ["overpaid"])
        await shop.admin("POST", f"/admin/payments/{second['id']}/refunds", json={}, expect=201)
        await drain(worker, *FOLLOW)
        seen = await order_of(shop, order)
        assert (seen["flags"], seen["needs_attention"]) == ([], False)
        assert (await event_types(shop, order["id"])).count("order.paid") == 1

    async def test_events_in_any_order_and_twice_arrive_at_the_same_end(
        self, shop: Shop, worker: Worker, database: Database
    ) -> None:
        """The handlers believe nothing of an event but which order it is about."""
        variant = await variant_of(shop, 10)
        placed = await place(shop, (variant, 1))
        await decide(shop, placed["payment"], "rejected")
        await decide(shop, placed["payment"], "approved")
        scope = await shop.scope(worker)
        async with database.fast(scope) as work:
            rows = await work.fetch(
                "select id, type, subject, body from events where subject = $1 order by sequence desc",
                placed["payment"]["id"],
            )
        heard = [
            outbox.ReceivedEvent(str(row["id"]), row["type"], row["subject"], json.loads(row["body"])["data"])
            for row in rows
        ]
        assert [event.type for event in heard] == ["payment.paid", "payment.failed", "payment.created"]
        for event in [*heard, *heard]:
            (handler,) = HANDLERS[EVENT_TYPES[event.type]].values()
            assert isinstance(handler, outbox.Together)
            async with database.fast(scope) as work:
                await handler.hear(work, [event])
        await drain(worker, *FOLLOW)
        assert (await order_of(shop, placed["order"]))["status"] == "paid"
        assert (await event_types(shop, placed["order"]["id"])) == ["order.created", "order.paid"]
        assert await stock_of(shop, variant) == (9, 0)


class TestCrowds:
    """What many at once do to one thing."""

    @pytest.mark.slow
    async def test_nobody_oversells(self, shop: Shop, worker: Worker, database: Database) -> None:
        """500 checkouts of 100 pieces: 100 orders with numbers of their own, the others hear why not."""
        variant = await variant_of(shop, 100)
        carts = [await cart_of(shop, (variant, 1)) for _ in range(500)]
        answers = await asyncio.gather(*(check_out(shop, cart, expect=None) for cart in carts))
        assert Counter(answer.status_code for answer in answers) == {201: 100, 409: 400}
        refused = {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409}
        assert refused == {"insufficient_stock"}
        numbers = {
            answer.json()["data"]["order"]["number"] for answer in answers if answer.status_code == 201
        }
        assert numbers == {f"#{number}" for number in range(1_001, 1_101)}
        assert await stock_of(shop, variant) == (100, 100)
        scope = await shop.scope(worker)
        assert await levels(database, scope) == await sums_of_movements(database, scope)

    async def test_twins_make_one_order(self, shop: Shop) -> None:
        """20 at once with one key: one order; the others get its answer, or hear that it is being made."""
        variant = await variant_of(shop, 10)
        cart = await cart_of(shop, (variant, 1))
        answers = await asyncio.gather(
            *(check_out(shop, cart, key="one-key", expect=None) for _ in range(20))
        )
        made = {answer.json()["data"]["order"]["id"] for answer in answers if answer.status_code == 201}
        assert len(made) == 1
        assert {answer.json()["error"]["code"] for answer in answers if answer.status_code != 201} <= {
            "idempotency_in_progress"
        }
        replay = await check_out(shop, cart, key="one-key")
        assert replay.headers["Idempotent-Replayed"] == "true"
        assert replay.json()["data"]["order"]["access_token"]
        assert replay.json()["data"] == next(a.json()["data"] for a in answers if a.status_code == 201)
        assert (await check_out(shop, cart, key="one-key", note="other", expect=422)).json()["error"][
            "code"
        ] == "idempotency_key_reused"
        assert await stock_of(shop, variant) == (10, 1)

    async def test_two_checkouts_of_one_cart_make_one_order(self, shop: Shop) -> None:
        """Without a key the second hears of the first one's order."""
        cart = await cart_of(shop, (await variant_of(shop, 10), 1))
        answers = await asyncio.gather(*(check_out(shop, cart, expect=None) for _ in range(8)))
        (order,) = [answer.json()["data"]["order"] for answer in answers if answer.status_code == 201]
        others = [answer.json()["error"] for answer in answers if answer.status_code != 201]
        assert len(others) == 7
        assert {(error["code"], error["details"]["order_id"]) for error in others} == {
            ("conflict", order["id"])
        }

    async def test_crossing_carts_do_not_lock_each_other_out(self, shop: Shop) -> None:
        """The same variants in opposite orders: all are sold."""
        one, two = await variant_of(shop, 100), await variant_of(shop, 100)
        carts = [
            await cart_of(shop, *(((one, 1), (two, 1)) if number % 2 else ((two, 1), (one, 1))))
            for number in range(40)
        ]
        answers = await asyncio.gather(*(check_out(shop, cart, expect=None) for cart in carts))
        assert {answer.status_code for answer in answers} == {201}

    async def test_twin_notifications_settle_once(self, shop: Shop, worker: Worker) -> None:
        """20 approvals at once: one payment.paid, one order.paid, the stock taken once."""
        variant = await variant_of(shop, 10)
        placed = await place(shop, (variant, 1))
        answers = await asyncio.gather(*(decide(shop, placed["payment"], "approved") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        await drain(worker, *FOLLOW)
        assert (await event_types(shop, placed["payment"]["id"])).count("payment.paid") == 1
        assert (await event_types(shop, placed["order"]["id"])).count("order.paid") == 1
        assert await stock_of(shop, variant) == (9, 0)
