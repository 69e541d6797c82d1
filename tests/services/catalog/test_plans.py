"""The statements of the storefront use their indexes, in a small store and in a large one beside many."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from baas.core.db import Database, StoreConnection
from baas.core.scope import StoreScope
from baas.core.serving.paging import page_of
from baas.core.values.cursors import CursorSigner
from baas.services.catalog import service
from tests.clients import Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.services.catalog.big import analyze, fill

LARGE, SMALL = 6000, 100


@pytest.fixture(scope="module")
async def stores(
    http: Any, worker: Any, database: Database, servers: Any, owner_url: str
) -> dict[int, StoreScope]:
    """One large store and a few small ones."""
    scopes = {}
    for count in (LARGE, *(SMALL for _ in range(5))):
        shop: Shop = await provision(http, OPERATOR_KEY)
        scopes[count] = await shop.scope(worker)
        await fill(database, scopes[count], count)
    await analyze(servers.admin_url, urlsplit(owner_url).path.lstrip("/"))
    return scopes


async def captured(
    database: Database, scope: StoreScope, query: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, tuple[Any, ...], int]:
    """The statement of a product list's second page, with its arguments, and how many rows the first one had."""
    asked: list[tuple[str, tuple[Any, ...]]] = []

    def noting(verb: str) -> Any:
        real = getattr(StoreConnection, verb)

        async def noted(self: StoreConnection, sql: str, *args: Any) -> Any:
            asked.append((sql, args))
            return await real(self, sql, *args)

        return noted

    signer = CursorSigner("plans")
    parsed = service.parse_query(query.encode())
    with monkeypatch.context() as patched:
        for verb in ("fetch", "fetch_alone"):
            patched.setattr(StoreConnection, verb, noting(verb))
        async with database.fast(scope) as work:
            page = page_of(signer, scope, "l", limit=20, cursor=None, include=None)
            first = await service.product_page(work, page, parsed)
            if first.next_cursor is not None:
                page = page_of(signer, scope, "l", limit=20, cursor=first.next_cursor, include=None)
                await service.product_page(work, page, parsed)
    return (*asked[-1], len(first.items))


async def plan_of(database: Database, scope: StoreScope, sql: str, args: tuple[Any, ...]) -> dict[str, Any]:
    """The plan that the application's role gets, run, with generic plans in force."""
    async with database.fast(scope) as work:
        text = await work.fetchval(f"explain (analyze, format json) {sql}", *args)
    plan: dict[str, Any] = (json.loads(text) if isinstance(text, str) else text)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Every node of a plan."""
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


@pytest.mark.parametrize(
    "query, index, most",
    [
        ("", "ix_products_by_age", 21),
        ("sort=created_at", "ix_products_by_age", 21),
        ("sort=price", "ix_products_by_price", 21),
        ("sort=-price", "ix_products_by_price", 21),
        ("sort=name", "ix_products_by_name", 21),
        ("sort=price&min_price=50000", "ix_products_by_price", 21),
        ("in_stock=true", "ix_products_by_age", 40),
        ("q=aguja", "pk_products", 150),
        ("q=aguja&in_stock=true&sort=price", "pk_products", 150),
    ],
)
@pytest.mark.parametrize("size", [LARGE, SMALL])
async def test_lists_read_only_what_they_show(
    stores: dict[int, StoreScope],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    index: str,
    most: int,
    size: int,
) -> None:
    """By their own index from the cursor on: the rows that are read do not grow with the store."""
    sql, args, _ = await captured(database, stores[size], query, monkeypatch)
    plan = await plan_of(database, stores[size], sql, args)
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "products"]
    assert scans, plan
    for node in scans:
        read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        assert read <= (most if size == LARGE else SMALL), (node["Node Type"], read)
        if size == LARGE:
            assert node.get("Index Name") == index, node


async def test_a_search_takes_the_same_time_in_a_large_store(
    stores: dict[int, StoreScope], database: Database
) -> None:
    """Fifty hits among 6,000 products are found about as fast as among 100."""

    async def seconds(scope: StoreScope) -> float:
        best, rows = 9.0, list[object]()
        async with database.fast(scope) as work:
            for _ in range(15):
                began = time.perf_counter()
                rows = await work.fetch("select * from catalog_search('spanish', 'aguja', 'aguja', '', '')")
                best = min(best, time.perf_counter() - began)
        assert len(rows) == 50
        return best

    assert await seconds(stores[LARGE]) < 5 * await seconds(stores[SMALL]) + 0.002


class TestTheWall:
    """The table of words has no policy; what stands before it are the missing grants and two functions."""

    async def test_the_app_cannot_touch_the_table(
        self, stores: dict[int, StoreScope], database: Database
    ) -> None:
        """Neither read nor write."""
        for sql in (
            "select * from product_search",
            "delete from product_search",
            "insert into product_search values (gen_random_uuid(), gen_random_uuid(), ''::tsvector)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.fast(stores[SMALL]) as work:
                    await work.execute(sql)

    async def test_a_search_finds_its_own_store_alone(
        self, stores: dict[int, StoreScope], database: Database
    ) -> None:
        """Whatever the words: another store's lexeme cannot be asked for."""
        scope, foreign = stores[SMALL], stores[LARGE]
        async with database.fast(scope) as work:
            own = {row["id"] for row in await work.fetch("select id from products")}
            for query, code, prefix in (
                ("producto", "producto", ""),
                (f"store:{foreign.store_id}", f"store:{foreign.store_id}", ""),
                ("producto", "x", f"store:{foreign.store_id}"),
                ("producto or aguja", "x", "prod"),
            ):
                rows = await work.fetch(
                    "select * from catalog_search('spanish', $1, $2, '', $3)", query, code, prefix
                )
                assert {row["product_id"] for row in rows} <= own

    async def test_without_a_store_nothing_is_found_and_nothing_written(
        self, settings: Any, stores: dict[int, StoreScope]
    ) -> None:
        """The functions take the store from the transaction, and there is none."""
        connection = await asyncpg.connect(settings.database.app)
        try:
            rows = await connection.fetch("select * from catalog_search('spanish', 'aguja', 'aguja', '', '')")
            assert rows == []
            with pytest.raises(asyncpg.NullValueNotAllowedError):
                await connection.execute(
                    "select catalog_index(gen_random_uuid(), 'spanish', 'a', '', '', array[]::text[])"
                )
        finally:
            await connection.close()

    async def test_words_of_another_stores_product_cannot_be_written(
        self, stores: dict[int, StoreScope], database: Database
    ) -> None:
        """The key carries the store."""
        async with database.fast(stores[LARGE]) as work:
            foreign = await work.fetchval("select id from products limit 1")
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with database.fast(stores[SMALL]) as work:
                await work.execute(
                    "select catalog_index($1, 'spanish', 'a', '', '', array[]::text[])", foreign
                )
