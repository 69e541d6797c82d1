"""Staff sees and corrects the stock; the world hears when something runs out."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from baas.core.db import Database
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.inventory import service
from baas.worker import Worker
from tests.clients import Shop
from tests.services.goods import events, make_product, make_variants


async def level(shop: Shop, variant_id: str) -> dict[str, Any]:
    """The level as the API answers it."""
    data: dict[str, Any] = await shop.get(f"/admin/inventory/{variant_id}")
    return data


async def catalog_version(shop: Shop, worker: Worker, database: Database) -> int:
    """The store's version of what storefronts see."""
    async with database.fast(await shop.scope(worker)) as work:
        version: int = await work.fetchval("select catalog_version from stores")
    return version


class TestList:
    """GET /admin/inventory"""

    async def test_pages_through_all_levels(self, shop: Shop) -> None:
        """Each variant once, with its names; the last page says that it is the last."""
        made = {ids.encode(Kind.VARIANT, identity) for identity in await make_variants(shop, 1, 2, 3)}
        first = (await shop.admin("GET", "/admin/inventory?limit=2&include=total", expect=200)).json()
        assert first["pagination"]["total"] == 3
        cursor = first["pagination"]["next_cursor"]
        second = (await shop.admin("GET", f"/admin/inventory?limit=2&cursor={cursor}", expect=200)).json()
        assert second["pagination"] == {"limit": 2, "has_more": False, "next_cursor": None, "total": None}
        assert {row["variant_id"] for row in first["data"] + second["data"]} == made
        assert all(row["product_name"].startswith("Thing") for row in first["data"])

    async def test_shows_what_is_low(self, shop: Shop) -> None:
        """Low by its own threshold, or gone."""
        low, gone, plenty = (
            ids.encode(Kind.VARIANT, identity) for identity in await make_variants(shop, 3, 0, 3)
        )
        await shop.admin("PUT", f"/admin/inventory/{low}", json={"low_stock_at": 3}, expect=200)
        rows = await shop.listed("/admin/inventory?low_stock=true")
        assert {row["variant_id"] for row in rows} == {low, gone}
        assert plenty not in {row["variant_id"] for row in rows}

    async def test_refuses_a_cursor_of_another_list(self, shop: Shop) -> None:
        """A cursor is bound to its filters."""
        await make_variants(shop, 0, 0)
        page = (await shop.admin("GET", "/admin/inventory?limit=1", expect=200)).json()["pagination"]
        await shop.admin("GET", f"/admin/inventory?low_stock=true&cursor={page['next_cursor']}", expect=400)


class TestSet:
    """PUT /admin/inventory/{variant_id}"""

    async def test_sets_what_a_count_found(self, shop: Shop) -> None:
        """The level, its movement and the audit log say so."""
        (variant,) = await make_variants(shop, 5)
        public = ids.encode(Kind.VARIANT, variant)
        answer = await shop.admin(
            "PUT", f"/admin/inventory/{public}", json={"on_hand": 8, "note": "count"}, expect=200
        )
        assert answer.json()["data"]["available"] == 8
        moves = await shop.listed(f"/admin/inventory/{public}/movements")
        assert [(m["reason"], m["on_hand_change"], m["note"]) for m in moves] == [
            ("counted", 3, "count"),
            ("initial", 5, None),
        ]
        lines = await shop.listed(f"/admin/audit-log?subject={public}")
        assert (lines[0]["old"]["on_hand"], lines[0]["new"]["on_hand"]) == (5, 8)

    async def test_begins_to_track(self, shop: Shop) -> None:
        """A variant without stock of its own is counted once somebody says how many there are."""
        (variant,) = await make_variants(shop, None)
        public = ids.encode(Kind.VARIANT, variant)
        assert (await level(shop, public))["tracked"] is False
        await shop.admin("PUT", f"/admin/inventory/{public}", json={"on_hand": 0}, expect=200)
        assert (await level(shop, public))["tracked"] is True

    async def test_cannot_take_what_orders_hold(self, shop: Shop, worker: Worker, database: Database) -> None:
        """Neither by a count nor by a stricter policy."""
        (variant,) = await make_variants(shop, 5)
        public = ids.encode(Kind.VARIANT, variant)
        await hold(shop, worker, database, variant, 4)
        refused = await shop.admin("PUT", f"/admin/inventory/{public}", json={"on_hand": 3}, expect=409)
        assert refused.json()["error"]["code"] == "conflict"
        assert refused.json()["error"]["details"]["reserved"] == 4
        assert (await level(shop, public))["on_hand"] == 5

    @pytest.mark.parametrize(
        "body",
        [{}, {"on_hand": -1}, {"on_hand": 10**30}, {"on_hand": 1.5}, {"onhand": 1}, {"policy": "maybe"}],
        ids=str,
    )
    async def test_refuses_what_is_no_level(self, shop: Shop, body: dict[str, Any]) -> None:
        """Nothing, negatives, the huge, fractions and typing mistakes."""
        (variant,) = await make_variants(shop, 5)
        await shop.admin(
            "PUT", f"/admin/inventory/{ids.encode(Kind.VARIANT, variant)}", json=body, expect=422
        )

    async def test_knows_only_its_own_variants(self, shop: Shop, other_shop: Shop) -> None:
        """Another store's variant, one that never was, and another kind's id are all the same 404."""
        (theirs,) = await make_variants(other_shop, 5)
        for public in (ids.encode(Kind.VARIANT, theirs), ids.encode(Kind.VARIANT, ids.new_id()), "prod_x"):
            await shop.admin("PUT", f"/admin/inventory/{public}", json={"on_hand": 1}, expect=404)
            await shop.admin("GET", f"/admin/inventory/{public}", expect=404)
            await shop.admin("GET", f"/admin/inventory/{public}/movements", expect=404)
            body = {"quantity": 1, "reason": "received"}
            await shop.admin("POST", f"/admin/inventory/{public}/adjustments", json=body, expect=404)


class TestAdjust:
    """POST /admin/inventory/{variant_id}/adjustments"""

    async def test_two_at_once_both_count(self, shop: Shop) -> None:
        """Ten deliveries of one piece are ten pieces."""
        (variant,) = await make_variants(shop, 0)
        path = f"/admin/inventory/{ids.encode(Kind.VARIANT, variant)}/adjustments"
        body = {"quantity": 1, "reason": "received"}
        await asyncio.gather(*(shop.admin("POST", path, json=body, expect=201) for _ in range(10)))
        assert (await level(shop, ids.encode(Kind.VARIANT, variant)))["on_hand"] == 10

    async def test_takes_no_more_than_there_is(self, shop: Shop, worker: Worker, database: Database) -> None:
        """What orders hold is not there to be taken."""
        (variant,) = await make_variants(shop, 5)
        await hold(shop, worker, database, variant, 3)
        path = f"/admin/inventory/{ids.encode(Kind.VARIANT, variant)}/adjustments"
        refused = await shop.admin("POST", path, json={"quantity": -3, "reason": "damaged"}, expect=409)
        error = refused.json()["error"]
        assert error["code"] == "insufficient_stock"
        assert (error["details"]["asked"], error["details"]["available"]) == (3, 2)
        await shop.admin("POST", path, json={"quantity": -2, "reason": "damaged"}, expect=201)

    async def test_a_dry_run_changes_nothing(self, shop: Shop) -> None:
        """It answers what would be."""
        (variant,) = await make_variants(shop, 5)
        public = ids.encode(Kind.VARIANT, variant)
        answer = await shop.admin(
            "POST",
            f"/admin/inventory/{public}/adjustments",
            json={"quantity": 2, "reason": "received"},
            headers={"Prefer": "dry-run"},
            expect=201,
        )
        assert answer.json()["data"]["on_hand"] == 7
        assert answer.json()["meta"]["dry_run"] is True
        assert (await level(shop, public))["on_hand"] == 5

    async def test_needs_a_tracked_variant_and_a_change(self, shop: Shop) -> None:
        """Zero is no change; what is not counted cannot be added to."""
        tracked, untracked = (
            ids.encode(Kind.VARIANT, identity) for identity in await make_variants(shop, 1, None)
        )
        body = {"quantity": 1, "reason": "received"}
        await shop.admin("POST", f"/admin/inventory/{untracked}/adjustments", json=body, expect=409)
        body = {"quantity": 0, "reason": "received"}
        await shop.admin("POST", f"/admin/inventory/{tracked}/adjustments", json=body, expect=422)


class TestNews:
    """Who hears of a change."""

    async def test_thresholds_make_events(self, shop: Shop, worker: Worker, database: Database) -> None:
        """Low, out, and back: once for each crossing."""
        (variant,) = await make_variants(shop, 5)
        public = ids.encode(Kind.VARIANT, variant)
        await shop.admin("PUT", f"/admin/inventory/{public}", json={"low_stock_at": 2}, expect=200)
        order = await hold(shop, worker, database, variant, 2)
        await hold(shop, worker, database, variant, 1)
        await hold(shop, worker, database, variant, 2)
        scope = await shop.scope(worker)
        async with database.fast(scope) as work:
            await service.release(work, order)
        assert await events(database, scope, "inventory.") == [
            ("inventory.low", public),
            ("inventory.out_of_stock", public),
            ("inventory.restocked", public),
        ]

    async def test_storefronts_see_a_variant_run_out_and_come_back(
        self, shop: Shop, worker: Worker, database: Database, forget: Callable[[Shop], None]
    ) -> None:
        """The version rises when the variant becomes unavailable or available, not with each sale between."""
        product = await make_product(shop, {"price": 100, "on_hand": 3})
        variant = ids.decode(Kind.VARIANT, product["variants"][0]["id"])
        before = await catalog_version(shop, worker, database)
        await hold(shop, worker, database, variant, 1)
        assert await catalog_version(shop, worker, database) == before
        assert await in_stock(shop, product["handle"], forget) is True
        order = await hold(shop, worker, database, variant, 2)
        assert await catalog_version(shop, worker, database) == before + 1
        assert await in_stock(shop, product["handle"], forget) is False
        async with database.fast(await shop.scope(worker)) as work:
            await service.take(work, order)
        assert await catalog_version(shop, worker, database) == before + 1
        restock = {"quantity": 1, "reason": "received"}
        path = f"/admin/inventory/{product['variants'][0]['id']}/adjustments"
        await shop.admin("POST", path, json=restock, expect=201)
        assert await in_stock(shop, product["handle"], forget) is True
        shown = await shop.get(f"/admin/products/{product['id']}")
        assert shown["variants"][0]["available"] == 1


async def hold(shop: Shop, worker: Worker, database: Database, variant: Any, quantity: int) -> Any:
    """Reserve for a new order."""
    scope, order = await shop.scope(worker), ids.new_id()
    async with database.fast(scope) as work:
        until = clock.now(scope) + timedelta(minutes=30)
        await service.reserve(work, {variant: quantity}, order_id=order, until=until)
    return order


async def in_stock(shop: Shop, handle: str, forget: Callable[[Shop], None]) -> bool:
    """What the storefront says, once the change has reached this process."""
    forget(shop)
    answer: bool = (await shop.get(f"/storefront/products/{handle}"))["variants"][0]["in_stock"]
    return answer
