"""Comparing our payments with the providers' own lists, and repairing what a lost notification left behind."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from baas.core.db import StoreWork
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.outbox import ScopeMaker
from baas.services.payments import repository
from baas.services.payments.errors import PaymentProviderError, PaymentProviderUnconfigured
from baas.services.payments.providers.base import (
    PaymentProvider,
    ProviderRefused,
    ProviderUnavailable,
    Snapshot,
)
from baas.services.payments.rows import PaymentRow, ReconciliationRow
from baas.services.payments.schemas import (
    Finding,
    FindingKind,
    FlaggedNotification,
    FlaggedPayment,
    PaymentStatus,
    ReconciliationReport,
    ReconciliationRun,
)
from baas.services.payments.service import accounts
from baas.services.payments.service.network import Desk, connected, settle_remote, take
from baas.services.payments.service.settling import BAD_FLAGS
from baas.tenants import audit

log = structlog.get_logger(__name__)

SOON: Final = timedelta(minutes=5)
"""Between two comparisons while something is open."""
LATER: Final = timedelta(hours=1)
OVERLAP: Final = timedelta(hours=1)
"""A provider's list may lag behind what it already did."""
FIRST: Final = timedelta(days=7)
LEASE: Final = timedelta(minutes=10)
_OPEN_DAYS: Final = timedelta(days=60)
_YOUNG: Final = timedelta(hours=2)
_CLOSED: Final = (timedelta(hours=26), timedelta(hours=24))
_BATCH: Final = 100
_AT_ONCE: Final = 6
_MAX_FINDINGS: Final = 500


class _Run:
    """What one comparison found."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.checked = self.repaired = 0
        self.findings: list[Finding] = []

    def note(
        self, kind: FindingKind, detail: str, *, theirs: str | None = None, ours: UUID | None = None
    ) -> None:
        if kind == "repaired":
            self.repaired += 1
        if len(self.findings) < _MAX_FINDINGS:
            payment = None if ours is None else ids.encode(Kind.PAYMENT, ours)
            self.findings.append(Finding(kind, self.provider, theirs, payment, detail))


async def reconcile(
    desk: Desk, scope: StoreScope, name: str, *, since: datetime, source: str
) -> ReconciliationRun:
    """Compare everything that changed at one provider since then, and every attempt of ours that is open.

    Raises PaymentProviderUnconfigured, and PaymentProviderError when the provider does not answer: what was
    repaired by then stays repaired.
    """
    run_id, until = ids.new_id(), clock.now()
    async with desk.database.fast(scope) as work:
        kind, provider = await connected(desk, work, name)
        if kind.in_process:
            raise PaymentProviderUnconfigured("The sandbox keeps its books in ours.", provider=name)
        await repository.reconciliation.start(
            work,
            ReconciliationRow(
                id=run_id,
                provider=name,
                source=source,
                since=since,
                until=until,
                checked=0,
                repaired=0,
                findings=[],
                error=None,
                started_at=clock.now(scope),
                finished_at=None,
            ),
        )
    run, error = _Run(name), None
    try:
        await _theirs(desk, scope, provider, run, since, until)
        await _ours(desk, scope, run, _times(scope, since, source))
    except (ProviderUnavailable, ProviderRefused) as problem:
        error = str(problem)[:300]
    async with desk.database.fast(scope) as work:
        done = await repository.reconciliation.finish(
            work,
            run_id,
            checked=run.checked,
            repaired=run.repaired,
            findings=run.findings,
            error=error,
            now=clock.now(scope),
        )
        is_open = await repository.reconciliation.has_unsettled(work, name, clock.now(scope) - _OPEN_DAYS)
        await repository.accounts.reconcile_again(
            work, name, SOON if is_open or error else LATER, None if error else until
        )
        if error is not None:
            log.warning("payment.reconciliation_failed", provider=name, store=scope.store_id.hex, error=error)
    if error is not None and source == "request":
        raise PaymentProviderError(provider=name, provider_message=error)
    return _run_of(done)


async def _theirs(
    desk: Desk, scope: StoreScope, provider: PaymentProvider, run: _Run, since: datetime, until: datetime
) -> None:
    """Their list: paid there and pending here, refunded there, unknown here."""
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        page = await provider.search(since=since, until=until, cursor=cursor)
        fresh = {
            item.provider_payment_id: item for item in page.items if item.provider_payment_id not in seen
        }
        seen.update(fresh)
        run.checked += len(fresh)
        await _few_at_a_time([partial(_compare, desk, scope, run, item) for item in fresh.values()])
        if page.next_cursor is None or page.next_cursor == cursor:
            return
        cursor = page.next_cursor


async def _compare(desk: Desk, scope: StoreScope, run: _Run, snapshot: Snapshot) -> None:
    theirs = snapshot.provider_payment_id
    async with desk.database.fast(scope) as work:
        before = await repository.payments.lock_by_provider_id(work, run.provider, theirs)
        attempt = before if before is not None else await _attempt_of(work, run.provider, snapshot)
        if attempt is None:
            if snapshot.status in {
                PaymentStatus.PAID,
                PaymentStatus.PARTIALLY_REFUNDED,
                PaymentStatus.DISPUTED,
            }:
                run.note("unknown_payment", f"{snapshot.provider_status}: nothing of ours", theirs=theirs)
            return
        if before is not None and _agrees(before, snapshot):
            return
    # The list may be older than what we know: the payment itself is asked, under the rules of every question.
    moved, changed = await settle_remote(desk, scope, attempt.id, "reconciliation")
    async with desk.database.fast(scope) as work:
        after = await repository.payments.lock_by_provider_id(work, run.provider, theirs)
        if after is None or not _agrees(after, snapshot):
            await take(work, run.provider, snapshot, source="reconciliation")
            after = await repository.payments.lock_by_provider_id(work, run.provider, theirs) or moved
        old = before.status if before is not None else PaymentStatus.PENDING
        if BAD_FLAGS & set(after.flags):
            run.note("flagged", ", ".join(after.flags), theirs=theirs, ours=after.id)
        elif changed or before is None or after.updated_at != before.updated_at:
            await _repaired(work, run, after, old)


async def _attempt_of(work: StoreWork, provider: str, snapshot: Snapshot) -> PaymentRow | None:
    identity = ids.try_decode(Kind.PAYMENT, snapshot.reference or "")
    row = None if identity is None else await repository.payments.get(work, identity)
    return row if row is not None and row.provider == provider else None


def _agrees(row: PaymentRow, snapshot: Snapshot) -> bool:
    known = (row.status, row.amount_refunded, row.provider_status)
    return known == (snapshot.status, snapshot.amount_refunded, snapshot.provider_status)


def _times(scope: StoreScope, since: datetime, source: str) -> list[tuple[datetime, datetime]]:
    """When the attempts were made that are asked about one by one.

    By the schedule: the youngest, which their list may not show yet, and those whose page has just closed for
    want of a payer. Of all others nothing can happen that their list does not show.
    """
    now = clock.now(scope)
    if source != "schedule":
        return [(since, now)]
    return [(now - _YOUNG, now), (now - _CLOSED[0], now - _CLOSED[1])]


async def _ours(desk: Desk, scope: StoreScope, run: _Run, times: list[tuple[datetime, datetime]]) -> None:
    """Our open attempts: what their list does not show, such as a page that nobody used until it closed."""
    after = UUID(int=0)
    while True:
        async with desk.database.fast(scope) as work:
            payment_ids = await repository.reconciliation.unsettled(work, run.provider, times, _BATCH, after)
        run.checked += len(payment_ids)
        await _few_at_a_time([partial(_look, desk, scope, run, payment_id) for payment_id in payment_ids])
        if len(payment_ids) < _BATCH:
            return
        after = payment_ids[-1]


async def _look(desk: Desk, scope: StoreScope, run: _Run, payment_id: UUID) -> None:
    async with desk.database.fast(scope) as work:
        before = await repository.payments.get(work, payment_id)
    row, changed = await settle_remote(desk, scope, payment_id, "reconciliation")
    if changed and before is not None and row.status != before.status:
        async with desk.database.fast(scope) as work:
            await _repaired(work, run, row, before.status)


async def _few_at_a_time(questions: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Ask them all, a few at a time: providers count how many come at once. The first failure ends the others."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def guarded(question: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await question()

    tasks = [asyncio.ensure_future(guarded(question)) for question in questions]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repaired(work: StoreWork, run: _Run, row: PaymentRow, old: PaymentStatus) -> None:
    if old == row.status and not row.amount_refunded:
        return
    detail = f"{old} here, {row.provider_status} there"
    run.note("repaired", detail, theirs=row.provider_payment_id, ours=row.id)
    await audit.record(
        work,
        "payment.reconciled",
        subject=ids.encode(Kind.PAYMENT, row.id),
        old={"status": old},
        new={"status": row.status, "amount_refunded": row.amount_refunded},
    )


async def reconcile_due(desk: Desk, make_scope: ScopeMaker) -> int:
    """Compare the accounts whose time has come; answers how many. Tokens about to end are renewed first."""
    async with desk.database.relay(
        reason="payments: claim accounts to compare with their providers"
    ) as system:
        due = await repository.accounts.claim_due(system, desk.claimant, 4, LEASE)
    for row in due:
        scope = await make_scope(row.store_id, f"reconcile_{row.id.hex}")
        try:
            if desk.providers.get(row.provider) is None:
                continue
            await renew(desk, scope, row.provider)
            async with desk.database.fast(scope) as work:
                account = await repository.accounts.get(work, row.provider)
            known = account.reconciled_until if account is not None else None
            since = clock.now() - FIRST if known is None else known - OVERLAP
            await reconcile(desk, scope, row.provider, since=since, source="schedule")
        except Exception:
            log.exception("payment.reconciliation_broke", store=row.store_id.hex, provider=row.provider)
    return len(due)


async def renew(desk: Desk, scope: StoreScope, name: str) -> bool:
    """Put new credentials in the place of those about to end; answers whether it did."""
    async with desk.database.fast(scope) as work:
        kind, provider = await connected(desk, work, name)
        account = await repository.accounts.get(work, name)
        if kind.in_process or account is None:
            return False
    try:
        credentials = await provider.renew()
    except (ProviderUnavailable, ProviderRefused) as problem:
        log.error(
            "payment.credentials_not_renewed", store=scope.store_id.hex, provider=name, error=str(problem)
        )
        return False
    if credentials is None:
        return False
    async with desk.database.fast(scope) as work:
        await accounts.renewed(work, desk.ring, name, credentials, of=account.updated_at)
    return True


async def report(work: StoreWork) -> ReconciliationReport:
    """The latest comparisons, and everything that still needs a person."""
    return ReconciliationReport(
        runs=[_run_of(row) for row in await repository.reconciliation.latest(work, 20)],
        flagged_payments=[
            FlaggedPayment(
                id=ids.encode(Kind.PAYMENT, row.id),
                provider=row.provider,
                provider_payment_id=row.provider_payment_id,
                status=row.status,
                flags=row.flags,
                amount=row.amount,
                currency=row.currency,
            )
            for row in await repository.reconciliation.flagged_payments(work, 100)
        ],
        flagged_notifications=[
            FlaggedNotification(
                provider=row.provider,
                provider_event_id=row.provider_event_id,
                type=row.type,
                outcome=row.outcome,
                payment_id=ids.encode(Kind.PAYMENT, row.payment_id) if row.payment_id else None,
                error=row.error,
                received_at=row.received_at,
            )
            for row in await repository.inbox.flagged(work, 100)
        ],
    )


def _run_of(row: ReconciliationRow) -> ReconciliationRun:
    return ReconciliationRun(
        id=ids.encode(Kind.RECONCILIATION, row.id),
        provider=row.provider,
        source=row.source,
        since=row.since,
        until=row.until,
        checked=row.checked,
        repaired=row.repaired,
        findings=row.findings,
        error=row.error,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
