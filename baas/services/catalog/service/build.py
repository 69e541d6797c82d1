"""Putting the parts of a product in place: what is there is kept and changed, the rest comes or goes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import UNSET

from baas.core.db import StoreSession, sqlstate, violated
from baas.core.errors import Conflict, ValidationFailed
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.catalog.models import Product as ProductRow
from baas.services.catalog.models import ProductCategory, ProductImage, ProductOption, Variant
from baas.services.catalog.repository import writes
from baas.services.catalog.repository.views import views as views_of
from baas.services.catalog.repository.writes import Parts
from baas.services.catalog.schemas import ImageInput, Product, StartLevel, StartStock, VariantInput
from baas.services.catalog.service import shape
from baas.services.catalog.service.refresh import shown

_UNIQUE_VIOLATION = "23505"
_FIELDS = {
    "uq_products_store_id_handle": ("handle", "another product has this handle"),
    "uq_variants_store_id_sku": ("sku", "another variant has this SKU"),
    "uq_product_images_store_id_product_id_url": ("url", "the product has this image already"),
    "uq_categories_store_id_slug": ("slug", "another category has this slug"),
}


class Changes:
    """One change of one product: writes it in the order that foreign keys ask for, and knows if it was one."""

    def __init__(self, session: StoreSession, product: ProductRow, parts: Parts, *, is_new: bool) -> None:
        self.session = session
        self.product = product
        self.parts = parts
        self.now: datetime = clock.now(session.scope)
        self._is_new = is_new
        self.made = is_new
        """Whether anything is different from before."""
        self.levels: list[StartLevel] = []

    async def begin(self) -> None:
        """Let uniqueness be checked at the end: rows may trade their SKUs."""
        await self.session.execute("set constraints all deferred")

    async def write(self) -> None:
        """Send what was changed so far."""
        session = self.session
        for row in session.dirty:
            if session.is_modified(row):
                self.made = True
                if isinstance(row, Variant):
                    row.updated_at = self.now
        self.made = self.made or bool(session.new) or bool(session.deleted)
        try:
            await session.flush()
        except Exception as error:
            raise named(error) from error

    async def end(self) -> bool:
        """Check uniqueness now; answers whether anything is different. Raises Conflict."""
        await self.write()
        if self.made and not self._is_new:
            self.product.updated_at = self.now
            await self.write()
        try:
            await self.session.execute("set constraints all immediate")
        except Exception as error:
            raise named(error) from error
        return self.made

    async def unchanged(self) -> Product:
        """The product as it was, for an answer to a change that changed nothing."""
        views = await views_of(self.session, [self.product.id])
        return (await shown(self.session, views))[self.product.id]

    async def put_options(self, options: Sequence[tuple[str, list[str]]]) -> None:
        """Make these the product's options, by position."""
        present = self.parts.options
        for position, (name, values) in enumerate(options, 1):
            if position <= len(present):
                row = present[position - 1]
                row.name, row.values, row.position = name, values, position
            else:
                row = ProductOption(
                    id=ids.new_id(), product_id=self.product.id, name=name, values=values, position=position
                )
                self.session.add(row)
                present.append(row)
        for row in present[len(options) :]:
            await self.session.delete(row)
        del present[len(options) :]

    async def put_images(self, gallery: Sequence[ImageInput]) -> None:
        """Make these the product's images, by address. Removed ones stay until `drop_images`; `tie` comes after
        the variants are in place."""
        by_url = {image.url: image for image in self.parts.images}
        for position, image in enumerate(gallery, 1):
            row = by_url.get(image.url)
            if row is None:
                row = ProductImage(id=ids.new_id(), product_id=self.product.id, url=image.url)
                self.session.add(row)
                self.parts.images.append(row)
            row.alt, row.position = image.alt, position
        await self.write()

    def tie(self, gallery: Sequence[ImageInput], *, field: str = "images[{number}].variant_ids") -> None:
        """Let the variants that an image names show it. `field` names it in a refusal."""
        rows = {image.url: image for image in self.parts.images}
        variants = {variant.id: variant for variant in self.parts.variants}
        for number, image in enumerate(gallery):
            for name in image.variant_ids:
                variant = variants.get(ids.try_decode(Kind.VARIANT, name) or UUID(int=0))
                if variant is None:
                    raise ValidationFailed.field(
                        field.format(number=number), f"{name[:80]!r} is no variant of this product"
                    )
                variant.image_id = rows[image.url].id

    async def drop_images(self, kept: Sequence[ImageInput]) -> None:
        """Delete the images that are not among these."""
        urls = {image.url for image in kept}
        gone = [image for image in self.parts.images if image.url not in urls]
        gone_ids = {image.id for image in gone}
        for variant in self.parts.variants:
            if variant.image_id in gone_ids:
                variant.image_id = None
        await self.write()
        for image in gone:
            await self.session.delete(image)
        self.parts.images[:] = [image for image in self.parts.images if image.url in urls]

    async def put_variants(
        self, inputs: Sequence[VariantInput], stock: Sequence[StartStock] | None, *, stock_of_new_only: bool
    ) -> None:
        """Make these the product's variants; one keeps its id when its values, or else its SKU, are known.

        Stock that is given is that of new variants; of present ones it is refused, or left aside with
        `stock_of_new_only`.
        """
        pairs = self._match(inputs)
        images = {image.url: image.id for image in self.parts.images}
        kept = {row.id for _, row in pairs if row is not None}
        for variant in self.parts.variants:
            if variant.id not in kept:
                await self.session.delete(variant)
        rows = []
        for number, (data, found) in enumerate(pairs):
            if found is not None and data.on_hand is not None and not stock_of_new_only:
                raise ValidationFailed.field(
                    f"variants[{number}].on_hand",
                    "this variant is there already; set its stock at /admin/inventory",
                )
            row = found or self._new_variant(data, stock[number] if stock is not None else None)
            row.name = shape.variant_name(data.option_values)
            row.option_values = list(data.option_values)
            row.sku = data.sku or None
            row.barcode = data.barcode or None
            row.price, row.compare_at_price = data.price, data.compare_at_price
            row.weight_grams, row.taxable, row.kind = data.weight_grams, data.taxable, data.kind.value
            row.requires_shipping = shape.requires_shipping(data.requires_shipping, data.kind)
            row.position = number + 1
            if data.image_url is not UNSET:
                row.image_id = images[data.image_url] if data.image_url is not None else None
            rows.append(row)
        self.parts.variants[:] = rows

    def _match(self, inputs: Sequence[VariantInput]) -> list[tuple[VariantInput, Variant | None]]:
        by_key = {shape.variant_key(variant.option_values): variant for variant in self.parts.variants}
        found = [by_key.pop(shape.variant_key(data.option_values), None) for data in inputs]
        by_sku = {variant.sku: variant for variant in by_key.values() if variant.sku}
        return [
            (data, row or (by_sku.pop(data.sku, None) if data.sku else None))
            for data, row in zip(inputs, found, strict=True)
        ]

    def _new_variant(self, data: VariantInput, stock: StartStock | None) -> Variant:
        start = stock or StartStock(data.on_hand is not None, data.on_hand or 0, continue_selling=False)
        row = Variant(
            id=ids.new_id(),
            product_id=self.product.id,
            available=start.on_hand if start.tracked else None,
            in_stock=not start.tracked or start.continue_selling or start.on_hand > 0,
            created_at=self.now,
            updated_at=self.now,
        )
        self.session.add(row)
        self.levels.append(StartLevel(row.id, start.tracked, start.on_hand, start.continue_selling))
        return row

    async def put_categories(self, category_ids: Sequence[UUID]) -> None:
        """Put the product into these categories and no others."""
        present: Mapping[UUID, ProductCategory] = {row.category_id: row for row in self.parts.categories}
        for position, category_id in enumerate(category_ids, 1):
            row = present.get(category_id)
            if row is None:
                row = ProductCategory(product_id=self.product.id, category_id=category_id)
                self.session.add(row)
            row.position = position
        for category_id, row in present.items():
            if category_id not in category_ids:
                await self.session.delete(row)


async def categories_of(session: StoreSession, refs: Sequence[str]) -> list[UUID]:
    """The categories that ids or slugs name, in their order. Raises ValidationFailed for one that is not there."""
    wanted = {ref: ids.try_decode(Kind.CATEGORY, ref) for ref in refs}
    found = await writes.categories_by_ref(
        session,
        [identity for identity in wanted.values() if identity is not None],
        [ref for ref, identity in wanted.items() if identity is None],
    )
    by_ref = {ref: row.id for row in found for ref in (row.slug, ids.encode(Kind.CATEGORY, row.id))}
    for number, ref in enumerate(refs):
        if ref not in by_ref:
            raise ValidationFailed.field(
                f"categories[{number}]", f"{ref[:80]!r} is no category of this store"
            )
    return list(dict.fromkeys(by_ref[ref] for ref in refs))


def named(error: Exception) -> Exception:
    """The refusal that a broken uniqueness means, or the error itself."""
    if sqlstate(error) != _UNIQUE_VIOLATION:
        return error
    field, reason = _FIELDS.get(violated(error) or "", ("", "something with the same key is there already"))
    return Conflict(f"{field}: {reason}" if field else reason, field=field)
