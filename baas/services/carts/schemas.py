"""The public words of carts."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.services.carts.addresses import Address, AddressView
from baas.services.catalog.schemas import Sellable
from baas.services.pricing.schemas import MAX_LINES, MAX_QUANTITY, Totals

LIFE: Final = timedelta(days=14)
"""A cart that nobody changes for so long is abandoned."""
MAX_EMAIL: Final = 254

VariantId = Annotated[str, Meta(min_length=1, max_length=100)]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
Email = Annotated[str, Meta(min_length=3, max_length=MAX_EMAIL, examples=["ana@example.com"])]


class CartStatus(StrEnum):
    """Only an active cart can be changed."""

    ACTIVE = "active"
    CONVERTED = "converted"
    """It became an order."""
    ABANDONED = "abandoned"
    """Nobody touched it for two weeks, or it was merged into another."""


class AddItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant to add; one that is in the cart already gets that many more."""

    variant_id: VariantId
    quantity: Quantity = 1


class SetItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The quantity a line shall have; 0 removes the line."""

    quantity: Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]


class CreateCart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new cart, empty unless items are given."""

    items: Annotated[list[AddItem], Meta(max_length=MAX_LINES)] = []
    email: Email | None = None


class UpdateCart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; absent fields stay as they are, null takes away."""

    email: Email | UnsetType | None = UNSET
    shipping_address: Address | UnsetType | None = UNSET
    billing_address: Address | UnsetType | None = UNSET
    shipping_method_id: Annotated[str, Meta(max_length=100, examples=["standard"])] | UnsetType | None = UNSET
    discount_codes: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=10)] | UnsetType = (
        UNSET
    )


class MergeCart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The other cart, whose lines come into this one; it is closed afterwards."""

    cart_id: Annotated[str, Meta(min_length=1, max_length=100)]


class CartItem(msgspec.Struct, frozen=True):
    """A line of a cart, at the price of this moment."""

    id: str
    variant_id: str
    product_id: str
    product_name: str
    variant_name: str
    sku: str | None
    quantity: int
    unit_price: int
    total: Annotated[int, Meta(examples=[3780000])]
    """`unit_price * quantity`."""
    image_url: str | None
    available: bool
    """Whether this quantity can be bought now."""
    price_changed: bool
    """Whether the price was another one when the line was added."""


class Cart(msgspec.Struct, frozen=True):
    """A cart with its totals. Amounts are minor units of `currency`."""

    id: str
    status: CartStatus
    currency: str
    email: str | None
    items: list[CartItem]
    subtotal: int
    discount_total: int
    shipping_total: int
    tax_total: int
    """Contained in `total` in any case; added to the prices when they do not include tax."""
    total: int
    prices_include_tax: bool
    requires_shipping: bool
    shipping_method_id: str | None
    discount_codes: list[str]
    shipping_address: AddressView | None
    billing_address: AddressView | None
    expires_at: datetime


# ----------------------------------------------------------------------------- for services above


class CheckoutLine(msgspec.Struct, frozen=True):
    """A line that is about to be sold."""

    item_id: UUID
    variant: Sellable
    quantity: int
    price_when_added: int


class CartForCheckout(msgspec.Struct, frozen=True):
    """A cart, locked: nobody changes it before this transaction ends."""

    cart_id: UUID
    customer_id: UUID | None
    email: str | None
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    shipping_method_id: str | None
    lines: tuple[CheckoutLine, ...]
    totals: Totals
    """By the prices of now; `totals.lines` follows `lines`."""
    price_changed: bool
    """Whether a price is another one than when its line was added."""
