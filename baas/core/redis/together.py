"""Questions that go together: whoever asks while one is under way goes with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """Asks for many at once: a round trip costs far more than what it carries."""

    def __init__(
        self, ask: Callable[[list[Question]], Awaitable[Sequence[Answer]]], *, most: int = 64
    ) -> None:
        """`ask` answers up to `most` questions in their order. What it raises, all of them get."""
        self._ask = ask
        self._most = most
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """The answer to one question."""
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, waiter))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await waiter

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                waiters = [waiter for _, waiter in batch]
                try:
                    answers = await self._ask([question for question, _ in batch])
                    for waiter, answer in zip(waiters, answers, strict=True):
                        if not waiter.done():  # whoever waited may have gone away
                            waiter.set_result(answer)
                except Exception as error:
                    for waiter in waiters:
                        if not waiter.done():
                            waiter.set_exception(error)
                finally:
                    for waiter in waiters:
                        waiter.cancel()  # the process ends; does nothing to one that has its answer
        finally:
            self._runner = None
