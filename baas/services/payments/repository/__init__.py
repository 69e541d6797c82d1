"""The SQL of the payments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from baas.core.db import NO_REFUSALS, Refusals, StoreWork
from baas.core.values import ids
from baas.services.payments.repository import accounts as accounts
from baas.services.payments.repository import refunds as refunds

_COLUMNS: Final = (
    "id, order_id, provider, provider_payment_id, provider_session, status, provider_status, in_progress, amount,"
    " amount_refunded, currency, reference, description, payer_email, return_url, next_action, failure_code, flags,"
    " metadata, options, opened_at, provider_updated_at, created_at, updated_at, paid_at"
)

# What a new payment is given; everything else has a default.
_GIVEN: Final = (
    *(
        "id",
        "order_id",
        "provider",
        "provider_payment_id",
        "provider_session",
        "provider_status",
        "in_progress",
    ),
    *(
        "amount",
        "currency",
        "reference",
        "description",
        "payer_email",
        "return_url",
        "next_action",
        "metadata",
    ),
    *("options", "opened_at", "status", "failure_code", "provider_updated_at", "paid_at"),
)
_OPEN: Final = f"payment_open({', '.join(f'${n}' for n in range(1, len(_GIVEN) + 9))})"
DISABLED: Final = "BS006"
"""The SQLSTATE by which the database refuses a payment of a provider that its store has disabled."""
Row = Mapping[str, Any]
_MOVE: Final = f"select {_COLUMNS} from payment_move({', '.join(f'${n}' for n in range(1, 17))})"


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
    next_action: dict[str, Any] | None,
    metadata: dict[str, Any],
    now: datetime,
    options: dict[str, Any] | None = None,
    is_open: bool = True,
) -> dict[str, Any]:
    """The row of a pending payment. One that is not open yet still has to be opened with its provider."""
    return {
        "id": payment_id,
        "order_id": order_id,
        "provider": provider,
        "provider_payment_id": provider_payment_id,
        "provider_session": session,
        "status": "pending",
        "provider_status": provider_status,
        "in_progress": in_progress,
        "amount": amount,
        "amount_refunded": 0,
        "currency": currency,
        "reference": reference,
        "description": description,
        "payer_email": payer_email,
        "return_url": return_url,
        "next_action": next_action,
        "failure_code": None,
        "flags": [],
        "metadata": metadata,
        "options": options or {},
        "opened_at": now if is_open else None,
        "provider_updated_at": None,
        "created_at": now,
        "updated_at": now,
        "paid_at": None,
    }


async def insert(
    work: StoreWork,
    row: Row,
    *,
    arrived: Row | None = None,
    even_disabled: bool = False,
    refusals: Refusals = NO_REFUSALS,
) -> None:
    """Write a pending payment and the first line of its history, with what follows.

    One that has `arrived` one step further is written as it is there, with both lines. Refused by `DISABLED` when
    the store has disabled the provider.
    """
    written = arrived or row
    steps = [("created", None, row["status"])]
    if arrived is not None:
        steps.append(("moved", row["status"], arrived["status"]))
    outcomes, before, after = zip(*steps, strict=True)
    await work.later(
        _OPEN,
        work.scope.store_id,
        *(written[name] for name in _GIVEN),
        [ids.new_id() for _ in steps],
        outcomes,
        before,
        after,
        work.scope.request_id,
        written["created_at"],
        even_disabled,
        refusals=refusals,
    )


async def move(
    work: StoreWork,
    payment: Any,
    *,
    to: str,
    provider_status: str,
    provider_payment_id: str,
    amount_refunded: int,
    may_shrink: bool,
    in_progress: bool,
    failure_code: str | None,
    provider_updated_at: datetime | None,
    outcome: str,
    source: str,
    now: datetime,
) -> Any:
    """The payment in its next state, with a line in its history. Only a correction may shrink what was refunded."""
    return await work.fetchrow(
        _MOVE,
        work.scope.store_id,
        payment["id"],
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
        payment["status"],
        source,
        work.scope.request_id,
    )


async def note(
    work: StoreWork,
    payment: Any,
    *,
    outcome: str,
    to: str,
    provider_status: str | None,
    source: str,
    detail: str,
    now: datetime,
) -> None:
    """A line in the history of a payment that did not move."""
    await work.execute(
        "insert into payment_history (store_id, id, payment_id, outcome, from_status, to_status, provider_status,"
        " source, detail, request_id, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        work.scope.store_id,
        ids.new_id(),
        payment["id"],
        outcome,
        payment["status"],
        to,
        provider_status,
        source,
        detail,
        work.scope.request_id,
        now,
    )


async def flag(work: StoreWork, payment_id: UUID, word: str, now: datetime, *, of: str | None = None) -> None:
    """Mark a payment for a person; a flag is set once.

    The provider's payment that it is `of` becomes this one if none is yet, so that the flag goes with it alone.
    """
    await work.execute(
        "update payments set flags = array_append(flags, $3), updated_at = $4,"
        " provider_payment_id = coalesce(provider_payment_id, $5)"
        " where store_id = $1 and id = $2 and not ($3 = any (flags))",
        work.scope.store_id,
        payment_id,
        word,
        now,
        of,
    )


async def saw(work: StoreWork, payment_id: UUID, provider_status: str, now: datetime, *, of: str) -> None:
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


async def clear(work: StoreWork, payment_id: UUID, words: Sequence[str], now: datetime) -> None:
    """Take flags away."""
    await work.execute(
        "update payments set updated_at = $4,"
        " flags = array(select word from unnest(flags) as word where not word = any ($3::text[]))"
        " where store_id = $1 and id = $2",
        work.scope.store_id,
        payment_id,
        list(words),
        now,
    )


_GET: Final = f"select {_COLUMNS} from payments where store_id = $1 and id = $2"
_LOCK: Final = _GET + " for no key update"
_LOCK_BY_PROVIDER_ID: Final = f"""
select {_COLUMNS} from payments where store_id = $1 and provider = $2 and provider_payment_id = $3 for no key update
"""


async def get(work: StoreWork, payment_id: UUID) -> Any | None:
    """The payment, or None."""
    return await work.fetchrow(_GET, work.scope.store_id, payment_id)


async def lock(work: StoreWork, payment_id: UUID) -> Any | None:
    """The payment, held until the transaction ends."""
    return await work.fetchrow(_LOCK, work.scope.store_id, payment_id)


async def lock_by_provider_id(work: StoreWork, provider: str, provider_payment_id: str) -> Any | None:
    """The payment that the provider names so, held until the transaction ends."""
    return await work.fetchrow(_LOCK_BY_PROVIDER_ID, work.scope.store_id, provider, provider_payment_id)


async def of_order(work: StoreWork, order_id: UUID) -> list[Any]:
    """The attempts for an order, oldest first."""
    return await work.fetch(
        f"select {_COLUMNS} from payments where store_id = $1 and order_id = $2 order by id",
        work.scope.store_id,
        order_id,
    )


async def lock_of_order(work: StoreWork, order_id: UUID) -> list[Any]:
    """The same, held until the transaction ends, and taken in that order: an attempt before those that came of it."""
    return await work.fetch(
        f"select {_COLUMNS} from payments where store_id = $1 and order_id = $2 order by id for no key update",
        work.scope.store_id,
        order_id,
    )


async def page(work: StoreWork, filters: dict[str, Any], after: UUID | None, limit: int) -> list[Any]:
    """Payments, newest first, by equality with columns."""
    where, arguments = _where(work, filters)
    if after is not None:
        arguments.append(after)
        where += f" and id < ${len(arguments)}"
    arguments.append(limit)
    return await work.fetch(
        f"select {_COLUMNS} from payments where {where} order by id desc limit ${len(arguments)}", *arguments
    )


async def count(work: StoreWork, filters: dict[str, Any]) -> int:
    """How many payments there are by those filters."""
    where, arguments = _where(work, filters)
    total: int = await work.fetchval(f"select count(*) from payments where {where}", *arguments)
    return total


def _where(work: StoreWork, filters: dict[str, Any]) -> tuple[str, list[Any]]:
    clauses, arguments = ["store_id = $1"], [work.scope.store_id]
    for name, value in filters.items():
        arguments.append(value)
        clauses.append(f"{name} = ${len(arguments)}")
    return " and ".join(clauses), arguments


async def history(work: StoreWork, payment_id: UUID) -> list[Any]:
    """Everything that happened to a payment, oldest first."""
    return await work.fetch(
        "select id, outcome, from_status, to_status, provider_status, source, detail, request_id, created_at"
        " from payment_history where store_id = $1 and payment_id = $2 order by id",
        work.scope.store_id,
        payment_id,
    )


_RECEIVE: Final = """
insert into provider_events (store_id, id, provider, provider_event_id, type, payment_id, received_at, processed_at)
values ($1, $2, $3, $4, $5, $6, $7, $7)
on conflict (store_id, provider, provider_event_id) do nothing
returning true
"""


async def receive(
    work: StoreWork, *, provider: str, event_id: str, type_: str, payment_id: UUID | None, now: datetime
) -> bool:
    """Write a notification that is settled in this transaction to the inbox; False when it was there."""
    return bool(
        await work.fetchval(
            _RECEIVE, work.scope.store_id, ids.new_id(), provider, event_id, type_, payment_id, now
        )
    )


_STANDING: Final = """
select
  coalesce(sum(amount) filter (where status in ('paid', 'partially_refunded', 'refunded', 'disputed')), 0)::bigint
    as collected,
  coalesce(sum(amount_refunded), 0)::bigint as refunded,
  count(*) filter (where status = 'pending') as pending,
  count(*) filter (where status = 'failed' or status = 'cancelled') as failed,
  coalesce(bool_or(status = 'disputed'), false) as disputed,
  coalesce(bool_or(status = 'pending' and in_progress), false) as in_progress
from payments where store_id = $1 and order_id = {order}
"""
_STANDING_OF_ONE: Final = _STANDING.format(order="$2")
_STANDING_OF_EACH: Final = f"""
select s.* from unnest($2::uuid[]) with ordinality as wanted (order_key, place)
cross join lateral ({_STANDING.format(order="order_key")} offset 0) s order by place
"""


async def standing(work: StoreWork, order_id: UUID) -> Any:
    """The sums over an order's payments."""
    return await work.fetchrow(_STANDING_OF_ONE, work.scope.store_id, order_id)


async def standings(work: StoreWork, order_ids: Sequence[UUID]) -> list[Any]:
    """The sums over the payments of each of these orders, in their order."""
    return await work.fetch(_STANDING_OF_EACH, work.scope.store_id, list(order_ids))
