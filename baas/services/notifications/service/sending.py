"""What the worker does with notifications of one store, in the store's own transactions, each of them short."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from baas.core.db import ROW_BY_ROW, Database, StoreWork
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work.outbox import emit
from baas.services.notifications import facts
from baas.services.notifications.builtin import catalogue
from baas.services.notifications.channels.base import Failure, Message, SendFailed
from baas.services.notifications.events import NotificationEvent
from baas.services.notifications.rendering.renderer import Renderer, RendererGone, TemplateFailed
from baas.services.notifications.rendering.words import Rendered
from baas.services.notifications.repository import messages, queue
from baas.services.notifications.repository import reports as report_rows
from baas.services.notifications.repository import settings as settings_rows
from baas.services.notifications.repository.queue import Claim, Outcome
from baas.services.notifications.schemas import Channel, NotificationStatus, TemplateChannel
from baas.services.notifications.senders import Sender, Senders
from baas.services.notifications.service import reports, templates
from baas.services.notifications.service.messages import notification_out
from baas.services.notifications.service.templates import Resolved

_EVENTS: Final = {
    NotificationStatus.SENT: NotificationEvent.SENT,
    NotificationStatus.FAILED: NotificationEvent.FAILED,
}


class Prepared(msgspec.Struct, frozen=True):
    """A claimed notification, and what to render it with unless that is done."""

    claim: Claim
    row: Any
    settings: Any | None
    template: Resolved | None

    @property
    def step(self) -> int:
        """Attempts of this round so far."""
        return int(self.row["step"])


async def prepare(database: Database, scope: StoreScope, claims: Sequence[Claim]) -> list[Prepared]:
    """Read what is needed for notifications of one store, without those that are no longer this worker's."""
    by_id = {claim.id: claim for claim in claims}
    found: dict[tuple[Any, ...], Resolved | None] = {}
    prepared = []
    async with database.fast(scope, settings=ROW_BY_ROW) as work:
        rows = await queue.opened(work, claims)
        if not rows:
            return []
        settings = await settings_rows.find(work)
        for row in rows:
            template = None
            if not row["rendered"]:
                kind = (row["template_key"], row["channel"], row["locale"], row["template_version"])
                if kind not in found:
                    found[kind] = await _template(work, row)
                template = found[kind]
            prepared.append(Prepared(by_id[row["id"]], row, settings, template))
    return prepared


async def _template(work: StoreWork, row: Any) -> Resolved | None:
    channel = TemplateChannel.of(Channel(row["channel"]))
    if row["template_key"] is None:
        return Resolved(_direct(channel, row["locale"]), templates.BUILT_IN, row["locale"])
    return await templates.resolve(
        work, row["template_key"], channel, row["locale"], version=row["template_version"]
    )


def _direct(channel: TemplateChannel, locale: str) -> Any:
    source = catalogue.direct(catalogue.language_of(locale))
    if channel is TemplateChannel.EMAIL:
        return source
    return msgspec.structs.replace(source, subject=None, html=None)


Written = Message | SendFailed | None
"""What a notification says, why it cannot be written, or None when it is no longer this worker's."""


async def write(
    database: Database, scope: StoreScope, wanted: Sequence[Prepared], renderer: Renderer
) -> list[Written]:
    """What notifications of one store say: what was frozen before the first attempt, or rendered and frozen now."""
    written: list[Written] = [None] * len(wanted)
    fresh: list[tuple[int, Resolved, dict[str, Any]]] = []
    for number, prepared in enumerate(wanted):
        row = prepared.row
        if row["rendered"]:
            written[number] = _message(row, row["said"], row["html"], row["body"], row["provider_template"])
        elif prepared.template is None:
            written[number] = SendFailed(
                f"There is no template {row['template_key']!r} any more.", Failure.PERMANENT
            )
        else:
            brand = facts.brand_of(scope, prepared.settings["brand"] if prepared.settings is not None else {})
            context = facts.context(scope, brand, row["locale"], row["data"])
            fresh.append((number, prepared.template, context))
    if not fresh:
        return written
    try:
        said = await renderer.render_all(
            [(template.source, context) for _, template, context in fresh], owner=scope.store_id.hex
        )
    except RendererGone as gone:
        said = [gone] * len(fresh)
    kept: dict[int, queue.Said] = {}
    for (number, template, _), words in zip(fresh, said, strict=True):
        if isinstance(words, TemplateFailed):
            written[number] = SendFailed(f"The template cannot be rendered: {words}", Failure.PERMANENT)
        elif isinstance(words, RendererGone):
            written[number] = SendFailed(str(words))
        else:
            kept[number] = _said(wanted[number].claim, template, words)
    if kept:
        async with database.fast(scope, settings=ROW_BY_ROW) as work:
            mine = await queue.keep_contents(work, list(kept.values()))
        for number, one in kept.items():
            if one.id in mine:
                row = wanted[number].row
                written[number] = _message(row, one.subject, one.html, one.body, one.provider_template)
    return written


def _said(claim: Claim, template: Resolved, words: Rendered) -> queue.Said:
    provider_template = template.provider_template
    if provider_template is not None:
        provider_template = {**provider_template, "parameters": [_storable(one) for one in words.parameters]}
    return queue.Said(
        id=claim.id,
        until=claim.until,
        version=template.version,
        subject=_storable(words.subject),
        html=None if words.html is None else _storable(words.html),
        body=_storable(words.body),
        provider_template=provider_template,
    )


def _storable(text: str) -> str:
    """A text without the one character that PostgreSQL keeps in none."""
    return text.replace("\0", "")


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


async def postpone(database: Database, scope: StoreScope, waits: Mapping[Claim, timedelta]) -> None:
    """Give notifications of one store back without an attempt, due after these waits."""
    async with database.fast(scope, settings=ROW_BY_ROW) as work:
        await queue.postpone(work, waits)


async def record(database: Database, scope: StoreScope, ended: Sequence[tuple[Prepared, Outcome]]) -> None:
    """Write down how attempts of one store went and tell of those that were the last ones."""
    reported: list[tuple[Prepared, Outcome]] = []
    plain: list[tuple[Prepared, Outcome]] = []
    for prepared, outcome in ended:
        is_reported = prepared.row["channel"] == Channel.WHATSAPP and outcome.provider_message_id is not None
        (reported if is_reported else plain).append((prepared, outcome))
    if plain:
        async with database.fast(scope, settings=ROW_BY_ROW) as work:
            await _record(work, plain)
    for prepared, outcome in reported:
        async with database.fast(scope, settings=ROW_BY_ROW) as work:
            await report_rows.lock(work, shared=False)
            if await _record(work, [(prepared, outcome)]):
                # WhatsApp may have said already that it could not deliver it.
                assert outcome.provider_message_id is not None
                await reports.fail(work, outcome.provider_message_id)


async def _record(work: StoreWork, ended: Sequence[tuple[Prepared, Outcome]]) -> bool:
    """Answers whether one of them was the last attempt of its notification."""
    rows = [
        row
        for row in await queue.record(work, [outcome for _, outcome in ended])
        if row["status"] != NotificationStatus.PENDING
    ]
    shown_in_inbox = {outcome.id for _, outcome in ended if outcome.provider == "inbox"}
    secret = [
        row["id"]
        for row in rows
        if row["template_key"] in catalogue.SENSITIVE and row["id"] not in shown_in_inbox
    ]
    if secret:
        await messages.forget_contents(work, secret)
        await messages.forget_data(work, secret)
    for row in rows:
        shown = notification_out(row)
        await emit(work, _EVENTS[shown.status], subject=shown.id, data=shown)
    return bool(rows)
