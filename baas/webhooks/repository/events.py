"""The event log of one store. Driver statements on any store work."""

from typing import Any, Final
from uuid import UUID

from baas.core import clock
from baas.core.db import StoreWork

_COLUMNS: Final = "id, type, body, request_id"

# `id >= $6` and `id < $7` spare partitions; the times themselves are the store's own.
_FILTER: Final = """
from events where store_id = $1
  and ($2::text is null or type = $2) and ($3::text is null or subject = $3)
  and ($4::timestamptz is null or created_at >= $4) and ($5::timestamptz is null or created_at < $5)
  and ($6::uuid is null or id >= $6)
"""


async def find(work: StoreWork, filters: tuple[Any, ...], *, before: UUID | None, limit: int) -> list[Any]:
    """Events of a store, newest first. `filters`: type, subject, since, until, lowest id."""
    return await work.fetch(
        f"select {_COLUMNS} {_FILTER} and ($7::uuid is null or id < $7) order by id desc limit $8",
        work.scope.store_id,
        *filters,
        before,
        limit,
    )


async def count(work: StoreWork, filters: tuple[Any, ...]) -> int:
    """How many events the filters leave."""
    return int(await work.fetchval(f"select count(*) {_FILTER}", work.scope.store_id, *filters))


async def get(work: StoreWork, event_id: UUID) -> Any:
    """One event's row, or None."""
    return await work.fetchrow(
        f"select {_COLUMNS} from events where store_id = $1 and id = $2", work.scope.store_id, event_id
    )


async def claim_key(work: StoreWork, key: str, event_id: UUID) -> UUID:
    """The event that a deduplication key stands for: this one, or the one that had the key before.

    A twin that is being written at this moment is waited for.
    """
    scope = work.scope
    found = await work.fetchval(
        "insert into event_deduplications (store_id, key, event_id, created_at) values ($1, $2, $3, $4)"
        " on conflict (store_id, key) do nothing returning event_id",
        scope.store_id,
        key,
        event_id,
        clock.now(scope),
    )
    if found is None:
        found = await work.fetchval(
            "select event_id from event_deduplications where store_id = $1 and key = $2", scope.store_id, key
        )
    identity: UUID = found
    return identity
