"""What the worker does with one notification, in the store's own transactions, each of them short."""

from typing import Any

import msgspec

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work.outbox import emit
from baas.services.notifications import facts
from baas.services.notifications.builtin import catalogue
from baas.services.notifications.channels.base import Failure, Message, SendFailed
from baas.services.notifications.rendering.renderer import Renderer, RendererGone, TemplateFailed
from baas.services.notifications.repository import messages, queue
from baas.services.notifications.repository import reports as report_rows
from baas.services.notifications.repository import settings as settings_rows
from baas.services.notifications.repository.queue import Claim, Outcome
from baas.services.notifications.schemas import Channel, NotificationStatus, TemplateChannel
from baas.services.notifications.senders import Sender, Senders
from baas.services.notifications.service import reports, templates
from baas.services.notifications.service.messages import notification_out
from baas.services.notifications.service.templates import Resolved


class Prepared(msgspec.Struct, frozen=True):
    """A claimed notification, and what to render it with unless that is done."""

    row: Any
    settings: Any | None
    template: Resolved | None

    @property
    def step(self) -> int:
        """Attempts of this round so far."""
        return int(self.row["step"])


async def prepare(database: Database, scope: StoreScope, claim: Claim) -> Prepared | None:
    """Read what is needed; None when the notification is no longer this worker's."""
    async with database.fast(scope) as work:
        row = await queue.opened(work, claim)
        if row is None:
            return None
        settings = await settings_rows.find(work)
        template = None
        if not row["rendered"]:
            channel = TemplateChannel.of(Channel(row["channel"]))
            if row["template_key"] is None:
                template = Resolved(_direct(channel, row["locale"]), templates.BUILT_IN, row["locale"])
            else:
                template = await templates.resolve(
                    work, row["template_key"], channel, row["locale"], version=row["template_version"]
                )
        return Prepared(row, settings, template)


def _direct(channel: TemplateChannel, locale: str) -> Any:
    source = catalogue.direct(catalogue.language_of(locale))
    if channel is TemplateChannel.EMAIL:
        return source
    return msgspec.structs.replace(source, subject=None, html=None)


async def write(
    database: Database, scope: StoreScope, claim: Claim, prepared: Prepared, renderer: Renderer
) -> Message | None:
    """What a notification says: what was frozen before its first attempt, or rendered and frozen now.

    Raises SendFailed when it cannot be rendered; None when it is no longer this worker's.
    """
    row = prepared.row
    if row["rendered"]:
        return _message(row, row["said"], row["html"], row["body"], row["provider_template"])
    template = prepared.template
    if template is None:
        raise SendFailed(f"There is no template {row['template_key']!r} any more.", Failure.PERMANENT)
    brand = facts.brand_of(scope, prepared.settings["brand"] if prepared.settings is not None else {})
    context = facts.context(scope, brand, row["locale"], row["data"])
    try:
        said = await renderer.render(template.source, context, owner=scope.store_id.hex)
    except TemplateFailed as error:
        raise SendFailed(f"The template cannot be rendered: {error}", Failure.PERMANENT) from None
    except RendererGone as error:
        raise SendFailed(str(error)) from None
    provider_template = template.provider_template
    if provider_template is not None:
        provider_template = {**provider_template, "parameters": list(said.parameters)}
    async with database.fast(scope) as work:
        mine = await queue.keep_content(
            work,
            claim,
            version=template.version,
            subject=said.subject,
            html=said.html,
            body=said.body,
            provider_template=provider_template,
        )
    return _message(row, said.subject, said.html, said.body, provider_template) if mine else None


def _message(
    row: Any, subject: str, html: str | None, body: str, provider_template: dict[str, Any] | None
) -> Message:
    return Message(
        id=ids.encode(Kind.NOTIFICATION, row["id"]),
        round=row["round"],
        to=row["recipient"],
        subject=subject,
        html=html,
        body=body,
        provider_template=provider_template,
        created_at=row["created_at"].timestamp(),
    )


def sender_of(senders: Senders, scope: StoreScope, prepared: Prepared) -> Sender:
    """Over what this notification goes. Raises SendFailed."""
    return senders.of(scope, prepared.settings, Channel(prepared.row["channel"]))


async def record(
    database: Database, scope: StoreScope, claim: Claim, prepared: Prepared, outcome: Outcome
) -> None:
    """Write down how an attempt went and, when it was the last one, tell it."""
    handed_over = outcome.provider_message_id if prepared.row["channel"] == Channel.WHATSAPP else None
    async with database.fast(scope) as work:
        if handed_over is not None:
            await report_rows.lock(work, shared=False)
        row = await queue.record(work, claim, outcome)
        if row is None or row["status"] == NotificationStatus.PENDING:
            return
        if prepared.row["template_key"] in catalogue.SENSITIVE and outcome.provider != "inbox":
            await messages.forget_content(work, claim.id)
            await messages.forget_data(work, claim.id)
        shown = notification_out(row)
        await emit(work, f"notification.{shown.status.value}", subject=shown.id, data=shown)
        if handed_over is not None:
            # WhatsApp may have said already that it could not deliver it.
            await reports.fail(work, handed_over)
