"""Products as they are sent, stored and answered, with all that belongs to them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.services.catalog.schemas.categories import CategoryRef, CategoryRefRow
from baas.services.catalog.schemas.images import ImageInput, ImageRow, ImageView
from baas.services.catalog.schemas.limits import (
    MAX_IMAGES,
    MAX_OPTIONS,
    MAX_VARIANTS,
    CategoryRefs,
    Description,
    Handle,
    Label,
    Name,
    Tags,
)
from baas.services.catalog.schemas.variants import Key, VariantInput, VariantRow, VariantView


class ProductStatus(StrEnum):
    """Storefronts see active products only."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class Sort(StrEnum):
    """The order of a product list. A product's price is that of its cheapest variant."""

    RELEVANCE = "relevance"
    PRICE = "price"
    PRICE_DOWN = "-price"
    CREATED = "created_at"
    CREATED_DOWN = "-created_at"
    NAME = "name"


class Seo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What search engines show."""

    title: Label = ""
    description: Annotated[
        str, Meta(max_length=1000, examples=["Calabaza forrada en cuero, con virola de alpaca."])
    ] = ""


class OptionInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An option, such as Colour. Values are those of the variants; listed here they get this order."""

    name: Annotated[Name, Meta(examples=["Color"])]
    values: Annotated[list[Name], Meta(max_length=MAX_VARIANTS)] = []


class CreateProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product with all that belongs to it."""

    name: Name
    variants: Annotated[list[VariantInput], Meta(min_length=1, max_length=MAX_VARIANTS)]
    handle: Handle | None = None
    """The product's part of an address; made from the name unless given."""
    description: Annotated[
        Description, Meta(examples=["<p>Calabaza forrada en cuero, virola de alpaca cincelada.</p>"])
    ] = ""
    status: ProductStatus = ProductStatus.ACTIVE
    vendor: Label = ""
    product_type: Label = ""
    tags: Tags = []
    options: Annotated[list[OptionInput], Meta(max_length=MAX_OPTIONS)] = []
    images: Annotated[list[ImageInput], Meta(max_length=MAX_IMAGES)] = []
    categories: CategoryRefs = []
    seo: Seo = Seo()
    metadata: dict[str, Any] = {}
    """Anything of the client's own, up to 16 KiB; storefronts do not see it."""


class ProductPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a product; absent fields stay as they are.

    `variants` and `images` replace the whole list: a variant keeps its id when its option values, or
    else its SKU, are those of a present one.
    """

    name: Annotated[Name | UnsetType, Meta(examples=["Mate imperial de calabaza"])] = UNSET
    handle: Handle | UnsetType = UNSET
    description: Annotated[
        Description | UnsetType,
        Meta(examples=["<p>Calabaza forrada en cuero, virola de alpaca cincelada.</p>"]),
    ] = UNSET
    status: ProductStatus | UnsetType = UNSET
    vendor: Label | UnsetType = UNSET
    product_type: Label | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    options: Annotated[list[OptionInput], Meta(max_length=MAX_OPTIONS)] | UnsetType = UNSET
    variants: Annotated[list[VariantInput], Meta(min_length=1, max_length=MAX_VARIANTS)] | UnsetType = UNSET
    images: Annotated[list[ImageInput], Meta(max_length=MAX_IMAGES)] | UnsetType = UNSET
    categories: CategoryRefs | UnsetType = UNSET
    seo: Seo | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class SeoView(msgspec.Struct, frozen=True):
    """What search engines show."""

    title: str
    description: Annotated[str, Meta(examples=["Calabaza forrada en cuero, con virola de alpaca."])]


class OptionView(msgspec.Struct, frozen=True):
    """An option and its values, in their order."""

    name: Annotated[str, Meta(examples=["Color"])]
    values: list[str]


class OptionRow(msgspec.Struct, frozen=True, array_like=True):
    """An option as the database answers it."""

    name: str
    values: list[str]


class PriceRange(msgspec.Struct, frozen=True):
    """The cheapest and the dearest variant."""

    min: int
    max: int


class ProductFields(msgspec.Struct, Generic[Key], frozen=True):
    """What describes a product, with an id of one kind or the other. Every field is a column of `products`."""

    id: Key
    handle: str
    name: str
    description: Annotated[
        str, Meta(examples=["<p>Calabaza forrada en cuero, virola de alpaca cincelada.</p>"])
    ]
    status: ProductStatus
    vendor: str
    product_type: str
    tags: list[str]


class Product(ProductFields[str], frozen=True):
    """A product as its store's staff sees it, and as events carry it."""

    options: list[OptionView]
    variants: list[VariantView]
    images: list[ImageView]
    price_range: PriceRange
    currency: str
    categories: list[CategoryRef]
    seo: SeoView
    in_stock: bool
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, Any] | UnsetType = UNSET
    """Not in what storefronts see."""


class ProductRow(ProductFields[UUID], frozen=True, array_like=True):
    """A product's own columns as the database answers them."""

    created_at: datetime
    updated_at: datetime
    seo_title: str
    seo_description: str
    metadata: dict[str, Any]


class WholeProduct(msgspec.Struct, frozen=True, array_like=True):
    """A product with all its parts in their order, as one statement reads it."""

    product: ProductRow
    options: list[OptionRow]
    images: list[ImageRow]
    variants: list[VariantRow]
    categories: list[CategoryRefRow]


class Deleted(msgspec.Struct, frozen=True):
    """What was deleted."""

    id: str
    deleted: bool
