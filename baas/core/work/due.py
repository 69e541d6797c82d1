"""What the clocks of stores make due: found over all stores by the relay, worked on in its own store."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog

from baas.core.db import Database, StoreConnection
from baas.core.db.rows import Projection, rows_of
from baas.core.values import clock
from baas.core.work.outbox import ScopeMaker

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Due(Projection, frozen=True):
    """A row of any store whose time has come, and what its store's clock shows."""

    store_id: UUID
    id: UUID
    moment: datetime


def due_statement(table: str, *, at: str, only: str = "true", key: str = "id") -> str:
    """Returns the statement that finds `Due` rows of a table, at most `$1`: those whose column `at` is past.

    Past is by the store's own clock, which a test store may have moved ahead. `only` is a condition over the table's
    columns, `key` the column that is its id here. Stores with a clock of their own are looked at one by one, so that
    the others' part stays a range of the index on `at`.
    """
    return f"""
select t.store_id, t.{key} as id, now() + s.clock_offset as moment from {table} t join stores s on s.id = t.store_id
where {only} and t.{at} <= now() and t.{at} <= now() + s.clock_offset
union
select d.store_id, d.id, now() + s.clock_offset as moment
from stores s cross join lateral (
  select t.store_id, t.{key} as id from {table} t
  where {only} and t.{at} <= now() + s.clock_offset and t.store_id = s.id limit $1
) d
where s.clock_offset > interval '0'
limit $1
"""


async def attend_each(
    database: Database,
    make_scope: ScopeMaker,
    statement: str,
    attend: Callable[[StoreConnection, UUID], Awaitable[T]],
    *,
    limit: int,
    reason: str,
    name: str,
    failed: Callable[[Due], Awaitable[None]] | None = None,
) -> list[T | None]:
    """Find due rows and attend to each in a transaction of its own store; returns what came of each.

    Whether a row is still due is `attend`'s to ask again under its lock, so two workers do nothing twice. One that
    raises stops none of the others: it is logged under `name`, handed to `failed`, and None in the result.
    """
    async with database.relay(reason=reason) as system:
        found = rows_of(Due, await system.fetch(statement, limit))
    results: list[T | None] = []
    for row in found:
        try:
            scope = await make_scope(row.store_id, f"{name}_{row.id.hex}")
            async with database.fast(clock.at(scope, row.moment)) as work:
                results.append(await attend(work, row.id))
        except Exception:
            log.exception("due.failed", of=name, store=row.store_id.hex, id=row.id.hex)
            results.append(None)
            if failed is not None:
                await failed(row)
    return results
