"""Imports that wait in the database, for the worker."""

import io
from uuid import UUID

from baas.core.db import Database
from baas.core.errors import AppError
from baas.core.scope import StoreScope
from baas.core.values import clock
from baas.core.work.claims import Claimant
from baas.core.work.outbox import ScopeMaker
from baas.services.imports import repository
from baas.services.imports.repository import MAX_ATTEMPTS
from baas.services.imports.schemas import ImportFormat, ImportStatus
from baas.services.imports.service.formats import PARSERS
from baas.services.imports.service.product import import_group


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
        for group in PARSERS[ImportFormat(format_)](io.BytesIO(content), scope.store.currency):
            if group.row <= done:
                continue
            async with database.store(scope) as session:
                if not await repository.lock_running(session, import_id, attempts):
                    return
                await import_group(session, import_id, group)
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
