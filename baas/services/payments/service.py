"""The verbs of the payments: open an attempt, settle what the provider says, give money back.

Locks are taken in one order: our payment's row first, then whatever the provider keeps.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError

from baas.core import clock, ids, money, outbox
from baas.core.db import StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.paging import Page, PageOf
from baas.services.payments import repository
from baas.services.payments.errors import NotRefundable, PaymentProviderError, PaymentProviderUnconfigured
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import (
    Handle,
    Inbound,
    NewAttempt,
    Opened,
    ProviderKind,
    ProviderRefused,
    RefundAsked,
    RefundSnapshot,
    Snapshot,
)
from baas.services.payments.schemas import (
    CreatePayment,
    CreateRefund,
    HistoryEntry,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    StorefrontPayment,
    path,
)

_PAYABLE: Final = frozenset({PaymentStatus.PENDING, PaymentStatus.FAILED})
_REFUNDABLE: Final = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})
_EVENTS: Final = {
    PaymentStatus.PAID: "payment.paid",
    PaymentStatus.FAILED: "payment.failed",
    PaymentStatus.CANCELLED: "payment.failed",
    PaymentStatus.PARTIALLY_REFUNDED: "payment.refunded",
    PaymentStatus.REFUNDED: "payment.refunded",
    PaymentStatus.DISPUTED: "payment.disputed",
}


class Collect(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be collected, and by whom."""

    provider: str
    amount: int
    currency: str
    order_id: UUID | None = None
    reference: str | None = None
    description: str | None = None
    payer_email: str | None = None
    return_url: str | None = None
    sandbox_token: str | None = None
    metadata: dict[str, Any] = {}


class Standing(msgspec.Struct, frozen=True):
    """How the payments of one order stand together, in the currency's minor unit."""

    collected: int
    """Everything that ever came in, also what was given back or is disputed since."""
    refunded: int
    pending: int
    """Attempts that may still be paid."""
    failed: int
    disputed: bool
    in_progress: bool
    """A payer has done their part and the provider has not decided."""


async def create(work: StoreWork, providers: Providers, data: CreatePayment) -> Payment:
    """A payment on its own, or another attempt for an order. Raises PaymentProviderUnconfigured."""
    currency = data.currency or work.scope.store.currency
    if not money.is_currency(currency):
        raise ValidationFailed.field("currency", "is not an ISO 4217 code")
    try:
        row = await collect(
            work,
            providers,
            Collect(
                provider=data.provider,
                amount=data.amount,
                currency=currency,
                order_id=ids.decode("ord", data.order_id) if data.order_id else None,
                reference=data.reference,
                description=data.description,
                payer_email=data.payer.email if data.payer else None,
                return_url=data.return_url,
                sandbox_token=data.sandbox_token,
                metadata=data.metadata,
            ),
        )
    except ForeignKeyViolationError:
        raise NotFound(id=data.order_id) from None
    return (await _shape(work, [row]))[0]


async def open_for_order(work: StoreWork, providers: Providers, asked: Collect) -> StorefrontPayment:
    """An attempt to collect an order, in the transaction that makes or changes it."""
    row = await collect(work, providers, asked)
    return storefront_of(_payment(row, []))


def storefront_of(payment: Payment) -> StorefrontPayment:
    """What the payer may see of a payment."""
    return StorefrontPayment(**{name: getattr(payment, name) for name in StorefrontPayment.__struct_fields__})


async def collect(work: StoreWork, providers: Providers, asked: Collect) -> Any:
    """Open an attempt with a provider that lives in our transaction; answers the payment's row."""
    kind = usable(work, providers, asked.provider)
    if asked.sandbox_token is not None and kind.name != "sandbox":
        raise ValidationFailed.field("sandbox_token", "only the sandbox understands it")
    payment_id = ids.new_id()
    opened = await kind.connect(work, None).create(_attempt(work, payment_id, asked))
    snapshot = opened.snapshot
    row = await repository.insert(
        work,
        payment_id=payment_id,
        order_id=asked.order_id,
        provider=kind.name,
        provider_payment_id=snapshot.provider_payment_id if snapshot else None,
        session=opened.session,
        provider_status=snapshot.provider_status if snapshot else None,
        in_progress=snapshot.in_progress if snapshot else False,
        amount=asked.amount,
        currency=asked.currency,
        reference=asked.reference,
        description=asked.description,
        payer_email=asked.payer_email,
        return_url=asked.return_url,
        next_action=_action(opened),
        metadata=asked.metadata,
        now=clock.now(work.scope),
    )
    if row is None:
        raise PaymentProviderUnconfigured(provider=asked.provider)
    await _emit(work, "payment.created", row)
    if snapshot is not None and snapshot.status is not PaymentStatus.PENDING:
        row = await _apply(work, row, snapshot, "create")
    return row


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
) -> Payment:
    """A notification of a provider that lives in our transaction: inbox, then settle, all at once.

    Raises NotificationRefused when it is not proven, and NotFound for a payment of nobody.
    """
    row = await repository.lock(work, payment_id)
    if row is None or row["provider"] != name:
        raise NotFound
    provider = usable(work, providers, name).connect(work, None)
    notification = await provider.receive(inbound)
    is_new = await repository.receive(
        work,
        provider=name,
        event_id=notification.event_id,
        type_=notification.event_type,
        payment_id=payment_id,
        now=clock.now(work.scope),
    )
    if is_new and notification.handle is not None:
        for snapshot in await provider.fetch(notification.handle):
            row = await _apply(work, row, snapshot, "notification")
    return (await _shape(work, [row]))[0]


async def settle(work: StoreWork, providers: Providers, payment_id: UUID, *, source: str) -> Payment:
    """Ask a provider that lives in our transaction for the payment as it is now, and move ours there."""
    row = await repository.lock(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode("pay", payment_id))
    provider = usable(work, providers, row["provider"]).connect(work, None)
    row = await record(work, row, await provider.fetch(_handle(row)), source=source)
    return (await _shape(work, [row]))[0]


async def record(work: StoreWork, row: Any, snapshots: Sequence[Snapshot], *, source: str) -> Any:
    """Move payments to where the provider says they are; answers the row of the attempt that was asked about.

    An attempt may have several payments at the provider (rejected, then approved): the first is the
    attempt's own row, every further one gets a row of its own for the same order.
    """
    for snapshot in snapshots:
        if row["provider_payment_id"] in {None, snapshot.provider_payment_id}:
            row = await _apply(work, row, snapshot, source)
            continue
        sibling = await repository.lock_by_provider_id(work, row["provider"], snapshot.provider_payment_id)
        if sibling is None:
            sibling = await _sibling(work, row, snapshot)
        await _apply(work, sibling, snapshot, source)
    return row


async def _sibling(work: StoreWork, row: Any, snapshot: Snapshot) -> Any:
    sibling = await repository.insert(
        work,
        payment_id=ids.new_id(),
        order_id=row["order_id"],
        provider=row["provider"],
        provider_payment_id=snapshot.provider_payment_id,
        session=row["provider_session"],
        provider_status=None,
        in_progress=snapshot.in_progress,
        amount=row["amount"],
        currency=row["currency"],
        reference=row["reference"],
        description=row["description"],
        payer_email=row["payer_email"],
        return_url=None,
        next_action=None,
        metadata=row["metadata"],
        now=clock.now(work.scope),
    )
    if sibling is None:
        raise PaymentProviderUnconfigured(provider=row["provider"])
    await _emit(work, "payment.created", sibling)
    return sibling


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
        handle=_handle(row),
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
    await _update_refund(work, refund_id, answer)
    await record(work, row, await provider.fetch(_handle(row)), source="api")
    rows = await repository.refunds(work, [payment_id])
    return next(_refund(found) for found in rows if found["id"] == refund_id)


async def refund_order(work: StoreWork, providers: Providers, order_id: UUID, *, reason: str | None) -> int:
    """Give back all that came in for an order; answers how much, in the currency's minor unit."""
    total = 0
    for row in await repository.of_order(work, order_id):
        left = row["amount"] - row["amount_refunded"]
        if row["status"] in _REFUNDABLE and left:
            total += (await refund(work, providers, row["id"], CreateRefund(reason=reason))).amount
    return total


async def standing(work: StoreWork, order_id: UUID) -> Standing:
    """How the payments of an order stand, whatever notifications said and in whatever order."""
    return Standing(**dict(await repository.standing(work, order_id)))


async def get(work: StoreWork, payment_id: UUID) -> Payment:
    """One payment. Raises NotFound."""
    row = await repository.get(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode("pay", payment_id))
    return (await _shape(work, [row]))[0]


async def for_order(work: StoreWork, order_id: UUID) -> list[Payment]:
    """The attempts for an order, oldest first."""
    return await _shape(work, await repository.of_order(work, order_id))


async def find(work: StoreWork, page: Page, filters: dict[str, Any]) -> PageOf[Payment]:
    """Payments, newest first; `filters` are values of columns."""
    after = UUID(page.after[0]) if page.after else None
    rows = await repository.page(work, filters, after, page.limit + 1)
    total = await page.total(lambda: repository.count(work, filters))
    cut = page.cut(rows, lambda row: [str(row["id"])], total=total)
    return PageOf(await _shape(work, cut.items), cut.limit, cut.next_cursor, cut.total)


async def history(work: StoreWork, payment_id: UUID) -> list[HistoryEntry]:
    """Everything that happened to a payment, oldest first. Raises NotFound."""
    if await repository.get(work, payment_id) is None:
        raise NotFound(id=ids.encode("pay", payment_id))
    return [
        HistoryEntry(
            id=ids.encode("phis", row["id"]),
            at=row["created_at"],
            outcome=row["outcome"],
            from_status=row["from_status"],
            to_status=row["to_status"],
            provider_status=row["provider_status"],
            source=row["source"],
            detail=row["detail"],
            request_id=row["request_id"],
        )
        for row in await repository.history(work, payment_id)
    ]


async def _apply(work: StoreWork, row: Any, snapshot: Snapshot, source: str) -> Any:
    """Move one locked payment to where the provider says it is; answers its row afterwards."""
    current, target = PaymentStatus(row["status"]), snapshot.status
    now = clock.now(work.scope)

    async def note(outcome: str, detail: str) -> None:
        await repository.note(
            work,
            row,
            outcome=outcome,
            to=target,
            provider_status=snapshot.provider_status,
            source=source,
            detail=detail,
            now=now,
        )

    for word, detail in _mismatches(work, row, snapshot):
        if word not in row["flags"]:
            await repository.flag(work, row["id"], word, now)
            await note("flagged", detail)
        return await repository.get(work, row["id"])
    if _is_older(row, snapshot):
        if target != current:
            await note("ignored", "an older answer of the provider")
        return row
    more_refunded = snapshot.amount_refunded > row["amount_refunded"]
    steps = path(current, target)
    if target == current and more_refunded:
        steps = (target,)
    if not steps:
        if target != current:
            await note("ignored", "a step back")
        elif row["provider_status"] != snapshot.provider_status:
            await repository.progress(
                work, row["id"], snapshot.provider_status, in_progress=snapshot.in_progress, now=now
            )
        return row
    await _match_refunds(work, row, snapshot)
    for step in steps:
        is_last = step == target
        before = row
        row = await repository.move(
            work,
            row,
            to=step,
            provider_status=snapshot.provider_status,
            provider_payment_id=snapshot.provider_payment_id,
            amount_refunded=snapshot.amount_refunded if is_last else row["amount_refunded"],
            in_progress=snapshot.in_progress if is_last else False,
            failure_code=snapshot.failure_code if is_last else None,
            provider_updated_at=snapshot.updated_at,
            outcome="refunded" if is_last and more_refunded else "moved",
            source=source,
            now=now,
        )
        # A dispute that ends in the shop's favour is news about the dispute, not a second payment.
        ended = before["status"] == PaymentStatus.DISPUTED and step is not PaymentStatus.REFUNDED
        await _emit(work, "payment.disputed" if ended else _EVENTS[step], row)
    return row


def _mismatches(work: StoreWork, row: Any, snapshot: Snapshot) -> list[tuple[str, str]]:
    problems = []
    if snapshot.currency != row["currency"]:
        problems.append(("currency_mismatch", f"{snapshot.currency} instead of {row['currency']}"))
    elif snapshot.amount != row["amount"]:
        problems.append(("amount_mismatch", f"{snapshot.amount} instead of {row['amount']}"))
    if snapshot.live_mode is not None and snapshot.live_mode != (work.scope.mode.value == "live"):
        problems.append(("mode_mismatch", "test money in a live store, or the other way round"))
    return problems


def _is_older(row: Any, snapshot: Snapshot) -> bool:
    known = row["provider_updated_at"]
    return known is not None and snapshot.updated_at is not None and snapshot.updated_at < known


async def _match_refunds(work: StoreWork, row: Any, snapshot: Snapshot) -> None:
    """Our refunds as the provider has them; those made in its own panel become ours."""
    if not snapshot.refunds:
        return
    known = {refund["provider_refund_id"]: refund for refund in await repository.refunds(work, [row["id"]])}
    for refund in snapshot.refunds:
        ours = known.get(refund.provider_refund_id)
        if ours is None:
            await repository.insert_refund(
                work,
                refund_id=ids.new_id(),
                payment=row,
                amount=refund.amount,
                status=refund.status,
                reason=None,
                provider_refund_id=refund.provider_refund_id,
                origin="provider",
                failure_code=refund.failure_code,
                now=clock.now(work.scope),
            )
        elif ours["status"] != refund.status:
            await _update_refund(work, ours["id"], refund)


async def _update_refund(work: StoreWork, refund_id: UUID, answer: RefundSnapshot) -> None:
    await repository.update_refund(
        work,
        refund_id,
        status=answer.status,
        provider_refund_id=answer.provider_refund_id,
        failure_code=answer.failure_code,
        now=clock.now(work.scope),
    )


async def _emit(work: StoreWork, type_: str, row: Any) -> None:
    payment = (await _shape(work, [row]))[0]
    await outbox.emit(work, type_, subject=payment.id, data=payment)


async def _shape(work: StoreWork, rows: Sequence[Any]) -> list[Payment]:
    """The admin's view of payments, their refunds by one statement for all (none when none was paid)."""
    refunds: dict[UUID, list[Refund]] = {}
    paid = [row["id"] for row in rows if row["paid_at"] is not None]
    if paid:
        for found in await repository.refunds(work, paid):
            refunds.setdefault(found["payment_id"], []).append(_refund(found))
    return [_payment(row, refunds.get(row["id"], [])) for row in rows]


def _payment(row: Any, refunds: list[Refund]) -> Payment:
    return Payment(
        id=ids.encode("pay", row["id"]),
        order_id=ids.encode("ord", row["order_id"]) if row["order_id"] else None,
        provider=row["provider"],
        status=row["status"],
        provider_status=row["provider_status"],
        provider_payment_id=row["provider_payment_id"],
        amount=row["amount"],
        amount_refunded=row["amount_refunded"],
        currency=row["currency"],
        reference=row["reference"],
        description=row["description"],
        payer_email=row["payer_email"],
        next_action=_next_action(row),
        failure_code=row["failure_code"],
        flags=row["flags"],
        metadata=row["metadata"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        paid_at=row["paid_at"],
        refunds=refunds,
    )


def _refund(row: Any) -> Refund:
    return Refund(
        id=ids.encode("re", row["id"]),
        payment_id=ids.encode("pay", row["payment_id"]),
        amount=row["amount"],
        currency=row["currency"],
        status=row["status"],
        reason=row["reason"],
        provider_refund_id=row["provider_refund_id"],
        origin=row["origin"],
        failure_code=row["failure_code"],
        created_at=row["created_at"],
    )


def _next_action(row: Any) -> Any:
    """What the payer can still do. The stored object has the shape of the wire already."""
    return row["next_action"] if row["status"] in _PAYABLE else None


def _action(opened: Opened) -> dict[str, Any] | None:
    return None if opened.next_action is None else msgspec.to_builtins(opened.next_action)


def _attempt(work: StoreWork, payment_id: UUID, asked: Collect) -> NewAttempt:
    return NewAttempt(
        payment_id=payment_id,
        idempotency_key=ids.encode("pay", payment_id),
        amount=asked.amount,
        currency=asked.currency,
        description=asked.description,
        payer_email=asked.payer_email,
        return_url=asked.return_url,
        notification_url=None,
        locale=work.scope.store.locale,
        options={"sandbox_token": asked.sandbox_token} if asked.sandbox_token else {},
    )


def _handle(row: Any) -> Handle:
    return Handle(
        payment_id=row["id"], session=row["provider_session"], provider_payment_id=row["provider_payment_id"]
    )
