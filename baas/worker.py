"""The worker, assembled: the loops that relay events, run what follows from them, and keep house."""

import asyncio
import signal
from collections.abc import Callable

import structlog

from baas.assembly import EVENT_TYPES, TABLES, close_runtime, open_runtime
from baas.core.observe import memory
from baas.core.observe.scrape import scraped
from baas.core.redis.client import redis_client
from baas.core.runtime import Runtime
from baas.core.settings import Settings
from baas.core.work import hearing, housekeeping, outbox, retention, subjects
from baas.core.work.heartbeat import Heartbeat
from baas.core.work.jobs import Drain, Loop, Loops
from baas.core.work.outbox import FanOut, Handler, Handlers, ScopeMaker, Subscriptions, Together
from baas.services.carts import jobs as carts_jobs
from baas.services.catalog import jobs as catalog_jobs
from baas.services.imports import jobs as imports_jobs
from baas.services.inventory import jobs as inventory_jobs
from baas.services.notifications import jobs as notifications_jobs
from baas.services.orders import jobs as orders_jobs
from baas.services.payments import jobs as payments_jobs
from baas.tenants.door.keys import KeyTable, StoreNews
from baas.webhooks import jobs as webhooks_jobs

log = structlog.get_logger(__name__)

FAN_OUTS: list[FanOut] = [webhooks_jobs.FAN_OUT]
"""What the relay tells every event."""


def merge_handlers(*groups: Subscriptions) -> Handlers:
    """The handlers of several packages together."""
    merged: dict[str, dict[str, Handler | Together]] = {}
    for group in groups:
        for event_type, handlers in group.items():
            merged.setdefault(event_type, {}).update(handlers)
    return merged


HANDLERS: Handlers = merge_handlers(notifications_jobs.handlers(EVENT_TYPES), orders_jobs.HANDLERS)
"""Which handlers hear which events."""

LoopMaker = Callable[[Runtime, ScopeMaker], Drain | Loop]
LOOPS: dict[str, tuple[LoopMaker, float]] = {
    **catalog_jobs.LOOPS,
    **inventory_jobs.LOOPS,
    **carts_jobs.LOOPS,
    **orders_jobs.LOOPS,
    **payments_jobs.LOOPS,
    **imports_jobs.LOOPS,
    **notifications_jobs.LOOPS,
    **webhooks_jobs.LOOPS,
}
"""Further loops of the worker: how each is made (what it drains, or a loop that keeps its own time), and the
seconds between its looks at the database."""


class Worker:
    """One worker process of a deployment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.runtime: Runtime = open_runtime(settings)
        self.table = KeyTable(self.runtime.database, settings.secret)
        self.loops = self._make_loops()

    def _make_loops(self) -> dict[str, Loop]:
        runtime, database = self.runtime, self.runtime.database

        async def relay() -> int:
            done = await outbox.relay(database, HANDLERS, FAN_OUTS)
            if done:
                self.wake("jobs", "deliveries")
            return done

        async def jobs() -> int:
            done = await hearing.run_jobs(database, HANDLERS, self.table.scope_for_job, runtime.claimant)
            if done:
                self.wake("notifications")
            return done

        async def measure() -> int:
            await outbox.measure(database)
            return 0

        async def keep_house() -> int:
            return await housekeeping.tidy(database)

        async def partitions() -> int:
            await retention.maintain_partitions(database, TABLES)
            return 0

        walk = subjects.Walk(database)

        async def sweep() -> int:
            return await retention.sweep(database, TABLES)

        loops = {
            "relay": Loop("relay", relay),
            "jobs": Loop("jobs", jobs),
            "measure": Loop("measure", measure, every=2.0),
            "housekeeping": Loop("housekeeping", keep_house, every=60.0),
            "partitions": Loop("partitions", partitions, every=3600.0),
            "retention": Loop("retention", sweep, every=3600.0),
            "subjects": Loop("subjects", walk.step, every=subjects.EVERY),
        }
        for loop_name, (make, every) in LOOPS.items():
            made = make(runtime, self.table.scope_for_job)
            loops[loop_name] = made if isinstance(made, Loop) else Loop(loop_name, made, every=every)
        return loops

    def wake(self, *names: str) -> None:
        """Wake the named loops of this process."""
        for name in names:
            loop = self.loops.get(name)
            if loop is not None:
                loop.wake()

    async def run(self) -> None:
        """Open everything, run until cancelled, close everything. Raises OSError when the port for metrics is taken."""
        settings = self._settings
        if settings.worker_metrics_port is None:
            await self._run()
            return
        async with scraped(settings.host, settings.worker_metrics_port, settings.metrics_token):
            await self._run()

    async def _run(self) -> None:
        await self.runtime.database.open()
        memory.settle()
        news = StoreNews(
            self.runtime.redis, redis_client(self._settings.redis_url, blocking=True), self.table
        )
        signals = self.runtime.database.signals
        signals.on_events = lambda: self.wake("relay")
        signals.on_store_changed = news.announce
        news.start()
        heartbeat = Heartbeat(
            self.runtime.database, self.runtime.claimant, on_loss=lambda: self.wake(*self.loops)
        )
        try:
            await heartbeat.start()
            log.info("worker.started", loops=sorted(self.loops))
            await Loops(self.loops, self._settings.redis_url).run()
        finally:
            await heartbeat.stop()
            await news.close()
            await close_runtime(self.runtime)
            log.info("worker.stopped")


def create_worker(settings: Settings) -> Worker:
    """A worker for a deployment; `run()` starts it."""
    return Worker(settings)


async def run_until_signal(worker: Worker) -> None:
    """Run a worker until SIGTERM or SIGINT; what it had claimed and did not end is free for the others at once."""
    task = asyncio.create_task(worker.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
