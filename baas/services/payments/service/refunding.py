"""Giving money back."""

from typing import Final
from uuid import UUID

from baas.core import clock, ids
from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.services.payments import repository
from baas.services.payments.errors import NotRefundable, PaymentProviderError
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import ProviderRefused, RefundAsked
from baas.services.payments.schemas import CreateRefund, PaymentStatus, Refund, RefundStatus
from baas.services.payments.service.settling import handle_of, record, update_refund, usable
from baas.services.payments.service.shape import refund_of

_REFUNDABLE: Final = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})


async def refund(work: StoreWork, providers: Providers, payment_id: UUID, data: CreateRefund) -> Refund:
    """Give back all that is left, or a part. Raises NotRefundable, PaymentProviderError, NotFound."""
    row = await repository.lock(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode("pay", payment_id))
    made = await repository.refunds(work, [payment_id])
    promised = sum(refund["amount"] for refund in made if refund["status"] != RefundStatus.FAILED)
    left = row["amount"] - max(promised, row["amount_refunded"]) if row["status"] in _REFUNDABLE else 0
    amount = data.amount or left
    if not 0 < amount <= left:
        raise NotRefundable(asked=data.amount, refundable=left, status=row["status"])
    provider = usable(work, providers, row["provider"]).connect(work, None)
    refund_id = ids.new_id()
    now = clock.now(work.scope)
    await repository.insert_refund(
        work,
        refund_id=refund_id,
        payment=row,
        amount=amount,
        status=RefundStatus.PENDING,
        reason=data.reason,
        provider_refund_id=None,
        origin="api",
        failure_code=None,
        now=now,
    )
    asked = RefundAsked(
        handle=handle_of(row),
        refund_id=refund_id,
        idempotency_key=ids.encode("re", refund_id),
        amount=amount,
        currency=row["currency"],
        is_rest=amount == left,
        reason=data.reason,
    )
    try:
        answer = await provider.refund(asked)
    except ProviderRefused as refusal:
        raise PaymentProviderError(provider=row["provider"], provider_message=str(refusal)) from refusal
    await update_refund(work, refund_id, answer)
    await record(work, row, await provider.fetch(handle_of(row)), source="api")
    rows = await repository.refunds(work, [payment_id])
    return next(refund_of(found) for found in rows if found["id"] == refund_id)


async def refund_order(work: StoreWork, providers: Providers, order_id: UUID, *, reason: str | None) -> int:
    """Give back all that came in for an order; answers how much, in the currency's minor unit."""
    total = 0
    for row in await repository.of_order(work, order_id):
        left = row["amount"] - row["amount_refunded"]
        if row["status"] in _REFUNDABLE and left:
            total += (await refund(work, providers, row["id"], CreateRefund(reason=reason))).amount
    return total
