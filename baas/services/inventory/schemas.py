"""The public words of the inventory."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_STOCK: Final = 1_000_000_000
"""The largest number of pieces of one variant."""
MAX_QUANTITY: Final = 9_999
"""The largest quantity of one line."""

Pieces = Annotated[int, Meta(ge=0, le=MAX_STOCK)]
Note = Annotated[str, Meta(max_length=500)]


class Policy(StrEnum):
    """What happens when the stock is gone: the sale is refused, or goes on."""

    DENY = "deny"
    CONTINUE = "continue"


class ReservationStatus(StrEnum):
    """What became of a piece of stock that an order held."""

    HELD = "held"
    TAKEN = "taken"
    """Sold: the order was paid."""
    RELEASED = "released"
    """Given back: the order was cancelled."""
    LAPSED = "lapsed"
    """Given back because its time was over."""


class Reason(StrEnum):
    """Why a level changed."""

    INITIAL = "initial"
    COUNTED = "counted"
    RECEIVED = "received"
    DAMAGED = "damaged"
    LOST = "lost"
    RETURNED = "returned"
    CORRECTION = "correction"
    RESERVED = "reserved"
    RELEASED = "released"
    LAPSED = "lapsed"
    SOLD = "sold"
    RESTOCKED = "restocked"


class AdjustmentReason(StrEnum):
    """Why a person adds or takes stock."""

    RECEIVED = "received"
    DAMAGED = "damaged"
    LOST = "lost"
    RETURNED = "returned"
    CORRECTION = "correction"


class SetLevel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to set; absent fields stay as they are."""

    on_hand: Pieces | UnsetType = UNSET
    """Pieces that exist. Begins to track the variant unless `tracked` says otherwise."""
    policy: Policy | UnsetType = UNSET
    tracked: bool | UnsetType = UNSET
    """Whether stock is counted; without counting it can always be bought."""
    low_stock_at: Pieces | UnsetType | None = UNSET
    """`inventory.low` is sent when `available` falls to this number."""
    note: Note | None = None


class Adjust(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stock that came or went."""

    quantity: Annotated[int, Meta(ge=-MAX_STOCK, le=MAX_STOCK, examples=[12])]
    """Positive adds, negative takes; not zero."""
    reason: AdjustmentReason
    note: Note | None = None


class Level(msgspec.Struct, frozen=True):
    """The stock of one variant."""

    variant_id: str
    product_id: str | None
    product_name: str | None
    variant_name: str | None
    sku: str | None
    on_hand: int
    """Pieces that exist."""
    reserved: int
    """Pieces that open orders hold."""
    available: int
    """Pieces that can be bought: `on_hand - reserved`, never below zero."""
    policy: Policy
    tracked: bool
    low_stock_at: int | None
    updated_at: datetime


class Movement(msgspec.Struct, frozen=True):
    """One change of a level. The sums of all changes are the level."""

    id: str
    variant_id: str
    reason: Annotated[Reason, Meta(examples=["sold"])]
    on_hand_change: int
    reserved_change: int
    order_id: str | None
    note: str | None
    actor: str | None
    """Who did it, when a person or a server of the store did."""
    created_at: datetime


class Stock(msgspec.Struct, frozen=True, array_like=True):
    """What can be bought of a variant now, for the services above."""

    available: int | None
    """Pieces; None when stock is not tracked."""
    limited: bool
    """Whether a sale beyond `available` is refused."""

    @property
    def in_stock(self) -> bool:
        """Whether at least one can be bought."""
        return self.covers(1)

    def covers(self, quantity: int) -> bool:
        """Whether that many can be bought."""
        return not self.limited or (self.available or 0) >= quantity


UNTRACKED: Final = Stock(available=None, limited=False)
"""The stock of a variant that nobody counts."""
