# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""Gives the methods of a resource the answers of `with_raw_response`.

At run time a raw resource is the resource over a transport that answers RawResponse; these functions
tell the type checkers so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from baas_sdk._request import Call, Page, RawResponse
from baas_sdk._sync.transport import Transport

if TYPE_CHECKING:
    from baas_sdk._sync.pagination import Pages

P = ParamSpec("P")
T = TypeVar("T")


class RawTransport(Transport, frozen=True):
    """Answers everything around the data, too."""

    def send(self, call: Call[T]) -> T:
        """A RawResponse, which the facade's types say."""
        return cast("T", self.send_raw(call))


def raw(transport: Transport) -> RawTransport:
    """The same transport, answering RawResponse."""
    return RawTransport(
        transport.http,
        transport.base_url,
        transport.api_key,
        transport.timeout,
        transport.max_retries,
        transport.default_headers,
    )


def one(method: Callable[P, T]) -> Callable[P, RawResponse[T]]:
    """A method that answers one thing."""
    return cast("Callable[P, RawResponse[T]]", method)


def many(method: Callable[P, Pages[T]]) -> Callable[P, RawResponse[Page[T]]]:
    """A method that answers a list: its first page."""

    def first_page(*args: P.args, **kwargs: P.kwargs) -> RawResponse[Page[T]]:
        return method(*args, **kwargs).raw_page()

    return first_page
