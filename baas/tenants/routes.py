"""A store's own endpoints: itself, its keys, its usage, its audit log."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from baas.core.db import StoreSession
from baas.core.errors import RateLimited
from baas.core.observe.metrics import observe_rate_limited
from baas.core.redis.ratelimit import RateLimiter
from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT
from baas.core.serving.parameters import Cursor, Include, Limit
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.tenants import service, test_clock
from baas.tenants.door.keys import KeyTable
from baas.tenants.schemas import (
    ApiKeyOut,
    AuditLineOut,
    CreateApiKey,
    CreatedApiKey,
    RotateApiKey,
    StorefrontStore,
    StoreOut,
    UpdateStore,
    Usage,
)
from baas.tenants.test_clock import AdvanceClock, TestClock

UNPROVEN_PER_MINUTE: Final = 120
"""Requests from one address that should have proved who sends them and did not, before it has to wait."""


class Tenancy(msgspec.Struct, frozen=True):
    """What these handlers need beside the context: brought by the application."""

    keys: KeyTable
    counters: service.Counters
    limiter: RateLimiter

    async def doubt(self, address: str | None) -> None:
        """Count a request that did not prove who sent it. Raises RateLimited for an address that sent many."""
        verdict = await self.limiter.check(f"unproven:{address}", UNPROVEN_PER_MINUTE)
        if not verdict.allowed:
            observe_rate_limited("address")
            raise RateLimited(limit=verdict.limit, retry_after=verdict.retry_after)


Word = Annotated[str | None, QueryParameter(max_length=120)]


@get("/storefront/store", needs="storefront", tags=["store"], summary="The store", cached=True)
async def get_storefront_store(ctx: Ctx) -> Response[Data[StorefrontStore]]:
    """Name, currency and language of the store, for the pages that show it."""
    return ctx.cached_by_caller(service.storefront_store(ctx.scope))


@get("/admin/store", needs="store:read", tags=["store"], summary="Get the store")
async def get_store(ctx: Ctx) -> Response[Data[StoreOut]]:
    """The store of the key, with its settings."""
    return await ctx.read(service.get_store)


@patch("/admin/store", needs="store:write", tags=["store"], summary="Update the store")
async def update_store(ctx: Ctx, data: JSONBody[UpdateStore]) -> Response[Data[StoreOut]]:
    """Change the store's name, domain, locale, origins or settings; what is absent stays."""
    return await ctx.write(lambda session: service.update_store(session, data))


@get("/admin/usage", needs="store:read", tags=["store"], summary="Usage of the plan")
async def get_usage(ctx: Ctx, tenancy: NamedDependency[Tenancy]) -> Response[Data[Usage]]:
    """Each limit of the plan and how much of it is used."""
    return await ctx.read(lambda session: service.usage(session, tenancy.counters))


@get("/admin/api-keys", needs="keys:read", tags=["keys"], summary="List keys")
async def list_api_keys(
    ctx: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None, include: Include = None
) -> Response[Listed[ApiKeyOut]]:
    """The store's keys, newest first, without the keys themselves."""
    page = ctx.page("api-keys", limit=limit, cursor=cursor, include=include)
    return await ctx.read(lambda session: service.list_keys(session, page))


@post("/admin/api-keys", needs="keys:write", status_code=201, tags=["keys"], summary="Create a key")
async def create_api_key(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], data: JSONBody[CreateApiKey]
) -> Response[Data[CreatedApiKey]]:
    """Make a key; the answer is the only place where it is ever shown."""
    return await ctx.write(lambda session: service.create_key(session, tenancy.keys, data), status=201)


@post(
    "/admin/api-keys/{key_id:str}/rotate",
    needs="keys:write",
    status_code=201,
    tags=["keys"],
    summary="Rotate a key",
)
async def rotate_api_key(
    ctx: Ctx,
    tenancy: NamedDependency[Tenancy],
    key_id: FromPath[str],
    data: JSONBody[RotateApiKey | None] = None,
) -> Response[Data[CreatedApiKey]]:
    """Make a key with the same rights, and end the old one at once or after a grace period."""
    identity, body = ids.decode(Kind.API_KEY, key_id), data or RotateApiKey()
    return await ctx.write(
        lambda session: service.rotate_key(session, tenancy.keys, identity, body), status=201
    )


@delete(
    "/admin/api-keys/{key_id:str}", needs="keys:write", status_code=200, tags=["keys"], summary="Revoke a key"
)
async def revoke_api_key(ctx: Ctx, key_id: FromPath[str]) -> Response[Data[ApiKeyOut]]:
    """End a key: within one second no process accepts it any more."""
    identity = ids.decode(Kind.API_KEY, key_id)
    return await ctx.write(lambda session: service.revoke_key(session, identity))


@get("/admin/audit-log", needs="audit:read", tags=["audit"], summary="Audit log")
async def list_audit_log(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    subject: Word = None,
    action: Word = None,
) -> Response[Listed[AuditLineOut]]:
    """Who changed what, newest first; filtered by subject id or action."""
    page = ctx.page(f"audit:{subject}:{action}", limit=limit, cursor=cursor)
    return await ctx.read(lambda session: service.list_audit(session, page, subject=subject, action=action))


@get("/admin/test-clock", needs="store:read", tags=["store"], summary="Get the store's time")
async def get_test_clock(ctx: Ctx) -> Response[Data[TestClock]]:
    """The time as the store sees it; a test store's may be ahead."""

    async def verb(session: StoreSession) -> TestClock:
        return test_clock.read(session)

    return await ctx.read(verb)


@post(
    "/admin/test-clock",
    needs="store:write",
    status_code=200,
    tags=["store"],
    summary="Move a test store's time forward",
)
async def advance_test_clock(ctx: Ctx, data: JSONBody[AdvanceClock]) -> Response[Data[TestClock]]:
    """Move the time of a test store: what is due by then happens now, over the same code as in a live store."""
    by = test_clock.duration(data.advance)

    async def verb(session: StoreSession) -> TestClock:
        moved = await test_clock.advance(session, by)
        session.after_commit(ctx.runtime.nudger.nudge)
        return moved

    return await ctx.write(verb)


ROUTES: list[HTTPRouteHandler | Any] = [
    get_storefront_store,
    get_store,
    update_store,
    get_usage,
    list_api_keys,
    create_api_key,
    rotate_api_key,
    revoke_api_key,
    list_audit_log,
    get_test_clock,
    advance_test_clock,
]
