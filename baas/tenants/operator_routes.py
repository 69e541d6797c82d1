"""The operator's endpoints: the same verbs as the command line."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from baas.core.db import SystemConnection
from baas.core.errors import InvalidCursor
from baas.core.scope import Caller, CallerKind
from baas.core.serving.context import Context, Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT, Page, PageOf
from baas.core.serving.parameters import Cursor, Limit
from baas.tenants import operators
from baas.tenants.door.keys import KeyTable
from baas.tenants.operators import Operator
from baas.tenants.routes import Tenancy
from baas.tenants.schemas import (
    CreateApiKey,
    CreatedApiKey,
    CreatedStore,
    CreateStore,
    OperatorUpdateStore,
    SetFlag,
    StoreOut,
)

CALLER = Caller(CallerKind.OPERATOR, "operator-key")


def _operate(
    ctx: Context,
    table: KeyTable,
    reason: str,
    verb: Callable[[Operator], Awaitable[Any]],
    *,
    status: int = 200,
) -> Awaitable[Response[Any]]:
    def work(system: SystemConnection) -> Awaitable[Any]:
        return verb(Operator(system, table, CALLER, ctx.request_id, ctx.address))

    return ctx.operate(work, reason=f"operator endpoint: {reason}", status=status)


@get("/operator/stores", needs="operator", tags=["operator"], summary="List stores")
async def list_stores(
    ctx: Ctx,
    tenancy: NamedDependency[Tenancy],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response[Listed[StoreOut]]:
    """All stores of the deployment, newest first."""
    signer = ctx.runtime.cursors
    after = signer.read("operator:stores", cursor) if cursor else None
    page = Page(limit, after, False, lambda values: signer.sign("operator:stores", values))

    async def verb(system: SystemConnection) -> PageOf[StoreOut]:
        operator = Operator(system, tenancy.keys, CALLER, ctx.request_id)
        try:
            position = UUID(after[0]) if after else None
        except (ValueError, IndexError, AttributeError):
            raise InvalidCursor from None
        rows = await operators.list_stores(operator, limit=limit + 1, after=position)
        return page.cut(rows, operators.position_of)

    async with ctx.runtime.database.operator(reason="operator endpoint: list stores") as system:
        return ctx.answer(await verb(system))


@post("/operator/stores", needs="operator", status_code=201, tags=["operator"], summary="Create a store")
async def create_store(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], data: JSONBody[CreateStore]
) -> Response[Data[CreatedStore]]:
    """Provision a store; its first keys are shown this once."""
    return await _operate(
        ctx,
        tenancy.keys,
        "create a store",
        lambda operator: operators.create_store(operator, data),
        status=201,
    )


@get("/operator/stores/{store_id:str}", needs="operator", tags=["operator"], summary="Get a store")
async def get_any_store(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str]
) -> Response[Data[StoreOut]]:
    """A store by its id or slug."""
    return await _operate(
        ctx, tenancy.keys, "show a store", lambda operator: operators.find_store(operator, store_id)
    )


@patch("/operator/stores/{store_id:str}", needs="operator", tags=["operator"], summary="Update a store")
async def update_any_store(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str], data: JSONBody[OperatorUpdateStore]
) -> Response[Data[StoreOut]]:
    """Change a store's plan, limits, name, domain or origins."""
    return await _operate(
        ctx, tenancy.keys, "update a store", lambda operator: operators.update_store(operator, store_id, data)
    )


@post(
    "/operator/stores/{store_id:str}/activate",
    needs="operator",
    status_code=200,
    tags=["operator"],
    summary="Activate a store",
)
async def activate_store(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str]
) -> Response[Data[StoreOut]]:
    """Let a store's keys work again."""
    return await _operate(
        ctx,
        tenancy.keys,
        "activate a store",
        lambda operator: operators.set_active(operator, store_id, active=True),
    )


@post(
    "/operator/stores/{store_id:str}/deactivate",
    needs="operator",
    status_code=200,
    tags=["operator"],
    summary="Deactivate a store",
)
async def deactivate_store(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str]
) -> Response[Data[StoreOut]]:
    """Refuse all keys of a store, in every process within one second."""
    return await _operate(
        ctx,
        tenancy.keys,
        "deactivate a store",
        lambda operator: operators.set_active(operator, store_id, active=False),
    )


@post(
    "/operator/stores/{store_id:str}/api-keys",
    needs="operator",
    status_code=201,
    tags=["operator"],
    summary="Create a key for a store",
)
async def create_key_for_store(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], store_id: FromPath[str], data: JSONBody[CreateApiKey]
) -> Response[Data[CreatedApiKey]]:
    """Make a key for a store; shown this once."""
    return await _operate(
        ctx,
        tenancy.keys,
        "create a key",
        lambda operator: operators.create_key(operator, store_id, data),
        status=201,
    )


@put(
    "/operator/stores/{store_id:str}/flags/{flag:str}",
    needs="operator",
    tags=["operator"],
    summary="Set a feature flag",
)
async def set_flag(
    ctx: Ctx,
    tenancy: NamedDependency[Tenancy],
    store_id: FromPath[str],
    flag: FromPath[str],
    data: JSONBody[SetFlag],
) -> Response[Data[StoreOut]]:
    """Switch a feature on or off for a store, or (null) back to its plan's default."""
    return await _operate(
        ctx,
        tenancy.keys,
        "set a flag",
        lambda operator: operators.set_flag(operator, store_id, flag, data.enabled),
    )


ROUTES: list[HTTPRouteHandler | Any] = [
    list_stores,
    create_store,
    get_any_store,
    update_any_store,
    activate_store,
    deactivate_store,
    create_key_for_store,
    set_flag,
]
