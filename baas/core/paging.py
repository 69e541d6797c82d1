"""Keyset pages: stable while rows are added, the same cost on every page, and no COUNT unless asked.

A cursor holds the sort values of the last row, signed together with the store and the list it belongs
to, so that it can neither be altered nor carried elsewhere.
"""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from baas.core.errors import InvalidCursor
from baas.core.scope import StoreScope

MAX_LIMIT: Final = 100
DEFAULT_LIMIT: Final = 20
MAX_CURSOR: Final = 2000
_MAC: Final = 12

T = TypeVar("T")


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


class Page(msgspec.Struct, frozen=True):
    """Which page of a list is asked for."""

    limit: int
    after: list[Any] | None
    """The sort values of the last row of the page before, or None for the first page."""
    with_total: bool
    sign: Callable[[Sequence[Any]], str]

    def cut(
        self,
        rows: Sequence[T],
        key: Callable[[T], Sequence[Any]],
        *,
        total: int | None = None,
    ) -> "PageOf[T]":
        """Make a page of the rows that a query with `limit + 1` found.

        `key` gives the sort values of a row, as JSON can hold them, in the order of the ORDER BY.
        """
        shown = list(rows[: self.limit])
        more = len(rows) > self.limit
        return PageOf(
            items=shown,
            limit=self.limit,
            next_cursor=self.sign(key(shown[-1])) if more and shown else None,
            total=total,
        )

    async def total(self, count: Callable[[], Awaitable[int]]) -> int | None:
        """The number of rows of the whole list, asked of the database only if the caller wants it."""
        return await count() if self.with_total else None


class PageOf(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    limit: int
    next_cursor: str | None
    total: int | None

    def map(self, shape: Callable[[T], Any]) -> "PageOf[Any]":
        """The same page with every item in another shape."""
        return PageOf([shape(item) for item in self.items], self.limit, self.next_cursor, self.total)


def page_of(
    signer: CursorSigner,
    scope: StoreScope,
    list_name: str,
    *,
    limit: int,
    cursor: str | None,
    include: str | None,
) -> Page:
    """The page that a request asks for. `list_name` names the list, its filters and its sort."""
    scope_key = scope.key("list", list_name)
    after = signer.read(scope_key, cursor) if cursor else None
    return Page(
        limit=limit,
        after=after,
        with_total=include == "total",
        sign=lambda values: signer.sign(scope_key, values),
    )
