# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.storefront.payments`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baas_sdk._models.responses import StorefrontPayment
from baas_sdk._request import Call, Options, path
from baas_sdk._sync.raw import one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._sync.transport import Transport


class StorefrontPaymentsResource:
    """`client.storefront.payments`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def refresh(
        self,
        payment_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StorefrontPayment:
        """Come back from the payment page. What the page that the payer comes back to asks: the provider is
        asked, at most every two seconds. What stands in the address of that page is not believed. Needs
        a publishable key, or a secret key with the scope `storefront`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/storefront/payments/{}/refresh", payment_id),
                StorefrontPayment,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class StorefrontPaymentsRawResource:
    """`client.with_raw_response.storefront.payments`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = StorefrontPaymentsResource(transport)
        self.refresh = one(plain.refresh)
