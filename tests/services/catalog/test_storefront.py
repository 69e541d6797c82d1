"""What storefronts read: filters, orders, pages, search, stock, and answers that are never of the past."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest

from baas.core.db import Database, StoreConnection
from baas.core.values.ids import Kind, decode
from baas.services.catalog import service
from baas.services.catalog.schemas import Availability
from baas.worker import Worker
from tests.clients import Shop
from tests.services.goods import make_product

pytestmark = pytest.mark.usefixtures("true_offers")

GOODS = [
    ("Ñandú de cerámica", 900, ["deco", "regalo"], 0),
    ("Bombilla de alpaca", 3000, ["mate"], 5),
    ("Ámbar", 1500, [], None),
    ("Mate imperial", 4000, ["mate", "regalo"], 2),
    ("Termo de acero", 3000, [], None),
]


@pytest.fixture
async def goods(shop: Shop) -> Shop:
    """A shop with GOODS and a draft."""
    for name, price, tags, on_hand in GOODS:
        stock = {} if on_hand is None else {"on_hand": on_hand}
        await make_product(shop, {"price": price, **stock}, name=name, tags=tags)
    await make_product(shop, {"price": 1}, name="Mate secreto", status="draft")
    return shop


async def names(shop: Shop, **params: Any) -> list[str]:
    """The names of a list of the storefront."""
    answer = await shop.storefront("GET", "/storefront/products", params=params, expect=200)
    return [product["name"] for product in answer.json()["data"]]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "tag=a",
        "tag=a&tag=",
        "tag&tag=b=c",
        "&&tag=a&",
        "=x&tag=y;z",
        "tag=+a",
        "tag=%61+b",
        "tag=%",
        "tag=\xe9",
    ],
)
def test_a_query_is_read_as_any_other(query: str) -> None:
    """Plain ones by hand, the others by the standard library: nobody can tell."""
    tag = dict(parse_qsl(query)).get("tag")
    assert service.parse_query(query.encode("latin-1")).tag == tag


class TestFilters:
    """Each alone and together."""

    @pytest.mark.parametrize(
        "params, expected",
        [
            ({}, ["Termo de acero", "Mate imperial", "Ámbar", "Bombilla de alpaca", "Ñandú de cerámica"]),
            ({"min_price": 1500, "max_price": 3000}, ["Termo de acero", "Ámbar", "Bombilla de alpaca"]),
            ({"in_stock": "false"}, ["Ñandú de cerámica"]),
            ({"in_stock": "true", "tag": "regalo"}, ["Mate imperial"]),
            ({"tag": "mate", "sort": "price"}, ["Bombilla de alpaca", "Mate imperial"]),
            ({"sort": "name"}, ["Ámbar", "Bombilla de alpaca", "Mate imperial", "Ñandú de cerámica", "Termo de acero"]),
            ({"sort": "-price", "max_price": 3000}, ["Termo de acero", "Bombilla de alpaca", "Ámbar", "Ñandú de cerámica"]),
            ({"sort": "created_at", "limit": 2}, ["Ñandú de cerámica", "Bombilla de alpaca"]),
            ({"category": "nowhere"}, []),
            ({"ids": "nonsense"}, []),
            ({"q": "nandu"}, ["Ñandú de cerámica"]),
            ({"q": "CERAMICAS"}, ["Ñandú de cerámica"]),
            ({"q": "imper"}, ["Mate imperial"]),
            ({"q": "mate -imperial"}, ["Bombilla de alpaca"]),
            ({"q": "secreto"}, []),
            ({"q": "!!!"}, []),
            ({"q": "' \\ : & | ( ) <-> *"}, []),
            ({"q": "-imperial", "sort": "name"}, ["Ámbar", "Bombilla de alpaca", "Ñandú de cerámica", "Termo de acero"]),
            ({"q": "bombilla or termo", "sort": "name"}, ["Bombilla de alpaca", "Termo de acero"]),
            ({"q": '"de acero"'}, ["Termo de acero"]),
        ],
    )  # fmt: skip
    async def test_lists(self, goods: Shop, params: dict[str, Any], expected: list[str]) -> None:
        """Active products only, in the order that was asked for."""
        assert await names(goods, **params) == expected

    async def test_ids_and_skus(self, shop: Shop) -> None:
        """Several ids at once; a SKU finds its product however it is written."""
        first = await make_product(shop, {"price": 1, "sku": "ÑA-01.B/7"}, name="Uno")
        second = await make_product(shop, {"price": 1}, name="Dos")
        await make_product(shop, {"price": 1}, name="Tres")
        assert await names(shop, ids=f"{first['id']},{second['id']},prod_x") == ["Dos", "Uno"]
        assert await names(shop, q="na-01.b/7") == ["Uno"]

    async def test_names_weigh_more_than_descriptions(self, shop: Shop) -> None:
        """Relevance is the order of a search unless another is asked for."""
        await make_product(shop, {"price": 1}, name="Taza azul")
        await make_product(shop, {"price": 1}, name="Plato", description="<p>Va con la taza azul.</p>")
        assert await names(shop, q="taza") == ["Taza azul", "Plato"]
        assert await names(shop, q="taza", sort="name") == ["Plato", "Taza azul"]

    @pytest.mark.parametrize("sort", ["price", "-price", "created_at", "-created_at", "name", "relevance"])
    async def test_pages_are_stable_in_every_order(self, goods: Shop, sort: str) -> None:
        """Every product exactly once, also those that are equal in the order."""
        params = {
            "sort": sort,
            "limit": 2,
            **({"q": "mate or acero or ceramica"} if sort == "relevance" else {}),
        }
        whole = await names(goods, **{**params, "limit": 100})
        seen: list[str] = []
        cursor = None
        while True:
            asked = params | ({"cursor": cursor} if cursor else {})
            answer = (await goods.storefront("GET", "/storefront/products", params=asked, expect=200)).json()
            seen += [product["name"] for product in answer["data"]]
            cursor = answer["pagination"]["next_cursor"]
            if cursor is None:
                break
        assert seen == whole
        assert len(set(seen)) == len(seen) > 1

    @pytest.mark.parametrize(
        "params, field",
        [
            ({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": "x"}, "limit"),
            ({"min_price": -1}, "min_price"), ({"max_price": "1.5"}, "max_price"),
            ({"in_stock": "perhaps"}, "in_stock"), ({"sort": "random"}, "sort"), ({"q": "x" * 201}, "q"),
            ({"ids": ",".join(f"a{n}" for n in range(101))}, "ids"), ({"include": "all"}, "include"),
            ({"tag": "x" * 300}, "tag"), ({"category": "x" * 300}, "category"),
        ],
    )  # fmt: skip
    async def test_what_is_refused_names_its_parameter(
        self, shop: Shop, params: dict[str, Any], field: str
    ) -> None:
        """422 with the parameter."""
        answer = await shop.storefront("GET", "/storefront/products", params=params, expect=422)
        assert list(answer.json()["error"]["details"]["fields"]) == [field]

    async def test_cursors_of_other_lists_are_refused(self, goods: Shop, other_shop: Shop) -> None:
        """Another filter, another order, another store, a changed letter."""
        answer = await goods.storefront("GET", "/storefront/products", params={"limit": 1}, expect=200)
        cursor = answer.json()["pagination"]["next_cursor"]
        for shop, params in (
            (goods, {"sort": "price", "cursor": cursor}),
            (goods, {"tag": "mate", "cursor": cursor}),
            (other_shop, {"cursor": cursor}),
            (goods, {"cursor": cursor[:-2] + "xx"}),
            (goods, {"cursor": "nonsense"}),
        ):
            refused = await shop.storefront("GET", "/storefront/products", params=params, expect=400)
            assert refused.json()["error"]["code"] == "invalid_cursor"

    async def test_total_only_when_asked(self, goods: Shop) -> None:
        """It counts the filtered list."""
        answer = await goods.storefront("GET", "/storefront/products", params={"tag": "mate"}, expect=200)
        assert answer.json()["pagination"]["total"] is None
        params = {"tag": "mate", "include": "total", "limit": 1}
        answer = await goods.storefront("GET", "/storefront/products", params=params, expect=200)
        assert answer.json()["pagination"] == {
            "limit": 1, "has_more": True, "next_cursor": answer.json()["pagination"]["next_cursor"], "total": 2,
        }  # fmt: skip


class TestAnswers:
    """Bytes that are ready, and never of the past."""

    async def test_by_handle_and_by_id_without_what_is_staffs(self, shop: Shop) -> None:
        """The same product; metadata and the number of pieces are not shown."""
        made = await make_product(shop, {"price": 1, "on_hand": 3}, metadata={"cost": 5})
        by_handle = await shop.get(f"/storefront/products/{made['handle']}")
        by_id = await shop.get(f"/storefront/products/{made['id']}")
        assert by_handle == by_id
        assert "metadata" not in by_id
        assert by_id["variants"][0]["available"] is None
        assert by_id["variants"][0]["in_stock"] is True

    async def test_etag_and_304(self, shop: Shop) -> None:
        """The same answer is not sent twice; a change makes another tag."""
        made = await make_product(shop, {"price": 1})
        url = f"/storefront/products/{made['handle']}"
        first = await shop.storefront("GET", url, expect=200)
        etag = first.headers["etag"]
        assert etag.startswith('"')
        assert "max-age" in first.headers["cache-control"]
        assert "Origin" in first.headers["vary"]
        again = await shop.storefront("GET", url, headers={"If-None-Match": etag}, expect=304)
        assert again.content == b""
        await shop.admin("PATCH", f"/admin/products/{made['id']}", json={"name": "New"}, expect=200)
        fresh = await shop.storefront("GET", url, headers={"If-None-Match": etag}, expect=200)
        assert fresh.json()["data"]["name"] == "New"

    async def test_every_change_is_seen_at_once(self, shop: Shop) -> None:
        """Product, variant, image, category, deletion: the next read knows."""
        made = await make_product(shop, {"price": 100}, name="Uno")
        path, url = f"/admin/products/{made['id']}", f"/storefront/products/{made['handle']}"

        async def read() -> dict[str, Any]:
            found: dict[str, Any] = await shop.get(url)
            return found

        await read()
        await shop.admin(
            "PATCH", f"{path}/variants/{made['variants'][0]['id']}", json={"price": 200}, expect=200
        )
        assert (await read())["price_range"] == {"min": 200, "max": 200}
        assert await names(shop, min_price=150) == ["Uno"]
        await shop.admin("POST", f"{path}/images", json={"url": "/a.svg"}, expect=201)
        assert len((await read())["images"]) == 1
        await shop.admin("PATCH", path, json={"status": "draft"}, expect=200)
        await shop.storefront("GET", url, expect=404)
        assert await names(shop) == []

    async def test_stock_that_begins_and_ends_is_seen(self, shop: Shop) -> None:
        """Through inventory's own endpoint, in the document and in the filter."""
        made = await make_product(shop, {"price": 1, "on_hand": 1}, {"price": 2, "on_hand": 0}, name="Uno")
        variant = made["variants"][0]["id"]
        assert await names(shop, in_stock="true") == ["Uno"]
        await shop.admin("PUT", f"/admin/inventory/{variant}", json={"on_hand": 0}, expect=200)
        product = await shop.get(f"/storefront/products/{made['id']}")
        assert [v["in_stock"] for v in product["variants"]] == [False, False]
        assert product["in_stock"] is False
        assert await names(shop, in_stock="true") == []
        await shop.admin("PUT", f"/admin/inventory/{variant}", json={"on_hand": 4}, expect=200)
        assert await names(shop, in_stock="true") == ["Uno"]

    async def test_a_store_that_shows_its_stock(self, shop: Shop) -> None:
        """Then pieces are shown, in lists and pages, and a change of them is seen."""
        made = await make_product(shop, {"price": 1, "on_hand": 3}, {"price": 2})
        await shop.storefront("GET", f"/storefront/products/{made['id']}", expect=200)
        await shop.admin("PATCH", "/admin/store", json={"settings": {"show_stock": True}}, expect=200)

        async def pieces() -> list[int | None]:
            product = await shop.get(f"/storefront/products/{made['id']}")
            listed = (await shop.listed("/storefront/products"))[0]
            assert listed == product
            return [variant["available"] for variant in product["variants"]]

        assert await pieces() == [3, None]
        variant = made["variants"][0]["id"]
        await shop.admin("PUT", f"/admin/inventory/{variant}", json={"on_hand": 2}, expect=200)
        assert await pieces() == [2, None]

    async def test_another_stores_products_do_not_exist(self, goods: Shop, other_shop: Shop) -> None:
        """Neither listed nor found nor searched."""
        made = await make_product(goods, {"price": 1}, name="Mate ajeno")
        assert await names(other_shop) == []
        assert await names(other_shop, q="mate") == []
        assert await names(other_shop, ids=made["id"]) == []
        for ref in (made["id"], made["handle"]):
            await other_shop.storefront("GET", f"/storefront/products/{ref}", expect=404)
        await other_shop.admin("GET", f"/admin/products/{made['id']}", expect=404)
        await other_shop.admin("PATCH", f"/admin/products/{made['id']}", json={"name": "x"}, expect=404)
        await other_shop.admin("DELETE", f"/admin/products/{made['id']}", expect=404)

    async def test_lists_cost_the_same_for_one_row_and_for_fifty(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One statement for storefronts; for staff a constant number."""
        asked: list[str] = []
        for verb in ("fetch", "fetchrow", "fetchval", "fetch_alone"):
            real = getattr(StoreConnection, verb)

            async def counting(self: StoreConnection, sql: str, *args: Any, _real: Any = real) -> Any:
                asked.append(sql)
                return await _real(self, sql, *args)

            monkeypatch.setattr(StoreConnection, verb, counting)

        async def cost(path: str, send: Any) -> int:
            asked.clear()
            await send("GET", path, expect=200)
            return len(asked)

        costs: list[list[int]] = []
        made = 0
        for wanted in (1, 50):
            while made < wanted:
                await make_product(shop, {"price": 1}, {"price": 2}, images=[{"url": "/a.svg"}])
                made += 1
            costs.append(
                [
                    await cost("/storefront/products?limit=100", shop.storefront),
                    await cost("/storefront/products?limit=100&q=thing&sort=price", shop.storefront),
                    await cost("/admin/products?limit=100", shop.admin),
                ]
            )
        assert costs[0] == costs[1]
        assert costs[0][:2] == [1, 1]


class TestConcurrency:
    """Changes at the same time."""

    async def test_two_variants_that_sell_out_at_once_leave_a_true_document(
        self, shop: Shop, worker: Worker, database: Database
    ) -> None:
        """Neither writes the product without the other's change."""
        made = await make_product(shop, *({"price": 1, "on_hand": 1} for _ in range(6)))
        scope = await shop.scope(worker)

        async def sell(variant: str) -> None:
            async with database.fast(scope) as work:
                await service.set_availability(
                    work, {decode(Kind.VARIANT, variant): Availability(0, in_stock=False)}
                )

        await asyncio.gather(*(sell(variant["id"]) for variant in made["variants"]))
        async with database.fast(scope) as work:
            row = await work.fetchrow("select document, in_stock from products")
        assert row is not None
        assert b'"in_stock":true' not in row["document"]
        assert row["in_stock"] is False

    async def test_twins_of_a_new_name_get_two_addresses_or_a_conflict(self, shop: Shop) -> None:
        """Never a 500, never the same handle twice."""
        body = {"name": "Gemelo", "variants": [{"price": 1}]}
        answers = await asyncio.gather(*(shop.admin("POST", "/admin/products", json=body) for _ in range(8)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        handles = [answer.json()["data"]["handle"] for answer in answers if answer.status_code == 201]
        assert len(set(handles)) == len(handles) >= 1

    async def test_two_moves_cannot_make_a_cycle_together(self, shop: Shop) -> None:
        """A under B and B under A at the same time: one of them is refused."""
        made = [(await shop.create("/admin/categories", {"name": name}))["id"] for name in "AB"]
        answers = await asyncio.gather(
            *(
                shop.admin("PATCH", f"/admin/categories/{one}", json={"parent_id": other})
                for one, other in (made, made[::-1])
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 422]
