# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.notification_templates`."""

from __future__ import annotations

import builtins
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._async.pagination import AsyncPages
from baas_sdk._async.raw import many, one
from baas_sdk._models.requests import Preview, PutTemplate, TestSend
from baas_sdk._models.responses import Content, Notification, ProviderTemplate, Template, TemplateSummary
from baas_sdk._request import Call, Options, path
from baas_sdk._struct import made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport
    from baas_sdk._models.enums import ChannelWord, TemplateChannel, TemplateChannelWord
    from baas_sdk._models.requests import ProviderTemplateDict


class AsyncNotificationTemplatesVersionsResource:
    """`client.notification_templates.versions`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def activate(
        self,
        key: str,
        version: int,
        *,
        channel: TemplateChannel | Literal["email", "whatsapp"] | None = None,
        locale: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Template:
        """Use a version of a template. Take a version into use from the next message on. Version 0 is the
        built-in template. Needs a secret key with the scope `notifications:write`. - `channel`: Whose
        texts; both ways of WhatsApp share one. - `locale`: The store's own unless given.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/admin/notification-templates/{}/versions/{}/activate", key, version),
                Template,
                query={"channel": channel, "locale": locale},
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def list(
        self,
        key: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        channel: TemplateChannel | Literal["email", "whatsapp"] | None = None,
        locale: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[Template]:
        """List the versions of a template. The versions that the store made, newest first. Needs a secret
        key with the scope `notifications:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor`
        of the page before. - `channel`: Whose texts; both ways of WhatsApp share one. - `locale`: The
        store's own unless given.
        """
        return AsyncPages(
            self._transport,
            Call(
                "GET",
                path("/admin/notification-templates/{}/versions", key),
                Template,
                query={"limit": limit, "cursor": cursor, "channel": channel, "locale": locale},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )


class AsyncNotificationTemplatesResource:
    """`client.notification_templates`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @cached_property
    def versions(self) -> AsyncNotificationTemplatesVersionsResource:
        """`client.notification_templates.versions`."""
        return AsyncNotificationTemplatesVersionsResource(self._transport)

    async def get(
        self,
        key: str,
        *,
        channel: TemplateChannel | Literal["email", "whatsapp"] | None = None,
        locale: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Template:
        """Get a template. The version in use: the store's own, or the built-in one, whose source is a good
        start for one. Needs a secret key with the scope `notifications:read`. - `channel`: Whose texts;
        both ways of WhatsApp share one. - `locale`: The store's own unless given.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/admin/notification-templates/{}", key),
                Template,
                query={"channel": channel, "locale": locale},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    async def list(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> builtins.list[TemplateSummary]:
        """List templates. Every template that the store can use, by key, channel and locale, with the
        version in use. Needs a secret key with the scope `notifications:read`.
        """
        return await self._transport.send(
            Call(
                "GET",
                "/admin/notification-templates",
                builtins.list[TemplateSummary],
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    async def preview(
        self,
        key: str,
        *,
        body: str | None = None,
        channel: TemplateChannelWord | UnsetType = UNSET,
        data: Mapping[str, Any] | None = None,
        html: str | None = None,
        locale: str | None = None,
        notification_id: str | None = None,
        subject: str | None = None,
        version: int | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Content:
        """Preview a template. What a version, the one in use, or a draft would say, with sample data, given
        data, or those of a notification. Nothing is stored or sent. Needs a secret key with the scope
        `notifications:read`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/admin/notification-templates/{}/preview", key),
                Content,
                body=Preview(
                    body=body,
                    channel=channel,
                    data=data,
                    html=html,
                    locale=locale,
                    notification_id=notification_id,
                    subject=subject,
                    version=version,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def set(
        self,
        key: str,
        *,
        body: str,
        locale: str,
        activate: bool | UnsetType = UNSET,
        channel: TemplateChannelWord | UnsetType = UNSET,
        html: str | None = None,
        provider_template: ProviderTemplate | ProviderTemplateDict | None = None,
        subject: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Template:
        """Make a new version of a template. Store a template in Liquid as the next version. Versions never
        change; the one before can be activated again. A template that cannot be read, or never ends, is
        refused with its line. Needs a secret key with the scope `notifications:write`.
        """
        return await self._transport.send(
            Call(
                "PUT",
                path("/admin/notification-templates/{}", key),
                Template,
                body=PutTemplate(
                    activate=activate,
                    body=body,
                    channel=channel,
                    html=html,
                    locale=locale,
                    provider_template=made(ProviderTemplate, provider_template),
                    subject=subject,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def test(
        self,
        key: str,
        *,
        to: str,
        channel: ChannelWord | UnsetType = UNSET,
        data: Mapping[str, Any] | None = None,
        locale: str | None = None,
        version: int | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Notification:
        """Send a test of a template. Send a template to yourself, with sample data unless you give some.
        Needs a secret key with the scope `notifications:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/admin/notification-templates/{}/test", key),
                Notification,
                body=TestSend(channel=channel, data=data, locale=locale, to=to, version=version),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class AsyncNotificationTemplatesVersionsRawResource:
    """`client.with_raw_response.notification_templates.versions`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncNotificationTemplatesVersionsResource(transport)
        self.activate = one(plain.activate)
        self.list = many(plain.list)


class AsyncNotificationTemplatesRawResource:
    """`client.with_raw_response.notification_templates`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncNotificationTemplatesResource(transport)
        self.get = one(plain.get)
        self.list = one(plain.list)
        self.preview = one(plain.preview)
        self.set = one(plain.set)
        self.test = one(plain.test)

    @cached_property
    def versions(self) -> AsyncNotificationTemplatesVersionsRawResource:
        """`client.notification_templates.versions`."""
        return AsyncNotificationTemplatesVersionsRawResource(self._transport)
