"""`{{ price|money:currency }}`."""

from django import template

register = template.Library()
_WHOLE = {"CLP", "JPY", "KRW", "PYG", "VND"}


@register.filter
def money(amount: int, currency: str) -> str:
    """An amount of minor units as people read it."""
    if currency in _WHOLE:
        return f"{amount:,} {currency}"
    return f"{amount // 100:,}.{amount % 100:02d} {currency}".rstrip()
