"""Redis is a help, never a need: ask it briefly, and after a failure leave it alone for a moment.

Whoever uses Redis on the way of a request asks through a `Circuit`, so that a Redis that is down or
frozen costs one short wait per second and process, and not one per request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, TypeVar

import structlog
from redis.exceptions import RedisError

PATIENCE: Final = 0.05
"""Seconds that a request waits for Redis. Loopback answers in 0.0002, a network in 0.002."""

PAUSE: Final = 1.0
"""Seconds without asking, after Redis did not answer."""

Answer = TypeVar("Answer")

log = structlog.get_logger()


class Unanswered(Exception):
    """Redis did not answer, or was not asked because it did not answer a moment ago."""


class Circuit:
    """Closed while Redis answers; after a failure open for `pause` seconds; then one caller tries."""

    __slots__ = ("_down", "_patience", "_pause", "_retry_at", "_user")

    def __init__(self, user: str, *, patience: float = PATIENCE, pause: float = PAUSE) -> None:
        """`user` names in the logs who asks: "cache", "ratelimit"."""
        self._user = user
        self._patience = patience
        self._pause = pause
        self._down = False
        self._retry_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether asking now would be refused at once."""
        return self._down and monotonic() < self._retry_at

    async def ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to a question to Redis. Raises Unanswered instead of waiting or of Redis' own errors."""
        if self._down:
            now = monotonic()
            if now < self._retry_at:
                raise Unanswered
            # This caller tries; the others go on without Redis until it knows more.
            self._retry_at = now + self._pause
        try:
            async with asyncio.timeout(self._patience):
                answer = await question()
        except (RedisError, OSError, TimeoutError) as error:
            self._retry_at = monotonic() + self._pause
            if not self._down:
                self._down = True
                log.warning("redis.unanswered", user=self._user, error=repr(error))
            raise Unanswered from error
        if self._down:
            self._down = False
            log.info("redis.answers_again", user=self._user)
        return answer
