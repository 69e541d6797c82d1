"""Verbs on whole products."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import UNSET

from baas.core.db import StoreSession, StoreWork
from baas.core.errors import Conflict, NotFound
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.html import sanitise
from baas.core.values.ids import Kind
from baas.core.values.text import fold, slugify
from baas.core.work.outbox import emit
from baas.services.catalog import stock as stock_port
from baas.services.catalog.models import Product as ProductRow
from baas.services.catalog.models import ProductImage, Variant
from baas.services.catalog.repository import listing, views, writes
from baas.services.catalog.repository.writes import Parts
from baas.services.catalog.schemas import (
    CreateProduct,
    Deleted,
    ImageInput,
    OptionInput,
    Product,
    ProductPatch,
    ProductStatus,
    StartStock,
    VariantInput,
    VariantKind,
)
from baas.services.catalog.service import shape
from baas.services.catalog.service.build import Changes, categories_of
from baas.services.catalog.service.refresh import changed, refresh, shown
from baas.services.catalog.service.storefront import search_terms
from baas.tenants import audit, limits


async def create_product(
    session: StoreSession,
    data: CreateProduct,
    *,
    stock: Sequence[StartStock] | None = None,
) -> Product:
    """Make a product with all its parts and begin to keep its stock.

    `stock` says more of the variants' stock than `on_hand` can, one for each variant. Raises PlanLimitExceeded,
    Conflict (a handle or SKU is taken) and ValidationFailed.
    """
    limits.check(session, "products", used=await views.count_products(session))
    options = shape.check_options(data.options, data.variants)
    gallery = shape.check_gallery(data.images, data.variants)
    categories = await categories_of(session, data.categories)
    name = shape.check_name(data.name)
    moment = clock.now(session.scope)
    row = ProductRow(
        id=ids.new_id(),
        name=name,
        handle=await _free_handle(session, data.handle, name),
        description=sanitise(data.description),
        status=data.status.value,
        vendor=data.vendor,
        product_type=data.product_type,
        tags=shape.clean_tags(data.tags),
        seo_title=data.seo.title,
        seo_description=data.seo.description,
        metadata_=shape.check_metadata(data.metadata),
        sort_name=fold(name),
        created_at=moment,
        updated_at=moment,
    )
    changes = Changes(session, row, Parts([], [], [], []), is_new=True)
    await changes.begin()
    session.add(row)
    await changes.write()
    await changes.put_options(options)
    await changes.put_images(gallery)
    await changes.put_variants(data.variants, stock, stock_of_new_only=True)
    changes.tie(gallery)
    await changes.put_categories(categories)
    await changes.end()
    return await settle(changes, "product.created")


async def update_product(
    session: StoreSession,
    product_id: UUID,
    data: ProductPatch,
    *,
    stock: Sequence[StartStock] | None = None,
) -> tuple[Product, bool]:
    """Change what is given of a product; answers it and whether anything is different from before.

    Stock is only taken for variants that are new. Raises NotFound, Conflict, ValidationFailed.
    """
    row = await locked(session, product_id)
    parts = await writes.parts(session, product_id)
    changes = Changes(session, row, parts, is_new=False)
    await changes.begin()
    _put_fields(row, data)
    await changes.write()
    if data.categories is not UNSET:
        await changes.put_categories(await categories_of(session, data.categories))
    variants = data.variants if data.variants is not UNSET else None
    if variants is not None or data.options is not UNSET:
        inputs = variants if variants is not None else [as_input(variant) for variant in parts.variants]
        options = data.options if data.options is not UNSET else options_of(parts, inputs)
        await changes.put_options(shape.check_options(options, inputs))
    gallery = None
    if data.images is not UNSET:
        gallery = shape.check_gallery(data.images, variants or ())
        await changes.put_images(gallery)
    elif variants is not None:
        gallery = shape.check_gallery([image_input(image) for image in parts.images], variants)
        await changes.put_images(gallery)
    if variants is not None:
        await changes.put_variants(variants, stock, stock_of_new_only=stock is not None)
    if gallery is not None:
        changes.tie(gallery)
        await changes.drop_images(gallery)
    if not await changes.end():
        return await changes.unchanged(), False
    return await settle(changes, "product.updated"), True


async def delete_product(session: StoreSession, product_id: UUID) -> Deleted:
    """Delete a product with all its parts. What was sold of it stays in the orders, frozen."""
    row = await locked(session, product_id)
    before = await shown(session, await views.views(session, [product_id]))
    await session.delete(row)
    await session.flush()
    public_id = ids.encode(Kind.PRODUCT, product_id)
    await emit(session, "product.deleted", subject=public_id, data=before[product_id])
    await audit.record(
        session, "product.deleted", subject=public_id, old={"name": row.name, "handle": row.handle}
    )
    changed(session)
    return Deleted(id=public_id, deleted=True)


async def get_product(work: StoreWork, product_id: UUID) -> Product:
    """One product as staff sees it, whatever its status. Raises NotFound."""
    found = await shown(work, await views.views(work, [product_id]))
    if product_id not in found:
        raise NotFound
    return found[product_id]


async def list_products(
    work: StoreWork, page: Page, *, status: ProductStatus | None, query: str | None
) -> PageOf[Product]:
    """A page of the store's products, the newest first."""
    terms = search_terms(work.scope, query) if query else None
    if query and terms is None:
        return PageOf([], page.limit, None, 0 if page.with_total else None)
    found = await listing.admin_page(work, page, status=status, terms=terms)
    products = await shown(work, await views.views(work, found.items))
    # One that was deleted between the two statements is left out.
    return PageOf(
        [products[key] for key in found.items if key in products], found.limit, found.next_cursor, found.total
    )


async def find_by_handle(session: StoreSession, handle: str) -> UUID | None:
    """The id of the product with a handle, or None."""
    return await writes.product_id_of_handle(session, handle)


async def taken_skus(session: StoreSession, skus: Sequence[str], *, except_product: UUID | None) -> set[str]:
    """Which of these SKUs variants of other products have."""
    return await writes.taken_skus(session, skus, except_product=except_product)


async def settle(changes: Changes, event: str) -> Product:
    """After a change: derive, tell inventory of new variants, write the event, raise the version."""
    session, product_id = changes.session, changes.product.id
    await stock_port.start(session, changes.levels)
    product = (await shown(session, await refresh(session, [product_id])))[product_id]
    await emit(session, event, subject=product.id, data=product)
    await audit.record(
        session, event, subject=product.id, new={"name": product.name, "handle": product.handle}
    )
    changed(session)
    return product


async def locked(session: StoreSession, product_id: UUID) -> ProductRow:
    """The product's row, locked. Raises NotFound."""
    row = await writes.product_for_update(session, product_id)
    if row is None:
        raise NotFound
    return row


def _put_fields(row: ProductRow, data: ProductPatch) -> None:
    if data.name is not UNSET:
        row.name = shape.check_name(data.name)
        row.sort_name = fold(row.name)
    if data.handle is not UNSET:
        row.handle = shape.check_handle(data.handle)
    if data.description is not UNSET:
        row.description = sanitise(data.description)
    if data.status is not UNSET:
        row.status = data.status.value
    if data.vendor is not UNSET:
        row.vendor = data.vendor
    if data.product_type is not UNSET:
        row.product_type = data.product_type
    if data.tags is not UNSET:
        row.tags = shape.clean_tags(data.tags)
    if data.seo is not UNSET:
        row.seo_title, row.seo_description = data.seo.title, data.seo.description
    if data.metadata is not UNSET:
        row.metadata_ = shape.check_metadata(data.metadata)


def options_of(parts: Parts, inputs: Sequence[VariantInput]) -> list[OptionInput]:
    """The present options, with those of their values that variants still have."""
    used = [
        {variant.option_values[index] for variant in inputs if index < len(variant.option_values)}
        for index in range(len(parts.options))
    ]
    return [
        OptionInput(name=option.name, values=[value for value in option.values if value in used[index]])
        for index, option in enumerate(parts.options)
    ]


def as_input(variant: Variant) -> VariantInput:
    """A present variant as it would be sent; the image it shows stays."""
    return VariantInput(
        price=variant.price,
        option_values=list(variant.option_values),
        sku=variant.sku,
        barcode=variant.barcode,
        compare_at_price=variant.compare_at_price,
        weight_grams=variant.weight_grams,
        requires_shipping=variant.requires_shipping,
        taxable=variant.taxable,
        kind=VariantKind(variant.kind),
    )


def image_input(image: ProductImage) -> ImageInput:
    """A present image as it would be sent."""
    return ImageInput(url=image.url, alt=image.alt, position=image.position)


async def _free_handle(session: StoreSession, given: str | None, name: str) -> str:
    """The handle that was given, or one made of the name that no other product has."""
    if given is not None:
        handle = shape.check_handle(given)
        if handle in await writes.taken_handles(session, [handle]):
            raise Conflict("handle: another product has this handle", field="handle")
        return handle
    base = slugify(name, 240) or "product"
    candidates = [base, *(f"{base}-{number}" for number in range(2, 30))]
    taken = await writes.taken_handles(session, candidates)
    return next((handle for handle in candidates if handle not in taken), f"{base}-{ids.new_id().hex[-12:]}")
