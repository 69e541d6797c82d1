"""The inventory's endpoints, all for staff: storefronts see stock in the catalogue."""

from typing import Annotated, Any, Final

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody, Parameter

from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT, MAX_LIMIT
from baas.core.values import ids
from baas.core.values.cursors import MAX_CURSOR
from baas.core.values.ids import Kind
from baas.services.inventory import service
from baas.services.inventory.schemas import Adjust, Level, Movement, SetLevel

Limit = Annotated[int, Parameter(ge=1, le=MAX_LIMIT, description="How many, 1 to 100.")]
Cursor = Annotated[
    str | None, Parameter(max_length=MAX_CURSOR, description="`next_cursor` of the page before.")
]
Include = Annotated[str | None, Parameter(max_length=20, description="`total` counts the whole list.")]
LowStock = Annotated[bool, Parameter(description="Only what is at or below its `low_stock_at`, or gone.")]


@get(
    "/admin/inventory",
    needs="inventory:read",
    operation_id="list_inventory",
    tags=["inventory"],
    summary="List stock",
)
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
    "/admin/inventory/{variant_id:str}", needs="inventory:read", operation_id="get_inventory",
    tags=["inventory"], summary="Get the stock of a variant",
)  # fmt: skip
async def get_inventory(ctx: Ctx, variant_id: FromPath[str]) -> Response[Data[Level]]:
    """What there is of a variant, and what open orders hold of it."""
    identity = ids.decode(Kind.VARIANT, variant_id)
    return await ctx.read_fast(lambda work: service.get_level(work, identity))


@put(
    "/admin/inventory/{variant_id:str}", needs="inventory:write", operation_id="set_inventory",
    tags=["inventory"], summary="Set the stock of a variant",
)  # fmt: skip
async def set_inventory(
    ctx: Ctx, variant_id: FromPath[str], data: JSONBody[SetLevel]
) -> Response[Data[Level]]:
    """Set what a count found, and the rules: whether stock is tracked, and whether sales go on without it.

    Answers 409 `conflict` when open orders hold more than that.
    """
    identity = ids.decode(Kind.VARIANT, variant_id)
    return await ctx.write_fast(lambda work: service.set_level(work, identity, data))


@post(
    "/admin/inventory/{variant_id:str}/adjustments", needs="inventory:write", status_code=201,
    operation_id="adjust_inventory", tags=["inventory"], summary="Add or take stock",
)  # fmt: skip
async def adjust_inventory(
    ctx: Ctx, variant_id: FromPath[str], data: JSONBody[Adjust]
) -> Response[Data[Level]]:
    """Add pieces that came or take pieces that are gone, with the reason; two at once both count.

    Answers 409 `insufficient_stock` when there are not so many to take.
    """
    identity = ids.decode(Kind.VARIANT, variant_id)
    return await ctx.write_fast(lambda work: service.adjust(work, identity, data), status=201)


@get(
    "/admin/inventory/{variant_id:str}/movements", needs="inventory:read", operation_id="list_inventory_movements",
    tags=["inventory"], summary="List the movements of a variant",
)  # fmt: skip
async def list_movements(
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


ROUTES: Final[list[Any]] = [list_inventory, get_inventory, set_inventory, adjust_inventory, list_movements]
