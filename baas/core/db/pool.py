"""Connections that stay open and are handed out one after the other.

A transaction of this backend leaves nothing behind on its connection (its settings are its own), so handing
one out is a step on a list. The driver's own pool would send a reset and start a task for each, which costs
as much as a statement.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final

import asyncpg

IDLE_SECONDS: Final = 300.0
"""A connection that nobody needed for so long is closed when the next one comes back."""

Connect = Callable[[], Awaitable[Any]]


class Pool:
    """At most `size` connections of one role; whoever finds none waits for the next that comes back."""

    def __init__(self, connect: Connect, size: int) -> None:
        self._connect = connect
        self._size = size
        self._idle: deque[tuple[float, Any]] = deque()
        self._out: set[Any] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closing = False

    @property
    def in_use(self) -> int:
        """Connections that are out now."""
        return len(self._out)

    def acquire(self) -> "_Loan":
        """`async with pool.acquire() as connection`."""
        return _Loan(self)

    async def take(self) -> Any:
        """A connection, to be given back by `give`. Raises OSError or the driver's errors when none opens."""
        while True:
            if self._closing:
                raise asyncpg.InterfaceError("The pool is closing.")
            while self._idle:
                connection = self._idle.pop()[1]
                if not connection.is_closed():
                    self._out.add(connection)
                    return connection
            if len(self._out) + self._opening < self._size:
                return await self._open()
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._wake()  # what was meant for this one is for the next
                else:
                    self._waiting.remove(place)
                raise

    async def _open(self) -> Any:
        self._opening += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._opening -= 1
            self._wake()
            raise
        self._opening -= 1
        self._out.add(connection)
        return connection

    def give(self, connection: Any) -> None:
        """Take a connection back that holds no transaction; one that is closed makes room for another."""
        self._out.discard(connection)
        if self._closing:
            connection.terminate()
        elif not connection.is_closed():
            now = monotonic()
            self._idle.append((now, connection))
            if now - self._idle[0][0] > IDLE_SECONDS:
                self._idle.popleft()[1].terminate()
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return

    async def close(self, patience: float) -> None:
        """Close all: idle ones at once, the others when they come back, or after `patience` seconds."""
        self._closing = True
        for place in self._waiting:
            if not place.done():
                place.set_result(None)
        self._waiting.clear()
        deadline = monotonic() + patience
        while self._out and monotonic() < deadline:  # noqa: ASYNC110  once in the life of a process
            await asyncio.sleep(0.01)
        for connection in self._out:
            connection.terminate()
        idle = [connection for _, connection in self._idle]
        self._idle.clear()
        for connection in idle:
            try:
                await connection.close(timeout=1)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()


class _Loan:
    """One connection for as long as a block lasts."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Any:
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        self._pool.give(self._connection)
