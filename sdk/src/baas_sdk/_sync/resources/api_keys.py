# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.api_keys`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import CreateApiKey, RotateApiKey
from baas_sdk._models.responses import ApiKeyOut, CreatedApiKey
from baas_sdk._request import Call, Options, path
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from httpx import Timeout

    from baas_sdk._models.enums import KeyKindWord
    from baas_sdk._sync.transport import Transport


class ApiKeysResource:
    """`client.api_keys`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        kind: KeyKindWord,
        name: str,
        expires_in_days: int | None = None,
        scopes: Sequence[str] | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> CreatedApiKey:
        """Create a key. Make a key; the answer is the only place where it is ever shown. Needs a secret key
        with the scope `keys:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                "/admin/api-keys",
                CreatedApiKey,
                body=CreateApiKey(expires_in_days=expires_in_days, kind=kind, name=name, scopes=scopes),
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
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[ApiKeyOut]:
        """List keys. The store's keys, newest first, without the keys themselves. Needs a secret key with
        the scope `keys:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the page
        before. - `include`: `total` counts the whole list.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/api-keys",
                ApiKeyOut,
                query={"limit": limit, "cursor": cursor, "include": include},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def revoke(
        self,
        key_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ApiKeyOut:
        """Revoke a key. End a key: within one second no process accepts it any more. Needs a secret key
        with the scope `keys:write`.
        """
        return self._transport.send(
            Call(
                "DELETE",
                path("/admin/api-keys/{}", key_id),
                ApiKeyOut,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def rotate(
        self,
        key_id: str,
        *,
        grace_seconds: int | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> CreatedApiKey:
        """Rotate a key. Make a key with the same rights, and end the old one at once or after a grace
        period. Needs a secret key with the scope `keys:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/api-keys/{}/rotate", key_id),
                CreatedApiKey,
                body=RotateApiKey(grace_seconds=grace_seconds),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class ApiKeysRawResource:
    """`client.with_raw_response.api_keys`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = ApiKeysResource(transport)
        self.create = one(plain.create)
        self.list = many(plain.list)
        self.revoke = one(plain.revoke)
        self.rotate = one(plain.rotate)
