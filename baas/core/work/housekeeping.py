"""What nobody waits for: expired idempotency keys."""

from typing import Final

from baas.core.db import Database, affected

BATCH: Final = 1000
_EXPIRED: Final = """
delete from idempotency_keys k using (
  select store_id, key from idempotency_keys where expires_at < now() limit $1
) old where k.store_id = old.store_id and k.key = old.key
"""


async def tidy(database: Database) -> int:
    """Delete one batch of expired idempotency keys; answers how many when there may be more, else 0."""
    async with database.relay(reason="housekeeping: forget idempotency keys older than a day") as system:
        tag = await system.execute(_EXPIRED, BATCH)
    deleted = affected(tag)
    return deleted if deleted == BATCH else 0
