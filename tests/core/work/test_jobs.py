"""Loops ask the database; Redis only ends a sleep early, and nobody misses it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis
from structlog.testing import capture_logs

from baas.core.work.jobs import QUEUE, Drain, Every, Loop, Loops, Nudger, arq_redis, end_task
from tests.core.own_redis import OwnRedis


class Work:
    """Due work that a test adds, and when it was done."""

    def __init__(self) -> None:
        self.due = 0
        self.done = 0
        self.looks = 0
        self.failing = 0

    async def drain(self) -> int:
        self.looks += 1
        if self.failing:
            self.failing -= 1
            raise RuntimeError("not today")
        batch = min(self.due, 10)
        self.due -= batch
        self.done += batch
        return batch


async def until(condition: object, seconds: float = 5) -> float:
    """Wait until a condition holds; how long it took."""
    assert callable(condition)
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


@pytest.fixture
async def work() -> Work:
    """Nothing to do yet."""
    return Work()


async def deaf() -> None:
    """Loses its first two cancellations, as what waits inside arq and redis-py may."""
    for _ in range(2):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
    await asyncio.sleep(60)


async def test_a_task_that_loses_cancellations_is_ended_all_the_same() -> None:
    """However often it takes."""
    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end_task(task)
    assert task.cancelled()


async def test_loops_end_although_arq_loses_a_cancellation(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a worker that is asked to end in the wrong moment goes on, without its loops, until it is killed."""
    monkeypatch.setattr("baas.core.work.jobs.Worker.async_run", lambda _: deaf())
    loops = Loops({"test": Loop("test", work.drain)}, "redis://127.0.0.1:1/0")
    task = asyncio.create_task(loops.run())
    await until(lambda: work.looks == 1)
    await asyncio.sleep(0.05)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=8)
    assert done


class TestLoop:
    """Drains, sleeps, looks again."""

    async def test_it_drains_all_batches_before_it_sleeps(self, work: Work) -> None:
        """A long queue does not wait for ticks."""
        work.due = 95
        task = asyncio.create_task(Loop("test", work.drain, every=60).run())
        await until(lambda: work.done == 95)
        await asyncio.sleep(0.05)
        assert work.looks == 11
        task.cancel()

    async def test_a_wake_ends_its_sleep(self, work: Work) -> None:
        """At once."""
        loop = Loop("test", work.drain, every=60)
        task = asyncio.create_task(loop.run())
        await until(lambda: work.looks == 1)
        work.due = 1
        loop.wake()
        assert await until(lambda: work.done == 1) < 0.2
        task.cancel()

    async def test_it_ends_when_it_is_cancelled_while_it_is_woken(self, work: Work) -> None:
        """Else a busy worker would not stop."""
        loop = Loop("test", work.drain, every=60)
        task = asyncio.create_task(loop.run())
        await until(lambda: work.looks == 1)
        loop.wake()
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done
        assert task.cancelled()

    async def test_nobody_has_to_wake_it(self, work: Work) -> None:
        """The clock is the guarantee."""
        task = asyncio.create_task(Loop("test", work.drain, every=0.05).run())
        await until(lambda: work.looks == 1)
        work.due = 1
        await until(lambda: work.done == 1, 1)
        task.cancel()

    async def test_a_wake_while_it_works_is_not_lost(self, work: Work) -> None:
        """It looks once more."""
        loop = Loop("test", self.slow(work), every=60)
        task = asyncio.create_task(loop.run())
        await asyncio.sleep(0.02)
        work.due = 1
        loop.wake()
        await until(lambda: work.done == 1, 1)
        task.cancel()

    def slow(self, work: Work) -> Drain:
        async def drain() -> int:
            found = await work.drain()
            await asyncio.sleep(0.05)
            return found

        return drain

    async def test_a_failure_is_logged_and_tried_again(self, work: Work) -> None:
        """With a growing wait; one good turn forgets them all."""
        work.failing = 2
        work.due = 1
        with capture_logs() as lines:
            task = asyncio.create_task(Loop("test", work.drain, every=60).run())
            took = await until(lambda: work.done == 1)
            task.cancel()
        assert 0.5 < took < 1.5
        failed = [line for line in lines if line["event"] == "loop.failed"]
        assert [line["failures"] for line in failed] == [1, 2]
        assert failed[0]["loop"] == "test"


class TestEvery:
    """Something small, now and then."""

    async def test_it_goes_on_after_a_failure(self) -> None:
        """And stops when it is told."""
        calls = 0

        async def action() -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise RuntimeError("not today")

        every = Every(0.01, action)
        with capture_logs() as lines:
            every.start()
            await until(lambda: calls >= 3)
            await every.close()
        after = calls
        await asyncio.sleep(0.05)
        assert calls == after
        assert [line["event"] for line in lines] == ["periodic.failed"]


class TestNudger:
    """What sends nudges in the background."""

    async def test_it_ends_when_it_is_closed_while_an_answer_of_redis_comes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On Python 3.11 `asyncio.wait_for` lost such a cancellation, and the process never stopped."""
        asked, answered = asyncio.Event(), asyncio.Event()

        async def enqueue_job(*args: object, **kwargs: object) -> None:
            asked.set()
            await answered.wait()

        monkeypatch.setattr(ArqRedis, "enqueue_job", enqueue_job)
        for turns in range(4):
            asked.clear()
            answered.clear()
            nudger = Nudger("redis://127.0.0.1:1")
            nudger.start()
            nudger.nudge("relay")
            await asked.wait()
            answered.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            closing = asyncio.create_task(nudger.close())
            ended, _ = await asyncio.wait([closing], timeout=2)
            assert ended, f"it goes on after a cancellation {turns} turns of the event loop after the answer"


@pytest.fixture(scope="module")
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnRedis]:
    """A Redis that can be taken away."""
    own = OwnRedis(tmp_path_factory.mktemp("redis"))
    await own.start()
    yield own
    own.stop()


class TestRedis:
    """A nudge crosses processes while Redis lives, and is missed by nobody while it does not."""

    async def test_wakes_from_while_no_worker_was_there_are_not_worked_off(
        self, redis: OwnRedis, work: Work
    ) -> None:
        """There may be thousands, and the loops look for themselves when they begin."""
        pool = arq_redis(redis.url)
        for _ in range(50):
            await pool.enqueue_job("wake", "relay")
        loop = Loop("relay", work.drain, every=60)
        task = asyncio.create_task(Loops({"relay": loop}, redis.url).run())
        await until(lambda: work.looks == 1)
        async with asyncio.timeout(10):
            while await pool.zcard(QUEUE):  # noqa: ASYNC110  a test may look now and then
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        assert work.looks == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.aclose()

    async def test_a_nudge_wakes_a_loop_elsewhere_and_again_after_redis_was_away(
        self, redis: OwnRedis, work: Work
    ) -> None:
        """arq's worker dies with Redis; a new one takes its place."""
        loop = Loop("relay", work.drain, every=60)
        nudger = Nudger(redis.url)
        nudger.start()
        with capture_logs():
            task = asyncio.create_task(Loops({"relay": loop}, redis.url).run())
            await until(lambda: work.looks == 1)
            await asyncio.sleep(0.3)
            work.due = 1
            nudger.nudge("relay")
            assert await until(lambda: work.done == 1) < 1

            redis.stop()
            work.due = 1
            began = time.monotonic()
            for _ in range(100):
                nudger.nudge("relay")
            assert time.monotonic() - began < 0.05, "a request never waits for a nudge"
            await asyncio.sleep(1.5)
            assert not task.done()
            loop.wake()
            assert await until(lambda: work.done == 2) < 0.5, "the process can wake its own loops"

            await redis.start()

            async def nudged() -> bool:
                nudger.nudge("relay")
                await asyncio.sleep(0.2)
                return work.done == 3

            work.due = 1
            deadline = time.monotonic() + 15
            while not await nudged():
                assert time.monotonic() < deadline, "no nudge came through after Redis was back"
            task.cancel()
            await nudger.close()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_nudges_are_gathered(self, redis: OwnRedis) -> None:
        """A thousand sales are one wake, for all the loops that were named."""
        if redis.process is None:
            await redis.start()
        seen: list[str] = []

        def named(name: str) -> Loop:
            async def drain() -> int:
                seen.append(name)
                return 0

            return Loop(name, drain, every=60)

        loops = Loops({"a": named("a"), "b": named("b"), "c": named("c")}, redis.url)
        nudger = Nudger(redis.url)
        nudger.start()
        task = asyncio.create_task(loops.run())
        await until(lambda: len(seen) == 3)
        await asyncio.sleep(0.3)
        seen.clear()
        for _ in range(1000):
            nudger.nudge("a")
            nudger.nudge("b")
        await until(lambda: {"a", "b"} <= set(seen))
        await asyncio.sleep(0.2)
        assert "c" not in seen
        assert len(seen) < 10
        task.cancel()
        await nudger.close()
        with pytest.raises(asyncio.CancelledError):
            await task
