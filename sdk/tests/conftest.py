"""Clients of both kinds, and servers that answer what a test says."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from baas_sdk import AsyncClient, Client

KEY = "sk_test_0123456789abcdef"


class Script:
    """What a server in memory answers, in order; the last answer stays."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(request)
        assert isinstance(answer, httpx.Response)
        return answer


def ok(data: Any, *, status: int = 200, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    """A success."""
    meta = {"request_id": "req_1", "timestamp": "2026-11-21T14:03:27Z", "version": "v1"}
    document = {"success": True, "data": data, "meta": meta, **more}
    return httpx.Response(status, json=document, headers={"X-Request-Id": "req_1", **(headers or {})})


def refused(
    status: int, code: str, *, headers: dict[str, str] | None = None, **details: Any
) -> httpx.Response:
    """A refusal."""
    meta = {"request_id": "req_1", "timestamp": "2026-11-21T14:03:27Z", "version": "v1"}
    error = {"code": code, "message": "It is refused.", "details": details}
    document = {"success": False, "error": error, "meta": meta}
    return httpx.Response(status, json=document, headers={"X-Request-Id": "req_1", **(headers or {})})


class Both:
    """Runs the same words with either client: `await both(lambda shop: shop.orders.get("ord_1"))`."""

    def __init__(self, kind: str, make: Callable[..., Any]) -> None:
        self.kind = kind
        self.make = make

    async def __call__(self, words: Callable[[Any], Any], **options: Any) -> Any:
        """What the words answer; lists become lists."""
        shop = self.make(**options)
        if isinstance(shop, AsyncClient):
            async with shop:
                answer = words(shop)
                if inspect.isawaitable(answer):
                    return await answer
                return [item async for item in answer]

        def run() -> Any:
            with shop:
                answer = words(shop)
                return (
                    list(answer)
                    if type(answer).__name__ == "Pages" or inspect.isgenerator(answer)
                    else answer
                )

        return await asyncio.to_thread(run)


@pytest.fixture
def script() -> Script:
    """The answers of the server in memory."""
    return Script()


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest, script: Script) -> Both:
    """Either client, over a server in memory that answers by the script."""

    def make(**options: Any) -> Any:
        transport = httpx.MockTransport(script)
        options = {"base_url": "http://shop.test", **options}
        if request.param == "sync":
            return Client(KEY, http_client=httpx.Client(transport=transport), **options)
        return AsyncClient(KEY, http_client=httpx.AsyncClient(transport=transport), **options)

    return Both(request.param, make)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the SDK would have waited between its tries."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("baas_sdk._sync.transport.time", _Clock(found))
    monkeypatch.setattr(
        "baas_sdk._async.transport.asyncio", type("asyncio", (), {"sleep": staticmethod(sleep)})
    )
    return found


class _Clock:
    def __init__(self, found: list[float]) -> None:
        self.sleep = found.append

    @staticmethod
    def monotonic() -> float:
        return 0.0


class Unruly:
    """A server on a socket that misbehaves by a list, connection after connection."""

    def __init__(self) -> None:
        self.plan: list[str | bytes] = []
        self.requests: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request for each connection."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line[15:])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            body = await reader.readexactly(length)
            self.requests.append(head + body)
            step = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
            if step == "reset":
                writer.transport.abort()
                return
            if step == "hang":
                await reader.read()  # until the client gives up
                return
            if step == "cut":
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
                )
                await writer.drain()
                writer.transport.abort()
                return
            assert isinstance(step, bytes)
            writer.write(step)
            await writer.drain()
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def answer(status: int, body: bytes, *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    head = [
        f"HTTP/1.1 {status} x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*head, *headers, "", ""]).encode() + body


@pytest.fixture
async def unruly() -> AsyncIterator[Unruly]:
    """A server that misbehaves on purpose."""
    server = Unruly()
    running = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    yield server
    running.close()


@pytest.fixture(params=["sync", "async"])
def over_the_wire(request: pytest.FixtureRequest, unruly: Unruly) -> Both:
    """Either client, over a real socket to the unruly server."""

    def make(**options: Any) -> Any:
        options = {"base_url": unruly.url, **options}
        return Client(KEY, **options) if request.param == "sync" else AsyncClient(KEY, **options)

    return Both(request.param, make)
