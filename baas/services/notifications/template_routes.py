"""Templates over HTTP."""

from typing import Annotated, Any

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT
from baas.core.serving.parameters import Cursor, Limit
from baas.services.notifications.processes import renderer_of
from baas.services.notifications.schemas import (
    Content,
    Notification,
    Preview,
    PutTemplate,
    Template,
    TemplateChannel,
    TemplateSummary,
    TestSend,
    is_key,
)
from baas.services.notifications.service import messages, templates

LOOP = "notifications"
Locale = Annotated[
    str | None,
    QueryParameter(
        max_length=16, pattern="^[a-z]{2}(-[A-Z]{2})?$", description="The store's own unless given."
    ),
]
Kind = Annotated[TemplateChannel, QueryParameter(description="Whose texts; both ways of WhatsApp share one.")]


def _key(text: str) -> str:
    """A key of the path. What cannot be one is not found."""
    if not is_key(text):
        raise NotFound(template=text[:80])
    return text


@get(
    "/admin/notification-templates",
    needs="notifications:read",
    tags=["notifications"],
    summary="List templates",
)
async def list_notification_templates(ctx: Ctx) -> Response[Listed[TemplateSummary]]:
    """Every template that the store can use, by key, channel and locale, with the version in use."""
    return await ctx.read_fast(templates.list_templates)


@get(
    "/admin/notification-templates/{key:str}",
    needs="notifications:read",
    tags=["notifications"],
    summary="Get a template",
)
async def get_notification_template(
    ctx: Ctx,
    key: FromPath[str],
    channel: Kind = TemplateChannel.EMAIL,
    locale: Locale = None,
) -> Response[Data[Template]]:
    """The version in use: the store's own, or the built-in one, whose source is a good start for one."""
    return await ctx.read_fast(
        lambda work: templates.get_template(work, _key(key), channel=channel, locale=locale)
    )


@put(
    "/admin/notification-templates/{key:str}",
    needs="notifications:write",
    tags=["notifications"],
    summary="Make a new version of a template",
)
async def put_notification_template(
    ctx: Ctx, key: FromPath[str], data: JSONBody[PutTemplate]
) -> Response[Data[Template]]:
    """Store a template in Liquid as the next version. Versions never change; the one before can be activated again.

    A template that cannot be read, or never ends, is refused with its line.
    """
    # Rendering takes time, so it is done before the transaction begins.
    await templates.check(renderer_of(ctx.runtime), ctx.scope.store_id.hex, data, _key(key))
    return await ctx.write_fast(lambda work: templates.put_template(work, key, data))


@get(
    "/admin/notification-templates/{key:str}/versions",
    needs="notifications:read",
    tags=["notifications"],
    summary="List the versions of a template",
)
async def list_notification_template_versions(
    ctx: Ctx,
    key: FromPath[str],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    channel: Kind = TemplateChannel.EMAIL,
    locale: Locale = None,
) -> Response[Listed[Template]]:
    """The versions that the store made, newest first."""
    page = ctx.page(f"template-versions:{_key(key)}:{channel}:{locale}", limit=limit, cursor=cursor)
    return await ctx.read_fast(
        lambda work: templates.list_versions(work, key, page, channel=channel, locale=locale)
    )


@post(
    "/admin/notification-templates/{key:str}/versions/{version:int}/activate",
    needs="notifications:write",
    status_code=200,
    tags=["notifications"],
    summary="Use a version of a template",
)
async def activate_notification_template(
    ctx: Ctx,
    key: FromPath[str],
    version: FromPath[int],
    channel: Kind = TemplateChannel.EMAIL,
    locale: Locale = None,
) -> Response[Data[Template]]:
    """Take a version into use from the next message on. Version 0 is the built-in template."""
    return await ctx.write_fast(
        lambda work: templates.activate(work, _key(key), version, channel=channel, locale=locale)
    )


@post(
    "/admin/notification-templates/{key:str}/preview",
    needs="notifications:read",
    status_code=200,
    tags=["notifications"],
    summary="Preview a template",
)
async def preview_notification_template(
    ctx: Ctx, key: FromPath[str], data: JSONBody[Preview]
) -> Response[Data[Content]]:
    """What a version, the one in use, or a draft would say, with sample data, given data, or those of a
    notification. Nothing is stored or sent.
    """
    async with ctx.runtime.database.fast(ctx.scope) as work:
        draft = await templates.prepare_preview(work, _key(key), data)
    content = await templates.preview(renderer_of(ctx.runtime), ctx.scope.store_id.hex, draft)
    return ctx.answer(content, dry_run=ctx.dry_run)


@post(
    "/admin/notification-templates/{key:str}/test",
    needs="notifications:write",
    status_code=201,
    tags=["notifications"],
    summary="Send a test of a template",
)
async def test_notification_template(
    ctx: Ctx, key: FromPath[str], data: JSONBody[TestSend]
) -> Response[Data[Notification]]:
    """Send a template to yourself, with sample data unless you give some."""

    async def verb(work: StoreWork) -> Notification:
        made = await messages.send_test(work, _key(key), data)
        work.after_commit(lambda: ctx.runtime.nudger.nudge(LOOP), once=LOOP)
        return made

    return await ctx.write_fast(verb, status=201)


ROUTES: list[HTTPRouteHandler | Any] = [
    list_notification_templates,
    get_notification_template,
    put_notification_template,
    list_notification_template_versions,
    activate_notification_template,
    preview_notification_template,
    test_notification_template,
]
