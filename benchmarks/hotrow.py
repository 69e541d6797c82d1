"""500 attempts at once to reserve one product, against the bare conditional update: a process of its own.

`python -m benchmarks.hotrow STORE BUYERS STOCK` prints attempts a second of both, and what was sold.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import uvloop

from baas.assembly import close_runtime, open_runtime
from baas.core.runtime import Runtime
from baas.core.scope import StoreScope
from baas.core.settings import load_settings
from baas.core.values import clock, ids
from baas.services.inventory import service as inventory
from baas.services.inventory.errors import InsufficientStock
from baas.tenants.door.keys import KeyTable

_ROUNDS = 5
_UPDATE = """
update inventory_levels set reserved = reserved + 1
where store_id = $1 and variant_id = $2 and on_hand - reserved >= 1
"""


async def main(store: UUID, buyers: int, stock: int) -> None:
    """Measure both in turns."""
    runtime = open_runtime(load_settings(os.environ))
    await runtime.database.open()
    admin = await asyncpg.connect(os.environ["BENCH_ADMIN_URL"])
    scope = await KeyTable(runtime.database, runtime.settings.secret).scope_for_job(store, "req_benchmark")
    variant = await admin.fetchval("select id from variants where store_id = $1 limit 1", store)
    bare = await asyncpg.create_pool(
        os.environ["BAAS_DATABASE_URL"], min_size=16, max_size=16, reset=_nothing
    )
    ours: list[float] = []
    limit: list[float] = []
    sold = set()
    for _ in range(_ROUNDS + 1):
        await _stock(admin, store, variant, stock)
        ours.append(await _measure(buyers, lambda: _reserve(runtime, scope, variant)))
        sold.add(await admin.fetchval("select reserved from inventory_levels where store_id = $1 and variant_id = $2",
                                      store, variant))  # fmt: skip
        await _stock(admin, store, variant, stock)
        limit.append(await _measure(buyers, lambda: _update(bare, store, variant)))
    await _stock(admin, store, variant, 1_000_000)
    await admin.close()
    await bare.close()
    await close_runtime(runtime)
    result = {
        "ours": buyers / statistics.median(ours[1:]),
        "limit": buyers / statistics.median(limit[1:]),
        "sold": sold.pop() if len(sold) == 1 else sorted(sold),
    }
    sys.stdout.write(json.dumps(result))


async def _measure(buyers: int, attempt: Any) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(attempt() for _ in range(buyers)))
    return time.perf_counter() - began


async def _reserve(runtime: Runtime, scope: StoreScope, variant: UUID) -> None:
    try:
        async with runtime.database.fast(scope) as work:
            until = clock.now(scope) + timedelta(minutes=30)
            await inventory.reserve(work, {variant: 1}, order_id=ids.new_id(), until=until)
    except InsufficientStock:
        pass  # most of them come too late


async def _update(pool: Any, store: UUID, variant: UUID) -> None:
    """The update alone, in the transaction that row level security needs."""
    async with pool.acquire() as connection:
        await connection.execute(f"begin; set local app.store_id = '{store}'")
        await connection.execute(_UPDATE, store, variant)
        await connection.execute("commit")


async def _stock(admin: Any, store: UUID, variant: UUID, number: int) -> None:
    await admin.execute(
        "update inventory_levels set on_hand = $3, reserved = 0, tracked = true, policy = 'deny'"
        " where store_id = $1 and variant_id = $2",
        store,
        variant,
        number,
    )


async def _nothing(_connection: Any) -> None:
    """No reset: nothing outlives a transaction."""


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(UUID(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
