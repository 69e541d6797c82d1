"""The one shape of every answer: `{"success", "data" | "error", "meta"}` (docs/concepts.md, "Answers")."""

from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from baas.core.values import clock

VERSION: Final = "v1"
JSON_TYPE: Final = b"application/json"
encode: Final = msgspec.json.Encoder(order="deterministic").encode

T = TypeVar("T")


class Meta(msgspec.Struct, frozen=True):
    """About the answer, not the object."""

    request_id: str
    """Name it when you ask for help; it is in our logs."""
    timestamp: str
    """When the answer was made, RFC 3339 in UTC."""
    version: str
    """Of the API."""
    dry_run: bool | msgspec.UnsetType = msgspec.UNSET
    """True when nothing was stored, sent or charged (`Prefer: dry-run`)."""


class Data(msgspec.Struct, Generic[T], frozen=True):
    """A successful answer about one thing."""

    success: Literal[True]
    data: T
    meta: Meta


class Pagination(msgspec.Struct, frozen=True):
    """Where a list goes on."""

    limit: int
    has_more: bool
    next_cursor: str | None
    """Send it as `cursor` for the next page."""
    total: int | None
    """Only with `include=total`."""


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A successful answer with one page of a list."""

    success: Literal[True]
    data: list[T]
    pagination: Pagination
    meta: Meta


class ErrorBody(msgspec.Struct, frozen=True):
    """What was refused and why."""

    code: str
    """A stable word; the SDK turns it into an exception class."""
    message: str
    details: dict[str, Any]


class Failure(msgspec.Struct, frozen=True):
    """A refusal."""

    success: Literal[False]
    error: ErrorBody
    meta: Meta


def meta_bytes(request_id: str, *, dry_run: bool = False) -> bytes:
    """The `meta` object as JSON. A request id is limited to characters that need no escape."""
    tail = ',"dry_run":true}' if dry_run else "}"
    return (
        f'{{"request_id":"{request_id}","timestamp":"{clock.stamp()}","version":"{VERSION}"{tail}'
    ).encode()


def around(fragment: bytes, request_id: str) -> bytes:
    """The envelope around what does not change between two answers of the same data: `"data":…` and `"pagination":…`."""
    # Joined, not formatted: that would reserve a quarter more for a long list than it takes.
    return b"".join((b'{"success":true,', fragment, b',"meta":', meta_bytes(request_id), b"}"))


def success(data: bytes, request_id: str, *, dry_run: bool = False) -> bytes:
    """The envelope around JSON that is encoded already."""
    return b'{"success":true,"data":%b,"meta":%b}' % (data, meta_bytes(request_id, dry_run=dry_run))


def failure(code: str, message: str, details: dict[str, Any], request_id: str) -> bytes:
    """The envelope of a refusal."""
    error = encode(ErrorBody(code=code, message=message, details=details))
    return b'{"success":false,"error":%b,"meta":%b}' % (error, meta_bytes(request_id))
