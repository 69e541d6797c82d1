"""Notifications over HTTP: the log, sending, settings."""

from typing import Annotated, Any

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from baas.core.db import StoreWork
from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT
from baas.core.serving.parameters import Cursor, Include, Limit
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.notifications import template_routes, whatsapp_routes
from baas.services.notifications.schemas import (
    Channel,
    Notification,
    NotificationDetail,
    NotificationFilter,
    NotificationStatus,
    PutSettings,
    SendNotification,
    Settings,
)
from baas.services.notifications.service import messages, settings

LOOP = "notifications"
"""The worker's loop that sends."""

Status = Annotated[NotificationStatus | None, QueryParameter(description="Only those in this state.")]
Way = Annotated[Channel | None, QueryParameter(description="Only those over this channel.")]
Word = Annotated[str | None, QueryParameter(max_length=254)]


def wake_sender(ctx: Ctx, work: StoreWork) -> None:
    """Something is due that no event announces: say so once it is committed."""
    work.after_commit(lambda: ctx.runtime.nudger.nudge(LOOP), once=LOOP)


@get("/admin/notifications", needs="notifications:read", tags=["notifications"], summary="List notifications")
async def list_notifications(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
    status: Status = None,
    channel: Way = None,
    template_key: Word = None,
    to: Word = None,
    about: Annotated[
        str | None,
        QueryParameter(max_length=200, description="The id of what it tells of, such as an order's."),
    ] = None,
) -> Response[Listed[Notification]]:
    """Every message with its state, newest first; filtered by state, channel, template, recipient or subject."""
    wanted = NotificationFilter(status=status, channel=channel, template_key=template_key, to=to, about=about)
    page = ctx.page(f"notifications:{wanted}", limit=limit, cursor=cursor, include=include)
    return await ctx.read_fast(lambda work: messages.list_notifications(work, page, wanted))


@post(
    "/admin/notifications",
    needs="notifications:write",
    status_code=201,
    tags=["notifications"],
    summary="Send a notification",
)
async def send_notification(ctx: Ctx, data: JSONBody[SendNotification]) -> Response[Data[Notification]]:
    """Queue a message over one channel: a template with its data, or a subject and a text.

    It is sent in the background; ask for it again, or listen to `notification.sent` and `notification.failed`.
    """

    async def verb(work: StoreWork) -> Notification:
        made = await messages.send(work, data)
        wake_sender(ctx, work)
        return made

    return await ctx.write_fast(verb, status=201)


@get(
    "/admin/notifications/{notification_id:str}",
    needs="notifications:read",
    tags=["notifications"],
    summary="Get a notification",
)
async def get_notification(ctx: Ctx, notification_id: FromPath[str]) -> Response[Data[NotificationDetail]]:
    """One message with its data, what it says, and every attempt to send it."""
    identity = ids.decode(Kind.NOTIFICATION, notification_id)
    return await ctx.read_fast(lambda work: messages.get_notification(work, identity))


@post(
    "/admin/notifications/{notification_id:str}/resend",
    needs="notifications:write",
    status_code=201,
    tags=["notifications"],
    summary="Send a notification again",
)
async def resend_notification(ctx: Ctx, notification_id: FromPath[str]) -> Response[Data[Notification]]:
    """Try a failed message again, or send a copy of one that was sent; with the template now in use."""
    identity = ids.decode(Kind.NOTIFICATION, notification_id)

    async def verb(work: StoreWork) -> Notification:
        made = await messages.resend(work, identity)
        wake_sender(ctx, work)
        return made

    return await ctx.write_fast(verb, status=201)


@get(
    "/admin/notification-settings",
    needs="notifications:read",
    tags=["notifications"],
    summary="Get the notification settings",
)
async def get_notification_settings(ctx: Ctx) -> Response[Data[Settings]]:
    """From whom, over what, in which language and with whose looks the store sends, and which rules are on."""
    return await ctx.read_fast(settings.get_settings)


@put(
    "/admin/notification-settings",
    needs="notifications:write",
    tags=["notifications"],
    summary="Change the notification settings",
)
async def put_notification_settings(ctx: Ctx, data: JSONBody[PutSettings]) -> Response[Data[Settings]]:
    """Change what is given; what is absent stays. Passwords and keys go in and never come out."""
    runtime = ctx.runtime
    return await ctx.write_fast(
        lambda work: settings.put_settings(
            work, runtime.keyring, data, allow_local=runtime.settings.allow_local_receivers
        )
    )


ROUTES: list[HTTPRouteHandler | Any] = [
    list_notifications,
    send_notification,
    get_notification,
    resend_notification,
    get_notification_settings,
    put_notification_settings,
    *template_routes.ROUTES,
    *whatsapp_routes.ROUTES,
]
