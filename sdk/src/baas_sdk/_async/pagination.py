"""Lists that fetch their pages as they are walked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from baas_sdk._request import Call, Page, RawResponse

if TYPE_CHECKING:
    from baas_sdk._async.transport import AsyncTransport

T = TypeVar("T")


class AsyncPages(Generic[T]):
    """A list of the API, from its first to its last item.

    Nothing is asked before it is walked; walking it again asks again.
    """

    def __init__(self, transport: AsyncTransport, call: Call[Any]) -> None:
        self._transport = transport
        self._call = call

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self._call.method} {self._call.path}: walk it, or ask for one .page())"
        )

    async def __aiter__(self) -> AsyncIterator[T]:
        """Every item of every page."""
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Page by page."""
        cursor = self._call.query.get("cursor")
        while True:
            raw = await self._fetch(cursor)
            page = raw.data
            yield page
            if not page.has_more or page.next_cursor is None:
                return
            cursor = page.next_cursor

    async def page(self) -> Page[T]:
        """The page that `cursor` names, or the first: for lists with a "next" button."""
        raw = await self.raw_page()
        return raw.data

    async def raw_page(self) -> RawResponse[Page[T]]:
        """The same with everything around it."""
        return await self._fetch(self._call.query.get("cursor"))

    async def first(self) -> T | None:
        """The first item, or None when the list is empty."""
        page = await self.page()
        return page.items[0] if page.items else None

    async def _fetch(self, cursor: str | None) -> RawResponse[Page[T]]:
        return await self._transport.send_page(self._call, cursor)
