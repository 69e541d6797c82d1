"""Rows of the catalogue as they are answered: to staff and in events, to storefronts, and to the search.

A field that a row and its answer share is carried over by its name.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from baas.core.values.ids import Kind, encode
from baas.services.catalog.schemas.categories import Category, CategoryFields, CategoryNode, CategoryRef
from baas.services.catalog.schemas.images import ImageView
from baas.services.catalog.schemas.products import (
    OptionView,
    PriceRange,
    Product,
    SeoView,
    WholeProduct,
)
from baas.services.catalog.schemas.stock import Availability
from baas.services.catalog.schemas.variants import VariantView


def shared(answer: type[msgspec.Struct], row: Any) -> dict[str, Any]:
    """The fields of an answer that a row has, too, as they are in the row."""
    return {name: getattr(row, name) for name in answer.__struct_fields__ if hasattr(row, name)}


def for_staff(whole: WholeProduct, currency: str, stock: Mapping[UUID, Availability]) -> Product:
    """A product as staff and events see it, with stock as `stock` knows it."""

    def available(variant: Any) -> Availability:
        return stock.get(variant.id) or Availability(variant.available, variant.in_stock)

    return _product(whole, currency, available, shows_hidden=True)


def for_storefront(whole: WholeProduct, currency: str) -> Product:
    """A product as storefronts see it. `available` is left to those who know whether the store shows it."""

    def available(variant: Any) -> Availability:
        return Availability(None, variant.in_stock)

    return _product(whole, currency, available, shows_hidden=False)


def _product(
    whole: WholeProduct, currency: str, available: Callable[[Any], Availability], *, shows_hidden: bool
) -> Product:
    row = whole.product
    variants = [
        VariantView(
            **asdict(variant)
            | asdict(available(variant))
            | {"id": encode(Kind.VARIANT, variant.id), "image_id": _public(Kind.IMAGE, variant.image_id)}
        )
        for variant in whole.variants
    ]
    shown_by: dict[str | None, list[str]] = {}
    for variant in variants:
        shown_by.setdefault(variant.image_id, []).append(variant.id)
    images = [
        ImageView(**asdict(image) | {"id": public_id, "variant_ids": shown_by.get(public_id, [])})
        for image in whole.images
        for public_id in (encode(Kind.IMAGE, image.id),)
    ]
    return Product(
        **shared(Product, row)
        | {"id": encode(Kind.PRODUCT, row.id), "metadata": row.metadata if shows_hidden else UNSET},
        options=[OptionView(**asdict(option)) for option in whole.options],
        variants=variants,
        images=images,
        price_range=price_range(whole),
        currency=currency,
        categories=[
            CategoryRef(**shared(CategoryRef, category) | {"id": encode(Kind.CATEGORY, category.id)})
            for category in whole.categories
            if category.is_active or shows_hidden
        ],
        seo=SeoView(**{name: getattr(row, f"seo_{name}") for name in SeoView.__struct_fields__}),
        in_stock=any(variant.in_stock for variant in variants),
    )


def price_range(whole: WholeProduct) -> PriceRange:
    """The cheapest and the dearest variant; both zero while there is none."""
    prices = [variant.price for variant in whole.variants] or [0]
    return PriceRange(min=min(prices), max=max(prices))


def in_stock(whole: WholeProduct) -> bool:
    """Whether any variant can be bought, by the variants' own columns."""
    return any(variant.in_stock for variant in whole.variants)


class Words(msgspec.Struct, frozen=True):
    """The texts that a search finds a product by, from the weightiest to the lightest; codes are met as they are."""

    title: str
    labels: str
    body: str
    codes: list[str]


def words(whole: WholeProduct) -> Words:
    """What a search finds the product by. The body is HTML."""
    row = whole.product
    labels = [row.vendor, row.product_type, *row.tags]
    labels += [value for option in whole.options for value in option.values]
    labels += [category.name for category in whole.categories]
    codes = [code for variant in whole.variants for code in (variant.sku, variant.barcode) if code]
    return Words(
        title=row.name,
        labels=" . ".join(label for label in labels if label),
        body=row.description,
        codes=[*codes, row.handle],
    )


def category(row: Any) -> Category:
    """A category as staff sees it."""
    return Category(**shared(Category, row) | _category_ids(row))


def category_node(row: CategoryFields[UUID], children: list[CategoryNode]) -> CategoryNode:
    """A category as storefronts see it."""
    return CategoryNode(**shared(CategoryFields, row) | _category_ids(row), children=children)


def _category_ids(row: Any) -> dict[str, str | None]:
    return {"id": encode(Kind.CATEGORY, row.id), "parent_id": _public(Kind.CATEGORY, row.parent_id)}


def _public(kind: Kind, identity: UUID | None) -> str | None:
    return None if identity is None else encode(kind, identity)
