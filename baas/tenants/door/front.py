"""The door before the framework's own: what the edge serves by itself does not pass through its layers.

From the server to the edge the framework wraps `send`, makes a state object, and collects exception handlers: a
twentieth of a read, for nothing where the edge answers every failure. The routing is the framework's; whatever is
not plainly for the edge (another kind of handler, a path or host that may be refused) goes the framework's way.
"""

import re
from typing import Final

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Message, Receive, Scope, Send
from litestar.utils import normalize_path

from baas.core.serving.requests import StrictRequest, on_error
from baas.tenants.door.edge import Edge

_PLAIN_HOST: Final = re.compile(rb"[0-9A-Za-z.:_-]*")


# D-064
class Front:
    """Stands in the place of an application's `asgi_handler`."""

    def __init__(self, app: Litestar, edge: Edge) -> None:
        self._framework = app.asgi_handler
        self._find = app.asgi_router.handle_routing
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not self._is_for_edge(scope):
            await self._framework(scope, receive, send)
            return
        began = False

        async def answer(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._edge.serve(scope, receive, answer)
        except Exception as error:
            if began:
                raise
            request = StrictRequest(scope, receive, send)
            refusal = on_error(request, error).to_asgi_response(None, request)
            await refusal(scope, receive, send)

    def _is_for_edge(self, scope: HTTPScope) -> bool:
        """Whether the edge serves a request by itself; notes in the scope what the framework's router would."""
        if scope.get("root_path"):
            return False
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        if _PLAIN_HOST.fullmatch(host) is None:
            return False
        try:
            _, handler, path, parts, template = self._find(
                path=normalize_path(scope["path"]), method=scope["method"]
            )
        except HTTPException:
            return False
        if not self._edge.can_serve(handler):
            return False
        scope["path"], scope["path_params"] = path, parts
        scope["route_handler"], scope["path_template"] = handler, template
        return True
