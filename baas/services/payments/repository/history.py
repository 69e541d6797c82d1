"""The SQL of what happened to payments."""

from datetime import datetime
from typing import Final
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.db.rows import columns, insert, rows_of
from baas.core.values import ids
from baas.services.payments.rows import HistoryRow, PaymentRow
from baas.services.payments.schemas import Outcome, PaymentStatus

_LISTED: Final = (
    f"select {columns(HistoryRow)} from payment_history where store_id = $1 and payment_id = $2 order by id"
)


async def add(
    work: StoreWork,
    payment: PaymentRow,
    *,
    outcome: Outcome,
    to: PaymentStatus,
    provider_status: str | None,
    source: str,
    detail: str,
    now: datetime,
) -> None:
    """Add a line to the history of a payment that did not move."""
    await insert(
        work,
        HistoryRow(
            id=ids.new_id(),
            payment_id=payment.id,
            outcome=outcome,
            from_status=payment.status,
            to_status=to,
            provider_status=provider_status,
            source=source,
            detail=detail,
            request_id=work.scope.request_id,
            created_at=now,
        ),
    )


async def of_payment(work: StoreWork, payment_id: UUID) -> list[HistoryRow]:
    """Everything that happened to a payment, oldest first."""
    return rows_of(HistoryRow, await work.fetch(_LISTED, work.scope.store_id, payment_id))
