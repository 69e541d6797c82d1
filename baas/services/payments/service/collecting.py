"""Opening an attempt to collect an amount."""

from typing import Any
from uuid import UUID

import msgspec

from baas.core.db import NO_SUCH_ROW, Refusals, StoreWork, sqlstates
from baas.core.errors import NotFound, ValidationFailed
from baas.core.values import clock, ids, money
from baas.core.values.ids import Kind
from baas.services.payments import repository
from baas.services.payments.errors import PaymentProviderUnconfigured
from baas.services.payments.events import PaymentEvent
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import NewAttempt, ProviderKind
from baas.services.payments.rows import PaymentRow
from baas.services.payments.schemas import (
    CreatePayment,
    Payment,
    PaymentStatus,
    StorefrontPayment,
    checked_metadata,
)
from baas.services.payments.service.settling import apply, arrival, event_of, usable
from baas.services.payments.service.shape import emit, payment_of, storefront_of


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
    options: dict[str, Any] = {}
    """What only this provider understands, by name (`ProviderOptions`)."""
    metadata: dict[str, Any] = {}


async def create(work: StoreWork, providers: Providers, data: CreatePayment) -> Payment:
    """A payment on its own, or another attempt for an order. Raises PaymentProviderUnconfigured."""
    currency = data.currency or work.scope.store.currency
    if not money.is_currency(currency):
        raise ValidationFailed.field("currency", "is not an ISO 4217 code")
    # D-039: sums of two currencies mean nothing.
    if data.order_id is not None and currency != work.scope.store.currency:
        raise ValidationFailed.field(
            "currency", f"an order of this store is paid in {work.scope.store.currency}"
        )
    row = await collect(
        work,
        providers,
        Collect(
            provider=data.provider,
            amount=data.amount,
            currency=currency,
            order_id=ids.decode(Kind.ORDER, data.order_id) if data.order_id else None,
            reference=data.reference,
            description=data.description,
            payer_email=data.payer.email if data.payer else None,
            return_url=data.return_url,
            options=data.provider_options,
            metadata=checked_metadata(data.metadata),
        ),
    )
    return payment_of(row, [])


async def open_for_order(work: StoreWork, providers: Providers, asked: Collect) -> StorefrontPayment:
    """An attempt to collect an order, in the transaction that makes or changes it."""
    row = await collect(work, providers, asked)
    return storefront_of(payment_of(row, []))


async def collect(work: StoreWork, providers: Providers, asked: Collect) -> PaymentRow:
    """Write an attempt; answers the payment's row.

    A provider that lives in our transaction opens it here. Any other is asked after the commit
    (`network.open_attempt`): until then the payment has nothing for its payer to follow.
    """
    kind = usable(work, providers, asked.provider)
    for option in asked.options:
        if option not in kind.options.__struct_fields__:
            raise ValidationFailed.field(option, f"only {providers.owner_of(option)} understands it")
    payment_id = ids.new_id()
    if not kind.in_process:
        return await _promise(work, kind, payment_id, asked)
    opened = await kind.connect(work, None).create(_attempt(work, payment_id, asked))
    snapshot = opened.snapshot
    row = repository.payments.new(
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
        next_action=opened.next_action,
        metadata=asked.metadata,
        now=clock.now(work.scope),
        options=asked.options,
    )
    arrived = None if snapshot is None else arrival(work, row, snapshot)
    # D-072: one that its provider already has is written where it is.
    await repository.payments.insert(work, row, arrived=arrived, refusals=_refusals(asked))
    await emit(work, PaymentEvent.CREATED, row, is_new=True)
    if arrived is not None:
        await emit(work, event_of(arrived.status), arrived, is_new=True)
        return arrived
    if snapshot is not None and snapshot.status is not PaymentStatus.PENDING:
        row = await apply(work, row, snapshot, "create")
    return row


def _refusals(asked: Collect) -> Refusals:
    """What the database may refuse of a new payment: its provider, and its order."""
    return {
        sqlstates.PROVIDER_DISABLED: PaymentProviderUnconfigured(provider=asked.provider),
        **(
            {}
            if asked.order_id is None
            else {NO_SUCH_ROW: NotFound(id=ids.encode(Kind.ORDER, asked.order_id))}
        ),
    }


async def _promise(work: StoreWork, kind: ProviderKind, payment_id: UUID, asked: Collect) -> PaymentRow:
    account = await repository.accounts.get(work, kind.name)
    if account is None or not account.enabled or account.credentials is None:
        raise PaymentProviderUnconfigured(provider=asked.provider)
    problem = kind.objection(_attempt(work, payment_id, asked))
    if problem is not None:
        raise ValidationFailed.field(*problem)
    row = repository.payments.new(
        payment_id=payment_id,
        order_id=asked.order_id,
        provider=kind.name,
        provider_payment_id=None,
        session=None,
        provider_status=None,
        in_progress=False,
        amount=asked.amount,
        currency=asked.currency,
        reference=asked.reference,
        description=asked.description,
        payer_email=asked.payer_email,
        return_url=asked.return_url,
        next_action=None,
        metadata=asked.metadata,
        now=clock.now(work.scope),
        options=asked.options,
        is_open=False,
    )
    await repository.payments.insert(work, row, refusals=_refusals(asked))
    await emit(work, PaymentEvent.CREATED, row, is_new=True)
    return row


def _attempt(work: StoreWork, payment_id: UUID, asked: Collect) -> NewAttempt:
    return NewAttempt(
        payment_id=payment_id,
        idempotency_key=ids.encode(Kind.PAYMENT, payment_id),
        amount=asked.amount,
        currency=asked.currency,
        description=asked.description,
        payer_email=asked.payer_email,
        return_url=asked.return_url,
        notification_url=None,
        locale=work.scope.store.locale,
        options=asked.options,
    )
