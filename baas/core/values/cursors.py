"""Cursors of keyset pages.

A cursor holds the sort values of the last row, signed together with the store and the list it belongs
to, so that it can neither be altered nor carried elsewhere.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from baas.core.errors import InvalidCursor

MAX_CURSOR: Final = 2000
_MAC: Final = 12


class CursorSigner:
    """Makes and reads cursors under the deployment's secret."""

    def __init__(self, secret: str) -> None:
        # One that knows its key, to be copied: finding the algorithm and keying it anew costs more than the cursor.
        self._keyed = hmac.new(
            hashlib.sha256(b"baas cursor\0" + secret.encode()).digest(), digestmod="sha256"
        )

    def _mac_of(self, scope_key: str, body: bytes) -> bytes:
        mac = self._keyed.copy()
        mac.update(scope_key.encode() + b"\0" + body)
        return mac.digest()[:_MAC]

    def sign(self, scope_key: str, values: Sequence[Any]) -> str:
        """A cursor over JSON values; datetimes and UUIDs go in as text."""
        body = msgspec.json.encode(list(values))
        return base64.urlsafe_b64encode(self._mac_of(scope_key, body) + body).decode().rstrip("=")

    def read(self, scope_key: str, cursor: str) -> list[Any]:
        """The values of a cursor. Raises InvalidCursor when it is not from this list of this store."""
        if len(cursor) > MAX_CURSOR:
            raise InvalidCursor
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            # Strictly: otherwise foreign characters in between would be skipped and forgiven.
            raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        except ValueError:
            raise InvalidCursor from None
        mac, body = raw[:_MAC], raw[_MAC:]
        if not hmac.compare_digest(mac, self._mac_of(scope_key, body)):
            raise InvalidCursor
        values = msgspec.json.decode(body)
        if not isinstance(values, list):
            raise InvalidCursor
        return values
