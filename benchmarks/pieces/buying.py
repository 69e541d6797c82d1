"""Carts, checkouts, and many buyers of one product."""

import json
import subprocess
import sys
import time
from typing import Any

from baas.core.values import ids
from baas.core.values.ids import Kind
from benchmarks import data, load
from benchmarks.bench import Bench, Sample
from benchmarks.deployment import API_PORT, LIMIT_PORT, Store
from benchmarks.load import ADDRESS
from benchmarks.recording import Caller, record
from benchmarks.report import Piece, median
from benchmarks.statements import Script, pgbench
from benchmarks.system import SERVER_CORE, Watch, is_quiet, pin

_STORES = 8
"""Stores that are bought from at once; an order's number is counted in its store, one after the other."""
_VARIANTS = 8
"""Variants of each store that the limit buys: enough that its clients seldom wait for one another."""
_AT_ONCE = 16
"""Flows under way: as many as the limit's clients. Both cores are full with 12; 32 cost each a tenth more."""
BUYERS, STOCK = 500, 100
# D-061
FLOWS, BARE_REQUESTS = 400, 40_000
"""Flows a second that are the aim on a machine on which a bare handler answers so many requests a second: how fast
the machine is at this moment is measured, for it changes by half while nothing of ours runs."""
_BARE_BYTES = 4096


def _targets(bench: Bench) -> list[Any]:
    return [[store.publishable_key, store.variant_ids] for store in bench.stores[:_STORES]]


def _job(bench: Bench, kind: str) -> load.Job:
    seconds = max(bench.options.seconds, 3)
    return bench.own_job(kind, _targets(bench), seconds=seconds, connections=_AT_ONCE)


def _put(store: Store, variant: int) -> dict[str, Any]:
    return {"variant_id": store.variant_ids[variant], "quantity": 1}


def carts(bench: Bench) -> list[Piece]:
    """A new cart, and an item in it: two requests."""
    stores = bench.stores

    async def flow(call: Caller, number: int) -> None:
        store = stores[number % _STORES]
        cart = await call("POST", "/storefront/carts", store.publishable_key, {}, 201)
        item = _put(store, number // _STORES)
        await call("POST", f"/storefront/carts/{cart['id']}/items", store.publishable_key, item, 201)

    return [_compare(bench, "cart: create and add", "cart", flow, 0.3, "carts", "cart_items")]


def checkout(bench: Bench) -> list[Piece]:
    """Cart, item, address, shipping, order with reservation and approved payment: five requests."""
    stores = bench.stores

    async def flow(call: Caller, number: int) -> None:
        store = stores[number % _STORES]
        key = store.publishable_key
        cart = await call("POST", "/storefront/carts", key, {}, 201)
        path = f"/storefront/carts/{cart['id']}"
        await call("POST", f"{path}/items", key, _put(store, number // _STORES), 201)
        await call("PATCH", path, key, {"shipping_address": ADDRESS})
        await call("PATCH", path, key, {"shipping_method_id": "standard"})
        order = {"email": "ana@example.com", "provider": "sandbox", "sandbox_token": "approved"}
        await call("POST", f"{path}/checkout", key, order, 201)

    piece = _compare(
        bench, "checkout flow", "checkout", flow, 0.3, "orders", "payments where status = 'paid'"
    )
    return [piece, _flows_a_second(bench), _paid(bench)]


def _flows_a_second(bench: Bench) -> Piece:
    """How many flows a second, beside a bare handler that tells how fast the machine is at this moment."""
    body = bench.file("bare.json", b'{"bare":"%s"}' % (b"x" * (_BARE_BYTES - 11)))
    limit = bench.deployment.start_limit("bytes", LIMIT_BODY=str(body))
    job = _job(bench, "checkout")
    bench.drive_get(limit, LIMIT_PORT, "/bare", {})
    watch = Watch()
    pairs = [
        (bench.drive(bench.api, job), bench.drive_get(limit, LIMIT_PORT, "/bare", {}))
        for _ in range(bench.options.rounds)
    ]
    bench.deployment.stop_process(limit)
    # What its core can answer, whether or not the load asked for as much.
    bare = [1e6 / limit.cpu_us for _, limit in pairs]
    aims = [capacity / BARE_REQUESTS * FLOWS for capacity in bare]
    ratio = median([ours.rate / aim for (ours, _), aim in zip(pairs, aims, strict=True)])
    rate = median([ours.rate for ours, _ in pairs])
    return Piece(
        piece="checkout flows a second",
        ours=rate,
        unit="flows/s",
        aim=f">= {FLOWS} where a bare handler answers {BARE_REQUESTS:,}",
        met=rate >= FLOWS or ratio >= 1,
        limit=median(aims),
        ratio=ratio,
        cpu_us=median([ours.cpu_us for ours, _ in pairs]),
        quiet=is_quiet(watch.others()),
        note=f"a bare handler answers {median(bare):,.0f} requests/s at this moment, so the aim is {median(aims):.0f}; "
        f"on the machine of the aim these are {ratio * FLOWS:.0f}; the best of {len(pairs)} samples of {job.seconds:.0f} s: "
        f"{max(ours.rate for ours, _ in pairs):.0f}",
        details={"aim_ratio": 1.0, "samples": [[vars(side) for side in pair] for pair in pairs]},
    )


def _compare(bench: Bench, name: str, kind: str, flow: Any, aim: float, *counted: str) -> Piece:
    api = bench.api
    rounds = record(bench.deployment, flow, _STORES * _VARIANTS)
    script = Script(rounds)

    def ours() -> Sample:
        before = [data.count(bench.deployment, f"select count(*) from {table}") for table in counted]
        used = api.cpu()
        outcome = load.run(_job(bench, kind))
        used = api.cpu() - used
        if outcome.errors:
            raise RuntimeError(f"{name}: {outcome.errors} errors: {outcome.notes}")
        for table, old in zip(counted, before, strict=True):
            made = data.count(bench.deployment, f"select count(*) from {table}") - old
            if made != outcome.operations:
                raise RuntimeError(f"{name}: {outcome.operations} flows left {made} rows in {table}.")
        return Sample(outcome.rate, used / outcome.operations * 1e6)

    def bare() -> Sample:
        done = pgbench(bench.deployment, script, seconds=max(bench.options.seconds, 6))
        return Sample(done.rate, done.postgres_cpu_us)

    note = f"{script.statements} round trips in the transactions of one flow; the limit's CPU is PostgreSQL's"
    return bench.piece_by_rate(name, bench.compare(ours, bare), aim, "flows/s", note)


def _paid(bench: Bench) -> Piece:
    """Whether the worker brings every order of these flows to `paid`, and how fast."""
    deployment = bench.deployment
    # What pgbench replayed is no true order (its events name orders of the recording): it is out of the way first.
    data.execute(deployment, "delete from event_outbox")
    job = bench.own_job("checkout", _targets(bench), seconds=2)
    marker = ids.new_id()
    outcome = load.run(job)
    worker = deployment.start_worker()
    watch = Watch()
    began = time.monotonic()
    fresh = f"select count(*) from orders where status = 'payment_pending' and id > '{marker}'"
    while time.monotonic() - began < 60 and data.count(deployment, fresh):
        time.sleep(0.05)
    seconds = time.monotonic() - began
    remaining = data.count(deployment, fresh)
    deployment.stop_process(worker)
    return Piece(
        piece="orders brought to paid by a worker",
        ours=(outcome.operations - remaining) / seconds,
        unit="orders/s",
        aim="all of them",
        met=remaining == 0 and not outcome.errors,
        quiet=is_quiet(watch.others()),
        note=f"{outcome.operations} orders, {remaining} left",
    )


def buyers(bench: Bench) -> list[Piece]:
    """500 buyers at once of a product of which there are 100."""
    deployment, store = bench.deployment, bench.stores[_STORES]
    watch = Watch()
    ended = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmarks.hotrow",
            ids.decode(Kind.STORE, store.id).hex,
            str(BUYERS),
            str(STOCK),
        ],
        env=deployment.environment(BENCH_ADMIN_URL=deployment.admin_url),
        stdout=subprocess.PIPE,
    )
    pin(ended.pid, SERVER_CORE)
    found = json.loads(ended.communicate(timeout=120)[0])
    ratio = found["ours"] / found["limit"]
    pieces = [
        Piece(
            piece="500 buyers of one product: reservation",
            ours=found["ours"],
            unit="attempts/s",
            aim=">= 0.4",
            met=ratio >= 0.4 and found["sold"] == STOCK,
            limit=found["limit"],
            ratio=ratio,
            note=f"in process, 16 connections; {found['sold']} of {STOCK} were sold in every round",
            quiet=is_quiet(watch.others()),
            details={"aim_ratio": 0.4, **found},
        )
    ]
    return [*pieces, _buyers_over_http(bench, store)]


def _buyers_over_http(bench: Bench, store: Store) -> Piece:
    deployment, api = bench.deployment, bench.api
    body = {**data.SAMPLE, "name": "The last ones", "handle": f"last-{ids.new_id().hex[-8:]}", "images": []}
    body |= {"options": [], "variants": [{"price": 1000, "on_hand": STOCK}]}
    product = deployment.call("POST", "/admin/products", key=store.secret_key, body=body, expect=201)
    variant = product["variants"][0]["id"]
    targets = []
    for _ in range(BUYERS):
        item = {"items": [{"variant_id": variant, "quantity": 1}]}
        cart = deployment.call("POST", "/storefront/carts", key=store.publishable_key, body=item, expect=201)
        targets.append([store.publishable_key, f"/storefront/carts/{cart['id']}"])
    watch, before = Watch(), api.cpu()
    job = load.Job("buyer", API_PORT, seconds=60, connections=100, targets=targets, count=BUYERS)
    outcome = load.run(job)
    used = api.cpu() - before
    bought = outcome.notes.get("bought", 0)
    return Piece(
        piece="500 buyers of one product: whole checkouts",
        ours=outcome.rate,
        unit="buyers/s",
        aim=f"exactly {STOCK} sold",
        met=bought == STOCK and outcome.operations == BUYERS and not outcome.errors,
        cpu_us=used / max(outcome.operations, 1) * 1e6,
        note=f"over HTTP, 100 connections: {outcome.notes}",
        quiet=is_quiet(watch.others()),
    )
