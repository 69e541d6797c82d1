"""The metrics of a process that serves nothing else: the worker's, for Prometheus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from baas.core.crypto import equal
from baas.core.observe import metrics


# D-065: Prometheus asks each process for itself.
@asynccontextmanager
async def scraped(host: str, port: int, token: str | None) -> AsyncIterator[None]:
    """Answer `GET /metrics` on a port, with a token for its bearer alone. Raises OSError when the port is taken."""
    from aiohttp import web  # who is not scraped does not load a server

    async def answer(request: web.Request) -> web.Response:
        if token is not None and not equal(request.headers.get("Authorization", ""), f"Bearer {token}"):
            raise web.HTTPUnauthorized(text="The metrics need their token.")
        return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})

    application = web.Application()
    application.router.add_get("/metrics", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
