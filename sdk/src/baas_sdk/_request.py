"""What a request says, what an answer means, and whether to try again: no input and no output here."""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from baas_sdk._version import VERSION
from baas_sdk.errors import (
    ConfigurationError,
    IdempotencyInProgress,
    InvalidAnswer,
    InvalidArgument,
    StatusError,
    class_for,
)

if TYPE_CHECKING:
    from httpx import Timeout

T = TypeVar("T")

BASE_PATH = "/api/v1"
DEFAULT_TIMEOUT = 30.0
CONNECT_TIMEOUT = 5.0
DEFAULT_RETRIES = 2
LONGEST_RETRY_AFTER = 60.0
_RETRY_STATUSES = frozenset({408, 429})
_LOCAL_KEY = re.compile(r"[!-~]+")
_MAX_IDEMPOTENCY_KEY = 255
_OURS = frozenset({"idempotency-key", "x-api-key"})
"""Headers that are sent once, whatever else is given."""


class Options(msgspec.Struct, frozen=True):
    """What a caller may say about one call."""

    dry_run: bool = False
    idempotency_key: str | None = None
    timeout: float | Timeout | None = None
    extra_headers: Mapping[str, str] | None = None


NO_OPTIONS = Options()


class Call(msgspec.Struct, Generic[T], frozen=True):
    """One operation of the API with its arguments."""

    method: str
    path: str
    """Below `/api/v1`, its parameters quoted."""
    answer: Any
    """The type of `data` in the answer."""
    query: Mapping[str, Any] = msgspec.field(default_factory=dict)
    body: Any = None
    """A request struct, sent as JSON."""
    files: Mapping[str, Any] | None = None
    """The files of a form; `body` are its fields then."""
    options: Options = NO_OPTIONS

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


class RawResponse(msgspec.Struct, Generic[T], frozen=True):
    """An answer with everything around it: `client.with_raw_response.orders.get(…)`."""

    status: int
    headers: Mapping[str, str]
    """By name, in any case."""
    request_id: str | None
    data: T
    """What the method answers otherwise."""
    content: bytes
    """The body as it came."""
    tries: int
    """How often the SDK asked."""

    @property
    def replayed(self) -> bool:
        """Whether this is the stored answer of an earlier request with the same idempotency key."""
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def etag(self) -> str | None:
        """The answer's ETag."""
        return self.headers.get("etag")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    limit: int
    has_more: bool
    next_cursor: str | None
    """Send it as `cursor` for the next page."""
    total: int | None
    """How long the whole list is; only with `include="total"`."""
    request_id: str | None


class _Meta(msgspec.Struct):
    request_id: str = ""


class _Data(msgspec.Struct, Generic[T]):
    data: T
    meta: _Meta = msgspec.field(default_factory=_Meta)


class _Pagination(msgspec.Struct):
    limit: int
    has_more: bool
    next_cursor: str | None = None
    total: int | None = None


class _Listed(msgspec.Struct, Generic[T]):
    data: list[T]
    pagination: _Pagination
    meta: _Meta = msgspec.field(default_factory=_Meta)


class _Error(msgspec.Struct):
    code: str
    message: str
    details: dict[str, Any] = msgspec.field(default_factory=dict)


class _Failure(msgspec.Struct):
    error: _Error
    meta: _Meta = msgspec.field(default_factory=_Meta)


_failure = msgspec.json.Decoder(_Failure)


@cache
def _one(kind: Any) -> msgspec.json.Decoder[_Data[Any]]:
    return msgspec.json.Decoder(_Data[kind])


@cache
def _many(kind: Any) -> msgspec.json.Decoder[_Listed[Any]]:
    return msgspec.json.Decoder(_Listed[kind])


def address(base_url: str | None) -> str:
    """The address of the API below which all paths are. Raises ConfigurationError."""
    text = (base_url or os.environ.get("BAAS_BASE_URL") or "").strip()
    if not text:
        raise ConfigurationError(
            'Where is the API? Give base_url="https://…", or set the environment variable BAAS_BASE_URL.'
        )
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(f"{text!r} is no address of an API, such as https://api.example.com")
    if parts.username or parts.password:
        raise ConfigurationError("The address holds a user or a password; the key goes into api_key.")
    return text.rstrip("/").removesuffix(BASE_PATH) + BASE_PATH


def key(api_key: str | None) -> str:
    """The key that is sent. Raises ConfigurationError, which never shows it."""
    text = (os.environ.get("BAAS_API_KEY") or "") if api_key is None else api_key
    text = text.strip()
    if not text:
        raise ConfigurationError(
            'Which key? Give api_key="sk_…", or set the environment variable BAAS_API_KEY.'
        )
    if not _LOCAL_KEY.fullmatch(text):
        raise ConfigurationError("The key holds a space or another character that no key has.")
    return text


def shown(api_key: str) -> str:
    """What may be shown of a key: its kind and mode."""
    kind = re.match(r"[a-z]+_(live|test)_", api_key)
    return f"{kind.group()}…" if kind else "…"


def path(template: str, *values: str | int) -> str:
    """The template with its parameters, quoted. Raises InvalidArgument for what would be another path."""
    for value in values:
        given: object = value
        text = given if isinstance(given, str) else str(given) if type(given) is int else ""
        if text.strip(".") == "":
            raise InvalidArgument(f"{value!r} is no id: {template}")
        template = template.replace("{}", quote(text, safe=""), 1)
    return template


def below(path: str) -> str:
    """A path as people write it, as one below the base path."""
    return "/" + ("/" + path.lstrip("/")).removeprefix(f"{BASE_PATH}/").lstrip("/")


def query(values: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that were given, as text."""
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise InvalidArgument("A time without a zone could be any: datetime.now(timezone.utc)")
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return ",".join(map(str, value)) if isinstance(value, Sequence) else str(value)


def new_idempotency_key() -> str:
    """A key for one write and all its tries."""
    return f"sdk-{os.urandom(16).hex()}"


@lru_cache(maxsize=1)
def user_agent() -> str:
    """Who we are."""
    return f"baas-sdk/{VERSION} python/{'.'.join(map(str, sys.version_info[:3]))}"


def headers(call: Call[Any], *, api_key: str, default: Mapping[str, str]) -> dict[str, str]:
    """The headers of every try of a call. Raises InvalidArgument for an idempotency key that cannot be one."""
    options = call.options
    given = {**default, **(options.extra_headers or {})}
    found = {
        "Accept": "*/*" if call.answer is bytes else "application/json",
        "User-Agent": user_agent(),
        **{name: value for name, value in given.items() if name.lower() not in _OURS},
        "X-API-KEY": api_key,
    }
    if not call.is_write:
        return found
    if options.dry_run:
        found["Prefer"] = "dry-run"
    else:
        chosen = options.idempotency_key
        if chosen is None:
            named = (value for name, value in given.items() if name.lower() == "idempotency-key")
            chosen = next(named, None) or new_idempotency_key()
        if not (0 < len(chosen) <= _MAX_IDEMPOTENCY_KEY and chosen.isascii() and chosen.isprintable()):
            raise InvalidArgument("An idempotency key has 1 to 255 printable ASCII characters.")
        found["Idempotency-Key"] = chosen
    if call.body is not None and call.files is None:
        found["Content-Type"] = "application/json"
    return found


def content(call: Call[Any]) -> bytes | None:
    """The body of every try of a call."""
    if call.body is None or call.files is not None:
        return None
    try:
        return msgspec.json.encode(call.body)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise InvalidArgument(f"The body cannot be written as JSON: {error}") from None


def form(call: Call[Any]) -> dict[str, str]:
    """The fields of a form beside its files."""
    fields = msgspec.to_builtins(call.body) if call.body is not None else {}
    return {name: _text(value) for name, value in fields.items()}


def read(
    kind: Any,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    tries: int,
    idempotency_key: str | None,
) -> RawResponse[Any]:
    """The answer to a call; a refusal is raised as its class, and what is no answer of ours as InvalidAnswer."""
    request_id = headers.get("x-request-id")
    if not 200 <= status < 300:
        raise refusal(status, headers, body, idempotency_key=idempotency_key)
    if kind is bytes:
        return RawResponse(status, headers, request_id, body, body, tries)
    try:
        data = _one(kind).decode(body).data
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidAnswer(
            f"the answer ({status}) is not what this version of the SDK knows: {error}",
            status=status, request_id=request_id, body=body,
        ) from None  # fmt: skip
    return RawResponse(status, headers, request_id, data, body, tries)


def read_page(
    kind: Any,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    tries: int,
    idempotency_key: str | None,
) -> RawResponse[Page[Any]]:
    """The same for one page of a list."""
    request_id = headers.get("x-request-id")
    if not 200 <= status < 300:
        raise refusal(status, headers, body, idempotency_key=idempotency_key)
    try:
        found = _many(kind).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidAnswer(
            f"the answer ({status}) is not what this version of the SDK knows: {error}",
            status=status, request_id=request_id, body=body,
        ) from None  # fmt: skip
    page = Page(
        found.data,
        found.pagination.limit,
        found.pagination.has_more,
        found.pagination.next_cursor,
        found.pagination.total,
        request_id,
    )
    return RawResponse(status, headers, request_id, page, body, tries)


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, idempotency_key: str | None = None
) -> StatusError:
    """The exception for an answer that is no success, whoever gave it."""
    try:
        failure = _failure.decode(body)
        error, request_id = failure.error, failure.meta.request_id or headers.get("x-request-id")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # A proxy on the way, or a server that is going down.
        error, request_id = _Error("", f"HTTP status {status}"), headers.get("x-request-id")
    return class_for(error.code, status)(
        error.message,
        status=status,
        error_code=error.code,
        details=error.details,
        request_id=request_id,
        retry_after=retry_after(headers),
        idempotency_key=idempotency_key,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of the header; None when it is absent or no time."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text)) if float(text) < float("inf") else None
    except ValueError:
        pass
    import email.utils

    try:
        when = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.timezone.utc)
    return max(0.0, (when - dt.datetime.now(dt.timezone.utc)).total_seconds())


def retries(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer may be another one in a moment.

    A 409 only when it says that the twin of this very request is still running: out of stock stays out of stock.
    """
    if status in _RETRY_STATUSES or status >= 500:
        wanted = retry_after(headers)
        return wanted is None or wanted <= LONGEST_RETRY_AFTER
    return status == 409 and isinstance(refusal(status, headers, body), IdempotencyInProgress)


def wait(tried: int, headers: Mapping[str, str] | None = None) -> float:
    """Seconds before the next try, `tried` tries after the first: half a second, doubled, with jitter.

    What the server asks for in Retry-After is the least; the jitter comes on top of it.
    """
    import random

    backoff = min(8.0, 0.5 * 2.0 ** (tried - 1))
    asked = retry_after(headers) if headers is not None else None
    if asked is not None:
        return asked + random.uniform(0, 0.25)  # noqa: S311  spreads load, protects nothing
    return backoff * random.uniform(0.5, 1.0)  # noqa: S311
