"""Filters of our own: money, dates, links, colours. They answer plain text, which is escaped like any other."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from liquid import Environment
from liquid.context import RenderContext
from liquid.exceptions import FilterArgumentError, ResourceLimitError
from liquid.filter import with_context

from baas.core.errors import AppError
from baas.core.values.money import format_decimal

MAX_TEXT: Final = 512 * 1024
"""Characters of what a filter may make; a chain of `replace` would otherwise grow without bounds."""

_SYMBOLS: Final = {
    "ARS": "$",
    "CLP": "$",
    "COP": "$",
    "MXN": "$",
    "UYU": "$",
    "BRL": "R$",
    "PEN": "S/",
    "EUR": "€",
}
_ENGLISH_STYLE: Final = frozenset(
    ("MX", "PE", "US", "PR", "GT", "HN", "NI", "PA", "SV", "DO")
)  # Spanish is written with a decimal point there
_MONTHS: Final = {
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    "pt": [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


class TooLongError(ResourceLimitError):
    """A filter was asked for more than it may make."""


def register(environment: Environment) -> None:
    """Add them, and bound those of the language that multiply what they are given."""
    for name, function in (
        ("money", money),
        ("date", date),
        ("long_date", long_date),
        ("web_url", web_url),
        ("contrast", contrast),
    ):
        environment.add_filter(name, function)
    for name in ("replace", "replace_first", "replace_last", "append", "prepend", "join", "times"):
        environment.filters[name] = _bounded(name, environment.filters[name])


def _bounded(name: str, function: Any) -> Any:
    """The filter, refusing before it makes something huge."""

    def checked(value: Any, *arguments: Any, **options: Any) -> Any:
        if _size_after(name, value, arguments) > MAX_TEXT:
            raise TooLongError(f"{name} would make a text that is too long.", token=None)
        return function(value, *arguments, **options)

    for mark in ("with_context", "with_environment"):
        if hasattr(function, mark):
            setattr(checked, mark, getattr(function, mark))
    return checked


def _size_after(name: str, value: Any, arguments: Sequence[Any]) -> int:
    """At most how many characters (or digits) the filter makes."""
    if name == "join":
        between = len(str(arguments[0])) if arguments else 1
        if not isinstance(value, list | tuple | range):
            return 0
        if len(value) > MAX_TEXT:
            return len(value)
        return sum(_length(item) + between for item in value)
    if name == "times":
        return sum(item.bit_length() for item in (value, *arguments) if isinstance(item, int))
    text = str(value)
    if name.startswith("replace"):
        found = str(arguments[0]) if arguments else ""
        put = str(arguments[1]) if len(arguments) > 1 else ""
        times = len(text) + 1 if not found else text.count(found)
        return len(text) + len(put) * (times if name == "replace" else 1)
    return len(text) + sum(_length(item) for item in arguments)


def _length(item: Any) -> int:
    return len(item) if isinstance(item, str) else 32


def _locale(context: RenderContext) -> str:
    found = context.resolve("locale")
    return found if isinstance(found, str) else "en"


def _language(context: RenderContext) -> str:
    language = _locale(context).partition("-")[0]
    return language if language in _MONTHS else "en"


@with_context
def money(amount: Any, currency: Any = None, *, context: RenderContext) -> str:
    """An amount in minor units as people write it: `{{ order.total | money: order.currency }}`."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        return "" if amount is None or not isinstance(amount, str) else amount
    code = currency if isinstance(currency, str) else ""
    try:
        text = format_decimal(abs(amount), code)
    except AppError:
        return f"{amount} {code}".strip()
    whole, point, fraction = text.partition(".")
    language, country = _language(context), _locale(context).partition("-")[2]
    groups, decimal = (",", ".") if language == "en" or country in _ENGLISH_STYLE else (".", ",")
    number = f"{int(whole):,}".replace(",", groups) + (decimal + fraction if point else "")
    sign = "-" if amount < 0 else ""
    symbols = {**_SYMBOLS, "USD": "$" if language == "en" else "US$"}
    symbol = symbols.get(code, code)
    space = "" if language == "en" and len(symbol) == 1 else "\N{NO-BREAK SPACE}"
    return f"{sign}{symbol}{space}{number}"


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def date(value: Any, form: Any = "%d/%m/%Y") -> str:
    """A moment (RFC 3339) in the given form; what is no moment stays as it is."""
    moment = _moment(value)
    if moment is None:
        return "" if value is None else str(value)
    if not isinstance(form, str) or len(form) > 60:
        raise FilterArgumentError("date takes a form such as '%d/%m/%Y'", token=None)
    return moment.strftime(form)


@with_context
def long_date(value: Any, *, context: RenderContext) -> str:
    """A day in words, in the language of the message."""
    moment = _moment(value)
    if moment is None:
        return "" if value is None else str(value)
    language = _language(context)
    month = _MONTHS[language][moment.month - 1]
    if language == "en":
        return f"{month} {moment.day}, {moment.year}"
    return f"{moment.day} de {month} de {moment.year}"


def web_url(value: Any) -> str:
    """An http(s) address, or nothing: no `javascript:` ever becomes a link."""
    if not isinstance(value, str) or len(value) > 2000:
        return ""
    return value if value.lower().startswith(("https://", "http://")) else ""


def contrast(value: Any) -> str:
    """Black or white, whichever is easier to read on the colour `#rrggbb`."""
    if not isinstance(value, str) or len(value) != 7:
        return "#ffffff"
    try:
        red, green, blue = (int(value[at : at + 2], 16) for at in (1, 3, 5))
    except ValueError:
        return "#ffffff"
    return "#111827" if red * 299 + green * 587 + blue * 114 > 150_000 else "#ffffff"
