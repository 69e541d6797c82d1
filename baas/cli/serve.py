"""The two long-lived commands: `baas serve` (the API) and `baas worker`."""

import asyncio
import gc
import os
from typing import Any

import uvloop
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from baas.app import create_app
from baas.core.logging import GRANIAN_LOG_CONFIG, configure_logging, configure_sentry
from baas.core.settings import Settings, load_settings
from baas.worker import create_worker, run_until_signal


def application() -> Any:
    """What each API process runs; granian calls it in the process that it started."""
    settings = load_settings(os.environ)
    _prepare(settings)
    app = create_app(settings)
    # What is there now stays: the collector need not walk through it for as long as the process lives, and
    # requests leave few cycles behind.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    return app


def serve(settings: Settings) -> None:
    """Serve the API until SIGTERM; requests in flight are finished."""
    _prepare(settings)
    Granian(
        target="baas.cli.serve:application",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        websockets=False,
        backlog=2048,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN_LOG_CONFIG,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    ).serve()


def work(settings: Settings) -> None:
    """Run a worker until SIGTERM."""
    _prepare(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_until_signal(create_worker(settings)))


def _prepare(settings: Settings) -> None:
    configure_logging(settings.log_level, settings.log_json)
    configure_sentry(settings.sentry_dsn, settings.environment.value)
