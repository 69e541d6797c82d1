"""Verbs on one variant of a product, and the edits of variants. Each is a change of the product, and its event says so."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET

from baas.core.db import StoreSession
from baas.core.errors import Conflict, NotFound, ValidationFailed
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.catalog import models
from baas.services.catalog.events import ProductEvent
from baas.services.catalog.schemas.limits import MAX_VARIANTS
from baas.services.catalog.schemas.products import Deleted
from baas.services.catalog.schemas.stock import StartLevel, StartStock
from baas.services.catalog.schemas.variants import VariantInput, VariantKind, VariantPatch, VariantView
from baas.services.catalog.service import validation
from baas.services.catalog.service.draft import Draft, finish, open_draft
from baas.services.catalog.service.fields import FieldMap, blank, if_given
from baas.services.catalog.service.images import join_image, moved
from baas.services.catalog.service.reading import shown_variant
from baas.services.catalog.stock import StockPort

FIELDS: Final = FieldMap(
    models.Variant,
    VariantInput,
    VariantPatch,
    rules={"sku": blank, "barcode": blank, "requires_shipping": if_given},
    # The image is a row of its own, stock is inventory's, and a position is one among others.
    apart={"image_url", "on_hand", "position"},
)


# ------------------------------------------------------------------------------------------- edits


def put_variant(
    draft: Draft,
    row: models.Variant,
    data: VariantInput | VariantPatch,
    *,
    only: Collection[str] | None = None,
    field: str = "",
) -> None:
    """Write what is given into a variant, or of that what `only` names. `field` stands before names in a refusal."""
    FIELDS.put(row, data, only)
    row.name = validation.variant_name(row.option_values)
    if _says(data, "kind", only) and (data.requires_shipping is None or data.requires_shipping is UNSET):
        row.requires_shipping = data.kind is VariantKind.PHYSICAL
    if _says(data, "image_url", only):
        url = data.image_url or None
        draft.show(row, None if url is None else join_image(draft, url, f"{field}image_url"))


def _says(data: Any, name: str, only: Collection[str] | None) -> bool:
    return getattr(data, name) is not UNSET and (only is None or name in only)


def add_variant(
    draft: Draft, data: VariantInput, stock: StartStock | None = None, *, field: str = ""
) -> models.Variant:
    """Append a variant; the others stay as they are. `stock` says more of its stock than `on_hand` can."""
    start = stock or StartStock(data.on_hand is not None, data.on_hand or 0, continue_selling=False)
    row = models.Variant(
        id=ids.new_id(),
        product_id=draft.product.id,
        position=max((variant.position for variant in draft.variants), default=0) + 1,
        available=start.on_hand if start.tracked else None,
        in_stock=not start.tracked or start.continue_selling or start.on_hand > 0,
        created_at=draft.now,
        updated_at=draft.now,
    )
    put_variant(draft, row, data, field=field)
    draft.variants.append(row)
    draft.levels.append(StartLevel(row.id, start.tracked, start.on_hand, start.continue_selling))
    return row


def replace_variants(
    draft: Draft,
    inputs: Sequence[VariantInput],
    stock: Sequence[StartStock] | None,
    *,
    only: Collection[str] | None = None,
) -> None:
    """Make these the product's variants; one keeps its id when its values, or else its SKU, are known.

    `stock` is that of the new ones among them; without it, `on_hand` of a present one is refused. Of present ones only
    the fields that `only` names are written.
    """
    pairs = _match(draft.variants, inputs)
    kept = {row.id for _, row in pairs if row is not None}
    draft.removed += [row for row in draft.variants if row.id not in kept]
    draft.variants.clear()
    for number, (data, found) in enumerate(pairs):
        field = f"variants[{number}]."
        if found is None:
            row = add_variant(draft, data, stock[number] if stock is not None else None, field=field)
        elif stock is None and data.on_hand is not None:
            raise ValidationFailed.field(
                f"{field}on_hand", "this variant is there already; set its stock at /admin/inventory"
            )
        else:
            row = found
            put_variant(draft, row, data, only=only, field=field)
            draft.variants.append(row)
        row.position = number + 1


def _match(
    present: Sequence[models.Variant], inputs: Sequence[VariantInput]
) -> list[tuple[VariantInput, models.Variant | None]]:
    by_key = {validation.variant_key(variant.option_values): variant for variant in present}
    found = [by_key.pop(validation.variant_key(data.option_values), None) for data in inputs]
    by_sku = {variant.sku: variant for variant in by_key.values() if variant.sku}
    return [
        (data, row or (by_sku.pop(data.sku, None) if data.sku else None))
        for data, row in zip(inputs, found, strict=True)
    ]


def _put_options(draft: Draft, row: models.Variant) -> None:
    """Let the options follow a variant that came or changed; what is wrong with it is named by its own field."""
    try:
        draft.put_options()
    except ValidationFailed as refusal:
        prefix = f"variants[{draft.variants.index(row)}]."
        for field, reason in refusal.details.get("fields", {}).items():
            if field.startswith(prefix):
                raise ValidationFailed.field(field.removeprefix(prefix), reason) from None
        raise


# ------------------------------------------------------------------------------------------- verbs


async def create_variant(
    session: StoreSession, stock: StockPort, product_id: UUID, data: VariantInput
) -> VariantView:
    """Add a variant at the end; no other is touched. Raises NotFound, Conflict, ValidationFailed."""
    draft = await open_draft(session, product_id)
    if len(draft.variants) >= MAX_VARIANTS:
        raise ValidationFailed.field("variants", f"a product has at most {MAX_VARIANTS}")
    row = add_variant(draft, data)
    _put_options(draft, row)
    product, _ = await finish(draft, stock, ProductEvent.UPDATED)
    return shown_variant(product, row.id)


async def update_variant(
    session: StoreSession, stock: StockPort, product_id: UUID, variant_id: UUID, data: VariantPatch
) -> VariantView:
    """Change what is given of a variant. Raises NotFound, Conflict, ValidationFailed."""
    draft = await open_draft(session, product_id)
    row = _found(draft, variant_id)
    put_variant(draft, row, data)
    if data.option_values is not UNSET:
        _put_options(draft, row)
    if data.position is not UNSET:
        moved(draft.variants, row, data.position)
    product, _ = await finish(draft, stock, ProductEvent.UPDATED)
    return shown_variant(product, variant_id)


async def delete_variant(
    session: StoreSession, stock: StockPort, product_id: UUID, variant_id: UUID
) -> Deleted:
    """Delete a variant; the last one of a product cannot be. Raises NotFound, Conflict."""
    draft = await open_draft(session, product_id)
    row = _found(draft, variant_id)
    if len(draft.variants) == 1:
        raise Conflict("A product has at least one variant; delete the product instead.", field="variant_id")
    draft.variants.remove(row)
    draft.removed.append(row)
    draft.put_options()
    await finish(draft, stock, ProductEvent.UPDATED)
    return Deleted(id=ids.encode(Kind.VARIANT, variant_id), deleted=True)


def _found(draft: Draft, variant_id: UUID) -> models.Variant:
    for variant in draft.variants:
        if variant.id == variant_id:
            return variant
    raise NotFound
