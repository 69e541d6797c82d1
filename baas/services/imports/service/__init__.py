"""The verbs of the imports: begin one, run it, look at it."""

import asyncio
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from baas.core.db import Database, StoreSession, StoreWork
from baas.core.errors import AppError, NotFound, PayloadTooLarge
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.core.work.claims import Claimant
from baas.core.work.outbox import ScopeMaker
from baas.services.catalog import service as catalog
from baas.services.imports import repository, shopify
from baas.services.imports.parsed import Group
from baas.services.imports.repository import MAX_ATTEMPTS
from baas.services.imports.schemas import (
    MAX_AT_ONCE,
    MAX_FILE_BYTES,
    Import,
    ImportFormat,
    ImportStatus,
    Progress,
)
from baas.services.imports.service.product import import_group
from baas.services.imports.shopify import Measure

Parser = Callable[[IO[bytes], str], Iterator[Group]]
_PARSERS: Final[Mapping[ImportFormat, Parser]] = {ImportFormat.SHOPIFY: shopify.parse}
_MEASURES: Final[Mapping[ImportFormat, Callable[[IO[bytes]], Measure]]] = {
    ImportFormat.SHOPIFY: shopify.measure
}


async def measure(format_: ImportFormat, content: bytes) -> Measure:
    """Read a whole file without importing anything. Raises PayloadTooLarge, UnreadableFile."""
    if len(content) > MAX_FILE_BYTES:
        raise PayloadTooLarge(f"The file may have {MAX_FILE_BYTES} bytes.", limit=MAX_FILE_BYTES)
    return await asyncio.to_thread(_MEASURES[format_], io.BytesIO(content))


def is_small(measured: Measure) -> bool:
    """Whether a file is imported while the request waits."""
    return measured.products <= MAX_AT_ONCE


async def create_import(
    session: StoreSession,
    format_: ImportFormat,
    filename: str,
    content: bytes,
    measured: Measure,
    *,
    now: bool,
) -> Import:
    """Take a file that `measure` has read: bring it in now, or leave it to the worker."""
    import_id = ids.new_id()
    status = ImportStatus.RUNNING if now else ImportStatus.PENDING
    await repository.insert(
        session,
        import_id,
        status,
        format_,
        filename,
        content=None if now else content,
        rows=measured.rows,
        moment=clock.now(session.scope),
    )
    if now:
        currency = session.scope.store.currency
        for group in _PARSERS[format_](io.BytesIO(content), currency):
            await import_group(session, import_id, group, announce=False)
        await repository.finish(session, import_id, ImportStatus.DONE, clock.now(session.scope))
        await catalog.announce(session)
    return await get_import(session, import_id)


async def get_import(work: StoreWork, import_id: UUID) -> Import:
    """An import and what became of it so far. Raises NotFound."""
    found = await repository.find(work, import_id)
    if found is None:
        raise NotFound
    return found


async def import_file(
    database: Database,
    scope: StoreScope,
    path: Path,
    progress: Progress | None = None,
    *,
    format_: ImportFormat = ImportFormat.SHOPIFY,
) -> Import:
    """Bring in a file of any size in constant memory, each product in a transaction of its own.

    The file is read whole first, so one that is broken leaves nothing behind. An import that is
    interrupted is finished by running it again: what is there already is skipped. Raises UnreadableFile
    and OSError.
    """
    with path.open("rb") as stream:
        measured = await asyncio.to_thread(_MEASURES[format_], stream)
        import_id = ids.new_id()
        async with database.store(scope) as session:
            await repository.insert(
                session,
                import_id,
                ImportStatus.RUNNING,
                format_,
                path.name[:255],
                content=None,
                rows=measured.rows,
                moment=clock.now(scope),
            )
        stream.seek(0)
        done = 0
        for group in _PARSERS[format_](stream, scope.store.currency):
            async with database.store(scope) as session:
                result = await import_group(session, import_id, group, announce=True)
            done += group.rows
            if progress is not None and result is not None:
                progress(done, measured.rows, result)
    async with database.store(scope) as session:
        await repository.finish(session, import_id, ImportStatus.DONE, clock.now(scope))
        return await get_import(session, import_id)


async def run_next(database: Database, make_scope: ScopeMaker, claimant: Claimant) -> bool:
    """Bring in the file that has waited longest; False when none waits.

    A file whose worker died waits again.
    """
    async with database.relay(reason="imports: claim a file that waits or whose worker died") as system:
        claimed = await repository.claim(system, claimant)
    if claimed is None:
        return False
    store_id, import_id, attempts = claimed
    scope = await make_scope(store_id, f"imp_{import_id.hex}")
    await run_claimed(database, scope, import_id, attempts)
    return True


async def run_claimed(database: Database, scope: StoreScope, import_id: UUID, attempts: int) -> None:
    """Bring in a file that waits in the database, or go on where a worker that died left it.

    Each product is a transaction of its own, which notes in the import that it is done. After
    MAX_ATTEMPTS workers have been lost over it, the import is given up.
    """
    if attempts > MAX_ATTEMPTS:
        async with database.store(scope) as session:
            error = f"Given up after {MAX_ATTEMPTS} attempts; what was imported until then is there."
            await repository.finish(session, import_id, ImportStatus.FAILED, clock.now(scope), error=error)
        return
    async with database.fast(scope) as work:
        content, format_, done = await repository.content(work, import_id)
    try:
        for group in _PARSERS[ImportFormat(format_)](io.BytesIO(content), scope.store.currency):
            if group.row <= done:
                continue
            async with database.store(scope) as session:
                if not await repository.lock_running(session, import_id, attempts):
                    return
                await import_group(session, import_id, group, announce=True)
    except AppError as refusal:
        async with database.store(scope) as session:
            if await repository.lock_running(session, import_id, attempts):
                await repository.finish(
                    session, import_id, ImportStatus.FAILED, clock.now(scope), error=refusal.message
                )
        return
    async with database.store(scope) as session:
        if await repository.lock_running(session, import_id, attempts):
            await repository.finish(session, import_id, ImportStatus.DONE, clock.now(scope))
