"""What the catalogue and the services above it tell each other about variants and their stock."""

from uuid import UUID

import msgspec

from baas.services.catalog.schemas.variants import VariantKind


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
    """What a cart or an order needs to know of a variant, as `variants.offer` holds it.

    A new field goes to the end and has a default: until the worker has derived the offers again (see
    `repository.documents.VERSION`), rows of before lack it.
    """

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
