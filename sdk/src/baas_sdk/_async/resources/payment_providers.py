# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.payment_providers`."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from baas_sdk._async.raw import one
from baas_sdk._models.requests import PutPaymentProvider
from baas_sdk._models.responses import PaymentProvider
from baas_sdk._request import Call, Options, path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport


class AsyncPaymentProvidersResource:
    """`client.payment_providers`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def delete(
        self,
        provider: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> PaymentProvider:
        """Remove a payment provider. Forget the account and its secrets; payments that were made with it
        stay. Stripe is told to notify no more, if it answers. Needs a secret key with the scope
        `payments:write`.
        """
        return await self._transport.send(
            Call(
                "DELETE",
                path("/admin/payment-providers/{}", provider),
                PaymentProvider,
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
        provider: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> PaymentProvider:
        """Get a payment provider. How the store stands with a provider. Credentials are never shown. Needs
        a secret key with the scope `payments:read`.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/admin/payment-providers/{}", provider),
                PaymentProvider,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    async def list(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> builtins.list[PaymentProvider]:
        """List payment providers. The providers that this store could use, and how it stands with each.
        Needs a secret key with the scope `payments:read`.
        """
        return await self._transport.send(
            Call(
                "GET",
                "/admin/payment-providers",
                builtins.list[PaymentProvider],
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    async def set(
        self,
        provider: str,
        *,
        credentials: Mapping[str, str] | None = None,
        enabled: bool | UnsetType = UNSET,
        webhook_secret: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> PaymentProvider:
        """Configure a payment provider. Store credentials, encrypted, and enable or disable the provider.
        The sandbox needs none. The provider is asked whether it knows the credentials. Without a webhook
        secret, Stripe is told to notify this store; with Mercado Pago a person copies the secret of the
        application. Needs a secret key with the scope `payments:write`.
        """
        return await self._transport.send(
            Call(
                "PUT",
                path("/admin/payment-providers/{}", provider),
                PaymentProvider,
                body=PutPaymentProvider(
                    credentials=credentials, enabled=enabled, webhook_secret=webhook_secret
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class AsyncPaymentProvidersRawResource:
    """`client.with_raw_response.payment_providers`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncPaymentProvidersResource(transport)
        self.delete = one(plain.delete)
        self.get = one(plain.get)
        self.list = one(plain.list)
        self.set = one(plain.set)
