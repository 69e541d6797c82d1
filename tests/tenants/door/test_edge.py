"""What every request meets before its handler: the request id, the body's rules, the rates, the origins."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.clients import BASE, Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.running_app import client_of

OPERATOR = {"X-OPERATOR-KEY": OPERATOR_KEY}


def error_of(response: httpx.Response, status: int) -> dict[str, Any]:
    """The refusal, after a look at its shape."""
    assert response.status_code == status, response.text[:500]
    body = response.json()
    assert set(body) == {"success", "error", "meta"}
    assert body["success"] is False
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["meta"]["request_id"] == response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"
    error: dict[str, Any] = body["error"]
    return error


class TestTheRequestId:
    """It names a request to us and to whoever sent it."""

    async def test_a_sane_one_is_taken(self, shop: Shop) -> None:
        """And is in the header, the body and the audit log."""
        response = await shop.admin(
            "PATCH",
            "/admin/store",
            json={"name": "Other"},
            headers={"X-Request-Id": "trace-0123.45_a"},
            expect=200,
        )
        assert response.headers["x-request-id"] == "trace-0123.45_a"
        assert response.json()["meta"]["request_id"] == "trace-0123.45_a"
        lines = await shop.listed("/admin/audit-log")
        assert lines[0]["request_id"] == "trace-0123.45_a"

    @pytest.mark.parametrize("given", ["short", "x" * 65, 'a"b\\c-12345', "space in it", "ünïcödé-123", ""])
    async def test_any_other_is_replaced(self, shop: Shop, given: str) -> None:
        """Nothing of it is repeated: it goes into logs and JSON as it is."""
        response = await shop.admin(
            "GET", "/admin/store", headers={"X-Request-Id": given.encode("latin-1")}, expect=200
        )
        assert response.headers["x-request-id"].startswith("req_")
        assert given not in response.headers["x-request-id"] or not given

    async def test_refusals_have_one_too(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """Also where no route is found, and where the method is wrong."""
        given = {"X-Request-Id": "trace-of-a-refusal"}
        for method, path in (
            ("GET", "/nowhere"),
            ("GET", f"{BASE}/nowhere"),
            ("PUT", f"{BASE}/admin/store"),
            ("GET", f"{BASE}/admin/store"),
        ):
            response = await http.request(method, path, headers=given)
            assert response.headers["x-request-id"] == "trace-of-a-refusal", f"{method} {path}"
            assert response.json()["meta"]["request_id"] == "trace-of-a-refusal"


class TestAddresses:
    """Where nothing is."""

    async def test_an_unknown_address_is_404(self, http: httpx.AsyncClient) -> None:
        """In the envelope."""
        assert error_of(await http.get(f"{BASE}/nowhere"), 404)["code"] == "not_found"

    async def test_a_wrong_method_is_405_and_says_which_are_right(self, shop: Shop) -> None:
        """`Allow` is what HTTP wants there."""
        response = await shop.admin("PUT", "/admin/store", json={})
        assert error_of(response, 405)["code"] == "method_not_allowed"
        assert {"GET", "PATCH"} <= {word.strip() for word in response.headers["allow"].split(",")}

    @pytest.mark.parametrize(
        "wrong",
        ["nonsense", "store_01h455vb4pex5vsknk084sn02q", "prod_", "prod_01h455vb4pex5vsknk084sn02", "prod_81h455vb4pex5vsknk084sn02q", "PROD_01H455VB4PEX5VSKNK084SN02Q", "prod_01h455vb4pex5vsknk084sn02q%00", "prod_01h455vb4pex5vsknk084sn02u", "%F0%9F%98%80"],
    )  # fmt: skip
    async def test_a_wrong_id_is_404(self, shop: Shop, wrong: str) -> None:
        """Another kind's prefix, a letter that is none, a length that is none."""
        assert error_of(await shop.admin("GET", f"/admin/products/{wrong}"), 404)["code"] == "not_found"


class TestBodies:
    """JSON, of the promised shape, and not too much of it."""

    async def _post(
        self, shop: Shop, body: bytes, content_type: str | None = "application/json"
    ) -> httpx.Response:
        headers = {} if content_type is None else {"Content-Type": content_type}
        return await shop.admin("POST", "/admin/api-keys", content=body, headers=headers)

    @pytest.mark.parametrize(
        "body",
        [b"{", b"{'kind': 'secret'}", b"nonsense", b'{"kind": "secret", "name": "x"} {}', b"\xff\xfe", b'{"name": "\xff"}', b'{"kind": "secret", "name": NaN}', b'{"kind": "secret", "name": "\xed\xa0\x80"}'],
    )  # fmt: skip
    async def test_what_is_no_json_is_400(self, shop: Shop, body: bytes) -> None:
        """Cut, wrongly quoted, no UTF-8, or nested without end."""
        assert error_of(await self._post(shop, body), 400)["code"] == "malformed_json"

    async def test_what_is_nested_without_end_is_400(self, shop: Shop) -> None:
        """Where anything is allowed, too: nobody needs a hundred thousand brackets."""
        body = b'{"type": "custom.deep", "data": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
        response = await shop.admin(
            "POST", "/admin/events", content=body, headers={"Content-Type": "application/json"}
        )
        assert error_of(response, 400)["code"] == "malformed_json"

    @pytest.mark.parametrize("body", [b"", b"   "])
    async def test_no_body_where_one_is_needed_is_refused(self, shop: Shop, body: bytes) -> None:
        """And the refusal says so."""
        response = await self._post(shop, body)
        assert response.status_code in {400, 422}
        assert error_of(response, response.status_code)["code"] in {"malformed_json", "validation_error"}

    @pytest.mark.parametrize(
        "body,field",
        [
            ({"kind": "secret", "name": 5}, "name"),
            ({"kind": "golden", "name": "x"}, "kind"),
            ({"kind": "secret", "name": ""}, "name"),
            ({"kind": "secret", "name": "x" * 121}, "name"),
            ({"kind": "secret"}, "name"),
            ({"kind": "secret", "name": None}, "name"),
            ({"kind": "secret", "name": "x", "expires_in_days": "7"}, "expires_in_days"),
            ({"kind": "secret", "name": "x", "expires_in_days": 7.5}, "expires_in_days"),
            ({"kind": "secret", "name": "x", "expires_in_days": True}, "expires_in_days"),
            ({"kind": "secret", "name": "x", "expires_in_days": 0}, "expires_in_days"),
            ({"kind": "secret", "name": "x", "scopes": ["orders:read", 3]}, "scopes[1]"),
            ({"kind": "secret", "name": "x", "scopes": []}, "scopes"),
            ({"kind": "secret", "name": "x", "colour": "red"}, "colour"),
            ([], "body"),
            ("text", "body"),
            (None, "body"),
        ],
    )
    async def test_a_wrong_field_is_422_and_named(self, shop: Shop, body: Any, field: str) -> None:
        """Nothing is converted in silence: "7" is not 7, and true is not 1."""
        error = error_of(await self._post(shop, json.dumps(body).encode()), 422)
        assert error["code"] == "validation_error"
        assert list(error["details"]["fields"]) == [field]
        assert error["details"]["fields"][field]

    async def test_an_unknown_field_deep_inside_is_named_with_its_path(self, shop: Shop) -> None:
        """A typing mistake must not be swallowed."""
        response = await shop.admin("PATCH", "/admin/store", json={"settings": {"tax_rat": 2100}})
        assert error_of(response, 422)["details"]["fields"] == {"settings.tax_rat": "unknown field"}

    @pytest.mark.parametrize(
        "body",
        [
            b'{"kind": "secret", "name": "a\\u0000b"}',
            b'{"kind": "secret", "name": "a\x00b"}',
            b'{"kind": "secret", "name\\u0000": "b"}',
        ],
    )
    async def test_a_nul_character_is_refused(self, shop: Shop, body: bytes) -> None:
        """PostgreSQL could not store it: said before, not as a failure of ours."""
        response = await self._post(shop, body)
        assert response.status_code in {400, 422}

    async def test_an_escaped_backslash_before_u0000_is_no_nul(self, shop: Shop) -> None:
        r"""`\\u0000` in JSON is a backslash and five characters."""
        response = await self._post(shop, b'{"kind": "secret", "name": "a\\\\u0000b"}')
        assert response.status_code == 201
        assert response.json()["data"]["name"] == "a\\u0000b"

    async def test_a_nul_in_the_address_is_refused(self, shop: Shop) -> None:
        """In the path and in the query."""
        error_of(await shop.admin("GET", "/admin/products/a%00b"), 404)
        error_of(await shop.admin("GET", "/admin/audit-log?subject=a%00b"), 422)

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense", None],
    )
    async def test_another_content_type_is_415(self, shop: Shop, content_type: str | None) -> None:
        """A form that a foreign page could send without asking is none of ours."""
        response = await self._post(shop, b'{"kind": "secret", "name": "x"}', content_type)
        assert error_of(response, 415)["code"] == "unsupported_media_type"

    @pytest.mark.parametrize(
        "content_type",
        ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"],
    )
    async def test_json_by_any_of_its_names_is_taken(self, shop: Shop, content_type: str) -> None:
        """Parameters and capitals do not matter."""
        assert (await self._post(shop, b'{"kind": "secret", "name": "x"}', content_type)).status_code == 201

    async def test_a_huge_body_is_413_and_says_the_limit(self, shop: Shop) -> None:
        """Whether it says its length or not."""
        body = b'{"name": "' + b"x" * 1_100_000 + b'"}'
        error = error_of(await self._post(shop, body), 413)
        assert (error["code"], error["details"]["limit"]) == ("payload_too_large", 1024 * 1024)

        async def stream() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 65536):
                yield body[start : start + 65536]

        response = await shop.admin(
            "POST", "/admin/api-keys", content=stream(), headers={"Content-Type": "application/json"}
        )
        assert error_of(response, 413)["code"] == "payload_too_large"

    async def test_nothing_of_a_refused_body_is_stored(self, shop: Shop) -> None:
        """The keys are still the first two."""
        await self._post(shop, b'{"kind": "secret", "name": "x", "colour": "red"}')
        assert len(await shop.listed("/admin/api-keys")) == 2


class TestQueries:
    """Parameters are as strict as bodies."""

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.5", "include=everything"]
    )
    async def test_a_wrong_parameter_is_422_and_named(self, shop: Shop, query: str) -> None:
        """1 to 100, and `total`."""
        error = error_of(await shop.admin("GET", f"/admin/api-keys?{query}"), 422)
        assert list(error["details"]["fields"]) == [query.partition("=")[0]]

    async def test_a_text_that_is_too_long_is_422(self, shop: Shop) -> None:
        """Not a failure of ours."""
        error_of(await shop.admin("GET", f"/admin/audit-log?subject={'x' * 121}"), 422)

    @pytest.mark.parametrize("cursor", ["x", "!!!!", "AAAA", "é", "a" * 1999, "MDAwMDAwMDAwMDAwWyJhIl0"])
    async def test_a_cursor_that_is_none_is_400(self, shop: Shop, cursor: str) -> None:
        """Whatever it is."""
        response = await shop.admin("GET", "/admin/api-keys", params={"cursor": cursor})
        assert error_of(response, 400)["code"] == "invalid_cursor"


class TestRates:
    """Requests per minute, for the store and for an address."""

    @pytest.fixture
    async def slow(self, http: httpx.AsyncClient) -> Shop:
        """A store that may send five requests a minute, and three from one address with a publishable key."""
        shop = await provision(http, OPERATOR_KEY, allowed_origins=["https://shop.example"])
        limits = {"requests_per_minute": 5, "requests_per_minute_address": 3}
        response = await http.patch(
            f"{BASE}/operator/stores/{shop.id}", json={"limits": limits}, headers=OPERATOR
        )
        assert response.status_code == 200
        return shop

    async def test_the_headers_count_down_and_then_it_is_429(self, slow: Shop) -> None:
        """And `Retry-After` says when the next one passes."""
        left = []
        for _ in range(5):
            response = await slow.admin("GET", "/admin/store", expect=200)
            assert response.headers["ratelimit-limit"] == "5"
            assert int(response.headers["ratelimit-reset"]) > 0
            left.append(int(response.headers["ratelimit-remaining"]))
        assert left == [4, 3, 2, 1, 0]
        response = await slow.admin("GET", "/admin/store")
        error = error_of(response, 429)
        assert error["code"] == "rate_limited"
        assert error["details"]["limit"] == 5
        assert 1 <= int(response.headers["retry-after"]) <= 12
        assert response.headers["ratelimit-remaining"] == "0"

    async def test_an_address_with_a_publishable_key_has_a_smaller_share(
        self, app: Litestar, slow: Shop
    ) -> None:
        """Another address goes on."""
        for address, expected in (("10.9.9.1", [200, 200, 200, 429]), ("10.9.9.2", [200, 200])):
            async with client_of(app, address) as client:
                got = [
                    (
                        await client.get(
                            f"{BASE}/storefront/store", headers={"X-API-KEY": slow.publishable_key}
                        )
                    ).status_code
                    for _ in expected
                ]
                assert got == expected
        assert (await slow.admin("GET", "/admin/store")).status_code == 429, "the store's five are used up"

    async def test_a_refused_browser_may_read_why(self, slow: Shop) -> None:
        """A 429 without CORS headers would look like a broken network."""
        origin = {"Origin": "https://shop.example"}
        answers = [await slow.storefront("GET", "/storefront/store", headers=origin) for _ in range(4)]
        response = answers[-1]
        assert response.status_code == 429
        assert response.headers["access-control-allow-origin"] == "https://shop.example"
        assert "retry-after" in response.headers["access-control-expose-headers"]

    async def test_many_wrong_keys_from_one_address_have_to_wait(self, app: Litestar) -> None:
        """Guessing is slow; a right key from there still works."""
        async with client_of(app, "10.9.9.3") as client:
            codes = [
                (await client.get(f"{BASE}/admin/store", headers={"X-API-KEY": f"sk_test_{n}"})).status_code
                for n in range(130)
            ]
            shop = await provision(client, OPERATOR_KEY)
            assert (await shop.admin("GET", "/admin/store")).status_code == 200
        assert codes[:120] == [401] * 120
        assert codes[-1] == 429


class TestOrigins:
    """Which pages may call."""

    @pytest.fixture
    async def listed(self, http: httpx.AsyncClient) -> Shop:
        """A live store that lists one origin for its storefront."""
        return await provision(http, OPERATOR_KEY, mode="live", allowed_origins=["https://Listed.Example/"])

    async def test_a_listed_origin_may_read_the_storefront(self, listed: Shop) -> None:
        """The answer names it, and varies by it."""
        response = await listed.storefront(
            "GET", "/storefront/store", headers={"Origin": "https://listed.example"}, expect=200
        )
        assert response.headers["access-control-allow-origin"] == "https://listed.example"
        assert "Origin" in response.headers["vary"]
        assert "etag" in response.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in response.headers

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://listed.example",
            "https://listed.example:8443",
            "https://listed.example.evil.example",
            "null",
            "https://listed.example@evil.example",
        ],
    )
    async def test_any_other_is_refused(self, listed: Shop, origin: str) -> None:
        """A publishable key on a stranger's page is worth nothing there."""
        response = await listed.storefront("GET", "/storefront/store", headers={"Origin": origin})
        assert error_of(response, 403)["code"] == "origin_not_allowed"
        assert "access-control-allow-origin" not in response.headers

    async def test_a_server_sends_no_origin(self, listed: Shop) -> None:
        """Then the list does not apply."""
        await listed.storefront("GET", "/storefront/store", expect=200)

    async def test_admin_endpoints_answer_no_origin_unless_it_is_listed_for_them(self, listed: Shop) -> None:
        """The storefront's list is not the dashboard's."""
        origin = {"Origin": "https://listed.example"}
        response = await listed.admin("GET", "/admin/store", headers=origin, expect=200)
        assert "access-control-allow-origin" not in response.headers
        settings = {"admin_origins": ["https://listed.example"]}
        await listed.admin("PATCH", "/admin/store", json={"settings": settings}, expect=200)
        response = await listed.admin("GET", "/admin/store", headers=origin, expect=200)
        assert response.headers["access-control-allow-origin"] == "https://listed.example"

    async def test_a_preflight_is_answered_for_origins_that_a_store_lists(
        self, http: httpx.AsyncClient, listed: Shop
    ) -> None:
        """It carries no key, so any active store's list counts."""
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key, idempotency-key",
        }
        response = await http.options(
            f"{BASE}/storefront/carts", headers={"Origin": "https://listed.example", **asked}
        )
        assert response.status_code == 204
        assert response.headers["access-control-allow-origin"] == "https://listed.example"
        allowed = {word.strip() for word in response.headers["access-control-allow-headers"].split(",")}
        assert {
            "x-api-key",
            "content-type",
            "idempotency-key",
            "prefer",
            "if-none-match",
            "authorization",
        } <= allowed
        assert "PATCH" in response.headers["access-control-allow-methods"]
        refused = await http.options(
            f"{BASE}/storefront/carts", headers={"Origin": "https://stranger.example", **asked}
        )
        assert "access-control-allow-origin" not in refused.headers

    async def test_the_preflight_of_a_dashboard_is_answered(
        self, http: httpx.AsyncClient, listed: Shop
    ) -> None:
        """An origin that is listed for admin use alone can be used from a browser, and only there."""
        # Of this store alone: a preflight asks every store.
        admin, shop = f"https://admin.{listed.slug}.example", f"https://{listed.slug}.example"
        lists = {"allowed_origins": [shop], "settings": {"admin_origins": [admin]}}
        await listed.admin("PATCH", "/admin/store", json=lists, expect=200)
        for origin, path, answered in (
            (admin, "/admin/store", True),
            (admin, "/storefront/carts", False),
            (shop, "/storefront/carts", True),
            (shop, "/admin/store", False),
        ):
            asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
            response = await http.options(f"{BASE}{path}", headers=asked)
            allowed = response.headers.get("access-control-allow-origin")
            assert allowed == (origin if answered else None), f"{origin} {path}"

    @pytest.mark.parametrize("origin", ["*", "null"])
    async def test_a_live_store_cannot_list_every_origin(self, listed: Shop, origin: str) -> None:
        """A test store can."""
        response = await listed.admin("PATCH", "/admin/store", json={"allowed_origins": [origin]})
        assert "allowed_origins" in error_of(response, 422)["details"]["fields"]

    async def test_a_test_store_may_be_opened_from_a_file(self, http: httpx.AsyncClient) -> None:
        """`null` is what a browser sends from there."""
        shop = await provision(http, OPERATOR_KEY, allowed_origins=["null"])
        response = await shop.storefront("GET", "/storefront/store", headers={"Origin": "null"}, expect=200)
        assert response.headers["access-control-allow-origin"] == "null"

    @pytest.mark.parametrize(
        "origin",
        [
            "shop.example",
            "https://shop.example/path",
            "ftp://shop.example",
            "https://",
            "https://a b",
            "javascript:alert(1)",
            "https://shop.example:99999999",
        ],
    )
    async def test_what_no_browser_would_send_cannot_be_listed(self, shop: Shop, origin: str) -> None:
        """The mistake is told when it is made."""
        error_of(await shop.admin("PATCH", "/admin/store", json={"allowed_origins": [origin]}), 422)


async def test_a_failure_of_ours_shows_nothing_but_the_request_id(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No stack trace, no SQL."""
    from structlog.testing import capture_logs

    from baas.tenants import service

    async def fail(_session: Any) -> None:
        raise RuntimeError("select secret from somewhere")

    monkeypatch.setattr(service, "get_store", fail)
    with capture_logs() as lines:
        error = error_of(await shop.admin("GET", "/admin/store"), 500)
    assert error["code"] == "internal_error"
    assert "secret" not in json.dumps(error)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["request.failed"]
