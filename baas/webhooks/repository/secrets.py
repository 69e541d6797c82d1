"""The encrypted columns of endpoints, for the rotation of the key that encrypts them."""

from typing import Any
from uuid import UUID

from baas.core.db import StoreWork


async def lock_all(work: StoreWork) -> list[Any]:
    """The secrets of the store's endpoints, locked."""
    return await work.fetch(
        "select id, secret, previous_secret from webhook_endpoints where store_id = $1 order by id for update",
        work.scope.store_id,
    )


async def replace(work: StoreWork, endpoint_id: UUID, secret: bytes, previous_secret: bytes | None) -> None:
    """Keep the same secrets under another key."""
    await work.execute(
        "update webhook_endpoints set secret = $3, previous_secret = $4 where store_id = $1 and id = $2",
        work.scope.store_id,
        endpoint_id,
        secret,
        previous_secret,
    )
