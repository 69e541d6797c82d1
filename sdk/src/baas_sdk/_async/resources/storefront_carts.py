# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront.carts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._async.raw import one
from baas_sdk._models.requests import AddItem, Address, Checkout, CreateCart, MergeCart, SetItem, UpdateCart
from baas_sdk._models.responses import Cart, Placed
from baas_sdk._request import Call, Options, path
from baas_sdk._struct import made, made_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport
    from baas_sdk._models.requests import AddItemDict, AddressDict


class AsyncStorefrontCartsResource:
    """`client.storefront.carts`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def add_item(
        self,
        cart_id: str,
        *,
        variant_id: str,
        quantity: int | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Cart:
        """Add an item. Add a variant; one that is in the cart gets that many more. 409 `insufficient_stock`
        beyond the stock. Needs a publishable key, or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/storefront/carts/{}/items", cart_id),
                Cart,
                body=AddItem(quantity=quantity, variant_id=variant_id),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def checkout(
        self,
        cart_id: str,
        *,
        provider: str,
        billing_address: Address | AddressDict | None = None,
        email: str | None = None,
        expected_total: int | None = None,
        note: str | None = None,
        return_url: str | None = None,
        sandbox_token: Literal["approved", "page", "pending", "rejected"] | None = None,
        shipping_address: Address | AddressDict | None = None,
        stripe_mode: Literal["checkout", "elements"] | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Placed:
        """Check out a cart. Turn a cart into an order with its stock reserved, and open the payment. Send
        an Idempotency-Key: the same key answers the same order. Follow `payment.next_action`. With
        `payment_provider_error` the order exists and stays payable: the same request with the same key,
        or `POST /storefront/orders/{id}/payments`, continues the same payment. Needs a publishable key,
        or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/storefront/carts/{}/checkout", cart_id),
                Placed,
                body=Checkout(
                    billing_address=made(Address, billing_address),
                    email=email,
                    expected_total=expected_total,
                    note=note,
                    provider=provider,
                    return_url=return_url,
                    sandbox_token=sandbox_token,
                    shipping_address=made(Address, shipping_address),
                    stripe_mode=stripe_mode,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def create(
        self,
        *,
        email: str | None = None,
        items: Sequence[AddItem | AddItemDict] | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Cart:
        """Create a cart. A new cart, with items if you like. Its id is the customer's secret: whoever knows
        it may change the cart. Needs a publishable key, or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "POST",
                "/storefront/carts",
                Cart,
                body=CreateCart(email=email, items=made_list(AddItem, items)),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def get(
        self,
        cart_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Cart:
        """Get a cart. A cart at the prices and the stock of this moment. Needs a publishable key, or a
        secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/storefront/carts/{}", cart_id),
                Cart,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    async def merge(
        self,
        cart_id: str,
        *,
        other_cart_id: str,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Cart:
        """Merge another cart into this one. Take the lines of another cart into this one and close the
        other, when a guest turns out to be known. Needs a publishable key, or a secret key with the
        scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/storefront/carts/{}/merge", cart_id),
                Cart,
                body=MergeCart(cart_id=other_cart_id),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def remove_item(
        self,
        cart_id: str,
        item_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Cart:
        """Remove an item. Remove a line; the cart that is left is answered. Needs a publishable key, or a
        secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "DELETE",
                path("/storefront/carts/{}/items/{}", cart_id, item_id),
                Cart,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def update(
        self,
        cart_id: str,
        *,
        billing_address: Address | AddressDict | None | UnsetType = UNSET,
        discount_codes: Sequence[str] | UnsetType = UNSET,
        email: str | None | UnsetType = UNSET,
        shipping_address: Address | AddressDict | None | UnsetType = UNSET,
        shipping_method_id: str | None | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Cart:
        """Update a cart. Set the e-mail, the addresses, the shipping method or discount codes; what is
        absent stays. Needs a publishable key, or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "PATCH",
                path("/storefront/carts/{}", cart_id),
                Cart,
                body=UpdateCart(
                    billing_address=made(Address, billing_address),
                    discount_codes=discount_codes,
                    email=email,
                    shipping_address=made(Address, shipping_address),
                    shipping_method_id=shipping_method_id,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def update_item(
        self,
        cart_id: str,
        item_id: str,
        *,
        quantity: int,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Cart:
        """Set the quantity of an item. Set the quantity of a line; 0 removes it. Needs a publishable key,
        or a secret key with the scope `storefront`.
        """
        return await self._transport.send(
            Call(
                "PATCH",
                path("/storefront/carts/{}/items/{}", cart_id, item_id),
                Cart,
                body=SetItem(quantity=quantity),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class AsyncStorefrontCartsRawResource:
    """`client.with_raw_response.storefront.carts`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncStorefrontCartsResource(transport)
        self.add_item = one(plain.add_item)
        self.checkout = one(plain.checkout)
        self.create = one(plain.create)
        self.get = one(plain.get)
        self.merge = one(plain.merge)
        self.remove_item = one(plain.remove_item)
        self.update = one(plain.update)
        self.update_item = one(plain.update_item)
