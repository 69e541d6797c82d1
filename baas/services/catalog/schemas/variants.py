"""What is sold: variants as they are sent, stored and answered."""

from enum import StrEnum
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.services.catalog.schemas.limits import (
    MAX_ON_HAND,
    MAX_VARIANTS,
    Amount,
    Grams,
    Label,
    OptionValues,
    Url,
)

Key = TypeVar("Key")
"""An id: a uuid in the database, a text with a prefix in the API."""


class VariantKind(StrEnum):
    """Digital things need neither an address nor a shipment."""

    PHYSICAL = "physical"
    DIGITAL = "digital"


class VariantInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant to be made."""

    price: Amount
    option_values: OptionValues = []
    """One for each option of the product, in the product's order."""
    sku: Label | None = None
    barcode: Label | None = None
    compare_at_price: Amount | None = None
    """What it cost before; shown struck through."""
    weight_grams: Grams = 0
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
    weight_grams: Grams | UnsetType = UNSET
    requires_shipping: bool | UnsetType = UNSET
    taxable: bool | UnsetType = UNSET
    kind: VariantKind | UnsetType = UNSET
    position: Annotated[int, Meta(ge=1, le=MAX_VARIANTS)] | UnsetType = UNSET
    image_url: Url | UnsetType | None = UNSET


class VariantFields(msgspec.Struct, Generic[Key], frozen=True):
    """A variant, with ids of one kind or the other. Every field but those of inventory is a column of `variants`."""

    id: Key
    name: Annotated[str, Meta(examples=["Negro"])]
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
    image_id: Key | None
    available: int | None
    """Pieces that can be bought; null when stock is not tracked, or the store does not show it."""
    in_stock: bool


class VariantView(VariantFields[str], frozen=True):
    """What is sold."""


class VariantRow(VariantFields[UUID], frozen=True, array_like=True):
    """A variant as the database answers it."""
