"""The public words of the catalogue: products, variants, images, categories.

Limits are stated here once and hold for the API and for imports alike.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.core.values.money import MAX_AMOUNT

MAX_NAME: Final = 255
MAX_DESCRIPTION: Final = 65_535
"""Characters of HTML."""
MAX_OPTIONS: Final = 3
MAX_VARIANTS: Final = 100
MAX_IMAGES: Final = 250
MAX_TAGS: Final = 250
MAX_CATEGORIES: Final = 50
"""Categories of one product."""
MAX_CATEGORY_DEPTH: Final = 10
MAX_METADATA_BYTES: Final = 16_384
MAX_WEIGHT_GRAMS: Final = 100_000_000
MAX_ON_HAND: Final = 1_000_000_000
MAX_IDS: Final = 100
"""Products that the filter `ids` takes."""

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, examples=["Mate imperial"])]
Label = Annotated[str, Meta(max_length=MAX_NAME)]
Id = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Handle = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, examples=["mate-imperial"])]
Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION, description="HTML; sanitised when stored")]
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="Minor units of the store's currency")]
Url = Annotated[str, Meta(min_length=1, max_length=2048, examples=["https://cdn.example/mate.jpg"])]
Tags = Annotated[list[Name], Meta(max_length=MAX_TAGS)]
OptionValues = Annotated[list[Name], Meta(max_length=MAX_OPTIONS)]
CategoryRefs = Annotated[list[Id], Meta(max_length=MAX_CATEGORIES, description="Ids or slugs of categories")]


class ProductStatus(StrEnum):
    """Storefronts see active products only."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class VariantKind(StrEnum):
    """Digital things need neither an address nor a shipment."""

    PHYSICAL = "physical"
    DIGITAL = "digital"


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
    description: Annotated[str, Meta(max_length=1000)] = ""


class OptionInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An option, such as Colour. Values are those of the variants; listed here they get this order."""

    name: Name
    values: Annotated[list[Name], Meta(max_length=MAX_VARIANTS)] = []


class VariantInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant to be made."""

    price: Amount
    option_values: OptionValues = []
    """One for each option of the product, in the product's order."""
    sku: Label | None = None
    barcode: Label | None = None
    compare_at_price: Amount | None = None
    """What it cost before; shown struck through."""
    weight_grams: Annotated[int, Meta(ge=0, le=MAX_WEIGHT_GRAMS)] = 0
    requires_shipping: bool | None = None
    """Unless given: true for physical things."""
    taxable: bool = True
    kind: VariantKind = VariantKind.PHYSICAL
    image_url: Url | UnsetType | None = UNSET
    """The image that shows this variant; joins the product's images if it is not among them. Absent, a variant
    that is there already keeps the one it has."""
    on_hand: Annotated[int, Meta(ge=0, le=MAX_ON_HAND)] | None = None
    """Stock to start with. Without it stock is not tracked, and the variant can always be bought."""


class VariantPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a variant; absent fields stay as they are."""

    price: Amount | UnsetType = UNSET
    option_values: OptionValues | UnsetType = UNSET
    sku: Label | UnsetType | None = UNSET
    barcode: Label | UnsetType | None = UNSET
    compare_at_price: Amount | UnsetType | None = UNSET
    weight_grams: Annotated[int, Meta(ge=0, le=MAX_WEIGHT_GRAMS)] | UnsetType = UNSET
    requires_shipping: bool | UnsetType = UNSET
    taxable: bool | UnsetType = UNSET
    kind: VariantKind | UnsetType = UNSET
    position: Annotated[int, Meta(ge=1, le=MAX_VARIANTS)] | UnsetType = UNSET
    image_url: Url | UnsetType | None = UNSET


class ImageInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image by its address, which may be relative to the API's own."""

    url: Url
    alt: Annotated[str, Meta(max_length=1000)] = ""
    position: Annotated[int, Meta(ge=1, le=MAX_IMAGES)] | None = None
    """From 1; without it the image goes to the end."""
    variant_ids: Annotated[list[Id], Meta(max_length=MAX_VARIANTS)] = []
    """Variants that this image shows."""


class ImagePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of an image."""

    url: Url | UnsetType = UNSET
    alt: Annotated[str, Meta(max_length=1000)] | UnsetType = UNSET
    position: Annotated[int, Meta(ge=1, le=MAX_IMAGES)] | UnsetType = UNSET
    variant_ids: Annotated[list[Id], Meta(max_length=MAX_VARIANTS)] | UnsetType = UNSET


class CreateProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product with all that belongs to it."""

    name: Name
    variants: Annotated[list[VariantInput], Meta(min_length=1, max_length=MAX_VARIANTS)]
    handle: Handle | None = None
    """The product's part of an address; made from the name unless given."""
    description: Description = ""
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

    name: Name | UnsetType = UNSET
    handle: Handle | UnsetType = UNSET
    description: Description | UnsetType = UNSET
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


class CreateCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category to be made."""

    name: Name
    slug: Handle | None = None
    parent_id: Id | None = None
    position: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    is_active: bool = True


class CategoryPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a category; `parent_id: null` makes it a root."""

    name: Name | UnsetType = UNSET
    slug: Handle | UnsetType = UNSET
    parent_id: Id | UnsetType | None = UNSET
    position: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


# ------------------------------------------------------------------------------------------ answers


class SeoView(msgspec.Struct, frozen=True):
    """What search engines show."""

    title: str
    description: str


class OptionView(msgspec.Struct, frozen=True):
    """An option and its values, in their order."""

    name: str
    values: list[str]


class VariantView(msgspec.Struct, frozen=True):
    """What is sold."""

    id: str
    name: str
    """The option values; empty for the only variant of a product without options."""
    sku: str | None
    barcode: str | None
    option_values: list[str]
    price: int
    compare_at_price: int | None
    weight_grams: int
    requires_shipping: bool
    taxable: bool
    kind: VariantKind
    position: int
    image_id: str | None
    available: int | None
    """Pieces that can be bought; null when stock is not tracked, or the store does not show it."""
    in_stock: bool


class ImageView(msgspec.Struct, frozen=True):
    """An image of the product."""

    id: str
    url: str
    alt: str
    position: int
    variant_ids: list[str]


class PriceRange(msgspec.Struct, frozen=True):
    """The cheapest and the dearest variant."""

    min: int
    max: int


class CategoryRef(msgspec.Struct, frozen=True):
    """A category that a product is in."""

    id: str
    slug: str
    name: str


class Product(msgspec.Struct, frozen=True):
    """A product as its store's staff sees it, and as events carry it."""

    id: str
    handle: str
    name: str
    description: str
    status: ProductStatus
    vendor: str
    product_type: str
    tags: list[str]
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


class Category(msgspec.Struct, frozen=True):
    """A category as staff sees it."""

    id: str
    name: str
    slug: str
    parent_id: str | None
    position: int
    is_active: bool
    created_at: datetime
    updated_at: datetime


class CategoryNode(msgspec.Struct, frozen=True):
    """A category and what is under it, as storefronts see it."""

    id: str
    name: str
    slug: str
    parent_id: str | None
    position: int
    children: list["CategoryNode"]


class Deleted(msgspec.Struct, frozen=True):
    """What was deleted."""

    id: str
    deleted: bool


# ----------------------------------------------------------------------------- for services above


class StartStock(msgspec.Struct, frozen=True):
    """Stock that a variant starts with, as a file says it."""

    tracked: bool
    on_hand: int
    continue_selling: bool
    """Whether it is sold beyond what there is."""


class StartLevel(msgspec.Struct, frozen=True):
    """Stock that a new variant starts with."""

    variant_id: UUID
    tracked: bool
    on_hand: int
    continue_selling: bool


class Availability(msgspec.Struct, frozen=True):
    """What can be bought of a variant: pieces (None: not tracked) and whether it can be bought at all."""

    available: int | None
    in_stock: bool


class Sellable(msgspec.Struct, frozen=True, array_like=True):
    """What a cart or an order needs to know of a variant."""

    variant_id: UUID
    product_id: UUID
    product_name: str
    variant_name: str
    sku: str | None
    price: int
    compare_at_price: int | None
    weight_grams: int
    requires_shipping: bool
    taxable: bool
    kind: VariantKind
    image_url: str | None
    is_active: bool
    """Whether its product is active: others cannot be bought."""


def is_image_url(url: str) -> bool:
    """Whether a text can be the address of an image: https, http, or a path of this API's own."""
    if len(url) > 2048 or any(letter.isspace() or not letter.isprintable() for letter in url):
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    scheme, separator, rest = url.partition("://")
    return bool(separator) and scheme.lower() in {"https", "http"} and rest[:1] not in {"", "/"}
