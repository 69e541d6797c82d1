"""The OpenAPI document at `/openapi.json` and the pages that show it at `/docs`.

Generated from the handlers and their structs, and then told what only we know: who may call what, what
can be refused, and what an example looks like. Built at the first request, then kept as bytes.
Owns no table, emits and hears nothing.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.datastructures import State

from baas.core.serving.context import Ctx
from baas.openapi.document import build_document
from baas.openapi.page import render

_HERE: Final = Path(__file__).parent
_FOR_A_MINUTE: Final = {"Cache-Control": "public, max-age=60", "X-Content-Type-Options": "nosniff"}
# D-015: no script from elsewhere.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


class _Ready(msgspec.Struct, frozen=True):
    """The bytes of one application's document and page."""

    document: bytes
    page: bytes


async def _ready(app: Litestar, base_url: str) -> _Ready:
    state: State = app.state
    ready: _Ready | None = state.get("openapi")
    if ready is None:
        # Half a second of work, once: other requests need not wait for it.
        ready = state["openapi"] = await asyncio.to_thread(_make, app, base_url)
    return ready


def _make(app: Litestar, base_url: str) -> _Ready:
    document = build_document(app, base_url)
    return _Ready(msgspec.json.encode(document), render(document).encode())


@get("/openapi.json", public=True, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any], ctx: Ctx) -> Response[bytes]:
    """The OpenAPI 3.1 document."""
    ready = await _ready(request.app, ctx.runtime.settings.base_url)
    return Response(ready.document, media_type="application/json", headers=_FOR_A_MINUTE)


@get("/docs", public=True, include_in_schema=False)
async def docs(request: Request[Any, Any, Any], ctx: Ctx) -> Response[bytes]:
    """The document for people: one page, no script needed, nothing from elsewhere."""
    ready = await _ready(request.app, ctx.runtime.settings.base_url)
    headers = {**_FOR_A_MINUTE, "Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
    return Response(ready.page, media_type="text/html", headers=headers)


@get("/docs/docs.css", public=True, include_in_schema=False)
async def docs_css() -> Response[bytes]:
    """The look of the page."""
    return Response(_STYLE, media_type="text/css", headers=_FOR_A_MINUTE)


@get("/docs/docs.js", public=True, include_in_schema=False)
async def docs_js() -> Response[bytes]:
    """The search field of the page; without it, the page is whole."""
    return Response(_SCRIPT, media_type="text/javascript", headers=_FOR_A_MINUTE)


_STYLE: Final = (_HERE / "docs.css").read_bytes()
_SCRIPT: Final = (_HERE / "docs.js").read_bytes()


def document_routes() -> list[Any]:
    """The routes that show the API to people and to generators."""
    return [openapi_json, docs, docs_css, docs_js]


__all__ = ["build_document", "document_routes"]
