"""What the packages bring that every process needs: the application, the worker and the command line.

Routes are gathered in `baas/app.py`, handlers and loops in `baas/worker.py`, so that neither process loads the other's.
"""

from collections.abc import Awaitable, Callable

from baas.core.crypto import KeyRing
from baas.core.db import Database, StoreWork
from baas.core.db.tables import load_tables
from baas.core.observe.redact import mask_also
from baas.core.outgoing.http import OutgoingClient
from baas.core.redis.cache import ByteCache
from baas.core.redis.client import redis_client
from baas.core.runtime import Ports, Runtime
from baas.core.settings import Settings
from baas.core.values.cursors import CursorSigner
from baas.core.work.claims import Claimant
from baas.core.work.event_types import gathered
from baas.core.work.jobs import Nudger
from baas.core.work.retention import personal_names
from baas.services.carts.events import CartEvent
from baas.services.catalog import service as catalog
from baas.services.catalog.events import ProductEvent
from baas.services.catalog.stock import STOCK
from baas.services.inventory import service as inventory
from baas.services.inventory.events import InventoryEvent
from baas.services.notifications import processes
from baas.services.notifications.events import NotificationEvent
from baas.services.notifications.service import settings as notification_settings
from baas.services.orders.events import OrderEvent
from baas.services.payments.events import PaymentEvent
from baas.services.payments.service import accounts as payment_accounts
from baas.tenants.service import Counters
from baas.webhooks import secrets as webhook_secrets
from baas.webhooks.events import CustomerEvent, EndpointEvent
from baas.webhooks.service import endpoints as webhook_endpoints

COUNTERS: Counters = {"products": catalog.count_products, "webhook_endpoints": webhook_endpoints.count}
"""How many products, endpoints, … a store has, from the packages that own them."""

# D-032: encrypted anew by a command, in each store's own session; no role may read all secrets.
RENEWALS: list[Callable[[StoreWork, KeyRing], Awaitable[int]]] = [
    notification_settings.renew_secrets,
    payment_accounts.renew_secrets,
    webhook_secrets.renew_secrets,
]
"""Who keeps a store's secrets encrypted, and encrypts them again when the key was rotated."""

EVENT_TYPES = gathered(
    OrderEvent,
    PaymentEvent,
    ProductEvent,
    InventoryEvent,
    CartEvent,
    CustomerEvent,
    NotificationEvent,
    EndpointEvent,
)
"""Every type of event but those of the clients' own shops, from the packages that emit them."""

TABLES = load_tables()
"""Every table, with what its columns say about themselves: personal or not, and how long they are kept."""


def open_runtime(settings: Settings) -> Runtime:
    """The resources of a process, not yet connected: `runtime.database.open()` is the caller's."""
    mask_also(personal_names(TABLES))
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
        claimant=Claimant(),
        event_types=EVENT_TYPES,
        ports=Ports().plug(STOCK, inventory.CatalogStock()),
    )


async def close_runtime(runtime: Runtime) -> None:
    """Close what a process has open."""
    await processes.close(runtime)
    await runtime.nudger.close()
    await runtime.http.close()
    await runtime.cache.aclose()
    await runtime.redis.aclose()
    await runtime.database.close()
