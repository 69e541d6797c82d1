"""Products as staff reads them."""

from uuid import UUID

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.serving.paging import Page, PageOf
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.catalog.repository import documents, listing
from baas.services.catalog.schemas.images import ImageView
from baas.services.catalog.schemas.products import Product, ProductStatus
from baas.services.catalog.schemas.variants import VariantView
from baas.services.catalog.service.derived import shown
from baas.services.catalog.service.storefront import search_terms
from baas.services.catalog.stock import StockPort


async def get_product(work: StoreWork, stock: StockPort, product_id: UUID) -> Product:
    """One product as staff sees it, whatever its status. Raises NotFound."""
    found = await shown(work, stock, await documents.whole_products(work, [product_id]))
    if product_id not in found:
        raise NotFound
    return found[product_id]


async def list_products(
    work: StoreWork, stock: StockPort, page: Page, *, status: ProductStatus | None, query: str | None
) -> PageOf[Product]:
    """A page of the store's products, the newest first."""
    terms = search_terms(work.scope, query) if query else None
    if query and terms is None:
        return PageOf([], page.limit, None, 0 if page.with_total else None)
    found = await listing.admin_page(work, page, status=status, terms=terms)
    products = await shown(work, stock, await documents.whole_products(work, found.items))
    # One that was deleted between the two statements is left out.
    return PageOf(
        [products[key] for key in found.items if key in products], found.limit, found.next_cursor, found.total
    )


async def get_variant(work: StoreWork, stock: StockPort, product_id: UUID, variant_id: UUID) -> VariantView:
    """One variant of a product. Raises NotFound."""
    return shown_variant(await get_product(work, stock, product_id), variant_id)


async def get_image(work: StoreWork, stock: StockPort, product_id: UUID, image_id: UUID) -> ImageView:
    """One image of a product. Raises NotFound."""
    return shown_image(await get_product(work, stock, product_id), image_id)


def shown_variant(product: Product, variant_id: UUID) -> VariantView:
    """A variant of a product as staff sees it. Raises NotFound."""
    public_id = ids.encode(Kind.VARIANT, variant_id)
    for variant in product.variants:
        if variant.id == public_id:
            return variant
    raise NotFound


def shown_image(product: Product, image_id: UUID) -> ImageView:
    """An image of a product as staff sees it. Raises NotFound."""
    public_id = ids.encode(Kind.IMAGE, image_id)
    for image in product.images:
        if image.id == public_id:
            return image
    raise NotFound
