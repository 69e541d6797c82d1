"""Outgoing requests reach public addresses only, and a receiver cannot hold or flood the backend."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from baas.core.outgoing import http
from baas.core.outgoing.http import (
    OutgoingClient,
    OutgoingFailed,
    OutgoingRefused,
    OutgoingTimeout,
    check_url,
    is_public,
)

REFUSED = [
    *(
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
    ),
    *(
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
    ),
    *("203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *(
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
    ),
    *(
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12::1",
    ),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.63.255.255",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """A server on loopback with one handler; it counts what reaches it."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.handler: Handler | None = None
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        return await self.handler(request) if self.handler else web.Response(text="ok")

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[OutgoingClient]:
    async with OutgoingClient(allow_insecure=True, timeout=5) as client:
        yield client


def names(monkeypatch: pytest.MonkeyPatch, answers: dict[str, list[str]]) -> None:
    """Let names lead where a test wants them; other names are asked of the system."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host not in answers:
            return real(host, port, *rest, **more)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in answers[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_lead_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_loopback_alone_opens_for_test_stores() -> None:
    open_now = [address for address in REFUSED if is_public(address, allow_loopback=True)]
    assert open_now == ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"]


@pytest.mark.parametrize(
    "url, reason",
    [
        ("http://shop.example/hook", "https"),
        ("ftp://shop.example/hook", "https"),
        ("shop.example/hook", "https"),
        ("https:///hook", "host"),
        ("https://user:secret@shop.example/", "user name"),
        ("https://user@shop.example/", "user name"),
        ("https://shop.example:8443/", "Port 8443"),
        ("https://shop.example:99999/", "valid"),
        ("https://127.0.0.1/", "not public"),
        ("https://127.1/", "not public"),
        ("https://0x7f000001/", "not public"),
        ("https://2130706433/", "not public"),
        ("https://0177.0.0.1/", "not public"),
        ("https://[::1]/", "not public"),
        ("https://[::ffff:10.0.0.1]/", "not public"),
        ("https://[fe80::1%25eth0]/", "not public"),
        ("https://localhost/", "not public"),
        ("https://LOCALHOST./", "not public"),
        ("https://api.localhost/", "not public"),
        ("https://shop.example/a b", "spaces"),
        ("https://shop.example/\r\nHost: other", "spaces"),
        ("https://[::1/", "valid"),
        ("https://shop.example/" + "a" * 3000, "longer"),
        ("", "https"),
    ],
)
def test_a_bad_url_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(OutgoingRefused, match=reason):
        check_url(url)


def test_good_urls_pass() -> None:
    check_url("https://shop.example/hook?x=1#f")
    check_url("https://ñandú.example/hook")
    check_url("https://8.8.8.8/hook")
    check_url("https://shop.example:8443/", ports={443, 8443})
    check_url("http://127.0.0.1:8000/hook", allow_insecure=True)
    check_url("http://localhost:8000/hook", allow_insecure=True)


def test_a_test_store_may_use_loopback_but_no_other_private_range() -> None:
    for url in (
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://192.168.0.10:8000/",
        "http://0.0.0.0/",
    ):
        with pytest.raises(OutgoingRefused, match="not public"):
            check_url(url, allow_insecure=True)


async def test_a_request_brings_status_headers_and_body(client: OutgoingClient, receiver: Receiver) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert await request.read() == b'{"a":1}'
        return web.Response(status=429, text="later", headers={"Retry-After": "7", "X-Other": "no"})

    receiver.handler = handler
    answer = await client.request(
        "POST",
        receiver.url(),
        headers={"Webhook-Id": "evt_1"},
        body=b'{"a":1}',
        allow_insecure=True,
    )
    assert (answer.status, answer.body, answer.complete) == (429, b"later", True)
    assert answer.headers["retry-after"] == "7"
    assert "x-other" not in answer.headers
    assert answer.duration_ms >= 0
    assert receiver.seen[0].headers["Webhook-Id"] == "evt_1"
    assert "Cookie" not in receiver.seen[0].headers


async def test_without_the_callers_wish_http_and_loopback_are_refused(
    client: OutgoingClient, receiver: Receiver
) -> None:
    with pytest.raises(OutgoingRefused, match="https"):
        await client.request("POST", receiver.url())
    assert receiver.seen == []


async def test_a_deployment_that_forbids_loopback_overrules_the_caller(
    receiver: Receiver,
) -> None:
    async with OutgoingClient() as strict:
        with pytest.raises(OutgoingRefused):
            await strict.request("POST", receiver.url(), allow_insecure=True)
        with pytest.raises(OutgoingRefused):
            strict.check_url(receiver.url(), allow_insecure=True)
    assert receiver.seen == []


async def test_a_connection_opened_for_a_test_store_is_not_lent_to_others(
    client: OutgoingClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, {"hooks.example": ["127.0.0.1"]})
    # Even were the URL check blind, the other session has no connection to reuse and judges the address.
    monkeypatch.setattr(http, "_check_url", lambda url, *_: URL(url))
    await client.request("GET", receiver.url("hooks.example"), allow_insecure=True)
    with pytest.raises(OutgoingRefused):
        await client.request("GET", receiver.url("hooks.example"))
    with pytest.raises(OutgoingRefused):
        await client.request("GET", receiver.url("127.0.0.1"))
    assert len(receiver.seen) == 1


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.5"], ["8.8.8.8", "10.0.0.5"], ["8.8.8.8", "::1"], ["169.254.169.254"]],
)
async def test_a_name_with_any_inner_address_is_refused_whatever_it_was_at_registration(
    client: OutgoingClient, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    client.check_url("https://rebound.example/")
    names(monkeypatch, {"rebound.example": addresses})
    with pytest.raises(OutgoingRefused, match="not public") as refusal:
        await client.request("POST", "https://rebound.example/")
    assert not any(address in str(refusal.value) for address in addresses)


async def test_loopback_names_reach_test_receivers_but_not_other_private_ones(
    client: OutgoingClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, {"dev.example": ["127.0.0.1"], "lan.example": ["192.168.1.10"]})
    answer = await client.request("GET", receiver.url("dev.example"), allow_insecure=True)
    assert answer.status == 200
    with pytest.raises(OutgoingRefused):
        await client.request("GET", receiver.url("lan.example"), allow_insecure=True)


async def test_the_socket_itself_is_judged(
    client: OutgoingClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers never meet a resolver: the last look is at the address that is connected to."""
    monkeypatch.setattr(http, "_check_url", lambda url, *_: URL(url))
    for host in ("127.0.0.1", "[::1]"):
        with pytest.raises(OutgoingRefused):
            await client.request("GET", receiver.url(host))
    assert receiver.seen == []


async def test_redirects_are_not_followed(client: OutgoingClient, receiver: Receiver) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    receiver.handler = handler
    answer = await client.request("POST", receiver.url(), allow_insecure=True)
    assert (answer.status, answer.headers["location"]) == (302, "/elsewhere")
    assert len(receiver.seen) == 1


async def test_proxies_of_the_environment_are_ignored(
    client: OutgoingClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await client.request("GET", receiver.url(), allow_insecure=True)).status == 200


async def test_a_huge_answer_is_cut_and_the_client_goes_on(
    client: OutgoingClient, receiver: Receiver
) -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(10_000):
            await answer.write(b"x" * 65_536)
            sent += 65_536
        return answer

    receiver.handler = handler
    answer = await client.request("POST", receiver.url(), max_bytes=1024, allow_insecure=True)
    assert (answer.status, len(answer.body), answer.complete) == (200, 1024, False)
    assert sent < 100_000_000
    receiver.handler = None
    assert (await client.request("POST", receiver.url(), max_bytes=2, allow_insecure=True)).complete


async def test_a_compressed_answer_is_not_unpacked(client: OutgoingClient, receiver: Receiver) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"\x1f\x8b not really gzip", headers={"Content-Encoding": "gzip"})

    receiver.handler = handler
    answer = await client.request("GET", receiver.url(), allow_insecure=True)
    assert answer.body.startswith(b"\x1f\x8b")


@pytest.mark.parametrize("headers_first", [False, True])
async def test_a_slow_answer_ends_at_the_time_limit(
    client: OutgoingClient, receiver: Receiver, headers_first: bool
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        if headers_first:
            await answer.prepare(request)
        for _ in range(50):
            await asyncio.sleep(0.1)
            if headers_first:
                await answer.write(b"drip")
        return answer

    receiver.handler = handler
    with pytest.raises(OutgoingTimeout, match="within 0"):
        await client.request("POST", receiver.url(), timeout=0.3, allow_insecure=True)


async def test_every_request_has_its_own_time_limit_and_none_when_it_has_ended(
    client: OutgoingClient, receiver: Receiver
) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async def late(limit: float) -> float:
        began = time.monotonic()
        with pytest.raises(OutgoingTimeout, match=f"within {limit:g} seconds"):
            await client.request("POST", receiver.url(), timeout=limit, allow_insecure=True)
        assert not asyncio.current_task().cancelling()  # type: ignore[union-attr]  # this is a task
        return time.monotonic() - began

    assert (await client.request("GET", receiver.url(), timeout=0.3, allow_insecure=True)).status == 200
    receiver.handler = hang
    limits = [0.5, 0.15, 0.3]
    assert all(
        took >= limit for took, limit in zip(await asyncio.gather(*map(late, limits)), limits, strict=True)
    )


async def test_a_request_that_its_caller_cancels_is_cancelled_and_not_late(
    client: OutgoingClient, receiver: Receiver
) -> None:
    begun = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(60)
        return web.Response()

    receiver.handler = hang
    task = asyncio.create_task(client.request("POST", receiver.url(), timeout=5, allow_insecure=True))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(OutgoingTimeout):
        await client.request("POST", receiver.url(), timeout=0.2, allow_insecure=True)


async def test_failures_are_told_in_words(client: OutgoingClient, receiver: Receiver) -> None:
    async def reset(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    receiver.handler = reset
    with pytest.raises(OutgoingFailed, match="closed the connection"):
        await client.request("POST", receiver.url(), allow_insecure=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OutgoingFailed, match="connection refused"):
        await client.request("POST", f"http://127.0.0.1:{port}/", allow_insecure=True)
    with pytest.raises(OutgoingFailed, match="TLS"):
        await client.request("POST", f"https://127.0.0.1:{receiver.port}/", allow_insecure=True)
    with pytest.raises(OutgoingFailed, match="resolved"):
        await client.request("POST", "https://no-such-name.invalid/")
    with pytest.raises(OutgoingFailed, match="resolved"):
        await client.request("POST", f"https://{'a' * 70}.invalid/")


async def test_what_is_no_http_is_a_failure() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, OutgoingClient(allow_insecure=True) as client:
        with pytest.raises(OutgoingFailed):
            await client.request("GET", f"http://127.0.0.1:{port}/", allow_insecure=True)


async def test_a_body_that_breaks_off_still_gives_its_status(
    client: OutgoingClient, receiver: Receiver
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return answer

    receiver.handler = handler
    answer = await client.request("POST", receiver.url(), allow_insecure=True)
    assert (answer.status, answer.body, answer.complete) == (200, b"half", False)
