"""Work in stores from the command line: the scope of one that is named, or of each there is."""

from collections.abc import AsyncIterator

from baas.cli.common import CALLER
from baas.core.runtime import Runtime
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.tenants import operators
from baas.tenants.door.keys import KeyTable
from baas.tenants.operators import Operator

_PAGE = 500


async def store_scope(runtime: Runtime, table: KeyTable, reference: str) -> StoreScope:
    """The scope of the command line's work in a store, named by id or slug. Raises NotFound."""
    request_id = ids.encode(Kind.REQUEST, ids.new_id())
    async with runtime.database.operator(reason="command line: find a store") as system:
        store = await operators.find_store(Operator(system, table, CALLER, request_id), reference)
    return await table.scope_for_job(ids.decode(Kind.STORE, store.id), request_id)


async def every_store(runtime: Runtime, table: KeyTable, *, reason: str) -> AsyncIterator[StoreScope]:
    """The scope of the command line's work in every store, inactive ones too, the newest first."""
    request_id = ids.encode(Kind.REQUEST, ids.new_id())
    after = None
    while True:
        async with runtime.database.operator(reason=f"command line: {reason}") as system:
            operator = Operator(system, table, CALLER, request_id)
            found = await operators.list_stores(operator, limit=_PAGE, after=after)
        for store in found:
            yield await table.scope_for_job(ids.decode(Kind.STORE, store.id), request_id)
        if len(found) < _PAGE:
            return
        after = ids.decode(Kind.STORE, found[-1].id)
