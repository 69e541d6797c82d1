"""Renders templates in child processes, so that none can hold up or harm the process that serves stores.

A child that does not answer in time is killed and replaced (D-029). Each owner (a store) renders one template at a
time, and one whose template had to be killed waits a while with that template: the others have the processes.
"""

import asyncio
import contextlib
import hashlib
import os
import sys
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import structlog

from baas.services.notifications.rendering.words import LENGTH, Answer, Failed, Job, Rendered, Source

log = structlog.get_logger(__name__)

SECONDS: Final = 0.5
"""For one message: a large order takes 0.01."""
_GRACE: Final = 0.75
"""Beyond that, the child is killed."""
_START_SECONDS: Final = 20.0
_BLOCKED_SECONDS: Final = 300.0
_MAX_BLOCKED: Final = 10_000
_MAX_ANSWER: Final = 4 * 1024 * 1024
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Answer).decode


class TemplateFailed(Exception):
    """A template cannot be rendered. `str()` is a sentence that names part and line."""

    def __init__(self, failed: Failed) -> None:
        self.failed = failed
        where = f"{failed.part}, line {failed.line}" if failed.line else failed.part
        super().__init__(f"{where}: {failed.reason}" if where else failed.reason)


class RendererGone(Exception):
    """The child process ended or could not be started: a fault of ours, to be tried again."""


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "_Child":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "baas.services.notifications.rendering.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        )
        child = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await child._out.readexactly(LENGTH)
        except BaseException as error:
            await child.end()
            if isinstance(error, asyncio.IncompleteReadError | TimeoutError):
                raise RendererGone("The renderer does not start.") from error
            raise
        return child

    @property
    def _out(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None
        return self._process.stdout

    async def ask(self, job: Job) -> Answer:
        assert self._process.stdin is not None
        body = _encode(job)
        self._process.stdin.write(len(body).to_bytes(LENGTH, "big") + body)
        await self._process.stdin.drain()
        size = int.from_bytes(await self._out.readexactly(LENGTH), "big")
        if size > _MAX_ANSWER:
            raise RendererGone("The renderer's answer makes no sense.")
        answer: Answer = _decode(await self._out.readexactly(size))
        return answer

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()


class Renderer:
    """A few children, started when they are first needed. One per process of ours."""

    def __init__(self, *, children: int = 2) -> None:
        self._free = asyncio.Semaphore(children)
        self._idle: list[_Child] = []
        self._owners: dict[str, tuple[asyncio.Lock, int]] = {}
        self._blocked: OrderedDict[bytes, tuple[float, Failed]] = OrderedDict()

    async def render(
        self, source: Source, data: dict[str, Any], *, owner: str, lenient: bool = False
    ) -> Rendered:
        """What the template says. Raises TemplateFailed or RendererGone."""
        job = Job(source, data, SECONDS, lenient)
        key = hashlib.sha256(owner.encode() + b"\0" + _encode(source)).digest()
        self._refuse_blocked(key)
        async with self._turn(owner):
            # Its twin before it in the queue may have been stopped meanwhile.
            self._refuse_blocked(key)
            async with self._free:
                answer = await self._ask(job)
        if isinstance(answer, Failed):
            if answer.abusive:
                self._block(key, answer)
            raise TemplateFailed(answer)
        return answer

    async def close(self) -> None:
        """End the children."""
        idle, self._idle = self._idle, []
        for child in idle:
            await child.end()

    async def _ask(self, job: Job) -> Answer:
        child = self._idle.pop() if self._idle else await _Child.start()
        try:
            async with asyncio.timeout(job.seconds + _GRACE):
                answer = await child.ask(job)
        except TimeoutError:
            await asyncio.shield(child.end())
            log.warning("renderer.killed")
            return Failed("", None, "The template takes too long.", abusive=True)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            # It died of what it was asked (the kernel takes whom it wants), or was killed by somebody.
            await child.end()
            raise RendererGone("The renderer died.") from error
        except BaseException:
            # Cancelled in the middle of a word: this child's next answer would be to an old question.
            await asyncio.shield(child.end())
            raise
        self._idle.append(child)
        return answer

    @asynccontextmanager
    async def _turn(self, owner: str) -> AsyncIterator[None]:
        """One render at a time for each owner."""
        lock, waiting = self._owners.get(owner, (asyncio.Lock(), 0))
        self._owners[owner] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._owners[owner]
            if waiting == 1:
                del self._owners[owner]
            else:
                self._owners[owner] = (lock, waiting - 1)

    def _refuse_blocked(self, key: bytes) -> None:
        found = self._blocked.get(key)
        if found is not None:
            if found[0] > time.monotonic():
                raise TemplateFailed(found[1])
            del self._blocked[key]

    def _block(self, key: bytes, failed: Failed) -> None:
        self._blocked[key] = (time.monotonic() + _BLOCKED_SECONDS, failed)
        if len(self._blocked) > _MAX_BLOCKED:
            self._blocked.popitem(last=False)
