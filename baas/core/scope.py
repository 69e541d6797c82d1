"""Whose data a piece of work may touch. Only authentication, or the job that carries it, makes a scope."""

from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Mode(StrEnum):
    """A test store never touches real money or real mailboxes; a live one always does."""

    TEST = "test"
    LIVE = "live"


class CallerKind(StrEnum):
    """Who is behind a scope."""

    PUBLISHABLE = "publishable"
    SECRET = "secret"  # noqa: S105  a kind of key, not a key
    STAFF = "staff"
    CUSTOMER = "customer"
    OPERATOR = "operator"
    PROVIDER = "provider"
    SYSTEM = "system"


class Caller(msgspec.Struct, frozen=True):
    """Who does it, as the audit log will say: the kind and a public id, never a secret."""

    kind: CallerKind
    id: str


class StoreProfile(msgspec.Struct, frozen=True):
    """What nearly every verb needs to know of its store, read together with the key."""

    name: str
    slug: str
    currency: str
    """ISO 4217."""
    locale: str
    """BCP 47, such as `es-AR`."""
    country: str
    """ISO 3166-1 alpha-2."""
    prices_include_tax: bool
    plan: str
    allowed_origins: tuple[str, ...]
    settings: dict[str, Any]
    """`tax_rate` (basis points), `shipping_price` (minor units), `reservation_minutes`, `show_stock`, …"""
    flags: dict[str, bool]
    limits: dict[str, int]
    """Overrides of the plan's limits."""
    catalog_version: int
    domain: str | None = None
    revision: str = ""
    """A digest of the store's id and all of the above: equal revisions are the same profile of the same store.
    Empty where nobody made one."""


class StoreScope(msgspec.Struct, frozen=True):
    """One store, one caller, and what the caller may do there."""

    store_id: UUID
    mode: Mode
    caller: Caller
    permissions: frozenset[str]
    store: StoreProfile
    request_id: str
    clock_offset: timedelta = timedelta(0)
    address: str | None = None
    """Where the request came from; None for work that no request asks for."""

    def may(self, need: str) -> bool:
        """Whether the caller holds a permission such as `orders:write`; `*` holds all."""
        return need in self.permissions or "*" in self.permissions

    def at_offset(self, clock_offset: timedelta) -> "StoreScope":
        """The same scope by a clock that was read just now: what is believed of a store may be a second old."""
        return msgspec.structs.replace(self, clock_offset=clock_offset)

    def key(self, *parts: object) -> str:
        """The one maker of names outside the database (cache keys, locks, rate limits, file paths)."""
        return ":".join(("s", self.store_id.hex, *map(str, parts)))
