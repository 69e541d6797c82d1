# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront.orders`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baas_sdk._async.raw import one
from baas_sdk._models.requests import RetryPayment
from baas_sdk._models.responses import StorefrontOrder, StorefrontPayment
from baas_sdk._request import Call, Options, path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport


class AsyncStorefrontOrdersResource:
    """`client.storefront.orders`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(
        self,
        order_id: str,
        *,
        token: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StorefrontOrder:
        """Get an order as its customer. The order that an access token opens; without the right one it does
        not exist. Needs a publishable key, or a secret key with the scope `storefront`. - `token`: The
        order's access token.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/storefront/orders/{}", order_id),
                StorefrontOrder,
                query={"token": token},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    async def pay_again(
        self,
        order_id: str,
        *,
        provider: str,
        return_url: str | None = None,
        sandbox_token: Literal["approved", "page", "pending", "rejected"] | None = None,
        stripe_mode: Literal["checkout", "elements"] | None = None,
        token: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StorefrontPayment:
        """Try to pay again. Another attempt after a failed payment; an attempt that is still open is
        continued, not doubled. Needs a publishable key, or a secret key with the scope `storefront`. -
        `token`: The order's access token.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/storefront/orders/{}/payments", order_id),
                StorefrontPayment,
                query={"token": token},
                body=RetryPayment(
                    provider=provider,
                    return_url=return_url,
                    sandbox_token=sandbox_token,
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

    async def receipt(
        self,
        order_id: str,
        *,
        token: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Receipt for the customer. The customer's own copy; without the order's access token it does not
        exist. Needs a publishable key, or a secret key with the scope `storefront`. - `token`: The
        order's access token.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/storefront/orders/{}/receipt.pdf", order_id),
                bytes,
                query={"token": token},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )


class AsyncStorefrontOrdersRawResource:
    """`client.with_raw_response.storefront.orders`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncStorefrontOrdersResource(transport)
        self.get = one(plain.get)
        self.pay_again = one(plain.pay_again)
        self.receipt = one(plain.receipt)
