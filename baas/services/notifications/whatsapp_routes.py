"""Where Meta reports what became of the messages that went over a store's WhatsApp number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import msgspec
from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from baas.core.db import StoreWork
from baas.core.errors import (
    InsufficientScope,
    MalformedJson,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    Unauthenticated,
)
from baas.core.scope import Caller, CallerKind
from baas.core.serving.context import Context, Ctx
from baas.core.serving.envelope import Data
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.notifications.schemas import ReportsTaken
from baas.services.notifications.service import reports
from baas.tenants.routes import Tenancy

MAX_BODY: Final = 3 * 1024 * 1024
"""Bytes that Meta may post at once."""


@asynccontextmanager
async def _work_for_meta(ctx: Context, tenancy: Tenancy, store_id: str) -> AsyncIterator[StoreWork]:
    """A transaction of the store that the address names; whoever then cannot prove to be Meta is counted."""
    try:
        scope = await tenancy.keys.scope_for_job(ids.decode(Kind.STORE, store_id), ctx.request_id)
        scope = msgspec.structs.replace(scope, caller=Caller(CallerKind.PROVIDER, "whatsapp"))
        async with ctx.runtime.database.fast(scope, rollback=ctx.dry_run) as work:
            yield work
    except (NotFound, Unauthenticated, InsufficientScope):
        await tenancy.doubt(ctx.address)
        raise


@get(
    "/webhooks/whatsapp/{store_id:str}",
    public=True,
    tags=["notifications"],
    summary="Answer Meta's check of the address",
    media_type=MediaType.TEXT,
    refuses=(InsufficientScope, RateLimited),
)
async def verify_whatsapp_receiver(
    ctx: Ctx,
    tenancy: NamedDependency[Tenancy],
    store_id: FromPath[str],
    mode: Annotated[str, QueryParameter(name="hub.mode", max_length=50, description="`subscribe`.")],
    verify_token: Annotated[
        str,
        QueryParameter(name="hub.verify_token", max_length=200, description="As in the store's settings."),
    ],
    challenge: Annotated[
        str, QueryParameter(name="hub.challenge", max_length=200, description="What is answered.")
    ],
) -> Response[bytes]:
    """What Meta asks when the address is registered: the challenge comes back when the store's `verify_token` is right."""
    async with _work_for_meta(ctx, tenancy, store_id) as work:
        if mode != "subscribe":
            raise InsufficientScope("Meta's check has hub.mode=subscribe.")
        await reports.check_token(work, ctx.runtime.keyring, verify_token)
    return Response(
        challenge.encode(), media_type=MediaType.TEXT, headers={"X-Content-Type-Options": "nosniff"}
    )


@post(
    "/webhooks/whatsapp/{store_id:str}",
    public=True,
    status_code=200,
    tags=["notifications"],
    summary="Take WhatsApp's reports",
    max_body=MAX_BODY,
    refuses=(MalformedJson, Unauthenticated, PayloadTooLarge, RateLimited),
)
async def receive_whatsapp_reports(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str]
) -> Response[Data[ReportsTaken]]:
    """The address that Meta tells what became of messages: delivered, read or failed.

    Signed with the Meta app's secret (`X-Hub-Signature-256`); anything else is a 401 and moves nothing. Reports about
    other numbers and unknown messages are passed over.
    """
    signature = ctx.header(b"x-hub-signature-256")
    async with _work_for_meta(ctx, tenancy, store_id) as work:
        taken = await reports.receive(work, ctx.runtime.keyring, ctx.body, signature)
    return ctx.answer(taken, dry_run=ctx.dry_run)


ROUTES: list[HTTPRouteHandler | Any] = [verify_whatsapp_receiver, receive_whatsapp_reports]
