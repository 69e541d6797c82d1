# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront.products`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baas_sdk._async.pagination import AsyncPages
from baas_sdk._async.raw import many, one
from baas_sdk._models.responses import Product
from baas_sdk._request import Call, Options, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport


class AsyncStorefrontProductsResource:
    """`client.storefront.products`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(
        self,
        ref: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Product:
        """Get a product. One active product by its handle or id. Needs a publishable key, or a secret key
        with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/storefront/products/{}", ref),
                Product,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        category: str | None = None,
        q: str | None = None,
        min_price: int | None = None,
        max_price: int | None = None,
        in_stock: bool | None = None,
        tag: str | None = None,
        ids: str | Sequence[str] | None = None,
        sort: Literal["relevance", "price", "-price", "created_at", "-created_at", "name"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[Product]:
        """List and search products. Active products, filtered and ordered. The price of a product is that
        of its cheapest variant. Needs a publishable key, or a secret key with the scope `storefront`. -
        `category`: Slug or id; products of the categories under it are included. - `q`: Words, the last
        of which may be only begun; or a SKU. - `min_price`: Lowest price of a product's cheapest
        variant, in minor units. - `max_price`: Highest price of a product's cheapest variant, in minor
        units. - `in_stock`: Only products that can, or cannot, be bought now. - `tag`: Only products
        with this tag. - `ids`: Only these products: up to 100 ids, separated by commas. - `sort`:
        `relevance` when `q` is given, else `-created_at`. - `limit`: How many. - `cursor`: `next_cursor`
        of the page before. - `include`: `total` counts the whole list.
        """
        return AsyncPages(
            self._transport,
            Call(
                "GET",
                "/storefront/products",
                Product,
                query={
                    "category": category,
                    "q": q,
                    "min_price": min_price,
                    "max_price": max_price,
                    "in_stock": in_stock,
                    "tag": tag,
                    "ids": ids,
                    "sort": sort,
                    "limit": limit,
                    "cursor": cursor,
                    "include": include,
                },
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )


class AsyncStorefrontProductsRawResource:
    """`client.with_raw_response.storefront.products`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncStorefrontProductsResource(transport)
        self.get = one(plain.get)
        self.list = many(plain.list)
