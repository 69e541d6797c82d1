# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront.store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baas_sdk._async.raw import one
from baas_sdk._models.responses import StorefrontStore
from baas_sdk._request import Call, Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport


class AsyncStorefrontStoreResource:
    """`client.storefront.store`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StorefrontStore:
        """The store. Name, currency and language of the store, for the pages that show it. Needs a
        publishable key, or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "GET",
                "/storefront/store",
                StorefrontStore,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )


class AsyncStorefrontStoreRawResource:
    """`client.with_raw_response.storefront.store`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncStorefrontStoreResource(transport)
        self.get = one(plain.get)
