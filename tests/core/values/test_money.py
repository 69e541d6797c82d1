"""Amounts are exact: what goes in comes out, parts add up, and nothing is guessed."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baas.core.values import money
from baas.core.values.money import InvalidMoney
from tests.currencies import FACTS

CODES = st.sampled_from(sorted(money.EXPONENTS))
AMOUNTS = st.integers(-money.MAX_AMOUNT, money.MAX_AMOUNT)
RATES = st.integers(0, 10_000)


def exact(amount: int, rate: int) -> int:
    """The same rounding by another road."""
    return int((Decimal(amount) * rate / 10_000).quantize(Decimal(1), ROUND_HALF_UP))


class TestCurrencies:
    def test_every_row_of_the_official_list(self) -> None:
        assert dict(money.EXPONENTS) == {code: decimals for code, decimals, _ in FACTS}

    @pytest.mark.parametrize(
        "code, decimals",
        # The last ones are those that display tables and payment providers get differently.
        [
            ("ARS", 2),
            ("EUR", 2),
            ("CLP", 0),
            ("JPY", 0),
            ("PYG", 0),
            ("KWD", 3),
            ("CLF", 4),
            ("UYW", 4),
            ("COP", 2),
            ("HUF", 2),
            ("IQD", 3),
            ("ISK", 0),
            ("MGA", 2),
            ("UGX", 0),
            ("UYI", 0),
            ("UYU", 2),
        ],
    )
    def test_the_number_of_decimals(self, code: str, decimals: int) -> None:
        assert money.exponent(code) == decimals
        assert money.is_currency(code)

    @pytest.mark.parametrize("code", ["", "ars", "XXX", "EURO", "XAU", "ARS ", "\0", "DEM"])
    def test_what_is_no_currency(self, code: str) -> None:
        assert not money.is_currency(code)
        with pytest.raises(InvalidMoney):
            money.exponent(code)


class TestDecimals:
    @pytest.mark.parametrize(
        "text, code, amount",
        [
            ("12.50", "ARS", 1250),
            ("12.5", "ARS", 1250),
            ("12", "ARS", 1200),
            (" 0.05 ", "EUR", 5),
            ("1500", "CLP", 1500),
            ("1.234", "KWD", 1234),
            ("0", "EUR", 0),
            ("007.10", "EUR", 710),
        ],
    )
    def test_an_amount(self, text: str, code: str, amount: int) -> None:
        assert money.parse_decimal(text, code) == amount

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            ".",
            "12.",
            ".5",
            "12.505",
            "12.500",
            "1,50",
            "1.299,90",
            "1,299.90",
            "1e3",
            "NaN",
            "Infinity",
            "-1",
            "+1",
            "--1",
            "$5",
            "0x10",
            "1 000",
            "1_000",
            "١٢",
            "½",
            "12.50\x00",
            "9" * 21,
            "9" * 5000,
            "12.5.0",
        ],
    )
    def test_what_is_no_amount_in_pesos(self, text: str) -> None:
        with pytest.raises(InvalidMoney):
            money.parse_decimal(text, "ARS")

    def test_decimals_of_a_currency_without_any(self) -> None:
        with pytest.raises(InvalidMoney):
            money.parse_decimal("10.0", "CLP")
        assert money.parse_decimal("5990.00", "CLP", allow_padding=True) == 5990
        with pytest.raises(InvalidMoney):
            money.parse_decimal("5990.01", "CLP", allow_padding=True)

    def test_negative_amounts_only_on_request(self) -> None:
        assert money.parse_decimal("-0.05", "EUR", allow_negative=True) == -5
        assert money.format_decimal(-5, "EUR") == "-0.05"
        assert money.parse_decimal("-0.00", "EUR") == 0

    def test_the_limit(self) -> None:
        largest = money.format_decimal(money.MAX_AMOUNT, "EUR")
        assert money.parse_decimal(largest, "EUR") == money.MAX_AMOUNT
        with pytest.raises(InvalidMoney):
            money.parse_decimal(money.format_decimal(money.MAX_AMOUNT + 1, "EUR"), "EUR")
        with pytest.raises(InvalidMoney):
            money.check_amount(-money.MAX_AMOUNT - 1, allow_negative=True)
        with pytest.raises(InvalidMoney):
            money.check_amount(-1)

    @given(AMOUNTS, CODES)
    def test_what_is_written_is_read_back(self, amount: int, code: str) -> None:
        text = money.format_decimal(amount, code)
        assert money.parse_decimal(text, code, allow_negative=True) == amount
        assert Decimal(text).scaleb(money.exponent(code)) == amount

    @given(st.text(max_size=30), CODES)
    def test_no_text_is_more_than_refused(self, text: str, code: str) -> None:
        try:
            amount = money.parse_decimal(text, code)
        except InvalidMoney:
            return
        assert Decimal(text.strip()) == Decimal(amount).scaleb(-money.exponent(code))


class TestAllocate:
    @pytest.mark.parametrize(
        "total, weights, parts",
        [
            (100, [1, 1, 1], [34, 33, 33]),
            (-100, [1, 1, 1], [-34, -33, -33]),
            (0, [3, 5], [0, 0]),
            (10, [0, 1, 0], [0, 10, 0]),
            (5, [0, 0], [3, 2]),
            (1, [1, 2, 2], [0, 1, 0]),
            (101, [50, 30, 20], [51, 30, 20]),
            (0, [], []),
        ],
    )
    def test_examples(self, total: int, weights: list[int], parts: list[int]) -> None:
        assert money.allocate(total, weights) == parts

    def test_what_cannot_be_split(self) -> None:
        with pytest.raises(ValueError, match="no parts"):
            money.allocate(1, [])
        with pytest.raises(ValueError, match="negative"):
            money.allocate(1, [2, -1])

    @given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
    def test_parts_add_up_and_are_fair(self, total: int, weights: list[int]) -> None:
        parts = money.allocate(total, weights)
        whole = sum(weights)
        assert sum(parts) == total
        assert parts == [-part for part in money.allocate(-total, weights)]
        if whole:
            # No part is a whole unit away from its exact share, and nothing goes to a weight of zero.
            assert all(abs(part * whole - total * w) < whole for part, w in zip(parts, weights, strict=True))
            assert all(part == 0 for part, w in zip(parts, weights, strict=True) if w == 0)
        else:
            assert max(parts) - min(parts) <= 1

    @given(st.integers(0, 10**9), st.lists(st.integers(0, 100), min_size=1, max_size=20))
    def test_equal_weights_differ_by_their_place_only(self, total: int, weights: list[int]) -> None:
        parts = money.allocate(total, weights)
        for earlier, later in zip(range(len(parts)), range(1, len(parts)), strict=False):
            if weights[earlier] == weights[later]:
                assert 0 <= parts[earlier] - parts[later] <= 1


class TestTax:
    @pytest.mark.parametrize(
        "gross, rate, tax",
        [
            (129990, 2100, 22560),
            (1999, 2100, 347),
            (9999, 1600, 1379),
            (122000, 2200, 22000),
            (11990, 1900, 1914),
            (0, 2100, 0),
            (100, 0, 0),
        ],
    )
    def test_contained_in_a_price(self, gross: int, rate: int, tax: int) -> None:
        assert money.tax_included(gross, rate) == tax

    @pytest.mark.parametrize(
        "net, rate, tax",
        [(107430, 2100, 22560), (99, 2100, 21), (10, 500, 1), (9, 500, 0), (-10, 500, -1), (2000, 1050, 210)],
    )
    def test_added_to_a_price(self, net: int, rate: int, tax: int) -> None:
        assert money.tax_added(net, rate) == tax

    @given(AMOUNTS, RATES)
    def test_half_up_by_size(self, amount: int, rate: int) -> None:
        assert money.apply_rate(amount, rate) == exact(amount, rate)

    @given(AMOUNTS, RATES)
    def test_a_refund_mirrors_its_sale(self, amount: int, rate: int) -> None:
        assert money.tax_included(-amount, rate) == -money.tax_included(amount, rate)
        assert money.tax_added(-amount, rate) == -money.tax_added(amount, rate)

    @given(st.integers(0, 10**9), RATES)
    def test_tax_added_is_found_again_in_the_price(self, net: int, rate: int) -> None:
        gross = net + money.tax_added(net, rate)
        assert money.tax_included(gross, rate) == gross - net

    def test_a_negative_rate_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            money.tax_included(100, -1)
