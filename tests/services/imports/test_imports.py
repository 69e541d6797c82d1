"""A catalogue comes in over HTTP, in the background and from the command line: whole products, once."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from baas.core.db import Database
from baas.core.values.ids import Kind, decode
from baas.demo import open_catalog
from baas.services.imports import service
from baas.services.imports.errors import UnreadableFile
from baas.services.imports.schemas import MAX_FILE_BYTES, ImportStatus, Result
from baas.services.imports.service.product import import_group
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.imports.sheets import real_exports, row, sheet, simple

pytestmark = pytest.mark.usefixtures("true_offers")


async def upload(
    shop: Shop, content: bytes, *, expect: int = 201, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Import a file over the API; the `data`, or the `error` of a refusal."""
    response = await shop.admin(
        "POST",
        "/admin/imports",
        expect=expect,
        data={"format": "shopify"},
        files={"file": ("catalog.csv", content, "text/csv")},
        headers=headers or {},
    )
    body = response.json()
    found: dict[str, Any] = body["data"] if body["success"] else body["error"]
    return found


def counts(answer: dict[str, Any]) -> tuple[int, int, int, int]:
    """Created, updated, skipped, failed."""
    return answer["created"], answer["updated"], answer["skipped"], answer["failed"]


async def product(shop: Shop, handle: str) -> dict[str, Any]:
    """A product of the storefront."""
    found: dict[str, Any] = await shop.get(f"/storefront/products/{handle}")
    return found


async def total(shop: Shop) -> int:
    """How many products the store has."""
    response = await shop.admin("GET", "/admin/products", params={"include": "total", "limit": 1}, expect=200)
    number: int = response.json()["pagination"]["total"]
    return number


class TestSmallFiles:
    """Up to a hundred products are in when the answer comes."""

    async def test_the_demo_catalogue(self, shop: Shop) -> None:
        """Everything is there: categories as a tree, variants with stock and picture, text as it was."""
        with open_catalog() as stream:
            content = stream.read()
        answer = await upload(shop, content)
        assert (answer["status"], answer["rows"], counts(answer)) == ("done", 67, (25, 0, 0, 0))
        assert answer["problems"] == []

        thermos = await product(shop, "termo-acero-1-litro")
        assert [option["name"] for option in thermos["options"]] == ["Color", "Terminación"]
        assert thermos["price_range"] == {"min": 6490000, "max": 6990000}
        by_name = {variant["name"]: variant for variant in thermos["variants"]}
        # Out of stock, but sold beyond it.
        assert by_name["Negro / Grabado"]["in_stock"] is True
        assert thermos["categories"] == [
            {"id": thermos["categories"][0]["id"], "slug": "mate-termos", "name": "Termos"}
        ]
        yerba = await product(shop, "yerba-barbacua-1kg")
        assert "\u2028" in yerba["description"]
        alfajores = await shop.listed("/admin/products", params={"q": "ALF-MAI-6"})
        assert alfajores[0]["variants"][0]["available"] == 20
        tree = await shop.listed("/storefront/categories")
        assert [node["name"] for node in tree][:3] == ["Almacén", "Asado", "Café"]
        assert (await shop.storefront("GET", "/storefront/products/canasta-de-otono")).status_code == 404

    async def test_real_exports(self, shop: Shop) -> None:
        """Twenty products each."""
        for path in real_exports():
            assert counts(await upload(shop, path.read_bytes())) == (20, 0, 0, 0)

    async def test_the_same_file_again_changes_nothing(self, shop: Shop) -> None:
        """All is skipped, and no event is written."""
        with open_catalog() as stream:
            content = stream.read()
        await upload(shop, content)
        before = await shop.get("/admin/products")
        assert counts(await upload(shop, content)) == (0, 0, 25, 0)
        assert await shop.get("/admin/products") == before

    async def test_a_changed_file_changes_what_is_different(self, shop: Shop) -> None:
        """A price, a new variant, a lost image; a variant that stays keeps its id and its stock."""
        first = row("tee", "Tee", "10", Option1_Name="Size", Option1_Value="S", Variant_Inventory_Tracker="shopify",
                    Variant_Inventory_Qty="5", Image_Src="https://x.example/1.jpg")  # fmt: skip
        await upload(shop, sheet(first, row("mug", "Mug", "3")))
        small = (await product(shop, "tee"))["variants"][0]
        changed = first | {"Variant Price": "12", "Image Src": "", "Variant Inventory Qty": "99"}
        again = sheet(changed, row("tee", "", "13", Option1_Value="M"), row("mug", "Mug", "3"))
        assert counts(await upload(shop, again)) == (0, 1, 1, 0)
        tee = await product(shop, "tee")
        assert [(v["name"], v["price"]) for v in tee["variants"]] == [("S", 1200), ("M", 1300)]
        assert tee["variants"][0]["id"] == small["id"]
        assert tee["images"] == []
        levels = await shop.listed("/admin/inventory")
        assert {level["variant_id"]: level["on_hand"] for level in levels}[small["id"]] == 5

    async def test_a_wrong_product_fails_alone_and_whole(self, shop: Shop) -> None:
        """Nothing of it is stored, not even its first variant; the others are."""
        wrong = row("tee", "Tee", "10", Option1_Name="Size", Option1_Value="S")
        answer = await upload(
            shop,
            sheet(
                row("mug", "Mug", "3"),
                wrong,
                row("tee", "", "free", Option1_Value="M"),
                row("cup", "Cup", "4"),
            ),
        )
        assert counts(answer) == (2, 0, 0, 1)
        assert answer["problems"] == [
            {
                "row": 4,
                "handle": "tee",
                "code": "invalid_price",
                "message": "'free' is no price in ARS, such as 1250.50.",
            }
        ]
        assert await total(shop) == 2

    async def test_a_handle_that_returns_is_refused(self, shop: Shop) -> None:
        """What was stored of it stays as it is."""
        answer = await upload(
            shop, sheet(row("m", "Mug", "1"), row("n", "Next", "2"), row("m", "Other", "3"))
        )
        assert counts(answer) == (2, 0, 0, 1)
        assert [(problem["row"], problem["code"]) for problem in answer["problems"]] == [
            (4, "handle_repeated")
        ]
        assert (await product(shop, "m"))["name"] == "Mug"

    async def test_a_sku_of_another_product_is_left_out_and_told(self, shop: Shop) -> None:
        """Again, too: the second import finds nothing to change."""
        content = sheet(row("m", "Mug", "1", Variant_SKU="A"), row("n", "Next", "2", Variant_SKU="A"))
        answer = await upload(shop, content)
        assert counts(answer) == (2, 0, 0, 0)
        assert [(problem["row"], problem["code"]) for problem in answer["problems"]] == [(3, "duplicate_sku")]
        assert counts(await upload(shop, content)) == (0, 0, 2, 0)

    async def test_what_only_the_database_refuses_fails_alone(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A SKU that somebody took in the same moment: that product fails, those around it do not."""

        async def none_taken(*_args: Any, **_options: Any) -> set[str]:
            return set()

        monkeypatch.setattr("baas.services.catalog.service.taken_skus", none_taken)
        rows = [
            row(handle, handle, "1", Variant_SKU=sku) for handle, sku in (("a", "A"), ("b", "A"), ("c", "C"))
        ]
        answer = await upload(shop, sheet(*rows))
        assert counts(answer) == (2, 0, 0, 1)
        assert [(problem["row"], problem["code"]) for problem in answer["problems"]] == [(3, "conflict")]
        assert await total(shop) == 2

    async def test_a_field_beyond_its_limit_fails_its_product(self, shop: Shop) -> None:
        """The catalogue's own limits hold for files too."""
        answer = await upload(shop, sheet(row("m", "x" * 300, "1"), row("n", "Next", "2")))
        assert counts(answer) == (1, 0, 0, 1)
        assert answer["problems"][0]["code"] == "invalid_value"
        assert "name" in answer["problems"][0]["message"]

    async def test_categories_that_staff_added_stay(self, shop: Shop) -> None:
        """The file's own category joins them."""
        content = sheet(row("m", "Mug", "1", Product_Category="Home > Cups"))
        await upload(shop, content)
        found = (await shop.listed("/admin/products"))[0]
        await shop.admin("POST", "/admin/categories", json={"name": "Gifts"}, expect=201)
        await shop.admin(
            "PATCH", f"/admin/products/{found['id']}", json={"categories": ["gifts"]}, expect=200
        )
        assert counts(await upload(shop, content)) == (0, 1, 0, 0)
        slugs = [category["slug"] for category in (await product(shop, "m"))["categories"]]
        assert slugs == ["gifts", "home-cups"]

    async def test_the_plans_limit_stops_the_rest(
        self, shop: Shop, operator: dict[str, str], forget: Callable[[Shop], None]
    ) -> None:
        """What fits is in, the others say why not."""
        url = f"/api/v1/operator/stores/{shop.id}"
        response = await shop.http.patch(url, json={"limits": {"products": 2}}, headers=operator)
        assert response.status_code == 200, response.text
        forget(shop)
        answer = await upload(shop, simple(3))
        assert counts(answer) == (2, 0, 0, 1)
        assert answer["problems"][0]["code"] == "plan_limit_exceeded"


class TestRefusals:
    """What is refused as a whole leaves nothing."""

    @pytest.mark.parametrize(
        "content, reason",
        [
            (
                sheet(row("m", "Mug", "1"), row("n", "Jarrón", "2")).decode().encode("latin-1"),
                "invalid_encoding",
            ),
            (sheet(row("m", "Mug", "1"), row("n", 'A "big" one', "2"))[:-30], "truncated_file"),
            (b"nothing,of,use\n1,2,3\n", "missing_header"),
        ],
    )
    async def test_a_broken_file(self, shop: Shop, content: bytes, reason: str) -> None:
        """422 with the row; the good rows before it are not stored either."""
        error = await upload(shop, content, expect=422)
        assert error["code"] == "validation_error"
        assert error["details"]["reason"] == reason
        assert error["details"]["row"] >= 1
        assert await total(shop) == 0

    async def test_another_format_no_file_and_too_large_a_file(self, shop: Shop) -> None:
        """Each says what is wrong."""
        files = {"file": ("a.csv", simple(1), "text/csv")}
        refused = await shop.admin(
            "POST", "/admin/imports", data={"format": "excel"}, files=files, expect=422
        )
        assert "format" in refused.json()["error"]["details"]["fields"]
        for sent, status, code, field in (
            ({"files": {"format": (None, "shopify")}}, 422, "validation_error", "file"),
            ({"files": {**files, "dry": (None, "1")}}, 422, "validation_error", "dry"),
            ({"files": [*files.items(), *files.items()]}, 422, "validation_error", "file"),
            ({"data": {"format": "shopify"}}, 415, "unsupported_media_type", None),
            ({"json": {"file": "x"}}, 415, "unsupported_media_type", None),
        ):
            answer: Any = await shop.admin("POST", "/admin/imports", expect=status, **sent)
            error = answer.json()["error"]
            assert error["code"] == code
            assert field is None or field in error["details"]["fields"]
        error = await upload(shop, b"x" * (MAX_FILE_BYTES + 1), expect=413)
        assert error["code"] == "payload_too_large"

    async def test_a_publishable_key_may_not(self, shop: Shop) -> None:
        """Imports are for staff."""
        files = {"file": ("a.csv", simple(1), "text/csv")}
        assert (await shop.storefront("POST", "/admin/imports", files=files)).status_code == 403

    async def test_another_store_does_not_see_it(self, shop: Shop, other_shop: Shop) -> None:
        """404, as if it did not exist."""
        made = await upload(shop, simple(1))
        await other_shop.admin("GET", f"/admin/imports/{made['id']}", expect=404)
        await shop.admin("GET", f"/admin/imports/{made['id']}", expect=200)

    async def test_dry_run_tells_and_stores_nothing(self, shop: Shop) -> None:
        """The report is what it would have been."""
        assert counts(await upload(shop, simple(3), headers={"Prefer": "dry-run"})) == (3, 0, 0, 0)
        assert await total(shop) == 0

    async def test_the_idempotency_key_covers_the_file(self, shop: Shop) -> None:
        """The same file answers again; another file with the same key is refused."""
        key = {"Idempotency-Key": "import-1"}
        first = await upload(shop, simple(2), headers=key)
        assert await upload(shop, simple(2), headers=key) == first
        assert (await upload(shop, simple(3), headers=key, expect=422))["code"] == "idempotency_key_reused"


class TestBackground:
    """Larger files are the worker's."""

    async def test_a_large_file_is_done_by_the_worker(self, shop: Shop, worker: Worker) -> None:
        """202 at once, and the status tells when it is done."""
        made = await upload(shop, simple(120), expect=202)
        assert (made["status"], made["rows"], counts(made)) == ("pending", 120, (0, 0, 0, 0))
        await drain(worker, "imports")
        done = await shop.get(f"/admin/imports/{made['id']}")
        assert (done["status"], counts(done)) == ("done", (120, 0, 0, 0))
        assert done["finished_at"] is not None
        assert await total(shop) == 120

    async def test_a_worker_that_dies_is_followed_by_another(
        self, shop: Shop, worker: Worker, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was done stays, is done once, and the rest follows when the lease is over."""
        made = await upload(shop, simple(110), expect=202)
        import_id = decode(Kind.IMPORT, made["id"])
        scope = await shop.scope(worker)
        real, left = import_group, iter(range(40))

        async def dying(*args: Any, **options: Any) -> Any:
            if next(left, None) is None:
                raise asyncio.CancelledError
            return await real(*args, **options)

        with monkeypatch.context() as patched:
            patched.setattr("baas.services.imports.service.queue.import_group", dying)
            with pytest.raises(asyncio.CancelledError):
                await drain(worker, "imports")
        halfway = await shop.get(f"/admin/imports/{made['id']}")
        assert (halfway["status"], counts(halfway)) == ("running", (40, 0, 0, 0))
        await drain(worker, "imports")
        assert await total(shop) == 40, "the lease is not over"
        async with database.fast(scope) as work:
            await work.execute("update imports set lease_until = now() where id = $1", import_id)
        await drain(worker, "imports")
        done = await shop.get(f"/admin/imports/{made['id']}")
        assert (done["status"], counts(done)) == ("done", (110, 0, 0, 0))

    async def test_an_import_that_kills_every_worker_is_given_up(
        self, shop: Shop, worker: Worker, database: Database
    ) -> None:
        """It fails with a reason instead of going round for ever."""
        made = await upload(shop, simple(101), expect=202)
        async with database.fast(await shop.scope(worker)) as work:
            await work.execute(
                "update imports set attempts = 5 where id = $1", decode(Kind.IMPORT, made["id"])
            )
        await drain(worker, "imports")
        done = await shop.get(f"/admin/imports/{made['id']}")
        assert done["status"] == "failed"
        assert "5 attempts" in done["error"]


class TestCommandLine:
    """`import_file` is what the command calls."""

    async def test_it_reports_every_product_as_it_goes(
        self, shop: Shop, worker: Worker, database: Database, tmp_path: Path
    ) -> None:
        """Rows done, rows in all, and what became of each product."""
        path = tmp_path / "catalog.csv"
        path.write_bytes(
            sheet(row("m", "Mug", "1"), row("m", Image_Src="https://x.example/1.jpg"), row("n", "", "2"))
        )
        steps: list[tuple[int, int, Result]] = []
        scope = await shop.scope(worker)
        made = await service.import_file(database, scope, path, lambda *step: steps.append(step))
        assert made.status is ImportStatus.DONE
        assert [(done, rows, result.handle, result.outcome.value) for done, rows, result in steps] == [
            (2, 3, "m", "created"),
            (3, 3, "n", "failed"),
        ]
        assert steps[1][2].problems[0].code == "missing_title"

    async def test_a_broken_end_leaves_nothing(
        self, shop: Shop, worker: Worker, database: Database, tmp_path: Path
    ) -> None:
        """The file is read to its end before the first product is stored."""
        path = tmp_path / "cut.csv"
        path.write_bytes(simple(50)[:-20])
        with pytest.raises(UnreadableFile):
            await service.import_file(database, await shop.scope(worker), path)
        assert await total(shop) == 0
