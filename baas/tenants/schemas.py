"""The public words of the tenants package."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.core.scope import Mode


class KeyKind(StrEnum):
    """`publishable` keys go into browsers and see the storefront; `secret` ones stay on servers."""

    PUBLISHABLE = "publishable"
    SECRET = "secret"  # noqa: S105  a kind of key, not a key


SCOPES = (
    "analytics:read",
    "audit:read",
    "catalog:read",
    "catalog:write",
    "customers:read",
    "customers:write",
    "events:read",
    "events:write",
    "imports:write",
    "inventory:read",
    "inventory:write",
    "keys:read",
    "keys:write",
    "notifications:read",
    "notifications:write",
    "orders:read",
    "orders:write",
    "payments:read",
    "payments:write",
    "store:read",
    "store:write",
    "storefront",
    "webhooks:read",
    "webhooks:write",
)
"""Everything that a key can be allowed; `*` allows all of it."""

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Slug = Annotated[str, Meta(min_length=2, max_length=60, pattern=r"^[a-z0-9](-?[a-z0-9])*$(?!\n)")]
Domain = Annotated[
    str,
    Meta(
        max_length=253,
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$(?!\n)",
    ),
]
Locale = Annotated[str, Meta(max_length=16, pattern=r"^[a-z]{2}(-[A-Z]{2})?$(?!\n)")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Origin = Annotated[str, Meta(min_length=1, max_length=300)]
Origins = Annotated[list[Origin], Meta(max_length=50)]


class StoreSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a store sells. What is absent keeps its value (in a PATCH) or its default."""

    tax_rate: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    """One flat rate in basis points: 2100 is 21 %."""
    shipping_price: Annotated[int, Meta(ge=0, le=10**12)] | UnsetType = UNSET
    """One flat price, in the minor unit."""
    reservation_minutes: Annotated[int, Meta(ge=1, le=10_080)] | UnsetType = UNSET
    """How long a checkout holds its stock."""
    order_expiry_hours: Annotated[int, Meta(ge=1, le=2_160)] | UnsetType = UNSET
    """When an order that nobody pays is cancelled."""
    show_stock: bool | UnsetType = UNSET
    """Whether the storefront tells how many are left, or only whether there are some."""
    admin_origins: Annotated[Origins | UnsetType, Meta(examples=[[]])] = UNSET
    """Origins of the store's own dashboards, which may call admin endpoints from a browser."""
    brand: dict[str, Annotated[str, Meta(max_length=500)]] | UnsetType = UNSET
    """`logo_url`, `color`, `footer`, … for messages to customers."""


class StoreOut(msgspec.Struct, kw_only=True):
    """A store as its owner and the operator see it."""

    id: str
    name: Annotated[str, Meta(examples=["Mates del Sur"])]
    slug: Annotated[str, Meta(examples=["mates-del-sur"])]
    domain: str | None
    mode: Mode
    plan: str
    is_active: bool
    currency: str
    locale: str
    country: str
    prices_include_tax: bool
    allowed_origins: list[str]
    settings: Annotated[dict[str, Any], Meta(examples=[{"tax_rate": 2100, "shipping_price": 350000}])]
    flags: dict[str, bool]
    limits: dict[str, int]
    created_at: str
    updated_at: str


class StorefrontStore(msgspec.Struct, kw_only=True):
    """A store as its visitors see it."""

    id: str
    name: Annotated[str, Meta(examples=["Mates del Sur"])]
    mode: Mode
    currency: str
    locale: str
    country: str
    prices_include_tax: bool
    domain: str | None
    shipping_price: int


class UpdateStore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a store may change of itself. Absent fields stay as they are."""

    name: Annotated[Name | UnsetType, Meta(examples=["Mates del Sur"])] = UNSET
    domain: Domain | UnsetType | None = UNSET
    locale: Locale | UnsetType = UNSET
    country: Country | UnsetType = UNSET
    prices_include_tax: bool | UnsetType = UNSET
    allowed_origins: Origins | UnsetType = UNSET
    settings: StoreSettings | UnsetType = UNSET


class CreateStore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new store. `slug` is made from the name when absent."""

    name: Annotated[Name, Meta(examples=["Mates del Sur"])]
    slug: Annotated[Slug | None, Meta(examples=["mates-del-sur"])] = None
    domain: Domain | None = None
    mode: Mode
    plan: Annotated[str, Meta(max_length=40)] = "free"
    currency: Currency
    country: Country
    locale: Locale = "en"
    prices_include_tax: bool = True
    allowed_origins: Origins = []
    settings: StoreSettings = msgspec.field(default_factory=StoreSettings)


class OperatorUpdateStore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the operator may change of a store beside what the store itself may."""

    name: Annotated[Name | UnsetType, Meta(examples=["Mates del Sur"])] = UNSET
    domain: Domain | UnsetType | None = UNSET
    plan: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    allowed_origins: Origins | UnsetType = UNSET
    limits: Annotated[
        dict[str, Annotated[int, Meta(ge=-1, le=10**7)]] | UnsetType, Meta(examples=[{"products": 25000}])
    ] = UNSET
    """Overrides of the plan's limits; -1 is no limit. The given object replaces the former one."""


class CreatedStore(msgspec.Struct, kw_only=True):
    """A new store and its first keys, which are shown this once."""

    store: StoreOut
    secret_key: str
    publishable_key: str


class SetFlag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """On, off, or back to the plan's default (null)."""

    enabled: bool | None


class ApiKeyOut(msgspec.Struct, kw_only=True):
    """A key without the key."""

    id: str
    kind: KeyKind
    name: Annotated[str, Meta(examples=["back office"])]
    prefix: str
    last_four: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class CreatedApiKey(ApiKeyOut, kw_only=True):
    """A new key, shown this once."""

    key: Annotated[str, Meta(examples=["sk_test_4bW9xKqT2mVz7Ls1RnYc8HpJ5dGf3AuE6iXoB0QtMvN"])]


class CreateApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new key. A publishable one may only have the scope `storefront`."""

    kind: KeyKind
    name: Annotated[Name, Meta(examples=["back office"])]
    scopes: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(min_length=1, max_length=40)] | None = (
        None
    )
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class RotateApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long the old key goes on working, in seconds; 0 ends it at once."""

    grace_seconds: Annotated[int, Meta(ge=0, le=30 * 24 * 3600)] = 0


class LimitUse(msgspec.Struct, kw_only=True):
    """One limit of the plan and how much of it is used; `limit` is null when there is none."""

    name: str
    description: str
    limit: int | None
    used: int | None


class Usage(msgspec.Struct, kw_only=True):
    """What the store uses of its plan."""

    plan: str
    period: str
    limits: Annotated[
        list[LimitUse],
        Meta(
            examples=[
                [
                    {
                        "name": "products",
                        "description": "products in the catalogue",
                        "limit": 10000,
                        "used": 128,
                    }
                ]
            ]
        ),
    ]


class AuditLineOut(msgspec.Struct, kw_only=True):
    """One line of the audit log."""

    id: str
    actor_kind: str
    actor_id: str
    action: str
    subject: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    request_id: str
    address: Annotated[str | None, Meta(examples=["203.0.113.7"])]
    """Where the request came from; null for what the backend or its command line did."""
    created_at: str
