"""A pool hands its connections on, to whoever waits first, and loses none."""

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from baas.core.db.pool import Pool


@dataclass(eq=False)
class Connection:
    """What a pool asks of a connection."""

    closed: bool = False
    is_stubborn: bool = False

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True

    async def close(self, timeout: float) -> None:
        if self.is_stubborn:
            raise TimeoutError
        self.closed = True


async def connect() -> Any:
    return Connection()


async def test_whoever_waited_longest_is_served_first() -> None:
    """And the connection is the one that came back."""
    pool = Pool(connect, 1)
    connection = await pool.take()
    first, second = asyncio.create_task(pool.take()), asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    pool.give(connection)
    assert await first is connection
    assert not second.done()
    pool.give(connection)
    assert await second is connection
    assert pool.in_use == 1


@pytest.mark.parametrize("called", [False, True], ids=["it waits", "it was just called"])
async def test_who_gives_up_waiting_takes_no_connection_along(called: bool) -> None:
    """Neither before its turn nor in the moment of it: the next one is served."""
    pool = Pool(connect, 1)
    connection = await pool.take()
    first, second = asyncio.create_task(pool.take()), asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    if called:
        pool.give(connection)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    if not called:
        pool.give(connection)
    async with asyncio.timeout(1):
        assert await second is connection
    assert first.cancelled()


async def test_who_waits_while_none_opens_is_told_so_in_turn() -> None:
    """A connection that does not open leaves its place to the next, who tries for itself."""
    answers: list[Exception | None] = [ConnectionRefusedError(), None]

    async def moody() -> Any:
        await asyncio.sleep(0)
        error = answers.pop(0)
        if error is not None:
            raise error
        return Connection()

    pool = Pool(moody, 1)
    first, second = asyncio.create_task(pool.take()), asyncio.create_task(pool.take())
    with pytest.raises(ConnectionRefusedError):
        await first
    async with asyncio.timeout(1):
        assert isinstance(await second, Connection)


async def test_a_connection_that_nobody_needed_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the next one comes back."""
    moment = 1000.0
    monkeypatch.setattr("baas.core.db.pool.monotonic", lambda: moment)
    pool = Pool(connect, 2)
    idle, busy = await pool.take(), await pool.take()
    pool.give(idle)
    moment += 301
    pool.give(busy)
    assert (idle.closed, busy.closed) == (True, False)
    assert await pool.take() is busy


async def test_a_closing_pool_refuses_who_waits_and_ends_what_is_out() -> None:
    """Idle ones are closed in peace, those that do not answer and those that are out by force."""
    pool = Pool(connect, 3)
    polite, stubborn, out = [await pool.take() for _ in range(3)]
    stubborn.is_stubborn = True
    waiting = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    pool.give(polite)
    pool.give(stubborn)
    full = [await pool.take(), await pool.take()]
    refused = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close(0.05))
    with pytest.raises(asyncpg.InterfaceError, match="closing"):
        await refused
    pool.give(full[0])
    assert full[0].closed
    await closing
    assert all(connection.closed for connection in (out, *full))


async def test_idle_connections_that_do_not_close_in_time_are_ended() -> None:
    """The process is about to leave."""
    pool = Pool(connect, 1)
    connection = await pool.take()
    connection.is_stubborn = True
    pool.give(connection)
    await pool.close(0.05)
    assert connection.closed
