"""Web origins: which pages may call a store from a browser."""

import re
from typing import Final

from baas.core.errors import ValidationFailed
from baas.core.scope import Mode

_ORIGIN: Final = re.compile(
    r"^(https?)://([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?$"
)
ANY: Final = "*"
FILE: Final = "null"
"""What a browser sends from a page on `file://`."""


def check_origins(origins: list[str], mode: Mode) -> list[str]:
    """The origins in their normal form. Raises ValidationFailed for one that no browser would send.

    Test stores may also allow any origin (`*`) and files (`null`).
    """
    checked = []
    for origin in origins:
        normal = origin.strip().lower().rstrip("/")
        special = normal in {ANY, FILE} and mode is Mode.TEST
        if not special and not _ORIGIN.match(normal):
            raise ValidationFailed.field(
                "allowed_origins", f"{origin[:80]!r} is not like https://shop.example"
            )
        checked.append(normal)
    return list(dict.fromkeys(checked))


def is_allowed(origin: str, allowed: tuple[str, ...] | list[str]) -> bool:
    """Whether a request's Origin is on a list."""
    return origin.lower() in allowed or ANY in allowed
