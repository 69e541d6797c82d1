"""Where a payment goes when its provider is asked. Nothing else moves one.

Locks are taken in one order: our payment's row first, then whatever the provider keeps.
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import structlog
from msgspec.structs import replace

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.payments import repository
from baas.services.payments.errors import PaymentProviderUnconfigured
from baas.services.payments.events import PaymentEvent
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import Handle, Inbound, ProviderKind, RefundSnapshot, Snapshot
from baas.services.payments.rows import PaymentRow, RefundRow
from baas.services.payments.schemas import (
    Outcome,
    Payment,
    PaymentStatus,
    RefundStatus,
    StorefrontPayment,
    path,
)
from baas.services.payments.service.shape import emit, payment_of, shape, storefront_of

log = structlog.get_logger(__name__)

UNKNOWN_STATUS: Final = "unknown_status"
REFUND_FAILED: Final = "refund_failed"
"""A flag: money that the shop believes given back was not."""
MISMATCHES: Final = frozenset({"amount_mismatch", "currency_mismatch", "mode_mismatch"})
BAD_FLAGS: Final = MISMATCHES | {UNKNOWN_STATUS}
"""What keeps a payment from being settled."""
_EMPTY: Final = frozenset({PaymentStatus.FAILED, PaymentStatus.CANCELLED, PaymentStatus.REFUNDED})
"""Where a payment holds no money."""
_EVENTS: Final = {
    PaymentStatus.PAID: PaymentEvent.PAID,
    PaymentStatus.FAILED: PaymentEvent.FAILED,
    PaymentStatus.CANCELLED: PaymentEvent.FAILED,
    PaymentStatus.PARTIALLY_REFUNDED: PaymentEvent.REFUNDED,
    PaymentStatus.REFUNDED: PaymentEvent.REFUNDED,
    PaymentStatus.DISPUTED: PaymentEvent.DISPUTED,
}


def usable(work: StoreWork, providers: Providers, name: str) -> ProviderKind:
    """The provider by its name. Raises PaymentProviderUnconfigured when this store may not use it."""
    kind = providers.get(name)
    if kind is None:
        raise PaymentProviderUnconfigured(provider=name)
    if work.scope.mode not in kind.modes:
        raise PaymentProviderUnconfigured(
            f"A {work.scope.mode.value} store cannot take payments through {name}.", provider=name
        )
    return kind


async def notified(
    work: StoreWork, providers: Providers, name: str, payment_id: UUID, inbound: Inbound
) -> StorefrontPayment:
    """A notification of a provider that lives in our transaction: inbox, then settle, all at once.

    Raises NotificationRefused when it is not proven, and NotFound for a payment of nobody.
    """
    row = await repository.payments.lock(work, payment_id)
    if row is None or row.provider != name:
        raise NotFound
    provider = usable(work, providers, name).connect(work, None)
    notification = await provider.receive(inbound)
    is_new = await repository.inbox.add_settled(
        work,
        provider=name,
        event_id=notification.event_id,
        type_=notification.event_type,
        payment_id=payment_id,
        now=clock.now(work.scope),
    )
    if is_new and notification.handle is not None:
        for snapshot in await provider.fetch(notification.handle):
            row = await apply(work, row, snapshot, "notification")
    return storefront_of(payment_of(row, []))


async def settle(work: StoreWork, providers: Providers, payment_id: UUID, *, source: str) -> Payment:
    """Ask a provider that lives in our transaction for the payment as it is now, and move ours there."""
    row = await repository.payments.lock(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.PAYMENT, payment_id))
    provider = usable(work, providers, row.provider).connect(work, None)
    row = await record(work, row, await provider.fetch(handle_of(row)), source=source)
    return (await shape(work, [row]))[0]


async def record(
    work: StoreWork, row: PaymentRow, snapshots: Sequence[Snapshot], *, source: str
) -> PaymentRow:
    """Move payments to where the provider says they are; answers the row of the attempt that was asked about.

    An attempt may have several payments at the provider (rejected, then approved): the first is the
    attempt's own row, every further one gets a row of its own for the same order.
    """
    for snapshot in snapshots:
        if row.provider_payment_id in {None, snapshot.provider_payment_id}:
            row = await apply(work, row, snapshot, source)
            continue
        sibling = await repository.payments.lock_by_provider_id(
            work, row.provider, snapshot.provider_payment_id
        )
        if sibling is None:
            sibling = await _sibling(work, row, snapshot)
        await apply(work, sibling, snapshot, source)
    return row


# D-056: a flag goes with its cause, and with the provider's payment that it is of.
async def apply(work: StoreWork, row: PaymentRow, snapshot: Snapshot, source: str) -> PaymentRow:
    """Move one locked payment to where the provider says it is; answers its row afterwards.

    A flag goes with its cause: the word is known after all, the money fits or is not there any more, what was
    not given back was given back anew.
    """
    target = snapshot.status
    if target is None:
        # Nobody knows this word: the payment stays where it is, and a person looks.
        return await _flagged(work, row, snapshot, UNKNOWN_STATUS, snapshot.provider_status, source)
    if _is_older(row, snapshot):
        if target != row.status:
            await _note(work, row, snapshot, "ignored", "an older answer of the provider", source)
        return row
    row = await _cleared(work, row, snapshot, {UNKNOWN_STATUS}, source)
    for word, detail in _mismatches(work, row, snapshot):
        if target not in _EMPTY:
            return await _flagged(work, row, snapshot, word, detail, source)
        if row.provider_status != snapshot.provider_status:
            await repository.payments.set_provider_status(
                work,
                row.id,
                snapshot.provider_status,
                clock.now(work.scope),
                of=snapshot.provider_payment_id,
            )
            await _note(work, row, snapshot, "ignored", f"{detail}, and nothing of it is there", source)
        return await _cleared(work, row, snapshot, MISMATCHES, source)
    row = await _cleared(work, row, snapshot, MISMATCHES, source)
    # D-037: the one step back that a payment may take.
    is_undone, failure = await _match_refunds(work, row, snapshot)
    if failure is not None:
        # Whoever asked for it was told that it was done, or under way.
        row = await _flagged(work, row, snapshot, REFUND_FAILED, failure, "provider")
    elif REFUND_FAILED in row.flags and await _is_made_good(work, row, target):
        row = await _cleared(work, row, snapshot, {REFUND_FAILED}, source)
    if is_undone and snapshot.amount_refunded < row.amount_refunded:
        # A refund that failed after it had counted: the money is the shop's again, and may be given back anew.
        row = await _move(work, row, target, snapshot, "moved", source, is_correction=True)
        await emit(work, PaymentEvent.REFUNDED, row)
        return row
    row = await _advance(work, row, snapshot, target, source)
    if failure is not None:
        # It never counted, so nothing else tells of it.
        await emit(work, PaymentEvent.REFUNDED, row)
    return row


def arrival(work: StoreWork, row: PaymentRow, snapshot: Snapshot) -> PaymentRow | None:
    """The row of a payment that is being opened, where its provider already has it, when that is one plain step away."""
    target = snapshot.status
    if (
        target not in {PaymentStatus.PAID, PaymentStatus.FAILED}
        or snapshot.refunds
        or _mismatches(work, row, snapshot)
    ):
        return None
    return replace(
        row,
        status=target,
        in_progress=snapshot.in_progress,
        failure_code=snapshot.failure_code,
        provider_updated_at=snapshot.updated_at,
        paid_at=row.created_at if target is PaymentStatus.PAID else None,
    )


def event_of(status: PaymentStatus) -> PaymentEvent:
    """The event that tells of a payment's new state."""
    return _EVENTS[status]


async def _advance(
    work: StoreWork, row: PaymentRow, snapshot: Snapshot, target: PaymentStatus, source: str
) -> PaymentRow:
    """Take the steps to where the provider is now, and tell each; answers the row afterwards."""
    current = row.status
    more_refunded = snapshot.amount_refunded > row.amount_refunded
    steps = path(current, target)
    if target == current and more_refunded:
        steps = (target,)
    if not steps and target != current:
        await _note(work, row, snapshot, "ignored", "a step back", source)
        return row
    if not steps:
        # Our state stays, and the provider's own word may have changed: that is part of the story.
        changed = row.provider_status != snapshot.provider_status
        return await _move(work, row, target, snapshot, "progressed", source) if changed else row
    for step in steps:
        # A dispute that ends in the shop's favour is news about the dispute, not a second payment.
        ended = row.status == PaymentStatus.DISPUTED and step is not PaymentStatus.REFUNDED
        row = await _move(
            work, row, step, snapshot, "refunded" if more_refunded and step == target else "moved", source
        )
        is_new = step is PaymentStatus.PAID and not ended and not snapshot.refunds
        await emit(work, PaymentEvent.DISPUTED if ended else _EVENTS[step], row, is_new=is_new)
    return row


async def _sibling(work: StoreWork, row: PaymentRow, snapshot: Snapshot) -> PaymentRow:
    sibling = repository.payments.new(
        payment_id=ids.new_id(),
        order_id=row.order_id,
        provider=row.provider,
        provider_payment_id=snapshot.provider_payment_id,
        session=row.provider_session,
        provider_status=None,
        in_progress=snapshot.in_progress,
        amount=row.amount,
        currency=row.currency,
        reference=row.reference,
        description=row.description,
        payer_email=row.payer_email,
        return_url=None,
        next_action=None,
        metadata=row.metadata,
        now=clock.now(work.scope),
    )
    # Money that came in is never ignored, whatever the store thinks of the provider since.
    await repository.payments.insert(work, sibling, even_disabled=True)
    await emit(work, PaymentEvent.CREATED, sibling, is_new=True)
    return sibling


async def _flagged(
    work: StoreWork, row: PaymentRow, snapshot: Snapshot, word: str, detail: str, source: str
) -> PaymentRow:
    """Mark a payment for a person, once, and leave it where it is; answers its row."""
    if word in row.flags:
        return row
    flagged = await repository.payments.add_flag(
        work, row.id, word, clock.now(work.scope), of=snapshot.provider_payment_id
    )
    await _note(work, row, snapshot, "flagged", detail, source, to=row.status)
    log.warning("payment.flagged", flag=word, payment=row.id.hex, store=work.scope.store_id.hex)
    return flagged or row


async def _cleared(
    work: StoreWork, row: PaymentRow, snapshot: Snapshot, words: Collection[str], source: str
) -> PaymentRow:
    """Take flags away whose cause is gone, and note it; answers the payment's row."""
    gone = [word for word in row.flags if word in words]
    if not gone:
        return row
    cleared = await repository.payments.remove_flags(work, row.id, gone, clock.now(work.scope))
    await _note(work, row, snapshot, "cleared", ", ".join(gone), source, to=row.status)
    return cleared


async def _note(
    work: StoreWork,
    row: PaymentRow,
    snapshot: Snapshot,
    outcome: Outcome,
    detail: str,
    source: str,
    *,
    to: PaymentStatus | None = None,
) -> None:
    await repository.history.add(
        work,
        row,
        outcome=outcome,
        to=to or snapshot.status or row.status,
        provider_status=snapshot.provider_status,
        source=source,
        detail=detail,
        now=clock.now(work.scope),
    )


async def _move(
    work: StoreWork,
    row: PaymentRow,
    step: PaymentStatus,
    snapshot: Snapshot,
    outcome: Outcome,
    source: str,
    *,
    is_correction: bool = False,
) -> PaymentRow:
    """Write one step; what only the last one knows is left out of those before it."""
    is_last = step == snapshot.status
    return await repository.payments.move(
        work,
        row,
        to=step,
        provider_status=snapshot.provider_status,
        provider_payment_id=snapshot.provider_payment_id,
        amount_refunded=snapshot.amount_refunded if is_last else row.amount_refunded,
        may_shrink=is_correction,
        in_progress=snapshot.in_progress and is_last,
        failure_code=snapshot.failure_code if is_last else None,
        provider_updated_at=snapshot.updated_at,
        outcome=outcome,
        source=source,
        now=clock.now(work.scope),
    )


def _mismatches(work: StoreWork, row: PaymentRow, snapshot: Snapshot) -> list[tuple[str, str]]:
    problems = []
    if snapshot.currency != row.currency:
        problems.append(("currency_mismatch", f"{snapshot.currency} instead of {row.currency}"))
    elif snapshot.amount != row.amount:
        problems.append(("amount_mismatch", f"{snapshot.amount} instead of {row.amount}"))
    if snapshot.live_mode is not None and snapshot.live_mode != (work.scope.mode.value == "live"):
        problems.append(("mode_mismatch", "test money in a live store, or the other way round"))
    return problems


def _is_older(row: PaymentRow, snapshot: Snapshot) -> bool:
    known = row.provider_updated_at
    return known is not None and snapshot.updated_at is not None and snapshot.updated_at < known


async def _match_refunds(work: StoreWork, row: PaymentRow, snapshot: Snapshot) -> tuple[bool, str | None]:
    """Our refunds as the provider has them; those made in its own panel become ours.

    One of ours whose answer was lost is found again by the reference that the provider kept for us or,
    where it keeps none, by its amount. Answers whether the provider's sum is smaller for a refund that failed, and
    why one failed just now that was believed to be done or under way.
    """
    if not snapshot.refunds:
        return False, None
    failure: str | None = None
    ours = await repository.refunds.of_payments(work, [row.id])
    known = {refund.provider_refund_id: refund for refund in ours}
    unanswered = [
        refund
        for refund in ours
        if refund.provider_refund_id is None and refund.status != RefundStatus.FAILED
    ]
    for refund in snapshot.refunds:
        found = known.get(refund.provider_refund_id)
        if found is None:
            found = _lost(unanswered, refund)
            if found is not None:
                unanswered.remove(found)
                await update_refund(work, found.id, refund)
                continue
        if found is None:
            now = clock.now(work.scope)
            await repository.refunds.insert(
                work,
                RefundRow(
                    id=ids.new_id(),
                    payment_id=row.id,
                    amount=refund.amount,
                    currency=row.currency,
                    status=refund.status,
                    reason=None,
                    provider_refund_id=refund.provider_refund_id,
                    origin="provider",
                    failure_code=refund.failure_code,
                    attempts=0,
                    next_attempt_at=None,
                    created_at=now,
                    updated_at=now,
                ),
            )
        elif found.status != refund.status:
            await update_refund(work, found.id, refund)
            if refund.status is RefundStatus.FAILED:
                failure = refund.failure_code or "failed"
    return _is_undone(ours, snapshot), failure


async def _is_made_good(work: StoreWork, row: PaymentRow, target: PaymentStatus) -> bool:
    """Whether what failed to be given back was given back since, or nothing is left that could be."""
    if target is PaymentStatus.REFUNDED:
        return True
    ours = await repository.refunds.of_payments(work, [row.id])
    # One that was refused as soon as it was asked for was promised to nobody.
    failed = [
        refund
        for refund in ours
        if refund.status == RefundStatus.FAILED
        and (refund.provider_refund_id is not None or refund.attempts > 1)
    ]
    since = max((refund.updated_at for refund in failed), default=None)
    again = sum(
        refund.amount
        for refund in ours
        if refund.status == RefundStatus.SUCCEEDED and (since is None or refund.created_at >= since)
    )
    owed = sum(refund.amount for refund in failed)
    return again >= owed


def _is_undone(ours: Sequence[RefundRow], snapshot: Snapshot) -> bool:
    """Whether a refund failed, and the provider's sum is that of the others, all of which it knows."""
    counted = {
        refund.provider_refund_id: refund.amount
        for refund in snapshot.refunds
        if refund.status is not RefundStatus.FAILED
    }
    told = {refund.provider_refund_id for refund in snapshot.refunds}
    return (
        len(counted) < len(told)
        and sum(counted.values()) == snapshot.amount_refunded
        and all(refund.provider_refund_id in {None, *told} for refund in ours)
    )


def _lost(unanswered: Sequence[RefundRow], refund: RefundSnapshot) -> RefundRow | None:
    if refund.status is RefundStatus.FAILED:
        return None
    for ours in unanswered:
        if refund.reference is not None:
            if refund.reference == ids.encode(Kind.REFUND, ours.id):
                return ours
        elif ours.amount == refund.amount and ours.attempts:
            return ours
    return None


async def update_refund(work: StoreWork, refund_id: UUID, answer: RefundSnapshot) -> None:
    """Write what the provider says of a refund of ours."""
    await repository.refunds.update(
        work,
        refund_id,
        status=answer.status,
        provider_refund_id=answer.provider_refund_id,
        failure_code=answer.failure_code,
        now=clock.now(work.scope),
    )


def handle_of(row: PaymentRow) -> Handle:
    """How the provider finds this payment."""
    return Handle(
        payment_id=row.id, session=row.provider_session, provider_payment_id=row.provider_payment_id
    )
