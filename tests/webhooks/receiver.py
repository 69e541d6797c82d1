"""A receiver on loopback that answers as a test tells it to, and remembers what it got."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], "web.StreamResponse | Any"]


@dataclass
class Message:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """The body as JSON."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def id(self) -> str:
        """The message's `webhook-id`."""
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Answers 200 unless `answers[path]` says otherwise: a status, or a coroutine that makes the response."""

    port: int = 0
    messages: list[Message] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    def url(self, path: str = "/hook") -> str:
        """The receiver's address for a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def got(self, path: str = "/hook") -> list[Message]:
        """What arrived at a path, in order."""
        return [message for message in self.messages if message.path == path]

    async def wait_for(self, count: int, path: str = "/hook", seconds: float = 10.0) -> list[Message]:
        """What arrived at a path, as soon as it is at least `count`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self.got(path)) < count:  # noqa: ASYNC110  a test may look now and then
                    await asyncio.sleep(0.01)
        found = self.got(path)
        assert len(found) >= count, f"{len(found)} of {count} messages arrived at {path}"
        return found

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; `start` takes the same port again."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.messages.append(Message(request.path, headers, body, asyncio.get_running_loop().time()))
        answer = self.answers.get(request.path, 200)
        if isinstance(answer, int):
            return web.Response(status=answer, text=f"answer {answer}")
        response: web.StreamResponse = await answer(request)
        return response
