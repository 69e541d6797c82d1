"""Imports of a file that came in a request: begin one, look at it."""

import io
from uuid import UUID

from baas.core.db import StoreSession, StoreWork
from baas.core.errors import NotFound
from baas.core.values import clock, ids
from baas.services.catalog import service as catalog
from baas.services.imports import repository
from baas.services.imports.schemas import Import, ImportFormat, ImportStatus
from baas.services.imports.service.formats import PARSERS
from baas.services.imports.service.product import import_group
from baas.services.imports.shopify import Measure


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
        # All products are one transaction: what it may lock later is locked first, as in every change of a category.
        await catalog.lock_categories(session)
        currency = session.scope.store.currency
        for group in PARSERS[format_](io.BytesIO(content), currency):
            await import_group(session, import_id, group)
        await repository.finish(session, import_id, ImportStatus.DONE, clock.now(session.scope))
    return await get_import(session, import_id)


async def get_import(work: StoreWork, import_id: UUID) -> Import:
    """An import and what became of it so far. Raises NotFound."""
    found = await repository.find(work, import_id)
    if found is None:
        raise NotFound
    return found
