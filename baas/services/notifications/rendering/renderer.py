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
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import structlog

from baas.services.notifications.rendering.words import (
    LENGTH,
    TURN_SECONDS,
    Answer,
    Batch,
    Failed,
    Piece,
    Rendered,
    Source,
)

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
_decode: Final = msgspec.json.Decoder(list[Answer]).decode


class TemplateFailed(Exception):
    """A template cannot be rendered. `str()` is a sentence that names part and line."""

    def __init__(self, failed: Failed) -> None:
        self.failed = failed
        where = f"{failed.part}, line {failed.line}" if failed.line else failed.part
        super().__init__(f"{where}: {failed.reason}" if where else failed.reason)


class RendererGone(Exception):
    """The child process ended or could not be started: a fault of ours, to be tried again."""


Said = Rendered | TemplateFailed | RendererGone
"""What a template says, or why it says nothing."""


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

    async def ask(self, batch: Batch) -> list[Answer]:
        assert self._process.stdin is not None
        body = _encode(batch)
        self._process.stdin.write(len(body).to_bytes(LENGTH, "big") + body)
        await self._process.stdin.drain()
        size = int.from_bytes(await self._out.readexactly(LENGTH), "big")
        if size > _MAX_ANSWER * len(batch.pieces):
            raise RendererGone("The renderer's answer makes no sense.")
        answers: list[Answer] = _decode(await self._out.readexactly(size))
        return answers

    @property
    def pid(self) -> int:
        return self._process.pid

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

    @property
    def idle(self) -> list[int]:
        """The process numbers of the children that wait for work."""
        return [child.pid for child in self._idle]

    async def render(
        self, source: Source, data: dict[str, Any], *, owner: str, lenient: bool = False
    ) -> Rendered:
        """What the template says. Raises TemplateFailed or RendererGone."""
        (said,) = await self.render_all([(source, data)], owner=owner, lenient=lenient)
        if isinstance(said, Exception):
            raise said
        return said

    async def render_all(
        self, wanted: Sequence[tuple[Source, dict[str, Any]]], *, owner: str, lenient: bool = False
    ) -> list[Said]:
        """What each template says with its data, or why it says nothing. Raises RendererGone when no child starts.

        They go to a child together and come back together, unless they take long: then as many as are done, and the
        others when the process has been free for whoever else waits. Where the child has to be killed or dies, each of
        those that it had is asked alone, so that one of them spoils none of the others.
        """
        keys = _keys(owner, wanted)
        said: list[Said | None] = [None] * len(wanted)
        waiting = deque([list(range(len(wanted)))])
        while waiting:
            numbers = self._without_blocked(waiting.popleft(), keys, said)
            if not numbers:
                continue
            async with self._turn(owner):
                # A twin before it in the queue may have been stopped meanwhile.
                numbers = self._without_blocked(numbers, keys, said)
                async with self._free:
                    found = await self._ask(_batch([wanted[number] for number in numbers], lenient))
            if isinstance(found, list):
                answers: Sequence[Answer | RendererGone] = found
            elif len(numbers) > 1:
                waiting.extend([number] for number in numbers)
                continue
            else:
                answers = [found]
            for number, answer in zip(numbers, answers, strict=False):
                said[number] = self._judged(answer, keys[number])
            if len(answers) < len(numbers):
                waiting.append(numbers[len(answers) :])
        return [one if one is not None else RendererGone("The renderer did not answer.") for one in said]

    def _judged(self, answer: "Answer | RendererGone", key: bytes) -> Said:
        if not isinstance(answer, Failed):
            return answer
        if answer.abusive:
            self._block(key, answer)
        return TemplateFailed(answer)

    async def close(self) -> None:
        """End the children."""
        idle, self._idle = self._idle, []
        for child in idle:
            await child.end()

    async def _ask(self, batch: Batch) -> list[Answer] | RendererGone | Failed:
        """The child's answers, or what became of the child, which says nothing of which piece did that.

        Raises RendererGone when none can be started.
        """
        if not batch.pieces:
            return []
        child = self._idle.pop() if self._idle else await _Child.start()
        try:
            async with asyncio.timeout(TURN_SECONDS + batch.seconds + _GRACE):
                answers = await child.ask(batch)
        except TimeoutError:
            await asyncio.shield(child.end())
            log.warning("renderer.killed")
            return Failed("", None, "The template takes too long.", abusive=True)
        except (asyncio.IncompleteReadError, ConnectionError):
            # It died of what it was asked (the kernel takes whom it wants), or was killed by somebody.
            await child.end()
            return RendererGone("The renderer died.")
        except BaseException:
            # Cancelled in the middle of a word: this child's next answer would be to an old question.
            await asyncio.shield(child.end())
            raise
        self._idle.append(child)
        return answers

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

    def _without_blocked(
        self, numbers: list[int], keys: Sequence[bytes], said: list[Said | None]
    ) -> list[int]:
        """Those whose template may be rendered; to the others it is said why not."""
        may = []
        for number in numbers:
            found = self._blocked.get(keys[number])
            if found is None:
                may.append(number)
            elif found[0] > time.monotonic():
                said[number] = TemplateFailed(found[1])
            else:
                del self._blocked[keys[number]]
                may.append(number)
        return may

    def _block(self, key: bytes, failed: Failed) -> None:
        self._blocked[key] = (time.monotonic() + _BLOCKED_SECONDS, failed)
        if len(self._blocked) > _MAX_BLOCKED:
            self._blocked.popitem(last=False)


def _keys(owner: str, wanted: Sequence[tuple[Source, dict[str, Any]]]) -> list[bytes]:
    """What each template is blocked under."""
    known: dict[int, bytes] = {}
    for source, _ in wanted:
        if id(source) not in known:
            known[id(source)] = hashlib.sha256(owner.encode() + b"\0" + _encode(source)).digest()
    return [known[id(source)] for source, _ in wanted]


def _batch(wanted: Sequence[tuple[Source, dict[str, Any]]], lenient: bool) -> Batch:
    places: dict[int, int] = {}
    sources: list[Source] = []
    pieces = []
    for source, data in wanted:
        place = places.get(id(source))
        if place is None:
            place = places[id(source)] = len(sources)
            sources.append(source)
        pieces.append(Piece(place, data, lenient))
    return Batch(sources, pieces, SECONDS)
