"""The OpenAPI 3.1 document, assembled from what the handlers and structs say of themselves."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from litestar import Litestar

from baas import API_VERSION
from baas.assembly import EVENT_TYPES
from baas.core.errors import AppError
from baas.core.serving.envelope import Failure
from baas.core.values.ids import Kind
from baas.core.work.event_types import EventType
from baas.openapi import texts
from baas.openapi.endpoints import Endpoint, endpoints
from baas.openapi.examples import Examples
from baas.openapi.schemas import REF, components
from baas.openapi.story import public_id
from baas.webhooks.schemas.events import PUBLISHABLE

_MOMENT: Final = "2026-11-21T14:03:27.512Z"
_JSON: Final = "application/json"
_SECURITY: Final = {
    "StoreKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-KEY",
        "description": "A key of the store: `pk_…` (storefront endpoints) or `sk_…` (within its scopes).",
    },
    "OperatorKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-OPERATOR-KEY",
        "description": "The key of the deployment's operator.",
    },
}
_HEADERS: Final = {
    "RequestId": ("Names this request in our logs.", {"type": "string"}, public_id(Kind.REQUEST)),
    "RateLimitLimit": ("Requests per minute.", {"type": "integer"}, 12000),
    "RateLimitRemaining": ("Requests that would pass now.", {"type": "integer"}, 11999),
    "RateLimitReset": ("Seconds until all of the limit would pass at once again.", {"type": "integer"}, 1),
    "RetryAfter": ("Seconds until a retry makes sense.", {"type": "integer"}, 2),
    "IdempotentReplayed": (
        "The answer of an earlier request with this key.",
        {"type": "string", "enum": ["true"]},
        "true",
    ),
    "ETag": ("Send it as `If-None-Match`.", {"type": "string"}, '"6f1c9a0b2d3e4f50"'),
    "CacheControl": ("How long a browser may keep it.", {"type": "string"}, "private, max-age=5"),
}
_PARAMETERS: Final = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A key of your choice: repeating the request with it, within 24 hours, has no second effect.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        "example": "checkout-7f3c1d",
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`dry-run`: answer what would be answered, and change nothing.",
        "schema": {"type": "string", "enum": ["dry-run"]},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an earlier answer: 304 when it is still the same.",
        "schema": {"type": "string", "maxLength": 200},
    },
}


def build_document(app: Litestar, base_url: str) -> dict[str, Any]:
    """The document of an application that is reached at `base_url`."""
    operations = list(endpoints(app))
    kinds = [
        kind
        for operation in operations
        for kind in (operation.body, operation.answer)
        if kind is not None and not isinstance(kind, dict)
    ]
    schemas, named = components(
        [*kinds, Failure, *dict.fromkeys(event.payload for event in EVENT_TYPES.values())]
    )
    by_kind = list(zip(kinds, schemas, strict=False))
    _refine(named, operations)
    writer = _Writer(by_kind, named)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = writer.operation(operation)
    used = {tag for operation in operations for tag in operation.tags}
    return {
        "openapi": "3.1.0",
        "info": {"title": texts.TITLE, "version": API_VERSION, "description": texts.DESCRIPTION},
        "servers": [{"url": base_url}],
        "tags": [{"name": name, "description": text} for name, text in texts.TAGS.items() if name in used],
        "paths": paths,
        "webhooks": writer.webhooks(),
        "components": {
            "schemas": named,
            "responses": {f"Refusal{status}": writer.refusal(status, ()) for status in texts.ERRORS},
            "parameters": _PARAMETERS,
            "headers": {
                name: {"description": text, "schema": schema, "example": example}
                for name, (text, schema, example) in _HEADERS.items()
            },
            "securitySchemes": _SECURITY,
        },
    }


def _refine(named: dict[str, dict[str, Any]], operations: Iterable[Endpoint]) -> None:
    """What msgspec's schemas leave open and our answers promise."""
    codes = sorted(code for group in texts.CODES.values() for code in group)
    codes += sorted({kind.code for operation in operations for kind in operation.refuses} - set(codes))
    named["ErrorBody"]["properties"]["code"]["examples"] = codes


class _Writer:
    """Writes operations with the schemas that are known by now."""

    def __init__(self, by_kind: list[tuple[Any, dict[str, Any]]], named: dict[str, dict[str, Any]]) -> None:
        self._by_kind = by_kind
        self._examples = Examples(named)

    def _schema(self, kind: Any) -> dict[str, Any]:
        if isinstance(kind, dict):
            return kind
        return next(schema for known, schema in self._by_kind if known is kind or known == kind)

    def operation(self, endpoint: Endpoint) -> dict[str, Any]:
        """One operation object."""
        written: dict[str, Any] = {
            "operationId": endpoint.id,
            "tags": endpoint.tags,
            "summary": endpoint.summary,
            "description": "\n\n".join(part for part in (endpoint.description, _who(endpoint)) if part),
            "security": _security(endpoint),
        }
        if endpoint.need is not None:
            written["x-scope"] = endpoint.need
        parameters = list(self._parameters(endpoint))
        if parameters:
            written["parameters"] = parameters
        if endpoint.id in texts.FORMS:
            written["requestBody"] = texts.FORMS[endpoint.id]
        elif endpoint.body is not None:
            written["requestBody"] = self._body(endpoint)
        written["responses"] = self._responses(endpoint)
        return written

    def _parameters(self, endpoint: Endpoint) -> Iterable[dict[str, Any]]:
        for parameter in endpoint.parameters:
            schema = dict(parameter.schema)
            if parameter.name == "include":
                schema = {"type": "string", "enum": ["total"]}
            written = {
                "name": parameter.name,
                "in": parameter.where,
                "required": parameter.required,
                "schema": schema,
            }
            description = parameter.description or _PARAMETER_TEXTS.get(parameter.name, "")
            if description:
                written["description"] = description
            if parameter.where == "path":
                struct = "path"
                written["example"] = _NAMES.get(parameter.name) or self._examples.of(
                    schema, struct=struct, field=parameter.name
                )
            yield written
        if endpoint.is_public:
            return
        if endpoint.is_write:
            yield {"$ref": "#/components/parameters/IdempotencyKey"}
            yield {"$ref": "#/components/parameters/Prefer"}
        if endpoint.cached:
            yield {"$ref": "#/components/parameters/IfNoneMatch"}

    def _body(self, endpoint: Endpoint) -> dict[str, Any]:
        schema = self._schema(endpoint.body)
        content: dict[str, Any] = {"schema": schema}
        if endpoint.body_media == _JSON:
            content["example"] = self._examples.of(schema)
        else:
            content["encoding"] = {"file": {"contentType": "text/csv"}}
        return {"required": endpoint.body_required, "content": {endpoint.body_media: content}}

    def _responses(self, endpoint: Endpoint) -> dict[str, Any]:
        success: dict[str, Any] = {"description": "Success", "headers": _headers(endpoint)}
        if endpoint.answer is not None:
            schema = self._schema(endpoint.answer)
            success["content"] = {
                _JSON: {"schema": schema, "example": self._answer_example(schema, endpoint)}
            }
        elif endpoint.answer_media.startswith("text/"):
            success["content"] = {endpoint.answer_media: {"schema": {"type": "string"}}}
        elif endpoint.answer_media != _JSON:
            success["content"] = {endpoint.answer_media: {"schema": {"type": "string", "format": "binary"}}}
        responses = {str(endpoint.status): success}
        for status, text in texts.ALSO.get(endpoint.id, {}).items():
            responses[str(status)] = {**success, "description": text}
        if endpoint.cached:
            responses["304"] = {"description": "Still the same", "headers": _headers(endpoint)}
        own_of: dict[str, list[type[AppError]]] = {}
        for kind in endpoint.refuses:
            kinds = own_of.setdefault(str(kind.status), [])
            if kind.code not in texts.CODES[str(kind.status)]:
                kinds.append(kind)
        for refused in sorted({*_refusals(endpoint), *own_of}):
            own = own_of.get(refused, ())
            responses[refused] = (
                self.refusal(refused, own) if own else {"$ref": f"#/components/responses/Refusal{refused}"}
            )
        return dict(sorted(responses.items()))

    def _answer_example(self, schema: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
        example: dict[str, Any] = self._examples.of(schema)
        if "pagination" in example:
            paged = any(parameter.name == "cursor" for parameter in endpoint.parameters)
            shown = len(example["data"])
            limit, total = (20, None) if paged else (shown, shown)
            example["pagination"] = {"limit": limit, "has_more": False, "next_cursor": None, "total": total}
        return {**example, "success": True, "meta": _meta()}

    def refusal(self, status: str, own: Sequence[type[AppError]]) -> dict[str, Any]:
        """The response object of a refusal, with the codes that this endpoint adds."""
        codes = [*texts.CODES[status], *(kind.code for kind in own)]
        code, message = (own[0].code, own[0].title) if own else (codes[0], _MESSAGES[codes[0]])
        example = {
            "success": False,
            "error": {"code": code, "message": message, "details": _DETAILS.get(code, {})},
            "meta": _meta(),
        }
        headers = ["RequestId", *(["RetryAfter"] if status == "429" else [])]
        return {
            "description": f"{texts.ERRORS[status]}: {', '.join(f'`{word}`' for word in codes)}",
            "headers": {_HEADER_NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in headers},
            "content": {_JSON: {"schema": {"$ref": REF.format(name="Failure")}, "example": example}},
        }

    def webhooks(self) -> dict[str, Any]:
        """What endpoints receive, one entry for each type of event."""
        written = {}
        for event, type_ in EVENT_TYPES.items():
            data = {"$ref": REF.format(name=type_.payload.__name__)}
            body = {
                "type": "object",
                "required": [
                    "id",
                    "type",
                    "api_version",
                    "timestamp",
                    "store_id",
                    "subject",
                    "sequence",
                    "data",
                ],
                "properties": {
                    "id": {
                        "type": "string",
                        "description": "Deduplicate by it; it is also the `webhook-id`.",
                    },
                    "type": {"const": event},
                    "api_version": {"type": "string"},
                    "timestamp": {"type": "string", "format": "date-time"},
                    "store_id": {"type": "string"},
                    "subject": {"type": "string", "description": "The id of what the event is about."},
                    "sequence": {"type": "integer", "description": "Rises with every event of the subject."},
                    "data": data,
                },
            }
            example_data = self._examples.of(data)
            example = {
                "id": public_id(Kind.EVENT),
                "type": event,
                "api_version": API_VERSION,
                "timestamp": _MOMENT,
                "store_id": public_id(Kind.STORE),
                "subject": example_data.get("id")
                or example_data.get("endpoint_id")
                or public_id(Kind.VARIANT),
                "sequence": 2,
                "data": example_data,
            }
            written[event] = {
                "post": {
                    "operationId": f"on_{event.replace('.', '_')}",
                    "tags": ["webhooks"],
                    "summary": event,
                    "description": _meaning(type_),
                    "parameters": [
                        {
                            "name": name,
                            "in": "header",
                            "required": True,
                            "description": about,
                            "schema": {"type": "string"},
                        }
                        for name, about in _WEBHOOK_HEADERS.items()
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {_JSON: {"schema": body, "example": example}},
                    },
                    "responses": {"2XX": {"description": "Received. Anything else is tried again."}},
                    "security": [],
                }
            }
        return written


def _meaning(event: EventType) -> str:
    """What the document says of an event."""
    more = [texts.RESERVED] if event.reserved else [texts.PUBLISHED] if event in PUBLISHABLE else []
    return " ".join([event.sentence, *more])


_WEBHOOK_HEADERS: Final = {
    "webhook-id": "The event's id: the same in every attempt.",
    "webhook-timestamp": "Seconds since 1970; refuse what is older than five minutes.",
    "webhook-signature": "`v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`; several are separated by spaces.",
}
_HEADER_NAMES: Final = {
    "RequestId": "X-Request-Id",
    "RateLimitLimit": "RateLimit-Limit",
    "RateLimitRemaining": "RateLimit-Remaining",
    "RateLimitReset": "RateLimit-Reset",
    "RetryAfter": "Retry-After",
    "IdempotentReplayed": "Idempotent-Replayed",
    "ETag": "ETag",
    "CacheControl": "Cache-Control",
}
_PARAMETER_TEXTS: Final = {
    "store_id": "The store's id or slug.",
    "key": "The template's key.",
    "version": "The version's number; 0 is the built-in template.",
    "template_key": "Only those of this template.",
    "to": "Only those to this recipient.",
    "flag": "The flag's name: a-z, 0-9, `_`, `-` and `.`.",
    "ref": "Its handle or id.",
    "slug": "Its slug or id.",
    "token": "The secret part of the link.",
    "provider": "Its name, such as `sandbox`.",
    "status": "Only those in this state.",
    "action": "Only this action, such as `store.updated`.",
    "subject": "Only what is about this id.",
    "order_id": "Only those of this order.",
    "endpoint_id": "The endpoint's id.",
    "event_id": "The event's id.",
    "event_type": "Only events of this type.",
    "type": "Only events of this type.",
    "reference": "Only those with this reference of the shop.",
}
_MESSAGES: Final = {
    "malformed_json": "The body is not valid JSON: JSON is malformed: invalid character (byte 17)",
    "invalid_cursor": "The cursor is not valid for this list.",
    "unauthenticated": "Send your key in the X-API-KEY header.",
    "plan_limit_exceeded": "The plan allows 100 products in the catalogue.",
    "insufficient_scope": "This key may not do that.",
    "not_found": "There is no such object in this store.",
    "conflict": "This conflicts with what is already there.",
    "payload_too_large": "The body may have 1048576 bytes.",
    "unsupported_media_type": "Send the body as application/json.",
    "validation_error": "quantity: Expected `int` >= 1",
    "rate_limited": "Too many requests.",
    "payment_provider_error": "The provider does not answer.",
}
_DETAILS: Final[dict[str, dict[str, Any]]] = {
    "plan_limit_exceeded": {"name": "products", "limit": 100, "used": 100},
    "insufficient_scope": {"needs": "orders:write"},
    "validation_error": {"fields": {"quantity": "Expected `int` >= 1"}},
    "rate_limited": {"limit": 600, "retry_after": 2},
    "payload_too_large": {"limit": 1048576},
    "insufficient_stock": {"variant_id": public_id(Kind.VARIANT), "asked": 3, "available": 1},
    "invalid_transition": {"from": "delivered", "to": "cancelled", "allowed": ["returned"]},
    "price_changed": {"expected_total": 4130000, "total": 4330000},
    "payment_provider_error": {"provider": "sandbox"},
}


def _meta() -> dict[str, str]:
    return {"request_id": public_id(Kind.REQUEST), "timestamp": _MOMENT, "version": "v1"}


def _who(endpoint: Endpoint) -> str:
    if endpoint.is_public:
        return ""
    if endpoint.is_operator:
        return "Needs the operator's key."
    if endpoint.need == "storefront":
        return "Needs a publishable key, or a secret key with the scope `storefront`."
    return f"Needs a secret key with the scope `{endpoint.need}`."


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if endpoint.is_public:
        return []
    return [{"OperatorKey": []}] if endpoint.is_operator else [{"StoreKey": []}]


def _headers(endpoint: Endpoint) -> dict[str, Any]:
    names = ["RequestId"]
    if not endpoint.is_public and not endpoint.is_operator:
        names += ["RateLimitLimit", "RateLimitRemaining", "RateLimitReset"]
    if endpoint.is_write and not endpoint.is_public:
        names.append("IdempotentReplayed")
    if endpoint.cached:
        names += ["ETag", "CacheControl"]
    return {_HEADER_NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


def _refusals(endpoint: Endpoint) -> set[str]:
    """The statuses that follow from what an operation takes."""
    found: set[str] = set()
    if not endpoint.is_public:
        found |= {"401"} if endpoint.is_operator else {"401", "403", "429"}
    if any(parameter.where == "path" for parameter in endpoint.parameters):
        found.add("404")
    if any(parameter.where == "query" for parameter in endpoint.parameters):
        found.add("422")
    if any(
        parameter.where == "query" and parameter.name.endswith("_id") for parameter in endpoint.parameters
    ):
        found.add("404")
    if any(parameter.name == "cursor" for parameter in endpoint.parameters):
        found.add("400")
    if endpoint.body is not None:
        found |= {"400", "404", "413", "415", "422"}
    if endpoint.is_write:
        found |= {"409", "422"}
    return found


_NAMES: Final[dict[str, Any]] = {
    "ref": "mate-imperial",
    "slug": "mates",
    "flag": "new-checkout",
    "token": "Qm7sVx2LkT",
    "key": "order_shipped",
    "version": 3,
}
"""What stands for a path parameter whose name says no kind."""
