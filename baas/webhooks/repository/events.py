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


_OF_STATE: Final = {"dead": "dead_at is not null", "failing": "dead_at is null"}


def _failing(scope: StoreScope, state: str, filters: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """A query for the events that handlers failed on. The log may have forgotten one that is dead; its job has not."""
    arguments: list[Any] = [scope.store_id]
    conditions = ["true"]
    for name, condition in (
        ("type", "coalesce(e.type, j.body::json->>'type') = {}"),
        ("subject", "coalesce(e.subject, j.body::json->>'subject') = {}"),
        ("since", "coalesce(e.created_at, (j.body::json->>'timestamp')::timestamptz) >= {}"),
        ("until", "coalesce(e.created_at, (j.body::json->>'timestamp')::timestamptz) < {}"),
    ):
        if filters[name] is not None:
            arguments.append(filters[name])
            conditions.append(condition.format(f"${len(arguments)}"))
    sql = f"""
    select j.event_id as id, coalesce(e.body, j.body) as body, coalesce(e.request_id, j.request_id) as request_id
    from (select event_id, max(body) as body, max(request_id) as request_id from event_jobs
      where store_id = $1 and error is not null and {_OF_STATE[state]} group by event_id) j
    left join events e on e.store_id = $1 and e.id = j.event_id
    where {" and ".join(conditions)} and coalesce(e.body, j.body) is not null
    """
    return sql, arguments


async def find_failing(
    work: StoreWork, state: str, filters: Mapping[str, Any], *, before: UUID | None, limit: int
) -> list[Any]:
    """Events that handlers of the backend failed on, newest first. `state`: failing or dead; `filters` as for `find`."""
    sql, arguments = _failing(work.scope, state, filters)
    if before is not None:
        arguments.append(before)
        sql += f" and j.event_id < ${len(arguments)}"
    return await work.fetch(f"{sql} order by j.event_id desc limit {int(limit)}", *arguments)


async def count_failing(work: StoreWork, state: str, filters: Mapping[str, Any]) -> int:
    """How many those are."""
    sql, arguments = _failing(work.scope, state, filters)
    return int(await work.fetchval(f"select count(*) from ({sql}) found", *arguments))


_GET: Final = """
select id, body, request_id from events where store_id = $1 and id = $2
union all
select event_id, body, request_id from event_jobs
where store_id = $1 and event_id = $2 and error is not null and body is not null
limit 1
"""


async def get(work: StoreWork, event_id: UUID) -> Any:
    """One event's row, or None; one that the log has forgotten is found as long as a handler that failed keeps it."""
    return await work.fetchrow(_GET, work.scope.store_id, event_id)


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
