"""The addresses of the widget: modules in development, a release elsewhere, never anything else of the disk."""

import gzip
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest

from baas import widget_files
from baas.app import create_app
from baas.core.errors import NotFound
from baas.core.settings import Environment, Settings
from baas.widget_files import Manifest, ReleasedFile, WidgetFiles, widget_routes


async def test_modules_in_development(http: httpx.AsyncClient) -> None:
    answer = await http.get("/widget/v1/baas.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-cache"
    assert (await http.get("/widget/v1/elements/cart.js")).status_code == 200
    again = await http.get("/widget/v1/baas.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fpyproject.toml",
        "%2e%2e/package.json",
        "elements/",
        "nothing.js",
        "/etc/passwd",
        "baas.js%00",
    ],
)
async def test_nothing_else(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"/widget/v1/{path}")).status_code == 404


async def test_drawings_of_the_demo(http: httpx.AsyncClient) -> None:
    answer = await http.get("/demo/images/mate-terracota.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert (await http.get("/demo/images/mate-nocolour.svg")).status_code == 404
    paths = [route.paths for route in widget_routes(Environment.PRODUCTION)]
    assert paths == [{"/widget/v1/{name:path}"}], "production draws nothing"


def release(folder: Path) -> bytes:
    """A release of one file; answers the file."""
    body = b"export const answer = 42;\n" * 40
    (folder / "baas.0123456789ab.js").write_bytes(body)
    (folder / "baas.0123456789ab.js.map").write_bytes(b"{}")
    listed = ReleasedFile("baas.0123456789ab.js", "sha256-x", len(body), 60)
    manifest = Manifest(version="1.0.0", files={"baas.js": listed})
    (folder / widget_files.MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return body


def test_a_release(tmp_path: Path) -> None:
    body = release(tmp_path)
    files = WidgetFiles(source=None, release=tmp_path)
    stable, hashed = files.get("baas.js"), files.get("baas.0123456789ab.js")
    assert stable.body == hashed.body == body
    assert stable.zipped is not None
    assert gzip.decompress(stable.zipped) == body
    assert "immutable" in hashed.cache_control
    assert "immutable" not in stable.cache_control
    assert files.get("baas.0123456789ab.js.map").media_type == "application/json"
    assert b'"sha256-x"' in files.get("manifest.json").body
    with pytest.raises(NotFound):
        files.get("../pyproject.toml")


async def test_a_release_in_production(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = release(tmp_path)
    monkeypatch.setattr(widget_files, "RELEASE", tmp_path)
    application = create_app(msgspec.structs.replace(settings, environment=Environment.PRODUCTION))
    transport = httpx.ASGITransport(cast(Any, application))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        packed = await http.get("/widget/v1/baas.js", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert packed.content == body
        plain = await http.get("/widget/v1/baas.0123456789ab.js", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == body
        assert (await http.get("/widget/v1/elements/cart.js")).status_code == 404
        assert (await http.get("/demo/images/mate-terracota.svg")).status_code == 404


def test_no_release(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no release"):
        WidgetFiles(source=None, release=tmp_path).get("baas.js")
