"""What the packages bring, gathered once for the application, the worker and the command line."""

from collections.abc import Callable
from typing import Any

from baas.core.cache import ByteCache
from baas.core.crypto import KeyRing
from baas.core.db import Database
from baas.core.http import OutgoingClient
from baas.core.jobs import Drain, Nudger, redis_client
from baas.core.outbox import FanOut, Handler, Handlers, ScopeMaker
from baas.core.paging import CursorSigner
from baas.core.runtime import Runtime
from baas.core.settings import Settings
from baas.services.catalog import routes as catalog_routes
from baas.services.catalog import service as catalog
from baas.tenants import operator_routes
from baas.tenants import routes as tenants_routes
from baas.tenants.service import Counters

PACKAGE_ROUTES: list[Any] = [*tenants_routes.ROUTES, *operator_routes.ROUTES, *catalog_routes.ROUTES]
"""Every handler under the base path."""

COUNTERS: Counters = {"products": catalog.count_products}
"""How many products, endpoints, … a store has, from the packages that own them."""

FAN_OUTS: list[FanOut] = []
"""What the relay tells every event."""


def merge_handlers(*groups: Handlers) -> Handlers:
    """The handlers of several packages together."""
    merged: dict[str, dict[str, Handler]] = {}
    for group in groups:
        for event_type, handlers in group.items():
            merged.setdefault(event_type, {}).update(handlers)
    return merged


HANDLERS: Handlers = merge_handlers()
"""Which handlers hear which events."""

LoopMaker = Callable[[Runtime, ScopeMaker], Drain]
LOOPS: dict[str, tuple[LoopMaker, float]] = {}
"""Further loops of the worker: how each is made, and the seconds between its looks at the database."""


def open_runtime(settings: Settings) -> Runtime:
    """The resources of a process, not yet connected: `runtime.database.open()` is the caller's."""
    redis = redis_client(settings.redis_url)
    return Runtime(
        settings=settings,
        database=Database(settings.database, pool_size=settings.pool_size),
        redis=redis,
        cache=ByteCache(redis, max_bytes=settings.cache_bytes),
        keyring=KeyRing(settings.encryption_keys),
        cursors=CursorSigner(settings.secret),
        nudger=Nudger(settings.redis_url),
        http=OutgoingClient(
            allow_insecure=settings.allow_local_receivers,
            ports=settings.webhook_ports,
            user_agent="baas-webhooks/1",
        ),
    )


async def close_runtime(runtime: Runtime) -> None:
    """Close what a process has open."""
    await runtime.nudger.close()
    await runtime.http.close()
    await runtime.cache.aclose()
    await runtime.redis.aclose()
    await runtime.database.close()
