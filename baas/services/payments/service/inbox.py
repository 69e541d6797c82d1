"""Taking notifications in: proven ones become one row, and the worker does the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import structlog

from baas.core.db import StoreWork
from baas.core.errors import NotFound, Unauthenticated
from baas.core.scope import StoreScope
from baas.core.values import clock
from baas.core.work.outbox import ScopeMaker
from baas.services.payments import repository
from baas.services.payments.errors import PaymentProviderError, PaymentProviderUnconfigured
from baas.services.payments.providers.base import Inbound, Notification, NotificationRefused
from baas.services.payments.rows import DueNotificationRow, DueRefundRow
from baas.services.payments.schemas import Received
from baas.services.payments.service import accounts
from baas.services.payments.service.network import Desk, process_event, put_off_refund, run_refund

log = structlog.get_logger(__name__)

D = TypeVar("D", DueNotificationRow, DueRefundRow)

BATCH: Final = 32
LEASE: Final = timedelta(seconds=30)
HINT_WAIT: Final = timedelta(seconds=60)
"""How soon a notification that nobody can prove lets us compare with the provider: once a minute at most."""


async def receive(work: StoreWork, desk: Desk, name: str, inbound: Inbound) -> Received:
    """Write a proven notification to the inbox, once. Raises Unauthenticated, and NotFound without an account."""
    kind = desk.providers.get(name)
    if kind is None or kind.in_process:
        raise NotFound(provider=name[:40])
    account = await accounts.opened(work, desk.ring, name, even_disabled=True)
    if account is None:
        raise NotFound(provider=name)
    return await _kept(work, name, await kind.connect(None, account).receive(inbound))


async def _kept(work: StoreWork, name: str, notification: Notification) -> Received:
    is_new = await repository.inbox.add(
        work,
        provider=name,
        event_id=notification.event_id,
        type_=notification.event_type,
        handle=notification.handle,
        alarm=notification.alarm,
        now=clock.now(work.scope),
    )
    if is_new and notification.alarm is not None:
        log.warning(
            "payment.alarm", provider=name, store=work.scope.store_id.hex, type=notification.event_type
        )
    return Received(received=True, duplicate=not is_new)


async def receive_or_hint(desk: Desk, scope: StoreScope, name: str, inbound: Inbound) -> Received:
    """The same in a transaction of its own. One that is not proven moves nothing.

    Mercado Pago's real deliveries are known to fail their own signature at times, so an unproven one brings
    the next comparison forward, by at most one a minute. Raises Unauthenticated.
    """
    try:
        async with desk.database.fast(scope) as work:
            return await receive(work, desk, name, inbound)
    except NotificationRefused as refusal:
        log.warning("payment.notification_refused", provider=name, store=scope.store_id.hex)
        async with desk.database.fast(scope) as work:
            # D-027: what is unproven only brings the next comparison forward.
            await repository.accounts.reconcile_soon(work, name, HINT_WAIT)
        raise Unauthenticated(str(refusal)) from refusal


async def receive_for_platform(
    desk: Desk, scope_of: Callable[[UUID], Awaitable[StoreScope]], name: str, inbound: Inbound
) -> Received:
    """Take a notification at the deployment's one address, for the stores whose account it is about.

    Each store decides by its own account whether it is about anything there: what is not is kept by nobody, and
    neither is what is about an account that no store has. Raises Unauthenticated when it is not proven, NotFound
    without such an address.
    """
    kind = desk.providers.get(name)
    try:
        addressed = None if kind is None else kind.addressed(inbound)
    except NotificationRefused as refusal:
        log.warning("payment.notification_refused", provider=name, store=None)
        raise Unauthenticated(str(refusal)) from refusal
    if kind is None or addressed is None:
        raise NotFound(provider=name[:40])
    async with desk.database.relay(
        reason="payments: find the stores of an account that a platform is notified of"
    ) as system:
        store_ids = await repository.accounts.stores_of_account(
            system, name, addressed.account_id, is_test=addressed.is_test
        )
    kept: list[Received] = []
    for store_id in store_ids:
        async with desk.database.fast(await scope_of(store_id)) as work:
            account = await accounts.opened(work, desk.ring, name, even_disabled=True)
            if account is None:
                continue
            account = msgspec.structs.replace(account, webhook_secret=addressed.secret)
            notification = await kind.connect(None, account).receive(inbound)
            if notification.handle is not None or notification.alarm is not None:
                kept.append(await _kept(work, name, notification))
    if not kept:
        log.info("payment.platform_notification_ignored", provider=name, account=addressed.account_id)
    return Received(received=bool(kept), duplicate=bool(kept) and all(one.duplicate for one in kept))


async def process_due(desk: Desk, make_scope: ScopeMaker) -> int:
    """Process one batch of the inbox; answers how many were due."""
    async with desk.database.relay(reason="payments: claim notifications of providers") as system:
        due = await repository.inbox.claim(system, desk.claimant, BATCH, LEASE)

    async def one(row: DueNotificationRow) -> None:
        scope = await make_scope(row.store_id, f"inbox_{row.id.hex}")
        try:
            await process_event(desk, scope, row.id)
        except PaymentProviderUnconfigured:
            async with desk.database.fast(scope) as work:
                await repository.inbox.set_processed(
                    work, row.id, outcome="failed", payment_id=None, error="The account is gone.",
                    now=clock.now(scope),
                )  # fmt: skip

    await _all(due, one, "inbox.failed")
    return len(due)


async def refund_due(desk: Desk, make_scope: ScopeMaker) -> int:
    """Ask for one batch of refunds that nobody has asked for, or that had no answer; answers how many."""
    async with desk.database.relay(reason="payments: claim refunds that were promised") as system:
        due = await repository.refunds.claim(system, desk.claimant, BATCH, LEASE)

    async def one(row: DueRefundRow) -> None:
        scope = await make_scope(row.store_id, f"refund_{row.id.hex}")
        try:
            await run_refund(desk, scope, row.id)
        except PaymentProviderError as refusal:
            log.warning("refund.refused", refund=row.id.hex, reason=refusal.details.get("provider_message"))
        except PaymentProviderUnconfigured:
            # It stays promised: with an account of this provider again, it is asked for within the hour.
            log.warning("refund.no_account", refund=row.id.hex, store=scope.store_id.hex)
            async with desk.database.fast(scope) as work:
                await put_off_refund(work, row.id)

    await _all(due, one, "refund.failed")
    return len(due)


async def _all(rows: Sequence[D], one: Callable[[D], Awaitable[None]], problem: str) -> None:
    """Do each, a few at a time; one that fails comes due again when its lease has run out."""
    gate = asyncio.Semaphore(8)

    async def guarded(row: D) -> None:
        async with gate:
            try:
                await one(row)
            except Exception:
                log.exception(problem, store=row.store_id.hex, id=row.id.hex)

    await asyncio.gather(*(guarded(row) for row in rows))
