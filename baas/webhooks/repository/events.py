"""The event log of one store. Driver statements on any store work."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.scope import StoreScope
from baas.core.values import clock, ids

_COLUMNS: Final = "id, type, body, request_id"


def _where(scope: StoreScope, filters: Mapping[str, Any], before: UUID | None) -> tuple[str, list[Any]]:
    """The conditions of a list with their arguments: only those that are asked for, so that each finds its index."""
    conditions, arguments = ["store_id = $1"], [scope.store_id]

    def add(condition: str, value: Any) -> None:
        arguments.append(value)
        conditions.append(condition.format(f"${len(arguments)}"))

    for name in ("type", "subject"):
        if filters[name] is not None:
            add(name + " = {}", filters[name])
    if filters["since"] is not None:
        add("created_at >= {}", filters["since"])
        # An id is made at the real time, and a store's clock is never behind it: no earlier partition counts.
        add("id >= {}", ids.at(filters["since"] - scope.clock_offset))
    if filters["until"] is not None:
        add("created_at < {}", filters["until"])
    if before is not None:
        add("id < {}", before)
    return " and ".join(conditions), arguments


async def find(work: StoreWork, filters: Mapping[str, Any], *, before: UUID | None, limit: int) -> list[Any]:
    """Events of a store, newest first. `filters`: type, subject, since, until, each of them or None."""
    where, arguments = _where(work.scope, filters, before)
    return await work.fetch(
        f"select {_COLUMNS} from events where {where} order by id desc limit {int(limit)}", *arguments
    )


async def since(work: StoreWork, first: UUID) -> list[Any]:
    """Events from an id on, the oldest first. Ids are made at the real time, also in a store with its own clock."""
    return await work.fetch(
        f"select {_COLUMNS} from events where store_id = $1 and id >= $2 order by id",
        work.scope.store_id,
        first,
    )


async def count(work: StoreWork, filters: Mapping[str, Any]) -> int:
    """How many events the filters leave."""
    where, arguments = _where(work.scope, filters, None)
    return int(await work.fetchval(f"select count(*) from events where {where}", *arguments))


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
