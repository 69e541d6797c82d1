"""The only SQL of the imports."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork, SystemConnection
from baas.core.values.ids import Kind, encode
from baas.core.work.claims import Claimant
from baas.services.imports.schemas import (
    MAX_PROBLEMS,
    Import,
    ImportFormat,
    ImportStatus,
    Problem,
    Result,
)

LEASE: Final = timedelta(seconds=60)
"""A worker that brings in no product for longer is stuck, and another one goes on."""
MAX_ATTEMPTS: Final = 5

_INSERT: Final = """
insert into imports (store_id, id, status, format, filename, content, rows, lease_until, created_at)
values ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval, $9)
"""


async def insert(
    work: StoreWork,
    import_id: UUID,
    status: ImportStatus,
    format_: ImportFormat,
    filename: str,
    *,
    content: bytes | None,
    rows: int,
    moment: datetime,
) -> None:
    """A new import; a running one is leased to whoever makes it."""
    lease = LEASE if status is ImportStatus.RUNNING else timedelta(0)
    await work.execute(
        _INSERT,
        work.scope.store_id,
        import_id,
        status.value,
        format_.value,
        filename,
        content,
        rows,
        lease,
        moment,
    )


_FIND: Final = """
select i.id, i.status, i.format, i.filename, i.rows, i.created, i.updated, i.skipped, i.failed, i.error,
  i.created_at, i.finished_at,
  coalesce((
    select json_agg(p.problem) from (
      select problem from import_results r cross join jsonb_array_elements(r.problems) problem
      where r.store_id = i.store_id and r.import_id = i.id and r.problems <> '[]'
      order by r.row limit $3) p), '[]') as problems
from imports i where i.store_id = $1 and i.id = $2
"""


async def find(work: StoreWork, import_id: UUID) -> Import | None:
    """An import with its first problems."""
    row = await work.fetchrow(_FIND, work.scope.store_id, import_id, MAX_PROBLEMS)
    if row is None:
        return None
    return Import(
        id=encode(Kind.IMPORT, row["id"]),
        status=ImportStatus(row["status"]),
        format=ImportFormat(row["format"]),
        filename=row["filename"],
        rows=row["rows"],
        created=row["created"],
        updated=row["updated"],
        skipped=row["skipped"],
        failed=row["failed"],
        problems=msgspec.convert(row["problems"], list[Problem]),
        error=row["error"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )


async def lock_running(work: StoreWork, import_id: UUID, attempts: int) -> bool:
    """Lock an import for one product; False when it is not running any more, or another worker has claimed it since."""
    found = await work.fetchval(
        "select attempts from imports where store_id = $1 and id = $2 and status = 'running' for update",
        work.scope.store_id,
        import_id,
    )
    return bool(found == attempts)


async def content(work: StoreWork, import_id: UUID) -> tuple[bytes, str, int]:
    """The file of an import, its format, and the first row of the last product that is done (0: none)."""
    row = await work.fetchrow(
        "select content, format, (select coalesce(max(r.row), 0) from import_results r"
        " where r.store_id = i.store_id and r.import_id = i.id) as done"
        " from imports i where store_id = $1 and id = $2",
        work.scope.store_id,
        import_id,
    )
    if row is None:
        return b"", ImportFormat.SHOPIFY.value, 0
    return row["content"] or b"", row["format"], row["done"]


async def rows_of_handle(work: StoreWork, import_id: UUID, handle: str) -> list[int]:
    """The first rows of what this import had under a handle so far."""
    rows = await work.fetch(
        "select row from import_results where store_id = $1 and import_id = $2 and handle = $3 order by row",
        work.scope.store_id,
        import_id,
        handle,
    )
    return [row["row"] for row in rows]


_ADD_RESULT: Final = """
with result as (
  insert into import_results (store_id, import_id, row, rows, handle, outcome, problems)
  values ($1, $2, $3, $4, $5, $6, $7)
)
update imports set
  created = created + ($6 = 'created')::int, updated = updated + ($6 = 'updated')::int,
  skipped = skipped + ($6 = 'skipped')::int, failed = failed + ($6 = 'failed')::int,
  lease_until = now() + $8::interval
where store_id = $1 and id = $2
"""


async def add_result(work: StoreWork, import_id: UUID, result: Result) -> None:
    """Note what became of a product, count it, and keep the lease."""
    problems: list[Any] = [msgspec.structs.asdict(problem) for problem in result.problems]
    await work.execute(
        _ADD_RESULT,
        work.scope.store_id,
        import_id,
        result.row,
        result.rows,
        result.handle,
        result.outcome.value,
        problems,
        LEASE,
    )


async def finish(
    work: StoreWork, import_id: UUID, status: ImportStatus, moment: datetime, *, error: str | None = None
) -> None:
    """End an import and forget its file."""
    await work.execute(
        "update imports set status = $3, error = $4, finished_at = $5, content = null"
        " where store_id = $1 and id = $2",
        work.scope.store_id,
        import_id,
        status.value,
        error,
        moment,
    )


_CLAIM: Final = """
with due as (
  select store_id, id from imports
  where status in ('pending', 'running') and (lease_until <= now() or claimed_by = any($2::bigint[]))
  order by lease_until limit 1 for update skip locked
)
update imports i set status = 'running', attempts = attempts + 1, claimed_by = $3, lease_until = now() + $1::interval
from due where i.store_id = due.store_id and i.id = due.id
returning i.store_id, i.id, i.attempts
"""


async def claim(system: SystemConnection, claimant: Claimant) -> tuple[UUID, UUID, int] | None:
    """Take the import that has waited longest: its store, its id, and how often it was taken."""
    row = await system.fetchrow(_CLAIM, LEASE, claimant.ended, claimant.id)
    return (row["store_id"], row["id"], row["attempts"]) if row is not None else None
