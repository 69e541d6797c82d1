"""Reading a request strictly, and answering every failure in the one envelope."""

import re
import time
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from baas.core.db import is_outage
from baas.core.errors import (
    AppError,
    InternalError,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from baas.core.observe.logging import report_exception
from baas.core.serving import envelope
from baas.core.serving.context import JSON, Context, find_context, provide_context
from baas.core.serving.decoding import decode, explain, names_a_field
from baas.core.values.ids import RequestIds

log = structlog.get_logger(__name__)

_SANE_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_request_ids: Final = RequestIds()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON body is decoded once, strictly, into the handler's own type.

    The framework would decode to plain objects first and convert those leniently ("1" for 1).
    """

    async def body(self) -> bytes:
        """The body that the edge has read already; an upload comes from the connection."""
        context = find_context(self.scope)
        return context.body if context is not None and context.body else await super().body()

    async def json(self) -> Any:
        kind = self.scope["route_handler"].parsed_fn_signature.parameters["data"].annotation
        return read_json(provide_context(self.scope), kind)


def read_json(context: Context, kind: Any) -> Any:
    """A request's JSON body in its type. Raises UnsupportedMediaType, MalformedJson, ValidationFailed."""
    content_type = context.header(b"content-type") or ""
    if content_type != JSON:
        media = content_type.partition(";")[0].strip().lower()
        if media != JSON and not media.endswith("+json"):
            raise UnsupportedMediaType(content_type=content_type[:100])
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    return decode(context.body, decoder)


def request_id_from(header: bytes) -> str:
    """The caller's own request id when it is sane, a new one otherwise. It needs no escape anywhere."""
    text = header.decode("latin-1")
    return text if _SANE_REQUEST_ID.match(text) else _request_ids.new(time.monotonic())


def _failure(
    request: Request[Any, Any, Any], error: AppError, headers: dict[str, str] | None = None
) -> Response[bytes]:
    headers = {**error.headers, **(headers or {})}
    context = find_context(request.scope)
    if context is not None:
        request_id = context.request_id
    else:
        # No route was found, so this request never met the edge, which sets the header otherwise.
        request_id = request_id_from(request.headers.get("x-request-id", "").encode("latin-1", "replace"))
        headers["X-Request-Id"] = request_id
    body = envelope.failure(error.code, error.message, error.details, request_id)
    return Response(body, status_code=error.status, headers=headers, media_type="application/json")


def on_refusal(request: Request[Any, Any, Any], error: AppError) -> Response[bytes]:
    """Answer one of our own refusals."""
    return _failure(request, error)


def on_framework_refusal(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer a refusal of the framework in our own words."""
    if isinstance(error, ValidationException):
        fields = {
            str(item.get("key", "body")): str(item.get("message", ""))
            for item in (error.extra if isinstance(error.extra, list) else [])
            if isinstance(item, dict)
        }
        if list(fields) == ["data"]:
            # No body at all, or a form with a field too few or too many.
            return _failure(
                request,
                explain(msgspec.ValidationError(fields["data"]))
                if names_a_field(fields["data"])
                else ValidationFailed.field("body", "is missing"),
            )
        text = "; ".join(f"{name}: {reason}" for name, reason in fields.items())
        return _failure(request, ValidationFailed(text or None, fields=fields))
    if isinstance(error, NotFoundException):
        return _failure(request, NotFound("There is nothing at this address."))
    if isinstance(error, MethodNotAllowedException):
        return _failure(request, MethodNotAllowed(), {"Allow": ", ".join(_methods_at(request))})
    if error.status_code == PayloadTooLarge.status:
        return _failure(request, PayloadTooLarge())
    if error.status_code in {400, 415}:
        content_type = request.headers.get("content-type", "")
        if not content_type.startswith("multipart/"):
            # JSON is read by ourselves, so this is a form, and none was sent.
            return _failure(request, UnsupportedMediaType(content_type=content_type[:100]))
        return _failure(request, MalformedJson("The body cannot be read as what its Content-Type says."))
    return on_bug(request, error)


def _methods_at(request: Request[Any, Any, Any]) -> list[str]:
    """The methods that an address knows. Slow, and only asked for a refusal."""
    parts = request.url.path.strip("/").split("/")
    found: set[str] = set()
    for route in request.app.routes:
        components = getattr(route, "path_components", [])
        if len(components) == len(parts) and all(
            not isinstance(component, str) or component == part
            for component, part in zip(components, parts, strict=True)
        ):
            found |= set(getattr(route, "methods", ()))
    return sorted(found)


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer what nobody foresaw: nothing of it but the request id leaves, all of it is logged."""
    context = find_context(request.scope)
    request_id = context.request_id if context is not None else None
    if is_outage(error):
        log.warning("request.unavailable", request_id=request_id, error=repr(error)[:300])
        return _failure(request, Unavailable())
    report_exception(error, "request.failed", request_id=request_id)
    return _failure(request, InternalError())


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer whatever a handler raised."""
    if isinstance(error, AppError):
        return on_refusal(request, error)
    if isinstance(error, HTTPException):
        return on_framework_refusal(request, error)
    return on_bug(request, error)
