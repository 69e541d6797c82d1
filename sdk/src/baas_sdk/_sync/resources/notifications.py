# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.notifications`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import SendNotification
from baas_sdk._models.responses import Notification, NotificationDetail
from baas_sdk._request import Call, Options, path
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._models.enums import Channel, ChannelWord, NotificationStatus
    from baas_sdk._sync.transport import Transport


class NotificationsResource:
    """`client.notifications`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self,
        notification_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> NotificationDetail:
        """Get a notification. One message with its data, what it says, and every attempt to send it. Needs
        a secret key with the scope `notifications:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/notifications/{}", notification_id),
                NotificationDetail,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        status: NotificationStatus | Literal["failed", "pending", "sent"] | None = None,
        channel: Channel | Literal["email", "whatsapp", "whatsapp_link"] | None = None,
        template_key: str | None = None,
        to: str | None = None,
        about: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Notification]:
        """List notifications. Every message with its state, newest first; filtered by state, channel,
        template, recipient or subject. Needs a secret key with the scope `notifications:read`. -
        `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the page before. - `include`: `total`
        counts the whole list. - `status`: Only those in this state. - `channel`: Only those over this
        channel. - `template_key`: Only those of this template. - `to`: Only those to this recipient. -
        `about`: The id of what it tells of, such as an order's.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/notifications",
                Notification,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "include": include,
                    "status": status,
                    "channel": channel,
                    "template_key": template_key,
                    "to": to,
                    "about": about,
                },
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def resend(
        self,
        notification_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Notification:
        """Send a notification again. Try a failed message again, or send a copy of one that was sent; with
        the template now in use. Needs a secret key with the scope `notifications:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/notifications/{}/resend", notification_id),
                Notification,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def send(
        self,
        *,
        to: str,
        about: str | None = None,
        body: str | None = None,
        channel: ChannelWord | UnsetType = UNSET,
        data: Mapping[str, Any] | UnsetType = UNSET,
        locale: str | None = None,
        subject: str | None = None,
        template_key: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Notification:
        """Send a notification. Queue a message over one channel: a template with its data, or a subject and
        a text. It is sent in the background; ask for it again, or listen to `notification.sent` and
        `notification.failed`. Needs a secret key with the scope `notifications:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                "/admin/notifications",
                Notification,
                body=SendNotification(
                    about=about,
                    body=body,
                    channel=channel,
                    data=data,
                    locale=locale,
                    subject=subject,
                    template_key=template_key,
                    to=to,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class NotificationsRawResource:
    """`client.with_raw_response.notifications`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = NotificationsResource(transport)
        self.get = one(plain.get)
        self.list = many(plain.list)
        self.resend = one(plain.resend)
        self.send = one(plain.send)
