# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from baas_sdk._async.raw import one
from baas_sdk._models.requests import StoreSettings, UpdateStore
from baas_sdk._models.responses import StoreOut, Usage
from baas_sdk._request import Call, Options
from baas_sdk._struct import made

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport
    from baas_sdk._models.requests import StoreSettingsDict


class AsyncStoreResource:
    """`client.store`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StoreOut:
        """Get the store. The store of the key, with its settings. Needs a secret key with the scope
        `store:read`.
        """
        return await self._transport.send(
            Call(
                "GET", "/admin/store", StoreOut, options=Options(timeout=timeout, extra_headers=extra_headers)
            )
        )

    async def update(
        self,
        *,
        allowed_origins: Sequence[str] | UnsetType = UNSET,
        country: str | UnsetType = UNSET,
        domain: str | None | UnsetType = UNSET,
        locale: str | UnsetType = UNSET,
        name: str | UnsetType = UNSET,
        prices_include_tax: bool | UnsetType = UNSET,
        settings: StoreSettings | StoreSettingsDict | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StoreOut:
        """Update the store. Change the store's name, domain, locale, origins or settings; what is absent
        stays. Needs a secret key with the scope `store:write`.
        """
        return await self._transport.send(
            Call(
                "PATCH",
                "/admin/store",
                StoreOut,
                body=UpdateStore(
                    allowed_origins=allowed_origins,
                    country=country,
                    domain=domain,
                    locale=locale,
                    name=name,
                    prices_include_tax=prices_include_tax,
                    settings=made(StoreSettings, settings),
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def usage(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Usage:
        """Usage of the plan. Each limit of the plan and how much of it is used. Needs a secret key with the
        scope `store:read`.
        """
        return await self._transport.send(
            Call("GET", "/admin/usage", Usage, options=Options(timeout=timeout, extra_headers=extra_headers))
        )


class AsyncStoreRawResource:
    """`client.with_raw_response.store`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncStoreResource(transport)
        self.get = one(plain.get)
        self.update = one(plain.update)
        self.usage = one(plain.usage)
