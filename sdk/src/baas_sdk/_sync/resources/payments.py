# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.payments`."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import CreatePayment, CreateRefund, Payer
from baas_sdk._models.responses import HistoryEntry, Payment, ReconciliationReport, Refund
from baas_sdk._request import Call, Options, path
from baas_sdk._struct import made
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._models.enums import PaymentStatus
    from baas_sdk._models.requests import PayerDict
    from baas_sdk._sync.transport import Transport


class PaymentsResource:
    """`client.payments`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        amount: int,
        provider: str,
        currency: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | UnsetType = UNSET,
        order_id: str | None = None,
        payer: Payer | PayerDict | None = None,
        reference: str | None = None,
        return_url: str | None = None,
        sandbox_token: Literal["approved", "page", "pending", "rejected"] | None = None,
        stripe_mode: Literal["checkout", "elements"] | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Payment:
        """Create a payment. Collect an amount, with an order of this backend or without any. The payer
        follows `next_action`. `payment_provider_error` means that the provider did not open it: send the
        same request with the same Idempotency-Key again, and the same attempt is continued. Needs a
        secret key with the scope `payments:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                "/admin/payments",
                Payment,
                body=CreatePayment(
                    amount=amount,
                    currency=currency,
                    description=description,
                    metadata=metadata,
                    order_id=order_id,
                    payer=made(Payer, payer),
                    provider=provider,
                    reference=reference,
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

    def get(
        self,
        payment_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Payment:
        """Get a payment. One payment with its refunds. Needs a secret key with the scope `payments:read`."""
        return self._transport.send(
            Call(
                "GET",
                path("/admin/payments/{}", payment_id),
                Payment,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def history(
        self,
        payment_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> builtins.list[HistoryEntry]:
        """History of a payment. Everything that happened to a payment in order, also what was ignored and
        why. Needs a secret key with the scope `payments:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/payments/{}/history", payment_id),
                builtins.list[HistoryEntry],
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        status: PaymentStatus
        | Literal["cancelled", "disputed", "failed", "paid", "partially_refunded", "pending", "refunded"]
        | None = None,
        provider: str | None = None,
        reference: str | None = None,
        order_id: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Payment]:
        """List payments. Payments, newest first; filtered by status, provider, the shop's reference or the
        order. Needs a secret key with the scope `payments:read`. - `limit`: How many, 1 to 100. -
        `cursor`: `next_cursor` of the page before. - `include`: `total` counts the whole list. -
        `status`: Only those in this state. - `provider`: Its name, such as `sandbox`. - `reference`:
        Only those with this reference of the shop. - `order_id`: Only those of this order.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/payments",
                Payment,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "include": include,
                    "status": status,
                    "provider": provider,
                    "reference": reference,
                    "order_id": order_id,
                },
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def reconciliation(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ReconciliationReport:
        """Report of the reconciliation. How our payments and the providers' own lists agreed lately, and
        what still needs a person. Needs a secret key with the scope `payments:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                "/admin/payments/reconciliation",
                ReconciliationReport,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def refresh(
        self,
        payment_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Payment:
        """Ask the provider for a payment. Ask the provider for the payment as it is now, without waiting
        for its notification. Needs a secret key with the scope `payments:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/payments/{}/refresh", payment_id),
                Payment,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def refund(
        self,
        payment_id: str,
        *,
        amount: int | None = None,
        reason: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Refund:
        """Refund a payment. Give back everything that is left, or a part; never more than what was paid.
        Send an Idempotency-Key: two requests without one are two refunds. A provider that does not
        answer leaves the refund `pending`, and it is asked again until it does. Needs a secret key with
        the scope `payments:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/payments/{}/refunds", payment_id),
                Refund,
                body=CreateRefund(amount=amount, reason=reason),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class PaymentsRawResource:
    """`client.with_raw_response.payments`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = PaymentsResource(transport)
        self.create = one(plain.create)
        self.get = one(plain.get)
        self.history = one(plain.history)
        self.list = many(plain.list)
        self.reconciliation = one(plain.reconciliation)
        self.refresh = one(plain.refresh)
        self.refund = one(plain.refund)
