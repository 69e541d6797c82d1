"""What is sent, what is tried again, and what is raised: the same for both clients."""

import copy
import datetime as dt
import json
import logging
import pickle
from typing import Any

import httpx
import pytest
from sdk.tests.conftest import KEY, Both, Script, Unruly, answer, ok, refused
from sdk.tests.helpers import ORDER, PAYMENT, PRODUCT

from baas_sdk import (
    AsyncClient,
    Client,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    IdempotencyInProgress,
    InsufficientStock,
    InvalidAnswer,
    InvalidArgument,
    NotFound,
    RateLimited,
    ServerError,
    StatusError,
    TimedOut,
    Unavailable,
)


def sent(script: Script, number: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(script.requests[number].content)
    return body


class TestWhatIsSent:
    """The request on the wire."""

    async def test_a_read(self, both: Both, script: Script) -> None:
        """With the key, without an idempotency key."""
        script.answers = [ok(ORDER)]
        order = await both(lambda shop: shop.orders.get("ord_1"))
        assert order.number == ORDER["number"]
        (request,) = script.requests
        assert str(request.url) == "http://shop.test/api/v1/admin/orders/ord_1"
        assert request.headers["x-api-key"] == KEY
        assert request.headers["user-agent"].startswith("baas-sdk/")
        assert "idempotency-key" not in request.headers

    async def test_a_write(self, both: Both, script: Script) -> None:
        """Only what was given, with a key of its own for each call."""
        script.answers = [ok(PAYMENT, status=201)]
        for _ in range(2):
            await both(
                lambda shop: shop.payments.create(provider="sandbox", amount=500, payer={"email": "a@b.co"})
            )
        assert sent(script) == {"provider": "sandbox", "amount": 500, "payer": {"email": "a@b.co"}}
        keys = {request.headers["idempotency-key"] for request in script.requests}
        assert len(keys) == 2

    async def test_null_is_not_absent(self, both: Both, script: Script) -> None:
        """None is sent where it means something."""
        script.answers = [ok(PRODUCT["variants"][0])]
        await both(
            lambda shop: shop.products.variants.update("prod_1", "var_1", compare_at_price=None, price=5)
        )
        assert sent(script) == {"compare_at_price": None, "price": 5}

    async def test_a_key_among_the_headers_is_the_key(self, both: Both, script: Script) -> None:
        """Whoever writes it there, in any case, means it: a second one would be a second payment."""
        script.answers = [ok(PAYMENT, status=201)]
        for name in ("Idempotency-Key", "idempotency-key"):
            headers = {name: "mine", "x-api-key": "sk_test_other"}
            await both(
                lambda shop, headers=headers: shop.payments.create(
                    provider="sandbox", amount=1, extra_headers=headers
                )
            )
            assert script.requests[-1].headers.get_list("idempotency-key") == ["mine"]
            assert script.requests[-1].headers.get_list("x-api-key") == [KEY]
        headers = {"Idempotency-Key": "mine"}
        await both(
            lambda shop: shop.payments.create(
                provider="sandbox", amount=1, idempotency_key="argument", extra_headers=headers
            )
        )
        assert script.requests[-1].headers.get_list("idempotency-key") == ["argument"]

    async def test_a_dry_run(self, both: Both, script: Script) -> None:
        """Says so, and spends no idempotency key."""
        script.answers = [ok(ORDER)]
        await both(lambda shop: shop.orders.cancel("ord_1", dry_run=True))
        (request,) = script.requests
        assert request.headers["prefer"] == "dry-run"
        assert "idempotency-key" not in request.headers

    async def test_an_id_cannot_become_another_path(self, both: Both, script: Script) -> None:
        """Whatever a stranger put into it."""
        script.answers = [ok(ORDER)]
        await both(lambda shop: shop.orders.get("../products?x=#y/{}"))
        assert script.requests[
            0
        ].url.raw_path == b"/api/v1/admin/orders/..%2Fproducts%3Fx%3D%23y%2F%7B}".replace(b"}", b"%7D")
        for bad in ("", ".", "..", None, 7.5, True):
            with pytest.raises(InvalidArgument):
                await both(lambda shop, bad=bad: shop.orders.get(bad))
        assert len(script.requests) == 1

    async def test_unknown_fields_are_refused_before_anything_is_sent(
        self, both: Both, script: Script
    ) -> None:
        """In a dict as well as in a call."""
        with pytest.raises(InvalidArgument, match=r"NewItem.*quantty"):
            await both(lambda shop: shop.orders.create(items=[{"quantity": 1, "quantty": 1}]))
        with pytest.raises(TypeError, match="quantty"):
            await both(lambda shop: shop.storefront.carts.add_item("cart_1", variant_id="var_1", quantty=1))
        assert script.requests == []

    async def test_a_redirect_does_not_carry_the_key_away(self, script: Script) -> None:
        """Also over an HTTP client that follows redirects."""
        script.answers = [httpx.Response(302, headers={"location": "http://evil.test/"}), ok(ORDER)]
        http = httpx.Client(transport=httpx.MockTransport(script), follow_redirects=True)
        with pytest.raises(StatusError, match="302"):
            Client(KEY, base_url="http://shop.test", http_client=http).orders.get("ord_1")
        assert len(script.requests) == 1

    async def test_a_newer_endpoint(self, both: Both, script: Script) -> None:
        """Can be asked before the SDK knows it."""
        script.answers = [ok({"x": 1})]
        assert await both(lambda shop: shop.request("POST", "/admin/new", body={"a": 1})) == {"x": 1}
        assert sent(script) == {"a": 1}
        for path in ("admin/new", "/admin/new", "/api/v1/admin/new", "api/v1/admin/new"):
            await both(lambda shop, path=path: shop.request("post", path))
            assert script.requests[-1].url.path == "/api/v1/admin/new"


class TestOptions:
    """Arguments, environment, and copies."""

    def test_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is used where nothing is said, and loses where something is."""
        monkeypatch.setenv("BAAS_API_KEY", "sk_test_environment")
        monkeypatch.setenv("BAAS_BASE_URL", "https://one.test/api/v1/")
        assert Client().base_url == "https://one.test"
        assert Client()._transport.api_key == "sk_test_environment"
        assert (
            Client("sk_test_other", base_url="https://two.test/x")._transport.base_url
            == "https://two.test/x/api/v1"
        )
        assert Client("sk_test_other")._transport.api_key == "sk_test_other"

    @pytest.mark.parametrize(
        "key, url",
        [
            ("", "http://x"),
            (None, "http://x"),
            ("sk_ x", "http://x"),
            ("sk_ñ", "http://x"),
            ("sk_x", ""),
            ("sk_x", "x.y"),
            ("sk_x", "http://u:p@x"),
        ],
    )
    def test_what_cannot_be(self, key: str | None, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is said at once, without showing the key."""
        monkeypatch.delenv("BAAS_API_KEY", raising=False)
        monkeypatch.delenv("BAAS_BASE_URL", raising=False)
        with pytest.raises(ConfigurationError) as raised:
            AsyncClient(key, base_url=url)
        assert not key or key not in str(raised.value)

    def test_the_other_kind_of_http_client(self) -> None:
        """Is said when the client is made, not by the first call."""
        with pytest.raises(ConfigurationError, match=r"http_client of Client has to be a httpx\.Client"):
            Client(KEY, base_url="http://x", http_client=httpx.AsyncClient())  # type: ignore[arg-type]  # on purpose
        with pytest.raises(ConfigurationError, match=r"has to be a httpx\.AsyncClient"):
            AsyncClient(KEY, base_url="http://x", http_client=httpx.Client())  # type: ignore[arg-type]  # on purpose

    async def test_copies(self, both: Both, script: Script) -> None:
        """Keep what is not said, share the connections, and leave the original alone."""
        script.answers = [ok(ORDER)]
        shop = both.make(default_headers={"X-One": "1"}, max_retries=4)
        copy = shop.with_options(default_headers={"X-Two": "2"}, timeout=1)
        assert copy._transport.http is shop._transport.http
        assert copy._transport.max_retries == 4
        result = copy.orders.get("ord_1")
        if both.kind == "async":
            await result
        assert script.requests[0].headers["x-one"] == "1"
        assert script.requests[0].headers["x-two"] == "2"
        assert script.requests[0].extensions["timeout"]["read"] == 1
        assert shop._transport.timeout == 30

    async def test_time_limits(self, both: Both, script: Script) -> None:
        """30 seconds, 5 to connect; for one call another."""
        script.answers = [ok(ORDER)]
        await both(lambda shop: shop.orders.get("ord_1"))
        await both(lambda shop: shop.orders.get("ord_1", timeout=2))
        await both(lambda shop: shop.orders.get("ord_1", timeout=httpx.Timeout(9)))
        limits = [request.extensions["timeout"] for request in script.requests]
        assert [(limit["connect"], limit["read"]) for limit in limits] == [(5, 30), (2, 2), (9, 9)]

    async def test_raw_responses(self, both: Both, script: Script) -> None:
        """The data and everything around it."""
        script.answers = [ok(ORDER, status=201, headers={"Idempotent-Replayed": "true", "ETag": '"a"'})]
        raw = await both(lambda shop: shop.with_raw_response.orders.cancel("ord_1"))
        assert (raw.status, raw.request_id, raw.replayed, raw.etag, raw.tries) == (
            201,
            "req_1",
            True,
            '"a"',
            1,
        )
        assert raw.data.number == ORDER["number"]
        assert json.loads(raw.content)["success"] is True


class TestRetries:
    """When a call is repeated, how, and when not."""

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    async def test_a_busy_server_is_asked_again(
        self, both: Both, script: Script, waits: list[float], status: int
    ) -> None:
        """With the same idempotency key and body, and growing pauses that are not the same for everybody."""
        script.answers = [refused(status, ""), refused(status, ""), ok(PAYMENT, status=201)]
        raw = await both(lambda shop: shop.with_raw_response.payments.create(provider="sandbox", amount=5))
        assert raw.tries == 3
        assert len({request.headers["idempotency-key"] for request in script.requests}) == 1
        assert len({request.content for request in script.requests}) == 1
        assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0

    async def test_a_broken_connection_is_tried_again(
        self, both: Both, script: Script, waits: list[float]
    ) -> None:
        """Reads and writes alike."""
        script.answers = [httpx.ConnectError("x"), httpx.ReadTimeout("x"), ok(PAYMENT)]
        await both(lambda shop: shop.payments.create(provider="sandbox", amount=5, idempotency_key="mine"))
        assert [request.headers["idempotency-key"] for request in script.requests] == ["mine"] * 3

    async def test_it_ends(self, both: Both, script: Script, waits: list[float]) -> None:
        """After two retries, with what a caller needs to go on."""
        script.answers = [httpx.ReadError("broken pipe")]
        with pytest.raises(ConnectionFailed, match="3 tries") as failed:
            await both(lambda shop: shop.payments.create(provider="sandbox", amount=5))
        assert failed.value.tries == 3
        assert failed.value.idempotency_key == script.requests[0].headers["idempotency-key"]
        assert KEY not in str(failed.value)
        script.answers = [httpx.ConnectTimeout("slow")]
        with pytest.raises(TimedOut):
            await both(lambda shop: shop.orders.get("ord_1"), max_retries=0)

    async def test_the_server_names_the_time(self, both: Both, script: Script, waits: list[float]) -> None:
        """Retry-After is obeyed to the second, up to a minute."""
        script.answers = [refused(429, "rate_limited", headers={"Retry-After": "7"}), ok(ORDER)]
        await both(lambda shop: shop.orders.get("ord_1"))
        assert 7 <= waits[0] <= 7.25
        script.answers = [refused(429, "rate_limited", headers={"Retry-After": "61"}), ok(ORDER)]
        with pytest.raises(RateLimited) as limited:
            await both(lambda shop: shop.orders.get("ord_1"))
        assert limited.value.retry_after == 61
        assert len(waits) == 1

    async def test_only_one_conflict_is_repeated(
        self, both: Both, script: Script, waits: list[float]
    ) -> None:
        """The twin that still runs; out of stock stays out of stock."""
        script.answers = [refused(409, "idempotency_in_progress", headers={"Retry-After": "1"}), ok(ORDER)]
        await both(lambda shop: shop.orders.cancel("ord_1"))
        assert len(script.requests) == 2
        for code in ("insufficient_stock", "conflict", "of_next_year"):
            script.requests.clear()
            script.answers = [refused(409, code)]
            with pytest.raises(Conflict):
                await both(lambda shop: shop.orders.cancel("ord_1"))
            assert len(script.requests) == 1
        script.answers = [refused(409, "idempotency_in_progress")]
        with pytest.raises(IdempotencyInProgress):
            await both(lambda shop: shop.orders.cancel("ord_1"))

    async def test_what_is_wrong_stays_wrong(self, both: Both, script: Script, waits: list[float]) -> None:
        """No other refusal is repeated."""
        for status in (400, 401, 402, 403, 404, 405, 410, 413, 415, 422):
            script.requests.clear()
            script.answers = [refused(status, "x")]
            with pytest.raises(StatusError):
                await both(lambda shop: shop.orders.get("ord_1"))
            assert len(script.requests) == 1
        assert waits == []


class TestErrors:
    """What a caller catches."""

    async def test_by_code(self, both: Both, script: Script) -> None:
        """With its details; the text begins with the request id."""
        script.answers = [refused(409, "insufficient_stock", variant_id="var_1", asked=3, available=1)]
        with pytest.raises(InsufficientStock) as raised:
            await both(lambda shop: shop.storefront.carts.checkout("cart_1", provider="sandbox"))
        problem = raised.value
        assert (problem.available, problem.asked, problem.variant_id) == (1, 3, "var_1")
        assert str(problem).startswith("req_1: It is refused.")
        assert (problem.status, problem.error_code, problem.request_id) == (
            409,
            "insufficient_stock",
            "req_1",
        )
        assert problem.idempotency_key == script.requests[0].headers["idempotency-key"]

    async def test_a_code_of_next_year(self, both: Both, script: Script) -> None:
        """Falls back to the class of its status, and keeps its name."""
        script.answers = [refused(404, "cart_gone")]
        with pytest.raises(NotFound) as raised:
            await both(lambda shop: shop.orders.get("ord_1"))
        assert raised.value.error_code == "cart_gone"
        script.answers = [refused(418, "teapot")]
        with pytest.raises(StatusError) as other:
            await both(lambda shop: shop.orders.get("ord_1"))
        assert type(other.value) is StatusError

    async def test_a_proxy_in_between(self, both: Both, script: Script, waits: list[float]) -> None:
        """Answers HTML with a status of its own."""
        script.answers = [httpx.Response(503, text="<html>down</html>")]
        with pytest.raises(ServerError) as raised:
            await both(lambda shop: shop.orders.get("ord_1"))
        assert not isinstance(raised.value, Unavailable)
        for body in ("<html>welcome</html>", "", "null", '{"success": true}', '{"data": 1}', b"\xff"):
            script.answers = [httpx.Response(200, content=body)]
            with pytest.raises(InvalidAnswer) as invalid:
                await both(lambda shop: shop.orders.get("ord_1"))
            assert invalid.value.body == (body.encode() if isinstance(body, str) else body)

    async def test_what_is_newer_is_no_error(self, both: Both, script: Script) -> None:
        """Fields and words that this version does not know."""
        script.answers = [ok({**ORDER, "status": "teleported", "brand_new": {"a": 1}})]
        order = await both(lambda shop: shop.orders.get("ord_1"))
        assert order.status == "teleported"
        assert f"{order.status}" == "teleported"

    async def test_an_answer_as_plain_python(self, both: Both, script: Script) -> None:
        """For a cache, a queue, a template: what the API wrote, times and words as it writes them."""
        script.answers = [ok(ORDER)]
        order = await both(lambda shop: shop.orders.get("ord_1"))
        assert json.loads(order.to_json()) == json.loads(json.dumps(order.to_dict()))
        plain = order.to_dict()
        assert (type(plain["status"]), plain["status"]) == (str, ORDER["status"])
        assert dt.datetime.fromisoformat(plain["placed_at"].replace("Z", "+00:00")) == order.placed_at

    async def test_they_travel(self, both: Both, script: Script) -> None:
        """From one process to another, with everything in them."""
        script.answers = [refused(409, "insufficient_stock", available=1)]
        with pytest.raises(InsufficientStock) as raised:
            await both(lambda shop: shop.orders.cancel("ord_1"))
        for copied in (pickle.loads(pickle.dumps(raised.value)), copy.copy(raised.value)):
            assert type(copied) is InsufficientStock
            assert (str(copied), copied.available) == (str(raised.value), 1)
        failed = pickle.loads(pickle.dumps(TimedOut("x", idempotency_key="k", tries=2)))
        assert (str(failed), failed.idempotency_key, failed.tries) == ("x", "k", 2)


class TestSecrets:
    """Keys are nowhere but in the header."""

    async def test_representations_and_logs(
        self, both: Both, script: Script, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Of clients, answers and refusals."""
        caplog.set_level(logging.DEBUG)
        endpoint = {
            "id": "we_1", "url": "https://x", "event_types": ["*"], "description": None, "ordered": False,
            "status": "enabled", "disabled_reason": None, "disabled_code": None, "api_version": "1",
            "consecutive_failures": 0,
            "failing_since": None, "previous_secret_ends_at": None, "secret": "whsec_verysecret",
            "created_at": "2026-11-21T14:03:27Z", "updated_at": "2026-11-21T14:03:27Z",
        }  # fmt: skip
        script.answers = [ok(endpoint, status=201)]
        shop = both.make()
        made = await both(lambda shop: shop.webhook_endpoints.create(url="https://x", event_types=["*"]))
        assert made.secret == "whsec_verysecret"
        await both(
            lambda shop: shop.request("GET", "/storefront/orders/ord_1", query={"token": "oat_verysecret"})
        )
        written = "".join([repr(shop), repr(shop._transport), str(shop), repr(made), str(made), f"{made}"])
        own = "".join(record.getMessage() for record in caplog.records if record.name == "baas_sdk")
        assert "POST /admin/webhook-endpoints: 201" in own
        assert KEY not in written + own
        assert "verysecret" not in written + own
        assert "sk_test_…" in repr(shop)


class TestAServerThatMisbehaves:
    """Over a real socket."""

    async def test_resets_cut_answers_and_garbage(self, over_the_wire: Both, unruly: Unruly) -> None:
        """Are survived where a retry helps."""
        good = answer(200, ok(ORDER).content)
        unruly.plan = ["reset", "cut", good]
        assert (await over_the_wire(lambda shop: shop.orders.get("ord_1"))).number == ORDER["number"]
        unruly.plan = [
            answer(500, b"oops"),
            answer(429, b"", "Retry-After: 0"),
            answer(201, ok(PAYMENT).content),
        ]
        unruly.requests.clear()
        await over_the_wire(lambda shop: shop.payments.create(provider="sandbox", amount=1))
        lines = [
            line
            for request in unruly.requests
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"idempotency-key")
        ]
        assert len(lines) == 3
        assert len(set(lines)) == 1
        unruly.plan = [answer(200, b"{garbage")]
        with pytest.raises(InvalidAnswer):
            await over_the_wire(lambda shop: shop.orders.get("ord_1"))

    async def test_a_server_that_hangs(self, over_the_wire: Both, unruly: Unruly) -> None:
        """Is given up after the time limit, every time."""
        unruly.plan = ["hang"]
        with pytest.raises(TimedOut):
            await over_the_wire(lambda shop: shop.orders.get("ord_1", timeout=0.1), max_retries=1)
        assert len(unruly.requests) == 2

    async def test_no_server(self, over_the_wire: Both) -> None:
        """Is said plainly."""
        with pytest.raises(ConnectionFailed, match="GET /admin/orders/ord_1 got no answer in 1 tries"):
            await over_the_wire(
                lambda shop: shop.orders.get("ord_1"), base_url="http://127.0.0.1:1", max_retries=0
            )
