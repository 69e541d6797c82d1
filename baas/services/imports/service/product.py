"""One product of a file, brought into the catalogue: whole, or not at all with the reason."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from baas.core.db import StoreSession
from baas.core.errors import AppError, PlanLimitExceeded
from baas.core.serving.decoding import explain
from baas.services.catalog import service as catalog
from baas.services.catalog.schemas import CreateProduct, ProductPatch, StartStock, VariantKind
from baas.services.imports import repository
from baas.services.imports.parsed import Group, ParsedProduct, ParsedVariant
from baas.services.imports.schemas import Outcome, Problem, Result
from baas.services.inventory.service import CatalogStock

STOCK: Final = CatalogStock()


async def import_group(session: StoreSession, import_id: UUID, group: Group) -> Result | None:
    """Bring one product in and note what became of it; None when that was done before.

    The import's row is locked first, so two workers that both believe to own it take turns.
    """
    earlier = await repository.rows_of_handle(session, import_id, group.handle) if group.handle else []
    if group.row in earlier:
        return None
    if earlier:
        outcome, problems = Outcome.FAILED, [_repeated(group, earlier[0])]
    elif group.product is None:
        outcome, problems = Outcome.FAILED, list(group.problems)
    else:
        outcome, problems = await _attempt(session, group, group.product)
    # What one product left in the session is of no use to the next.
    session.expunge_all()
    result = Result(group.row, group.rows, group.handle, outcome, tuple(problems))
    await repository.add_result(session, import_id, result)
    return result


async def _attempt(
    session: StoreSession, group: Group, product: ParsedProduct
) -> tuple[Outcome, list[Problem]]:
    problems = list(group.problems)
    try:
        async with session.savepoint():
            return await _put(session, group, product, problems), problems
    except msgspec.ValidationError as error:
        refusal: AppError = explain(error)
        code = "invalid_value"
    except PlanLimitExceeded as error:
        refusal, code = error, error.code
    except AppError as error:
        refusal, code = error, "invalid_value" if error.status == 422 else error.code
    return Outcome.FAILED, [*problems, Problem(group.row, group.handle, code, refusal.message)]


async def _put(
    session: StoreSession, group: Group, product: ParsedProduct, problems: list[Problem]
) -> Outcome:
    product_id = await catalog.find_by_handle(session, group.handle)
    variants = await _without_taken_skus(session, group, product.variants, product_id, problems)
    fields = _fields(product, variants)
    start = [StartStock(variant.tracked, variant.on_hand, variant.continue_selling) for variant in variants]
    slug = None
    if product.category is not UNSET:
        slug = await catalog.category_of_path(session, product.category)
    if product_id is None:
        if slug is not None:
            fields["categories"] = [slug]
        data = msgspec.convert({**fields, "handle": group.handle}, CreateProduct)
        await catalog.create_product(session, STOCK, data, start=start)
        return Outcome.CREATED
    present = await catalog.get_product(session, STOCK, product_id)
    # Categories that staff put it into stay.
    if slug is not None and slug not in {category.slug for category in present.categories}:
        fields["categories"] = [*(category.id for category in present.categories), slug]
    if "seo" in fields:
        fields["seo"] = msgspec.to_builtins(present.seo) | fields["seo"]
    # D-019: `start` is for variants that are new; an import never moves the stock of what exists.
    patch = msgspec.convert(fields, ProductPatch)
    _, changed = await catalog.update_product(
        session,
        STOCK,
        product_id,
        patch,
        start=start,
        variant_fields=product.variant_fields,
        image_fields=product.image_fields,
    )
    return Outcome.UPDATED if changed else Outcome.SKIPPED


async def _without_taken_skus(
    session: StoreSession,
    group: Group,
    variants: Sequence[ParsedVariant],
    product_id: UUID | None,
    problems: list[Problem],
) -> list[ParsedVariant]:
    """The variants, those without their SKU whose SKU another product has: Shopify allows it, we do not."""
    taken = await catalog.taken_skus(
        session, [variant.sku for variant in variants if variant.sku], except_product=product_id
    )
    kept = []
    for variant in variants:
        if variant.sku in taken:
            message = f"SKU {variant.sku[:80]!r} is that of another product; imported without it."
            problems.append(Problem(variant.row, group.handle, "duplicate_sku", message))
            kept.append(msgspec.structs.replace(variant, sku=""))
        else:
            kept.append(variant)
    return kept


def _fields(product: ParsedProduct, variants: Sequence[ParsedVariant]) -> dict[str, Any]:
    """The product as the API would be sent it; what the file has no column for is left out."""
    fields: dict[str, Any] = {
        "name": product.name,
        "options": [{"name": name} for name in product.options],
        "variants": [_variant(variant) for variant in variants],
    }
    for name in ("status", "description", "vendor", "product_type"):
        if (value := getattr(product, name)) is not UNSET:
            fields[name] = value
    if product.tags is not UNSET:
        fields["tags"] = list(product.tags)
    if "url" in product.image_fields:
        fields["images"] = [{"url": image.url, "alt": image.alt} for image in product.images]
    seo = {"title": product.seo_title, "description": product.seo_description}
    if given := {name: value for name, value in seo.items() if value is not UNSET}:
        fields["seo"] = given
    return fields


def _variant(variant: ParsedVariant) -> dict[str, Any]:
    kind = VariantKind.PHYSICAL if variant.requires_shipping else VariantKind.DIGITAL
    return {
        "price": variant.price,
        "option_values": list(variant.option_values),
        "sku": variant.sku or None,
        "barcode": variant.barcode or None,
        "compare_at_price": variant.compare_at_price,
        "weight_grams": variant.weight_grams,
        "requires_shipping": variant.requires_shipping,
        "taxable": variant.taxable,
        "kind": kind.value,
        "image_url": variant.image_url or None,
    }


def _repeated(group: Group, first_row: int) -> Problem:
    message = f"The rows of this handle must follow one another; row {first_row} began it. These rows were left out."
    return Problem(group.row, group.handle, "handle_repeated", message)
