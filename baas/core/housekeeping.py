"""What nobody waits for: expired idempotency keys, partitions to come, partitions past their time."""

from datetime import datetime, timedelta
from typing import Final

from baas.core import clock
from baas.core.db import Database

BATCH: Final = 1000
MONTHS_AHEAD: Final = 2
_EXPIRED: Final = """
delete from idempotency_keys k using (
  select store_id, key from idempotency_keys where expires_at < now() limit $1
) old where k.store_id = old.store_id and k.key = old.key
"""


async def tidy(database: Database) -> int:
    """Delete one batch of expired idempotency keys; answers how many, 0 when there are no more."""
    async with database.relay(reason="housekeeping: forget idempotency keys older than a day") as system:
        tag = await system.execute(_EXPIRED, BATCH)
    deleted = int(tag.rpartition(" ")[2])
    return deleted if deleted == BATCH else 0


def partition_months(now: datetime | None = None) -> list[datetime]:
    """The months that need a partition: this one and the next MONTHS_AHEAD."""
    first = (now or clock.now()).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [first]
    for _ in range(MONTHS_AHEAD):
        months.append((months[-1] + timedelta(days=32)).replace(day=1))
    return months
