"""The inventory's endpoints, all for staff: storefronts see stock in the catalogue."""

from typing import Annotated, Any, Final

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT
from baas.core.serving.parameters import Cursor, Include, Limit
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.inventory import service
from baas.services.inventory.errors import InsufficientStock
from baas.services.inventory.schemas import Adjust, Level, Movement, SetLevel

LowStock = Annotated[
    bool, QueryParameter(description="Only what is at or below its `low_stock_at`, or gone.")
]


@get("/admin/inventory", needs="inventory:read", tags=["inventory"], summary="List stock")
async def list_inventory(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
    low_stock: LowStock = False,
) -> Response[Listed[Level]]:
    """What there is of every variant, and what open orders hold of it."""
    page = ctx.page(f"inventory:{low_stock}", limit=limit, cursor=cursor, include=include)
    return await ctx.read_fast(lambda work: service.list_levels(work, page, low_stock=low_stock))


@get(
    "/admin/inventory/{variant_id:str}",
    needs="inventory:read",
    tags=["inventory"],
    summary="Get the stock of a variant",
)
async def get_inventory(ctx: Ctx, variant_id: FromPath[str]) -> Response[Data[Level]]:
    """What there is of a variant, and what open orders hold of it."""
    identity = ids.decode(Kind.VARIANT, variant_id)
    return await ctx.read_fast(lambda work: service.get_level(work, identity))


@put(
    "/admin/inventory/{variant_id:str}",
    needs="inventory:write",
    tags=["inventory"],
    summary="Set the stock of a variant",
)
async def set_inventory(
    ctx: Ctx, variant_id: FromPath[str], data: JSONBody[SetLevel]
) -> Response[Data[Level]]:
    """Set what a count found, and the rules: whether stock is tracked, and whether sales go on without it.

    Answers 409 `conflict` when open orders hold more than that.
    """
    identity = ids.decode(Kind.VARIANT, variant_id)
    return await ctx.write_fast(lambda work: service.set_level(work, identity, data))


@post(
    "/admin/inventory/{variant_id:str}/adjustments",
    needs="inventory:write",
    status_code=201,
    tags=["inventory"],
    summary="Add or take stock",
    refuses=(InsufficientStock,),
)
async def adjust_inventory(
    ctx: Ctx, variant_id: FromPath[str], data: JSONBody[Adjust]
) -> Response[Data[Level]]:
    """Add pieces that came or take pieces that are gone, with the reason; two at once both count.

    Answers 409 `insufficient_stock` when there are not so many to take.
    """
    identity = ids.decode(Kind.VARIANT, variant_id)
    return await ctx.write_fast(lambda work: service.adjust(work, identity, data), status=201)


@get(
    "/admin/inventory/{variant_id:str}/movements",
    needs="inventory:read",
    tags=["inventory"],
    summary="List the movements of a variant",
)
async def list_inventory_movements(
    ctx: Ctx,
    variant_id: FromPath[str],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
) -> Response[Listed[Movement]]:
    """Every change of the stock of a variant with its reason, newest first."""
    identity = ids.decode(Kind.VARIANT, variant_id)
    page = ctx.page(f"movements:{identity.hex}", limit=limit, cursor=cursor, include=include)
    return await ctx.read_fast(lambda work: service.list_movements(work, identity, page))


ROUTES: Final[list[Any]] = [
    list_inventory,
    get_inventory,
    set_inventory,
    adjust_inventory,
    list_inventory_movements,
]
