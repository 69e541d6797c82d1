"""`baas clock`: the time of test stores."""

import contextlib
from typing import Any

import click
from redis.exceptions import RedisError

from baas.cli.common import json_option, operate, settings, show
from baas.core.work.jobs import arq_redis
from baas.tenants import test_clock
from baas.tenants.operators import Operator


@click.group("clock", short_help="Move a test store's time.")
def clock_group() -> None:
    """The clocks of test stores."""


@clock_group.command("advance", epilog="Example: baas clock advance casa-mate 3d")
@click.argument("reference", metavar="STORE")
@click.argument("duration")
@json_option
def advance(reference: str, duration: str, as_json: bool) -> None:
    """Move the time of a test store forward by DURATION, such as 3d, 12h, 1h30m or 45s.

    Reservations lapse, carts are abandoned, deliveries and notifications come due, as they would in that time. The
    clock never goes back.
    """

    async def verb(operator: Operator) -> Any:
        return await test_clock.advance_store(operator, reference, test_clock.duration(duration))

    moved = operate(verb, "move a test store's clock")
    _wake()
    show(moved, as_json=as_json)


def _wake() -> None:
    """Let the worker look now; without Redis it looks within a few seconds."""
    import asyncio

    async def wake() -> None:
        redis = arq_redis(settings().redis_url)
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(2):
                await redis.enqueue_job("wake")
        await redis.aclose()

    asyncio.run(wake())
