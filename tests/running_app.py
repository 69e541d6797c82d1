"""Further instances of the application in the test process: other settings, another database, a second process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar


@asynccontextmanager
async def started(app: Litestar) -> AsyncIterator[None]:
    """The application's life, in a task of its own: the framework wants to leave it where it entered."""
    ready, done = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            ready.set()
            await done.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        waiting.cancel()
        life.result()
    try:
        yield
    finally:
        done.set()
        await life


def client_of(app: Litestar, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client of an instance, calling from an address."""
    transport = httpx.ASGITransport(app=app, client=(address, 1), raise_app_exceptions=False)  # type: ignore[arg-type]  # same protocol, other names
    return httpx.AsyncClient(transport=transport, base_url="http://testserver")
