"""The SQL of the stores' accounts with providers."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from baas.core.db import StoreWork, SystemConnection, affected
from baas.core.db.rows import columns, optional_row, rows_of
from baas.core.values import ids
from baas.core.work.claims import Claimant
from baas.services.payments.rows import AccountRow, DueAccountRow, ListedAccountRow, SecretsRow

_LISTED: Final = f"select {columns(ListedAccountRow)} from payment_provider_accounts where store_id = $1"
_GET: Final = (
    f"select {columns(AccountRow)} from payment_provider_accounts where store_id = $1 and provider = $2"
)
_LOCK_SECRETS: Final = f"select {columns(SecretsRow)} from payment_provider_accounts where store_id = $1 order by provider for update"
_CLAIM: Final = f"""
with due as (
  select store_id, id from payment_provider_accounts where reconcile_at <= now() and enabled
    and (claimed_until is null or claimed_until <= now() or claimed_by = any($3::bigint[]))
  order by reconcile_at limit $1 for update skip locked
)
update payment_provider_accounts a set claimed_by = $4, claimed_until = now() + $2::interval from due
where a.store_id = due.store_id and a.id = due.id
returning {columns(DueAccountRow, "a")}
"""


async def listed(work: StoreWork) -> list[ListedAccountRow]:
    """The store's accounts, without what is secret."""
    return rows_of(ListedAccountRow, await work.fetch(_LISTED, work.scope.store_id))


async def get(work: StoreWork, provider: str) -> AccountRow | None:
    """One account with its encrypted parts, or None."""
    return optional_row(AccountRow, await work.fetchrow(_GET, work.scope.store_id, provider))


async def put(
    work: StoreWork,
    *,
    provider: str,
    credentials: bytes | None,
    webhook_secret: bytes | None,
    is_test: bool,
    enabled: bool,
    now: datetime,
    account_id: str | None = None,
    forget_secret: bool = False,
    reconcile_in: timedelta | None = None,
) -> None:
    """Make or replace an account; what is None stays as it was, but the secret if it is to be forgotten."""
    await work.execute(
        "insert into payment_provider_accounts (store_id, id, provider, credentials, webhook_secret, is_test, enabled,"
        " created_at, updated_at, account_id, reconcile_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, now() + $10::interval)"
        " on conflict (store_id, provider) do update set"
        " account_id = coalesce(excluded.account_id, payment_provider_accounts.account_id),"
        " reconcile_at = coalesce(payment_provider_accounts.reconcile_at, excluded.reconcile_at),"
        " credentials = coalesce(excluded.credentials, payment_provider_accounts.credentials),"
        " webhook_secret = case when $11 then excluded.webhook_secret"
        " else coalesce(excluded.webhook_secret, payment_provider_accounts.webhook_secret) end,"
        " is_test = excluded.is_test, enabled = excluded.enabled, updated_at = excluded.updated_at",
        work.scope.store_id,
        ids.new_id(),
        provider,
        credentials,
        webhook_secret,
        is_test,
        enabled,
        now,
        account_id,
        reconcile_in,
        forget_secret,
    )


async def delete(work: StoreWork, provider: str) -> bool:
    """Forget an account and its secrets; False when there was none."""
    tag = await work.execute(
        "delete from payment_provider_accounts where store_id = $1 and provider = $2",
        work.scope.store_id,
        provider,
    )
    return affected(tag) == 1


async def lock_secrets(work: StoreWork) -> list[SecretsRow]:
    """The secrets of the store's accounts, held until the transaction ends."""
    return rows_of(SecretsRow, await work.fetch(_LOCK_SECRETS, work.scope.store_id))


async def replace_secrets(
    work: StoreWork, provider: str, credentials: bytes | None, webhook_secret: bytes | None
) -> None:
    """Keep the same secrets under another key."""
    await work.execute(
        "update payment_provider_accounts set credentials = $3, webhook_secret = $4"
        " where store_id = $1 and provider = $2",
        work.scope.store_id,
        provider,
        credentials,
        webhook_secret,
    )


async def stores_of_account(
    system: SystemConnection, provider: str, account_id: str, *, is_test: bool
) -> list[UUID]:
    """The stores that collect on this account at the provider."""
    records = await system.fetch(
        "select store_id from payment_provider_accounts where provider = $1 and account_id = $2 and is_test = $3"
        " order by store_id",
        provider,
        account_id,
        is_test,
    )
    return [store_id for (store_id,) in records]


async def claim_due(
    system: SystemConnection, claimant: Claimant, limit: int, lease: timedelta
) -> list[DueAccountRow]:
    """Accounts of all stores whose provider should be compared with our payments now."""
    return rows_of(DueAccountRow, await system.fetch(_CLAIM, limit, lease, claimant.ended, claimant.id))


async def reconcile_again(work: StoreWork, provider: str, wait: timedelta, until: datetime | None) -> None:
    """Set when to compare next, and up to when everything is compared now."""
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
