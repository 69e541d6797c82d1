"""What nobody waits for: expired idempotency keys, partitions to come, partitions past their time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from baas.core.db import Database
from baas.core.outbox import EVENTS_KEPT_DAYS

BATCH: Final = 1000
KEPT: Final[Mapping[str, timedelta]] = {
    "webhook_attempts": timedelta(days=EVENTS_KEPT_DAYS),
    "notification_attempts": timedelta(days=180),
    "events": timedelta(days=EVENTS_KEPT_DAYS),
    "audit_log": timedelta(days=730),
}
"""Tables that are partitioned by month, and how long their rows are kept at least."""
_EXPIRED: Final = """
delete from idempotency_keys k using (
  select store_id, key from idempotency_keys where expires_at < now() limit $1
) old where k.store_id = old.store_id and k.key = old.key
"""


async def tidy(database: Database) -> int:
    """Delete one batch of expired idempotency keys; answers how many when there may be more, else 0."""
    async with database.relay(reason="housekeeping: forget idempotency keys older than a day") as system:
        tag = await system.execute(_EXPIRED, BATCH)
    deleted = int(tag.rpartition(" ")[2])
    return deleted if deleted == BATCH else 0


async def maintain_partitions(database: Database) -> int:
    """Make the partitions of the coming months and drop those past their time; answers 0."""
    for table, kept in KEPT.items():
        async with database.relay(
            reason="housekeeping: partitions to come, partitions past their time"
        ) as system:
            await system.fetchval("select maintain_partitions($1, $2)", table, kept)
    return 0
