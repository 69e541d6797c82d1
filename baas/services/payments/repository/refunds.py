"""The SQL of the refunds."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork

_COLUMNS: Final = (
    "id, payment_id, amount, currency, status, reason, provider_refund_id, origin, failure_code, attempts,"
    " created_at, updated_at"
)


async def of_payments(work: StoreWork, payment_ids: Sequence[UUID]) -> list[Any]:
    """The refunds of some payments, oldest first."""
    return await work.fetch(
        f"select {_COLUMNS} from refunds where store_id = $1 and payment_id = any ($2::uuid[]) order by id",
        work.scope.store_id,
        list(payment_ids),
    )


async def failed(work: StoreWork, refund_ids: Collection[UUID]) -> set[UUID]:
    """Those of some refunds that failed."""
    rows = await work.fetch(
        "select id from refunds where store_id = $1 and id = any ($2::uuid[]) and status = 'failed'",
        work.scope.store_id,
        list(refund_ids),
    )
    return {row["id"] for row in rows}


async def insert(
    work: StoreWork,
    *,
    refund_id: UUID,
    payment: Any,
    amount: int,
    status: str,
    reason: str | None,
    provider_refund_id: str | None,
    origin: str,
    failure_code: str | None,
    now: datetime,
    due_in: timedelta | None = None,
) -> None:
    """A refund, asked for here or found at the provider. One with `due_in` still has to be asked for there, then."""
    await work.execute(
        "insert into refunds (store_id, id, payment_id, amount, currency, status, reason, provider_refund_id, origin,"
        " failure_code, created_at, updated_at, next_attempt_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, now() + $12::interval)",
        work.scope.store_id,
        refund_id,
        payment["id"],
        amount,
        payment["currency"],
        status,
        reason,
        provider_refund_id,
        origin,
        failure_code,
        now,
        due_in,
    )


async def update(
    work: StoreWork,
    refund_id: UUID,
    *,
    status: str,
    provider_refund_id: str | None,
    failure_code: str | None,
    now: datetime,
) -> None:
    """What the provider says of a refund of ours: nothing has to be asked for any more."""
    await work.execute(
        "update refunds set status = $3, provider_refund_id = coalesce($4, provider_refund_id), failure_code = $5,"
        " updated_at = $6, next_attempt_at = null, claimed_until = null"
        " where store_id = $1 and id = $2",
        work.scope.store_id,
        refund_id,
        status,
        provider_refund_id,
        failure_code,
        now,
    )
