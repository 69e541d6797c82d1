"""Verbs on one variant or one image of a product. Each is a change of the product, and its event says so."""

from typing import TypeVar
from uuid import UUID

from msgspec import UNSET

from baas.core.db import StoreSession, StoreWork
from baas.core.errors import Conflict, NotFound, ValidationFailed
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.catalog.models import ProductImage, Variant
from baas.services.catalog.repository import writes
from baas.services.catalog.schemas import (
    MAX_IMAGES,
    MAX_VARIANTS,
    Deleted,
    ImageInput,
    ImagePatch,
    ImageView,
    Product,
    VariantInput,
    VariantKind,
    VariantPatch,
    VariantView,
)
from baas.services.catalog.service import shape
from baas.services.catalog.service.build import Changes
from baas.services.catalog.service.products import (
    as_input,
    get_product,
    image_input,
    locked,
    options_of,
    settle,
)

Placed = TypeVar("Placed", Variant, ProductImage)


async def get_variant(work: StoreWork, product_id: UUID, variant_id: UUID) -> VariantView:
    """One variant of a product. Raises NotFound."""
    return _variant(await get_product(work, product_id), variant_id)


async def get_image(work: StoreWork, product_id: UUID, image_id: UUID) -> ImageView:
    """One image of a product. Raises NotFound."""
    return _image(await get_product(work, product_id), image_id)


async def create_variant(session: StoreSession, product_id: UUID, data: VariantInput) -> VariantView:
    """Add a variant at the end. Raises NotFound, Conflict, ValidationFailed."""
    changes = await _open(session, product_id)
    parts = changes.parts
    if len(parts.variants) >= MAX_VARIANTS:
        raise ValidationFailed.field("variants", f"a product has at most {MAX_VARIANTS}")
    inputs = [*(as_input(variant) for variant in parts.variants), data]
    own = len(parts.variants)
    await changes.put_options(shape.check_one_variant(options_of(parts, inputs), inputs, own))
    if data.image_url:
        shape.check_image_url(data.image_url, "image_url")
        await changes.put_images(shape.check_gallery([image_input(image) for image in parts.images], [data]))
    await changes.put_variants(inputs, None, stock_of_new_only=True)
    await changes.end()
    return _variant(await settle(changes, "product.updated"), parts.variants[-1].id)


async def update_variant(
    session: StoreSession, product_id: UUID, variant_id: UUID, data: VariantPatch
) -> VariantView:
    """Change what is given of a variant. Raises NotFound, Conflict, ValidationFailed."""
    changes = await _open(session, product_id)
    parts = changes.parts
    row = _find_variant(changes, variant_id)
    _put_variant_fields(row, data)
    if data.option_values is not UNSET:
        inputs = [as_input(variant) for variant in parts.variants]
        own = parts.variants.index(row)
        await changes.put_options(shape.check_one_variant(options_of(parts, inputs), inputs, own))
        row.name = shape.variant_name(row.option_values)
    if data.image_url is None:
        row.image_id = None
    elif data.image_url is not UNSET:
        shape.check_image_url(data.image_url, "image_url")
        wanted = VariantInput(price=0, image_url=data.image_url)
        await changes.put_images(
            shape.check_gallery([image_input(image) for image in parts.images], [wanted])
        )
        row.image_id = next(image.id for image in parts.images if image.url == data.image_url)
    if data.position is not UNSET:
        _move(parts.variants, row, data.position)
    if await changes.end():
        return _variant(await settle(changes, "product.updated"), variant_id)
    return _variant(await changes.unchanged(), variant_id)


async def delete_variant(session: StoreSession, product_id: UUID, variant_id: UUID) -> Deleted:
    """Delete a variant; the last one of a product cannot be. Raises NotFound, Conflict."""
    changes = await _open(session, product_id)
    parts = changes.parts
    row = _find_variant(changes, variant_id)
    if len(parts.variants) == 1:
        raise Conflict("A product has at least one variant; delete the product instead.", field="variant_id")
    parts.variants.remove(row)
    await session.delete(row)
    inputs = [as_input(variant) for variant in parts.variants]
    await changes.put_options(shape.check_options(options_of(parts, inputs), inputs))
    await changes.end()
    await settle(changes, "product.updated")
    return Deleted(id=ids.encode(Kind.VARIANT, variant_id), deleted=True)


async def create_image(session: StoreSession, product_id: UUID, data: ImageInput) -> ImageView:
    """Add an image at its position, or at the end. Raises NotFound, Conflict, ValidationFailed."""
    shape.check_image_url(data.url, "url")
    changes = await _open(session, product_id)
    images = changes.parts.images
    if len(images) >= MAX_IMAGES:
        raise ValidationFailed.field("images", f"a product has at most {MAX_IMAGES}")
    if any(image.url == data.url for image in images):
        raise Conflict("url: the product has this image already", field="url")
    gallery = [image_input(image) for image in images]
    gallery.insert((data.position or MAX_IMAGES) - 1, data)
    await changes.put_images(gallery)
    changes.tie([data], field="variant_ids")
    await changes.end()
    return _image(await settle(changes, "product.updated"), images[-1].id)


async def update_image(
    session: StoreSession, product_id: UUID, image_id: UUID, data: ImagePatch
) -> ImageView:
    """Change what is given of an image. Raises NotFound, Conflict, ValidationFailed."""
    changes = await _open(session, product_id)
    images = changes.parts.images
    row = _find_image(changes, image_id)
    if data.url is not UNSET:
        shape.check_image_url(data.url, "url")
        row.url = data.url
    if data.alt is not UNSET:
        row.alt = data.alt
    if data.position is not UNSET:
        _move(images, row, data.position)
    if data.variant_ids is not UNSET:
        for variant in changes.parts.variants:
            if variant.image_id == image_id:
                variant.image_id = None
        changes.tie([ImageInput(url=row.url, variant_ids=data.variant_ids)], field="variant_ids")
    if await changes.end():
        return _image(await settle(changes, "product.updated"), image_id)
    return _image(await changes.unchanged(), image_id)


async def delete_image(session: StoreSession, product_id: UUID, image_id: UUID) -> Deleted:
    """Take an image out of the gallery. Raises NotFound."""
    changes = await _open(session, product_id)
    row = _find_image(changes, image_id)
    await changes.drop_images([image_input(image) for image in changes.parts.images if image is not row])
    for position, image in enumerate(changes.parts.images, 1):
        image.position = position
    await changes.end()
    await settle(changes, "product.updated")
    return Deleted(id=ids.encode(Kind.IMAGE, image_id), deleted=True)


async def _open(session: StoreSession, product_id: UUID) -> Changes:
    row = await locked(session, product_id)
    changes = Changes(session, row, await writes.parts(session, product_id), is_new=False)
    await changes.begin()
    return changes


def _put_variant_fields(row: Variant, data: VariantPatch) -> None:
    if data.price is not UNSET:
        row.price = data.price
    if data.option_values is not UNSET:
        row.option_values = list(data.option_values)
    if data.sku is not UNSET:
        row.sku = data.sku or None
    if data.barcode is not UNSET:
        row.barcode = data.barcode or None
    if data.compare_at_price is not UNSET:
        row.compare_at_price = data.compare_at_price
    if data.weight_grams is not UNSET:
        row.weight_grams = data.weight_grams
    if data.taxable is not UNSET:
        row.taxable = data.taxable
    if data.kind is not UNSET:
        row.kind = data.kind.value
        row.requires_shipping = data.kind is VariantKind.PHYSICAL
    if data.requires_shipping is not UNSET:
        row.requires_shipping = data.requires_shipping


def _move(rows: list[Placed], row: Placed, position: int) -> None:
    rows.remove(row)
    rows.insert(position - 1, row)
    for number, each in enumerate(rows, 1):
        each.position = number


def _find_variant(changes: Changes, variant_id: UUID) -> Variant:
    for variant in changes.parts.variants:
        if variant.id == variant_id:
            return variant
    raise NotFound


def _find_image(changes: Changes, image_id: UUID) -> ProductImage:
    for image in changes.parts.images:
        if image.id == image_id:
            return image
    raise NotFound


def _variant(product: Product, variant_id: UUID) -> VariantView:
    public_id = ids.encode(Kind.VARIANT, variant_id)
    for variant in product.variants:
        if variant.id == public_id:
            return variant
    raise NotFound


def _image(product: Product, image_id: UUID) -> ImageView:
    public_id = ids.encode(Kind.IMAGE, image_id)
    for image in product.images:
        if image.id == public_id:
            return image
    raise NotFound
