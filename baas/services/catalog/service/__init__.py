"""The verbs of the catalogue, for its routes and for the services above."""

from collections.abc import Sequence
from uuid import UUID

from baas.core.db import StoreWork
from baas.services.catalog.repository import documents, queries
from baas.services.catalog.repository.documents import VERSION as DOCUMENT_VERSION
from baas.services.catalog.schemas.stock import Sellable
from baas.services.catalog.service.categories import (
    category_of_path,
    create_category,
    delete_category,
    get_category,
    list_categories,
    lock_categories,
    update_category,
)
from baas.services.catalog.service.derived import refresh_outdated, refresh_store, set_availability
from baas.services.catalog.service.images import create_image, delete_image, update_image
from baas.services.catalog.service.products import (
    create_product,
    delete_product,
    find_by_handle,
    taken_skus,
    update_product,
)
from baas.services.catalog.service.reading import get_image, get_product, get_variant, list_products
from baas.services.catalog.service.storefront import (
    ProductQuery,
    category_by_slug,
    category_tree,
    parse_query,
    product_by_ref,
    product_page,
    shows_stock,
)
from baas.services.catalog.service.variants import create_variant, delete_variant, update_variant

__all__ = [
    "DOCUMENT_VERSION",
    "ProductQuery",
    "category_by_slug",
    "category_of_path",
    "category_tree",
    "count_products",
    "create_category",
    "create_image",
    "create_product",
    "create_variant",
    "delete_category",
    "delete_image",
    "delete_product",
    "delete_variant",
    "find_by_handle",
    "get_category",
    "get_image",
    "get_product",
    "get_variant",
    "list_categories",
    "list_products",
    "lock_categories",
    "parse_query",
    "product_by_ref",
    "product_page",
    "refresh_outdated",
    "refresh_store",
    "sellable",
    "set_availability",
    "shows_stock",
    "taken_skus",
    "update_category",
    "update_image",
    "update_product",
    "update_variant",
]


async def sellable(work: StoreWork, variant_ids: Sequence[UUID]) -> dict[UUID, Sellable]:
    """What carts and orders need to know of variants, whatever their product's status; one statement."""
    return await documents.sellable(work, variant_ids)


async def count_products(work: StoreWork) -> int:
    """How many products the store has, for its plan's limit."""
    return await queries.count_products(work)
