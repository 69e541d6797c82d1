# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.notification_settings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import PutEmail, PutSettings, PutWhatsApp, RuleSetting
from baas_sdk._models.responses import Brand, Settings
from baas_sdk._request import Call, Options
from baas_sdk._struct import made, made_dict
from baas_sdk._sync.raw import one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._models.requests import BrandDict, PutEmailDict, PutWhatsAppDict, RuleSettingDict
    from baas_sdk._sync.transport import Transport


class NotificationSettingsResource:
    """`client.notification_settings`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Settings:
        """Get the notification settings. From whom, over what, in which language and with whose looks the
        store sends, and which rules are on. Needs a secret key with the scope `notifications:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                "/admin/notification-settings",
                Settings,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def set(
        self,
        *,
        alerts_to: str | None | UnsetType = UNSET,
        brand: Brand | BrandDict | UnsetType = UNSET,
        email: PutEmail | PutEmailDict | UnsetType = UNSET,
        locale: str | None | UnsetType = UNSET,
        reply_to: str | None | UnsetType = UNSET,
        rules: Mapping[str, RuleSetting | RuleSettingDict] | UnsetType = UNSET,
        sender_email: str | None | UnsetType = UNSET,
        sender_name: str | None | UnsetType = UNSET,
        whatsapp: PutWhatsApp | PutWhatsAppDict | None | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Settings:
        """Change the notification settings. Change what is given; what is absent stays. Passwords and keys
        go in and never come out. Needs a secret key with the scope `notifications:write`.
        """
        return self._transport.send(
            Call(
                "PUT",
                "/admin/notification-settings",
                Settings,
                body=PutSettings(
                    alerts_to=alerts_to,
                    brand=made(Brand, brand),
                    email=made(PutEmail, email),
                    locale=locale,
                    reply_to=reply_to,
                    rules=made_dict(RuleSetting, rules),
                    sender_email=sender_email,
                    sender_name=sender_name,
                    whatsapp=made(PutWhatsApp, whatsapp),
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class NotificationSettingsRawResource:
    """`client.with_raw_response.notification_settings`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = NotificationSettingsResource(transport)
        self.get = one(plain.get)
        self.set = one(plain.set)
