"""Handlers that the edge calls itself: their arguments are at hand there, and their answer is ready bytes.

The framework's own way to a handler and back (a request object, dependency batches, a signature model, two response
objects) costs as much as a statement. A handler that takes no more than its context, parts of its path and a
JSON body needs none of it. Whatever else a handler asks for, it goes the framework's way.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, get_args, get_type_hints

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from litestar.types import Empty

from baas.core.errors import ValidationFailed
from baas.core.serving.context import Context, Ctx
from baas.core.serving.requests import read_json

_PATH_TEXT: Final = FromPath[str]
_JSON_BODY: Final = get_args(JSONBody)[1:]
"""What `JSONBody[…]` adds to the type of a body."""


class Plan(msgspec.Struct, frozen=True):
    """How a handler is called."""

    handler: Callable[..., Awaitable[Any]]
    path: tuple[str, ...]
    """Which parts of the path it takes."""
    body: Any
    """The type of its JSON body; `Empty` when it takes none."""
    optional: bool
    """Whether the handler does without a body."""

    async def run(self, context: Context) -> Any:
        """Call the handler. Raises what it raises, and ValidationFailed and its like for a body that does not fit."""
        arguments: dict[str, Any] = {"ctx": context}
        if self.path:
            found = context.asgi["path_params"]
            for name in self.path:
                arguments[name] = found[name]
        if self.body is not Empty:
            if context.body:
                arguments["data"] = read_json(context, self.body)
            elif not self.optional:
                raise ValidationFailed("body: is missing", fields={"body": "is missing"})
        return await self.handler(**arguments)


# D-040: the edge calls what needs no framework.
def plan_of(handler: HTTPRouteHandler) -> Plan | None:
    """How to call a handler directly; None for one that needs the framework."""
    if (
        handler.has_sync_callable
        or handler.cache
        or handler.resolve_guards()
        or handler.resolve_before_request()
        or handler.after_request
        or handler.resolve_after_response()
        or handler.resolve_response_headers()
        or handler.resolve_response_cookies()
    ):
        return None
    hints = get_type_hints(handler.fn, include_extras=True)
    hints.pop("return", None)
    fields = handler.parsed_fn_signature.parameters
    path, body, optional = [], Empty, False
    if hints.pop("ctx", None) != Ctx:
        return None
    for name, hint in hints.items():
        if name == "data" and get_args(hint)[1:] == _JSON_BODY:
            body, optional = fields[name].annotation, fields[name].default is not Empty
        elif hint == _PATH_TEXT:
            path.append(name)
        else:
            return None
    return Plan(handler.fn, tuple(path), body, optional)
