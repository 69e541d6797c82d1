"""What a simulator remembers, the mishaps it is told to cause, and how it notifies."""

import asyncio
import contextlib
import hashlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import web

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_SAVE_EVERY: Final = 0.5
"""Seconds: what a killed simulator may forget."""
_TRIES: Final = (0.3, 1.0, 3.0, 10.0)
"""Seconds between the tries of a notification that nobody took."""


def encode(value: Any) -> bytes:
    """JSON with exact numbers."""
    return _ENCODER.encode(value)


def decode(data: bytes) -> Any:
    """What is in JSON, its decimals exact. Raises msgspec.DecodeError."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(data)


def answer(value: Any, status: int = 200, **headers: str) -> web.Response:
    """An answer in JSON."""
    return web.Response(
        body=encode(value),
        status=status,
        content_type="application/json",
        headers={name.replace("_", "-"): text for name, text in headers.items()},
    )


class Refusal(Exception):
    """An error in the provider's own form."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class Faults(msgspec.Struct, kw_only=True):
    """What goes wrong, as shares of 1. Nothing does unless told."""

    drop: float = 0
    """Notifications that are never sent."""
    double: float = 0
    """Notifications that are sent twice."""
    scatter: float = 0
    """Seconds over which notifications are spread, so that they overtake one another."""
    lose: float = 0
    """Answers to POSTs that are lost after the work was done."""
    slow: float = 0
    """Seconds before every answer."""
    slow_refunds: bool = False
    """Refunds wait for the bank, which is told to decide by `refund_succeeded` or `refund_failed`."""
    down: bool = False
    """No answer at all."""


class Sent(msgspec.Struct, frozen=True):
    """A notification: where to, what, and the headers that prove it."""

    url: str
    headers: dict[str, str]
    body: bytes


class Books:
    """The state of one simulator. Kept in a file when there is one, so that a restart forgets nothing."""

    def __init__(self, path: Path | None = None, *, seed: int | None = None) -> None:
        self.path = path
        self.faults = Faults()
        self.chance = random.Random(seed)  # noqa: S311  mishaps, not secrets
        self.changed = False
        self.data: dict[str, Any] = {"counters": {}, "answers": {}}
        if path is not None and path.exists():
            self.data |= decode(path.read_bytes())

    def table(self, name: str) -> dict[str, Any]:
        """Rows by their id."""
        rows: dict[str, Any] = self.data.setdefault(name, {})
        return rows

    def number(self, name: str, first: int) -> int:
        """The next number of a sequence."""
        counters = self.data["counters"]
        counters[name] = counters.get(name, first - 1) + 1
        return int(counters[name])

    def save(self) -> None:
        """Write the state to the file, in one step, if anything changed since the last time."""
        if self.path is not None and self.changed:
            self.changed = False
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.path.with_suffix(".new")
            fresh.write_bytes(encode(self.data))
            fresh.replace(self.path)

    def remembered(self, owner: str, key: str | None, asked: bytes) -> tuple[int, bytes] | None:
        """The answer that this idempotency key had; raises KeyError when something else was asked with it."""
        if key is None:
            return None
        stored = self.table("answers").get(f"{owner}/{key}")
        if stored is None:
            return None
        if stored[0] != hashlib.sha256(asked).hexdigest():
            raise KeyError(key)
        return stored[1], stored[2].encode()

    def remember(self, owner: str, key: str | None, asked: bytes, response: web.Response) -> None:
        """Keep the answer to an idempotency key."""
        if key is not None and isinstance(response.body, bytes):
            digest = hashlib.sha256(asked).hexdigest()
            self.table("answers")[f"{owner}/{key}"] = [digest, response.status, response.body.decode()]


class Notifier:
    """Sends notifications in the background, with the mishaps of its books."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.sent = 0
        """How many were taken."""
        self.post: Callable[[Sent], Awaitable[int]] = self._post
        """How one is brought to its receiver; answers the status."""

    def send(self, sign: Callable[[], Sent]) -> None:
        """Send one soon; `sign` is asked at each try, as the providers sign anew."""
        faults, chance = self._books.faults, self._books.chance
        if chance.random() < faults.drop:
            return
        copies = 2 if chance.random() < faults.double else 1
        for _ in range(copies):
            task = asyncio.create_task(self._deliver(sign, chance.uniform(0, faults.scatter)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, sign: Callable[[], Sent], wait: float) -> None:
        await asyncio.sleep(wait)
        for pause in (*_TRIES, None):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                if await self.post(sign()) < 300:
                    self.sent += 1
                    return
            if pause is None:
                return
            await asyncio.sleep(pause)

    async def _post(self, made: Sent) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=22), trust_env=False)
        async with self._session.post(made.url, data=made.body, headers=made.headers) as response:
            return response.status

    async def settle(self) -> None:
        """Wait until nothing is on its way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Drop what is on its way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]


def application(books: Books, notifier: Notifier, routes: Sequence[Route]) -> web.Application:
    """A simulator with these routes: refusals in the provider's form, the mishaps, and the control of both."""

    @web.middleware
    async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
        controlled = request.path.startswith("/_simulator")
        faults = books.faults
        if not controlled and faults.down:
            return _abort(request)
        if not controlled and faults.slow:
            await asyncio.sleep(faults.slow)
        try:
            response = await handler(request)
        except Refusal as refusal:
            response = answer(refusal.body, refusal.status)
        if request.method != "GET":
            books.changed = True
            works = not controlled and request.path.startswith(("/v1", "/checkout/pref"))
            if works and books.chance.random() < faults.lose:
                return _abort(request)
        return response

    async def set_faults(request: web.Request) -> web.Response:
        books.faults = msgspec.json.decode(await request.read(), type=Faults)
        return answer({"faults": msgspec.to_builtins(books.faults)})

    async def settle(_request: web.Request) -> web.Response:
        await notifier.settle()
        return answer({"sent": notifier.sent})

    async def keep(_app: web.Application) -> AsyncIterator[None]:
        async def saving() -> None:
            while True:
                await asyncio.sleep(_SAVE_EVERY)
                books.save()

        task = asyncio.create_task(saving())
        yield
        task.cancel()
        await notifier.close()
        books.save()

    app = web.Application(middlewares=[edge])
    app.router.add_put("/_simulator/faults", set_faults)
    app.router.add_post("/_simulator/settle", settle)
    for method, path, handler in routes:
        app.router.add_route(method, path, handler)
    app.cleanup_ctx.append(keep)
    return app


def _abort(request: web.Request) -> web.StreamResponse:
    """Hang up without a word, as a network does."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def now() -> float:
    """Seconds since 1970."""
    return time.time()
