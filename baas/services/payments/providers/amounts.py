"""Our minor units into a provider's units and back. The exponent belongs to the currency *and* the provider.

Storage follows ISO 4217. Stripe takes integers in units of its own, which differ for some currencies, and
wants the last digits of others to be zero. Mercado Pago takes decimals in major units, at most two of them,
and whole numbers where people do not use cents. What a provider cannot express is refused, never rounded.
"""

from decimal import Decimal, InvalidOperation
from typing import Final

from baas.core.values import money

_STRIPE_ZERO: Final = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905  a list of codes reads best so
)
_STRIPE_THREE: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_STRIPE_STEP: Final = {"ISK": 100, "UGX": 100} | dict.fromkeys(_STRIPE_THREE, 10)
"""What an amount on Stripe's wire has to be a multiple of."""
_MERCADOPAGO_WHOLE: Final = frozenset({"COP", "HNL", "NIO"})
"""Two decimals in ISO 4217, none at Mercado Pago."""


class InexpressibleAmount(ValueError):
    """The provider has no way to say this amount. The text says why."""


def stripe_exponent(currency: str) -> int:
    """How many decimals an amount of this currency has on Stripe's wire."""
    if currency in _STRIPE_ZERO:
        return 0
    return 3 if currency in _STRIPE_THREE else 2


def to_stripe(amount: int, currency: str) -> int:
    """The integer that Stripe is sent: 5 ISK are 500. Raises InexpressibleAmount and InvalidMoney."""
    wire = _shift(amount, stripe_exponent(currency) - money.exponent(currency), currency)
    step = _STRIPE_STEP.get(currency, 1)
    if wire % step:
        raise InexpressibleAmount(f"Stripe takes {currency} only in steps of {step} of its units.")
    return wire


def from_stripe(wire: int, currency: str) -> int:
    """Our minor units of an integer from Stripe. Raises InexpressibleAmount and InvalidMoney."""
    return _shift(wire, money.exponent(currency) - stripe_exponent(currency), currency)


def mercadopago_exponent(currency: str) -> int:
    """How many decimals an amount of this currency may have at Mercado Pago."""
    return 0 if currency in _MERCADOPAGO_WHOLE else min(2, money.exponent(currency))


def to_mercadopago(amount: int, currency: str) -> Decimal:
    """The number in major units that Mercado Pago is sent. Raises InexpressibleAmount and InvalidMoney."""
    places = mercadopago_exponent(currency)
    return Decimal(_shift(amount, places - money.exponent(currency), currency)).scaleb(-places)


def from_mercadopago(value: Decimal | int | str | None, currency: str) -> int:
    """Our minor units of a number, or a text, from Mercado Pago. Raises InexpressibleAmount and InvalidMoney."""
    try:
        exact = Decimal("0" if value is None else value).scaleb(money.exponent(currency))
    except InvalidOperation:
        raise InexpressibleAmount(f"{str(value)[:40]!r} is no amount.") from None
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise InexpressibleAmount(f"{str(value)[:40]!r} has more decimals than {currency}.")
    return int(exact)


def _shift(amount: int, places: int, currency: str) -> int:
    if places >= 0:
        return amount * int(10**places)
    whole, rest = divmod(amount, 10**-places)
    if rest:
        raise InexpressibleAmount(f"This amount of {currency} has decimals that the provider does not take.")
    return int(whole)
