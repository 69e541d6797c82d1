"""The SQL of a store's accounts at the providers."""

from datetime import datetime, timedelta
from typing import Any

from baas.core.db import StoreWork
from baas.core.values import ids


async def listed(work: StoreWork) -> list[Any]:
    """The store's accounts, without what is secret."""
    return await work.fetch(
        "select provider, enabled, is_test, webhook_secret is not null as has_webhook_secret, updated_at"
        " from payment_provider_accounts where store_id = $1",
        work.scope.store_id,
    )


async def get(work: StoreWork, provider: str) -> Any | None:
    """One account with its encrypted parts."""
    return await work.fetchrow(
        "select provider, enabled, is_test, credentials, webhook_secret, account_id, reconciled_until, updated_at"
        " from payment_provider_accounts where store_id = $1 and provider = $2",
        work.scope.store_id,
        provider,
    )


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
    return (
        await work.execute(
            "delete from payment_provider_accounts where store_id = $1 and provider = $2",
            work.scope.store_id,
            provider,
        )
        == "DELETE 1"
    )
