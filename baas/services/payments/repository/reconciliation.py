"""The SQL of comparisons with the providers' own lists, and of what they look at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from baas.core.db import StoreWork, rows
from baas.core.db.rows import columns, row_of, rows_of
from baas.services.payments.rows import FlaggedPaymentRow, ReconciliationRow
from baas.services.payments.schemas import Finding

_BEGUN: Final = timedelta(days=14)
"""How much longer an attempt is asked about that a payer has begun: slow methods take days."""
_FINISH: Final = f"""
update payment_reconciliations set checked = $3, repaired = $4, findings = $5, error = $6, finished_at = $7
where store_id = $1 and id = $2 returning {columns(ReconciliationRow)}
"""
_LATEST: Final = f"select {columns(ReconciliationRow)} from payment_reconciliations where store_id = $1 order by id desc limit $2"
_FLAGGED: Final = (
    f"select {columns(FlaggedPaymentRow)} from payments where store_id = $1 and cardinality(flags) > 0"
    " order by id desc limit $2"
)


async def unsettled(
    work: StoreWork, provider: str, times: Sequence[tuple[datetime, datetime]], limit: int, after: UUID
) -> list[UUID]:
    """Payments of these times that may still change without us, and those that a payer has begun: the oldest first."""
    records = await work.fetch(
        "select id from payments p where store_id = $1 and provider = $2 and status in ('pending', 'failed')"
        " and opened_at is not null and id > $3 and ("
        " exists (select 1 from unnest($4::timestamptz[], $5::timestamptz[]) as t(since, until)"
        " where p.created_at >= t.since and p.created_at < t.until)"
        " or (status = 'pending' and provider_payment_id is not null and created_at >= $6)) order by id limit $7",
        work.scope.store_id,
        provider,
        after,
        [since for since, _ in times],
        [until for _, until in times],
        min(since for since, _ in times) - _BEGUN,
        limit,
    )
    return [payment_id for (payment_id,) in records]


async def has_unsettled(work: StoreWork, provider: str, since: datetime) -> bool:
    """Whether anything is open that a lost notification would leave open."""
    return bool(
        await work.fetchval(
            "select exists (select 1 from payments where store_id = $1 and provider = $2 and status = 'pending'"
            " and created_at >= $3)",
            work.scope.store_id,
            provider,
            since,
        )
    )


async def start(work: StoreWork, run: ReconciliationRow) -> None:
    """A comparison begins."""
    await rows.insert(work, run)


async def finish(
    work: StoreWork,
    run_id: UUID,
    *,
    checked: int,
    repaired: int,
    findings: Sequence[Finding],
    error: str | None,
    now: datetime,
) -> ReconciliationRow:
    """A comparison ended, or broke off. Returns its row."""
    record = await work.fetchrow(
        _FINISH, work.scope.store_id, run_id, checked, repaired, list(findings), error, now
    )
    return row_of(ReconciliationRow, record)


async def latest(work: StoreWork, limit: int) -> list[ReconciliationRow]:
    """The latest comparisons, the newest first."""
    return rows_of(ReconciliationRow, await work.fetch(_LATEST, work.scope.store_id, limit))


async def flagged_payments(work: StoreWork, limit: int) -> list[FlaggedPaymentRow]:
    """Payments that carry a flag, the newest first."""
    return rows_of(FlaggedPaymentRow, await work.fetch(_FLAGGED, work.scope.store_id, limit))
