"""The encrypted columns of accounts, for the rotation of the key that encrypts them."""

from typing import Any

from baas.core.db import StoreWork


async def lock_all(work: StoreWork) -> list[Any]:
    """The secrets of the store's accounts, locked."""
    return await work.fetch(
        "select provider, credentials, webhook_secret from payment_provider_accounts where store_id = $1"
        " order by provider for update",
        work.scope.store_id,
    )


async def replace(
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
