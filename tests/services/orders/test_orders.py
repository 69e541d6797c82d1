"""The shop's side of orders over HTTP."""

from typing import Any

import pytest

from baas.worker import Worker
from tests.clients import ADDRESS, Shop, drain
from tests.services.orders.selling import (
    FOLLOW,
    act,
    event_types,
    order_of,
    paid_order,
    pay,
    payment_of,
    place,
    stock_of,
    variant_of,
)


async def create(shop: Shop, expect: int = 201, **body: Any) -> dict[str, Any]:
    """The data, or the error, of an order that the shop takes itself."""
    answer = (await shop.admin("POST", "/admin/orders", json=body, expect=expect)).json()
    result: dict[str, Any] = answer["data"] if answer["success"] else answer["error"]
    return result


class TestCreate:
    """POST /admin/orders"""

    async def test_lines_of_the_catalogue_and_of_the_shop(self, shop: Shop) -> None:
        """Prices are the catalogue's unless given; stock is held; nobody was asked to pay yet."""
        variant = await variant_of(shop, 10, 1_000)
        order = await create(
            shop,
            items=[
                {"variant_id": variant, "quantity": 2},
                {"variant_id": variant, "quantity": 1, "unit_price": 700},
                {"name": "Gift wrap", "quantity": 1, "unit_price": 50, "requires_shipping": False},
            ],
            discount_total=250,
            shipping_total=100,
            reference="POS-77",
            metadata={"till": 3},
        )
        assert (order["status"], order["source"], order["reference"]) == ("pending", "admin", "POS-77")
        assert (order["subtotal"], order["discount_total"], order["shipping_total"]) == (2_750, 250, 100)
        assert order["total"] == 2_600
        assert sum(item["discount"] for item in order["items"]) == 250
        assert order["items"][2]["variant_id"] is None
        assert order["access_token"]
        assert await stock_of(shop, variant) == (10, 3)
        assert await event_types(shop, order["id"]) == ["order.created"]
        assert "access_token" not in await order_of(shop, order)

    async def test_paid_already_takes_the_stock(self, shop: Shop) -> None:
        """Money that the shop has is no payment of ours."""
        variant = await variant_of(shop, 10)
        order = await create(shop, items=[{"variant_id": variant, "quantity": 4}], paid=True)
        assert (order["status"], order["payment_status"], order["amount_paid"]) == ("paid", "paid", 4_000)
        assert await stock_of(shop, variant) == (6, 0)
        cancelled = await act(shop, order, "cancel")
        assert (cancelled["status"], cancelled["flags"]) == ("cancelled", ["refund_outside"])
        assert await stock_of(shop, variant) == (10, 0)

    async def test_stock_can_be_left_alone(self, shop: Shop) -> None:
        """For shops that keep their own: neither taken nor given back."""
        variant = await variant_of(shop, 1)
        order = await create(
            shop, items=[{"variant_id": variant, "quantity": 5}], paid=True, reserve_stock=False
        )
        assert order["flags"] == []
        await act(shop, order, "cancel")
        assert await stock_of(shop, variant) == (1, 0)

    async def test_it_is_paid_through_a_payment_of_its_own(self, shop: Shop, worker: Worker) -> None:
        """POST /admin/payments with the order's id: the order waits for it, and is paid when it covers it."""
        order = await create(
            shop, items=[{"name": "Service", "quantity": 1, "unit_price": 900}], email="a@b.co"
        )
        body = {"provider": "sandbox", "amount": 400, "order_id": order["id"]}
        first = await shop.create("/admin/payments", body)
        await drain(worker, *FOLLOW)
        assert (await order_of(shop, order))["status"] == "payment_pending"
        await pay(shop, worker, first)
        part = await order_of(shop, order)
        assert (part["status"], part["amount_paid"]) == ("payment_pending", 400)
        second = (
            await shop.admin("POST", "/admin/payments", json={**body, "amount": 500}, expect=201)
        ).json()
        await pay(shop, worker, second["data"])
        whole = await order_of(shop, order)
        assert (whole["status"], whole["payment_status"], whole["amount_paid"]) == ("paid", "paid", 900)

    @pytest.mark.parametrize(
        "body, status, code",
        [
            ({"items": []}, 422, "validation_error"),
            ({"items": [{"quantity": 1}]}, 422, "validation_error"),
            ({"items": [{"quantity": 0, "name": "x", "unit_price": 1}]}, 422, "validation_error"),
            ({"items": [{"quantity": 1, "variant_id": "var_nope"}]}, 404, "not_found"),
            ({"items": [{"quantity": 1, "name": "x", "unit_price": 10**14}]}, 422, "validation_error"),
            ({"items": [{"quantity": 9999, "name": "x", "unit_price": 10**12}]}, 422, "validation_error"),
            (
                {"items": [{"quantity": 1, "name": "x", "unit_price": 1}], "discount_total": 2},
                422,
                "validation_error",
            ),
        ],
        ids=str,
    )
    async def test_refuses_what_is_no_order(
        self, shop: Shop, body: dict[str, Any], status: int, code: str
    ) -> None:
        """Nothing to sell, unknown variants, impossible amounts."""
        assert (await create(shop, expect=status, **body))["code"] == code


class TestCancel:
    """POST /admin/orders/{id}/cancel"""

    async def test_an_unpaid_order_gives_its_reservation_back(self, shop: Shop, worker: Worker) -> None:
        """And a payment that comes afterwards is flagged, not sold."""
        variant = await variant_of(shop, 5)
        placed = await place(shop, (variant, 2))
        order = await act(shop, placed["order"], "cancel", {"reason": "duplicate"})
        assert (order["status"], order["cancel_reason"]) == ("cancelled", "duplicate")
        assert await stock_of(shop, variant) == (5, 0)
        await pay(shop, worker, placed["payment"])
        order = await order_of(shop, order)
        assert (order["status"], order["flags"]) == ("cancelled", ["paid_after_cancel"])

    async def test_a_paid_order_is_refunded_first(self, shop: Shop, worker: Worker) -> None:
        """Money and stock go back, and both are told."""
        variant = await variant_of(shop, 5)
        placed = await paid_order(shop, worker, (variant, 2))
        order = await act(shop, placed["order"], "cancel")
        assert (order["status"], order["payment_status"], order["amount_refunded"]) == (
            "cancelled",
            "refunded",
            2_000,
        )
        assert await stock_of(shop, variant) == (5, 0)
        payment = await payment_of(shop, placed["payment"])
        assert (payment["status"], payment["amount_refunded"]) == ("refunded", 2_000)
        await drain(worker, *FOLLOW)
        told = await event_types(shop, order["id"])
        assert told == ["order.created", "order.paid", "order.refunded", "order.cancelled"]
        assert (await order_of(shop, order)) == order

    async def test_what_was_refunded_in_part_gets_the_rest(self, shop: Shop, worker: Worker) -> None:
        """Never more than was paid."""
        placed = await paid_order(shop, worker)
        path = f"/admin/payments/{placed['payment']['id']}/refunds"
        await shop.admin("POST", path, json={"amount": 300}, expect=201)
        order = await act(shop, placed["order"], "cancel")
        assert order["amount_refunded"] == 2_000
        assert [refund["amount"] for refund in (await payment_of(shop, placed["payment"]))["refunds"]] == [
            300,
            1_700,
        ]


class TestShipping:
    """From paid to the customer, and back."""

    async def test_tracking_travels_with_the_order(self, shop: Shop, worker: Worker) -> None:
        """The customer sees it, and what was returned is for sale again when asked to."""
        variant = await variant_of(shop, 5)
        placed = await paid_order(shop, worker, (variant, 2))
        order = placed["order"]
        assert (await act(shop, order, "fulfill"))["status"] == "processing"
        tracking = {"carrier": "Correo", "number": "AB123", "url": "https://carrier.example/AB123"}
        assert (await act(shop, order, "ship", {"tracking": tracking}))["tracking"] == tracking
        path = f"/storefront/orders/{order['id']}?token={order['access_token']}"
        assert (await shop.get(path))["tracking"] == tracking
        await act(shop, order, "deliver")
        returned = await act(shop, order, "return", {"restock": True, "reason": "wrong size"})
        assert (returned["status"], returned["payment_status"]) == ("returned", "paid")
        assert await stock_of(shop, variant) == (5, 0)
        steps = await shop.listed(f"/admin/orders/{order['id']}/history")
        assert [step["to_status"] for step in steps] == [
            "pending",
            "payment_pending",
            "paid",
            "processing",
            "shipped",
            "delivered",
            "returned",
        ]
        assert steps[-1]["reason"] == "wrong size"
        assert steps[-1]["actor"].startswith("secret:key_")

    async def test_a_return_without_restock_leaves_the_stock(self, shop: Shop, worker: Worker) -> None:
        """What came back broken is not for sale."""
        variant = await variant_of(shop, 5)
        order = (await paid_order(shop, worker, (variant, 2)))["order"]
        await act(shop, order, "ship")
        await act(shop, order, "return")
        assert await stock_of(shop, variant) == (3, 0)

    async def test_a_twin_with_one_key_is_one_step(self, shop: Shop, worker: Worker) -> None:
        """The second gets the first one's answer, not a refusal."""
        order = (await paid_order(shop, worker))["order"]
        for replayed in (None, "true"):
            response = await shop.admin(
                "POST",
                f"/admin/orders/{order['id']}/ship",
                json={},
                headers={"Idempotency-Key": "ship-it"},
                expect=200,
            )
            assert response.json()["data"]["status"] == "shipped"
            assert response.headers.get("Idempotent-Replayed") == replayed


class TestReading:
    """GET /admin/orders and its kin"""

    async def test_filters(self, shop: Shop, worker: Worker) -> None:
        """Status, payment status, e-mail and time."""
        variant = await variant_of(shop)
        first = (await paid_order(shop, worker, (variant, 1), email="one@example.com"))["order"]
        second = (await place(shop, (variant, 1), email="two@example.com"))["order"]

        async def found(**params: Any) -> list[str]:
            rows = await shop.listed("/admin/orders", params=params)
            return [row["id"] for row in rows]

        assert await found() == [second["id"], first["id"]]
        assert await found(status="paid") == await found(payment_status="paid") == [first["id"]]
        assert await found(email="two@example.com") == [second["id"]]
        assert await found(created_from=second["placed_at"]) == [second["id"]]
        assert await found(created_to=second["placed_at"]) == [first["id"]]
        assert await found(created_from="2020-01-01T00:00:00", created_to="2020-01-02T00:00:00Z") == []
        for query in ("status=nowhere", "created_from=yesterday", "limit=0", "needs_attention=perhaps"):
            answer = await shop.admin("GET", f"/admin/orders?{query}", expect=422)
            assert answer.json()["error"]["code"] == "validation_error"

    async def test_pages(self, shop: Shop) -> None:
        """Every order once, newest first, with a total on request."""
        variant = await variant_of(shop)
        placed = [(await place(shop, (variant, 1)))["order"]["id"] for _ in range(5)]
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": 2, "include": "total", **({"cursor": cursor} if cursor else {})}
            answer = (await shop.admin("GET", "/admin/orders", params=params, expect=200)).json()
            assert answer["pagination"]["total"] == 5
            seen += [row["id"] for row in answer["data"]]
            assert all(len(row["items"]) == 1 for row in answer["data"])
            cursor = answer["pagination"]["next_cursor"]
            if cursor is None:
                break
        assert seen == placed[::-1]
        bad = await shop.admin("GET", "/admin/orders?cursor=AAAA", expect=400)
        assert bad.json()["error"]["code"] == "invalid_cursor"

    async def test_stats(self, shop: Shop, worker: Worker) -> None:
        """Counts and sums, with what was given back taken off."""
        empty = await shop.get("/admin/orders/stats")
        assert (empty["orders"], empty["gross"], empty["average"]) == (0, 0, 0)
        variant = await variant_of(shop, 10, 1_000)
        placed = [await paid_order(shop, worker, (variant, quantity)) for quantity in (1, 2)]
        await place(shop, (variant, 1))
        refund = f"/admin/payments/{placed[0]['payment']['id']}/refunds"
        await shop.admin("POST", refund, json={"amount": 400}, expect=201)
        await drain(worker, *FOLLOW)
        stats = await shop.get("/admin/orders/stats")
        assert (stats["orders"], stats["paid_orders"], stats["items_sold"]) == (3, 2, 3)
        assert stats["by_status"] == {"paid": 2, "payment_pending": 1}
        assert (stats["gross"], stats["refunded"], stats["net"], stats["average"]) == (
            3_000,
            400,
            2_600,
            1_500,
        )

    async def test_other_stores_orders_do_not_exist(self, shop: Shop, other_shop: Shop) -> None:
        """Not to read, not to pay, not to move."""
        order = (await place(shop))["order"]
        for method, path in (
            ("GET", f"/admin/orders/{order['id']}"),
            ("GET", f"/admin/orders/{order['id']}/history"),
            ("POST", f"/admin/orders/{order['id']}/cancel"),
        ):
            await other_shop.admin(method, path, expect=404)
        token = order["access_token"]
        await other_shop.storefront("GET", f"/storefront/orders/{order['id']}?token={token}", expect=404)
        body: dict[str, Any] = {"provider": "sandbox"}
        await other_shop.storefront(
            "POST", f"/storefront/orders/{order['id']}/payments", json=body, expect=404
        )
        body = {"provider": "sandbox", "amount": 100, "order_id": order["id"]}
        await other_shop.admin("POST", "/admin/payments", json=body, expect=404)
        assert await other_shop.listed("/admin/orders") == []

    async def test_a_publishable_key_sees_no_admin_orders(self, shop: Shop) -> None:
        """Nor may it move one."""
        order = (await place(shop))["order"]
        for method, path in (("GET", "/admin/orders"), ("POST", f"/admin/orders/{order['id']}/cancel")):
            error = (await shop.storefront(method, path, expect=403)).json()["error"]
            assert error["code"] == "insufficient_scope"

    async def test_an_address_is_kept_as_it_was_agreed(self, shop: Shop) -> None:
        """With its blanks cut and its country in capitals."""
        address = {**ADDRESS, "country": "ar", "line2": "  "}
        order = (await place(shop, (await variant_of(shop), 1), shipping_address=address))["order"]
        assert (order["shipping_address"]["country"], order["shipping_address"]["line2"]) == ("AR", None)

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
    async def test_moments_at_the_end_of_the_calendar(self, shop: Shop, moment: str) -> None:
        """A refusal, no failure."""
        await shop.admin("GET", f"/admin/orders?created_from={moment}", expect=422)
        await shop.admin("GET", f"/admin/orders/stats?created_to={moment}", expect=422)
