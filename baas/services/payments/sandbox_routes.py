"""The hosted page of the sandbox, on which a person decides how a payment ends."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from baas.core.db import StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.scope import Caller, CallerKind, StoreScope
from baas.core.serving import envelope
from baas.core.serving.context import Context, Ctx
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.payments import service
from baas.services.payments.providers import providers_of, sandbox_page
from baas.services.payments.providers.base import Inbound, NotificationRefused
from baas.services.payments.providers.sandbox import OUTCOMES, Page, Sandbox
from baas.services.payments.schemas import PaymentStatus
from baas.tenants.routes import Tenancy


@get(
    "/sandbox/{store_id:str}/{payment_id:str}/{token:str}",
    public=True,
    tags=["sandbox"],
    summary="Sandbox payment page",
    media_type="text/html",
)
async def show_sandbox_page(
    ctx: Ctx,
    tenancy: NamedDependency[Tenancy],
    store_id: FromPath[str],
    payment_id: FromPath[str],
    token: FromPath[str],
) -> Response[bytes]:
    """The hosted page of a sandbox payment, where a person decides how it ends."""
    scope = await _sandbox_scope(ctx, tenancy, store_id)
    async with ctx.runtime.database.fast(scope) as work:
        page = await _page(ctx, work, ids.decode(Kind.PAYMENT, payment_id), token)
    return _html(page, scope)


@post(
    "/sandbox/{store_id:str}/{payment_id:str}/{token:str}",
    public=True,
    status_code=200,
    tags=["sandbox"],
    summary="Decide a sandbox payment",
)
async def decide_sandbox_payment(
    ctx: Ctx,
    tenancy: NamedDependency[Tenancy],
    store_id: FromPath[str],
    payment_id: FromPath[str],
    token: FromPath[str],
) -> Response[Any]:
    """What the page's form sends: `outcome` is `approved`, `rejected` or `pending`, as a form or as JSON.

    JSON is answered with JSON; a form with the page, or with the way back to the shop once it is approved.
    """
    scope = await _sandbox_scope(ctx, tenancy, store_id)
    identity = ids.decode(Kind.PAYMENT, payment_id)
    content_type = ctx.header(b"content-type") or ""
    inbound = Inbound(
        headers={"content-type": content_type},
        query={"payment": payment_id, "token": token},
        body=ctx.body,
    )
    providers = providers_of(ctx.runtime)
    async with ctx.runtime.database.fast(scope, rollback=ctx.dry_run) as work:
        page = await _page(ctx, work, identity, token)
        try:
            payment = await service.notified(work, providers, Sandbox.name, identity, inbound)
        except NotificationRefused:
            raise ValidationFailed.field("outcome", f"one of {', '.join(OUTCOMES)}") from None
    if content_type.startswith("application/json"):
        answer = {
            "payment_id": payment.id,
            "status": payment.status,
            "provider_status": payment.provider_status,
        }
        body = envelope.success(envelope.encode(answer), ctx.request_id, dry_run=ctx.dry_run)
        return Response(body, status_code=200, media_type="application/json")
    if payment.status is PaymentStatus.PAID and page.return_url:
        headers = sandbox_page.headers(page)
        headers["Location"] = sandbox_page.return_address(page.return_url, payment.id, "approved")
        return Response(b"", status_code=303, headers=headers, media_type="text/html")
    return _html(msgspec.structs.replace(page, status=payment.provider_status or page.status), scope)


async def _sandbox_scope(ctx: Context, tenancy: Tenancy, store_id: str) -> StoreScope:
    scope = await tenancy.keys.scope_for_job(ids.decode(Kind.STORE, store_id), ctx.request_id)
    if scope.mode not in Sandbox.modes:
        raise NotFound
    return msgspec.structs.replace(scope, caller=Caller(CallerKind.PROVIDER, Sandbox.name))


async def _page(ctx: Context, work: StoreWork, payment_id: UUID, token: str) -> Page:
    try:
        return await Sandbox(ctx.runtime.settings.base_url).connect(work, None).page(payment_id, token)
    except NotificationRefused:
        raise NotFound from None


def _html(page: Page, scope: StoreScope) -> Response[bytes]:
    body = sandbox_page.render(page, store_name=scope.store.name, locale=scope.store.locale)
    return Response(body, media_type="text/html", headers=sandbox_page.headers(page))


ROUTES: list[Any] = [show_sandbox_page, decide_sandbox_payment]
