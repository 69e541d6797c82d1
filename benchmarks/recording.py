"""What a request or a worker asks of the database, written down as it happens, for pgbench to ask it again.

The application is made in this process, a flow is run through it several times, and the driver's own log gives the
statements with their arguments.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from baas.app import create_app
from baas.assembly import close_runtime
from baas.core.db import connect
from baas.core.observe.logging import configure_logging
from baas.core.schema import roles
from baas.core.settings import Settings, load_settings
from baas.worker import Worker, create_worker
from benchmarks.deployment import Deployment


@dataclass
class Statement:
    """One statement as the driver sent it."""

    sql: str
    arguments: tuple[Any, ...]
    kinds: tuple[str, ...] = ()
    role: str = roles.APP


class Caller:
    """Asks the application in this process over ASGI."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, method: str, path: str, key: str, body: Any = None, expect: int = 200) -> Any:
        """The `data` of the answer."""
        sent = msgspec.json.encode(body) if body is not None else b""
        raw_path, _, query = f"/api/v1{path}".partition("?")
        headers = [(b"x-api-key", key.encode()), (b"content-type", b"application/json")]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": raw_path, "raw_path": raw_path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "state": {},
        }  # fmt: skip
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        answer = b"".join(message.get("body", b"") for message in messages[1:])
        if messages[0]["status"] != expect:
            raise RuntimeError(f"{method} {path}: {messages[0]['status']}: {answer[:300]!r}")
        return msgspec.json.decode(answer)["data"] if answer else None


Flow = Callable[[Caller, int], Awaitable[None]]
"""Runs the requests of one round. Rounds with the same number want the same things."""


def record(
    deployment: Deployment, flow: Flow, numbers: int = 1, rounds: int = 2
) -> list[list[list[Statement]]]:
    """The app role's statements of a flow: for each number, for each round, in order."""
    return asyncio.run(_record(deployment, flow, numbers, rounds, None))[0]


Drained = Callable[[Worker], Awaitable[None]]
"""Lets a worker do all that follows from a flow."""


def record_worker(
    deployment: Deployment, flow: Flow, drain: Drained, numbers: int, rounds: int = 2
) -> tuple[list[list[list[Statement]]], list[list[list[Statement]]]]:
    """The statements of a flow, and those of a worker that does what follows from it, in both of its roles."""
    return asyncio.run(_record(deployment, flow, numbers, rounds, drain))


async def _record(
    deployment: Deployment, flow: Flow, numbers: int, rounds: int, drain: Drained | None
) -> tuple[list[list[list[Statement]]], list[list[list[Statement]]]]:
    heard: list[Statement] = []

    def hear(query: Any) -> None:
        if query.conn_params.user in {roles.APP, roles.RELAY}:
            heard.append(Statement(query.query, tuple(query.args or ()), role=query.conn_params.user))

    async def listen(step: Awaitable[None]) -> list[Statement]:
        await asyncio.sleep(0.005)  # the driver tells of a statement a moment later
        heard.clear()
        await step
        await asyncio.sleep(0.005)
        return [one for one in heard if not one.sql.startswith(("listen", "select pg_"))]

    prepare = connect.prepare_connection

    async def prepare_and_listen(connection: Any) -> None:
        await prepare(connection)
        connection.add_query_logger(hear)

    configure_logging("ERROR")  # the application runs in this process, whose output is the table
    connect.prepare_connection = prepare_and_listen
    settings = load_settings(deployment.environment(BAAS_LOG_LEVEL="ERROR"))
    try:
        app = create_app(settings)
        flows, drains = [], []
        async with app.lifespan(), _worker(settings if drain is not None else None) as worker:
            caller = Caller(app)
            for number in range(numbers):
                several, followed = [], []
                for turn in range(rounds + 1):
                    asked = await listen(flow(caller, number))
                    done = await listen(drain(worker)) if drain is not None and worker is not None else []
                    if turn:  # the first one also fills caches and prepares
                        several.append([one for one in asked if one.role == roles.APP])
                        followed.append(done)
                flows.append(several)
                drains.append(followed)
    finally:
        connect.prepare_connection = prepare
    await _learn_kinds(deployment, [*flows, *drains])
    return flows, drains


@asynccontextmanager
async def _worker(settings: Settings | None) -> AsyncIterator[Worker | None]:
    """A worker in this process whose loops are turned by hand."""
    if settings is None:
        yield None
        return
    worker = create_worker(settings)
    await worker.runtime.database.open()
    try:
        yield worker
    finally:
        await close_runtime(worker.runtime)


async def _learn_kinds(deployment: Deployment, found: list[list[list[Statement]]]) -> None:
    connection = await asyncpg.connect(deployment.admin_url)
    known: dict[str, tuple[str, ...]] = {}
    try:
        for statement in (one for store in found for several in store for one in several):
            if statement.arguments and statement.sql not in known:
                prepared = await connection.prepare(statement.sql)
                known[statement.sql] = tuple(kind.name for kind in prepared.get_parameters())
            statement.kinds = known.get(statement.sql, ())
    finally:
        await connection.close()
