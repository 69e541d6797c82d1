"""Keyset pages: stable while rows are added, the same cost on every page, and no COUNT unless asked."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from baas.core.scope import StoreScope
from baas.core.values.cursors import CursorSigner

MAX_LIMIT: Final = 100
DEFAULT_LIMIT: Final = 20

T = TypeVar("T")


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
