"""What is asked of a provider over the network, between two transactions and never within one.

Each of these first reads and commits, then asks, then locks, writes and commits. What was learned is only
believed when nobody learned more meanwhile: an answer that was asked for before our row last changed is
asked for again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from baas.core.crypto import KeyRing
from baas.core.db import Database, StoreWork
from baas.core.errors import NotFound
from baas.core.runtime import Runtime
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.claims import Claimant
from baas.services.payments import repository
from baas.services.payments.errors import PaymentProviderError, PaymentProviderUnconfigured
from baas.services.payments.events import PaymentEvent
from baas.services.payments.providers import Providers, providers_of
from baas.services.payments.providers.base import (
    NewAttempt,
    PaymentProvider,
    ProviderKind,
    ProviderRefused,
    ProviderUnavailable,
    Snapshot,
)
from baas.services.payments.rows import PaymentRow, RefundRow
from baas.services.payments.schemas import (
    InboxOutcome,
    Outcome,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    StorefrontPayment,
)
from baas.services.payments.service import accounts
from baas.services.payments.service.refunding import asked_of
from baas.services.payments.service.settling import BAD_FLAGS, REFUND_FAILED, handle_of, record, update_refund
from baas.services.payments.service.shape import emit, refund_of, shape

log = structlog.get_logger(__name__)

_TRIES: Final = 5
_LONGEST_WAIT: Final = timedelta(hours=1)
_GIVE_UP_AFTER: Final = 40
"""Attempts at a notification: about a day and a half. Reconciliation finds what it was about."""


class Desk(msgspec.Struct, frozen=True):
    """What these verbs need of the process."""

    database: Database
    providers: Providers
    ring: KeyRing
    base_url: str
    claimant: Claimant


def desk_of(runtime: Runtime) -> Desk:
    """The desk of a process."""
    return Desk(
        runtime.database,
        providers_of(runtime),
        runtime.keyring,
        runtime.settings.base_url,
        runtime.claimant,
    )


def needs_opening(desk: Desk, payment: Payment | StorefrontPayment) -> bool:
    """Whether a payment (or what its payer sees of it) was written and its provider not asked yet."""
    kind = desk.providers.get(payment.provider)
    return (
        kind is not None
        and not kind.in_process
        and payment.next_action is None
        and payment.status is PaymentStatus.PENDING
    )


def notification_url(desk: Desk, scope: StoreScope, provider: str) -> str:
    """Where a provider sends what happens to this store's payments."""
    return f"{desk.base_url}/api/v1/webhooks/{provider}/{ids.encode(Kind.STORE, scope.store_id)}"


def platform_url(desk: Desk, provider: str) -> str:
    """Where a provider sends what happens on all accounts that are connected to the deployment's platform."""
    return f"{desk.base_url}/api/v1/webhooks/{provider}/platform"


async def open_attempt(desk: Desk, scope: StoreScope, payment_id: UUID) -> Payment:
    """Open a written attempt with its provider, or answer it as it was opened before.

    Raises PaymentProviderError: the attempt stays, and the same one is continued by the next try.
    """
    async with desk.database.fast(scope) as work:
        row = await _get(work, payment_id)
        if row.opened_at is not None or row.status != PaymentStatus.PENDING:
            return (await shape(work, [row]))[0]
        provider = (await connected(desk, work, row.provider))[1]
    try:
        opened = await provider.create(_attempt(desk, scope, row))
    except (ProviderUnavailable, ProviderRefused) as problem:
        async with desk.database.fast(scope) as work:
            await _note(work, row, "not_opened", str(problem))
        raise PaymentProviderError(
            provider=row.provider,
            provider_message=str(problem),
            payment_id=ids.encode(Kind.PAYMENT, payment_id),
            order_id=ids.encode(Kind.ORDER, row.order_id) if row.order_id else None,
        ) from problem
    async with desk.database.fast(scope) as work:
        row = await _locked(work, payment_id)
        if row.opened_at is None:
            await repository.payments.set_opened(
                work,
                payment_id,
                session=opened.session,
                next_action=opened.next_action,
                now=clock.now(scope),
            )
            await _note(work, row, "opened", opened.session or "")
        return (await shape(work, [await _get(work, payment_id)]))[0]


async def ask(desk: Desk, scope: StoreScope, payment_id: UUID, *, source: str) -> Payment:
    """Ask the provider for a payment as it is now, and move ours there. Raises PaymentProviderError."""
    try:
        row, _ = await settle_remote(desk, scope, payment_id, source)
    except (ProviderUnavailable, ProviderRefused) as problem:
        raise PaymentProviderError(
            provider_message=str(problem), payment_id=ids.encode(Kind.PAYMENT, payment_id)
        ) from problem
    async with desk.database.fast(scope) as work:
        return (await shape(work, [row]))[0]


async def settle_remote(
    desk: Desk, scope: StoreScope, payment_id: UUID, source: str
) -> tuple[PaymentRow, bool]:
    """The payment's row afterwards, and whether anything changed."""
    for attempt in range(_TRIES):
        async with desk.database.fast(scope) as work:
            before = await _get(work, payment_id)
            if before.opened_at is None:
                return before, False
            kind, provider = await connected(desk, work, before.provider)
            if kind.in_process:
                row = await record(
                    work,
                    await _locked(work, payment_id),
                    await provider.fetch(handle_of(before)),
                    source=source,
                )
                return row, row.updated_at != before.updated_at
        snapshots = await provider.fetch(handle_of(before))
        async with desk.database.fast(scope) as work:
            row = await _locked(work, payment_id)
            if row.updated_at == before.updated_at or attempt == _TRIES - 1:
                row = await record(work, row, snapshots, source=source)
                return row, row.updated_at != before.updated_at
    raise AssertionError("unreachable")


async def process_event(desk: Desk, scope: StoreScope, event_id: UUID) -> None:
    """Do what a proven notification asks for: look at the payment, and move ours. Failures come due again."""
    async with desk.database.fast(scope) as work:
        event = await repository.inbox.unprocessed(work, event_id)
        if event is None or event.handle is None:
            return
        provider = (await connected(desk, work, event.provider))[1]
    handle = event.handle
    try:
        for attempt in range(_TRIES):
            asked_at = clock.now(scope)
            snapshots = await provider.fetch(handle)
            async with desk.database.fast(scope) as work:
                taken = await _take(
                    work, event.provider, snapshots, asked_at if attempt < _TRIES - 1 else None
                )
                if taken is None:
                    continue
                outcome, payment_id = taken
                if not snapshots and handle.provider_payment_id is None:
                    outcome = "ignored"
                await repository.inbox.set_processed(
                    work, event_id, outcome=outcome, payment_id=payment_id, error=None, now=clock.now(scope)
                )
            if outcome != "settled":
                log.warning(
                    "payment.notification",
                    outcome=outcome,
                    provider=event.provider,
                    store=scope.store_id.hex,
                )
            return
    except (ProviderUnavailable, ProviderRefused) as problem:
        async with desk.database.fast(scope) as work:
            if event.attempts >= _GIVE_UP_AFTER:
                await repository.inbox.set_processed(
                    work,
                    event_id,
                    outcome="failed",
                    payment_id=None,
                    error=str(problem),
                    now=clock.now(scope),
                )
            else:
                await repository.inbox.postpone(work, event_id, _wait(event.attempts), str(problem)[:300])


async def take(
    work: StoreWork, provider: str, snapshot: Snapshot, *, source: str
) -> tuple[PaymentRow | None, PaymentRow | None]:
    """Move the payment that a snapshot is of; answers its row before and after, or Nones when it is none of ours."""
    row = await _row_of(work, provider, snapshot)
    if row is None:
        return None, None
    return row, await record(work, row, [snapshot], source=source)


async def _take(
    work: StoreWork, provider: str, snapshots: Sequence[Snapshot], asked_at: datetime | None
) -> tuple[InboxOutcome, UUID | None] | None:
    """What became of it, and of which payment; None when our row changed after the provider was asked."""
    outcome: InboxOutcome = "unknown_payment"
    payment_id: UUID | None = None
    for snapshot in snapshots:
        row = await _row_of(work, provider, snapshot)
        if row is None:
            continue
        if asked_at is not None and row.updated_at > asked_at:
            return None
        await record(work, row, [snapshot], source="notification")
        # The payment itself or, of an attempt with several, the one that this is about.
        after = await repository.payments.lock_by_provider_id(work, provider, snapshot.provider_payment_id)
        payment_id = (after or row).id
        flags = (await _get(work, payment_id)).flags
        outcome = "flagged" if BAD_FLAGS & set(flags) else "settled"
    return outcome, payment_id


async def _row_of(work: StoreWork, provider: str, snapshot: Snapshot) -> PaymentRow | None:
    """Our attempt by the reference that we gave, or the payment by the provider's own id. Locked."""
    identity = ids.try_decode(Kind.PAYMENT, snapshot.reference or "")
    row = None if identity is None else await repository.payments.lock(work, identity)
    if row is not None and row.provider == provider:
        return row
    return await repository.payments.lock_by_provider_id(work, provider, snapshot.provider_payment_id)


# D-062: a refund that was promised outlives its account.
async def run_refund(desk: Desk, scope: StoreScope, refund_id: UUID) -> Refund:
    """Ask for a promised refund. No answer leaves it pending, for the worker to go on with.

    Raises PaymentProviderError when the provider said no: the refund is failed then. Raises PaymentProviderUnconfigured
    when the account was deleted meanwhile: there is nobody to ask.
    """
    async with desk.database.fast(scope) as work:
        found = await _refund(work, refund_id)
        if not _unasked(found):
            return refund_of(found)
        payment = await _get(work, found.payment_id)
        kind, provider = await connected(desk, work, payment.provider)
        if kind.in_process:
            return refund_of(found)
        await repository.refunds.count_attempt(work, refund_id)
    try:
        if found.attempts:
            # Its answer may have been lost: whoever asks again without looking pays twice when keys are forgotten.
            await settle_remote(desk, scope, payment.id, "refund")
            async with desk.database.fast(scope) as work:
                found = await _refund(work, refund_id)
            if not _unasked(found):
                return refund_of(found)
        asked = asked_of(payment, refund_id, found.amount, found.reason)
        answer = await provider.refund(asked)
    except ProviderUnavailable as problem:
        async with desk.database.fast(scope) as work:
            await repository.refunds.postpone(work, refund_id, _wait(found.attempts))
            await _note(work, payment, "ignored", f"refund: {problem}")
        return refund_of(found)
    except ProviderRefused as refusal:
        async with desk.database.fast(scope) as work:
            await _refused(work, payment, refund_id, refusal, was_promised=found.attempts > 0)
        raise PaymentProviderError(provider=payment.provider, provider_message=str(refusal)) from refusal
    async with desk.database.fast(scope) as work:
        await _locked(work, payment.id)
        current = await _refund(work, refund_id, lock=True)
        if current.provider_refund_id is None:
            await update_refund(work, refund_id, answer)
    try:
        await settle_remote(desk, scope, payment.id, "refund")
    except (ProviderUnavailable, ProviderRefused) as problem:
        log.info("refund.not_seen_yet", error=str(problem)[:200], payment=payment.id.hex)
    async with desk.database.fast(scope) as work:
        return refund_of(await _refund(work, refund_id))


async def put_off_refund(work: StoreWork, refund_id: UUID) -> None:
    """Ask for a promised refund later, later each time."""
    found = await _refund(work, refund_id)
    await repository.refunds.count_attempt(work, refund_id)
    await repository.refunds.postpone(work, refund_id, _wait(found.attempts))


async def _refused(
    work: StoreWork, payment: PaymentRow, refund_id: UUID, refusal: ProviderRefused, *, was_promised: bool
) -> None:
    """The refund is failed; one that was answered as pending before needs a person, who was not told.

    Unless all of the money was given back in another way meanwhile.
    """
    row = await _locked(work, payment.id)
    needs_person = was_promised and row.status != PaymentStatus.REFUNDED
    current = await _refund(work, refund_id, lock=True)
    if _unasked(current):
        await repository.refunds.update(
            work,
            refund_id,
            status=RefundStatus.FAILED,
            provider_refund_id=None,
            failure_code=refusal.code or "refused",
            now=clock.now(work.scope),
        )
        if needs_person:
            await repository.payments.add_flag(work, payment.id, REFUND_FAILED, clock.now(work.scope))
        await _note(work, row, "flagged" if needs_person else "ignored", f"refund refused: {refusal}")
        if was_promised:
            await emit(work, PaymentEvent.REFUNDED, await _get(work, payment.id))


def _unasked(refund: RefundRow) -> bool:
    return refund.status == RefundStatus.PENDING and refund.provider_refund_id is None


def _wait(attempts: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(attempts + 1, 12)), _LONGEST_WAIT)


async def _refund(work: StoreWork, refund_id: UUID, *, lock: bool = False) -> RefundRow:
    row = await (repository.refunds.lock if lock else repository.refunds.get)(work, refund_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.REFUND, refund_id))
    return row


async def _get(work: StoreWork, payment_id: UUID) -> PaymentRow:
    row = await repository.payments.get(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.PAYMENT, payment_id))
    return row


async def _locked(work: StoreWork, payment_id: UUID) -> PaymentRow:
    row = await repository.payments.lock(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.PAYMENT, payment_id))
    return row


async def connected(desk: Desk, work: StoreWork, name: str) -> tuple[ProviderKind, PaymentProvider]:
    """A provider with the store's account, a disabled one too: what was begun with it is brought to its end."""
    kind = desk.providers.get(name)
    if kind is None:
        raise PaymentProviderUnconfigured(provider=name)
    if kind.in_process:
        return kind, kind.connect(work, None)
    account = await accounts.opened(work, desk.ring, name, even_disabled=True)
    if account is None or not account.credentials:
        raise PaymentProviderUnconfigured(provider=name)
    return kind, kind.connect(None, account)


def _attempt(desk: Desk, scope: StoreScope, row: PaymentRow) -> NewAttempt:
    """The attempt as its row says, so that a retry days later asks for exactly the same."""
    return NewAttempt(
        payment_id=row.id,
        idempotency_key=ids.encode(Kind.PAYMENT, row.id),
        amount=row.amount,
        currency=row.currency,
        description=row.description,
        payer_email=row.payer_email,
        return_url=row.return_url,
        notification_url=notification_url(desk, scope, row.provider),
        locale=scope.store.locale,
        options=row.options,
    )


async def _note(work: StoreWork, row: PaymentRow, outcome: Outcome, detail: str) -> None:
    await repository.history.add(
        work,
        row,
        outcome=outcome,
        to=row.status,
        provider_status=row.provider_status,
        source="provider",
        detail=detail[:300],
        now=clock.now(work.scope),
    )
