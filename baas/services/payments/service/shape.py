"""Rows as the shop and as the payer see them, and the events that carry them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work import outbox
from baas.services.payments import repository
from baas.services.payments.events import PaymentEvent
from baas.services.payments.rows import PaymentRow, RefundRow
from baas.services.payments.schemas import Payment, PaymentStatus, Refund, StorefrontPayment

_PAYABLE: Final = frozenset({PaymentStatus.PENDING, PaymentStatus.FAILED})


async def shape(work: StoreWork, rows: Sequence[PaymentRow]) -> list[Payment]:
    """The admin's view of payments, their refunds by one statement for all."""
    refunds: dict[UUID, list[Refund]] = {}
    for found in await repository.refunds.of_payments(work, [row.id for row in rows]):
        refunds.setdefault(found.payment_id, []).append(refund_of(found))
    return [payment_of(row, refunds.get(row.id, [])) for row in rows]


async def emit(work: StoreWork, type_: PaymentEvent, row: PaymentRow, *, is_new: bool = False) -> None:
    """Write an event about a payment as it is now; one that `is_new` has no refunds to ask for."""
    payment = payment_of(row, []) if is_new else (await shape(work, [row]))[0]
    await outbox.emit(work, type_, subject=payment.id, data=payment)


def payment_of(row: PaymentRow, refunds: list[Refund]) -> Payment:
    """What the admin API answers for a payment, and what its events carry."""
    return Payment(
        id=ids.encode(Kind.PAYMENT, row.id),
        order_id=ids.encode(Kind.ORDER, row.order_id) if row.order_id else None,
        provider=row.provider,
        status=row.status,
        provider_status=row.provider_status,
        provider_payment_id=row.provider_payment_id,
        amount=row.amount,
        amount_refunded=row.amount_refunded,
        currency=row.currency,
        reference=row.reference,
        description=row.description,
        payer_email=row.payer_email,
        next_action=row.next_action if row.status in _PAYABLE else None,
        failure_code=row.failure_code,
        flags=row.flags,
        metadata=row.metadata,
        created_at=row.created_at,
        updated_at=row.updated_at,
        paid_at=row.paid_at,
        refunds=refunds,
    )


def refund_of(row: RefundRow) -> Refund:
    """What the admin API answers for a refund."""
    return Refund(
        id=ids.encode(Kind.REFUND, row.id),
        payment_id=ids.encode(Kind.PAYMENT, row.payment_id),
        amount=row.amount,
        currency=row.currency,
        status=row.status,
        reason=row.reason,
        provider_refund_id=row.provider_refund_id,
        origin=row.origin,
        failure_code=row.failure_code,
        created_at=row.created_at,
    )


def storefront_of(payment: Payment) -> StorefrontPayment:
    """What the payer may see of a payment."""
    return StorefrontPayment(**{name: getattr(payment, name) for name in StorefrontPayment.__struct_fields__})
