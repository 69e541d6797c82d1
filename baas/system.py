"""Endpoints about the deployment itself, outside the base path: health, readiness, metrics, documents."""

import asyncio
import time
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from baas import __version__
from baas.core.crypto import equal
from baas.core.errors import Unauthenticated
from baas.core.observe import metrics
from baas.core.runtime import Runtime
from baas.core.schema.migrations import Schema
from baas.core.serving.context import Ctx
from baas.core.work import heartbeat

PATIENCE: Final = 1.0
"""Seconds that a check may take."""
KEPT: Final = 2.0
"""Seconds that readiness keeps its last answer, so that probes cost nothing."""
KEPT_WRONG: Final = 0.1
"""Seconds that it keeps one that found something wrong: who waits for a start asks until that is over."""


class Check(msgspec.Struct, frozen=True):
    """One thing that has to work, whether it does, and if not, what is wrong."""

    name: str
    ok: bool
    problem: str | None = None


class Readiness:
    """Whether the deployment is whole: PostgreSQL, Redis, the schema, and a worker that lives.

    Requests go on without Redis and without a worker, so this is for whoever starts and watches a deployment;
    a balancer that has to know whether a process serves asks `/health`.
    """

    def __init__(self, runtime: Runtime, schema: Schema) -> None:
        self._runtime = runtime
        self._schema_wanted = schema
        self._kept: list[Check] = []
        self._kept_until = 0.0

    async def checks(self) -> list[Check]:
        """The checks, at most KEPT seconds old."""
        if time.monotonic() >= self._kept_until:
            self._kept = list(await asyncio.gather(self._schema(), self._redis(), self._worker()))
            kept = KEPT if all(check.ok for check in self._kept) else KEPT_WRONG
            self._kept_until = time.monotonic() + kept
        return self._kept

    async def _schema(self) -> Check:
        try:
            async with asyncio.timeout(PATIENCE):
                row = await self._runtime.database.lookup(Schema.STATE)
        except Exception as error:
            return Check("postgresql", ok=False, problem=f"does not answer ({type(error).__name__})")
        problem = self._schema_wanted.problem(row)
        return Check("postgresql", ok=problem is None, problem=problem)

    async def _redis(self) -> Check:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._runtime.redis.ping()
        except Exception as error:
            return Check("redis", ok=False, problem=f"does not answer ({type(error).__name__})")
        return Check("redis", ok=True)

    async def _worker(self) -> Check:
        try:
            async with asyncio.timeout(PATIENCE):
                age = await heartbeat.last_beat_age(self._runtime.database)
        except Exception as error:
            return Check("worker", ok=False, problem=f"cannot be asked for ({type(error).__name__})")
        if age is None or age > heartbeat.STALE:
            seen = "none runs" if age is None else f"last seen {age // timedelta(seconds=1)} s ago"
            return Check("worker", ok=False, problem=seen)
        return Check("worker", ok=True)


@get("/health", public=True, include_in_schema=False)
async def health() -> dict[str, str]:
    """The process lives. Touches nothing else, so that a slow database restarts no process."""
    return {"status": "ok", "version": __version__}


# D-033: whole, with worker and Redis; a load balancer asks `/health`.
@get("/ready", public=True, include_in_schema=False)
async def ready(readiness: NamedDependency[Readiness]) -> Response[dict[str, Any]]:
    """Whether everything is there: 200, or 503 with what is wrong."""
    checks = await readiness.checks()
    usable = all(check.ok for check in checks)
    body = {"ready": usable, "checks": [msgspec.structs.asdict(check) for check in checks]}
    return Response(body, status_code=200 if usable else 503, headers={"Cache-Control": "no-store"})


@get("/metrics", public=True, include_in_schema=False)
async def metrics_page(request: Request[Any, Any, Any], ctx: Ctx) -> Response[bytes]:
    """Prometheus metrics of this process; behind a token when the deployment sets one."""
    token = ctx.runtime.settings.metrics_token
    given = request.headers.get("authorization", "")
    if token is not None and not equal(given, f"Bearer {token}"):
        raise Unauthenticated("The metrics need their token.")
    return Response(metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})


ROUTES: list[HTTPRouteHandler | Any] = [health, ready, metrics_page]
