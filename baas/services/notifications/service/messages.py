"""Messages: made in the transaction of what they tell of, sent later by the worker."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.errors import NotFound, PlanLimitExceeded, ValidationFailed
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.outbox import ReceivedEvent
from baas.services.notifications import rules
from baas.services.notifications.builtin import catalogue
from baas.services.notifications.builtin.samples import SAMPLES
from baas.services.notifications.errors import NotResendable
from baas.services.notifications.phones import digits
from baas.services.notifications.repository import messages
from baas.services.notifications.repository import reports as report_rows
from baas.services.notifications.repository import settings as settings_rows
from baas.services.notifications.repository.messages import New
from baas.services.notifications.rules import Audience, EventRule
from baas.services.notifications.schemas import (
    EMAIL_PATTERN,
    MAX_DATA_BYTES,
    Channel,
    Content,
    MessageReport,
    Notification,
    NotificationAttemptOut,
    NotificationDetail,
    NotificationFilter,
    NotificationStatus,
    ReportStatus,
    SendNotification,
    TemplateChannel,
    TestSend,
)
from baas.services.notifications.service import templates
from baas.services.notifications.service.settings import locale_of, rule_of
from baas.tenants import audit, limits

LIMIT: Final = "notifications_per_month"
_EMAIL: Final = re.compile(EMAIL_PATTERN)
_LOCALE: Final = re.compile("[a-z]{2}(-[A-Z]{2})?")


async def send(work: StoreWork, data: SendNotification) -> Notification:
    """Queue a message: a template with its data, or a subject and a text.

    Raises ValidationFailed, NotFound for a template that is not there, PlanLimitExceeded.
    """
    _check_recipient(data.channel, data.to)
    _check_data(data.data)
    settings = await settings_rows.find(work)
    locale = data.locale or locale_of(work, settings)
    content: dict[str, Any] = data.data
    if data.template_key is not None:
        if data.subject is not None or data.body is not None:
            raise ValidationFailed.field("template_key", "give a template, or a subject and a body, not both")
        await _check_template(work, data.template_key, data.channel, locale, None)
    else:
        if data.body is None or (data.subject is None and data.channel is Channel.EMAIL):
            raise ValidationFailed.field("body", "give a template_key, or a subject and a body")
        content = {"message": {"subject": data.subject, "body": data.body}}
    row = await _queue_one(
        work,
        channel=data.channel,
        to=data.to,
        template_key=data.template_key,
        locale=locale,
        data=content,
        about=data.about,
    )
    return notification_out(row)


async def send_test(work: StoreWork, key: str, data: TestSend) -> Notification:
    """Queue a template with sample data, in the version that is asked for. Raises NotFound."""
    _check_recipient(data.channel, data.to)
    given = data.data if data.data is not None else SAMPLES.get(key, {})
    _check_data(given)
    locale = data.locale or locale_of(work, await settings_rows.find(work))
    await _check_template(work, key, data.channel, locale, data.version)
    row = await _queue_one(
        work,
        channel=data.channel,
        to=data.to,
        template_key=key,
        template_version=data.version,
        locale=locale,
        data=given,
    )
    return notification_out(row)


async def follow(work: StoreWork, rule: EventRule, events: Sequence[ReceivedEvent]) -> None:
    """What a rule does with events. Without a recipient, or with the rule off, nothing."""
    settings = await settings_rows.find(work)
    setting = rule_of(settings, rule.template_key)
    if not setting.enabled:
        return
    own = locale_of(work, settings)
    found = []
    for event in events:
        locale = own
        if rule.audience is Audience.CUSTOMER:
            wish = event.data.get("locale")
            locale = wish if isinstance(wish, str) and _LOCALE.fullmatch(wish) else own
        for channel in setting.channels:
            to = _recipient(rule, channel, event.data, settings)
            if to is not None:
                found.append(
                    New(
                        channel=channel.value,
                        recipient=to,
                        template_key=rule.template_key,
                        locale=locale,
                        data={rule.name: event.data},
                        about=event.subject,
                        event_id=ids.decode(Kind.EVENT, event.id),
                    )
                )
    if found:
        await _queue_or_note(work, found)


def _recipient(rule: EventRule, channel: Channel, data: dict[str, Any], settings: Any | None) -> str | None:
    if rule.audience is Audience.STORE:
        address = (settings["alerts_to"] or settings["reply_to"]) if settings is not None else None
        return address if channel is Channel.EMAIL else None
    if channel is Channel.EMAIL:
        address = rules.email_in(data)
        return address if address is not None and _EMAIL.match(address) and len(address) <= 254 else None
    phone = rules.phone_in(data)
    return phone if phone is not None and digits(phone) is not None else None


async def _queue_or_note(work: StoreWork, found: Sequence[New]) -> None:
    """Queue messages; write down of those over the plan's limit that they were not sent."""
    try:
        async with work.savepoint():
            await _queue(work, found)
    except PlanLimitExceeded as error:
        if len(found) > 1:
            for one in found:
                await _queue_or_note(work, [one])
            return
        failed = msgspec.structs.replace(
            found[0], status=NotificationStatus.FAILED.value, error=error.message
        )
        await messages.insert(work, [failed])


async def _queue(work: StoreWork, found: Sequence[New]) -> list[Any]:
    """New notifications that count, as far as they do not follow from their events already. Raises PlanLimitExceeded."""
    rows = await messages.insert(work, found)
    if rows:
        # Last: the counter's row stays locked until the transaction ends.
        await limits.spend(work, LIMIT, len(rows))
    return rows


async def _queue_one(
    work: StoreWork,
    *,
    channel: Channel,
    to: str,
    template_key: str | None,
    locale: str,
    data: dict[str, Any],
    template_version: int | None = None,
    about: str | None = None,
    resent_from: UUID | None = None,
) -> Any:
    message = data.get("message") if template_key is None else None
    new = New(
        channel=channel.value,
        recipient=to,
        template_key=template_key,
        template_version=template_version,
        locale=locale,
        data=data,
        subject=message.get("subject") if isinstance(message, dict) else None,
        about=about,
        resent_from=resent_from,
    )
    return (await _queue(work, [new]))[0]


async def list_notifications(work: StoreWork, page: Page, wanted: NotificationFilter) -> PageOf[Notification]:
    """The log, the newest first."""
    conditions = {
        {"to": "recipient"}.get(name, name): value
        for name, value in msgspec.structs.asdict(wanted).items()
        if value is not None
    }
    after = UUID(page.after[0]) if page.after else None
    rows = await messages.listed(work, conditions, after=after, limit=page.limit + 1)
    total = await page.total(lambda: messages.counted(work, conditions))
    return page.cut(rows, lambda row: [str(row["id"])], total=total).map(notification_out)


async def get_notification(work: StoreWork, notification_id: UUID) -> NotificationDetail:
    """One notification with all that is known of it. Raises NotFound."""
    row = await messages.find(work, notification_id)
    if row is None:
        raise NotFound
    content = await messages.content(work, notification_id)
    attempts = await messages.attempts(work, notification_id)
    reports = []
    if row["channel"] == Channel.WHATSAPP and row["provider_message_id"] is not None:
        reports = await report_rows.of(work, row["provider_message_id"])
    return NotificationDetail(
        **msgspec.structs.asdict(notification_out(row)),
        data=row["data"],
        content=None
        if content is None
        else Content(subject=content["subject"], html=content["html"], body=content["body"]),
        attempt_log=[
            NotificationAttemptOut(
                number=attempt["number"],
                at=clock.rfc3339(attempt["created_at"]),
                provider=attempt["provider"],
                outcome=attempt["outcome"],
                error=attempt["error"],
                duration_ms=attempt["duration_ms"],
            )
            for attempt in attempts
        ],
        reports=[
            MessageReport(
                status=ReportStatus(report["status"]), at=clock.rfc3339(report["at"]), error=report["error"]
            )
            for report in reports
        ],
    )


async def resend(work: StoreWork, notification_id: UUID) -> Notification:
    """Send a notification again: a failed one goes on, a sent one is copied into a new one.

    Both are rendered anew, with the template in use. Raises NotFound, NotResendable, PlanLimitExceeded.
    """
    row = await messages.lock(work, notification_id)
    if row is None:
        raise NotFound
    if row["status"] == NotificationStatus.PENDING:
        raise NotResendable(
            "It is on its way already.", next_attempt_at=clock.rfc3339(row["next_attempt_at"])
        )
    if row["template_key"] in catalogue.SENSITIVE:
        raise NotResendable("What it said was secret and is forgotten; let the customer ask for a new one.")
    if row["status"] == NotificationStatus.FAILED:
        again = await messages.begin_round(work, notification_id)
        await limits.spend(work, LIMIT)
    else:
        again = await _queue_one(
            work,
            channel=Channel(row["channel"]),
            to=row["recipient"],
            template_key=row["template_key"],
            locale=row["locale"],
            data=row["data"],
            about=row["about"],
            resent_from=notification_id,
        )
    shown = notification_out(again)
    await audit.record(
        work,
        "notification.resent",
        subject=ids.encode(Kind.NOTIFICATION, notification_id),
        new={"notification": shown.id},
    )
    return shown


async def _check_template(
    work: StoreWork, key: str, channel: Channel, locale: str, version: int | None
) -> None:
    kind = TemplateChannel.of(channel)
    if await templates.resolve(work, key, kind, locale, version=version) is None:
        raise NotFound("There is no such template.", template_key=key, channel=kind.value)


def _check_recipient(channel: Channel, to: str) -> None:
    if channel is Channel.EMAIL:
        if _EMAIL.match(to) is None:
            raise ValidationFailed.field("to", "is not an e-mail address")
    elif digits(to) is None:
        raise ValidationFailed.field(
            "to", "is not a phone number with its country code, such as +54 9 11 5555 0101"
        )


def _check_data(data: dict[str, Any]) -> None:
    if len(msgspec.json.encode(data)) > MAX_DATA_BYTES:
        raise ValidationFailed.field("data", f"is more than {MAX_DATA_BYTES // 1024} KiB")


def notification_out(row: Any) -> Notification:
    """The public form of a notification."""

    def public(kind: Kind, name: str) -> str | None:
        return None if row[name] is None else ids.encode(kind, row[name])

    status = NotificationStatus(row["status"])
    return Notification(
        id=ids.encode(Kind.NOTIFICATION, row["id"]),
        channel=Channel(row["channel"]),
        to=row["recipient"],
        status=status,
        template_key=row["template_key"],
        template_version=row["template_version"],
        locale=row["locale"],
        subject=row["subject"],
        about=row["about"],
        event_id=public(Kind.EVENT, "event_id"),
        resent_from=public(Kind.NOTIFICATION, "resent_from"),
        attempts=row["attempts"],
        next_attempt_at=clock.rfc3339(row["next_attempt_at"])
        if status is NotificationStatus.PENDING
        else None,
        provider=row["provider"],
        provider_message_id=row["provider_message_id"],
        action_url=row["action_url"],
        error=row["error"],
        created_at=clock.rfc3339(row["created_at"]),
        sent_at=None if row["sent_at"] is None else clock.rfc3339(row["sent_at"]),
    )
