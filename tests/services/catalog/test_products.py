"""Products, variants and images over HTTP: what staff sends, what comes back, what is refused."""

from typing import Any

import pytest

from baas.core.db import Database
from baas.worker import Worker
from tests.clients import Shop
from tests.services.goods import make_product

pytestmark = pytest.mark.usefixtures("true_offers")

TEE = {
    "name": "Remera Ñandú",
    "description": "<p>Suave</p><script>alert(1)</script>",
    "vendor": "Telar",
    "product_type": "Remera",
    "tags": ["algodón", " algodón ", "verano"],
    "options": [{"name": "Talle", "values": ["S", "M", "L"]}, {"name": "Color"}],
    "variants": [
        {
            "price": 1000,
            "option_values": ["M", "Rojo"],
            "sku": "T-M-R",
            "on_hand": 3,
            "compare_at_price": 1500,
        },
        {"price": 1200, "option_values": ["S", "Azul"], "image_url": "https://x.example/azul.jpg"},
    ],
    "images": [
        {"url": "https://x.example/2.jpg", "alt": "atrás", "position": 2},
        {"url": "https://x.example/1.jpg", "alt": "frente", "position": 1},
    ],
    "seo": {"title": "Remera", "description": "De algodón"},
    "metadata": {"erp": {"id": 7}},
}


async def create(shop: Shop, **changes: Any) -> dict[str, Any]:
    """The tee, changed."""
    made: dict[str, Any] = await shop.create("/admin/products", TEE | changes)
    return made


async def error(shop: Shop, method: str, path: str, body: Any, expect: int) -> dict[str, Any]:
    """The `error` of a refusal."""
    found: dict[str, Any] = (await shop.admin(method, path, json=body, expect=expect)).json()["error"]
    return found


async def event_types(database: Database, shop: Shop, worker: Worker) -> list[str]:
    """The types of the store's product events, oldest first."""
    async with database.fast(await shop.scope(worker)) as work:
        rows = await work.fetch("select type from events where starts_with(type, 'product.') order by id")
    return [row["type"] for row in rows]


class TestCreate:
    """POST /admin/products."""

    async def test_all_parts_come_back(self, shop: Shop) -> None:
        """The answer is the whole product, with what is derived."""
        made = await create(shop)
        assert made["handle"] == "remera-nandu"
        assert made["status"] == "active"
        assert made["description"] == "<p>Suave</p>"
        assert made["tags"] == ["algodón", "verano"]
        assert made["options"] == [
            {"name": "Talle", "values": ["S", "M", "L"]},
            {"name": "Color", "values": ["Rojo", "Azul"]},
        ]
        assert [(v["name"], v["sku"], v["price"]) for v in made["variants"]] == [
            ("M / Rojo", "T-M-R", 1000),
            ("S / Azul", None, 1200),
        ]
        assert [(v["available"], v["in_stock"]) for v in made["variants"]] == [(3, True), (None, True)]
        assert [image["url"][-6:] for image in made["images"]] == ["/1.jpg", "/2.jpg", "ul.jpg"]
        assert made["images"][2]["variant_ids"] == [made["variants"][1]["id"]]
        assert made["price_range"] == {"min": 1000, "max": 1200}
        assert made["metadata"] == {"erp": {"id": 7}}
        assert made["currency"] == "ARS"
        got = await shop.get(f"/admin/products/{made['id']}")
        assert got == made

    async def test_handles_are_made_unique(self, shop: Shop) -> None:
        """Two products of one name get two addresses; a handle that was asked for and is taken is a conflict."""
        assert (await create(shop, variants=[{"price": 1}], options=[]))["handle"] == "remera-nandu"
        assert (await create(shop, variants=[{"price": 1}], options=[]))["handle"] == "remera-nandu-2"
        body = {"name": "X", "handle": "remera-nandu", "variants": [{"price": 1}]}
        refused = await error(shop, "POST", "/admin/products", body, 409)
        assert (refused["code"], refused["details"]["field"]) == ("conflict", "handle")
        nameless = await make_product(shop, {"price": 1}, name="日本")
        assert nameless["handle"] == "product"

    async def test_a_taken_sku_is_a_conflict_with_its_field(self, shop: Shop) -> None:
        """And nothing of the product is stored."""
        await create(shop)
        body = {"name": "Other", "variants": [{"price": 1, "sku": "T-M-R"}]}
        refused = await error(shop, "POST", "/admin/products", body, 409)
        assert refused["details"]["field"] == "sku"
        listed = (await shop.admin("GET", "/admin/products", params={"include": "total"}, expect=200)).json()
        assert listed["pagination"]["total"] == 1

    async def test_two_stores_may_have_the_same_handles_and_skus(self, shop: Shop, other_shop: Shop) -> None:
        """Uniqueness ends at the store."""
        assert (await create(shop))["handle"] == (await create(other_shop))["handle"]

    @pytest.mark.parametrize(
        "change, field",
        [
            ({"name": ""}, "name"),
            ({"name": "   "}, "name"),
            ({"name": "x" * 256}, "name"),
            ({"handle": "Not A Handle"}, "handle"),
            ({"prise": 1}, "prise"),
            ({"variants": []}, "variants"),
            ({"variants": [{"price": -1}], "options": []}, "variants[0].price"),
            ({"variants": [{"price": 10**14}], "options": []}, "variants[0].price"),
            ({"variants": [{"price": 1.5}], "options": []}, "variants[0].price"),
            ({"variants": [{"price": 1, "option_values": ["M"]}]}, "variants[0].option_values"),
            ({"variants": [{"price": 1}, {"price": 2}], "options": []}, "options"),
            ({"options": [{"name": "A"}, {"name": "a"}]}, "options"),
            ({"options": [{"name": name} for name in "ABCD"]}, "options"),
            ({"images": [{"url": "javascript:alert(1)"}]}, "images[0].url"),
            ({"images": [{"url": "https://x.example/1.jpg"}] * 2}, "images[1].url"),
            ({"categories": ["nowhere"]}, "categories[0]"),
            ({"metadata": {"x": "y" * 20_000}}, "metadata"),
            ({"status": "gone"}, "status"),
            ({"tags": ["x"] * 251}, "tags"),
        ],
    )
    async def test_what_is_refused_names_its_field(
        self, shop: Shop, change: dict[str, Any], field: str
    ) -> None:
        """422 with the path of the field."""
        refused = await error(shop, "POST", "/admin/products", TEE | change, 422)
        assert refused["code"] == "validation_error"
        assert list(refused["details"]["fields"]) == [field]

    async def test_more_than_a_hundred_variants(self, shop: Shop) -> None:
        """The limit is stated and holds."""
        variants = [{"price": 1, "option_values": [str(number)]} for number in range(101)]
        body = {"name": "Many", "options": [{"name": "N"}], "variants": variants}
        assert "variants" in (await error(shop, "POST", "/admin/products", body, 422))["details"]["fields"]
        assert (
            len((await create(shop, **(body | {"variants": variants[:100], "images": []})))["variants"])
            == 100
        )

    async def test_dry_run_stores_nothing(self, shop: Shop) -> None:
        """The answer is what it would have been."""
        response = await shop.admin(
            "POST", "/admin/products", json=TEE, headers={"Prefer": "dry-run"}, expect=201
        )
        assert response.json()["meta"]["dry_run"] is True
        assert await shop.listed("/admin/products") == []

    async def test_the_plans_limit(self, shop: Shop, operator: dict[str, str]) -> None:
        """402 with the limit and what is used."""
        url = f"/api/v1/operator/stores/{shop.id}"
        assert (
            await shop.http.patch(url, json={"limits": {"products": 0}}, headers=operator)
        ).status_code == 200
        refused = await error(shop, "POST", "/admin/products", TEE, 402)
        assert (refused["code"], refused["details"]["limit"]) == ("plan_limit_exceeded", 0)


class TestUpdate:
    """PATCH /admin/products/{id}."""

    async def test_absent_fields_stay(self, shop: Shop) -> None:
        """Only what is sent is changed."""
        made = await create(shop)
        changed = await shop.change(f"/admin/products/{made['id']}", {"name": "Otra"})
        assert changed["name"] == "Otra"
        assert changed["handle"] == made["handle"]
        for field in ("description", "tags", "options", "variants", "images", "seo", "metadata"):
            assert changed[field] == made[field], field

    async def test_variants_are_replaced_and_keep_their_ids_by_values_or_sku(self, shop: Shop) -> None:
        """One is renamed but has its SKU, one stays, one is new, one goes; SKUs may trade places."""
        made = await create(shop)
        red, blue = made["variants"]
        body = {
            "variants": [
                {"price": 1300, "option_values": ["S", "Azul"], "sku": "T-M-R-2"},
                {"price": 1100, "option_values": ["L", "Rojo"], "sku": "T-M-R"},
                {"price": 900, "option_values": ["L", "Verde"], "on_hand": 2},
            ]
        }
        changed = await shop.change(f"/admin/products/{made['id']}", body)
        assert [v["id"] for v in changed["variants"][:2]] == [blue["id"], red["id"]]
        assert changed["variants"][1]["available"] == 3, "its stock stays"
        assert changed["options"][0]["values"] == ["S", "L"]
        swapped = [dict(variant) for variant in body["variants"]]
        swapped[0]["sku"], swapped[1]["sku"] = "T-M-R", "T-M-R-2"
        swapped[2].pop("on_hand")
        again = await shop.change(f"/admin/products/{made['id']}", {"variants": swapped})
        assert [v["sku"] for v in again["variants"]] == ["T-M-R", "T-M-R-2", None]
        assert [v["id"] for v in again["variants"]] == [v["id"] for v in changed["variants"]]

    async def test_a_variant_keeps_its_image_unless_told_otherwise(self, shop: Shop) -> None:
        """Absent is not null; an image that names variants in the same request has the last word."""
        made = await create(shop)
        path, (red, blue) = f"/admin/products/{made['id']}", made["variants"]

        async def shown(**body: Any) -> list[int | None]:
            product = await shop.change(path, body)
            places = {image["id"]: image["position"] for image in product["images"]}
            return [places.get(variant["image_id"]) for variant in product["variants"]]

        variants: list[dict[str, Any]] = [
            {"price": 1, "option_values": ["M", "Rojo"]},
            {"price": 2, "option_values": ["S", "Azul"]},
        ]
        assert await shown(variants=variants) == [None, 3]
        variants[1]["image_url"] = None
        variants[0]["image_url"] = "https://x.example/1.jpg"
        assert await shown(variants=variants) == [1, None]
        images = [{"url": "https://x.example/2.jpg", "variant_ids": [red["id"], blue["id"]]}]
        assert await shown(variants=variants, images=images) == [1, 1]
        assert await shown(images=[]) == [None, None]

    async def test_stock_of_a_present_variant_is_not_set_here(self, shop: Shop) -> None:
        """The refusal says where it is."""
        made = await create(shop)
        variants = [{"price": 1, "option_values": ["M", "Rojo"], "on_hand": 9}]
        refused = await error(shop, "PATCH", f"/admin/products/{made['id']}", {"variants": variants}, 422)
        assert "/admin/inventory" in refused["message"]

    async def test_a_change_that_changes_nothing_is_no_event(
        self, shop: Shop, database: Database, worker: Worker
    ) -> None:
        """The same values again: same answer, same `updated_at`, no event."""
        made = await create(shop)
        same = {"name": made["name"], "tags": made["tags"], "status": "active"}
        answer = await shop.change(f"/admin/products/{made['id']}", same)
        assert answer == made
        assert await event_types(database, shop, worker) == ["product.created"]

    async def test_null_and_unknown_fields_are_refused(self, shop: Shop) -> None:
        """A typing mistake is not swallowed."""
        made = await create(shop)
        path = f"/admin/products/{made['id']}"
        assert list((await error(shop, "PATCH", path, {"name": None}, 422))["details"]["fields"]) == ["name"]
        assert list((await error(shop, "PATCH", path, {"titel": "x"}, 422))["details"]["fields"]) == ["titel"]

    async def test_events_carry_the_product(self, shop: Shop, database: Database, worker: Worker) -> None:
        """What the admin API answers, frozen; created, updated, deleted in order."""
        made = await create(shop)
        changed = await shop.change(f"/admin/products/{made['id']}", {"status": "draft"})
        await shop.admin("DELETE", f"/admin/products/{made['id']}", expect=200)
        assert await event_types(database, shop, worker) == [
            "product.created",
            "product.updated",
            "product.deleted",
        ]
        async with database.fast(await shop.scope(worker)) as work:
            rows = await work.fetch("select body::jsonb -> 'data' as data from events order by id")
        assert [row["data"] for row in rows] == [made, changed, changed]

    async def test_a_deleted_product_is_gone(self, shop: Shop) -> None:
        """With its variants, for staff and storefront; its handle is free again."""
        made = await create(shop)
        assert (await shop.admin("DELETE", f"/admin/products/{made['id']}", expect=200)).json()["data"] == {
            "id": made["id"],
            "deleted": True,
        }
        await shop.admin("GET", f"/admin/products/{made['id']}", expect=404)
        await shop.admin("DELETE", f"/admin/products/{made['id']}", expect=404)
        await shop.storefront("GET", f"/storefront/products/{made['handle']}", expect=404)
        assert (await create(shop))["handle"] == made["handle"]

    async def test_deleting_what_lies_in_a_cart_takes_it_out(self, shop: Shop) -> None:
        """The cart goes on without it."""
        made, other = await create(shop), await make_product(shop, {"price": 7})
        items = [{"variant_id": p["variants"][0]["id"], "quantity": 1} for p in (made, other)]
        cart = await shop.create("/storefront/carts", {"items": items})
        await shop.admin("DELETE", f"/admin/products/{made['id']}", expect=200)
        cart = await shop.get(f"/storefront/carts/{cart['id']}")
        assert [item["variant_id"] for item in cart["items"]] == [other["variants"][0]["id"]]
        assert cart["subtotal"] == 7


class TestVariants:
    """The sub-resource `variants`."""

    async def test_add_change_and_delete(self, shop: Shop) -> None:
        """Each keeps the options and the product's prices true."""
        made = await create(shop)
        path = f"/admin/products/{made['id']}/variants"
        body = {"price": 500, "option_values": ["XL", "Rojo"], "on_hand": 4}
        added = await shop.create(path, body)
        assert (added["name"], added["position"], added["available"]) == ("XL / Rojo", 3, 4)
        assert await shop.get(f"{path}/{added['id']}") == added
        product = await shop.get(f"/admin/products/{made['id']}")
        assert product["options"][0]["values"] == ["S", "M", "XL"]
        assert product["price_range"]["min"] == 500
        patch = {"price": 700, "option_values": ["XXL", "Rojo"], "position": 1, "compare_at_price": None}
        changed = await shop.change(f"{path}/{added['id']}", patch)
        assert (changed["id"], changed["name"], changed["price"]) == (added["id"], "XXL / Rojo", 700)
        listed = await shop.listed(path)
        assert [(v["name"], v["position"]) for v in listed] == [
            ("XXL / Rojo", 1),
            ("M / Rojo", 2),
            ("S / Azul", 3),
        ]
        await shop.admin("DELETE", f"{path}/{added['id']}", expect=200)
        await shop.admin("DELETE", f"{path}/{added['id']}", expect=404)
        assert len(await shop.listed(path)) == 2

    async def test_what_is_refused(self, shop: Shop) -> None:
        """The same values, a taken SKU, the last one, one of another product."""
        made, other = await create(shop), await make_product(shop, {"price": 1, "sku": "OTHER"})
        path = f"/admin/products/{made['id']}/variants"
        twin = {"price": 1, "option_values": ["m", "ROJO"]}
        assert list((await error(shop, "POST", path, twin, 422))["details"]["fields"]) == ["option_values"]
        picture = {"price": 1, "option_values": ["Q", "Q"], "image_url": "ftp://x"}
        assert list((await error(shop, "POST", path, picture, 422))["details"]["fields"]) == ["image_url"]
        taken = {"price": 1, "option_values": ["Q", "Q"], "sku": "OTHER"}
        assert (await error(shop, "POST", path, taken, 409))["details"]["field"] == "sku"
        await error(shop, "PATCH", f"{path}/{made['variants'][0]['id']}", {"sku": "OTHER"}, 409)
        only = other["variants"][0]["id"]
        await shop.admin("DELETE", f"/admin/products/{other['id']}/variants/{only}", expect=409)
        await shop.admin("DELETE", f"{path}/{only}", expect=404)
        await shop.admin("PATCH", f"{path}/{made['id']}", json={"price": 1}, expect=404)


class TestImages:
    """The sub-resource `images`."""

    async def test_add_move_tie_and_delete(self, shop: Shop) -> None:
        """Positions stay 1 to n; a variant shows the image that names it."""
        made = await create(shop)
        path, red = f"/admin/products/{made['id']}/images", made["variants"][0]["id"]
        body = {"url": "https://x.example/0.jpg", "position": 1, "variant_ids": [red]}
        added = await shop.create(path, body)
        assert (added["position"], added["variant_ids"]) == (1, [red])
        assert await shop.get(f"{path}/{added['id']}") == added
        await shop.admin("GET", f"{path}/{red}", expect=404)
        listed = await shop.listed(path)
        assert [(image["position"], image["url"][-6:]) for image in listed] == [
            (1, "/0.jpg"), (2, "/1.jpg"), (3, "/2.jpg"), (4, "ul.jpg"),
        ]  # fmt: skip
        patch = {"alt": "nueva", "position": 4, "variant_ids": [], "url": "https://x.example/9.jpg"}
        changed = await shop.change(f"{path}/{added['id']}", patch)
        assert changed == added | patch
        await shop.admin("DELETE", f"{path}/{listed[1]['id']}", expect=200)
        listed = await shop.listed(path)
        assert [image["position"] for image in listed] == [1, 2, 3]

    async def test_what_is_refused(self, shop: Shop) -> None:
        """The same address twice, no address, a variant of another product."""
        made, other = await create(shop), await make_product(shop, {"price": 1})
        path = f"/admin/products/{made['id']}/images"
        await error(shop, "POST", path, {"url": "https://x.example/1.jpg"}, 409)
        await error(shop, "POST", path, {"url": "//x.example/1.jpg"}, 422)
        await error(shop, "POST", path, {"url": "/a.jpg", "variant_ids": [other["variants"][0]["id"]]}, 422)
        first, second = made["images"][:2]
        await error(shop, "PATCH", f"{path}/{first['id']}", {"url": second["url"]}, 409)


class TestList:
    """GET /admin/products."""

    async def test_pages_by_cursor_and_filters(self, shop: Shop, other_shop: Shop) -> None:
        """Newest first, each once, none of another store; a cursor of another list is refused."""
        made = [
            (await make_product(shop, {"price": 1}, name=f"P{n}", status="draft" if n % 2 else "active"))[
                "id"
            ]
            for n in range(5)
        ]
        await make_product(other_shop, {"price": 1}, name="P9")
        seen, cursor = [], ""
        while True:
            answer = (
                await shop.admin("GET", "/admin/products", params={"limit": 2, "cursor": cursor}, expect=200)
            ).json()
            seen += [product["id"] for product in answer["data"]]
            cursor = answer["pagination"]["next_cursor"]
            if not answer["pagination"]["has_more"]:
                break
        assert seen == made[::-1]
        drafts = await shop.listed("/admin/products", params={"status": "draft"})
        assert {product["id"] for product in drafts} == {made[1], made[3]}
        found = await shop.listed("/admin/products", params={"q": "p4"})
        assert [product["id"] for product in found] == [made[4]]
        page = (await shop.admin("GET", "/admin/products", params={"limit": 1}, expect=200)).json()[
            "pagination"
        ]
        for params in ({"status": "draft"}, {"limit": 1}):
            shop_of = other_shop if "limit" in params else shop
            refused = await shop_of.admin(
                "GET", "/admin/products", params=params | {"cursor": page["next_cursor"]}
            )
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_cursor")
