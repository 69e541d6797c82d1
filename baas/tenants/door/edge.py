"""The one middleware: who calls, may they, how often; and what every answer carries.

Pure ASGI, and one, because each layer costs (D-014). It runs after routing, so the route's own word
(`needs="…"`, `public=True`) is at hand, and before the handler, to which it leaves the Context.
"""

import hmac
import re
import time
from collections.abc import Iterable
from typing import Any, Final, cast

import msgspec
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from baas.core.crypto import api_key_hash
from baas.core.errors import (
    AppError,
    InsufficientScope,
    InvalidApiKey,
    MalformedJson,
    NotFound,
    OriginNotAllowed,
    PayloadTooLarge,
    RateLimited,
    Unauthenticated,
    ValidationFailed,
)
from baas.core.observe.logging import bind_request, log_request
from baas.core.observe.metrics import observe_rate_limited, observe_request
from baas.core.observe.redact import redact_text
from baas.core.redis.cache import Entry
from baas.core.redis.ratelimit import RateLimiter, Verdict
from baas.core.runtime import Runtime
from baas.core.scope import CallerKind, StoreScope
from baas.core.serving import envelope
from baas.core.serving.context import (
    Context,
    Headers,
    Ready,
    cached_headers,
    leave_context,
    matches,
    request_of,
)
from baas.core.serving.direct import Plan, plan_of
from baas.core.serving.requests import StrictRequest, on_error, request_id_from
from baas.tenants.door.keys import KeyTable, Principal
from baas.tenants.door.origins import is_allowed
from baas.tenants.plans import UNLIMITED

BAD_KEYS_PER_MINUTE: Final = 120
"""Refused keys from one address, before it has to wait."""
_NUL: Final = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ALLOW_HEADERS: Final = (
    b"x-api-key, content-type, idempotency-key, authorization, prefer, if-none-match, x-request-id"
)
_EXPOSE_HEADERS: Final = b"etag, x-request-id, idempotent-replayed, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after"
_ALLOW_METHODS: Final = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"


class _Call:
    """What the edge knows of one request."""

    __slots__ = ("answer_headers", "api_key", "chose_id", "content_length", "content_type", "forwarded", "if_none_match",
                 "operator_key", "origin", "request_id")  # fmt: skip

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        # Of a header that came twice, the last one counts.
        find = dict(headers).get
        self.api_key = find(b"x-api-key")
        self.operator_key = find(b"x-operator-key")
        self.origin = find(b"origin")
        self.content_type = find(b"content-type", b"")
        self.content_length = find(b"content-length")
        self.forwarded = find(b"x-forwarded-for", b"")
        self.if_none_match = find(b"if-none-match")
        wanted = find(b"x-request-id", b"")
        self.chose_id = wanted != b""
        self.request_id = request_id_from(wanted)
        self.answer_headers: Headers = [(b"x-request-id", self.request_id.encode())]


class Edge:
    """Resolves the key, limits the rate, sets the request id, refuses what is not allowed."""

    def __init__(self, app: ASGIApp, *, runtime: Runtime, table: KeyTable, limiter: RateLimiter) -> None:
        self._app = app
        self._runtime = runtime
        self._table = table
        self._limiter = limiter
        self._secret = runtime.settings.secret.encode()
        self._plans: dict[int, Plan | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        await self.serve(scope, receive, send)

    async def serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises what goes wrong before a handler is called and is no refusal of ours."""
        began = time.perf_counter()
        call = _Call(scope["headers"])
        status = 500
        answer_headers = call.answer_headers

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *answer_headers]
            await send(message)

        try:
            if scope["method"] == "OPTIONS":
                await self._preflight(scope, call, answer)
                return
            try:
                store_scope = await self._admit(scope, call)
                if store_scope is not None:
                    request = request_of(store_scope, scope)
                    ready = None if request is None else self._runtime.cache.recall(request)
                    if ready is not None:
                        status = await _answer_ready(*ready, call, send)
                        return
                address = self._address(scope, call)
                if store_scope is not None:
                    store_scope = msgspec.structs.replace(
                        store_scope, request_id=call.request_id, address=address
                    )
                body, receive = await self._body(scope, call, receive)
            except AppError as error:
                await refuse(error, call.request_id, answer)
                return
            bind_request(call.request_id, None if store_scope is None else store_scope.store_id)
            context = Context(self._runtime, scope, store_scope, call.request_id, body, address)
            plan = self._plan(scope["route_handler"])
            if plan is None:
                leave_context(scope, context)
                await self._app(scope, receive, answer)
                return
            made = await self._run(plan, context, receive, answer)
            if made is not None:
                status = made.status_code
                await _send(status, made.raw, made.content, call, send)
        finally:
            seconds = time.perf_counter() - began
            route: str = scope.get("path_template", "")
            observe_request(route, scope["method"], status, seconds)
            if status >= 400 or scope["method"] in _WRITES or seconds > 1:
                log_request(
                    redact_text(call.request_id) if call.chose_id else call.request_id,
                    route,
                    scope["method"],
                    status,
                    round(seconds * 1000, 1),
                )

    def can_serve(self, handler: Any) -> bool:
        """Whether a handler is called from here, without the framework."""
        return self._plan(handler) is not None

    def _plan(self, handler: Any) -> Plan | None:
        """How this handler is called, worked out once."""
        key = id(handler)  # handlers live as long as the application, and comparing them is slow
        if key not in self._plans:
            self._plans[key] = plan_of(handler) if isinstance(handler, HTTPRouteHandler) else None
        return self._plans[key]

    @staticmethod
    async def _run(plan: Plan, context: Context, receive: Receive, send: Send) -> Ready | None:
        """Call a handler: its answer when that can go out as it is; any other is sent by the framework."""
        scope = context.asgi
        try:
            answer = await plan.run(context)
            if type(answer) is Ready:
                return answer
        except Exception as error:
            leave_context(scope, context)
            answer = on_error(StrictRequest(scope, receive, send), error)
        else:
            # Not before: with its context in it a scope is a circle, which the collector would have to find.
            leave_context(scope, context)
        request, handler = (
            StrictRequest(scope, receive, send),
            cast("HTTPRouteHandler", scope["route_handler"]),
        )
        framed = await handler.to_response(scope["litestar_app"], answer, request)
        await framed(scope, receive, send)
        return None

    async def _admit(self, scope: HTTPScope, call: _Call) -> StoreScope | None:
        opt: dict[str, Any] = scope["route_handler"].opt
        if b"%00" in scope.get("raw_path", b""):
            raise NotFound
        if b"%00" in scope["query_string"]:
            raise ValidationFailed.field("query", "contains a NUL character")
        if opt.get("public"):
            return None
        need: str = opt["needs"]
        if need == "operator":
            self._check_operator(call)
            return None
        if call.api_key is None:
            raise Unauthenticated
        if len(call.api_key) > 200:
            raise InvalidApiKey
        principal = self._table.known(call.api_key)
        if principal is None:
            try:
                principal = await self._table.resolve(call.api_key.decode("latin-1"))
            except InvalidApiKey:
                await self._limit(
                    f"bad-key:{self._address(scope, call)}", BAD_KEYS_PER_MINUTE, call, "address"
                )
                raise
        store_scope = principal.scope
        if call.origin is not None:
            self._check_origin(store_scope, call, call.origin, storefront=need == "storefront")
        if not store_scope.may(need):
            raise InsufficientScope(needs=need)
        await self._limit_store(scope, call, principal)
        return store_scope

    def _check_operator(self, call: _Call) -> None:
        expected = self._runtime.settings.operator_key_hash
        if call.operator_key is None or expected is None:
            raise Unauthenticated("Send the operator key in the X-OPERATOR-KEY header.")
        if not hmac.compare_digest(api_key_hash(self._secret, call.operator_key.decode("latin-1")), expected):
            raise InvalidApiKey

    @staticmethod
    def _check_origin(scope: StoreScope, call: _Call, sent: bytes, *, storefront: bool) -> None:
        origin = sent.decode("latin-1")
        allowed = scope.store.allowed_origins if storefront else scope.store.settings.get("admin_origins", ())
        if is_allowed(origin, allowed):
            call.answer_headers += (
                (b"access-control-allow-origin", sent),
                (b"access-control-expose-headers", _EXPOSE_HEADERS),
                (b"vary", b"Origin"),
            )
        elif scope.caller.kind is CallerKind.PUBLISHABLE:
            raise OriginNotAllowed(origin=origin[:200])

    async def _limit_store(self, scope: HTTPScope, call: _Call, principal: Principal) -> None:
        verdict = None
        # D-016: the address first, so that a flooding one does not use up what the store may ask.
        if principal.scope.caller.kind is CallerKind.PUBLISHABLE and principal.address_limit != UNLIMITED:
            # The address first: one that floods must not use up what its store may ask.
            key = f"{principal.limit_key}:{self._address(scope, call)}"
            verdict = await self._limit(key, principal.address_limit, call, "address")
        if principal.limit != UNLIMITED:
            by_store = await self._limit(principal.limit_key, principal.limit, call, "store")
            if verdict is None or by_store.remaining < verdict.remaining:
                verdict = by_store
        if verdict is not None:
            call.answer_headers += _limit_headers(verdict)

    async def _limit(self, key: str, limit: int, call: _Call, by: str) -> Verdict:
        verdict = self._limiter.try_take(key, limit)
        if verdict is None:
            verdict = await self._limiter.refill(key, limit)
        if not verdict.allowed:
            observe_rate_limited(by)
            call.answer_headers += _limit_headers(verdict)
            raise RateLimited(limit=verdict.limit, retry_after=verdict.retry_after)
        return verdict

    def _address(self, scope: HTTPScope, call: _Call) -> str:
        """The client's address: what the last trusted proxy saw, or the peer of the connection."""
        hops = self._runtime.settings.forwarded_hops
        if hops and call.forwarded:
            parts = call.forwarded.decode("latin-1").split(",")
            return parts[-min(hops, len(parts))].strip()[:64]
        client = scope["client"]
        return client[0] if client else "unknown"

    async def _body(self, scope: HTTPScope, call: _Call, receive: Receive) -> tuple[bytes, Receive]:
        """Read a JSON body whole, within its limit; leave uploads to stream into their handler."""
        if scope["method"] not in _WRITES or call.content_type.startswith(b"multipart/"):
            return b"", receive
        limit = int(scope["route_handler"].opt.get("max_body", self._runtime.settings.max_body_bytes))
        if (
            call.content_length is not None
            and call.content_length.isdigit()
            and int(call.content_length) > limit
        ):
            raise PayloadTooLarge(f"The body may have {limit} bytes.", limit=limit)
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise MalformedJson("The connection ended before the body did.")
            body += message["body"]
            more = message.get("more_body", False)
            if len(body) > limit:
                raise PayloadTooLarge(f"The body may have {limit} bytes.", limit=limit)
        if (b"\0" in body or b"\\u0000" in body) and _NUL.search(body):
            raise ValidationFailed.field("body", "contains a NUL character")
        sent = False

        async def again() -> Any:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        return body, again

    # D-007: answered by area, for no key comes with it.
    async def _preflight(self, scope: HTTPScope, call: _Call, send: Send) -> None:
        headers: Headers = [(b"vary", b"Origin")]
        origin = (call.origin or b"").decode("latin-1")[:300]
        storefront = "/storefront/" in scope["path"]
        if origin and await self._table.origin_listed(origin.lower(), storefront=storefront):
            headers += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-allow-methods", _ALLOW_METHODS),
                (b"access-control-allow-headers", _ALLOW_HEADERS),
                (b"access-control-max-age", b"600"),
            ]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _answer_ready(entry: Entry, max_age: int, call: _Call, send: Send) -> int:
    """Answer a storefront read that this process holds ready, as `Context.cached` does; answers the status."""
    headers = cached_headers(entry, max_age)
    if call.if_none_match is not None and matches(call.if_none_match.decode("latin-1"), entry.etag):
        await _send(304, headers, None, call, send)
        return 304
    await _send(200, headers, envelope.around(entry.body, call.request_id), call, send)
    return 200


async def _send(status: int, headers: Headers, body: bytes | None, call: _Call, send: Send) -> None:
    """Send an answer that is ready, with what every answer carries."""
    if body is not None:
        headers += ((b"content-type", envelope.JSON_TYPE), (b"content-length", b"%d" % len(body)))
    headers += call.answer_headers
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body or b"", "more_body": False})


def _limit_headers(verdict: Verdict) -> Headers:
    return [
        (b"ratelimit-limit", b"%d" % verdict.limit),
        (b"ratelimit-remaining", b"%d" % verdict.remaining),
        (b"ratelimit-reset", b"%d" % verdict.reset_seconds),
    ]


async def refuse(error: AppError, request_id: str, send: Send) -> None:
    """Answer a refusal straight onto the connection."""
    body = envelope.failure(error.code, error.message, error.details, request_id)
    headers: Headers = [
        (b"content-type", envelope.JSON_TYPE),
        (b"content-length", b"%d" % len(body)),
        *((name.lower().encode(), value.encode()) for name, value in error.headers.items()),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
