"""Lists that are walked."""

from sdk.tests.conftest import Both, Script, ok
from sdk.tests.helpers import ORDER, page

from baas_sdk import Page


def orders(*numbers: int) -> list[dict[str, object]]:
    return [{**ORDER, "number": f"#{number}"} for number in numbers]


async def test_walking_asks_for_every_page(both: Both, script: Script) -> None:
    """With the filters on each, and the cursor of the page before."""
    script.answers = [
        ok(orders(1, 2), **page([], cursor="c2")),
        ok(orders(3), **page([], cursor="c3")),
        ok([], **page([])),
    ]
    found = await both(lambda shop: shop.orders.list(status="paid", limit=2, needs_attention=False))
    assert [order.number for order in found] == ["#1", "#2", "#3"]
    queries = [dict(request.url.params) for request in script.requests]
    same = {"status": "paid", "limit": "2", "needs_attention": "false"}
    assert queries == [same, {**same, "cursor": "c2"}, {**same, "cursor": "c3"}]


async def test_one_page(both: Both, script: Script) -> None:
    """For a list with a button."""
    script.answers = [ok(orders(1, 2), **page([], cursor="c2", total=5))]
    found = await both(lambda shop: shop.orders.list(cursor="c1", include="total").page())
    assert isinstance(found, Page)
    assert (found.next_cursor, found.has_more, found.total, found.limit, found.request_id) == (
        "c2",
        True,
        5,
        2,
        "req_1",
    )
    assert dict(script.requests[0].url.params) == {"cursor": "c1", "include": "total"}
    raw = await both(lambda shop: shop.with_raw_response.orders.list())
    assert raw.data.items[0].number == "#1"


async def test_page_by_page_and_the_first(both: Both, script: Script) -> None:
    """Nothing more than needed is asked."""
    script.answers = [ok(orders(1, 2), **page([], cursor="c2")), ok(orders(3), **page([]))]
    pages = await both(lambda shop: shop.orders.list().pages())
    assert [[order.number for order in one.items] for one in pages] == [["#1", "#2"], ["#3"]]
    script.answers = [ok(orders(1, 2), **page([], cursor="c2"))]
    script.requests.clear()
    first = await both(lambda shop: shop.orders.list().first())
    assert first.number == "#1"
    assert len(script.requests) == 1
    script.answers = [ok([], **page([]))]
    assert await both(lambda shop: shop.orders.list().first()) is None


async def test_nothing_is_asked_before_it_is_walked(both: Both, script: Script) -> None:
    """A list that is only made costs nothing."""
    orders = both.make().orders.list(limit=5)
    assert "Pages(GET /admin/orders: walk it" in repr(orders)
    assert script.requests == []
