"""Workers live while they beat: who falls silent is taken for dead by the others, and by nobody too early."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from baas.core.db import Database
from baas.core.work import heartbeat
from baas.core.work.claims import Claimant
from baas.core.work.heartbeat import Heartbeat
from tests import workers
from tests.running import eventually

Start = Callable[[], Awaitable[tuple[Heartbeat, Claimant]]]
SILENT = timedelta(seconds=1)


@pytest.fixture
async def start(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts hearts that beat ten times a second and take others for dead after one."""
    monkeypatch.setattr(heartbeat, "EVERY", 0.1)
    monkeypatch.setattr(heartbeat, "SILENT", SILENT)
    await workers.none_lives(database)
    started: list[Heartbeat] = []

    async def begin() -> tuple[Heartbeat, Claimant]:
        claimant = Claimant()
        heart = Heartbeat(database, claimant, lambda: None)
        started.append(heart)
        await heart.start()
        return heart, claimant

    yield begin
    for heart in started:
        await heart.stop()
    await workers.none_lives(database)


async def row_of(database: Database, number: int) -> asyncpg.Record:
    row = await database.lookup(
        "select now() - seen_at as age, ended_at, machine, process from workers where id = $1", number
    )
    assert row is not None
    return row


async def test_who_says_goodbye_has_ended_at_once(database: Database, start: Start) -> None:
    _, first = await start()
    heart, second = await start()
    await heart.stop()
    assert (await row_of(database, second.id))["ended_at"] is not None

    async def noticed() -> bool:
        return second.id in first.ended

    await eventually(noticed, within=0.9)
    assert await heartbeat.last_beat_age(database) is not None
    assert first.is_sure


async def test_one_that_falls_silent_is_taken_for_dead_but_not_by_one_that_has_just_come(
    database: Database, start: Start
) -> None:
    """Whoever begins, or had lost the database, gives the others time to beat first."""
    silent = await workers.seen(database, ago="1 hour")
    began = time.monotonic()
    _, claimant = await start()

    async def noticed() -> bool:
        return silent in claimant.ended

    await eventually(noticed, within=10)
    assert time.monotonic() - began > SILENT.total_seconds()


async def test_one_that_was_taken_for_dead_lives_on_under_another_number(
    database: Database, start: Start
) -> None:
    """What it had claimed is no longer its own."""
    _, claimant = await start()
    number = claimant.id
    async with database.relay(reason="a test takes a worker for dead") as system:
        await system.execute("update workers set ended_at = now() where id = $1", number)

    async def renamed() -> bool:
        return claimant.id != number and number in claimant.ended

    await eventually(renamed, within=5)
    assert not claimant.holds(number)
    assert claimant.holds(claimant.id)


async def test_a_busy_event_loop_does_not_stop_the_heart_and_a_stuck_one_does(
    database: Database, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a thread and a connection of its own."""
    _, claimant = await start()
    time.sleep(1.5)  # noqa: ASYNC251  the very thing
    assert (await row_of(database, claimant.id))["age"] < SILENT
    monkeypatch.setattr(heartbeat, "_STUCK", 0.5)
    time.sleep(2.5)  # noqa: ASYNC251  the very thing
    assert (await row_of(database, claimant.id))["age"] > SILENT


async def test_nobody_is_taken_for_dead_while_the_database_does_not_answer(
    database: Database, owner_url: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could beat: when it is back, everybody gets time to."""
    monkeypatch.setattr(heartbeat, "_PATIENCE", 0.5)
    (_, first), (_, second) = await start(), await start()
    await asyncio.sleep(1.5 * SILENT.total_seconds())
    owner = await asyncpg.connect(owner_url)
    async with owner.transaction():
        await owner.execute("lock table workers in access exclusive mode")
        await asyncio.sleep(2.5 * SILENT.total_seconds())
        assert not first.is_sure
    await owner.close()

    async def sure() -> bool:
        return first.is_sure and second.is_sure

    numbers = {first.id, second.id}
    await eventually(sure, within=5)
    await asyncio.sleep(1.5 * SILENT.total_seconds())
    assert {first.id, second.id} == numbers
    assert not numbers & set(first.ended + second.ended)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say which processes there are")
async def test_a_process_of_the_same_machine_that_has_ended_is_noticed_at_once(
    database: Database, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting for its silence: a worker that is started again takes over what the last one had."""
    monkeypatch.setattr(heartbeat, "SILENT", timedelta(hours=1))
    _, claimant = await start()
    row = await row_of(database, claimant.id)
    assert heartbeat._process_of(os.getpid()) == row["process"]
    sleeper = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(60)")
    neighbour = await workers.seen(database)
    async with database.relay(reason="a test gives a worker a process") as system:
        await system.execute(
            "update workers set machine = $2, process = $3 where id = $1",
            *(neighbour, row["machine"], heartbeat._process_of(sleeper.pid)),
        )
    await asyncio.sleep(0.5)
    assert neighbour not in claimant.ended
    sleeper.send_signal(signal.SIGKILL)

    async def noticed() -> bool:
        return neighbour in claimant.ended

    try:
        await eventually(noticed, within=5)
    finally:
        await sleeper.wait()
    assert claimant.is_sure


def test_a_number_that_runs_something_else_now_is_gone() -> None:
    """Process numbers come again."""
    pid = os.getpid()
    process: Any = heartbeat._process_of(pid)
    assert not heartbeat._is_gone(process)
    assert heartbeat._is_gone(f"{pid}:1")
