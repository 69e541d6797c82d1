"""`/dev/inbox`: the mail of this machine's test stores, as it will look. Only in development.

A mail is a page by somebody else: it is shown in a frame without scripts, forms or an origin, from an address
whose own headers say the same.
"""

from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from baas.core.errors import NotFound
from baas.core.scope import StoreScope
from baas.core.serving.context import Ctx
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.notifications import inbox_page
from baas.services.notifications.processes import senders_of
from baas.services.notifications.service import inbox
from baas.tenants.routes import Tenancy

_PAGE_HEADERS: Final = {
    "Content-Security-Policy": inbox_page.POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_MAIL_HEADERS: Final = {
    **_PAGE_HEADERS,
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
        " img-src http: https: data:; frame-ancestors 'self'"
    ),
}


def _page(html: str) -> Response[str]:
    return Response(html, media_type=MediaType.HTML, headers=_PAGE_HEADERS)


def _refuse_strangers(ctx: Ctx) -> None:
    """Answer only to this machine's names: a page elsewhere may let a name of its own lead here (DNS rebinding)."""
    host = urlsplit(f"//{ctx.header(b'host') or ''}").hostname
    if host not in {"localhost", "127.0.0.1", "::1", urlsplit(ctx.runtime.settings.base_url).hostname}:
        raise NotFound


async def _scopes(ctx: Ctx, tenancy: Tenancy) -> list[StoreScope]:
    _refuse_strangers(ctx)
    return await inbox.scopes(ctx.runtime.database, tenancy.keys, ctx.request_id)


@get("/dev/inbox", public=True, include_in_schema=False)
async def show_inbox(ctx: Ctx, tenancy: NamedDependency[Tenancy]) -> Response[str]:
    """The newest mails of all stores."""
    mails = await inbox.newest(ctx.runtime.database, await _scopes(ctx, tenancy))
    return _page(inbox_page.listed(mails))


@get("/dev/inbox/{store_id:str}/{notification_id:str}", public=True, include_in_schema=False)
async def show_mail(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str], notification_id: FromPath[str]
) -> Response[str]:
    """One mail: its headers, how it looks, and its text."""
    scope, identity = await _named(ctx, tenancy, store_id, notification_id)
    mail = await inbox.mail(ctx.runtime.database, scope, senders_of(ctx.runtime), identity)
    mails = await inbox.newest(ctx.runtime.database, await _scopes(ctx, tenancy))
    return _page(inbox_page.opened(mail, mails))


@get("/dev/inbox/{store_id:str}/{notification_id:str}/html", public=True, include_in_schema=False)
async def show_mail_html(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str], notification_id: FromPath[str]
) -> Response[str]:
    """The HTML part alone, for the frame."""
    scope, identity = await _named(ctx, tenancy, store_id, notification_id)
    mail = await inbox.mail(ctx.runtime.database, scope, senders_of(ctx.runtime), identity)
    return Response(mail.html or "", media_type=MediaType.HTML, headers=_MAIL_HEADERS)


async def _named(ctx: Ctx, tenancy: Tenancy, store_id: str, notification_id: str) -> tuple[StoreScope, UUID]:
    _refuse_strangers(ctx)
    scope = await tenancy.keys.scope_for_job(ids.decode(Kind.STORE, store_id), ctx.request_id)
    return scope, ids.decode(Kind.NOTIFICATION, notification_id)


ROUTES: list[HTTPRouteHandler | Any] = [show_inbox, show_mail, show_mail_html]
"""For the application's root, and only in development."""
