"""The public words of pricing. Amounts are minor units of the sale's currency."""

from typing import Final

import msgspec

MAX_LINES: Final = 200
"""Lines of one cart or order."""
MAX_QUANTITY: Final = 9_999
"""Pieces of one line."""
STANDARD_SHIPPING: Final = "standard"
"""The one shipping method of a store for now: its flat `shipping_price`."""


class Line(msgspec.Struct, frozen=True):
    """What is bought, as far as its price is concerned."""

    unit_price: int
    quantity: int
    taxable: bool = True
    requires_shipping: bool = True


class LineTotals(msgspec.Struct, frozen=True):
    """What a line costs."""

    subtotal: int
    """`unit_price * quantity`."""
    discount: int
    """Its part of the discount."""
    tax: int
    """Contained in it when prices include tax, to be added otherwise."""

    @property
    def net_of_discount(self) -> int:
        """What the line costs after its discount, with or without tax as prices are."""
        return self.subtotal - self.discount


class Totals(msgspec.Struct, frozen=True):
    """What a sale costs: `total = subtotal - discount_total + shipping_total`, and `+ tax_total` when prices
    do not include tax."""

    lines: tuple[LineTotals, ...]
    currency: str
    prices_include_tax: bool
    subtotal: int
    discount_total: int
    shipping_total: int
    shipping_tax: int
    """The part of `tax_total` that falls on shipping."""
    tax_total: int
    total: int
    requires_shipping: bool
