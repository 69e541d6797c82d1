"""The short way to a handler answers what the framework's own way answers, byte for byte."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from baas.core.serving import direct
from baas.tenants.door.edge import Edge
from baas.tenants.door.keys import KeyTable
from tests.clients import ADDRESS, BASE, Shop, provision
from tests.conftest import OPERATOR_KEY

PRODUCT = {"name": "Mate", "status": "active", "variants": [{"price": 100, "on_hand": 5}]}
_OWN = {"x-request-id", "ratelimit-remaining", "ratelimit-reset"}
"""Headers that differ between any two answers."""


@contextmanager
def framework_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every handler be called by the framework."""
    with monkeypatch.context() as patch:
        patch.setattr(Edge, "_plan", lambda *_: None)
        yield


def seen(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """What of an answer must not depend on the way."""
    headers = {name: value for name, value in answer.headers.items() if name not in _OWN}
    body = answer.json() if answer.content else None
    if body is not None:
        assert body["meta"].pop("request_id") == answer.headers["x-request-id"]
        assert body["meta"].pop("timestamp")
    return answer.status_code, headers, body


_DRY = {"Prefer": "dry-run"}
_LINES = "/storefront/carts/{cart}/items"
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/storefront/products", {}),
    ("GET", "/storefront/products?limit=0", {}),
    ("GET", "/storefront/products/{handle}", {}),
    ("GET", "/storefront/products/{handle}", {"headers": {"If-None-Match": "{etag}"}}),
    ("GET", "/storefront/products/none", {}),
    ("GET", "/storefront/carts/{cart}", {}),
    ("GET", "/storefront/carts/prod_0", {}),
    ("POST", _LINES, {"json": {"variant_id": "{variant}", "quantity": 9}}),
    ("POST", _LINES, {"json": {"variant_id": "{variant}", "quantity": "1"}}),
    ("POST", _LINES, {"json": {"variant_id": "{variant}", "qty": 1}}),
    ("POST", _LINES, {}),
    ("POST", _LINES, {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    ("POST", _LINES, {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
    ("PATCH", "/storefront/carts/{cart}", {"json": {"shipping_address": {**ADDRESS, "country": "XX"}}}),
    ("PATCH", "/storefront/carts/{cart}", {"json": {"shipping_address": ADDRESS}, "headers": _DRY}),
    ("DELETE", "/storefront/carts/{cart}/items/item_0", {}),
    ("GET", "/admin/products/{product}", {}),
    ("PATCH", "/admin/products/{product}", {"json": {"vendor": "V"}, "headers": _DRY}),
    ("GET", "/admin/products/{product}", {"headers": {"X-API-KEY": "{publishable}"}}),
    ("DELETE", "/admin/products/{product}", {"headers": _DRY}),
]
"""Method, path and options of a request; a word in braces is one of `Goods`."""


class Goods(dict[str, str]):
    """A store with one product and a cart: what stands for the words of a case."""

    def request(self, path: str, options: dict[str, Any]) -> dict[str, Any]:
        """The request of a case, with the key that belongs to its path unless it brings one."""
        filled = self._fill(options)
        key = self["publishable" if path.startswith("/storefront") else "secret"]
        headers = {"X-API-KEY": key, **filled.get("headers", {})}
        return {**filled, "url": BASE + self._fill(path), "headers": headers}

    def _fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._fill(inner) for name, inner in value.items()}
        return value.format_map(self) if isinstance(value, str) else value


@pytest.fixture(scope="module")
async def goods(http: httpx.AsyncClient) -> Goods:
    """The store of all cases: none changes anything."""
    shop = await provision(http, OPERATOR_KEY)
    product = await shop.create("/admin/products", PRODUCT)
    page = await shop.storefront("GET", f"/storefront/products/{product['handle']}", expect=200)
    return Goods(
        publishable=shop.publishable_key,
        secret=shop.secret_key,
        product=product["id"],
        handle=product["handle"],
        etag=page.headers["etag"],
        variant=product["variants"][0]["id"],
        cart=(await shop.create("/storefront/carts", {}))["id"],
    )


class TestBothWays:
    """The same request, with and without the framework between the edge and the handler."""

    @pytest.mark.parametrize("method, path, options", CASES)
    async def test_answers_are_the_same(
        self,
        http: httpx.AsyncClient,
        goods: Goods,
        method: str,
        path: str,
        options: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Status, headers and body of reads, and of writes that change nothing, of every kind that goes the short way."""
        sent = goods.request(path, options)
        short = await http.request(method, **sent)
        with framework_only(monkeypatch):
            long = await http.request(method, **sent)
        found, expected = seen(short), seen(long)
        if method == "PATCH" and found[0] == 200:
            for body in (found[2]["data"], expected[2]["data"]):
                body.pop("updated_at", None), body.pop("expires_at", None)
        assert found == expected

    @pytest.mark.parametrize(
        "error", [ConnectionRefusedError("the database is away"), ZeroDivisionError("a bug")]
    )
    async def test_what_breaks_before_the_handler_is_the_same(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        """No key can be found: 503 while the database is away, 500 for what nobody foresaw."""

        async def broken(*_: Any) -> None:
            raise error

        monkeypatch.setattr(KeyTable, "known", lambda *_: None)
        monkeypatch.setattr(KeyTable, "resolve", broken)
        status = 503 if isinstance(error, OSError) else 500
        short = await shop.storefront("GET", "/storefront/products", expect=status)
        with framework_only(monkeypatch):
            long = await shop.storefront("GET", "/storefront/products", expect=status)
        assert seen(short) == seen(long)

    async def test_odd_addresses_are_the_same(
        self, shop: Shop, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Slashes too many, no such path, no such method, a host that is none."""
        key = {"X-API-KEY": shop.publishable_key}
        for status, method, path, headers in (
            (200, "GET", "//storefront//products/", {}),
            (404, "GET", "/storefront/products/a/b", {}),
            (404, "GET", "/storefront/products/%00", {}),
            (405, "PUT", "/storefront/products", {}),
            (204, "OPTIONS", "/storefront/products", {"Origin": "https://shop.example"}),
            (415, "GET", "/storefront/products", {"Host": "no host"}),
        ):
            short = await http.request(method, BASE + path, headers={**key, **headers})
            with framework_only(monkeypatch):
                long = await http.request(method, BASE + path, headers={**key, **headers})
            assert seen(short) == seen(long)
            assert short.status_code == status, f"{method} {path}"

    async def test_a_replay_is_the_same(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer that was stored by one way is repeated by the other."""
        key = {"Idempotency-Key": "both-ways"}
        first = await shop.storefront("POST", "/storefront/carts", json={}, headers=key, expect=201)
        with framework_only(monkeypatch):
            again = await shop.storefront("POST", "/storefront/carts", json={}, headers=key, expect=201)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json()["data"] == first.json()["data"]

    async def test_a_bug_is_a_500_that_says_nothing(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the request id and the headers of every other answer."""

        async def broken(*_: Any) -> None:
            raise ZeroDivisionError("a secret of ours")

        monkeypatch.setattr("baas.services.carts.service.get_cart", broken)
        path = "/storefront/carts/cart_01h455vb4pex5vsknk084sn02q"
        short = await shop.storefront("GET", path, expect=500)
        with framework_only(monkeypatch):
            long = await shop.storefront("GET", path, expect=500)
        assert seen(short) == seen(long)
        assert "secret" not in short.text
        assert short.headers["ratelimit-limit"]


def handlers(app: Litestar) -> list[HTTPRouteHandler]:
    """Every handler of the application."""
    return [
        handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if handler.http_methods != {"OPTIONS"}
    ]


def test_the_hottest_handlers_go_the_short_way(app: Litestar) -> None:
    """A parameter more on one of them would cost every request of it a third, unnoticed."""
    short = {
        (method, handler.handler_name) for handler in handlers(app) for method in handler.http_methods
        if direct.plan_of(handler) is not None
    }  # fmt: skip
    hottest = {("GET", "list_storefront_products"), ("GET", "get_storefront_product"), ("POST", "create_cart"),
               ("POST", "add_cart_item"), ("PATCH", "update_cart"), ("POST", "checkout")}  # fmt: skip
    assert hottest <= short


def test_what_needs_the_framework_keeps_it(app: Litestar) -> None:
    """Query parameters, dependencies of its own, uploads."""
    by_name = {handler.handler_name: direct.plan_of(handler) for handler in handlers(app)}
    for name in ("list_products", "create_import", "get_usage", "health"):
        assert by_name[name] is None, name
