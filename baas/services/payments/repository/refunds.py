"""The SQL of refunds, and of those that still have to be asked for."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from baas.core.db import StoreWork, SystemConnection, rows
from baas.core.db.rows import columns, optional_row, rows_of
from baas.core.work.claims import Claimant
from baas.services.payments.rows import DueRefundRow, RefundRow
from baas.services.payments.schemas import RefundStatus

_OF_PAYMENTS: Final = f"select {columns(RefundRow)} from refunds where store_id = $1 and payment_id = any ($2::uuid[]) order by id"
_GET: Final = f"select {columns(RefundRow)} from refunds where store_id = $1 and id = $2"
_LOCK: Final = f"{_GET} for no key update"
_CLAIM: Final = f"""
with due as (
  select store_id, id from refunds
  where next_attempt_at <= now()
    and (claimed_until is null or claimed_until <= now() or claimed_by = any($3::bigint[]))
  order by next_attempt_at limit $1 for update skip locked
)
update refunds t set claimed_by = $4, claimed_until = now() + $2::interval
from due where t.store_id = due.store_id and t.id = due.id
returning {columns(DueRefundRow, "t")}
"""


async def of_payments(work: StoreWork, payment_ids: Sequence[UUID]) -> list[RefundRow]:
    """The refunds of some payments, oldest first."""
    return rows_of(RefundRow, await work.fetch(_OF_PAYMENTS, work.scope.store_id, list(payment_ids)))


async def get(work: StoreWork, refund_id: UUID) -> RefundRow | None:
    """The refund, or None."""
    return optional_row(RefundRow, await work.fetchrow(_GET, work.scope.store_id, refund_id))


async def lock(work: StoreWork, refund_id: UUID) -> RefundRow | None:
    """The refund, held until the transaction ends, or None."""
    return optional_row(RefundRow, await work.fetchrow(_LOCK, work.scope.store_id, refund_id))


async def failed(work: StoreWork, refund_ids: Collection[UUID]) -> set[UUID]:
    """Those of some refunds that failed."""
    records = await work.fetch(
        "select id from refunds where store_id = $1 and id = any ($2::uuid[]) and status = 'failed'",
        work.scope.store_id,
        list(refund_ids),
    )
    return {refund_id for (refund_id,) in records}


async def insert(work: StoreWork, refund: RefundRow) -> None:
    """Write a refund. One that still has to be asked for at its provider is postponed after that."""
    await rows.insert(work, refund)


async def update(
    work: StoreWork,
    refund_id: UUID,
    *,
    status: RefundStatus,
    provider_refund_id: str | None,
    failure_code: str | None,
    now: datetime,
) -> None:
    """Write what the provider says of a refund of ours: nothing has to be asked for any more."""
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


async def count_attempt(work: StoreWork, refund_id: UUID) -> None:
    """Note that a refund is about to be asked for: whoever comes next must look first whether it was made."""
    await work.execute(
        "update refunds set attempts = attempts + 1 where store_id = $1 and id = $2",
        work.scope.store_id,
        refund_id,
    )


async def postpone(work: StoreWork, refund_id: UUID, wait: timedelta) -> None:
    """Ask for a refund again after a wait."""
    await work.execute(
        "update refunds set next_attempt_at = now() + $3::interval, claimed_until = null"
        " where store_id = $1 and id = $2 and status = 'pending' and provider_refund_id is null",
        work.scope.store_id,
        refund_id,
        wait,
    )


async def claim(
    system: SystemConnection, claimant: Claimant, limit: int, lease: timedelta
) -> list[DueRefundRow]:
    """Refunds of all stores that still have to be asked for."""
    return rows_of(DueRefundRow, await system.fetch(_CLAIM, limit, lease, claimant.ended, claimant.id))
