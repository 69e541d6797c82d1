"""The calculation of totals: parts add up, whatever the rate, the rounding and the discount."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baas.core.values.money import MAX_AMOUNT
from baas.services.pricing.errors import TooMuch
from baas.services.pricing.schemas import MAX_LINES, MAX_QUANTITY, Line, Totals
from baas.services.pricing.service import most_goods, totals

LINES = st.lists(
    st.builds(
        Line,
        unit_price=st.integers(0, 10**8),
        quantity=st.integers(1, MAX_QUANTITY) | st.integers(1, 5),
        taxable=st.booleans(),
        requires_shipping=st.booleans(),
    ),
    max_size=12,
)
RATES = st.sampled_from([0, 400, 1050, 1600, 1900, 2100, 2700, 10_000]) | st.integers(0, 10_000)
SHIPPING = st.integers(0, 10**6)


def priced(
    lines: list[Line], *, inclusive: bool = True, rate: int = 2100, shipping: int = 0, discount: int = 0
) -> Totals:
    return totals(
        lines,
        currency="ARS",
        prices_include_tax=inclusive,
        tax_rate_bp=rate,
        shipping_price=shipping,
        discount=discount,
    )


@given(lines=LINES, inclusive=st.booleans(), rate=RATES, shipping=SHIPPING, share=st.integers(0, 100))
def test_the_parts_always_add_up(
    lines: list[Line], inclusive: bool, rate: int, shipping: int, share: int
) -> None:
    """What the order's CHECK demands, and what an invoice shows line by line."""
    discount = sum(line.unit_price * line.quantity for line in lines) * share // 100
    result = priced(lines, inclusive=inclusive, rate=rate, shipping=shipping, discount=discount)
    assert result.total == result.subtotal - result.discount_total + result.shipping_total + (
        0 if inclusive else result.tax_total
    )
    assert result.subtotal == sum(line.subtotal for line in result.lines)
    assert result.discount_total == sum(line.discount for line in result.lines) == discount
    assert result.tax_total == sum(line.tax for line in result.lines) + result.shipping_tax
    for line in result.lines:
        assert 0 <= line.discount <= line.subtotal
        assert line.tax >= 0
        if inclusive:
            assert line.tax <= line.net_of_discount


@given(lines=LINES, rate=RATES, shipping=SHIPPING)
def test_an_inclusive_price_is_what_the_customer_pays(lines: list[Line], rate: int, shipping: int) -> None:
    """A change of the tax rate changes the tax in the price, never the price."""
    assert priced(lines, rate=rate, shipping=shipping).total == priced(lines, rate=0, shipping=shipping).total


@given(lines=LINES, rate=RATES)
def test_more_pieces_never_cost_less(lines: list[Line], rate: int) -> None:
    """Also with taxes rounded per line."""
    doubled = [*lines, *lines]
    for inclusive in (True, False):
        assert (
            priced(doubled, inclusive=inclusive, rate=rate).total
            >= priced(lines, inclusive=inclusive, rate=rate).total
        )


@pytest.mark.parametrize(
    "price, rate, tax",
    [
        (129_990, 2100, 22_560),
        (1_999, 2100, 347),
        (9_999, 1600, 1_379),
        (1_220, 2200, 220),
        (11_990, 1900, 1_914),
    ],
)
def test_known_inclusive_prices(price: int, rate: int, tax: int) -> None:
    """Examples of several countries, checked by hand."""
    assert priced([Line(price, 1)], rate=rate).tax_total == tax


def test_tax_is_rounded_per_line() -> None:
    """Three lines of 0.99 at 21 % hold 0.51 of tax; one line of three holds 0.52."""
    assert priced([Line(99, 1)] * 3).tax_total == 51
    assert priced([Line(99, 3)]).tax_total == 52


def test_exclusive_tax_is_added() -> None:
    """The customer pays net, tax and shipping with its own tax."""
    result = priced([Line(1_000, 2)], inclusive=False, shipping=500)
    assert (result.subtotal, result.shipping_total, result.tax_total, result.total) == (
        2_000,
        500,
        525,
        3_025,
    )


def test_digital_things_are_not_shipped() -> None:
    """One line that needs shipping is enough to charge it, once."""
    digital = Line(1_000, 1, requires_shipping=False)
    assert priced([digital], shipping=500).shipping_total == 0
    assert priced([digital, Line(1_000, 9)], shipping=500).shipping_total == 500
    assert priced([], shipping=500).total == 0


def test_shipping_follows_the_goods() -> None:
    """Shipping of goods that are not taxed is not taxed; a taxed download does not change that."""
    book = Line(1_000, 1, taxable=False)
    download = Line(1_000, 1, requires_shipping=False)
    assert priced([book], shipping=500).shipping_tax == 0
    assert priced([book, download], shipping=500).shipping_tax == 0
    assert priced([book, Line(1_000, 1)], shipping=500).shipping_tax == 87


def test_limits_are_refused_clearly() -> None:
    """Too many lines, pieces or money name what is too much, and nothing overflows."""
    with pytest.raises(TooMuch):
        priced([Line(1, 1)] * (MAX_LINES + 1))
    with pytest.raises(TooMuch):
        priced([Line(1, MAX_QUANTITY + 1)])
    with pytest.raises(TooMuch):
        priced([Line(1, 0)])
    with pytest.raises(TooMuch):
        priced([Line(MAX_AMOUNT, 2)])
    with pytest.raises(TooMuch):
        priced([Line(MAX_AMOUNT, 1), Line(1, 1)])
    with pytest.raises(ValueError, match="discount"):
        priced([Line(100, 1)], discount=101)


@pytest.mark.parametrize("included", [True, False])
@pytest.mark.parametrize("rate, shipping", [(0, 0), (2_100, 0), (2_100, 123_457), (10_000, 1)])
def test_the_most_that_goods_may_cost_is_an_amount(included: bool, rate: int, shipping: int) -> None:
    """With tax and shipping, however the goods are spread over lines; and a cart loses next to nothing by it."""
    most = most_goods(prices_include_tax=included, tax_rate_bp=rate, shipping_price=shipping)
    for parts in (1, 7, MAX_LINES):
        prices = [most // parts] * (parts - 1)
        lines = [Line(price, 1) for price in [*prices, most - sum(prices)]]
        total = priced(lines, inclusive=included, rate=rate, shipping=shipping).total
        assert MAX_AMOUNT - 4 * MAX_LINES <= total <= MAX_AMOUNT
