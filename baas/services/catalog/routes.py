"""The catalogue's endpoints: parse, one verb, answer."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from baas.core.db import StoreConnection, StoreSession, StoreWork
from baas.core.errors import PlanLimitExceeded
from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT, PageOf
from baas.core.serving.parameters import Cursor, Include, Limit
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.catalog import service
from baas.services.catalog.operations import ListProducts
from baas.services.catalog.schemas.categories import Category, CategoryNode, CategoryPatch, CreateCategory
from baas.services.catalog.schemas.images import ImageInput, ImagePatch, ImageView
from baas.services.catalog.schemas.products import (
    CreateProduct,
    Deleted,
    Product,
    ProductPatch,
    ProductStatus,
)
from baas.services.catalog.schemas.variants import VariantInput, VariantPatch, VariantView
from baas.services.catalog.stock import STOCK, StockPort

_TAGS = ["catalogue"]
Text = Annotated[str | None, QueryParameter(max_length=200, description="Words, a SKU or a barcode.")]


def _stock(ctx: Ctx) -> StockPort:
    return ctx.runtime.ports[STOCK]


# ---------------------------------------------------------------------------------------- storefront


@get(
    "/storefront/products",
    needs="storefront",
    tags=_TAGS,
    summary="List and search products",
    operation_class=ListProducts,
    cached=True,
)
async def list_storefront_products(ctx: Ctx) -> Response[Listed[Product]]:
    """Active products, filtered and ordered. The price of a product is that of its cheapest variant."""
    query = service.parse_query(ctx.asgi["query_string"])

    async def fill(work: StoreConnection) -> PageOf[bytes]:
        name = f"storefront-products{query.name}"
        page = ctx.page(name, limit=query.limit, cursor=query.cursor, include=query.include)
        return await service.product_page(work, page, query)

    shown = service.shows_stock(ctx.scope)
    return await ctx.cached(
        "products",
        (service.DOCUMENT_VERSION, shown, query.name, query.limit, query.cursor, query.include),
        fill,
    )


@get("/storefront/products/{ref:str}", needs="storefront", tags=_TAGS, summary="Get a product", cached=True)
async def get_storefront_product(ctx: Ctx, ref: FromPath[str]) -> Response[Data[Product]]:
    """One active product by its handle or id."""
    return await ctx.cached(
        "product",
        (service.DOCUMENT_VERSION, service.shows_stock(ctx.scope), ref),
        lambda work: service.product_by_ref(work, ref),
    )


@get("/storefront/categories", needs="storefront", tags=_TAGS, summary="The tree of categories", cached=True)
async def list_storefront_categories(ctx: Ctx) -> Response[Listed[CategoryNode]]:
    """The active categories as a tree, each level by position and name."""
    return await ctx.cached("categories", (service.DOCUMENT_VERSION,), service.category_tree)


@get(
    "/storefront/categories/{slug:str}", needs="storefront", tags=_TAGS, summary="Get a category", cached=True
)
async def get_storefront_category(ctx: Ctx, slug: FromPath[str]) -> Response[Data[CategoryNode]]:
    """One active category by its slug or id, and what is under it."""
    return await ctx.cached(
        "category", (service.DOCUMENT_VERSION, slug), lambda work: service.category_by_slug(work, slug)
    )


# -------------------------------------------------------------------------------------------- admin


@get("/admin/products", needs="catalog:read", tags=_TAGS, summary="List products")
async def list_products(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
    status: Annotated[
        ProductStatus | None, QueryParameter(description="Only products in this state.")
    ] = None,
    q: Text = None,
) -> Response[Listed[Product]]:
    """The store's products whatever their status, the newest first."""
    page = ctx.page(f"products{status}|{q}", limit=limit, cursor=cursor, include=include)
    return await ctx.read_fast(
        lambda work: service.list_products(work, _stock(ctx), page, status=status, query=q)
    )


@post(
    "/admin/products",
    needs="catalog:write",
    status_code=201,
    tags=_TAGS,
    summary="Create a product",
    refuses=(PlanLimitExceeded,),
)
async def create_product(ctx: Ctx, data: JSONBody[CreateProduct]) -> Response[Data[Product]]:
    """A product with its variants, images and categories; `on_hand` begins to keep a variant's stock."""
    return await ctx.write(lambda session: service.create_product(session, _stock(ctx), data), status=201)


@get("/admin/products/{product_id:str}", needs="catalog:read", tags=_TAGS, summary="Get a product")
async def get_product(ctx: Ctx, product_id: FromPath[str]) -> Response[Data[Product]]:
    """One product, whatever its status."""
    identity = ids.decode(Kind.PRODUCT, product_id)
    return await ctx.read_fast(lambda work: service.get_product(work, _stock(ctx), identity))


@patch("/admin/products/{product_id:str}", needs="catalog:write", tags=_TAGS, summary="Update a product")
async def update_product(
    ctx: Ctx, product_id: FromPath[str], data: JSONBody[ProductPatch]
) -> Response[Data[Product]]:
    """Change what is given; `variants` and `images` replace the whole list."""
    identity = ids.decode(Kind.PRODUCT, product_id)

    async def verb(session: StoreSession) -> Product:
        return (await service.update_product(session, _stock(ctx), identity, data))[0]

    return await ctx.write(verb)


@delete(
    "/admin/products/{product_id:str}",
    needs="catalog:write",
    status_code=200,
    tags=_TAGS,
    summary="Delete a product",
)
async def delete_product(ctx: Ctx, product_id: FromPath[str]) -> Response[Data[Deleted]]:
    """Delete a product with its variants. Orders keep what was sold."""
    identity = ids.decode(Kind.PRODUCT, product_id)
    return await ctx.write(lambda session: service.delete_product(session, _stock(ctx), identity))


@get(
    "/admin/products/{product_id:str}/variants",
    needs="catalog:read",
    tags=_TAGS,
    summary="List the variants of a product",
)
async def list_variants(ctx: Ctx, product_id: FromPath[str]) -> Response[Listed[VariantView]]:
    """All variants of a product, in their order (at most 100)."""
    identity = ids.decode(Kind.PRODUCT, product_id)

    async def verb(work: StoreWork) -> list[VariantView]:
        return (await service.get_product(work, _stock(ctx), identity)).variants

    return await ctx.read_fast(verb)


@get(
    "/admin/products/{product_id:str}/variants/{variant_id:str}",
    needs="catalog:read",
    tags=_TAGS,
    summary="Get a variant",
)
async def get_variant(
    ctx: Ctx, product_id: FromPath[str], variant_id: FromPath[str]
) -> Response[Data[VariantView]]:
    """One variant of a product."""
    product, variant = ids.decode(Kind.PRODUCT, product_id), ids.decode(Kind.VARIANT, variant_id)
    return await ctx.read_fast(lambda work: service.get_variant(work, _stock(ctx), product, variant))


@post(
    "/admin/products/{product_id:str}/variants",
    needs="catalog:write",
    status_code=201,
    tags=_TAGS,
    summary="Add a variant",
)
async def create_variant(
    ctx: Ctx, product_id: FromPath[str], data: JSONBody[VariantInput]
) -> Response[Data[VariantView]]:
    """Add a variant at the end of a product's list."""
    identity = ids.decode(Kind.PRODUCT, product_id)
    return await ctx.write(
        lambda session: service.create_variant(session, _stock(ctx), identity, data), status=201
    )


@patch(
    "/admin/products/{product_id:str}/variants/{variant_id:str}",
    needs="catalog:write",
    tags=_TAGS,
    summary="Update a variant",
)
async def update_variant(
    ctx: Ctx, product_id: FromPath[str], variant_id: FromPath[str], data: JSONBody[VariantPatch]
) -> Response[Data[VariantView]]:
    """Change what is given; its stock is set at /admin/inventory."""
    product, variant = ids.decode(Kind.PRODUCT, product_id), ids.decode(Kind.VARIANT, variant_id)
    return await ctx.write(
        lambda session: service.update_variant(session, _stock(ctx), product, variant, data)
    )


@delete(
    "/admin/products/{product_id:str}/variants/{variant_id:str}",
    needs="catalog:write",
    status_code=200,
    tags=_TAGS,
    summary="Delete a variant",
)
async def delete_variant(
    ctx: Ctx, product_id: FromPath[str], variant_id: FromPath[str]
) -> Response[Data[Deleted]]:
    """Delete a variant. The last one of a product stays: delete the product instead."""
    product, variant = ids.decode(Kind.PRODUCT, product_id), ids.decode(Kind.VARIANT, variant_id)
    return await ctx.write(lambda session: service.delete_variant(session, _stock(ctx), product, variant))


@get(
    "/admin/products/{product_id:str}/images",
    needs="catalog:read",
    tags=_TAGS,
    summary="List the images of a product",
)
async def list_images(ctx: Ctx, product_id: FromPath[str]) -> Response[Listed[ImageView]]:
    """All images of a product, in their order (at most 250)."""
    identity = ids.decode(Kind.PRODUCT, product_id)

    async def verb(work: StoreWork) -> list[ImageView]:
        return (await service.get_product(work, _stock(ctx), identity)).images

    return await ctx.read_fast(verb)


@get(
    "/admin/products/{product_id:str}/images/{image_id:str}",
    needs="catalog:read",
    tags=_TAGS,
    summary="Get an image",
)
async def get_image(
    ctx: Ctx, product_id: FromPath[str], image_id: FromPath[str]
) -> Response[Data[ImageView]]:
    """One image of a product."""
    product, image = ids.decode(Kind.PRODUCT, product_id), ids.decode(Kind.IMAGE, image_id)
    return await ctx.read_fast(lambda work: service.get_image(work, _stock(ctx), product, image))


@post(
    "/admin/products/{product_id:str}/images",
    needs="catalog:write",
    status_code=201,
    tags=_TAGS,
    summary="Add an image",
)
async def create_image(
    ctx: Ctx, product_id: FromPath[str], data: JSONBody[ImageInput]
) -> Response[Data[ImageView]]:
    """Add an image by its address, at a position or at the end."""
    identity = ids.decode(Kind.PRODUCT, product_id)
    return await ctx.write(
        lambda session: service.create_image(session, _stock(ctx), identity, data), status=201
    )


@patch(
    "/admin/products/{product_id:str}/images/{image_id:str}",
    needs="catalog:write",
    tags=_TAGS,
    summary="Update an image",
)
async def update_image(
    ctx: Ctx, product_id: FromPath[str], image_id: FromPath[str], data: JSONBody[ImagePatch]
) -> Response[Data[ImageView]]:
    """Change what is given of an image."""
    product, image = ids.decode(Kind.PRODUCT, product_id), ids.decode(Kind.IMAGE, image_id)
    return await ctx.write(lambda session: service.update_image(session, _stock(ctx), product, image, data))


@delete(
    "/admin/products/{product_id:str}/images/{image_id:str}",
    needs="catalog:write",
    status_code=200,
    tags=_TAGS,
    summary="Delete an image",
)
async def delete_image(
    ctx: Ctx, product_id: FromPath[str], image_id: FromPath[str]
) -> Response[Data[Deleted]]:
    """Take an image out of a product's gallery."""
    product, image = ids.decode(Kind.PRODUCT, product_id), ids.decode(Kind.IMAGE, image_id)
    return await ctx.write(lambda session: service.delete_image(session, _stock(ctx), product, image))


@get("/admin/categories", needs="catalog:read", tags=_TAGS, summary="List categories")
async def list_categories(
    ctx: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None, include: Include = None
) -> Response[Listed[Category]]:
    """All categories, flat, in the order in which they were made."""
    page = ctx.page("categories", limit=limit, cursor=cursor, include=include)
    return await ctx.read(lambda session: service.list_categories(session, page))


@post("/admin/categories", needs="catalog:write", status_code=201, tags=_TAGS, summary="Create a category")
async def create_category(ctx: Ctx, data: JSONBody[CreateCategory]) -> Response[Data[Category]]:
    """A category at the root or under another one."""
    return await ctx.write(lambda session: service.create_category(session, data), status=201)


@get("/admin/categories/{category_id:str}", needs="catalog:read", tags=_TAGS, summary="Get a category")
async def get_category(ctx: Ctx, category_id: FromPath[str]) -> Response[Data[Category]]:
    """One category."""
    identity = ids.decode(Kind.CATEGORY, category_id)
    return await ctx.read(lambda session: service.get_category(session, identity))


@patch("/admin/categories/{category_id:str}", needs="catalog:write", tags=_TAGS, summary="Update a category")
async def update_category(
    ctx: Ctx, category_id: FromPath[str], data: JSONBody[CategoryPatch]
) -> Response[Data[Category]]:
    """Change what is given; a parent that would make a cycle is refused."""
    identity = ids.decode(Kind.CATEGORY, category_id)
    return await ctx.write(lambda session: service.update_category(session, identity, data))


@delete(
    "/admin/categories/{category_id:str}",
    needs="catalog:write",
    status_code=200,
    tags=_TAGS,
    summary="Delete a category",
)
async def delete_category(ctx: Ctx, category_id: FromPath[str]) -> Response[Data[Deleted]]:
    """Delete a category that has none under it. Its products stay."""
    identity = ids.decode(Kind.CATEGORY, category_id)
    return await ctx.write(lambda session: service.delete_category(session, identity))


ROUTES = [
    list_storefront_products,
    get_storefront_product,
    list_storefront_categories,
    get_storefront_category,
    list_products,
    create_product,
    get_product,
    update_product,
    delete_product,
    list_variants,
    get_variant,
    create_variant,
    update_variant,
    delete_variant,
    list_images,
    get_image,
    create_image,
    update_image,
    delete_image,
    list_categories,
    create_category,
    get_category,
    update_category,
    delete_category,
]
