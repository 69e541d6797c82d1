"""The drawings of the demo products, for the pages that show them."""

from litestar import Response, get

from baas.core.errors import NotFound
from baas.demo.pictures import picture


@get("/demo/images/{name:str}", public=True, include_in_schema=False, operation_id="get_demo_image")
async def get_demo_image(name: str) -> Response[bytes]:
    """A drawing such as `mate-terracota.svg`; it never changes under its name."""
    drawing = picture(name.removesuffix(".svg")) if name.endswith(".svg") else None
    if drawing is None:
        raise NotFound
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        # Opened by itself an SVG is a document of this origin: it may do nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(drawing.encode(), media_type="image/svg+xml", headers=headers)


ROUTES = [get_demo_image]
