"""Public ids: TypeIDs, that is a prefix naming the kind, then a UUIDv7 in Crockford base32.

The specification is public (github.com/jetify-com/typeid); stored as plain `uuid`.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from baas.core.errors import NotFound

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_SUFFIX: Final = re.compile(f"[0-7][{_ALPHABET}]{{25}}", re.ASCII)
_TO_PLAIN: Final = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""From Crockford's letters to those that `int` reads in base 32."""
_PAIRS: Final = [high + low for high in _ALPHABET for low in _ALPHABET]


class Kind(StrEnum):
    """The prefix of a public id, which names the kind of object. Prefixes are part of the API: never rename one (D-083)."""

    API_KEY = "key"
    AUDIT_LINE = "aud"
    CART = "cart"
    CART_ITEM = "item"
    CATEGORY = "cat"
    CUSTOMER = "cust"
    DELIVERY = "whd"
    ENDPOINT = "we"
    EVENT = "evt"
    IMAGE = "img"
    IMPORT = "imp"
    MOVEMENT = "mov"
    NOTIFICATION = "ntf"
    ORDER = "ord"
    ORDER_ITEM = "oitem"
    PAYMENT = "pay"
    PAYMENT_HISTORY = "phis"
    PRODUCT = "prod"
    RECONCILIATION = "prec"
    REFUND = "re"
    REQUEST = "req"
    STORE = "store"
    VARIANT = "var"


def new_id() -> UUID:
    """A new UUIDv7: rising with time, so it is kind to indexes and can be partitioned by time."""
    return uuid7()


def encode(kind: Kind, value: UUID) -> str:
    """The public form of an id, such as `prod_01h455vb4pex5vsknk084sn02q`."""
    number = value.int
    # Added and not formatted: formatting an enumeration's member takes twice as long.
    return kind + (
        f"_{_PAIRS[number >> 120]}{_PAIRS[number >> 110 & 1023]}{_PAIRS[number >> 100 & 1023]}"
        f"{_PAIRS[number >> 90 & 1023]}{_PAIRS[number >> 80 & 1023]}{_PAIRS[number >> 70 & 1023]}"
        f"{_PAIRS[number >> 60 & 1023]}{_PAIRS[number >> 50 & 1023]}{_PAIRS[number >> 40 & 1023]}"
        f"{_PAIRS[number >> 30 & 1023]}{_PAIRS[number >> 20 & 1023]}{_PAIRS[number >> 10 & 1023]}"
        f"{_PAIRS[number & 1023]}"
    )


class RequestIds:
    """Names for requests: as unique as any id, and much cheaper, because a random one is continued by counting.

    Whoever knows one may guess the next, so they name and never protect anything.
    """

    __slots__ = ("_began", "_head", "_next")

    def __init__(self) -> None:
        self._began = 0.0
        self._head = ""
        self._next = len(_PAIRS)

    def new(self, moment: float) -> str:
        """A new request id. `moment` is on any clock in seconds; ids begin anew at least every second of it."""
        number = self._next
        if number >= len(_PAIRS) or moment - self._began > 1.0:
            self._head = encode(Kind.REQUEST, new_id())[:-2]
            self._began, number = moment, 0
        self._next = number + 1
        return self._head + _PAIRS[number]


def decode(kind: Kind, text: str) -> UUID:
    """The uuid behind a public id.

    Raises NotFound when the prefix is another kind's or the rest is no id: to the caller such an
    object does not exist, and that is all it learns.
    """
    value = try_decode(kind, text)
    if value is None:
        raise NotFound(id=text[:80])
    return value


def try_decode(kind: Kind, text: str) -> UUID | None:
    """The uuid behind a public id, or None when it is not one of this kind."""
    head, separator, suffix = text.rpartition("_")
    if not separator or head != kind or _SUFFIX.fullmatch(suffix) is None:
        return None
    return UUID(int=int(suffix.translate(_TO_PLAIN), 32))


def at(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a moment: the bound between partitions, or of a time filter over ids."""
    milliseconds = int(moment.astimezone(UTC).timestamp() * 1000)
    return UUID(int=milliseconds << 80)
