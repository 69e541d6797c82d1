"""Reads of a storefront, from the cache and from the database."""

import itertools
from typing import Any
from uuid import UUID

from baas.core.values import ids
from baas.core.values.ids import Kind
from benchmarks.bench import Bench, Measure, Sample
from benchmarks.deployment import API_PORT, LIMIT_PORT
from benchmarks.recording import Caller, Statement, record
from benchmarks.report import Piece, median
from benchmarks.statements import write_plan

LIST = "/storefront/products?limit=20"


def cached(bench: Bench) -> list[Piece]:
    """A list of 20 and a page out of the process's cache, and the 304 for a list."""
    api, store = bench.api, bench.stores[0]
    key = {"X-API-KEY": store.publishable_key}
    page = f"/storefront/products/{store.product_ids[3]}"
    pieces = []
    for name, path, aim in (("list cached", LIST, 0.5), ("page cached", page, 0.5)):
        status, _, body = bench.deployment.raw("GET", path, key=store.publishable_key)
        if status != 200 or body.count(b'"handle"') != (20 if path == LIST else 1):
            raise RuntimeError(f"{path}: {status} {body[:300]!r}")
        limit = bench.deployment.start_limit("bytes", LIMIT_BODY=str(bench.file("body.json", body)))

        def ours(path: str = path) -> Sample:
            return bench.drive_get(api, API_PORT, f"/api/v1{path}", key)

        def bare(limit: Any = limit) -> Sample:
            return bench.drive_get(limit, LIMIT_PORT, "/bare", {})

        pieces.append(bench.piece_by_cpu(name, bench.compare(ours, bare), aim, f"{len(body):,} bytes"))
        if path == LIST:
            etag = bench.deployment.raw("GET", path, key=store.publishable_key)[1]["etag"]
            found = bench.compare(
                lambda etag=etag: bench.drive_get(
                    api, API_PORT, f"/api/v1{LIST}", {**key, "If-None-Match": etag}, 304
                ),
                lambda limit=limit: bench.drive_get(limit, LIMIT_PORT, "/unchanged", {}, 304),
            )
            pieces.append(bench.piece_by_cpu("304", found, 0.6))
        bench.deployment.stop_process(limit)
    return pieces


_fresh = itertools.count(10**9)


def uncached(bench: Bench) -> list[Piece]:
    """A list and a page that nobody asked for before, over 100 stores of 1,000 products."""
    deployment, stores, api = bench.deployment, bench.stores, bench.api

    async def ask_list(call: Caller, store: int) -> None:
        await call("GET", f"{LIST}&max_price={next(_fresh)}", stores[store].publishable_key)

    def lists() -> list[Any]:
        return [
            [f"{LIST}&max_price={next(_fresh)}", {"X-API-KEY": stores[number % 100].publishable_key}]
            for number in range(20_000)
        ]

    products = itertools.cycle(_all_products(bench))

    async def ask_page(call: Caller, store: int) -> None:
        del store
        owner, product = next(products)
        await call(
            "GET", f"/storefront/products/{ids.encode(Kind.PRODUCT, product)}", stores[owner].publishable_key
        )

    def pages() -> list[Any]:
        return [
            [
                f"/storefront/products/{ids.encode(Kind.PRODUCT, product)}",
                {"X-API-KEY": stores[owner].publishable_key},
            ]
            for owner, product in itertools.islice(products, 12_000)
        ]

    pieces = []
    for name, ask, targets in (("list not cached", ask_list, lists), ("page not cached", ask_page, pages)):
        statement = _query(record(deployment, ask)[0][1])
        arguments = [_with_store(statement, stores, number, bench) for number in range(5000)]
        plan = bench.file("plan.json", b"")
        write_plan(plan, statement.sql, statement.kinds, arguments)
        limit = deployment.start_limit("sql", LIMIT_PLAN=str(plan), LIMIT_DATABASE_URL=deployment.admin_url)
        found = bench.compare(
            lambda targets=targets: bench.drive(api, bench.get_job(API_PORT, targets())),
            lambda limit=limit: bench.drive(limit, bench.get_job(LIMIT_PORT, [["/bare", {}]], base="")),
        )
        pieces.append(bench.piece_by_cpu(name, found, 0.5))
        deployment.stop_process(limit)
    return pieces


def _query(statements: list[Statement]) -> Statement:
    """The statement that reads products."""
    found = [one for one in statements if "document" in one.sql]
    if len(found) != 1:
        raise RuntimeError(f"One query was expected: {[one.sql[:80] for one in statements]}")
    return found[0]


def _all_products(bench: Bench) -> list[tuple[int, UUID]]:
    """Products of all stores, the stores in turn."""
    per_store = [[ids.decode(Kind.PRODUCT, text) for text in store.product_ids] for store in bench.stores]
    return [(owner, product) for row in zip(*per_store, strict=False) for owner, product in enumerate(row)]


def _with_store(statement: Statement, stores: list[Any], number: int, bench: Bench) -> list[Any]:
    """The statement's arguments for another store (and product)."""
    store_id = ids.decode(Kind.STORE, stores[number % len(stores)].id)
    products = stores[number % len(stores)].product_ids
    own = ids.decode(Kind.PRODUCT, products[number // len(stores) % len(products)])
    values: list[Any] = []
    for value in statement.arguments:
        if isinstance(value, UUID):
            values.append(str(own if values else store_id))
        else:
            values.append(value)
    del bench
    return values


def search(bench: Bench) -> list[Piece]:
    """A text search with a filter, as often as it can be asked anew, in a small and in a big store."""
    from benchmarks import data
    from benchmarks.statements import Script, pgbench

    api, pieces, ours = bench.api, [], {}
    for size, store in bench.searched.items():
        path = f"/storefront/products?q={data.SEARCH_WORD}&in_stock=true&limit=20"
        body = bench.deployment.raw("GET", path, key=store.publishable_key)[2]
        hits = body.count(b'"handle"')
        if hits != 20:
            raise RuntimeError(f"The search found {hits} of 20.")

        async def ask(call: Caller, _number: int, store: Any = store, path: str = path) -> None:
            await call("GET", f"{path}&max_price={next(_fresh)}", store.publishable_key)

        script = Script(record(bench.deployment, ask))

        def searches(store: Any = store, path: str = path) -> Sample:
            key = {"X-API-KEY": store.publishable_key}
            targets = [[f"{path}&max_price={next(_fresh)}", key] for _ in range(8000)]
            return bench.drive(api, bench.get_job(API_PORT, targets))

        def bare(script: Any = script) -> Sample:
            done = pgbench(bench.deployment, script, seconds=bench.options.seconds)
            return Sample(done.rate, done.postgres_cpu_us)

        ours[size] = searches
        found = bench.compare(searches, bare)
        pieces.append(bench.piece_by_rate(f"search, {size:,} products", found, 0.4, "requests/s"))
    return [*pieces, _flat(bench, ours[max(ours)], ours[min(ours)])]


def _flat(bench: Bench, big: Measure, small: Measure) -> Piece:
    """Both stores in turns, so that a machine that changes its speed meanwhile does it to both."""
    found = bench.compare(big, small, rounds=2 * bench.options.rounds)
    ratio = median([one["rate"] / other["rate"] for one, other in found.details["samples"]])
    return Piece(
        piece="search, flat as the store grows",
        ours=found.ours.rate,
        unit="requests/s",
        aim=">= 0.8",
        met=ratio >= 0.8,
        limit=found.limit.rate,
        ratio=ratio,
        quiet=found.quiet,
        note="the rate in the big store against the small one, for equally many hits, in turns; the ratio is the rounds' median",
        details={"aim_ratio": 0.8, **found.details},
    )
