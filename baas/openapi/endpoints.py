"""What the handlers say of themselves: read once, from the assembled application.

Everything here comes from the code that also answers: the path, the parameters and their limits, the
structs of body and answer, the scope that the edge asks for. Nothing is written twice.
"""

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.di import Dependency
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, KwargDefinition, ParameterKwarg, PathParameter, QueryParameter
from litestar.types import Empty

from baas.core.errors import AppError

BASE_PATH: Final = "/api/v1"
_OPERATOR: Final = "operator"
_GIVEN: Final = frozenset({"ctx", "data", "request", "tenancy", "readiness"})
"""Arguments of handlers that the application brings, not the caller."""
_CONSTRAINTS: Final = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
    "min_length": "minLength",
    "max_length": "maxLength",
}


class Parameter(msgspec.Struct, frozen=True):
    """One path or query parameter."""

    name: str
    where: str
    """`path` or `query`."""
    schema: dict[str, Any]
    required: bool
    description: str = ""


class Endpoint(msgspec.Struct, frozen=True):
    """One operation of the API."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    tags: list[str]
    need: str | None
    """The scope that the caller's key must hold; None when the endpoint is public."""
    parameters: list[Parameter]
    body: Any
    """The type of the body, or None."""
    body_media: str
    body_required: bool
    answer: Any
    """The type of the whole answer, envelope included, or None when it is no JSON of ours."""
    answer_media: str
    status: int
    cached: bool
    """Whether the answer carries an ETag and If-None-Match is honoured: `cached=True` at the route."""
    refuses: tuple[type[AppError], ...]
    """Its own refusals, beside those of every endpoint: `refuses=(InsufficientStock,)` at the route."""

    @property
    def is_operator(self) -> bool:
        """Whether only the operator's key opens it."""
        return self.need == _OPERATOR

    @property
    def is_public(self) -> bool:
        """Whether it wants no key."""
        return self.need is None

    @property
    def is_write(self) -> bool:
        """Whether it changes something, and so can be tried with `Prefer: dry-run`."""
        return self.method != "GET"


def endpoints(app: Litestar) -> Iterator[Endpoint]:
    """Every documented operation of the application, by path, then by method."""
    found = [
        _endpoint(route.path_format, method, handler)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler) and handler.include_in_schema is not False
        for method in handler.http_methods
        if method not in {"OPTIONS", "HEAD"}
    ]
    order = {"GET": 0, "POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}
    yield from sorted(found, key=lambda endpoint: (endpoint.path, order[endpoint.method]))


def _endpoint(path: str, method: str, handler: HTTPRouteHandler) -> Endpoint:
    by_hand = handler.operation_class()
    body, body_media = _body(handler)
    if by_hand.request_body is not None:
        content: dict[str, Any] = _plain(by_hand.request_body)["content"]
        body_media, described = next(iter(content.items()))
        body = described["schema"]
    answer = _answer(handler)
    documentation = inspect.getdoc(handler.fn) or ""
    return Endpoint(
        # The name of the function: one word for one thing, and a function is found by what a client calls it.
        id=handler.handler_name,
        method=method,
        path=path,
        summary=handler.summary or handler.handler_name,
        description=documentation,
        tags=list(handler.tags or ()),
        need=None if handler.opt.get("public") else str(handler.opt["needs"]),
        parameters=[*_parameters(path, handler), *map(_by_hand, by_hand.parameters or ())],
        body=body,
        body_media=body_media,
        body_required=_is_required(handler),
        answer=answer,
        answer_media="application/json"
        if answer is not None
        else str(handler.media_type or "application/json"),
        status=handler.status_code,
        cached=bool(handler.opt.get("cached")),
        refuses=tuple(handler.opt.get("refuses", ())),
    )


def _parameters(path: str, handler: HTTPRouteHandler) -> Iterator[Parameter]:
    for name, field in handler.parsed_fn_signature.parameters.items():
        if name in _GIVEN or _is_dependency(field.raw):
            continue
        kwarg = field.kwarg_definition
        in_path = f"{{{name}}}" in path
        public_name = name
        description = ""
        schema = _schema_of(field.annotation)
        if isinstance(kwarg, ParameterKwarg | QueryParameter | PathParameter):
            public_name = kwarg.name or kwarg.query or name
            description = kwarg.description or ""
            _constrain(schema, kwarg)
        if field.default not in (inspect.Parameter.empty, Empty, None) and not in_path:
            default = field.default
            schema["default"] = default.value if isinstance(default, Enum) else default
        yield Parameter(
            name=public_name,
            where="path" if in_path else "query",
            schema=schema,
            required=in_path or field.default in (inspect.Parameter.empty, Empty),
            description=description,
        )


def _is_dependency(raw: Any) -> bool:
    return any(isinstance(item, Dependency) for item in getattr(raw, "__metadata__", ()))


def _schema_of(kind: Any) -> dict[str, Any]:
    """The schema of a parameter, without references. A parameter that is absent is absent: never null."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    schema = dict(choices[0]) if len(choices) == 1 else {"anyOf": choices}
    if "$ref" in schema:
        schema = {key: value for key, value in components[schema["$ref"]].items() if key == "enum"}
        schema["type"] = "string"
    return schema


def _constrain(schema: dict[str, Any], kwarg: KwargDefinition) -> None:
    for name, word in _CONSTRAINTS.items():
        value = getattr(kwarg, name)
        if value is not None:
            schema[word] = value
    for example in kwarg.examples or ():
        schema.setdefault("examples", []).append(getattr(example, "value", example))


def _body(handler: HTTPRouteHandler) -> tuple[Any, str]:
    field = handler.parsed_fn_signature.parameters.get("data")
    if field is None:
        return None, ""
    media = RequestEncodingType.JSON.value
    if isinstance(field.kwarg_definition, BodyKwarg):
        media = RequestEncodingType(field.kwarg_definition.media_type).value
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    return kinds[0] if type(None) in get_args(field.annotation) else field.annotation, media


def _is_required(handler: HTTPRouteHandler) -> bool:
    field = handler.parsed_fn_signature.parameters.get("data")
    return field is None or field.default in (inspect.Parameter.empty, Empty)


def _answer(handler: HTTPRouteHandler) -> Any:
    kind = handler.parsed_fn_signature.return_type.annotation
    if get_origin(kind) is Response:
        kind = get_args(kind)[0]
    return kind if kind not in (Any, bytes, None, Response) and not isinstance(kind, str) else None


def _by_hand(parameter: Any) -> Parameter:
    described = _plain(parameter)
    return Parameter(
        name=described["name"],
        where=described["in"],
        schema=described["schema"],
        required=bool(described.get("required")),
        description=described.get("description", ""),
    )


def _plain(described: Any) -> dict[str, Any]:
    plain: dict[str, Any] = described.to_schema()
    return plain
