"""The one dependency of every handler: who calls, and the transaction around what they want.

A handler parses, runs one verb, answers. `read`, `write` and `cached` open the transaction, so that it
is committed before the answer leaves and a COMMIT that fails is a 500 and no false success.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Litestar, Request, Response
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from litestar.types import HTTPScope, Scope

from baas.core.db import StoreConnection, StoreSession, SystemConnection, sqlstate
from baas.core.errors import AppError, InsufficientScope, ValidationFailed
from baas.core.redis import cache
from baas.core.redis.cache import Entry, digest, etag_of
from baas.core.runtime import Runtime
from baas.core.scope import StoreScope
from baas.core.serving import envelope, idempotency
from baas.core.serving.paging import Page, PageOf, page_of

_SCOPE_KEY: Final = "baas.context"
_RETRY_STATES: Final = {"40001", "40P01"}
_TRIES: Final = 3
JSON: Final = "application/json"
Headers = list[tuple[bytes, bytes]]
_LONGEST_QUERY: Final = 512
"""Bytes of a query string that are worth remembering."""


class Suspended(msgspec.Struct, frozen=True):
    """What a verb answers when the rest of its work must happen outside a transaction."""

    resume: dict[str, Any]
    """Where to take the work up: stored with the Idempotency-Key, handed to `finish`."""
    preview: Any = None
    """What a dry run answers: as far as it can be told without asking the stranger."""


class Ready(Response[Any]):
    """An answer in the envelope as it goes out: JSON as bytes, or no body at all.

    Handlers return it as the framework's own `Response`, and the framework can send it; the edge sends it at a
    fraction of the cost.
    """

    def __init__(self, content: bytes | None, status_code: int, headers: Headers | None = None) -> None:
        # Not the framework's own beginning, which copies what no answer of ours has: cookies, encoders.
        self.content = content
        self.status_code: int = status_code
        self.raw = headers or []
        self.background = None
        self.cookies = []

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any
    ) -> ASGIResponse:
        """The answer as the framework sends it."""
        del app, request
        headers = {name.decode(): value.decode("latin-1") for name, value in self.raw}
        return ASGIResponse(
            body=self.content or b"", headers=headers, media_type=JSON, status_code=self.status_code
        )


class Context:
    """One request: its caller's scope, and the ways to answer."""

    __slots__ = ("_scope", "address", "asgi", "body", "request_id", "runtime")

    def __init__(
        self,
        runtime: Runtime,
        asgi: HTTPScope,
        scope: StoreScope | None,
        request_id: str,
        body: bytes = b"",
        address: str | None = None,
    ) -> None:
        self.runtime = runtime
        self.asgi = asgi
        self._scope = scope
        self.request_id = request_id
        self.body = body
        self.address = address

    @property
    def scope(self) -> StoreScope:
        """The store and caller. Raises InsufficientScope on a route that has none (public, operator)."""
        if self._scope is None:
            raise InsufficientScope
        return self._scope

    def header(self, name: bytes) -> str | None:
        """A request header by its lower-case name."""
        for key, value in self.asgi["headers"]:
            if key == name:
                return value.decode("latin-1")
        return None

    @property
    def dry_run(self) -> bool:
        """Whether the caller only wants to know what would be answered (`Prefer: dry-run`)."""
        # Every line, and without values: a preference overlooked here would be stored, sent and charged.
        return any(
            part.partition(b";")[0].partition(b"=")[0].strip().lower() == b"dry-run"
            for key, value in self.asgi["headers"]
            if key == b"prefer"
            for part in value.split(b",")
        )

    async def read(self, verb: Callable[[StoreSession], Awaitable[Any]]) -> Ready:
        """Answer what a verb reads through the ORM. A `PageOf` or a list becomes a list."""
        async with self.runtime.database.store(self.scope) as session:
            result = await verb(session)
        return self.answer(result)

    async def read_fast(self, verb: Callable[[StoreConnection], Awaitable[Any]]) -> Ready:
        """Answer what a verb reads through the bare driver. A `PageOf` or a list becomes a list."""
        async with self.runtime.database.fast(self.scope) as work:
            result = await verb(work)
        return self.answer(result)

    async def write(self, verb: Callable[[StoreSession], Awaitable[Any]], *, status: int = 200) -> Ready:
        """Answer what a verb changed, once for each Idempotency-Key, through the ORM."""
        return await self._write(self.runtime.database.store, verb, status, None)

    async def write_fast(
        self,
        verb: Callable[[StoreConnection], Awaitable[Any]],
        *,
        status: int = 200,
        finish: Callable[[dict[str, Any]], Awaitable[Any]] | None = None,
    ) -> Ready:
        """The same through the bare driver.

        A verb that has to ask a stranger answers `Suspended(resume)`; its transaction is committed and
        `finish(resume)` does the rest in transactions of its own. `finish` may run again for the same
        resume (the process died, the caller retried) and must then arrive at the same end.
        """
        return await self._write(self.runtime.database.fast, verb, status, finish)

    async def _write(
        self,
        opener: Callable[..., Any],
        verb: Callable[[Any], Awaitable[Any]],
        status: int,
        finish: Callable[[dict[str, Any]], Awaitable[Any]] | None,
    ) -> Ready:
        request = None if self.dry_run else self._idempotent_request(self.scope.store_id)

        def open_work() -> Any:
            return opener(self.scope, rollback=self.dry_run)

        result = await _tried_again(lambda: self._write_once(open_work, verb, status, request))
        if isinstance(result, Suspended):
            # Everything of a dry run is rolled back, and no stranger is asked for something that was only tried.
            result = result.preview if self.dry_run else await self._finish(result, finish, status, request)
        return (
            result
            if isinstance(result, Ready)
            else self._respond(_encode(result), status, dry_run=self.dry_run)
        )

    async def operate(
        self, verb: Callable[[SystemConnection], Awaitable[Any]], *, reason: str, status: int = 200
    ) -> Ready:
        """Answer what an operator's verb changed, once for each Idempotency-Key."""
        request = None if self.dry_run else self._idempotent_request(idempotency.OPERATOR)

        def open_work() -> Any:
            return self.runtime.database.operator(reason=reason, rollback=self.dry_run)

        result = await self._write_once(open_work, verb, status, request)
        return (
            result
            if isinstance(result, Ready)
            else self._respond(_encode(result), status, dry_run=self.dry_run)
        )

    async def _write_once(
        self,
        open_work: Callable[[], Any],
        verb: Callable[[Any], Awaitable[Any]],
        status: int,
        request: idempotency.Request | None,
    ) -> Any:
        """What the verb answers in one transaction, or the answer that is stored with the Idempotency-Key."""
        ring = self.runtime.keyring
        async with open_work() as work:
            stored = await idempotency.begin(work, request, ring) if request else None
            if stored is not None and stored.status_code is not None:
                return self._respond(stored.data, stored.status_code, replayed=True)
            if stored is not None and stored.resume is not None:
                return Suspended(stored.resume)
            result = await verb(work)
            if request is not None:
                if isinstance(result, Suspended):
                    await idempotency.suspend(work, request, result.resume)
                else:
                    await idempotency.save(work, request, ring, status, _encode(result))
        return result

    async def _finish(
        self,
        suspended: Suspended,
        finish: Callable[[dict[str, Any]], Awaitable[Any]] | None,
        status: int,
        request: idempotency.Request | None,
    ) -> Any:
        """The rest of a verb, outside its transaction, which is committed: of what is repeated here, it is no part."""
        if finish is None:
            raise TypeError("A verb that suspends needs a finish.")
        try:
            result = await _tried_again(lambda: finish(suspended.resume))
        except AppError:
            # It said no and is not running any more: the same key may take it up again at once.
            if request is not None:
                async with self.runtime.database.fast(self.scope) as work:
                    await idempotency.suspend(work, request, suspended.resume, running=False)
            raise
        if request is not None:
            async with self.runtime.database.fast(self.scope) as work:
                await idempotency.save(work, request, self.runtime.keyring, status, _encode(result))
        return result

    def _idempotent_request(self, owner: UUID) -> idempotency.Request | None:
        # Every write, not only POST: a DELETE whose answer was lost must not be a 404 when it is repeated.
        key = self.header(b"idempotency-key")
        if key is None:
            return None
        query = self.asgi["query_string"].decode("latin-1")
        return idempotency.of(owner, key, self.asgi["method"], f"{self.asgi['path']}?{query}", self.body)

    async def cached(
        self,
        name: str,
        query: Sequence[object],
        fill: Callable[[StoreConnection], Awaitable[Any]],
        *,
        max_age: int = 5,
    ) -> Ready:
        """Answer a storefront read as ready bytes, for as long as the catalogue stays at its version.

        `name` and `query` name the answer completely; `fill` makes it within one snapshot of the
        database. The ETag covers the data, so `If-None-Match` answers 304.
        """
        scope = self.scope
        # A digest, because callers choose what they ask: ("a:b", "c") and ("a", "b:c"), or no search and a
        # search for "None", must not find each other's answer.
        key = scope.key("read", scope.store.catalog_version, name, digest(*query))
        answers = self.runtime.cache
        entry = answers.peek(key)
        if entry is None:

            async def make() -> bytes:
                async with self.runtime.database.fast(scope, snapshot=True) as work:
                    return _fragment(await fill(work))

            entry = await answers.get(key, make)
        request = request_of(scope, self.asgi)
        if request is not None:
            answers.remember(request, key, max_age)
        headers = cached_headers(entry, max_age)
        wanted = self.header(b"if-none-match")
        if wanted is not None and matches(wanted, entry.etag):
            return Ready(None, 304, headers)
        return Ready(envelope.around(entry.body, self.request_id), 200, headers)

    def cached_by_caller(self, result: Any) -> Ready:
        """Answer a storefront read that is made anew each time: a caller that has it already is told so.

        It may have changed at any moment (a cart, an order), so who keeps it asks again before using it.
        """
        data = _encode(result)
        # D-011: of the data alone; the envelope's meta differs in each answer.
        etag = etag_of(data)
        headers = [
            (b"etag", etag.encode()),
            # D-034: it may change at any moment, so a 304 saves the body and not the question.
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"X-API-KEY, Origin"),
        ]
        wanted = self.header(b"if-none-match")
        if wanted is not None and matches(wanted, etag):
            return Ready(None, 304, headers)
        return Ready(envelope.success(data, self.request_id), 200, headers)

    def page(self, name: str, *, limit: int, cursor: str | None, include: str | None = None) -> Page:
        """The page that the request asks for. `name` names the list with its filters and its sort."""
        if include not in {None, "total"}:
            raise ValidationFailed.field("include", "only `total` can be included")
        return page_of(self.runtime.cursors, self.scope, name, limit=limit, cursor=cursor, include=include)

    def answer(self, result: Any, *, status: int = 200, dry_run: bool = False) -> Ready:
        """The envelope around a result: a `PageOf` and a list are lists, anything else is one thing.

        `dry_run` is for a POST that changes nothing anyway and was asked not to.
        """
        if isinstance(result, PageOf | list):
            return Ready(envelope.around(_fragment(result), self.request_id), status)
        return self._respond(_encode(result), status, dry_run=dry_run)

    def _respond(self, data: bytes, status: int, *, dry_run: bool = False, replayed: bool = False) -> Ready:
        headers = [(b"idempotent-replayed", b"true")] if replayed else []
        return Ready(envelope.success(data, self.request_id, dry_run=dry_run), status, headers)


# D-076: only what was rolled back is repeated.
async def _tried_again(run: Callable[[], Awaitable[Any]]) -> Any:
    """What `run` answers; it is repeated when its transaction met another one, and nothing of it is left."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await run()
        except Exception as error:
            if sqlstate(error) not in _RETRY_STATES or attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


def cached_headers(entry: Entry, max_age: int) -> Headers:
    """What a storefront read says of itself."""
    return [
        (b"etag", entry.etag.encode()),
        (b"cache-control", b"private, max-age=%d" % max_age),
        (b"vary", b"X-API-KEY, Origin"),
    ]


def request_of(scope: StoreScope, asgi: HTTPScope) -> cache.Request | None:
    """What names a read completely for its store; None when it is not worth remembering."""
    query = asgi["query_string"]
    revision = scope.store.revision
    if not revision or len(query) > _LONGEST_QUERY or asgi["method"] != "GET":
        return None
    return (revision, asgi["path"], query)


def matches(wanted: str, etag: str) -> bool:
    """Whether an `If-None-Match` names this ETag."""
    return wanted.strip() == "*" or etag in {part.strip().removeprefix("W/") for part in wanted.split(",")}


def _encode(result: Any) -> bytes:
    return result if isinstance(result, bytes) else envelope.encode(result)


def _fragment(result: Any) -> bytes:
    """The part of the envelope that does not change between two answers of the same data."""
    if isinstance(result, list):
        # One that is always answered whole.
        result = PageOf(result, limit=len(result), next_cursor=None, total=len(result))
    if not isinstance(result, PageOf):
        return b'"data":' + _encode(result)
    pagination = envelope.Pagination(
        limit=result.limit,
        has_more=result.next_cursor is not None,
        next_cursor=result.next_cursor,
        total=result.total,
    )
    items, paged = result.items, envelope.encode(pagination)
    if items and isinstance(items[0], bytes):
        # Ready documents are the most of a list, and are copied once: what stands around them goes with the outer ones.
        whole = [*items]
        whole[0] = b'"data":[' + whole[0]
        whole[-1] += b'],"pagination":' + paged
        return b",".join(whole)
    return b'"data":%b,"pagination":%b' % (envelope.encode(items), paged)


Ctx = NamedDependency[Context]
"""How a handler asks for its context."""


def leave_context(asgi: Any, context: Context) -> None:
    """Put a request's context where its handler finds it: under our own key in the ASGI scope."""
    asgi[_SCOPE_KEY] = context


def find_context(asgi: Any) -> Context | None:
    """The context of a request; None for one that matched no route and so never met the edge."""
    context: Context | None = asgi.get(_SCOPE_KEY)
    return context


def provide_context(scope: Scope) -> Context:
    """The context that the edge made for this request."""
    context = find_context(scope)
    if context is None:
        raise RuntimeError("No context: the edge is not among the middleware.")
    return context
