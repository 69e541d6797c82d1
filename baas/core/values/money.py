"""Money is an integer in the currency's minor unit. No float and no rounding context comes near it.

Every rounding in the house is one of two: `allocate` (largest remainder, parts add up) or half up
(`apply_rate`, `tax_included`, `tax_added`). Half up is by size: -2.5 becomes -3, so that a refund is
the exact mirror of its sale.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from baas.core.errors import ValidationFailed

MAX_AMOUNT: Final = 10**13
"""The largest amount the API takes, in minor units (100 thousand million dollars).

A bigint holds a million times as much, and 900 such amounts can be added before JavaScript's exact
integers (2**53 - 1) end, so a sum of legal amounts is still shown correctly in a browser.
"""

BASIS_POINTS: Final = 10_000
"""Rates are integers of a hundredth of a percent: 2100 is 21 %, 1050 is 10.5 %."""

# ISO 4217 by number of decimals. Display habits (CLDR) and payment providers differ for some of them
# (ISK, UGX, MGA, COP, …): that is the provider's business, storage follows ISO.
_CODES: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
        CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
        GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL
        MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
        PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
        TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

EXPONENTS: Final[Mapping[str, int]] = MappingProxyType(
    {code: decimals for decimals, codes in _CODES.items() for code in codes.split()}
)
"""Number of decimals of every currency of ISO 4217 that a price can be in."""

# ASCII digits only: other scripts' digits, exponents, thousands separators, NaN and Infinity are no amounts.
_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,20}))?", re.ASCII)


class InvalidMoney(ValidationFailed):
    """A text that is no amount, an amount out of range, or a currency that does not exist."""


def is_currency(code: str) -> bool:
    """Whether `code` is an ISO 4217 code, in capitals, that a price can be in."""
    return code in EXPONENTS


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for ARS, 0 for CLP, 3 for KWD. Raises InvalidMoney."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise InvalidMoney(f"{currency[:8]!r} is not an ISO 4217 currency code.") from None


def check_amount(amount: int, *, allow_negative: bool = False) -> int:
    """The same amount, when it lies within MAX_AMOUNT (and is not negative); else InvalidMoney."""
    if amount > MAX_AMOUNT or amount < (-MAX_AMOUNT if allow_negative else 0):
        raise InvalidMoney(
            f"An amount must be between {-MAX_AMOUNT if allow_negative else 0} and {MAX_AMOUNT}."
        )
    return amount


def parse_decimal(
    text: str, currency: str, *, allow_negative: bool = False, allow_padding: bool = False
) -> int:
    """The minor units in a decimal text with a point: `"12.5"` in ARS is 1250. Exact, never rounded.

    Refuses with InvalidMoney: more decimals than the currency has, a comma, exponents, NaN, a plus
    sign, an amount beyond MAX_AMOUNT, and a minus unless `allow_negative`. `allow_padding` takes further
    decimals when they are zeros, for files whose writer always prints two (`"5990.00"` in CLP); it is
    not the default because `"12.500"` may be somebody's twelve thousand five hundred.
    """
    decimals = exponent(currency)
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        raise InvalidMoney(f"{text[:32]!r} is not a decimal number such as 1234.50.")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    if len(fraction) > decimals:
        if not allow_padding or fraction[decimals:].strip("0"):
            raise InvalidMoney(f"{text[:32]!r} has more than the {decimals} decimals of {currency}.")
        fraction = fraction[:decimals]
    # The digits put side by side are the minor units: no arithmetic that could round.
    amount = int(whole + fraction.ljust(decimals, "0"))
    return check_amount(-amount if sign else amount, allow_negative=allow_negative)


def format_decimal(amount: int, currency: str) -> str:
    """The amount as a plain decimal with all its decimals, for files and providers: 1250 ARS is `12.50`."""
    decimals = exponent(currency)
    sign = "-" if amount < 0 else ""
    digits = str(abs(amount)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights`, so that the parts always add up to it.

    What division leaves goes, one unit each, to the largest remainders, the earlier one first when
    they are equal: 100 by three equal weights is [34, 33, 33]. A weight of zero gets nothing, unless
    all are zero: then all count alike. A negative total is split like its positive. Raises ValueError
    for a negative weight, and for nothing to give a total to.
    """
    if not weights:
        if total:
            raise ValueError("An amount cannot be split into no parts.")
        return []
    if min(weights) < 0:
        raise ValueError("A weight cannot be negative.")
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    size = abs(total)
    parts: list[int] = []
    remainders: list[int] = []
    for weight in weights:
        part, remainder = divmod(size * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    missing = size - sum(parts)
    if missing:
        # sorted() is stable, also when reversed: equal remainders stay in the order of their index.
        for index in sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)[:missing]:
            parts[index] += 1
    return parts if total >= 0 else [-part for part in parts]


def divide(amount: int, divisor: int) -> int:
    """`amount / divisor`, rounded half up by size. The divisor is positive."""
    size = (2 * abs(amount) + divisor) // (2 * divisor)
    return size if amount >= 0 else -size


def apply_rate(amount: int, basis_points: int) -> int:
    """The given part of an amount, rounded half up: 1050 of 2000 (10.5 % of 20.00) is 210."""
    return divide(amount * _rate(basis_points), BASIS_POINTS)


def tax_included(gross: int, basis_points: int) -> int:
    """The tax contained in a price that includes it: `gross - round(gross / (1 + rate))`.

    The net price is what gets rounded, and net and tax add up to the price: 1299.90 at 21 % is
    1074.30 and 225.60.
    """
    return gross - divide(gross * BASIS_POINTS, BASIS_POINTS + _rate(basis_points))


def tax_added(net: int, basis_points: int) -> int:
    """The tax to add to a price without it: `round(net * rate)`."""
    return apply_rate(net, basis_points)


def _rate(basis_points: int) -> int:
    if basis_points < 0:
        raise ValueError("A rate cannot be negative.")
    return basis_points
