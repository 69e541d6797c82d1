"""Every pair of states: what is allowed, and that everything else is refused, also over HTTP."""

from itertools import product
from types import SimpleNamespace
from typing import Final, cast

import pytest

from baas.core.db import Database
from baas.core.errors import InvalidTransition
from baas.services.orders.rows import OrderRow
from baas.services.orders.schemas import MOVES, OrderStatus, allowed
from baas.services.orders.service import steps
from baas.worker import Worker
from tests.clients import Shop
from tests.services.orders.selling import act, event_types, paid_order, place

ALLOWED: Final = {
    "pending": {"payment_pending", "cancelled"},
    "payment_pending": {"paid", "payment_failed", "cancelled"},
    "payment_failed": {"payment_pending", "cancelled"},
    "paid": {"processing", "shipped", "cancelled"},
    "processing": {"shipped", "cancelled"},
    "shipped": {"delivered", "returned"},
    "delivered": {"returned"},
    "cancelled": set(),
    "returned": set(),
}


@pytest.mark.parametrize("before, after", list(product(OrderStatus, OrderStatus)), ids=str)
def test_the_table_is_the_one_that_was_agreed(before: OrderStatus, after: OrderStatus) -> None:
    """All 81 pairs."""
    assert (after in allowed(before)) == (after.value in ALLOWED[before.value])
    row = cast(OrderRow, SimpleNamespace(status=before, is_digital=False))
    if after.value in ALLOWED[before.value]:
        steps.check(row, after)
    else:
        with pytest.raises(InvalidTransition) as refused:
            steps.check(row, after)
        assert refused.value.details == {
            "from": before.value,
            "to": after.value,
            "allowed": sorted(ALLOWED[before.value]),
        }


def test_only_what_is_all_digital_is_delivered_when_paid() -> None:
    """And digital goods have no other step of their own."""
    for status in OrderStatus:
        extra = allowed(status, is_digital=True) - MOVES[status]
        assert extra == ({OrderStatus.DELIVERED} if status is OrderStatus.PAID else set())


VERBS: Final = {
    "fulfill": ("processing", {"paid"}),
    "ship": ("shipped", {"paid", "processing"}),
    "deliver": ("delivered", {"shipped"}),
    "return": ("returned", {"shipped", "delivered"}),
    "cancel": ("cancelled", {"pending", "payment_pending", "payment_failed", "paid", "processing"}),
}
WAY: Final = {
    "paid": (),
    "processing": ("fulfill",),
    "shipped": ("fulfill", "ship"),
    "delivered": ("ship", "deliver"),
    "returned": ("ship", "return"),
    "cancelled": ("cancel",),
}


@pytest.mark.parametrize("status", list(WAY))
@pytest.mark.parametrize("verb", list(VERBS))
async def test_every_verb_in_every_state(shop: Shop, worker: Worker, status: str, verb: str) -> None:
    """The verb arrives where it says and tells it, or the order stays where it was.

    Asked again for the state it is in, the order is answered as it is, and nothing is told.
    """
    order = (await paid_order(shop, worker))["order"]
    for step in WAY[status]:
        await act(shop, order, step)
    before = await event_types(shop, order["id"])
    target, sources = VERBS[verb]
    if status in sources:
        assert (await act(shop, order, verb))["status"] == target
        told = (await event_types(shop, order["id"]))[len(before) :]
        assert told[-1] == f"order.{target}"
    elif status == target:
        assert (await act(shop, order, verb))["status"] == target
        assert await event_types(shop, order["id"]) == before
    else:
        error = await act(shop, order, verb, expect=409)
        assert error["code"] == "invalid_transition"
        assert error["details"]["from"] == status
        assert error["details"]["to"] == target
        assert set(error["details"]["allowed"]) == ALLOWED[status]
        assert await event_types(shop, order["id"]) == before


async def test_the_database_refuses_a_total_that_is_not_the_sum(
    shop: Shop, worker: Worker, database: Database
) -> None:
    """Whatever the code does."""
    await place(shop)
    scope = await shop.scope(worker)
    with pytest.raises(Exception, match="ck_orders_total"):
        async with database.fast(scope) as work:
            await work.execute("update orders set total = total + 1")
