"""Imports of a file on this machine, for the command line."""

import asyncio
from pathlib import Path

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.services.imports import repository
from baas.services.imports.schemas import Import, ImportFormat, ImportStatus, Progress
from baas.services.imports.service.formats import MEASURES, PARSERS
from baas.services.imports.service.product import import_group
from baas.services.imports.service.uploads import get_import


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
        measured = await asyncio.to_thread(MEASURES[format_], stream)
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
        for group in PARSERS[format_](stream, scope.store.currency):
            async with database.store(scope) as session:
                result = await import_group(session, import_id, group)
            done += group.rows
            if progress is not None and result is not None:
                progress(done, measured.rows, result)
    async with database.store(scope) as session:
        await repository.finish(session, import_id, ImportStatus.DONE, clock.now(scope))
        return await get_import(session, import_id)
