"""The frequent statements find what they need by an index, beside a thousand stores and in one of 50,000 products.

The statements are not written down here: a customer's visit is made over HTTP, and PostgreSQL itself tells, in
the same transaction, which tables each statement read from end to end and how many rows it touched. So what
functions and foreign keys do inside counts, too.
"""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from baas.app import create_app
from baas.assembly import close_runtime
from baas.core.db.connect import connector
from baas.core.settings import Settings
from baas.core.values.cursors import CursorSigner
from baas.core.values.ids import Kind, decode
from baas.services.catalog.service import parse_query
from baas.worker import create_worker
from tests import deployment
from tests.clients import ADDRESS, Shop, drain, provision
from tests.conftest import OPERATOR_KEY
from tests.running_app import client_of, started
from tests.servers import Servers

STORES, EACH, LARGE = 1_000, 10, 50_000
MOST_ROWS = 150
"""Rows that one statement may touch; a list of 20 with its filter stays far below."""
FILLED = ("stores", "api_keys", "products", "product_images", "variants", "inventory_levels", "carts", "cart_items",
          "orders", "order_items")  # fmt: skip
_COPY = """
insert into {table}
select r.* from (
  select s.store_id, n, md5(s.store_id || '/product/' || n)::uuid as product, md5(s.store_id || '/variant/' || n)::uuid
    as variant, md5(s.store_id || '/cart/' || n)::uuid as cart, md5(s.store_id || '/order/' || n)::uuid as "order"
  from bench_stores s cross join lateral generate_series(1, s.size{share}) n
) d
cross join lateral (select t as sample from {table} t where t.store_id = $1 limit 1) t
cross join lateral jsonb_populate_record(t.sample, jsonb_build_object('store_id', d.store_id, {changes})) r
"""
_CHANGES = {
    "products": ("", "'id', product, 'handle', 'p-' || n, 'created_at', now() - n * interval '1 second'"),
    "product_images": ("", "'id', md5(product || 'i')::uuid, 'product_id', product, 'url', '/i/' || n"),
    "variants": ("", "'id', variant, 'product_id', product, 'sku', 'sku-' || n, 'image_id', null"),
    "inventory_levels": ("", "'variant_id', variant"),
    "carts": (" / 5", "'id', cart, 'status', 'active', 'order_id', null"),
    "cart_items": (" / 5", "'id', md5(cart || 'i')::uuid, 'cart_id', cart, 'variant_id', variant"),
    "orders": (" / 5", "'id', \"order\", 'number', n + 1000000, 'cart_id', cart, 'access_token_hash', decode(md5(n::text), 'hex')"),
    "order_items": (" / 5", "'id', md5(\"order\" || 'i')::uuid, 'order_id', \"order\", 'variant_id', variant"),
}  # fmt: skip


@pytest.fixture(scope="module")
async def owner_of_many(servers: Servers) -> str:
    """A database of its own: so many stores would be in the way of other tests."""
    await deployment.roles(servers.admin_url)
    return await deployment.migrated_database(servers.admin_url)


@pytest.fixture(scope="module")
async def crowd(
    servers: Servers, settings: Settings, owner_of_many: str
) -> AsyncIterator[dict[str, tuple[Shop, dict[str, Any]]]]:
    """A large store and a small one among a thousand, behind the application, each with one of its products."""
    app = create_app(msgspec.structs.replace(settings, database=deployment.role_urls(owner_of_many)))
    app.state.runtime.database.connection_class = WatchedConnection
    async with started(app), client_of(app) as http:
        found = {}
        for size in ("large", "small"):
            shop = await provision(http, OPERATOR_KEY)
            found[size] = (shop, await new_product(shop))
            await visit(*found[size])
        name = owner_of_many.rpartition("/")[2]
        await multiply(servers.admin_url, name, {size: shop.id for size, (shop, _) in found.items()})
        for shop, _ in found.values():
            app.state.table.forget_store(decode(Kind.STORE, shop.id))
        yield found


async def new_product(shop: Shop) -> dict[str, Any]:
    """One product through the API, from which the others are copied."""
    body = {
        "name": "Mate imperial ceramica",
        "images": [{"url": "/mate.svg"}],
        "variants": [{"price": 1000, "on_hand": 1_000_000}],
    }
    product: dict[str, Any] = await shop.create("/admin/products", body)
    return product


async def visit(shop: Shop, product: dict[str, Any]) -> None:
    """What customers do all day: lists, a search, pages, a cart, a checkout, the order."""
    listed = await shop.storefront("GET", "/storefront/products?limit=20", expect=200)
    cursor = listed.json()["pagination"]["next_cursor"]
    if cursor:
        await shop.storefront("GET", f"/storefront/products?limit=20&cursor={cursor}", expect=200)
    await shop.storefront("GET", "/storefront/products?limit=20&sort=price&in_stock=true", expect=200)
    await shop.storefront("GET", "/storefront/products?limit=20&q=ceramica&in_stock=true", expect=200)
    for ref in (product["id"], product["handle"]):
        await shop.storefront("GET", f"/storefront/products/{ref}", expect=200)
    cart = await shop.create("/storefront/carts", {})
    path = f"/storefront/carts/{cart['id']}"
    item = {"variant_id": product["variants"][0]["id"], "quantity": 1}
    await shop.storefront("POST", f"{path}/items", json=item, expect=201)
    await shop.storefront("GET", path, expect=200)
    await shop.storefront("PATCH", path, json={"shipping_address": ADDRESS}, expect=200)
    order = {"email": "ana@example.com", "provider": "sandbox", "sandbox_token": "approved"}
    placed = await shop.create(f"{path}/checkout", order)
    order_id, token = placed["order"]["id"], placed["order"]["access_token"]
    await shop.storefront("GET", f"/storefront/orders/{order_id}?token={token}", expect=200)


async def multiply(admin_url: str, database: str, shops: dict[str, str]) -> None:
    """Copy the rows of both stores: many into the large one, a few into the small one and 1,000 new ones."""
    connection = await asyncpg.connect(admin_url, database=database)
    try:
        await connection.execute("set session_replication_role = replica")
        large, small = (decode(Kind.STORE, shops[size]) for size in ("large", "small"))
        await connection.execute(
            "create temp table bench_stores as select gen_random_uuid() as store_id, $1::int as size"
            " from generate_series(1, $2::int)",
            EACH,
            STORES,
        )
        for table, extra in (
            ("stores", ""),
            ("api_keys", ", 'key_hash', decode(md5(d.store_id::text), 'hex')"),
        ):
            key = "'id', d.store_id, 'slug', d.store_id" if table == "stores" else "'store_id', d.store_id"
            where = "t.id = $1" if table == "stores" else "t.store_id = $1 and t.kind = 'publishable'"
            await connection.execute(
                f"insert into {table} select r.* from bench_stores d"
                f" cross join lateral (select t as sample from {table} t where {where} limit 1) t"
                f" cross join lateral jsonb_populate_record(t.sample, jsonb_build_object({key}{extra})) r",
                small,
            )
        await connection.execute(
            "insert into bench_stores values ($1, $2), ($3, $4)", large, LARGE, small, EACH
        )
        for table, (share, changes) in _CHANGES.items():
            await connection.execute(_COPY.format(table=table, share=share, changes=changes), small)
        # Fifty hits in the large store, as in a small one.
        await connection.execute(
            "insert into product_search select p.store_id, p.id, s.words from products p"
            " join bench_stores b using (store_id) cross join lateral"
            " (select array_to_tsvector(array['mate', 'store:' || p.store_id::text]"
            "  || case when p.handle like 'p-%000' then array['ceramica', 'ceram'] else '{}'::text[] end) as words) s"
            " where p.store_id = $1 and p.handle like 'p-%0' on conflict do nothing",
            large,
        )
        # What the first visit left in the cache is not asked of the database again.
        await connection.execute("update stores set catalog_version = catalog_version + 1")
        await connection.execute("analyze")
    finally:
        await connection.close()


class Watched:
    """What each statement of the application touched, as the transaction itself knows."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, int, int]] = []
        """Statement, table, scans from end to end, rows touched."""
        self.alone: list[tuple[str, tuple[Any, ...]]] = []
        """Statements that came without a transaction."""


_watching: ContextVar[Watched | None] = ContextVar("watching", default=None)


@contextlib.contextmanager
def watching() -> Iterator[Watched]:
    """Hear the statements that the application sends while the block runs."""
    watched = Watched()
    token = _watching.set(watched)
    try:
        yield watched
    finally:
        _watching.reset(token)


class WatchedConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Asks before and after each statement what its transaction has touched; one that comes alone gets one."""

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        if query.startswith(("begin", "commit", "rollback", "savepoint", "release")):
            return await super().execute(query, *args, **options)
        return await self._watched(super().execute, query, args, options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._watched(super().fetch, query, args, options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._watched(super().fetchrow, query, args, options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._watched(super().fetchval, query, args, options)

    async def _watched(self, send: Any, query: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        watched = _watching.get()
        if watched is None or ("set_config" not in query and not self.is_in_transaction()):
            return await send(query, *args, **options)
        if not self.is_in_transaction():
            watched.alone.append((query, args))
            async with self.transaction():
                return await self._watched(send, query, args, options)
        before = await self._touched()
        answer = await send(query, *args, **options)
        for table, (scans, rows) in (await self._touched()).items():
            scans_before, rows_before = before.get(table, (0, 0))
            if (scans, rows) != (scans_before, rows_before):
                watched.found.append((query, table, scans - scans_before, rows - rows_before))
        return answer

    async def _touched(self) -> dict[str, tuple[int, int]]:
        rows = await super().fetch(
            "select relname, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) as touched"
            " from pg_stat_xact_user_tables where schemaname = 'public'"
        )
        return {row["relname"]: (row["seq_scan"], row["touched"]) for row in rows}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Every node of a plan."""
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


@pytest.mark.slow
@pytest.mark.parametrize("size", ["large", "small"])
async def test_frequent_statements_use_their_index(
    crowd: dict[str, tuple[Shop, dict[str, Any]]],
    owner_of_many: str,
    size: str,
) -> None:
    """No table is read from end to end, and no statement touches more rows than it needs."""
    shop, product = crowd[size]
    with watching() as watched:
        await visit(shop, product)

    statements = {sql for sql, *_ in watched.found} | {sql for sql, _ in watched.alone}
    assert len(statements) >= 10
    assert {table for _, table, *_ in watched.found} >= {"variants", "carts", "cart_items", "orders"}
    assert {"cart_put", "order_place", "payment_open"} <= {
        name for sql, *_ in watched.found for name in re.findall(r"(\w+)\((?:p_\w+ => )?(?:\$|s\.store)", sql)
    }
    for sql, table, scans, rows in watched.found:
        assert rows <= MOST_ROWS, (table, rows, sql)
        assert not scans or table not in FILLED, (table, sql)

    assert any("products p" in sql for sql, _ in watched.alone)
    async for sql, plan in plans_of(owner_of_many, watched.alone):
        assert scanned(plan), sql
        for node in scanned(plan):
            assert "Index" in node["Node Type"] or "Bitmap" in node["Node Type"], (node, sql)
            assert touched(node) <= MOST_ROWS, (node, sql)
        # The store is set before anything is read: the one row that sets it drives the loop.
        assert any(node["Node Type"] == "Nested Loop" for node in nodes(plan)), sql


async def plans_of(
    owner_url: str, statements: list[tuple[str, tuple[Any, ...]]]
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Each statement with its plan as the application's role gets it, run."""
    connection = await connector("app", deployment.role_urls(owner_url).app)()
    try:
        for sql, args in statements:
            if "lateral" in sql:  # what a function does inside, no plan shows
                text = await connection.fetchval(f"explain (analyze, format json) {sql}", *args)
                yield sql, (json.loads(text) if isinstance(text, str) else text)[0]["Plan"]
    finally:
        await connection.close()


def scanned(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of a plan that read tables."""
    return [node for node in nodes(plan) if "Relation Name" in node]


def touched(node: dict[str, Any]) -> int:
    """The rows that a node read."""
    rows: int = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("query", ["limit=20", "limit=20&sort=price&in_stock=true"])
async def test_a_late_page_reads_no_more_than_the_first(
    crowd: dict[str, tuple[Shop, dict[str, Any]]],
    settings: Settings,
    servers: Servers,
    owner_of_many: str,
    query: str,
) -> None:
    """Page 2,250 of 50,000 products, by the cursor that whoever turned every page before would have."""
    shop = crowd["large"][0]
    store = decode(Kind.STORE, shop.id)
    column, direction = ("price_min", "asc") if "price" in query else ("created_at", "desc")
    connection = await asyncpg.connect(servers.admin_url, database=owner_of_many.rpartition("/")[2])
    try:
        row = await connection.fetchrow(
            f"select {column} as value, id from products where store_id = $1 and status = 'active'"
            f" order by {column} {direction}, id {direction} offset 45000 limit 1",
            store,
        )
    finally:
        await connection.close()
    # With a filter that lets everything pass: nobody has asked for this list before.
    wanted = f"{query}&max_price=99999"
    name = f"s:{store.hex}:list:storefront-products{parse_query(wanted.encode()).name}"
    value = row["value"].isoformat() if column == "created_at" else row["value"]
    cursor = CursorSigner(settings.secret).sign(name, [value, str(row["id"])])
    with watching() as watched:
        for page in (wanted, f"{wanted}&cursor={cursor}"):
            found = (await shop.storefront("GET", f"/storefront/products?{page}", expect=200)).json()
            assert len(found["data"]) == 20
            assert found["pagination"]["has_more"]
    first, late = [
        sum(map(touched, scanned(plan))) async for _, plan in plans_of(owner_of_many, watched.alone)
    ]
    assert first == late == 21


@pytest.mark.slow
async def test_a_key_is_found_by_its_index(crowd: dict[str, Any], owner_of_many: str) -> None:
    """The look-up that every process makes about once a second for every key in use."""
    del crowd
    connection = await asyncpg.connect(deployment.role_urls(owner_of_many).auth)
    try:
        rows = await connection.fetch(
            "explain select s.id, k.id from api_keys k join stores s on s.id = k.store_id where k.key_hash = $1",
            UUID(int=1).bytes,
        )
    finally:
        await connection.close()
    plan = "\n".join(row[0] for row in rows)
    assert "uq_api_keys_key_hash" in plan
    assert "Seq Scan" not in plan


ORDERS, MANY = 12, 10_000
_MANY_MORE = {
    "payments": "'id', md5('p' || n)::uuid, 'order_id', md5('o' || n)::uuid, 'provider_payment_id', 'p-' || n",
    "notifications": "'id', md5('n' || n)::uuid, 'event_id', md5('e' || n)::uuid, 'status', 'sent'",
    "notification_contents": "'notification_id', md5('n' || n)::uuid",
    "inventory_reservations": "'order_id', md5('o' || n)::uuid",
}


async def multiply_orders_work(admin_url: str, database: str, shop: Shop) -> None:
    """What a worker made of one order of a store, as often as in a store that has sold for years."""
    connection = await asyncpg.connect(admin_url, database=database)
    try:
        await connection.execute("set session_replication_role = replica")
        for table, changes in _MANY_MORE.items():
            await connection.execute(
                f"insert into {table} select r.* from generate_series(1, {MANY}) n"
                f" cross join lateral (select t as sample from {table} t where t.store_id = $1 limit 1) t"
                f" cross join lateral jsonb_populate_record(t.sample, jsonb_build_object({changes})) r",
                decode(Kind.STORE, shop.id),
            )
        await connection.execute("analyze")
    finally:
        await connection.close()


@pytest.mark.slow
async def test_what_a_worker_asks_for_many_orders_costs_each_the_same_in_a_large_store(
    crowd: dict[str, tuple[Shop, dict[str, Any]]],
    settings: Settings,
    servers: Servers,
    owner_of_many: str,
) -> None:
    """Statements for a whole batch look each row up by its key, whatever the planner believes of a usual store."""
    shop, product = crowd["large"]
    worker = create_worker(msgspec.structs.replace(settings, database=deployment.role_urls(owner_of_many)))
    worker.runtime.database.connection_class = WatchedConnection
    await worker.runtime.database.open()
    try:
        await visit(shop, product)
        await drain(worker)
        await multiply_orders_work(servers.admin_url, owner_of_many.rpartition("/")[2], shop)
        for _ in range(ORDERS):
            await visit(shop, product)
        with watching() as watched:
            await drain(worker, "relay", "jobs", "notifications")
    finally:
        await close_runtime(worker.runtime)
    orders = (await shop.admin("GET", f"/admin/orders?status=paid&limit={ORDERS}", expect=200)).json()["data"]
    assert len(orders) == ORDERS
    tables = {table for _, table, *_ in watched.found}
    assert tables >= {"orders", "payments", "notifications", "event_jobs"}
    for sql, table, scans, rows in watched.found:
        assert rows <= 10 * ORDERS, (table, rows, sql)
        assert not scans or table not in {*FILLED, *_MANY_MORE}, (table, sql)
