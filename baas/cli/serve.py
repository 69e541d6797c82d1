"""`baas serve`: the API."""

import os
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from baas.app import create_app
from baas.core.observe import memory
from baas.core.observe.logging import GRANIAN_LOG_CONFIG, configure_logging, configure_sentry
from baas.core.settings import Settings, load_settings


def application() -> Any:
    """What each API process runs; granian calls it in the process that it started."""
    settings = load_settings(os.environ)
    _prepare(settings)
    app = create_app(settings)
    memory.settle()
    return app


def serve(settings: Settings) -> None:
    """Serve the API until SIGTERM; requests in flight are finished."""
    _prepare(settings)
    # D-014: measured against other servers.
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


def _prepare(settings: Settings) -> None:
    configure_logging(settings.log_level, settings.log_json)
    configure_sentry(settings.sentry_dsn, settings.environment.value)
