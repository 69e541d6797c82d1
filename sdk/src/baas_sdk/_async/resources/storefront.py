# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from baas_sdk._async.resources.storefront_carts import (
    AsyncStorefrontCartsRawResource,
    AsyncStorefrontCartsResource,
)
from baas_sdk._async.resources.storefront_categories import (
    AsyncStorefrontCategoriesRawResource,
    AsyncStorefrontCategoriesResource,
)
from baas_sdk._async.resources.storefront_orders import (
    AsyncStorefrontOrdersRawResource,
    AsyncStorefrontOrdersResource,
)
from baas_sdk._async.resources.storefront_payments import (
    AsyncStorefrontPaymentsRawResource,
    AsyncStorefrontPaymentsResource,
)
from baas_sdk._async.resources.storefront_products import (
    AsyncStorefrontProductsRawResource,
    AsyncStorefrontProductsResource,
)
from baas_sdk._async.resources.storefront_store import (
    AsyncStorefrontStoreRawResource,
    AsyncStorefrontStoreResource,
)

if TYPE_CHECKING:
    from baas_sdk._async.transport import AsyncTransport


class AsyncStorefrontResource:
    """`client.storefront`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @cached_property
    def carts(self) -> AsyncStorefrontCartsResource:
        """`client.storefront.carts`."""
        return AsyncStorefrontCartsResource(self._transport)

    @cached_property
    def categories(self) -> AsyncStorefrontCategoriesResource:
        """`client.storefront.categories`."""
        return AsyncStorefrontCategoriesResource(self._transport)

    @cached_property
    def orders(self) -> AsyncStorefrontOrdersResource:
        """`client.storefront.orders`."""
        return AsyncStorefrontOrdersResource(self._transport)

    @cached_property
    def payments(self) -> AsyncStorefrontPaymentsResource:
        """`client.storefront.payments`."""
        return AsyncStorefrontPaymentsResource(self._transport)

    @cached_property
    def products(self) -> AsyncStorefrontProductsResource:
        """`client.storefront.products`."""
        return AsyncStorefrontProductsResource(self._transport)

    @cached_property
    def store(self) -> AsyncStorefrontStoreResource:
        """`client.storefront.store`."""
        return AsyncStorefrontStoreResource(self._transport)


class AsyncStorefrontRawResource:
    """`client.with_raw_response.storefront`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @cached_property
    def carts(self) -> AsyncStorefrontCartsRawResource:
        """`client.storefront.carts`."""
        return AsyncStorefrontCartsRawResource(self._transport)

    @cached_property
    def categories(self) -> AsyncStorefrontCategoriesRawResource:
        """`client.storefront.categories`."""
        return AsyncStorefrontCategoriesRawResource(self._transport)

    @cached_property
    def orders(self) -> AsyncStorefrontOrdersRawResource:
        """`client.storefront.orders`."""
        return AsyncStorefrontOrdersRawResource(self._transport)

    @cached_property
    def payments(self) -> AsyncStorefrontPaymentsRawResource:
        """`client.storefront.payments`."""
        return AsyncStorefrontPaymentsRawResource(self._transport)

    @cached_property
    def products(self) -> AsyncStorefrontProductsRawResource:
        """`client.storefront.products`."""
        return AsyncStorefrontProductsRawResource(self._transport)

    @cached_property
    def store(self) -> AsyncStorefrontStoreRawResource:
        """`client.storefront.store`."""
        return AsyncStorefrontStoreRawResource(self._transport)
