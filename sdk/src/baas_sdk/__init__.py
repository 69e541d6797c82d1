"""The client of the commerce backend.

    from baas_sdk import Client

    shop = Client()                      # BAAS_API_KEY, BAAS_BASE_URL
    for order in shop.orders.list(status="paid"):
        print(order.number, order.total, order.currency)

`AsyncClient` has the same words, awaited. What can go wrong is in `baas_sdk.errors`, the types of bodies and
answers are in `baas_sdk.types`, webhooks in `baas_sdk.webhooks`, and what your tests need in `baas_sdk.testing`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from baas_sdk._version import VERSION as __version__
from baas_sdk.errors import (
    BaasError,
    BadRequest,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InsufficientScope,
    InsufficientStock,
    InternalError,
    InvalidAnswer,
    InvalidApiKey,
    InvalidArgument,
    InvalidCursor,
    InvalidTransition,
    InvalidWebhook,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    NotModified,
    OriginNotAllowed,
    PayloadTooLarge,
    PaymentProviderError,
    PaymentProviderUnconfigured,
    PaymentRequired,
    PlanLimitExceeded,
    PriceChanged,
    RateLimited,
    ServerError,
    StatusError,
    StoreInactive,
    TimedOut,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
    ValidationFailed,
)

if TYPE_CHECKING:
    from msgspec import UNSET as UNSET
    from msgspec import UnsetType as UnsetType

    from baas_sdk import testing as testing
    from baas_sdk import types as types
    from baas_sdk import webhooks as webhooks
    from baas_sdk._async.client import AsyncClient as AsyncClient
    from baas_sdk._async.pagination import AsyncPages as AsyncPages
    from baas_sdk._request import Page as Page
    from baas_sdk._request import RawResponse as RawResponse
    from baas_sdk._sync.client import Client as Client
    from baas_sdk._sync.pagination import Pages as Pages

_LATER = {
    # Loaded when they are first used: a receiver of webhooks never needs the HTTP client.
    "AsyncClient": "baas_sdk._async.client",
    "AsyncPages": "baas_sdk._async.pagination",
    "Client": "baas_sdk._sync.client",
    "Page": "baas_sdk._request",
    "Pages": "baas_sdk._sync.pagination",
    "RawResponse": "baas_sdk._request",
    "UNSET": "msgspec",
    "UnsetType": "msgspec",
}
_MODULES = ("testing", "types", "webhooks")

__all__ = [
    "UNSET",
    "AsyncClient",
    "AsyncPages",
    "BaasError",
    "BadRequest",
    "Client",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "IdempotencyInProgress",
    "IdempotencyKeyReused",
    "InsufficientScope",
    "InsufficientStock",
    "InternalError",
    "InvalidAnswer",
    "InvalidApiKey",
    "InvalidArgument",
    "InvalidCursor",
    "InvalidTransition",
    "InvalidWebhook",
    "MalformedJson",
    "MethodNotAllowed",
    "NotFound",
    "NotModified",
    "OriginNotAllowed",
    "Page",
    "Pages",
    "PayloadTooLarge",
    "PaymentProviderError",
    "PaymentProviderUnconfigured",
    "PaymentRequired",
    "PlanLimitExceeded",
    "PriceChanged",
    "RateLimited",
    "RawResponse",
    "ServerError",
    "StatusError",
    "StoreInactive",
    "TimedOut",
    "Unauthenticated",
    "Unavailable",
    "Unprocessable",
    "UnsetType",
    "UnsupportedMediaType",
    "ValidationFailed",
    "__version__",
    "testing",
    "types",
    "webhooks",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        value = getattr(importlib.import_module(_LATER[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"baas_sdk.{name}")
    else:
        raise AttributeError(f"module 'baas_sdk' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
