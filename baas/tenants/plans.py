"""What each plan allows. A store's own `limits` and `flags` override its plan's."""

from typing import Final, Protocol

import msgspec

UNLIMITED: Final = -1


class Plan(msgspec.Struct, frozen=True):
    """One plan: limits by name (UNLIMITED for none) and flags that are on or off by default."""

    name: str
    limits: dict[str, int]
    flags: dict[str, bool]


LIMITS: Final = {
    "products": "products in the catalogue",
    "requests_per_minute": "API requests a minute, over all keys of the store",
    "requests_per_minute_address": "API requests a minute from one client address with publishable keys",
    "notifications_per_month": "notifications sent in a calendar month (UTC)",
    "webhook_endpoints": "webhook endpoints",
}
"""Every limit there is, and what it counts."""

PLANS: Final = {
    "free": Plan(
        "free",
        {
            "products": 100,
            "requests_per_minute": 600,
            "requests_per_minute_address": 300,
            "notifications_per_month": 500,
            "webhook_endpoints": 3,
        },
        {},
    ),
    "pro": Plan(
        "pro",
        {
            "products": 10_000,
            "requests_per_minute": 12_000,
            "requests_per_minute_address": 1_200,
            "notifications_per_month": 50_000,
            "webhook_endpoints": 25,
        },
        {},
    ),
}


class _OnAPlan(Protocol):
    """A store: what requests know of it (StoreProfile), or what its owner sees (StoreOut)."""

    @property
    def plan(self) -> str: ...
    @property
    def flags(self) -> dict[str, bool]: ...
    @property
    def limits(self) -> dict[str, int]: ...


def limit_of(store: _OnAPlan, name: str) -> int:
    """A store's limit: its own override, or its plan's; UNLIMITED for none."""
    override = store.limits.get(name)
    return override if override is not None else PLANS[store.plan].limits[name]


def flag_of(store: _OnAPlan, name: str) -> bool:
    """Whether a feature is on for a store: its own override, or its plan's default, or off."""
    override = store.flags.get(name)
    return override if override is not None else PLANS[store.plan].flags.get(name, False)
