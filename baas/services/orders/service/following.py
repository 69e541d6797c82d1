"""The order follows its payments, whatever was heard of them, how often and in what order.

Nothing of an event is believed but which order it is about: the payments are asked how they stand, under
the order's lock, and the order goes to where that leads. Hearing the same again leads nowhere new.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from baas.core.db import Database, StoreWork
from baas.core.errors import NotFound
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.due import Due, attend_each
from baas.core.work.outbox import ScopeMaker
from baas.services.inventory import service as inventory
from baas.services.inventory.errors import InsufficientStock
from baas.services.orders import repository
from baas.services.orders.errors import not_allowed
from baas.services.orders.events import OrderEvent
from baas.services.orders.rows import ItemRow, OrderChanges, OrderRow
from baas.services.orders.schemas import UNPAID, Flag, OrderStatus, PaymentState, RetryPayment, allowed
from baas.services.orders.service import pieces, steps
from baas.services.orders.service.checkout import (
    look_again,
    paid,
    paid_together,
    reservation,
    token_hash,
)
from baas.services.orders.service.shape import order_of
from baas.services.payments import service as payments
from baas.services.payments.providers import Providers
from baas.services.payments.schemas import PaymentStatus, StorefrontPayment
from baas.services.payments.service import Collect, Standing

log = structlog.get_logger(__name__)

DUE_BATCH: Final = 100
_AFTER_FAILURE: Final = timedelta(minutes=1)


# D-021: an event only says "look again"; the payments are read under the order's lock.
async def follow_all(work: StoreWork, order_ids: Sequence[UUID]) -> None:
    """Bring orders to where their payments are; no effect where there is no such order.

    Those that only become paid, as nearly all do, do so together.
    """
    rows = await repository.lock_all(work, order_ids)
    standings = await payments.standings(work, [row.id for row in rows])
    just_paid: list[tuple[OrderRow, OrderChanges]] = []
    for row, standing in zip(rows, standings, strict=True):
        collected = _collected(row, standing)
        only_paid = not row.amount_paid and not standing.refunded
        if row.status is OrderStatus.PAYMENT_PENDING and collected >= row.total and only_paid:
            just_paid.append((row, _changes(row, standing, collected)))
        else:
            await follow_locked(work, row, standing)
    if just_paid:
        await paid_together(work, just_paid)


async def follow_locked(work: StoreWork, row: OrderRow, standing: Standing | None = None) -> OrderRow:
    """The same for an order that this transaction has locked; answers its row."""
    if row.amount_paid:
        # Only of an order that money came in for can a refund have failed.
        await pieces.take_failed_back(work, row.id)
    if standing is None:
        standing = await payments.standing(work, row.id)
    collected = _collected(row, standing)
    refunded_before = row.amount_refunded
    changes = _changes(row, standing, collected)
    status = row.status
    items: list[ItemRow] | None = None
    if status in UNPAID and collected >= row.total:
        items = await steps.items_of(work, row.id)
        row = await _to_payment_pending(work, row, items)
        row = await paid(work, row, items, **changes)
    elif status is OrderStatus.PAYMENT_PENDING and standing.failed and not standing.pending:
        items = await steps.items_of(work, row.id)
        row = await steps.step(work, row, OrderStatus.PAYMENT_FAILED, items, **changes)
    elif status in {OrderStatus.PENDING, OrderStatus.PAYMENT_FAILED} and standing.pending:
        row = await repository.move(work, row, OrderStatus.PAYMENT_PENDING, changes, None)
    elif any(getattr(row, name) != value for name, value in changes.items()):
        if _was_given_back(row, changes):
            # What kept it from expiring is gone.
            changes["due_at"] = await repository.due_now(work)
        row = await repository.change(work, row.id, changes)
    if row.amount_refunded > refunded_before:
        await steps.tell(work, OrderEvent.REFUNDED, row, items or await steps.items_of(work, row.id))
    return row


def _collected(row: OrderRow, standing: Standing) -> int:
    """Everything that ever came in for an order, over its payments or outside of them."""
    return standing.collected + (row.total if row.paid_outside else 0)


async def _to_payment_pending(work: StoreWork, row: OrderRow, items: Sequence[ItemRow]) -> OrderRow:
    if row.status == OrderStatus.PAYMENT_PENDING:
        return row
    return await steps.step(work, row, OrderStatus.PAYMENT_PENDING, items)


def _changes(row: OrderRow, standing: Standing, collected: int) -> OrderChanges:
    flags = {
        Flag.PAID_AFTER_CANCEL: row.status == OrderStatus.CANCELLED
        and collected > standing.refunded
        # Money that was taken outside has to go back outside, and has its own flag.
        and not row.paid_outside,
        Flag.OVERPAID: collected - standing.refunded > row.total,
        Flag.DISPUTED: standing.disputed,
        Flag.PARTIALLY_PAID: Flag.PARTIALLY_PAID in row.flags and standing.refunded < collected < row.total,
    }
    return {
        "payment_status": _state(row, standing, collected),
        "amount_paid": collected,
        "amount_refunded": standing.refunded,
        "flags": [flag for flag in row.flags if flag not in flags]
        + [flag for flag, up in flags.items() if up],
    }


def _was_given_back(row: OrderRow, changes: OrderChanges) -> bool:
    """Whether an unpaid order waited for a person because of a part of its money, and that was given back now."""
    gone = Flag.PARTIALLY_PAID in row.flags and Flag.PARTIALLY_PAID not in changes["flags"]
    return gone and row.status in UNPAID


def _state(row: OrderRow, standing: Standing, collected: int) -> PaymentState:
    if standing.disputed:
        return PaymentState.DISPUTED
    if standing.refunded:
        return PaymentState.REFUNDED if standing.refunded >= collected else PaymentState.PARTIALLY_REFUNDED
    if collected and collected >= row.total:
        return PaymentState.PAID
    return PaymentState.FAILED if standing.failed and not standing.pending else PaymentState.PENDING


async def retry(
    work: StoreWork, providers: Providers, order_id: UUID, data: RetryPayment, *, token: str | None
) -> StorefrontPayment:
    """Another attempt to pay an order, or the one that is still open with the same provider.

    The stock is held again if it had lapsed. Raises NotFound, InvalidTransition when there is nothing to
    pay any more, InsufficientStock, PaymentProviderUnconfigured.
    """
    row = await steps.locked(work, order_id)
    if token is not None and token_hash(token) != row.access_token_hash:
        raise NotFound(id=ids.encode(Kind.ORDER, order_id))
    status = row.status
    standing = await payments.standing(work, order_id)
    missing = row.total - (standing.collected - standing.refunded)
    if status not in UNPAID or missing <= 0:
        raise not_allowed(status, OrderStatus.PAYMENT_PENDING, allowed(status, is_digital=row.is_digital))
    for payment in await payments.for_order(work, order_id):
        if (payment.status, payment.provider, payment.amount) == (
            PaymentStatus.PENDING,
            data.provider,
            missing,
        ):
            return payments.storefront_of(payment)
    now = clock.now(work.scope)
    held = reservation(work.scope.store)
    items = await steps.items_of(work, order_id)
    if not await inventory.extend(work, order_id, now + held):
        raise InsufficientStock("What was ordered is not in stock any more.")
    row = await repository.change(work, order_id, {"due_at": look_again(now, held)})
    if status is not OrderStatus.PAYMENT_PENDING:
        row = await steps.step(
            work, row, OrderStatus.PAYMENT_PENDING, items, payment_status=PaymentState.PENDING
        )
    order = order_of(row, items)
    return await payments.open_for_order(
        work,
        providers,
        Collect(
            provider=data.provider,
            amount=missing,
            currency=order.currency,
            order_id=order_id,
            reference=order.number,
            description=f"{work.scope.store.name} {order.number}",
            payer_email=order.email,
            return_url=data.return_url,
            options=data.provider_options,
        ),
    )


# D-022: a lapsed reservation is not a cancelled order.
async def attend(work: StoreWork, order_id: UUID) -> None:
    """What the clock asks of an order that is due: hold its stock longer, or let it expire.

    A payment in progress at the provider keeps both the stock and the order; money that came in, but not
    all of it, leaves the decision to a person.
    """
    row = await repository.lock(work, order_id)
    # D-041: by the clock by which it was found due.
    now = clock.now(work.scope)
    if row is None or row.due_at is None or row.due_at > now:
        return
    if row.status not in UNPAID:
        await repository.change(work, order_id, {"due_at": None})
        return
    row = await follow_locked(work, row)
    if row.status not in UNPAID:
        return
    standing = await payments.standing(work, order_id)
    if standing.in_progress:
        held = reservation(work.scope.store)
        await inventory.extend(work, order_id, now + held)
        await repository.change(work, order_id, {"due_at": look_again(now, held)})
    elif row.expires_at is None or now < row.expires_at:
        await repository.change(work, order_id, {"due_at": row.expires_at})
    elif standing.collected > standing.refunded:
        flags = [*(flag for flag in row.flags if flag != Flag.PARTIALLY_PAID), Flag.PARTIALLY_PAID]
        await repository.change(work, order_id, {"due_at": None, "flags": flags})
    else:
        await inventory.release(work, order_id)
        items = await steps.items_of(work, order_id)
        await steps.step(
            work, row, OrderStatus.CANCELLED, items, reason="expired", cancel_reason="expired", due_at=None
        )


async def attend_due(database: Database, make_scope: ScopeMaker) -> int:
    """Look at one batch of due orders, each in its own store; answers how many."""

    async def postpone(row: Due) -> None:
        async with database.relay(reason="orders: look later at one that failed now") as system:
            await repository.postpone(system, row.store_id, row.id, _AFTER_FAILURE)

    found = await attend_each(
        database,
        make_scope,
        repository.DUE,
        attend,
        limit=DUE_BATCH,
        reason="orders: find those that the clock has to look at",
        name="due",
        failed=postpone,
    )
    return len(found)
