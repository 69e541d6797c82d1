"""The embed widget's files at `/widget/v1/…`, and the drawings of the demo shop.

In development the modules of `widget/src` are served as they are, read again at each request. A release
(`make widget`) is one minified file with its hash in its name, kept in `baas/widget_release` and served from
there everywhere else; Node is needed to make it, never to serve it.
"""

import gzip
import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from baas import demo
from baas.core.errors import NotFound
from baas.core.serving.context import Ctx
from baas.core.settings import Environment

SOURCE: Final = Path(__file__).parents[1] / "widget" / "src"
RELEASE: Final = Path(__file__).parent / "widget_release"
MANIFEST: Final = "manifest.json"
_TYPES: Final = {
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
}
_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",  # module scripts are always fetched with CORS, and hold no secret
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}
_FOREVER: Final = "public, max-age=31536000, immutable"
_FIVE_MINUTES: Final = "public, max-age=300, stale-while-revalidate=86400"
_ASK_AGAIN: Final = "no-cache"


class ReleasedFile(msgspec.Struct, frozen=True):
    """A file of a release: its name with the hash, and what pages state to be sure of it."""

    file: str
    integrity: str
    bytes: int
    gzip_bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """What a release consists of: stable names to files."""

    version: str
    files: dict[str, ReleasedFile]


class _Served(msgspec.Struct, frozen=True):
    body: bytes
    zipped: bytes | None
    etag: str
    media_type: str
    cache_control: str


class WidgetFiles:
    """The files by the name in their address.

    Raises NotFound for a name that is none of them, so no path of a request ever reaches the file system.
    """

    def __init__(self, *, source: Path | None, release: Path) -> None:
        self._source = source
        self._release = release
        self._kept: dict[str, _Served] | None = None

    def get(self, name: str) -> _Served:
        """The file of that name, with everything its answer needs."""
        if self._source is not None:
            return self._from_source(self._source, name)
        if self._kept is None:
            self._kept = self._from_release()
        served = self._kept.get(name)
        if served is None:
            raise NotFound(
                "There is no such file." if self._kept else "This deployment has no release of the widget."
            )
        return served

    @staticmethod
    def _from_source(source: Path, name: str) -> _Served:
        paths = {path.relative_to(source).as_posix(): path for path in source.rglob("*.js")}
        if name not in paths:
            raise NotFound("There is no such module.")
        return _served(name, paths[name].read_bytes(), _ASK_AGAIN, compress=False)

    def _from_release(self) -> dict[str, _Served]:
        listing = self._release / MANIFEST
        if not listing.exists():
            return {}
        raw = listing.read_bytes()
        manifest = msgspec.json.decode(raw, type=Manifest)
        kept = {MANIFEST: _served(MANIFEST, raw, _FIVE_MINUTES)}
        for stable, released in manifest.files.items():
            body = (self._release / released.file).read_bytes()
            kept[stable] = _served(stable, body, _FIVE_MINUTES)
            kept[released.file] = _served(released.file, body, _FOREVER)
            source_map = f"{released.file}.map"
            if (self._release / source_map).exists():
                kept[source_map] = _served(source_map, (self._release / source_map).read_bytes(), _FOREVER)
        return kept


def _served(name: str, body: bytes, cache_control: str, *, compress: bool = True) -> _Served:
    return _Served(
        body=body,
        zipped=gzip.compress(body, 9, mtime=0) if compress else None,
        etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"',
        media_type=_TYPES[Path(name).suffix],
        cache_control=cache_control,
    )


def _answer(served: _Served, request: Request[Any, Any, Any]) -> Response[bytes]:
    headers = {**_OPEN, "Cache-Control": served.cache_control, "ETag": served.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == served.etag:
        return Response(b"", status_code=304, headers=headers, media_type=served.media_type)
    body = served.body
    if served.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body = served.zipped
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=served.media_type)


def widget_routes(environment: Environment) -> list[Any]:
    """The routes of the widget, and in development those of the demo shop's drawings."""
    is_development = environment is Environment.DEVELOPMENT
    files = WidgetFiles(source=SOURCE if is_development and SOURCE.is_dir() else None, release=RELEASE)

    @get("/widget/v1/{name:path}", public=True, include_in_schema=False)
    async def widget_file(request: Request[Any, Any, Any], ctx: Ctx, name: FromPath[str]) -> Response[bytes]:
        """A file of the widget."""
        return _answer(files.get(name.removeprefix("/")), request)

    @get("/demo/images/{name:str}", public=True, include_in_schema=False)
    async def demo_image(ctx: Ctx, name: FromPath[str]) -> Response[bytes]:
        """A drawing of the demo shop."""
        drawing = demo.picture(name.removesuffix(".svg")) if name.endswith(".svg") else None
        if drawing is None:
            raise NotFound("There is no such drawing.")
        headers = {
            **_OPEN,
            "Cache-Control": "public, max-age=86400",
            "Content-Security-Policy": "default-src 'none'",
        }
        return Response(drawing.encode(), headers=headers, media_type="image/svg+xml")

    return [widget_file, *([demo_image] if is_development else [])]
