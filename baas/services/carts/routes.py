"""The carts' endpoints, for storefronts."""

from typing import Any, Final

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.carts import service
from baas.services.carts.schemas import AddItem, Cart, CreateCart, MergeCart, SetItem, UpdateCart
from baas.services.inventory.errors import InsufficientStock


@post(
    "/storefront/carts",
    needs="storefront",
    status_code=201,
    tags=["carts"],
    summary="Create a cart",
    refuses=(InsufficientStock,),
)
async def create_cart(ctx: Ctx, data: JSONBody[CreateCart | None] = None) -> Response[Data[Cart]]:
    """A new cart, with items if you like. Its id is the customer's secret: whoever knows it may change the cart."""
    body = data or CreateCart()
    return await ctx.write_fast(lambda work: service.create_cart(work, body), status=201)


@get("/storefront/carts/{cart_id:str}", needs="storefront", tags=["carts"], summary="Get a cart", cached=True)
async def get_cart(ctx: Ctx, cart_id: FromPath[str]) -> Response[Data[Cart]]:
    """A cart at the prices and the stock of this moment."""
    identity = ids.decode(Kind.CART, cart_id)
    async with ctx.runtime.database.fast(ctx.scope) as work:
        cart = await service.get_cart(work, identity)
    return ctx.cached_by_caller(cart)


@patch("/storefront/carts/{cart_id:str}", needs="storefront", tags=["carts"], summary="Update a cart")
async def update_cart(ctx: Ctx, cart_id: FromPath[str], data: JSONBody[UpdateCart]) -> Response[Data[Cart]]:
    """Set the e-mail, the addresses, the shipping method or discount codes; what is absent stays."""
    identity = ids.decode(Kind.CART, cart_id)
    return await ctx.write_fast(lambda work: service.update_cart(work, identity, data))


@post(
    "/storefront/carts/{cart_id:str}/items",
    needs="storefront",
    status_code=201,
    tags=["carts"],
    summary="Add an item",
    refuses=(InsufficientStock,),
)
async def add_cart_item(ctx: Ctx, cart_id: FromPath[str], data: JSONBody[AddItem]) -> Response[Data[Cart]]:
    """Add a variant; one that is in the cart gets that many more. 409 `insufficient_stock` beyond the stock."""
    identity = ids.decode(Kind.CART, cart_id)
    return await ctx.write_fast(lambda work: service.add_item(work, identity, data), status=201)


@patch(
    "/storefront/carts/{cart_id:str}/items/{item_id:str}",
    needs="storefront",
    tags=["carts"],
    summary="Set the quantity of an item",
    refuses=(InsufficientStock,),
)
async def set_cart_item(
    ctx: Ctx, cart_id: FromPath[str], item_id: FromPath[str], data: JSONBody[SetItem]
) -> Response[Data[Cart]]:
    """Set the quantity of a line; 0 removes it."""
    cart, item = ids.decode(Kind.CART, cart_id), ids.decode(Kind.CART_ITEM, item_id)
    return await ctx.write_fast(lambda work: service.set_item(work, cart, item, data.quantity))


@delete(
    "/storefront/carts/{cart_id:str}/items/{item_id:str}",
    needs="storefront",
    status_code=200,
    tags=["carts"],
    summary="Remove an item",
)
async def remove_cart_item(ctx: Ctx, cart_id: FromPath[str], item_id: FromPath[str]) -> Response[Data[Cart]]:
    """Remove a line; the cart that is left is answered."""
    cart, item = ids.decode(Kind.CART, cart_id), ids.decode(Kind.CART_ITEM, item_id)
    return await ctx.write_fast(lambda work: service.set_item(work, cart, item, 0))


@post(
    "/storefront/carts/{cart_id:str}/merge",
    needs="storefront",
    status_code=200,
    tags=["carts"],
    summary="Merge another cart into this one",
)
async def merge_cart(ctx: Ctx, cart_id: FromPath[str], data: JSONBody[MergeCart]) -> Response[Data[Cart]]:
    """Take the lines of another cart into this one and close the other, when a guest turns out to be known."""
    identity, other = ids.decode(Kind.CART, cart_id), ids.decode(Kind.CART, data.cart_id)
    return await ctx.write_fast(lambda work: service.merge(work, identity, other))


ROUTES: Final[list[Any]] = [
    create_cart,
    get_cart,
    update_cart,
    add_cart_item,
    set_cart_item,
    remove_cart_item,
    merge_cart,
]
