"""Verbs on whole products."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from msgspec import UNSET

from baas.core.db import StoreSession
from baas.core.errors import Conflict
from baas.core.values import clock, ids
from baas.core.values.html import sanitise
from baas.core.values.ids import Kind
from baas.core.work.outbox import emit
from baas.services.catalog import models
from baas.services.catalog.events import ProductEvent
from baas.services.catalog.repository import documents, queries
from baas.services.catalog.repository.queries import Parts
from baas.services.catalog.schemas.products import CreateProduct, Deleted, Product, ProductPatch
from baas.services.catalog.schemas.stock import StartStock
from baas.services.catalog.service import validation
from baas.services.catalog.service.derived import changed, shown
from baas.services.catalog.service.draft import Draft, categories_of, finish, locked, open_draft
from baas.services.catalog.service.fields import FieldMap, if_given
from baas.services.catalog.service.images import replace_images, tie
from baas.services.catalog.service.variants import replace_variants
from baas.services.catalog.stock import StockPort
from baas.tenants import audit, limits


def _handle(given: str | None) -> object:
    return if_given(given) if given is None else validation.check_handle(given)


FIELDS: Final = FieldMap(
    models.Product,
    CreateProduct,
    ProductPatch,
    rules={
        "name": validation.check_name,
        "handle": _handle,
        "description": sanitise,
        "tags": validation.clean_tags,
        "metadata": validation.check_metadata,
    },
    # Rows of their own.
    apart={"options", "variants", "images", "categories"},
)


async def create_product(
    session: StoreSession,
    stock: StockPort,
    data: CreateProduct,
    *,
    start: Sequence[StartStock] | None = None,
) -> Product:
    """Make a product with all its parts and begin to keep its stock.

    `start` says more of the variants' stock than `on_hand` can, one for each variant. Raises PlanLimitExceeded,
    Conflict (a handle or SKU is taken) and ValidationFailed.
    """
    limits.check(session, "products", used=await queries.count_products(session))
    categories = await categories_of(session, data.categories)
    moment = clock.now(session.scope)
    row = models.Product(id=ids.new_id(), created_at=moment, updated_at=moment)
    FIELDS.put(row, data)
    row.handle = await _free_handle(session, data.handle, row.name)
    draft = Draft(session, row, Parts())
    replace_images(draft, data.images)
    replace_variants(draft, data.variants, start)
    draft.put_options(data.options)
    tie(draft, data.images)
    draft.put_categories(categories)
    product, _ = await finish(draft, stock, ProductEvent.CREATED)
    return product


async def update_product(
    session: StoreSession,
    stock: StockPort,
    product_id: UUID,
    data: ProductPatch,
    *,
    start: Sequence[StartStock] | None = None,
    variant_fields: Collection[str] | None = None,
    image_fields: Collection[str] | None = None,
) -> tuple[Product, bool]:
    """Change what is given of a product; answers it and whether anything is different from before.

    `start` is the stock of variants that are new. Of variants and images that are there already, only the fields that
    `variant_fields` and `image_fields` name are changed, for who knows no more of them; unless given, all are. Raises
    NotFound, Conflict, ValidationFailed.
    """
    draft = await open_draft(session, product_id)
    categories = await categories_of(session, data.categories) if data.categories is not UNSET else None
    FIELDS.put(draft.product, data)
    if categories is not None:
        draft.put_categories(categories)
    if data.images is not UNSET:
        replace_images(draft, data.images, only=image_fields)
    if data.variants is not UNSET:
        replace_variants(draft, data.variants, start, only=variant_fields)
    if data.variants is not UNSET or data.options is not UNSET:
        draft.put_options(None if data.options is UNSET else data.options)
    if data.images is not UNSET:
        tie(draft, data.images)
    return await finish(draft, stock, ProductEvent.UPDATED)


async def delete_product(session: StoreSession, stock: StockPort, product_id: UUID) -> Deleted:
    """Delete a product with all its parts. What was sold of it stays in the orders, frozen. Raises NotFound."""
    row = await locked(session, product_id)
    before = await shown(session, stock, await documents.whole_products(session, [product_id]))
    await session.delete(row)
    await session.flush()
    public_id = ids.encode(Kind.PRODUCT, product_id)
    await emit(session, ProductEvent.DELETED, subject=public_id, data=before[product_id])
    await audit.record(
        session, "product.deleted", subject=public_id, old={"name": row.name, "handle": row.handle}
    )
    changed(session)
    return Deleted(id=public_id, deleted=True)


async def find_by_handle(session: StoreSession, handle: str) -> UUID | None:
    """The id of the product with a handle, or None."""
    return await queries.product_id_of_handle(session, handle)


async def taken_skus(session: StoreSession, skus: Sequence[str], *, except_product: UUID | None) -> set[str]:
    """Which of these SKUs variants of other products have."""
    return await queries.taken_skus(session, skus, except_product=except_product)


async def _free_handle(session: StoreSession, given: str | None, name: str) -> str:
    """The handle that was given, or one made of the name that no other product has. Raises Conflict."""
    taken = partial(queries.taken_handles, session)
    if given is None:
        return await validation.free_slug(name, "product", taken)
    if await taken([given]):
        raise Conflict("handle: another product has this handle", field="handle")
    return given
