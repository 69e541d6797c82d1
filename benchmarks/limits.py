"""The limits over HTTP: bare handlers of the same framework under the same server, with nothing around them."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from litestar import Litestar, Response, get


@get("/health")
async def health() -> str:
    """Answers as soon as the process serves."""
    return "ok"


def application() -> Litestar:
    """The application that `LIMIT_KIND` names: `bytes` or `sql`."""
    return _bytes() if os.environ["LIMIT_KIND"] == "bytes" else _sql()


def _bytes() -> Litestar:
    body = Path(os.environ["LIMIT_BODY"]).read_bytes()

    @get("/bare")
    async def bare() -> Response[bytes]:
        return Response(body, media_type="application/json")

    @get("/unchanged")
    async def unchanged() -> Response[None]:
        return Response(None, status_code=304, headers={"ETag": '"0123456789abcdef01234567"'})

    return Litestar([health, bare, unchanged], openapi_config=None, logging_config=None)


def _sql() -> Litestar:
    """The statement of the measured read by bare asyncpg, without row level security, and msgspec around it."""
    plan = msgspec.json.decode(Path(os.environ["LIMIT_PLAN"]).read_bytes())
    sql, kinds = plan["sql"], plan["kinds"]
    arguments = itertools.cycle(
        [[_argument(*pair) for pair in zip(kinds, row, strict=True)] for row in plan["arguments"]]
    )
    pools: list[asyncpg.Pool] = []
    encode = msgspec.json.Encoder().encode

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        pools.append(
            await asyncpg.create_pool(
                os.environ["LIMIT_DATABASE_URL"],
                min_size=16,
                max_size=16,
                reset=_nothing,
                server_settings={"plan_cache_mode": "force_generic_plan"},
            )
        )
        yield
        await asyncio.wait_for(pools[0].close(), 5)

    @get("/bare")
    async def bare() -> Response[bytes]:
        async with pools[0].acquire() as connection:
            rows = await connection.fetch(sql, *next(arguments))
        documents = [msgspec.Raw(row["document"]) for row in rows]
        return Response(encode({"success": True, "data": documents}), media_type="application/json")

    return Litestar([health, bare], openapi_config=None, logging_config=None, lifespan=[lifespan])


async def _nothing(_connection: Any) -> None:
    """No reset: nothing was set."""


def _argument(kind: str, value: Any) -> Any:
    from uuid import UUID

    return UUID(value) if kind == "uuid" else value
