"""The worker's engine: loops that drain due rows, woken by arq, and by a clock when Redis is silent.

The database remembers, Redis reminds. Every loop asks the database what is due, does it, and sleeps; an
arq job named `wake` ends a sleep early. Nothing is lost when Redis is, only time: at most TICK seconds.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

log = structlog.get_logger(__name__)

QUEUE: Final = "baas:wake"
TICK: Final = 1.0
"""Seconds between two looks at the database when nobody wakes a loop."""
_POLL: Final = 0.02
_COALESCE: Final = 0.004
_SPACING: Final = 0.02
"""Between two nudges: arq looks for them no more often, and each costs several commands of Redis."""
_NEWS_SECONDS: Final = 60
"""How long Redis keeps a wake that nobody took."""

Drain = Callable[[], Awaitable[int]]
"""Does one batch of due work and answers how much it did; 0 means nothing is due now."""


async def end_task(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended; what became of it is not told.

    Once is not enough for a task that calls what other people wrote: a cancellation that meets a result is lost in
    `asyncio.wait_for` (Python 3.11), which arq and redis-py use.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)
    if not task.cancelled():
        task.exception()


class Loop:
    """One kind of due work: drains it, then sleeps until woken or until the next tick."""

    def __init__(self, name: str, drain: Drain, *, every: float = TICK) -> None:
        self.name = name
        self._drain = drain
        self._every = every
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at the database now."""
        self._woken.set()

    async def drain_once(self) -> int:
        """Do one batch now and answer how much it was."""
        return await self._drain()

    async def run(self) -> None:
        """Go on until cancelled. A drain that fails is logged and tried again, waiting a little longer."""
        failures = 0
        while True:
            self._woken.clear()
            try:
                if await self._drain():
                    failures = 0
                    continue
                failures = 0
                wait = self._every
            except Exception as error:
                failures += 1
                wait = min(0.1 * 2**failures, 5.0)
                log.warning("loop.failed", loop=self.name, failures=failures, error=repr(error)[:300])
            await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        """Wait for a wake or the end of the time."""
        with contextlib.suppress(TimeoutError):
            # D-068
            async with asyncio.timeout(seconds):
                await self._woken.wait()


class Loops:
    """The loops of a worker process, and the arq worker that wakes them."""

    def __init__(self, loops: Mapping[str, Loop], redis_url: str) -> None:
        self._loops = loops
        self._redis_url = redis_url

    def wake(self, *names: str) -> None:
        """Wake the named loops, or all when none is named."""
        for name in names or tuple(self._loops):
            loop = self._loops.get(name)
            if loop is not None:
                loop.wake()

    async def run(self) -> None:
        """Run every loop and the arq worker until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, loop in self._loops.items():
                group.create_task(loop.run(), name=f"loop:{name}")
            group.create_task(self._supervise_arq(), name="arq")

    async def _supervise_arq(self) -> None:
        """Keep an arq worker alive: a new one, after a wait, whenever Redis takes the last one down."""
        while True:
            worker: Worker | None = None
            running: asyncio.Task[None] | None = None
            try:
                worker = self._make_arq()
                running = asyncio.create_task(worker.async_run(), name="arq.run")
                await asyncio.wait([running])
                running.result()
            except (RedisError, OSError) as error:
                log.warning("arq.lost", error=repr(error)[:200])
            finally:
                if running is not None:
                    await end_task(running)
                if worker is not None:
                    with contextlib.suppress(Exception):
                        async with asyncio.timeout(2):
                            await worker.close()
            await asyncio.sleep(0.5)

    def _make_arq(self) -> Worker:
        async def wake(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
            del ctx, kwargs
            self.wake(*args)

        async def forget(ctx: dict[Any, Any]) -> None:
            # D-058: another worker may lose one, and looks a tick later.
            # Wakes from while no worker was there can be thousands, and each costs as much as the loops' own look.
            await ctx["redis"].delete(QUEUE)

        return Worker(
            functions=[func(wake, name="wake", keep_result=0, timeout=5, max_tries=1)],
            redis_pool=arq_redis(self._redis_url),
            on_startup=forget,
            queue_name=QUEUE,
            handle_signals=False,
            poll_delay=_POLL,
            queue_read_limit=500,
            max_jobs=50,
            keep_result=0,
            job_timeout=timedelta(seconds=5),
            health_check_interval=timedelta(seconds=5),
            health_check_key="baas:worker:health",
            log_results=False,
        )


def arq_redis(redis_url: str) -> ArqRedis:
    """A connection for arq that survives a restart of Redis and never waits for ever.

    arq's own settings have no socket time-out, and a refused connection is an OSError that redis-py
    retries only when told to.
    """
    pool = ConnectionPool.from_url(
        redis_url,
        socket_timeout=5,
        socket_connect_timeout=2,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), 5),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, OSError],
    )
    return ArqRedis(connection_pool=pool, default_queue_name=QUEUE)


# D-003: arq only wakes; it carries no promise.
class Nudger:
    """Tells the worker that there is something to do: best effort, coalesced, never on a request's way."""

    def __init__(self, redis_url: str) -> None:
        self._redis = arq_redis(redis_url)
        self._pending: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the background sender on the running loop."""
        self._task = asyncio.create_task(self._run(), name="nudger")

    def nudge(self, *names: str) -> None:
        """Ask for the named loops to be woken soon. Returns at once and cannot fail."""
        self._pending.update(names)
        self._wake.set()

    async def close(self) -> None:
        """Stop sending; what was pending is found by the worker's next tick."""
        if self._task is not None:
            await end_task(self._task)
        with contextlib.suppress(Exception):
            await self._redis.aclose()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(_COALESCE)
            self._wake.clear()
            names = sorted(self._pending)
            self._pending.clear()
            try:
                async with asyncio.timeout(2):
                    await self._redis.enqueue_job("wake", *names, _expires=_NEWS_SECONDS)
            except (RedisError, OSError, TimeoutError) as error:
                log.info("nudge.lost", error=repr(error)[:200])
                await asyncio.sleep(0.2)
            await asyncio.sleep(_SPACING)


class Every:
    """Something small that a process does now and then; a failure is logged and tried again next time."""

    def __init__(self, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        self._seconds = seconds
        self._action = action
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start on the running loop."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            await end_task(self._task)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self._action()
            except Exception as error:
                log.warning("periodic.failed", error=repr(error)[:300])
