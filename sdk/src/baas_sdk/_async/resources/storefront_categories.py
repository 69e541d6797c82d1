# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront.categories`."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from baas_sdk._async.raw import one
from baas_sdk._models.responses import CategoryNode
from baas_sdk._request import Call, Options, path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport


class AsyncStorefrontCategoriesResource:
    """`client.storefront.categories`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(
        self,
        slug: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> CategoryNode:
        """Get a category. One active category by its slug or id, and what is under it. Needs a publishable
        key, or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/storefront/categories/{}", slug),
                CategoryNode,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    async def list(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> builtins.list[CategoryNode]:
        """The tree of categories. The active categories as a tree, each level by position and name. Needs a
        publishable key, or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "GET",
                "/storefront/categories",
                builtins.list[CategoryNode],
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )


class AsyncStorefrontCategoriesRawResource:
    """`client.with_raw_response.storefront.categories`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncStorefrontCategoriesResource(transport)
        self.get = one(plain.get)
        self.list = one(plain.list)
