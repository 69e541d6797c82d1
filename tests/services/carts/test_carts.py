"""Carts over HTTP, as a browser with a publishable key uses them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from baas.core.db import Database
from baas.core.errors import Conflict
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.values.money import MAX_AMOUNT
from baas.services.carts import service
from baas.worker import Worker
from tests.clients import ADDRESS, Shop, drain
from tests.services.goods import events, make_cart, make_product, make_variants

pytestmark = pytest.mark.usefixtures("true_offers")


async def variants(shop: Shop, *on_hand: int | None, price: int = 1_000) -> list[str]:
    """Public ids of new variants."""
    return [
        ids.encode(Kind.VARIANT, identity) for identity in await make_variants(shop, *on_hand, price=price)
    ]


async def call(shop: Shop, method: str, path: str, body: Any = None, expect: int = 200) -> dict[str, Any]:
    """The data, or the error, of a request of the storefront."""
    options = {} if body is None else {"json": body}
    answer = (await shop.storefront(method, path, expect=expect, **options)).json()
    result: dict[str, Any] = answer["data"] if answer["success"] else answer["error"]
    return result


def lines(cart: dict[str, Any]) -> dict[str, int]:
    """Quantity by variant."""
    return {item["variant_id"]: item["quantity"] for item in cart["items"]}


class TestCreate:
    """POST /storefront/carts"""

    async def test_an_empty_cart_costs_nothing(self, shop: Shop) -> None:
        """And is there to be read."""
        cart = await make_cart(shop)
        assert (cart["status"], cart["currency"], cart["items"], cart["total"]) == ("active", "ARS", [], 0)
        assert await call(shop, "GET", f"/storefront/carts/{cart['id']}") == cart

    async def test_items_are_priced_by_the_catalogue(
        self, shop: Shop, forget: Callable[[Shop], None]
    ) -> None:
        """Lines, names and totals; one variant mentioned twice is one line."""
        await shop.admin(
            "PATCH", "/admin/store", json={"settings": {"tax_rate": 2100, "shipping_price": 500}}, expect=200
        )
        forget(shop)
        product = await make_product(shop, {"price": 1_210, "sku": "MATE"})
        variant = product["variants"][0]["id"]
        cart = await make_cart(shop, (variant, 1), (variant, 2), email=" ana@example.com ")
        (item,) = cart["items"]
        assert (item["quantity"], item["unit_price"], item["total"], item["sku"]) == (3, 1_210, 3_630, "MATE")
        assert (item["product_id"], item["product_name"]) == (product["id"], product["name"])
        assert (item["available"], item["price_changed"]) == (True, False)
        assert cart["email"] == "ana@example.com"
        assert (cart["subtotal"], cart["shipping_total"], cart["total"]) == (3_630, 500, 4_130)
        assert cart["tax_total"] == 630 + 87
        assert await call(shop, "GET", f"/storefront/carts/{cart['id']}") == cart

    async def test_an_id_tells_nothing_of_another(self, shop: Shop) -> None:
        """The id is the only key to the addresses in a cart: carts of one moment share but their time."""
        carts = await asyncio.gather(*(make_cart(shop) for _ in range(30)))
        values = [ids.decode(Kind.CART, cart["id"]) for cart in carts]
        assert {value.version for value in values} == {7}
        assert len({value.int >> 20 & (1 << 42) - 1 for value in values}) == 30

    @pytest.mark.parametrize("quantity", [0, -1, 10_000, 10**30, 1.5, "2", None], ids=repr)
    async def test_refuses_what_is_no_quantity(self, shop: Shop, quantity: Any) -> None:
        """Zero, negatives, the huge, fractions, texts."""
        (variant,) = await variants(shop, None)
        body = {"items": [{"variant_id": variant, "quantity": quantity}]}
        error = await call(shop, "POST", "/storefront/carts", body, 422)
        assert "items[0].quantity" in error["details"]["fields"]

    async def test_refuses_more_than_there_is(self, shop: Shop) -> None:
        """And says how many there are."""
        (variant,) = await variants(shop, 2)
        body = {"items": [{"variant_id": variant, "quantity": 3}]}
        error = await call(shop, "POST", "/storefront/carts", body, 409)
        assert error["code"] == "insufficient_stock"
        assert (error["details"]["variant_id"], error["details"]["available"]) == (variant, 2)

    async def test_sells_only_what_is_for_sale(self, shop: Shop, other_shop: Shop) -> None:
        """Drafts, another store's variants, and ids of another kind are not found."""
        draft = (await make_product(shop, {"price": 1}, status="draft"))["variants"][0]["id"]
        (theirs,) = await variants(other_shop, None)
        for variant in (draft, theirs, "var_x", ids.encode(Kind.PRODUCT, ids.new_id())):
            body = {"items": [{"variant_id": variant, "quantity": 1}]}
            assert (await call(shop, "POST", "/storefront/carts", body, 404))["code"] == "not_found"

    async def test_the_same_key_makes_one_cart(self, shop: Shop) -> None:
        """A retry answers the first cart again."""
        headers = {"Idempotency-Key": "cart-1"}
        first = await shop.storefront("POST", "/storefront/carts", json={}, headers=headers, expect=201)
        again = await shop.storefront("POST", "/storefront/carts", json={}, headers=headers, expect=201)
        assert again.json()["data"] == first.json()["data"]
        assert again.headers["Idempotent-Replayed"] == "true"


class TestItems:
    """POST, PATCH and DELETE …/items"""

    async def test_two_browsers_lose_no_line(self, shop: Shop) -> None:
        """Twenty additions at once, of two variants, are all there."""
        one, two = await variants(shop, None, None)
        cart = await make_cart(shop)
        path = f"/storefront/carts/{cart['id']}/items"
        await asyncio.gather(
            *(call(shop, "POST", path, {"variant_id": (one, two)[turn % 2]}, 201) for turn in range(20))
        )
        assert lines(await call(shop, "GET", f"/storefront/carts/{cart['id']}")) == {one: 10, two: 10}

    async def test_the_answer_holds_what_came_before(self, shop: Shop) -> None:
        """The cart after an addition is the whole cart."""
        one, two = await variants(shop, None, None, price=700)
        cart = await make_cart(shop, (one, 2))
        cart = await call(
            shop, "POST", f"/storefront/carts/{cart['id']}/items", {"variant_id": two, "quantity": 3}, 201
        )
        assert lines(cart) == {one: 2, two: 3}
        assert cart["total"] == 3_500

    async def test_quantities_of_one_variant_add_up_to_the_limits(self, shop: Shop) -> None:
        """Beyond the stock it is 409, beyond 9999 it is 422, and the line stays as it was."""
        few, many = await variants(shop, 3, None)
        cart = await make_cart(shop, (few, 2), (many, 9_000))
        path = f"/storefront/carts/{cart['id']}/items"
        error = await call(shop, "POST", path, {"variant_id": few, "quantity": 2}, 409)
        assert (error["details"]["asked"], error["details"]["available"]) == (4, 3)
        await call(shop, "POST", path, {"variant_id": many, "quantity": 1_000}, 422)
        assert lines(await call(shop, "GET", f"/storefront/carts/{cart['id']}")) == {few: 2, many: 9_000}

    async def test_a_quantity_is_set_and_zero_removes(self, shop: Shop) -> None:
        """As DELETE does; a line that is gone is not found."""
        one, two = await variants(shop, 5, 5)
        cart = await make_cart(shop, (one, 1), (two, 1))
        first, second = (f"/storefront/carts/{cart['id']}/items/{item['id']}" for item in cart["items"])
        assert lines(await call(shop, "PATCH", first, {"quantity": 4})) == {one: 4, two: 1}
        await call(shop, "PATCH", first, {"quantity": 6}, 409)
        assert lines(await call(shop, "PATCH", first, {"quantity": 0})) == {two: 1}
        assert lines(await call(shop, "DELETE", second)) == {}
        await call(shop, "DELETE", second, expect=404)
        await call(shop, "PATCH", first, {"quantity": 1}, 404)

    async def test_prices_are_those_of_now(self, shop: Shop) -> None:
        """A changed price changes the cart, which says so; adding again accepts it."""
        product = await make_product(shop, {"price": 1_000})
        variant = product["variants"][0]["id"]
        cart = await make_cart(shop, (variant, 1))
        path = f"/admin/products/{product['id']}/variants/{variant}"
        await shop.admin("PATCH", path, json={"price": 1_500}, expect=200)
        cart = await call(shop, "GET", f"/storefront/carts/{cart['id']}")
        assert (cart["items"][0]["unit_price"], cart["items"][0]["price_changed"], cart["total"]) == (
            1_500,
            True,
            1_500,
        )
        cart = await call(shop, "POST", f"/storefront/carts/{cart['id']}/items", {"variant_id": variant}, 201)
        assert cart["items"][0]["price_changed"] is False

    async def test_what_is_gone_is_shown_as_such(self, shop: Shop) -> None:
        """A product that is archived, or a stock that fell, stays in the cart as not available."""
        product = await make_product(shop, {"price": 1_000, "on_hand": 2})
        variant = product["variants"][0]["id"]
        cart = await make_cart(shop, (variant, 2))
        await shop.admin("PUT", f"/admin/inventory/{variant}", json={"on_hand": 1}, expect=200)
        assert (await call(shop, "GET", f"/storefront/carts/{cart['id']}"))["items"][0]["available"] is False
        await shop.admin("PUT", f"/admin/inventory/{variant}", json={"on_hand": 2}, expect=200)
        await shop.admin("PATCH", f"/admin/products/{product['id']}", json={"status": "archived"}, expect=200)
        assert (await call(shop, "GET", f"/storefront/carts/{cart['id']}"))["items"][0]["available"] is False


class TestUpdate:
    """PATCH /storefront/carts/{id}"""

    async def test_sets_who_buys_and_where_it_goes(self, shop: Shop) -> None:
        """What is absent stays, null takes away."""
        cart = await make_cart(shop)
        path = f"/storefront/carts/{cart['id']}"
        address = {**ADDRESS, "line2": "  ", "country": "ar"}
        body = {"email": "ana@example.com", "shipping_address": address, "shipping_method_id": "standard"}
        cart = await call(shop, "PATCH", path, body)
        assert cart["email"] == "ana@example.com"
        assert cart["shipping_address"]["country"] == "AR"
        assert cart["shipping_address"]["line2"] is None
        cart = await call(shop, "PATCH", path, {"billing_address": ADDRESS})
        assert cart["shipping_address"]["name"] == cart["billing_address"]["name"] == "Ana Pérez"
        cart = await call(shop, "PATCH", path, {"email": None, "shipping_address": None})
        assert (cart["email"], cart["shipping_address"], cart["shipping_method_id"]) == (
            None,
            None,
            "standard",
        )
        assert await call(shop, "GET", path) == cart

    @pytest.mark.parametrize(
        "body, field",
        [
            ({"email": "ana"}, "email"),
            ({"email": "ana@x@example.com"}, "email"),
            ({"email": "a\x00na@example.com"}, None),
            ({"email": "ana@example.com\r\nBcc: all@example.com"}, "email"),
            ({"shipping_address": {**ADDRESS, "country": "XX"}}, "shipping_address.country"),
            ({"shipping_address": {**ADDRESS, "country": "ARG"}}, "shipping_address.country"),
            ({"shipping_address": {**ADDRESS, "city": "  "}}, "shipping_address.city"),
            ({"shipping_address": {**ADDRESS, "city": "a\nb"}}, "shipping_address.city"),
            ({"shipping_address": {**ADDRESS, "name": "x" * 201}}, "shipping_address.name"),
            ({"shipping_address": {**ADDRESS, "zip": "1"}}, "shipping_address.zip"),
            ({"billing_address": {"name": "Ana"}}, "billing_address.line1"),
            ({"shipping_method_id": "drone"}, "shipping_method_id"),
            ({"discount_codes": ["SUMMER"]}, "discount_codes"),
        ],
        ids=str,
    )
    async def test_names_the_field_that_is_wrong(self, shop: Shop, body: Any, field: str | None) -> None:
        """And changes nothing."""
        cart = await make_cart(shop)
        path = f"/storefront/carts/{cart['id']}"
        error = await call(shop, "PATCH", path, body, 422)
        if field is not None:
            assert field in error["details"]["fields"], error
        assert await call(shop, "GET", path) == cart

    async def test_a_discount_code_is_named(self, shop: Shop) -> None:
        """There are none yet; an empty list is none, too."""
        cart = await make_cart(shop)
        error = await call(
            shop, "PATCH", f"/storefront/carts/{cart['id']}", {"discount_codes": ["SUMMER"]}, 422
        )
        assert "SUMMER" in error["message"]
        await call(shop, "PATCH", f"/storefront/carts/{cart['id']}", {"discount_codes": []})


class TestMerge:
    """POST /storefront/carts/{id}/merge"""

    async def test_lines_add_up_and_the_other_is_closed(self, shop: Shop) -> None:
        """Doing it again changes nothing; the other cart takes nothing any more."""
        one, two = await variants(shop, None, None)
        cart = await make_cart(shop, (one, 1))
        other = await make_cart(shop, (one, 9_999), (two, 3), email="ana@example.com")
        path = f"/storefront/carts/{cart['id']}/merge"
        for _ in range(2):
            merged = await call(shop, "POST", path, {"cart_id": other["id"]})
            assert lines(merged) == {one: 9_999, two: 3}
            assert merged["email"] == "ana@example.com"
        error = await call(shop, "POST", f"/storefront/carts/{other['id']}/items", {"variant_id": one}, 409)
        assert (error["code"], error["details"]["status"]) == ("conflict", "abandoned")

    async def test_needs_two_carts_of_the_store(self, shop: Shop, other_shop: Shop) -> None:
        """Not itself, not another store's."""
        cart, theirs = await make_cart(shop), await make_cart(other_shop)
        path = f"/storefront/carts/{cart['id']}/merge"
        await call(shop, "POST", path, {"cart_id": cart["id"]}, 422)
        await call(shop, "POST", path, {"cart_id": theirs["id"]}, 404)

    async def test_crossed_merges_end(self, shop: Shop) -> None:
        """Each into the other, at once: one wins, the other is refused, no line is lost or doubled."""
        (variant,) = await variants(shop, None)
        a, b = await make_cart(shop, (variant, 1)), await make_cart(shop, (variant, 2))
        answers = await asyncio.gather(
            shop.storefront("POST", f"/storefront/carts/{a['id']}/merge", json={"cart_id": b["id"]}),
            shop.storefront("POST", f"/storefront/carts/{b['id']}/merge", json={"cart_id": a["id"]}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        (winner,) = [answer.json()["data"] for answer in answers if answer.status_code == 200]
        assert lines(winner) == {variant: 3}


class TestRefusals:
    """What is refused leaves the cart as it was, though a change is the only statement of its transaction."""

    async def test_a_refused_line_leaves_nothing(self, shop: Shop) -> None:
        """Too many, not for sale, worth more than an amount can say: by addition, by quantity and at creation."""
        few, plenty = await variants(shop, 2, None)
        (dear,) = await variants(shop, None, price=MAX_AMOUNT // 2)
        draft = (await make_product(shop, {"price": 1}, status="draft"))["variants"][0]["id"]
        cart = await make_cart(shop, (few, 1), (plenty, 1))
        path = f"/storefront/carts/{cart['id']}"
        item = next(item["id"] for item in cart["items"] if item["variant_id"] == few)
        for method, where, body, status, code in (
            ("POST", "/items", {"variant_id": few, "quantity": 2}, 409, "insufficient_stock"),
            ("POST", "/items", {"variant_id": draft}, 404, "not_found"),
            ("POST", "/items", {"variant_id": dear, "quantity": 2}, 422, "validation_error"),
            ("POST", "/items", {"variant_id": plenty, "quantity": 9_999}, 422, "validation_error"),
            ("PATCH", f"/items/{item}", {"quantity": 3}, 409, "insufficient_stock"),
            (
                "PATCH",
                f"/items/{ids.encode(Kind.CART_ITEM, ids.new_id())}",
                {"quantity": 1},
                404,
                "not_found",
            ),
            ("DELETE", f"/items/{ids.encode(Kind.CART_ITEM, ids.new_id())}", None, 404, "not_found"),
        ):
            error = await call(shop, method, path + where, body, status)
            assert error["code"] == code, (method, where, body)
            assert await call(shop, "GET", path) == cart, (method, where, body)
        await call(shop, "POST", "/storefront/carts", {"items": [{"variant_id": dear, "quantity": 3}]}, 422)

    async def test_two_hundred_lines_and_no_more(self, shop: Shop) -> None:
        """The next one is refused, and the cart can still be read and bought."""
        many = [
            variant for size in (100, 100, 1) for variant in await variants(shop, *[None] * size, price=1)
        ]
        cart = await make_cart(shop, *((variant, 1) for variant in many[:200]))
        path = f"/storefront/carts/{cart['id']}"
        await call(shop, "POST", f"{path}/items", {"variant_id": many[200]}, 422)
        after = await call(shop, "GET", path)
        assert [item["variant_id"] for item in after["items"]] == many[:200]


class TestLife:
    """From active to converted or abandoned."""

    async def test_an_order_closes_its_cart(self, shop: Shop, worker: Worker, database: Database) -> None:
        """The verb of checkout: lines with totals, and closed for everything, naming the order."""
        (variant,) = await variants(shop, 5)
        cart = await make_cart(shop, (variant, 2), email="ana@example.com")
        identity, order = ids.decode(Kind.CART, cart["id"]), ids.new_id()
        scope = await shop.scope(worker)
        async with database.fast(scope) as work:
            locked = await service.convert(work, identity, order)
            assert [(line.variant.price, line.quantity) for line in locked.lines] == [(1_000, 2)]
            assert (locked.totals.total, locked.email, locked.price_changed) == (
                2_000,
                "ana@example.com",
                False,
            )
        error = await call(shop, "PATCH", f"/storefront/carts/{cart['id']}", {"email": None}, 409)
        assert error["details"] == {"status": "converted", "order_id": ids.encode(Kind.ORDER, order)}
        assert (await call(shop, "GET", f"/storefront/carts/{cart['id']}"))["status"] == "converted"
        async with database.fast(scope) as work:
            with pytest.raises(Conflict):
                await service.convert(work, identity, ids.new_id())

    async def test_a_checkout_and_a_change_come_one_after_the_other(
        self, shop: Shop, worker: Worker, database: Database
    ) -> None:
        """What is added while a checkout runs waits for it, and is refused."""
        (variant,) = await variants(shop, None)
        cart = await make_cart(shop, (variant, 1))
        identity = ids.decode(Kind.CART, cart["id"])
        async with database.fast(await shop.scope(worker)) as work:
            await service.convert(work, identity, ids.new_id())
            path = f"/storefront/carts/{cart['id']}/items"
            adding = asyncio.create_task(shop.storefront("POST", path, json={"variant_id": variant}))
            await asyncio.sleep(0.1)
            assert not adding.done()
        assert (await adding).status_code == 409

    async def test_nobody_comes_back(
        self, shop: Shop, worker: Worker, database: Database, forget: Callable[[Shop], None]
    ) -> None:
        """After two weeks by the store's clock it is abandoned, once, with an event if it held anything."""
        (variant,) = await variants(shop, None)
        full, empty = await make_cart(shop, (variant, 1)), await make_cart(shop)
        scope = await shop.scope(worker)
        async with database.fast(scope) as work:
            await work.execute(
                "update stores set clock_offset = interval '15 days' where id = $1", scope.store_id
            )
        forget(shop)
        error = await call(
            shop, "POST", f"/storefront/carts/{full['id']}/items", {"variant_id": variant}, 409
        )
        assert error["details"]["status"] == "abandoned"
        for _ in range(2):
            await drain(worker, "carts.abandon")
        assert (await call(shop, "GET", f"/storefront/carts/{empty['id']}"))["status"] == "abandoned"
        assert await events(database, scope, "cart.") == [("cart.abandoned", full["id"])]

    async def test_an_empty_cart_cannot_be_checked_out(
        self, shop: Shop, worker: Worker, database: Database
    ) -> None:
        """There is nothing to sell."""
        cart = await make_cart(shop)
        async with database.fast(await shop.scope(worker)) as work:
            with pytest.raises(Exception, match="no items"):
                await service.convert(work, ids.decode(Kind.CART, cart["id"]), ids.new_id())

    async def test_a_deleted_variant_leaves_the_cart(self, shop: Shop) -> None:
        """The rest of the cart goes on."""
        gone = await make_product(shop, {"price": 1_000})
        (stays,) = await variants(shop, None)
        cart = await make_cart(shop, (gone["variants"][0]["id"], 1), (stays, 1))
        await shop.admin("DELETE", f"/admin/products/{gone['id']}", expect=200)
        assert lines(await call(shop, "GET", f"/storefront/carts/{cart['id']}")) == {stays: 1}

    async def test_another_store_cannot_see_it(self, shop: Shop, other_shop: Shop) -> None:
        """Nor one with a wrong id."""
        cart = await make_cart(shop)
        await call(other_shop, "GET", f"/storefront/carts/{cart['id']}", expect=404)
        await call(other_shop, "PATCH", f"/storefront/carts/{cart['id']}", {"email": None}, 404)
        await call(shop, "GET", "/storefront/carts/cart_nonsense", expect=404)
