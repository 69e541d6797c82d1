"""The one calculation of totals, for carts, orders and whoever shows a price. Pure: no clock, no database.

Decided here, once (D-020):
- Tax is computed and rounded (half up) per line, after its part of the discount, and on shipping alone;
  `tax_total` is their sum, so the parts on an invoice always add up. Per sale it can differ from one
  rounding of the whole by some minor units.
- Shipping is charged once, when a line needs it. It follows the goods: it is taxed when a line that is
  shipped is taxable, and its price includes tax exactly when the store's prices do.
- A discount is spread over the lines by their size (`money.allocate`), and never falls on shipping.
"""

from collections.abc import Sequence

from baas.core.scope import StoreProfile
from baas.core.values.money import MAX_AMOUNT, allocate, tax_added, tax_included
from baas.services.pricing.errors import TooMuch
from baas.services.pricing.schemas import MAX_LINES, MAX_QUANTITY, Line, LineTotals, Totals


def totals(
    lines: Sequence[Line],
    *,
    currency: str,
    prices_include_tax: bool,
    tax_rate_bp: int,
    shipping_price: int,
    discount: int = 0,
) -> Totals:
    """What these lines cost together. `tax_rate_bp` is in basis points: 2100 is 21 %.

    Raises TooMuch (422) beyond 200 lines, a quantity outside 1 to 9999 or an amount beyond
    `money.MAX_AMOUNT`; ValueError for a discount that is negative or larger than the subtotal.
    """
    if len(lines) > MAX_LINES:
        raise TooMuch.field("items", f"at most {MAX_LINES} lines")
    sizes = [_size(index, line) for index, line in enumerate(lines)]
    subtotal = sum(sizes)
    if not 0 <= discount <= subtotal:
        raise ValueError("A discount lies between nothing and the subtotal.")
    discounts = allocate(discount, sizes) if discount else [0] * len(sizes)
    tax_of = tax_included if prices_include_tax else tax_added
    priced = tuple(
        LineTotals(size, part, tax_of(size - part, tax_rate_bp) if line.taxable else 0)
        for line, size, part in zip(lines, sizes, discounts, strict=True)
    )
    shipped = [line for line in lines if line.requires_shipping]
    shipping = shipping_price if shipped else 0
    shipping_tax = tax_of(shipping, tax_rate_bp) if any(line.taxable for line in shipped) else 0
    tax = sum(line.tax for line in priced) + shipping_tax
    total = subtotal - discount + shipping + (0 if prices_include_tax else tax)
    if total > MAX_AMOUNT or subtotal > MAX_AMOUNT:
        raise TooMuch.field("items", f"together they cost more than {MAX_AMOUNT} minor units")
    return Totals(
        lines=priced,
        currency=currency,
        prices_include_tax=prices_include_tax,
        subtotal=subtotal,
        discount_total=discount,
        shipping_total=shipping,
        shipping_tax=shipping_tax,
        tax_total=tax,
        total=total,
        requires_shipping=bool(shipped),
    )


def totals_in(store: StoreProfile, lines: Sequence[Line], *, discount: int = 0) -> Totals:
    """What these lines cost in a store, by its currency, tax rate and shipping price."""
    return totals(
        lines,
        currency=store.currency,
        prices_include_tax=store.prices_include_tax,
        tax_rate_bp=int(store.settings.get("tax_rate", 0)),
        shipping_price=int(store.settings.get("shipping_price", 0)),
        discount=discount,
    )


def most_goods(*, prices_include_tax: bool, tax_rate_bp: int, shipping_price: int) -> int:
    """The most that goods may cost together so that their total is an amount, whatever part of them is taxed.

    In minor units, with room for the rounding of each line's tax.
    """
    if prices_include_tax:
        return max(0, MAX_AMOUNT - shipping_price)
    return max(0, (MAX_AMOUNT - MAX_LINES - 1) * 10_000 // (10_000 + tax_rate_bp) - shipping_price)


def most_goods_in(store: StoreProfile) -> int:
    """The same by a store's tax rate and shipping price."""
    return most_goods(
        prices_include_tax=store.prices_include_tax,
        tax_rate_bp=int(store.settings.get("tax_rate", 0)),
        shipping_price=int(store.settings.get("shipping_price", 0)),
    )


def _size(index: int, line: Line) -> int:
    if not 1 <= line.quantity <= MAX_QUANTITY:
        raise TooMuch.field(f"items[{index}].quantity", f"1 to {MAX_QUANTITY}")
    size = line.unit_price * line.quantity
    if not 0 <= size <= MAX_AMOUNT:
        raise TooMuch.field(f"items[{index}]", f"costs more than {MAX_AMOUNT} minor units")
    return size
