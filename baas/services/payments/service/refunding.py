"""Giving money back."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.payments import repository
from baas.services.payments.errors import (
    NotRefundable,
    PaymentProviderError,
    PaymentProviderUnconfigured,
)
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import ProviderRefused, RefundAsked
from baas.services.payments.rows import PaymentRow, RefundRow
from baas.services.payments.schemas import CreateRefund, PaymentStatus, Refund, RefundStatus
from baas.services.payments.service.settling import handle_of, record, update_refund, usable
from baas.services.payments.service.shape import refund_of

LEASE: Final = timedelta(seconds=60)
"""How long the request that promised a refund has to ask for it, before the worker does."""
_REFUNDABLE: Final = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})


async def refund(work: StoreWork, providers: Providers, payment_id: UUID, data: CreateRefund) -> Refund:
    """Give back all that is left, or a part.

    Raises NotRefundable, PaymentProviderError, NotFound, and PaymentProviderUnconfigured when the store's account was
    deleted.

    A provider in our transaction does it here. For any other the refund is promised, pending, and asked for
    after the commit (`network.run_refund`), if need be by the worker.
    """
    row = await repository.payments.lock(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.PAYMENT, payment_id))
    left = await _left(work, row)
    amount = data.amount or left
    if not 0 < amount <= left:
        raise NotRefundable(asked=data.amount, refundable=left, status=row.status)
    kind = usable(work, providers, row.provider)
    if not kind.in_process:
        account = await repository.accounts.get(work, kind.name)
        if account is None or account.credentials is None:
            raise PaymentProviderUnconfigured(provider=kind.name)
    refund_id, now = ids.new_id(), clock.now(work.scope)
    await repository.refunds.insert(
        work,
        RefundRow(
            id=refund_id,
            payment_id=payment_id,
            amount=amount,
            currency=row.currency,
            status=RefundStatus.PENDING,
            reason=data.reason,
            provider_refund_id=None,
            origin="api",
            failure_code=None,
            attempts=0,
            next_attempt_at=None,
            created_at=now,
            updated_at=now,
        ),
    )
    if not kind.in_process:
        await repository.refunds.postpone(work, refund_id, LEASE)
        await repository.history.add(
            work,
            row,
            outcome="progressed",
            to=row.status,
            provider_status=row.provider_status,
            source="api",
            detail=f"a refund of {amount} was asked for: {ids.encode(Kind.REFUND, refund_id)}",
            now=now,
        )
    else:
        provider = kind.connect(work, None)
        asked = asked_of(row, refund_id, amount, data.reason)
        try:
            answer = await provider.refund(asked)
        except ProviderRefused as refusal:
            raise PaymentProviderError(provider=row.provider, provider_message=str(refusal)) from refusal
        await update_refund(work, refund_id, answer)
        await record(work, row, await provider.fetch(handle_of(row)), source="api")
    rows = await repository.refunds.of_payments(work, [payment_id])
    return next(refund_of(found) for found in rows if found.id == refund_id)


async def refund_order(
    work: StoreWork, providers: Providers, order_id: UUID, *, reason: str | None, amount: int | None = None
) -> list[Refund]:
    """Give back what came in for an order, all of it or so much, the latest payment first.

    Raises NotRefundable when less than that is left.
    """
    made: list[Refund] = []
    missing = amount
    for row in reversed(await repository.payments.lock_of_order(work, order_id)):
        left = await _left(work, row)
        part = left if missing is None else min(left, missing)
        if part:
            made.append(await refund(work, providers, row.id, CreateRefund(amount=part, reason=reason)))
            missing = None if missing is None else missing - part
    if missing:
        raise NotRefundable(asked=amount, refundable=(amount or 0) - missing, status=None)
    return made


async def _left(work: StoreWork, row: PaymentRow) -> int:
    """What of a locked payment was neither given back nor promised."""
    if row.status not in _REFUNDABLE:
        return 0
    made = await repository.refunds.of_payments(work, [row.id])
    promised = sum(refund.amount for refund in made if refund.status != RefundStatus.FAILED)
    return row.amount - max(promised, row.amount_refunded)


def asked_of(row: PaymentRow, refund_id: UUID, amount: int, reason: str | None) -> RefundAsked:
    """A refund as its provider is asked for it: the same refund has the same key, however often."""
    return RefundAsked(
        handle=handle_of(row),
        refund_id=refund_id,
        idempotency_key=ids.encode(Kind.REFUND, refund_id),
        amount=amount,
        currency=row.currency,
        reason=reason,
    )
