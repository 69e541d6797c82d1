"""What the packages bring, gathered once for the application, the worker and the command line."""

from collections.abc import Awaitable, Callable
from typing import Any

from baas.core.cache import ByteCache
from baas.core.crypto import KeyRing
from baas.core.db import Database, StoreWork
from baas.core.http import OutgoingClient
from baas.core.jobs import Drain, Loop, Nudger, redis_client
from baas.core.models import load_tables
from baas.core.outbox import FanOut, Handler, Handlers, ScopeMaker
from baas.core.paging import CursorSigner
from baas.core.redact import mask_also
from baas.core.retention import personal_names
from baas.core.runtime import Runtime
from baas.core.settings import Settings
from baas.services.carts import jobs as carts_jobs
from baas.services.carts import routes as carts_routes
from baas.services.catalog import routes as catalog_routes
from baas.services.catalog import service as catalog
from baas.services.catalog import stock
from baas.services.imports import jobs as imports_jobs
from baas.services.imports import routes as imports_routes
from baas.services.inventory import jobs as inventory_jobs
from baas.services.inventory import routes as inventory_routes
from baas.services.inventory import service as inventory
from baas.services.notifications import inbox_routes, processes
from baas.services.notifications import jobs as notifications_jobs
from baas.services.notifications import routes as notifications_routes
from baas.services.notifications.service import settings as notification_settings
from baas.services.orders import jobs as orders_jobs
from baas.services.orders import routes as orders_routes
from baas.services.payments import jobs as payments_jobs
from baas.services.payments import routes as payments_routes
from baas.services.payments.service import accounts as payment_accounts
from baas.tenants import operator_routes
from baas.tenants import routes as tenants_routes
from baas.tenants.service import Counters
from baas.webhooks import jobs as webhooks_jobs
from baas.webhooks import routes as webhooks_routes
from baas.webhooks import secrets as webhook_secrets
from baas.webhooks.service import endpoints as webhook_endpoints

PACKAGE_ROUTES: list[Any] = [
    *tenants_routes.ROUTES,
    *operator_routes.ROUTES,
    *catalog_routes.ROUTES,
    *inventory_routes.ROUTES,
    *carts_routes.ROUTES,
    *payments_routes.ROUTES,
    *orders_routes.ROUTES,
    *imports_routes.ROUTES,
    *notifications_routes.ROUTES,
    *webhooks_routes.ROUTES,
]
"""Every handler under the base path."""

DEVELOPMENT_ROUTES: list[Any] = list(inbox_routes.ROUTES)
"""Handlers without a base path that only a development machine has."""

COUNTERS: Counters = {"products": catalog.count_products, "webhook_endpoints": webhook_endpoints.count}
"""How many products, endpoints, … a store has, from the packages that own them."""

RENEWALS: list[Callable[[StoreWork, KeyRing], Awaitable[int]]] = [
    notification_settings.renew_secrets,
    payment_accounts.renew_secrets,
    webhook_secrets.renew_secrets,
]
"""Who keeps a store's secrets encrypted, and encrypts them again when the key was rotated."""

FAN_OUTS: list[FanOut] = [webhooks_jobs.FAN_OUT]
"""What the relay tells every event."""


def merge_handlers(*groups: Handlers) -> Handlers:
    """The handlers of several packages together."""
    merged: dict[str, dict[str, Handler]] = {}
    for group in groups:
        for event_type, handlers in group.items():
            merged.setdefault(event_type, {}).update(handlers)
    return merged


HANDLERS: Handlers = merge_handlers(notifications_jobs.HANDLERS, orders_jobs.HANDLERS)
"""Which handlers hear which events."""

LoopMaker = Callable[[Runtime, ScopeMaker], Drain | Loop]
LOOPS: dict[str, tuple[LoopMaker, float]] = {
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


TABLES = load_tables()
"""Every table, with what its columns say about themselves: personal or not, and how long they are kept."""

stock.use(inventory.Port())
mask_also(personal_names(TABLES))


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
    await processes.close(runtime)
    await runtime.nudger.close()
    await runtime.http.close()
    await runtime.cache.aclose()
    await runtime.redis.aclose()
    await runtime.database.close()
