"""The SQL of the payments themselves."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, TypedDict
from uuid import UUID

from baas.core.db import NO_REFUSALS, Refusals, StoreWork
from baas.core.db.rows import call_sql, columns, optional_row, row_of, rows_of
from baas.core.values import ids
from baas.services.payments.rows import PaymentRow, Standing
from baas.services.payments.schemas import NextAction, Outcome, PaymentStatus

# What every new payment has alike is not given but written by the function.
_GIVEN: Final = tuple(
    name
    for name in PaymentRow.__struct_fields__
    if name not in {"amount_refunded", "flags", "created_at", "updated_at"}
)
_given_of: Final = attrgetter(*_GIVEN)
_OPEN: Final = call_sql(
    "payment_open",
    (
        "store",
        *_GIVEN,
        "step_id",
        "step_outcome",
        "step_from",
        "step_to",
        "request",
        "now",
        "even_disabled",
    ),
)
_MOVED: Final = call_sql(
    "payment_move",
    (
        "store",
        "id",
        "status",
        "provider_status",
        "provider_payment_id",
        "amount_refunded",
        "may_shrink",
        "in_progress",
        "failure_code",
        "provider_updated_at",
        "now",
        "history",
        "outcome",
        "from",
        "source",
        "request",
    ),
)
_MOVE: Final = f"select {columns(PaymentRow)} from {_MOVED}"
_GET: Final = f"select {columns(PaymentRow)} from payments where store_id = $1 and id = $2"
_LOCK: Final = f"{_GET} for no key update"
_LOCK_BY_PROVIDER_ID: Final = (
    f"select {columns(PaymentRow)} from payments"
    " where store_id = $1 and provider = $2 and provider_payment_id = $3 for no key update"
)
_OF_ORDER: Final = (
    f"select {columns(PaymentRow)} from payments where store_id = $1 and order_id = $2 order by id"
)
_LOCK_OF_ORDER: Final = f"{_OF_ORDER} for no key update"
_ADD_FLAG: Final = f"""
update payments set flags = array_append(flags, $3), updated_at = $4,
  provider_payment_id = coalesce(provider_payment_id, $5)
where store_id = $1 and id = $2 and not ($3 = any (flags)) returning {columns(PaymentRow)}
"""
_REMOVE_FLAGS: Final = f"""
update payments set updated_at = $4,
  flags = array(select word from unnest(flags) as word where not word = any ($3::text[]))
where store_id = $1 and id = $2 returning {columns(PaymentRow)}
"""
_STANDING: Final = f"select {columns(Standing)} from payments where store_id = $1 and order_id = $2"
_STANDINGS: Final = f"""
select s.* from unnest($2::uuid[]) with ordinality as wanted (order_key, place)
cross join lateral (
  select {columns(Standing)} from payments where store_id = $1 and order_id = order_key offset 0
) s order by place
"""


def new(
    *,
    payment_id: UUID,
    order_id: UUID | None,
    provider: str,
    provider_payment_id: str | None,
    session: str | None,
    provider_status: str | None,
    in_progress: bool,
    amount: int,
    currency: str,
    reference: str | None,
    description: str | None,
    payer_email: str | None,
    return_url: str | None,
    next_action: NextAction | None,
    metadata: dict[str, Any],
    now: datetime,
    options: dict[str, Any] | None = None,
    is_open: bool = True,
) -> PaymentRow:
    """The row of a pending payment. One that is not open yet still has to be opened with its provider."""
    return PaymentRow(
        id=payment_id,
        order_id=order_id,
        provider=provider,
        provider_payment_id=provider_payment_id,
        provider_session=session,
        status=PaymentStatus.PENDING,
        provider_status=provider_status,
        in_progress=in_progress,
        amount=amount,
        amount_refunded=0,
        currency=currency,
        reference=reference,
        description=description,
        payer_email=payer_email,
        return_url=return_url,
        next_action=next_action,
        failure_code=None,
        flags=[],
        metadata=metadata,
        options=options or {},
        opened_at=now if is_open else None,
        provider_updated_at=None,
        created_at=now,
        updated_at=now,
        paid_at=None,
    )


async def insert(
    work: StoreWork,
    row: PaymentRow,
    *,
    arrived: PaymentRow | None = None,
    even_disabled: bool = False,
    refusals: Refusals = NO_REFUSALS,
) -> None:
    """Write a pending payment and the first line of its history, with what follows.

    One that has `arrived` one step further is written as it is there, with both lines. Refused by
    `sqlstates.PROVIDER_DISABLED` when the store has disabled the provider.
    """
    written = arrived or row
    steps: list[tuple[Outcome, PaymentStatus | None, PaymentStatus]] = [("created", None, row.status)]
    if arrived is not None:
        steps.append(("moved", row.status, arrived.status))
    outcomes, before, after = zip(*steps, strict=True)
    await work.later(
        _OPEN,
        work.scope.store_id,
        *_given_of(written),
        [ids.new_id() for _ in steps],
        outcomes,
        before,
        after,
        work.scope.request_id,
        written.created_at,
        even_disabled,
        refusals=refusals,
    )


async def move(
    work: StoreWork,
    payment: PaymentRow,
    *,
    to: PaymentStatus,
    provider_status: str,
    provider_payment_id: str,
    amount_refunded: int,
    may_shrink: bool,
    in_progress: bool,
    failure_code: str | None,
    provider_updated_at: datetime | None,
    outcome: Outcome,
    source: str,
    now: datetime,
) -> PaymentRow:
    """The payment in its next state, with a line in its history. Only a correction may shrink what was refunded."""
    record = await work.fetchrow(
        _MOVE,
        work.scope.store_id,
        payment.id,
        to,
        provider_status,
        provider_payment_id,
        amount_refunded,
        may_shrink,
        in_progress,
        failure_code,
        provider_updated_at,
        now,
        ids.new_id(),
        outcome,
        payment.status,
        source,
        work.scope.request_id,
    )
    return row_of(PaymentRow, record)


async def set_opened(
    work: StoreWork, payment_id: UUID, *, session: str | None, next_action: NextAction | None, now: datetime
) -> None:
    """Write what the provider answered when the attempt was opened; the first answer stays."""
    await work.execute(
        "update payments set provider_session = $3, next_action = $4, opened_at = $5, updated_at = $5"
        " where store_id = $1 and id = $2 and opened_at is null",
        work.scope.store_id,
        payment_id,
        session,
        next_action,
        now,
    )


async def add_flag(
    work: StoreWork, payment_id: UUID, word: str, now: datetime, *, of: str | None = None
) -> PaymentRow | None:
    """Mark a payment for a person, once. Returns it as it is then, or None when it carried the flag already.

    The provider's payment that it is `of` becomes this one if none is yet, so that the flag goes with it alone.
    """
    record = await work.fetchrow(_ADD_FLAG, work.scope.store_id, payment_id, word, now, of)
    return optional_row(PaymentRow, record)


async def remove_flags(work: StoreWork, payment_id: UUID, words: Sequence[str], now: datetime) -> PaymentRow:
    """Take flags away from a payment that this transaction has locked. Returns it without them."""
    record = await work.fetchrow(_REMOVE_FLAGS, work.scope.store_id, payment_id, list(words), now)
    return row_of(PaymentRow, record)


async def set_provider_status(
    work: StoreWork, payment_id: UUID, provider_status: str, now: datetime, *, of: str
) -> None:
    """Keep the word of a provider's payment that moves nothing, so that it is noted once."""
    await work.execute(
        "update payments set provider_status = $3, updated_at = $4,"
        " provider_payment_id = coalesce(provider_payment_id, $5) where store_id = $1 and id = $2",
        work.scope.store_id,
        payment_id,
        provider_status,
        now,
        of,
    )


async def get(work: StoreWork, payment_id: UUID) -> PaymentRow | None:
    """The payment, or None."""
    return optional_row(PaymentRow, await work.fetchrow(_GET, work.scope.store_id, payment_id))


async def lock(work: StoreWork, payment_id: UUID) -> PaymentRow | None:
    """The payment, held until the transaction ends, or None."""
    return optional_row(PaymentRow, await work.fetchrow(_LOCK, work.scope.store_id, payment_id))


async def lock_by_provider_id(work: StoreWork, provider: str, provider_payment_id: str) -> PaymentRow | None:
    """The payment that the provider names so, held until the transaction ends, or None."""
    record = await work.fetchrow(_LOCK_BY_PROVIDER_ID, work.scope.store_id, provider, provider_payment_id)
    return optional_row(PaymentRow, record)


async def of_order(work: StoreWork, order_id: UUID) -> list[PaymentRow]:
    """The attempts for an order, oldest first."""
    return rows_of(PaymentRow, await work.fetch(_OF_ORDER, work.scope.store_id, order_id))


async def lock_of_order(work: StoreWork, order_id: UUID) -> list[PaymentRow]:
    """The attempts for an order, oldest first, held until the transaction ends.

    They are locked in that order: an attempt before those that came of it.
    """
    return rows_of(PaymentRow, await work.fetch(_LOCK_OF_ORDER, work.scope.store_id, order_id))


class Filters(TypedDict, total=False):
    """What a list of payments is narrowed to, by equality with columns."""

    status: PaymentStatus
    provider: str
    reference: str
    order_id: UUID


async def page(work: StoreWork, filters: Filters, after: UUID | None, limit: int) -> list[PaymentRow]:
    """Payments, newest first."""
    where, arguments = _where(work, filters)
    if after is not None:
        arguments.append(after)
        where += f" and id < ${len(arguments)}"
    arguments.append(limit)
    records = await work.fetch(
        f"select {columns(PaymentRow)} from payments where {where} order by id desc limit ${len(arguments)}",
        *arguments,
    )
    return rows_of(PaymentRow, records)


async def count(work: StoreWork, filters: Filters) -> int:
    """How many payments there are by those filters."""
    where, arguments = _where(work, filters)
    total: int = await work.fetchval(f"select count(*) from payments where {where}", *arguments)
    return total


def _where(work: StoreWork, filters: Filters) -> tuple[str, list[Any]]:
    clauses = ["store_id = $1"]
    arguments: list[Any] = [work.scope.store_id]
    for name, value in filters.items():
        arguments.append(value)
        clauses.append(f"{name} = ${len(arguments)}")
    return " and ".join(clauses), arguments


async def standing(work: StoreWork, order_id: UUID) -> Standing:
    """How the payments of an order stand together."""
    return row_of(Standing, await work.fetchrow(_STANDING, work.scope.store_id, order_id))


async def standings(work: StoreWork, order_ids: Sequence[UUID]) -> list[Standing]:
    """How the payments of each of these orders stand together, in the order of the orders."""
    return rows_of(Standing, await work.fetch(_STANDINGS, work.scope.store_id, list(order_ids)))
