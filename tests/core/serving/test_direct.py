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
from tests.clients import BASE, Shop

PRODUCT = {"name": "Mate", "status": "active", "variants": [{"price": 100, "on_hand": 5}]}
ADDRESS = {"name": "Ana", "line1": "Calle 1", "city": "Rosario", "country": "AR"}
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


class TestBothWays:
    """The same request, with and without the framework between the edge and the handler."""

    @pytest.fixture
    async def cases(self, shop: Shop) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Reads, and writes that change nothing, of every kind that goes the short way."""
        made = await shop.admin("POST", "/admin/products", json=PRODUCT, expect=201)
        product = made.json()["data"]
        variant = product["variants"][0]["id"]
        cart = (await shop.create("/storefront/carts", {}))["id"]
        page = f"/storefront/products/{product['handle']}"
        etag = (await shop.storefront("GET", page, expect=200)).headers["etag"]
        dry = {"Prefer": "dry-run"}
        items = f"/storefront/carts/{cart}/items"
        return [
            (shop.publishable_key, "GET", "/storefront/products", {}),
            (shop.publishable_key, "GET", "/storefront/products?limit=0", {}),
            (shop.publishable_key, "GET", page, {}),
            (shop.publishable_key, "GET", page, {"headers": {"If-None-Match": etag}}),
            (shop.publishable_key, "GET", "/storefront/products/none", {}),
            (shop.publishable_key, "GET", f"/storefront/carts/{cart}", {}),
            (shop.publishable_key, "GET", "/storefront/carts/prod_0", {}),
            (shop.publishable_key, "POST", items, {"json": {"variant_id": variant, "quantity": 9}}),
            (shop.publishable_key, "POST", items, {"json": {"variant_id": variant, "quantity": "1"}}),
            (shop.publishable_key, "POST", items, {"json": {"variant_id": variant, "qty": 1}}),
            (shop.publishable_key, "POST", items, {}),
            (shop.publishable_key, "POST", items, {"content": b"{", "headers": {"Content-Type": "application/json"}}),
            (shop.publishable_key, "POST", items, {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
            (shop.publishable_key, "PATCH", f"/storefront/carts/{cart}",
             {"json": {"shipping_address": {**ADDRESS, "country": "XX"}}}),
            (shop.publishable_key, "PATCH", f"/storefront/carts/{cart}",
             {"json": {"shipping_address": ADDRESS}, "headers": dry}),
            (shop.publishable_key, "DELETE", f"{items}/item_0", {}),
            (shop.secret_key, "GET", f"/admin/products/{product['id']}", {}),
            (shop.secret_key, "PATCH", f"/admin/products/{product['id']}", {"json": {"vendor": "V"}, "headers": dry}),
            (shop.publishable_key, "GET", f"/admin/products/{product['id']}", {}),
            (shop.secret_key, "DELETE", f"/admin/products/{product['id']}", {"headers": dry}),
        ]  # fmt: skip

    async def test_answers_are_the_same(
        self,
        http: httpx.AsyncClient,
        cases: list[tuple[str, str, str, dict[str, Any]]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Status, headers and body."""
        for key, method, path, options in cases:
            headers = {"X-API-KEY": key, **options.get("headers", {})}
            sent = {**options, "headers": headers}
            short = await http.request(method, BASE + path, **sent)
            with framework_only(monkeypatch):
                long = await http.request(method, BASE + path, **sent)
            found, expected = seen(short), seen(long)
            if method == "PATCH" and found[0] == 200:
                for body in (found[2]["data"], expected[2]["data"]):
                    body.pop("updated_at", None), body.pop("expires_at", None)
            assert found == expected, f"{method} {path}"

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
