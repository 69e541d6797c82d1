"""Two senders of the delivery piece, each a process of its own.

`bare PORT COUNT CONCURRENCY` posts as fast as the HTTP client alone can. `commit STORE PACE [STORE…]` commits
events of a store one by one and prints when each was committed, while it gives the other stores PACE events a
second.
"""

import asyncio
import json
import os
import sys
import time
from uuid import UUID

import aiohttp
import uvloop

from baas.assembly import close_runtime, open_runtime
from baas.core.settings import load_settings
from baas.core.work import outbox
from baas.core.work.event_types import CustomType
from baas.tenants.door.keys import KeyTable

_SINGLE = 150
_BODY = json.dumps(
    {"id": "evt_01h455vb4pex5vsknk084sn02q", "data": {"number": 1, "text": "x" * 700}}
).encode()


async def bare(port: int, count: int, concurrency: int) -> None:
    """Posts of the same size, a loop for each place."""
    left = iter(range(count))
    headers = {"content-type": "application/json", "webhook-id": "evt_bare", "webhook-timestamp": "1"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one() -> None:
            for _ in left:
                async with session.post(
                    f"http://127.0.0.1:{port}/hook", data=_BODY, headers=headers
                ) as answer:
                    await answer.read()

        await asyncio.gather(*(one() for _ in range(concurrency)))  # opens the connections
        left = iter(range(count))
        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one() for _ in range(concurrency)))
        seconds, used = time.perf_counter() - began, time.process_time() - used
    sys.stdout.write(json.dumps({"rate": count / seconds, "cpu_us": used / count * 1e6}))


async def commit(store: UUID, pace: float, others: list[UUID]) -> None:
    """Events that are committed one by one."""
    runtime = open_runtime(load_settings(os.environ))
    database = await runtime.database.open()
    database.signals.on_events = lambda: runtime.nudger.nudge("relay")
    runtime.nudger.start()
    table = KeyTable(database, runtime.settings.secret)
    committed: dict[str, float] = {}

    async def emit(owner: UUID, number: int) -> str:
        async with database.fast(await table.scope_for_job(owner, "req_benchmark")) as work:
            data = {"number": number, "text": "x" * 700}
            return await outbox.emit(
                work, CustomType("custom.benchmark"), subject=f"benchmark-{number}", data=data
            )

    async def background() -> None:
        number, began = 0, time.perf_counter()
        while True:
            due = int((time.perf_counter() - began) * pace)
            while number < due:
                await asyncio.gather(
                    *(emit(others[n % len(others)], n) for n in range(number, min(number + 16, due)))
                )
                number = min(number + 16, due)
            await asyncio.sleep(0.002)

    noise = asyncio.create_task(background()) if pace else None
    await asyncio.sleep(1.0)
    for number in range(_SINGLE):
        event = await emit(store, 10**6 + number)
        committed[event] = time.time()
        await asyncio.sleep(0.02)
    if noise is not None:
        noise.cancel()
        await asyncio.gather(noise, return_exceptions=True)
    await asyncio.sleep(0.1)
    await close_runtime(runtime)
    sys.stdout.write(json.dumps(committed))


def main() -> None:
    """Run what the arguments name."""
    kind, *rest = sys.argv[1:]
    work = (
        bare(*map(int, rest))
        if kind == "bare"
        else commit(UUID(rest[0]), float(rest[1]), [UUID(one) for one in rest[2:]])
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
