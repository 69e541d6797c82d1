"""What of an order cannot be given back, and that nothing is when it is refused."""

from typing import Any

import pytest

from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.worker import Worker
from tests.clients import Shop
from tests.services.orders.selling import order_of, paid_order, place, stock_of, variant_of


async def refused(shop: Shop, order: dict[str, Any], body: dict[str, Any], expect: int) -> dict[str, Any]:
    """The error of a refund; afterwards the order is as it was."""
    before = await order_of(shop, order)
    path = f"/admin/orders/{order['id']}/refunds"
    error: dict[str, Any] = (await shop.admin("POST", path, json=body, expect=expect)).json()["error"]
    assert await order_of(shop, order) == before
    return error


@pytest.mark.parametrize(
    "body, field",
    [
        ({"amount": 100, "overpayment": True}, "amount"),
        ({"amount": 100, "items": [{"order_item_id": "item_0", "quantity": 1}]}, "amount"),
        ({"amount": 100, "restock": True}, "restock"),
    ],
)
async def test_a_refund_says_one_thing(shop: Shop, worker: Worker, body: dict[str, Any], field: str) -> None:
    """An amount, or lines, or what was paid too much; pieces come back with their lines alone."""
    placed = await paid_order(shop, worker, (await variant_of(shop), 1))
    error = await refused(shop, placed["order"], body, 422)
    assert list(error["details"]["fields"]) == [field]


async def test_lines_that_are_not_there_or_cost_nothing_are_not_refunded(shop: Shop, worker: Worker) -> None:
    """Nor do the pieces of a free line come back."""
    free, dear = await variant_of(shop, 5, price=0), await variant_of(shop, 5)
    placed = await paid_order(shop, worker, (free, 1), (dear, 1))
    order = await order_of(shop, placed["order"])
    (line,) = [item for item in order["items"] if item["variant_id"] == free]
    body = {"items": [{"order_item_id": line["id"], "quantity": 1}], "restock": True}
    assert (await refused(shop, order, body, 409))["message"] == "These lines cost nothing."
    assert await stock_of(shop, free) == (4, 0)
    stranger = {"items": [{"order_item_id": ids.encode(Kind.ORDER_ITEM, ids.new_id()), "quantity": 1}]}
    assert (await refused(shop, order, stranger, 404))["code"] == "not_found"


async def test_an_order_that_nobody_paid_gives_nothing_back(shop: Shop) -> None:
    """Neither all of it nor a part."""
    placed = await place(shop, (await variant_of(shop), 2))
    for body in ({}, {"amount": 100}, {"overpayment": True}):
        error = await refused(shop, placed["order"], body, 409)
        assert error["details"]["refundable"] == 0
