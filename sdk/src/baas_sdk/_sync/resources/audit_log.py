# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.audit_log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baas_sdk._models.responses import AuditLineOut
from baas_sdk._request import Call, Options
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._sync.transport import Transport


class AuditLogResource:
    """`client.audit_log`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        subject: str | None = None,
        action: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[AuditLineOut]:
        """Audit log. Who changed what, newest first; filtered by subject id or action. Needs a secret key
        with the scope `audit:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the page
        before. - `subject`: Only what is about this id. - `action`: Only this action, such as
        `store.updated`.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/audit-log",
                AuditLineOut,
                query={"limit": limit, "cursor": cursor, "subject": subject, "action": action},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )


class AuditLogRawResource:
    """`client.with_raw_response.audit_log`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = AuditLogResource(transport)
        self.list = many(plain.list)
