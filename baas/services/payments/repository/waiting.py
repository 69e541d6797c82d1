"""The SQL of what waits for a provider over the network: attempts to open, refunds, the inbox, reconciliation."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork, SystemConnection
from baas.core.values import ids
from baas.core.work.claims import Claimant

_BEGUN: Final = timedelta(days=14)
"""How much longer an attempt is asked about that a payer has begun: slow methods take days."""


async def opened(
    work: StoreWork,
    payment_id: UUID,
    *,
    session: str | None,
    next_action: dict[str, Any] | None,
    now: datetime,
) -> None:
    """What the provider answered when the attempt was opened; the first answer stays."""
    await work.execute(
        "update payments set provider_session = $3, next_action = $4, opened_at = $5, updated_at = $5"
        " where store_id = $1 and id = $2 and opened_at is null",
        work.scope.store_id,
        payment_id,
        session,
        next_action,
        now,
    )


async def refund(work: StoreWork, refund_id: UUID, *, lock: bool = False) -> Any | None:
    """One refund, held until the transaction ends if asked."""
    return await work.fetchrow(
        "select id, payment_id, amount, currency, status, reason, provider_refund_id, origin, failure_code, attempts,"
        " created_at from refunds where store_id = $1 and id = $2" + (" for no key update" if lock else ""),
        work.scope.store_id,
        refund_id,
    )


async def note_attempt(work: StoreWork, refund_id: UUID) -> None:
    """A refund is about to be asked for: whoever comes next must look first whether it was made."""
    await work.execute(
        "update refunds set attempts = attempts + 1 where store_id = $1 and id = $2",
        work.scope.store_id,
        refund_id,
    )


async def refund_later(work: StoreWork, refund_id: UUID, wait: timedelta) -> None:
    """Ask for a refund again after a wait."""
    await work.execute(
        "update refunds set next_attempt_at = now() + $3::interval, claimed_until = null"
        " where store_id = $1 and id = $2 and status = 'pending' and provider_refund_id is null",
        work.scope.store_id,
        refund_id,
        wait,
    )


def _claim(table: str) -> str:
    return f"""
with due as (
  select store_id, id from {table}
  where next_attempt_at <= now()
    and (claimed_until is null or claimed_until <= now() or claimed_by = any($3::bigint[]))
  order by next_attempt_at limit $1 for update skip locked
)
update {table} t set claimed_by = $4, claimed_until = now() + $2::interval
  {", attempts = attempts + 1" if table == "provider_events" else ""}
from due where t.store_id = due.store_id and t.id = due.id
returning t.store_id, t.id
"""


_CLAIM_REFUNDS: Final = _claim("refunds")
_CLAIM_EVENTS: Final = _claim("provider_events")


async def claim_refunds(
    system: SystemConnection, claimant: Claimant, limit: int, lease: timedelta
) -> list[Any]:
    """Refunds of all stores that still have to be asked for."""
    return await system.fetch(_CLAIM_REFUNDS, limit, lease, claimant.ended, claimant.id)


async def claim_events(
    system: SystemConnection, claimant: Claimant, limit: int, lease: timedelta
) -> list[Any]:
    """Notifications of all stores that nobody has looked at yet, or that failed before."""
    return await system.fetch(_CLAIM_EVENTS, limit, lease, claimant.ended, claimant.id)


_ARRIVED: Final = """
insert into provider_events
  (store_id, id, provider, provider_event_id, type, handle, received_at, next_attempt_at, processed_at, outcome, error)
values ($1, $2, $3, $4, $5, $6, $7::timestamptz, case when $6::jsonb is null then null else now() end,
  case when $6::jsonb is null then $7::timestamptz end, case when $8::text is not null then 'flagged' when $6::jsonb is null then 'ignored' end, $8)
on conflict (store_id, provider, provider_event_id) do nothing
returning true
"""


async def arrived(
    work: StoreWork,
    *,
    provider: str,
    event_id: str,
    type_: str,
    handle: dict[str, Any] | None,
    alarm: str | None,
    now: datetime,
) -> bool:
    """Write a proven notification to the inbox; False when it was there. One about nothing is kept and done.

    An alarm is flagged at once, for a person to read in the report.
    """
    made = await work.fetchval(
        _ARRIVED, work.scope.store_id, ids.new_id(), provider, event_id, type_, handle, now, alarm
    )
    return bool(made)


async def event(work: StoreWork, event_id: UUID) -> Any | None:
    """A notification that still has to be processed."""
    return await work.fetchrow(
        "select id, provider, type, handle, attempts from provider_events"
        " where store_id = $1 and id = $2 and processed_at is null",
        work.scope.store_id,
        event_id,
    )


async def processed(
    work: StoreWork,
    event_id: UUID,
    *,
    outcome: str,
    payment_id: UUID | None,
    error: str | None,
    now: datetime,
) -> None:
    """What became of a notification."""
    await work.execute(
        "update provider_events set processed_at = $3, outcome = $4, payment_id = $5, error = $6,"
        " next_attempt_at = null, claimed_until = null where store_id = $1 and id = $2",
        work.scope.store_id,
        event_id,
        now,
        outcome,
        payment_id,
        error,
    )


async def process_later(work: StoreWork, event_id: UUID, wait: timedelta, error: str) -> None:
    """Look at a notification again after a wait."""
    await work.execute(
        "update provider_events set next_attempt_at = now() + $3::interval, claimed_until = null, error = $4"
        " where store_id = $1 and id = $2 and processed_at is null",
        work.scope.store_id,
        event_id,
        wait,
        error,
    )


async def claim_accounts(
    system: SystemConnection, claimant: Claimant, limit: int, lease: timedelta
) -> list[Any]:
    """Accounts of all stores whose provider should be compared with our payments now."""
    return await system.fetch(
        """
        with due as (
          select store_id, id from payment_provider_accounts where reconcile_at <= now() and enabled
            and (claimed_until is null or claimed_until <= now() or claimed_by = any($3::bigint[]))
          order by reconcile_at limit $1 for update skip locked
        )
        update payment_provider_accounts a set claimed_by = $4, claimed_until = now() + $2::interval from due
        where a.store_id = due.store_id and a.id = due.id
        returning a.store_id, a.id, a.provider
        """,
        limit,
        lease,
        claimant.ended,
        claimant.id,
    )


async def stores_of_account(
    system: SystemConnection, provider: str, account_id: str, *, is_test: bool
) -> list[UUID]:
    """The stores that collect on this account at the provider."""
    rows = await system.fetch(
        "select store_id from payment_provider_accounts where provider = $1 and account_id = $2 and is_test = $3"
        " order by store_id",
        provider,
        account_id,
        is_test,
    )
    return [row["store_id"] for row in rows]


async def reconcile_again(work: StoreWork, provider: str, wait: timedelta, until: datetime | None) -> None:
    """When to compare next, and up to when everything is compared now."""
    await work.execute(
        "update payment_provider_accounts set reconcile_at = now() + $3::interval, claimed_until = null,"
        " reconciled_until = coalesce($4, reconciled_until) where store_id = $1 and provider = $2",
        work.scope.store_id,
        provider,
        wait,
        until,
    )


async def reconcile_soon(work: StoreWork, provider: str, wait: timedelta) -> None:
    """Compare earlier than planned, but not at once: a hint that nobody can prove."""
    await work.execute(
        "update payment_provider_accounts set reconcile_at = now() + $3::interval"
        " where store_id = $1 and provider = $2 and reconcile_at > now() + $3::interval",
        work.scope.store_id,
        provider,
        wait,
    )


async def unsettled(
    work: StoreWork, provider: str, times: Sequence[tuple[datetime, datetime]], limit: int, after: UUID
) -> list[Any]:
    """Attempts of these times that may still change without us, and those that a payer has begun: the oldest first."""
    return await work.fetch(
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


async def begin_run(
    work: StoreWork,
    run_id: UUID,
    *,
    provider: str,
    source: str,
    since: datetime,
    until: datetime,
    now: datetime,
) -> None:
    """A comparison begins."""
    await work.execute(
        "insert into payment_reconciliations (store_id, id, provider, source, since, until, started_at)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        work.scope.store_id,
        run_id,
        provider,
        source,
        since,
        until,
        now,
    )


async def end_run(
    work: StoreWork,
    run_id: UUID,
    *,
    checked: int,
    repaired: int,
    findings: list[dict[str, Any]],
    error: str | None,
    now: datetime,
) -> None:
    """A comparison ended, or broke off."""
    await work.execute(
        "update payment_reconciliations set checked = $3, repaired = $4, findings = $5, error = $6, finished_at = $7"
        " where store_id = $1 and id = $2",
        work.scope.store_id,
        run_id,
        checked,
        repaired,
        findings,
        error,
        now,
    )


async def runs(work: StoreWork, limit: int) -> list[Any]:
    """The latest comparisons, the newest first."""
    return await work.fetch(
        "select id, provider, source, since, until, checked, repaired, findings, error, started_at, finished_at"
        " from payment_reconciliations where store_id = $1 order by id desc limit $2",
        work.scope.store_id,
        limit,
    )


async def flagged_events(work: StoreWork, limit: int) -> list[Any]:
    """Notifications that settled nothing though they were genuine: a person should know.

    Not those of a payment whose flags are gone.
    """
    return await work.fetch(
        "select provider, provider_event_id, type, outcome, payment_id, error, received_at from provider_events"
        " where store_id = $1 and outcome not in ('settled', 'ignored')"
        " and not (outcome = 'flagged' and exists (select 1 from payments p where p.store_id = $1"
        " and p.id = provider_events.payment_id and cardinality(p.flags) = 0))"
        " order by received_at desc limit $2",
        work.scope.store_id,
        limit,
    )


async def flagged_payments(work: StoreWork, limit: int) -> list[Any]:
    """Payments that carry a flag."""
    return await work.fetch(
        "select id, provider, provider_payment_id, status, flags, amount, currency from payments"
        " where store_id = $1 and cardinality(flags) > 0 order by id desc limit $2",
        work.scope.store_id,
        limit,
    )
