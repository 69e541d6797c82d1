"""Imports every package's tables, so that the metadata is whole; used by migrations and their tests."""

import importlib

from baas.core.models import metadata

MODULES = (
    "baas.core.outbox",
    "baas.core.idempotency",
    "baas.core.heartbeat",
    "baas.tenants.models",
    "baas.services.catalog.models",
    "baas.services.inventory.models",
    "baas.services.carts.models",
    "baas.services.payments.models",
    "baas.services.orders.models",
    "baas.services.imports.models",
    "baas.services.notifications.models",
    "baas.webhooks.models",
)
"""Every module that defines tables."""

for module in MODULES:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise

__all__ = ["metadata"]
