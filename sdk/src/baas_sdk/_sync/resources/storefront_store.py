# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront.store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baas_sdk._models.responses import StorefrontStore
from baas_sdk._request import Call, Options
from baas_sdk._sync.raw import one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._sync.transport import Transport


class StorefrontStoreResource:
    """`client.storefront.store`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StorefrontStore:
        """The store. Name, currency and language of the store, for the pages that show it. Needs a
        publishable key, or a secret key with the scope `storefront`.
        """
        return self._transport.send(
            Call(
                "GET",
                "/storefront/store",
                StorefrontStore,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )


class StorefrontStoreRawResource:
    """`client.with_raw_response.storefront.store`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = StorefrontStoreResource(transport)
        self.get = one(plain.get)
