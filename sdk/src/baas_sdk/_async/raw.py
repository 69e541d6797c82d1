"""Gives the methods of a resource the answers of `with_raw_response`.

At run time a raw resource is the resource over a transport that answers RawResponse; these functions
tell the type checkers so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from baas_sdk._async.transport import AsyncTransport
from baas_sdk._request import Call, Page, RawResponse

if TYPE_CHECKING:
    from baas_sdk._async.pagination import AsyncPages

P = ParamSpec("P")
T = TypeVar("T")


class AsyncRawTransport(AsyncTransport, frozen=True):
    """Answers everything around the data, too."""

    async def send(self, call: Call[T]) -> T:
        """A RawResponse, which the facade's types say."""
        return cast("T", await self.send_raw(call))


def raw(transport: AsyncTransport) -> AsyncRawTransport:
    """The same transport, answering RawResponse."""
    return AsyncRawTransport(
        transport.http,
        transport.base_url,
        transport.api_key,
        transport.timeout,
        transport.max_retries,
        transport.default_headers,
    )


def one(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[RawResponse[T]]]:
    """A method that answers one thing."""
    return cast("Callable[P, Awaitable[RawResponse[T]]]", method)


def many(method: Callable[P, AsyncPages[T]]) -> Callable[P, Awaitable[RawResponse[Page[T]]]]:
    """A method that answers a list: its first page."""

    async def first_page(*args: P.args, **kwargs: P.kwargs) -> RawResponse[Page[T]]:
        return await method(*args, **kwargs).raw_page()

    return first_page
