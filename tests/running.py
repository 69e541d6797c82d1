"""A whole `baas dev` in processes of its own, and a receiver for its webhooks: for flows, faults and benchmarks."""

import asyncio
import json
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from aiohttp import web
from standardwebhooks import Webhook

from baas.cli import devstate
from baas.core.values import ids
from baas.core.values.ids import Kind
from tests import commandline

ROOT = Path(__file__).parents[1]


class RunningDev:
    """A `baas dev` that is ready, and requests to it."""

    def __init__(self, process: asyncio.subprocess.Process, ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.base_url: str = ready["base_url"]
        self.data_dir = Path(ready["data_dir"])
        self.http = httpx.AsyncClient(base_url=f"{self.base_url}/api/v1", timeout=30)

    @property
    def state(self) -> devstate.DevState:
        """What dev.json says now: process numbers change when something was killed."""
        state = devstate.find(self.data_dir)
        assert state is not None
        return state

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the deployment."""
        return self.state.prepared.environment

    async def call(
        self, method: str, path: str, *, key: str | None = None, expect: int | None = None, **options: Any
    ) -> httpx.Response:
        """A request with the secret key, or another."""
        headers = {"X-API-KEY": key or self.ready["secret_key"], **options.pop("headers", {})}
        response = await self.http.request(method, path, headers=headers, **options)
        if expect is not None:
            assert response.status_code == expect, (
                f"{method} {path}: {response.status_code} {response.text[:800]}"
            )
        return response

    async def patient(
        self, method: str, path: str, *, within: float = 60.0, **options: Any
    ) -> httpx.Response:
        """A request that is repeated while the server is away, as a good client does, with one Idempotency-Key."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            try:
                response = await self.call(method, path, **options)
                if response.status_code < 500 and not (
                    response.status_code == 409
                    and response.json()["error"]["code"] == "idempotency_in_progress"
                ):
                    return response
                problem = f"{response.status_code} {response.text[:300]}"
            except (httpx.TransportError, json.JSONDecodeError) as error:
                problem = repr(error)
            assert asyncio.get_running_loop().time() < deadline, f"{method} {path} got no answer: {problem}"
            await asyncio.sleep(0.1)

    async def baas(self, *arguments: str, expect: int = 0) -> Any:
        """A command on this deployment, as a person types it; answers its JSON, also that of a refusal."""
        environment = commandline.without_settings(BAAS_DATA_DIR=str(self.data_dir))
        ran = await commandline.run_apart(*arguments, "--json", environment=environment, expect=expect)
        return ran.json

    async def stop(self) -> int:
        """Ctrl-C, and the exit code."""
        await self.http.aclose()
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 20)

    async def in_store(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows as the app's own role, in the demo store."""
        connection = await asyncpg.connect(self.environment["BAAS_DATABASE_URL"])
        try:
            async with connection.transaction():
                store_id = ids.decode(Kind.STORE, self.ready["store_id"])
                await connection.execute("select set_config('app.store_id', $1, true)", str(store_id))
                rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
                return rows
        finally:
            await connection.close()


@asynccontextmanager
async def running_dev(data_dir: Path, port: int = 0, **environment: str) -> AsyncIterator[RunningDev]:
    """Start `baas dev` on a folder and a free port, or this one; it is stopped at the end."""
    process = await commandline.start(
        *("dev", "--data-dir", str(data_dir), "--port", str(port), "--json"),
        environment=commandline.without_settings(**environment),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    line = await asyncio.wait_for(process.stdout.readline(), 90)
    if not line:
        raise AssertionError((await process.stderr.read()).decode())
    dev = RunningDev(process, json.loads(line))
    try:
        yield dev
    finally:
        await dev.stop()


class Receiver:
    """A tenant's system: takes deliveries, verifies their signature, and remembers them by event."""

    def __init__(self) -> None:
        self.url = ""
        self.secret: str | None = None
        self.bodies: dict[str, list[bytes]] = defaultdict(list)
        self.unverified = 0

    def types(self) -> list[str]:
        """The types of the events that arrived, in the order of their first arrival."""
        return [msgspec.json.decode(bodies[0])["type"] for bodies in self.bodies.values()]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            Webhook(self.secret or "").verify(body, dict(request.headers))
        except Exception:
            self.unverified += 1
            return web.Response(status=400)
        self.bodies[request.headers["webhook-id"]].append(body)
        return web.Response(status=204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def register(dev: RunningDev, receiver: Receiver, *event_types: str) -> str:
    """Register the receiver as an endpoint of the demo store; answers the endpoint's id."""
    body = {"url": receiver.url, "event_types": list(event_types) or ["*"]}
    data = (await dev.call("POST", "/admin/webhook-endpoints", json=body, expect=201)).json()["data"]
    receiver.secret = data["secret"]
    return str(data["id"])


async def eventually(check: Any, *, within: float = 20.0, every: float = 0.1) -> Any:
    """Wait until an asynchronous check answers something true."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        value = await check()
        if value:
            return value
        assert asyncio.get_running_loop().time() < deadline, "did not come true in time"
        await asyncio.sleep(every)
