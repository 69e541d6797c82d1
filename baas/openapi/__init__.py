"""The OpenAPI document: generated from the handlers, then told what only we know."""

from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.openapi.config import OpenAPIConfig

from baas import API_VERSION

TITLE: Final = "baas"
DESCRIPTION: Final = (
    "A multi-tenant commerce backend. Send your store's key in `X-API-KEY`: a publishable key from browsers, "
    "a secret key from servers."
)


def openapi_config(base_url: str) -> OpenAPIConfig:
    """The framework's side of the document. Its own pages are not used; see `document_routes`."""
    del base_url
    return OpenAPIConfig(
        title=TITLE,
        version=API_VERSION,
        description=DESCRIPTION,
        openapi_router=Router("/_framework", route_handlers=[], opt={"public": True}, include_in_schema=False),
    )


def build_document(app: Litestar) -> dict[str, Any]:
    """The document as it is served."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    return document


@get("/openapi.json", public=True, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI 3.1 document."""
    body = msgspec.json.encode(build_document(request.app))
    return Response(body, media_type="application/json", headers={"Cache-Control": "public, max-age=60"})


def document_routes() -> list[Any]:
    """The routes that show the API to people and to generators."""
    return [openapi_json]
