"""What an importer makes of a file, whatever its format: products by handle, and what was wrong with them."""

from typing import Final

import msgspec

from baas.services.catalog.schemas import ProductStatus
from baas.services.imports.schemas import Problem

NOTES: Final = frozenset(
    {
        "duplicate_image",
        "duplicate_sku",
        "gift_card",
        "invalid_image_url",
        "negative_quantity",
        "option_name_changed",
    }
)
"""Codes of problems that are only told: the product is imported without the thing that was wrong."""


class ParsedImage(msgspec.Struct, frozen=True):
    """One picture of the gallery, in its order."""

    url: str
    alt: str


class ParsedVariant(msgspec.Struct, frozen=True):
    """One thing that is sold."""

    row: int
    option_values: tuple[str, ...]
    """One for each option of the product; empty when it has none."""
    sku: str
    barcode: str
    price: int
    """Minor units of the store's currency."""
    compare_at_price: int | None
    weight_grams: int
    requires_shipping: bool
    taxable: bool
    tracked: bool
    """False when the tracker is blank: then the quantity says nothing."""
    on_hand: int
    continue_selling: bool
    image_url: str


class ParsedProduct(msgspec.Struct, frozen=True):
    """One product as the file describes it. A field whose column the file lacks is UNSET."""

    name: str
    status: ProductStatus | msgspec.UnsetType
    options: tuple[str, ...]
    variants: tuple[ParsedVariant, ...]
    images: tuple[ParsedImage, ...]
    variant_fields: frozenset[str]
    """The fields of the catalogue's variants that the file has a column for; others of present variants stay."""
    image_fields: frozenset[str]
    """The same for images; without `url` the file says nothing of them."""
    description: str | msgspec.UnsetType
    vendor: str | msgspec.UnsetType
    product_type: str | msgspec.UnsetType
    tags: tuple[str, ...] | msgspec.UnsetType
    category: tuple[str, ...] | msgspec.UnsetType
    """The path from the root, such as `("Mate", "Bombillas")`."""
    seo_title: str | msgspec.UnsetType
    seo_description: str | msgspec.UnsetType


class Group(msgspec.Struct, frozen=True):
    """The rows of one handle: the product they make, or None when a problem forbids it."""

    handle: str
    row: int
    """The first row."""
    rows: int
    product: ParsedProduct | None
    problems: tuple[Problem, ...]
