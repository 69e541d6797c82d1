"""Verbs on one image of a product, and the edits of its gallery. Each is a change of the product, and its event says so."""

from collections.abc import Collection, Sequence
from typing import Final, TypeVar
from uuid import UUID

from msgspec import UNSET

from baas.core.db import StoreSession
from baas.core.errors import Conflict, NotFound, ValidationFailed
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.catalog import models
from baas.services.catalog.events import ProductEvent
from baas.services.catalog.schemas.images import ImageInput, ImagePatch, ImageView
from baas.services.catalog.schemas.limits import MAX_IMAGES
from baas.services.catalog.schemas.products import Deleted
from baas.services.catalog.service import validation
from baas.services.catalog.service.draft import Draft, finish, open_draft
from baas.services.catalog.service.fields import FieldMap
from baas.services.catalog.service.reading import shown_image
from baas.services.catalog.stock import StockPort

Placed = TypeVar("Placed", models.Variant, models.ProductImage)

FIELDS: Final = FieldMap(
    models.ProductImage,
    ImageInput,
    ImagePatch,
    rules={},
    # A position is one among others; which variants an image shows is kept with them.
    apart={"position", "variant_ids"},
)


# ------------------------------------------------------------------------------------------- edits


def moved(rows: list[Placed], row: Placed, position: int) -> None:
    """Put a row at a position from 1 on, and number them all."""
    if row in rows:
        rows.remove(row)
    rows.insert(position - 1, row)
    for number, each in enumerate(rows, 1):
        each.position = number


def new_image(draft: Draft, data: ImageInput) -> models.ProductImage:
    """A row for an image that the product does not have yet; it is in no place."""
    row = models.ProductImage(id=ids.new_id(), product_id=draft.product.id)
    FIELDS.put(row, data)
    return row


def join_image(draft: Draft, url: str, field: str) -> models.ProductImage:
    """The product's image of this address; one that is not there yet joins at the end. `field` names it in a refusal."""
    for image in draft.images:
        if image.url == url:
            return image
    validation.check_image_url(url, field)
    if len(draft.images) >= MAX_IMAGES:
        raise ValidationFailed.field("images", f"at most {MAX_IMAGES}")
    row = _taken_back(draft, url) or new_image(draft, ImageInput(url=url))
    row.position = max((image.position for image in draft.images), default=0) + 1
    draft.images.append(row)
    return row


def _taken_back(draft: Draft, url: str) -> models.ProductImage | None:
    """An image that was about to be deleted."""
    for row in draft.removed:
        if isinstance(row, models.ProductImage) and row.url == url:
            draft.removed.remove(row)
            return row
    return None


def replace_images(
    draft: Draft, images: Sequence[ImageInput], *, only: Collection[str] | None = None
) -> None:
    """Make these the product's images; one keeps its id when its address is known. Of present ones only the fields that
    `only` names are written. Raises ValidationFailed."""
    gallery = validation.check_gallery(images)
    present = {image.url: image for image in draft.images}
    urls = {image.url for image in gallery}
    draft.removed += [image for image in draft.images if image.url not in urls]
    draft.images.clear()
    for position, data in enumerate(gallery, 1):
        row = present.get(data.url)
        if row is None:
            row = new_image(draft, data)
        else:
            FIELDS.put(row, data, only)
        row.position = position
        draft.images.append(row)


def tie(draft: Draft, images: Sequence[ImageInput]) -> None:
    """Let the variants that each of these images names be shown by it; of several images the last of the gallery
    counts. Raises ValidationFailed."""
    rows = {image.url: image for image in draft.images}
    for number, image in sorted(enumerate(images), key=lambda pair: validation.place(pair[1])):
        _tie_one(draft, rows[image.url], image.variant_ids, f"images[{number}].variant_ids")


def _tie_one(draft: Draft, row: models.ProductImage, variant_ids: Sequence[str], field: str) -> None:
    variants = {ids.encode(Kind.VARIANT, variant.id): variant for variant in draft.variants}
    for name in variant_ids:
        variant = variants.get(name)
        if variant is None:
            raise ValidationFailed.field(field, f"{name[:80]!r} is no variant of this product")
        draft.show(variant, row)


# ------------------------------------------------------------------------------------------- verbs


async def create_image(
    session: StoreSession, stock: StockPort, product_id: UUID, data: ImageInput
) -> ImageView:
    """Add an image at its position, or at the end. Raises NotFound, Conflict, ValidationFailed."""
    validation.check_image_url(data.url, "url")
    draft = await open_draft(session, product_id)
    if len(draft.images) >= MAX_IMAGES:
        raise ValidationFailed.field("images", f"a product has at most {MAX_IMAGES}")
    if any(image.url == data.url for image in draft.images):
        raise Conflict("url: the product has this image already", field="url")
    row = new_image(draft, data)
    moved(draft.images, row, data.position or MAX_IMAGES)
    _tie_one(draft, row, data.variant_ids, "variant_ids")
    product, _ = await finish(draft, stock, ProductEvent.UPDATED)
    return shown_image(product, row.id)


async def update_image(
    session: StoreSession, stock: StockPort, product_id: UUID, image_id: UUID, data: ImagePatch
) -> ImageView:
    """Change what is given of an image. Raises NotFound, Conflict, ValidationFailed."""
    draft = await open_draft(session, product_id)
    row = _found(draft, image_id)
    if data.url is not UNSET:
        validation.check_image_url(data.url, "url")
    FIELDS.put(row, data)
    if data.position is not UNSET:
        moved(draft.images, row, data.position)
    if data.variant_ids is not UNSET:
        for variant in draft.variants:
            if draft.shown_by(variant) == image_id:
                draft.show(variant, None)
        _tie_one(draft, row, data.variant_ids, "variant_ids")
    product, _ = await finish(draft, stock, ProductEvent.UPDATED)
    return shown_image(product, image_id)


async def delete_image(session: StoreSession, stock: StockPort, product_id: UUID, image_id: UUID) -> Deleted:
    """Take an image out of the gallery. Raises NotFound."""
    draft = await open_draft(session, product_id)
    row = _found(draft, image_id)
    draft.images.remove(row)
    draft.removed.append(row)
    for position, image in enumerate(draft.images, 1):
        image.position = position
    await finish(draft, stock, ProductEvent.UPDATED)
    return Deleted(id=ids.encode(Kind.IMAGE, image_id), deleted=True)


def _found(draft: Draft, image_id: UUID) -> models.ProductImage:
    for image in draft.images:
        if image.id == image_id:
            return image
    raise NotFound
