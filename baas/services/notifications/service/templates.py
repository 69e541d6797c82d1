"""Templates: the built-in ones, and the store's own in versions that never change."""

from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.errors import Conflict, NotFound, ValidationFailed
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.notifications import facts
from baas.services.notifications.builtin import catalogue
from baas.services.notifications.builtin.samples import SAMPLES
from baas.services.notifications.errors import TemplateRefused
from baas.services.notifications.rendering.renderer import Renderer, TemplateFailed
from baas.services.notifications.rendering.words import MAX_SOURCE, Rendered, Source
from baas.services.notifications.repository import messages, templates
from baas.services.notifications.repository import settings as settings_rows
from baas.services.notifications.schemas import (
    Content,
    Preview,
    ProviderTemplate,
    PutTemplate,
    Template,
    TemplateChannel,
    TemplateSummary,
)
from baas.services.notifications.service.settings import locale_of
from baas.tenants import audit

BUILT_IN: Final = 0
"""The version number of what is built in."""
MAX_VERSIONS: Final = 2000
"""Versions of a store over all its templates: none is ever deleted."""


class Resolved(msgspec.Struct, frozen=True):
    """A template that was chosen for a message."""

    source: Source
    version: int
    locale: str
    provider_template: dict[str, Any] | None = None


def built_in(key: str, channel: TemplateChannel, locale: str) -> Source | None:
    """The built-in template for a language, or None for a key of the store's own."""
    if key not in catalogue.KEYS:
        return None
    make = catalogue.email if channel is TemplateChannel.EMAIL else catalogue.whatsapp
    return make(key, catalogue.language_of(locale))


def source_of(row: Any) -> Source:
    """The parts of a stored version."""
    given = row["provider_template"] or {}
    return Source(
        subject=row["subject"],
        html=row["html"],
        body=row["body"],
        parameters=tuple(given.get("parameters", ())),
    )


async def resolve(
    work: StoreWork, key: str, channel: TemplateChannel, locale: str, *, version: int | None = None
) -> Resolved | None:
    """The template for a message: the store's in this locale or its language, the built-in one, or the
    store's in the store's own language. With `version`, that one; None when there is none.
    """
    language = locale.partition("-")[0]
    if version == BUILT_IN:
        source = built_in(key, channel, locale)
        return None if source is None else Resolved(source, BUILT_IN, locale)
    if version is not None:
        if version > MAX_VERSIONS:
            return None
        for candidate in dict.fromkeys((locale, language)):
            row = await templates.version(work, key, channel, candidate, version)
            if row is not None:
                return _stored(row)
        return None
    row = await templates.active(work, key, channel, [locale, language], any_locale=False)
    if row is not None:
        return _stored(row)
    source = built_in(key, channel, locale)
    if source is not None:
        return Resolved(source, BUILT_IN, locale)
    own = locale_of(work, await settings_rows.find(work))
    row = await templates.active(work, key, channel, [own, own.partition("-")[0]], any_locale=True)
    return None if row is None else _stored(row)


def _stored(row: Any) -> Resolved:
    return Resolved(source_of(row), row["version"], row["locale"], row["provider_template"])


async def list_templates(work: StoreWork) -> list[TemplateSummary]:
    """Every template that the store can use: built in, its own, or its own instead of a built-in one."""
    shown = {
        (key, channel, language): BUILT_IN
        for key in catalogue.KEYS
        for channel in TemplateChannel
        for language in catalogue.LANGUAGES
    }
    for row in await templates.all_active(work):
        shown[row["key"], TemplateChannel(row["channel"]), row["locale"]] = row["version"]
    return [
        TemplateSummary(
            key=key,
            channel=channel,
            locale=locale,
            version=version,
            built_in=key in catalogue.KEYS,
        )
        for (key, channel, locale), version in sorted(shown.items())
    ]


async def get_template(
    work: StoreWork, key: str, *, channel: TemplateChannel, locale: str | None
) -> Template:
    """The version in use for a locale (the store's unless given). Raises NotFound."""
    wanted = locale or locale_of(work, await settings_rows.find(work))
    row = await templates.active(work, key, channel, [wanted, wanted.partition("-")[0]], any_locale=False)
    if row is not None:
        return template_out(row)
    source = built_in(key, channel, wanted)
    if source is None:
        raise NotFound(template=key)
    return _built_in_out(key, channel, catalogue.language_of(wanted), source, active=True)


async def list_versions(
    work: StoreWork, key: str, page: Page, *, channel: TemplateChannel, locale: str | None
) -> PageOf[Template]:
    """The versions that the store made, the newest first. Raises NotFound for a key that is not there."""
    rows = await templates.versions(
        work,
        key,
        channel=channel,
        locale=locale,
        before=UUID(page.after[0]) if page.after else None,
        limit=page.limit + 1,
    )
    if not rows and page.after is None and key not in catalogue.KEYS:
        raise NotFound(template=key)
    return page.cut(rows, lambda row: [str(row["id"])]).map(template_out)


async def check(renderer: Renderer, owner: str, data: PutTemplate, key: str) -> None:
    """Refuse a template that cannot be read, or that would never end. Call it without a transaction.

    Raises TemplateRefused, which names the part and the line.
    """
    if data.channel is TemplateChannel.EMAIL and data.subject is None:
        raise ValidationFailed.field("subject", "is needed for a mail")
    if data.channel is TemplateChannel.WHATSAPP and (data.subject is not None or data.html is not None):
        raise ValidationFailed.field("subject", "a WhatsApp message has neither subject nor HTML")
    if data.channel is TemplateChannel.EMAIL and data.provider_template is not None:
        raise ValidationFailed.field("provider_template", "is for WhatsApp")
    for name in ("subject", "html", "body"):
        if len((getattr(data, name) or "").encode()) > MAX_SOURCE:
            raise ValidationFailed.field(name, f"is longer than {MAX_SOURCE // 1024} KiB")
    parameters = tuple(data.provider_template.parameters) if data.provider_template else ()
    source = Source(subject=data.subject, html=data.html, body=data.body, parameters=parameters)
    sample = {"locale": data.locale, "brand": {"color": facts.DEFAULT_COLOR}, **SAMPLES.get(key, {})}
    await render_or_refuse(renderer, owner, source, sample, lenient=True)


async def render_or_refuse(
    renderer: Renderer, owner: str, source: Source, data: dict[str, Any], *, lenient: bool = False
) -> Rendered:
    """What a template says. Raises TemplateRefused."""
    try:
        return await renderer.render(source, data, owner=owner, lenient=lenient)
    except TemplateFailed as error:
        failed = error.failed
        raise TemplateRefused(str(error), part=failed.part, line=failed.line, reason=failed.reason) from None


async def put_template(work: StoreWork, key: str, data: PutTemplate) -> Template:
    """A new version. `check` it first."""
    await templates.lock(work, key, data.channel, data.locale)
    if await templates.count(work) >= MAX_VERSIONS:
        raise Conflict(f"A store has at most {MAX_VERSIONS} versions of templates.")
    number = await templates.last_version(work, key, data.channel, data.locale) + 1
    if data.activate:
        await templates.deactivate(work, key, data.channel, data.locale)
    row = await templates.insert(
        work,
        {
            "id": ids.new_id(),
            "key": key,
            "channel": data.channel.value,
            "locale": data.locale,
            "version": number,
            "subject": data.subject,
            "html": data.html,
            "body": data.body,
            "provider_template": msgspec.to_builtins(data.provider_template),
            "active": data.activate,
            "created_by": work.scope.caller.id,
            "created_at": clock.now(work.scope),
        },
    )
    await audit.record(
        work,
        "notification_template.created",
        subject=key,
        new={
            "channel": data.channel.value,
            "locale": data.locale,
            "version": number,
            "active": data.activate,
        },
    )
    return template_out(row)


async def activate(
    work: StoreWork, key: str, number: int, *, channel: TemplateChannel, locale: str | None
) -> Template:
    """Take a version into use; 0 goes back to the built-in one. Raises NotFound."""
    if number > MAX_VERSIONS:  # beyond what a column, or even the answer, could hold
        raise NotFound(template=key)
    wanted = locale or locale_of(work, await settings_rows.find(work))
    for candidate in dict.fromkeys((wanted, wanted.partition("-")[0])):
        if await templates.last_version(work, key, channel, candidate):
            wanted = candidate
            break
    await templates.lock(work, key, channel, wanted)
    row = await templates.version(work, key, channel, wanted, number) if number != BUILT_IN else None
    source = built_in(key, channel, wanted)
    if row is None and (number != BUILT_IN or source is None):
        raise NotFound(template=key, version=number)
    before = await templates.deactivate(work, key, channel, wanted)
    if row is not None:
        await templates.activate(work, row["id"])
    if (before or BUILT_IN) != number:
        await audit.record(
            work,
            "notification_template.activated",
            subject=key,
            old={"version": before or BUILT_IN},
            new={"channel": channel.value, "locale": wanted, "version": number},
        )
    if row is not None:
        return msgspec.structs.replace(template_out(row), active=True)
    assert source is not None
    return _built_in_out(key, channel, catalogue.language_of(wanted), source, active=True)


class Draft(msgspec.Struct, frozen=True):
    """What a preview renders."""

    source: Source
    context: dict[str, Any]


async def prepare_preview(work: StoreWork, key: str, data: Preview) -> Draft:
    """Everything that a preview needs from the database. Raises NotFound."""
    settings = await settings_rows.find(work)
    locale = data.locale or locale_of(work, settings)
    if data.body is not None:
        source = Source(subject=data.subject, html=data.html, body=data.body)
    else:
        resolved = await resolve(work, key, data.channel, locale, version=data.version)
        if resolved is None:
            raise NotFound(template=key)
        source = resolved.source
    given = data.data
    if given is None and data.notification_id is not None:
        row = await messages.find(work, ids.decode(Kind.NOTIFICATION, data.notification_id))
        if row is None:
            raise NotFound(notification_id=data.notification_id)
        given = row["data"]
    if given is None:
        given = SAMPLES.get(key, {})
    brand = facts.brand_of(work.scope, settings["brand"] if settings is not None else {})
    return Draft(source, facts.context(work.scope, brand, locale, given))


async def preview(renderer: Renderer, owner: str, draft: Draft) -> Content:
    """What a template would say. Raises TemplateRefused."""
    said = await render_or_refuse(renderer, owner, draft.source, draft.context)
    return Content(subject=said.subject, html=said.html, body=said.body)


def template_out(row: Any) -> Template:
    """The public form of a stored version."""
    provider = row["provider_template"]
    return Template(
        key=row["key"],
        channel=TemplateChannel(row["channel"]),
        locale=row["locale"],
        version=row["version"],
        active=row["active"],
        subject=row["subject"],
        html=row["html"],
        body=row["body"],
        provider_template=None if provider is None else msgspec.convert(provider, ProviderTemplate),
        created_by=row["created_by"],
        created_at=clock.rfc3339(row["created_at"]),
    )


def _built_in_out(
    key: str, channel: TemplateChannel, locale: str, source: Source, *, active: bool
) -> Template:
    return Template(
        key=key,
        channel=channel,
        locale=locale,
        version=BUILT_IN,
        active=active,
        subject=source.subject,
        html=source.html,
        body=source.body,
        provider_template=None,
        created_by=None,
        created_at=None,
    )
