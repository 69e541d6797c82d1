"""What is derived from products has a version: what a former release derived is never shown, and is derived again."""

import hashlib
from typing import Any
from uuid import UUID

import msgspec
import pytest

from baas.core.db import Database
from baas.core.values.ids import Kind, decode
from baas.services.catalog import service
from baas.services.catalog.repository import documents
from baas.services.catalog.schemas.categories import CategoryNode
from baas.services.catalog.schemas.products import Product
from baas.services.catalog.schemas.stock import Sellable
from baas.services.catalog.service import derived
from baas.services.inventory import service as inventory
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.goods import make_former, make_product

STOCK = inventory.CatalogStock()


async def versions(shop: Shop, database: Database, worker: Worker) -> set[int]:
    """The versions of the store's documents."""
    async with database.fast(await shop.scope(worker)) as work:
        return {row[0] for row in await work.fetch("select document_version from products")}


class TestShape:
    """Whoever changes a struct raises the version."""

    def test_the_version_stands_for_this_shape(self) -> None:
        """Of what storefronts are answered, and of what carts are."""
        kinds = [Product, CategoryNode, Sellable]
        _, components = msgspec.json.schema_components(kinds)
        text = msgspec.json.encode(
            [documents.VERSION, _bare(components), Sellable.__struct_fields__], order="sorted"
        )
        shape = hashlib.sha256(text).hexdigest()[:16]
        assert shape == documents.SHAPE, (
            "What is derived from products has another shape. In catalog/repository/documents.py raise VERSION by one,"
            " run this test again, and write the digest that it then says into SHAPE."
        )

    def test_offers_of_a_former_shape_can_be_read(self) -> None:
        """A field that came after the first release has a default: until it is derived again, an offer lacks it."""
        fields = msgspec.structs.fields(Sellable)
        assert [field.name for field in fields[:13]] == [
            "variant_id", "product_id", "product_name", "variant_name", "sku", "price", "compare_at_price",
            "weight_grams", "requires_shipping", "taxable", "kind", "image_url", "is_active",
        ]  # fmt: skip
        assert [field.name for field in fields[13:] if field.required] == []


def _bare(schema: Any) -> Any:
    """A schema without its words: names and types alone."""
    if isinstance(schema, dict):
        words = {"description", "examples", "title"}
        return {
            key: _bare(value) for key, value in schema.items() if key not in words or isinstance(value, dict)
        }
    return [_bare(item) for item in schema] if isinstance(schema, list) else schema


class TestOnRead:
    """A storefront is answered as if the document were there."""

    @pytest.mark.parametrize("show_stock", [False, True])
    async def test_over_http(self, shop: Shop, database: Database, worker: Worker, show_stock: bool) -> None:
        """One product and a list in which some are old; a search; nothing is missing and the order is kept."""
        await shop.admin("PATCH", "/admin/store", json={"settings": {"show_stock": show_stock}}, expect=200)
        made = [
            await make_product(
                shop, {"price": n, "barcode": f"77{n}", "on_hand": n}, name=f"Mate {n}", vendor="Casa"
            )
            for n in range(1, 4)
        ]
        paths = ["/storefront/products", "/storefront/products?q=mate&sort=price",
                 f"/storefront/products/{made[1]['handle']}", f"/storefront/products/{made[1]['id']}"]  # fmt: skip
        before = [(await shop.storefront("GET", path, expect=200)).json()["data"] for path in paths]
        await make_former(database, await shop.scope(worker), made[1])
        await forget_answers(shop, database, worker)
        assert [(await shop.storefront("GET", path, expect=200)).json()["data"] for path in paths] == before
        assert before[0][1]["variants"][0]["available"] == (2 if show_stock else None)
        assert len(await versions(shop, database, worker)) == 2, "reading writes nothing"

    async def test_a_draft_stays_hidden(self, shop: Shop, database: Database, worker: Worker) -> None:
        """Also an old one."""
        made = await make_product(shop, {"price": 1}, status="draft")
        await make_former(database, await shop.scope(worker), made)
        await shop.storefront("GET", f"/storefront/products/{made['handle']}", expect=404)

    async def test_an_answer_of_a_former_version_is_not_found_again(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever a cache still holds from the release before, and in Redis it outlives the process."""
        made = await make_product(shop, {"price": 1}, name="Mate")
        paths = [f"/storefront/products/{made['handle']}", "/storefront/products", "/storefront/categories"]
        for path in paths:
            await shop.storefront("GET", path, expect=200)
        asked: list[str] = []
        for verb in ("product_by_ref", "product_page", "category_tree"):
            real = getattr(service, verb)

            async def noted(*args: Any, _verb: str = verb, _real: Any = real) -> Any:
                asked.append(_verb)
                return await _real(*args)

            monkeypatch.setattr(service, verb, noted)
        for path in paths:
            await shop.storefront("GET", path, expect=200)
        assert asked == []
        # Another query of the same list: this process knows by heart which entry answers a request that it had before.
        monkeypatch.setattr(service, "DOCUMENT_VERSION", documents.VERSION + 1)
        for path in paths:
            await shop.storefront("GET", f"{path}?limit=20", expect=200)
        assert asked == ["product_by_ref", "product_page", "category_tree"]


async def forget_answers(shop: Shop, database: Database, worker: Worker) -> None:
    """Let no cached answer of the store be found."""
    async with database.fast(await shop.scope(worker)) as work:
        derived.changed(work)
        await work.fetchval("select 1")


class TestWorker:
    """The worker derives again what is old, by itself."""

    async def test_store_by_store_until_nothing_is_old(
        self,
        shop: Shop,
        other_shop: Shop,
        database: Database,
        worker: Worker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """In batches; documents, offers and words; without a word to anybody."""
        monkeypatch.setattr(derived, "_BATCH", 2)
        made = [
            await make_product(shop, {"price": n, "barcode": f"9{n}"}, name=f"Mate {n}") for n in range(1, 6)
        ]
        theirs = await make_product(other_shop, {"price": 1})
        fresh = await make_product(shop, {"price": 7})
        async with database.fast(await shop.scope(worker)) as work:
            before = await work.fetch("select id, document, updated_at from products order by id")
        await make_former(database, await shop.scope(worker), *made)
        await make_former(database, await other_shop.scope(worker), theirs)
        async with database.fast(await shop.scope(worker)) as work:
            await work.execute(
                "update variants set offer = '[]' where product_id = $1", decode(Kind.PRODUCT, made[2]["id"])
            )
            await work.fetchval(
                "select catalog_index($1, 'simple', '', '', '', array[]::text[])",
                decode(Kind.PRODUCT, made[3]["id"]),
            )
            events = await work.fetchval("select count(*) from events")
        await drain(worker, "catalog.refresh")
        for each in (shop, other_shop):
            assert await versions(each, database, worker) == {documents.VERSION}
        async with database.fast(await shop.scope(worker)) as work:
            after = await work.fetch("select id, document, updated_at from products order by id")
            assert await work.fetchval("select count(*) from events") == events
            offers = await service.sellable(work, [decode(Kind.VARIANT, made[2]["variants"][0]["id"])])
        assert after == before
        assert next(iter(offers.values())).price == 3
        found = (await shop.storefront("GET", "/storefront/products?q=94", expect=200)).json()["data"]
        assert [product["id"] for product in found] == [made[3]["id"]]
        assert fresh["id"] not in {product["id"] for product in found}

    async def test_a_store_that_fails_keeps_nobody_waiting(
        self, shop: Shop, other_shop: Shop, database: Database, worker: Worker
    ) -> None:
        """It is passed over, and tried again at the next look."""
        made, theirs = await make_product(shop, {"price": 1}), await make_product(other_shop, {"price": 1})
        await make_former(database, await shop.scope(worker), made)
        await make_former(database, await other_shop.scope(worker), theirs)
        broken = decode(Kind.STORE, min(shop.id, other_shop.id))

        async def make_scope(store_id: UUID, request_id: str) -> Any:
            if store_id == broken:
                raise RuntimeError("not today")
            return await worker.table.scope_for_job(store_id, request_id)

        passed_over: set[UUID] = set()
        while await service.refresh_outdated(database, make_scope, passed_over):
            pass
        assert passed_over == set(), "the next look begins anew"
        left = [await versions(each, database, worker) for each in (shop, other_shop)]
        assert sorted(map(list, left)) == [[documents.VERSION - 1], [documents.VERSION]]
        await drain(worker, "catalog.refresh")
        left = [await versions(each, database, worker) for each in (shop, other_shop)]
        assert left == [{documents.VERSION}] * 2

    async def test_a_newer_release_is_left_alone(
        self, shop: Shop, database: Database, worker: Worker
    ) -> None:
        """While two releases run, the older one neither hides nor rewrites what the newer one derived."""
        made = await make_product(shop, {"price": 1}, vendor="Casa")
        async with database.fast(await shop.scope(worker)) as work:
            await work.execute(
                "update products set document_version = $1, document = convert_to("
                " (convert_from(document, 'UTF8')::jsonb || '{\"origin\": \"AR\"}')::text, 'UTF8')",
                documents.VERSION + 1,
            )
        await drain(worker, "catalog.refresh")
        shown = (await shop.storefront("GET", f"/storefront/products/{made['handle']}", expect=200)).json()[
            "data"
        ]
        assert (shown["origin"], shown["vendor"]) == ("AR", "Casa")


async def test_one_verb_makes_every_derived_copy_again(
    shop: Shop, other_shop: Shop, database: Database, worker: Worker
) -> None:
    """All that a store's catalogue derives is spoilt in SQL; afterwards it is what it was, and the other store's is spoilt
    still."""
    made = [
        await make_product(
            each,
            {"price": 5, "on_hand": 2, "sku": "MATE-1"},
            {"price": 6, "on_hand": 0},
            {"price": 7},
            name="Ñandú",
        )
        for each in (shop, other_shop)
    ]
    columns = "document, document_version, sort_name, price_min, price_max, in_stock"
    parts = "name, offer::text, available, in_stock"

    async def copies(each: Shop) -> list[Any]:
        async with database.fast(await each.scope(worker)) as work:
            products = await work.fetch(f"select {columns} from products order by id")
            variants = await work.fetch(f"select {parts} from variants order by id")
        return [*map(tuple, products), *map(tuple, variants)]

    before = [await copies(each) for each in (shop, other_shop)]
    for each, product in zip((shop, other_shop), made, strict=True):
        async with database.fast(await each.scope(worker)) as work:
            await work.execute(
                "update products set document = '{}', sort_name = 'x', price_min = 0, price_max = 0, in_stock = false"
            )
            await work.execute(
                "update variants set name = 'x', offer = '[]', available = 9, in_stock = not in_stock"
            )
            await work.fetchval(
                "select catalog_index($1, 'simple', '', '', '', array[]::text[])",
                decode(Kind.PRODUCT, product["id"]),
            )
    assert await service.refresh_store(database, await shop.scope(worker), STOCK) == 1
    assert await copies(shop) == before[0]
    spoilt = await copies(other_shop)
    assert [now for now, then in zip(spoilt, before[1], strict=True) if now == then] == []
    for each, hits in ((shop, 1), (other_shop, 0)):
        found = (await each.storefront("GET", "/storefront/products?q=mate-1", expect=200)).json()["data"]
        assert len(found) == hits
    await service.refresh_store(database, await other_shop.scope(worker), STOCK)
