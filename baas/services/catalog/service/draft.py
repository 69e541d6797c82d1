"""One product while it is changed, in memory, and the one way in which a change of it is written.

`open_draft` locks a product and reads it, `Draft` and the edits of `variants` and `images` change its rows, in any
order, and `finish` writes what is different and does all that follows from it. Nothing is asked of the database in
between, so half a change is never sent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from baas.core.db import StoreSession, sqlstate, violated
from baas.core.errors import Conflict, NotFound, ValidationFailed
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.outbox import emit
from baas.services.catalog import models
from baas.services.catalog.events import ProductEvent
from baas.services.catalog.repository import documents, queries
from baas.services.catalog.repository.queries import Parts
from baas.services.catalog.schemas.products import OptionInput, Product
from baas.services.catalog.schemas.stock import StartLevel
from baas.services.catalog.service import validation
from baas.services.catalog.service.derived import changed, refresh, shown
from baas.services.catalog.stock import StockPort
from baas.tenants import audit

_UNIQUE_VIOLATION = "23505"
_FIELDS = {
    "uq_products_store_id_handle": ("handle", "another product has this handle"),
    "uq_variants_store_id_sku": ("sku", "another variant has this SKU"),
    "uq_product_images_store_id_product_id_url": ("url", "the product has this image already"),
    "uq_categories_store_id_slug": ("slug", "another category has this slug"),
}


class Draft:
    """A product's rows while they are changed. New rows stand in the lists; `remove` takes one out and deletes it."""

    def __init__(self, session: StoreSession, product: models.Product, parts: Parts) -> None:
        self.session = session
        self.product = product
        self.options = parts.options
        self.variants = parts.variants
        self.images = parts.images
        self.categories = parts.categories
        self.now: datetime = clock.now(session.scope)
        self.levels: list[StartLevel] = []
        """Stock that new variants start with."""
        self.removed: list[Any] = []
        self._shown: dict[models.Variant, models.ProductImage | None] = {}

    def show(self, variant: models.Variant, image: models.ProductImage | None) -> None:
        """Let the variant be shown by this image, or by none."""
        self._shown[variant] = image

    def shown_by(self, variant: models.Variant) -> UUID | None:
        """The image that shows the variant."""
        image = self._shown.get(variant)
        return image.id if image is not None else None if variant in self._shown else variant.image_id

    def put_options(self, options: Sequence[OptionInput] | None = None) -> None:
        """Make these the product's options, with all values that its variants have; without any, keep the present ones
        with those of their values that variants still have. Raises ValidationFailed."""
        values = [variant.option_values for variant in self.variants]
        checked = validation.check_options(self._used_options() if options is None else options, values)
        for position, (name, known) in enumerate(checked, 1):
            if position > len(self.options):
                self.options.append(models.ProductOption(id=ids.new_id(), product_id=self.product.id))
            row = self.options[position - 1]
            row.name, row.values, row.position = name, known, position
        self.removed += self.options[len(checked) :]
        del self.options[len(checked) :]

    def _used_options(self) -> list[OptionInput]:
        used = [
            {variant.option_values[index] for variant in self.variants if index < len(variant.option_values)}
            for index in range(len(self.options))
        ]
        return [
            OptionInput(name=option.name, values=[value for value in option.values if value in used[index]])
            for index, option in enumerate(self.options)
        ]

    def put_categories(self, category_ids: Sequence[UUID]) -> None:
        """Put the product into these categories and no others."""
        present: Mapping[UUID, models.ProductCategory] = {row.category_id: row for row in self.categories}
        self.removed += [row for row in self.categories if row.category_id not in category_ids]
        self.categories[:] = [
            present.get(category_id)
            or models.ProductCategory(product_id=self.product.id, category_id=category_id)
            for category_id in category_ids
        ]
        for position, row in enumerate(self.categories, 1):
            row.position = position

    async def save(self) -> bool:
        """Write what is different from before; answers whether anything is. Raises Conflict for what is taken."""
        try:
            return await self._save()
        except Exception as error:
            raise named(error) from error

    async def _save(self) -> bool:
        session = self.session
        # Uniqueness is checked at the end, for rows may trade their SKUs. Said past the session, which would first write.
        await (await session.connection()).exec_driver_sql("set constraints all deferred")
        # First what other rows refer to.
        session.add_all([self.product, *self.options, *self.images])
        is_changed = self._touch()
        await session.flush()
        self._tie()
        session.add_all([*self.variants, *self.categories])
        for row in self.removed:
            if row in session:
                await session.delete(row)
        is_changed = self._touch() or is_changed
        await session.flush()
        await session.execute("set constraints all immediate")
        return is_changed

    def _tie(self) -> None:
        """Let each variant refer to the image that shows it, now that all images are there."""
        gone = {row.id for row in self.removed if isinstance(row, models.ProductImage)}
        for variant in self.variants:
            image_id = self.shown_by(variant)
            variant.image_id = None if image_id in gone else image_id

    def _touch(self) -> bool:
        """Whether the session has anything to write; then the product, and each variant that is, was changed now."""
        session = self.session
        modified = [row for row in session.dirty if session.is_modified(row)]
        if not (modified or session.new or session.deleted):
            return False
        for row in (self.product, *modified):
            if isinstance(row, models.Product | models.Variant):
                row.updated_at = self.now
        return True


async def open_draft(session: StoreSession, product_id: UUID) -> Draft:
    """The product, locked, to be changed. Raises NotFound."""
    row = await locked(session, product_id)
    return Draft(session, row, await queries.parts(session, product_id))


async def locked(session: StoreSession, product_id: UUID) -> models.Product:
    """The product's row, locked. Raises NotFound."""
    row = await queries.product_for_update(session, product_id)
    if row is None:
        raise NotFound
    return row


async def finish(draft: Draft, stock: StockPort, event: ProductEvent) -> tuple[Product, bool]:
    """Write a change of a product with all that follows from it: what is derived, the stock of new variants, the event,
    the audit line and the version of the catalogue.

    Answers the product as staff sees it now, and whether anything is different from before; nothing follows when
    nothing is. Raises Conflict for what another product or variant has.
    """
    session, product_id = draft.session, draft.product.id
    if not await draft.save():
        products = await documents.whole_products(session, [product_id])
        return (await shown(session, stock, products))[product_id], False
    if draft.levels:
        await stock.start(session, draft.levels)
    product = (await shown(session, stock, await refresh(session, [product_id])))[product_id]
    await emit(session, event, subject=product.id, data=product)
    await audit.record(
        session, event.value, subject=product.id, new={"name": product.name, "handle": product.handle}
    )
    changed(session)
    return product, True


async def categories_of(session: StoreSession, refs: Sequence[str]) -> list[UUID]:
    """The categories that ids or slugs name, in their order. Raises ValidationFailed for one that is not there."""
    wanted = {ref: ids.try_decode(Kind.CATEGORY, ref) for ref in refs}
    found = await queries.categories_by_ref(
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
