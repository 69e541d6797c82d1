"""The rows of stores and keys."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from baas.core.db.rows import Projection, Row
from baas.core.scope import Mode
from baas.tenants.schemas import KeyKind


class StoreRow(Row, frozen=True):
    """A store as its operator reads it."""

    __table__ = "stores"

    id: UUID
    name: str
    slug: str
    domain: str | None
    mode: Mode
    plan: str
    is_active: bool
    currency: str
    locale: str
    country: str
    prices_include_tax: bool
    allowed_origins: list[str]
    settings: dict[str, Any]
    flags: dict[str, bool]
    limits: dict[str, int]
    catalog_version: int
    clock_offset: timedelta
    created_at: datetime
    updated_at: datetime


class KeyRow(Projection, frozen=True):
    """A key without what the key itself is checked by."""

    __table__ = "api_keys"

    store_id: UUID
    id: UUID
    kind: KeyKind
    name: str
    prefix: str
    last_four: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
