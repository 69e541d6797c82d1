"""`baas worker`: events, deliveries, messages, and what is due."""

import asyncio

import uvloop

from baas.core.observe.logging import configure_logging, configure_sentry
from baas.core.settings import Settings
from baas.worker import create_worker, run_until_signal


def work(settings: Settings) -> None:
    """Run a worker until SIGTERM."""
    configure_logging(settings.log_level, settings.log_json)
    configure_sentry(settings.sentry_dsn, settings.environment.value)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_until_signal(create_worker(settings)))
