# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from baas_sdk._sync.resources.storefront_carts import (
    StorefrontCartsRawResource,
    StorefrontCartsResource,
)
from baas_sdk._sync.resources.storefront_categories import (
    StorefrontCategoriesRawResource,
    StorefrontCategoriesResource,
)
from baas_sdk._sync.resources.storefront_orders import (
    StorefrontOrdersRawResource,
    StorefrontOrdersResource,
)
from baas_sdk._sync.resources.storefront_payments import (
    StorefrontPaymentsRawResource,
    StorefrontPaymentsResource,
)
from baas_sdk._sync.resources.storefront_products import (
    StorefrontProductsRawResource,
    StorefrontProductsResource,
)
from baas_sdk._sync.resources.storefront_store import (
    StorefrontStoreRawResource,
    StorefrontStoreResource,
)

if TYPE_CHECKING:
    from baas_sdk._sync.transport import Transport


class StorefrontResource:
    """`client.storefront`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @cached_property
    def carts(self) -> StorefrontCartsResource:
        """`client.storefront.carts`."""
        return StorefrontCartsResource(self._transport)

    @cached_property
    def categories(self) -> StorefrontCategoriesResource:
        """`client.storefront.categories`."""
        return StorefrontCategoriesResource(self._transport)

    @cached_property
    def orders(self) -> StorefrontOrdersResource:
        """`client.storefront.orders`."""
        return StorefrontOrdersResource(self._transport)

    @cached_property
    def payments(self) -> StorefrontPaymentsResource:
        """`client.storefront.payments`."""
        return StorefrontPaymentsResource(self._transport)

    @cached_property
    def products(self) -> StorefrontProductsResource:
        """`client.storefront.products`."""
        return StorefrontProductsResource(self._transport)

    @cached_property
    def store(self) -> StorefrontStoreResource:
        """`client.storefront.store`."""
        return StorefrontStoreResource(self._transport)


class StorefrontRawResource:
    """`client.with_raw_response.storefront`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @cached_property
    def carts(self) -> StorefrontCartsRawResource:
        """`client.storefront.carts`."""
        return StorefrontCartsRawResource(self._transport)

    @cached_property
    def categories(self) -> StorefrontCategoriesRawResource:
        """`client.storefront.categories`."""
        return StorefrontCategoriesRawResource(self._transport)

    @cached_property
    def orders(self) -> StorefrontOrdersRawResource:
        """`client.storefront.orders`."""
        return StorefrontOrdersRawResource(self._transport)

    @cached_property
    def payments(self) -> StorefrontPaymentsRawResource:
        """`client.storefront.payments`."""
        return StorefrontPaymentsRawResource(self._transport)

    @cached_property
    def products(self) -> StorefrontProductsRawResource:
        """`client.storefront.products`."""
        return StorefrontProductsRawResource(self._transport)

    @cached_property
    def store(self) -> StorefrontStoreRawResource:
        """`client.storefront.store`."""
        return StorefrontStoreRawResource(self._transport)
