"""Running the simulators: in the process of `baas dev`'s child, or of a test."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from baas.simulators.base import Simulator
from baas.simulators.books import Books
from baas.simulators.mercadopago import MercadoPagoSimulator
from baas.simulators.stripe import StripeSimulator

KINDS: dict[str, type[MercadoPagoSimulator | StripeSimulator]] = {
    "mercadopago": MercadoPagoSimulator,
    "stripe": StripeSimulator,
}
"""The simulators by the names of their providers."""


@asynccontextmanager
async def serving(simulator: Simulator, port: int = 0) -> AsyncIterator[str]:
    """Serve one simulator on loopback; answers its address."""
    runner = web.AppRunner(simulator.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        simulator.own_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield simulator.own_url
    finally:
        await runner.cleanup()


async def serve(ports: dict[str, int], folder: Path) -> None:
    """Serve them all until SIGTERM. Raises RuntimeError in production."""
    # D-028: started by `baas dev` alone.
    if os.environ.get("BAAS_ENVIRONMENT", "production") != "development":
        raise RuntimeError("The simulators are for development only: BAAS_ENVIRONMENT=development.")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as running:
        for name, kind in KINDS.items():
            await running.enter_async_context(serving(kind(Books(folder / f"{name}.json")), ports[name]))
        await stop.wait()
