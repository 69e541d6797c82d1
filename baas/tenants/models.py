"""Tables of the tenants: stores, their keys, what they used, and who changed what."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Interval, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from baas.core.db.tables import Base, StoreEntity, StoreOwned, column, one_of
from baas.core.scope import Mode
from baas.tenants.schemas import KeyKind


class Store(Base):
    """One client shop: the tenant. The row level policy shows a store only itself."""

    __tablename__ = "stores"
    __table_args__ = (
        UniqueConstraint("slug"),
        one_of("mode", Mode),
        CheckConstraint("mode = 'test' or clock_offset = interval '0'", name="live_clock"),
        CheckConstraint("catalog_version > 0", name="catalog_version"),
    )

    id: Mapped[UUID] = column(primary_key=True)
    name: Mapped[str] = column()
    slug: Mapped[str] = column()
    domain: Mapped[str | None] = column()
    mode: Mapped[str] = column()
    plan: Mapped[str] = column()
    is_active: Mapped[bool] = column(server_default=text("true"))
    currency: Mapped[str] = column()
    locale: Mapped[str] = column()
    country: Mapped[str] = column()
    prices_include_tax: Mapped[bool] = column(server_default=text("true"))
    allowed_origins: Mapped[list[str]] = column(server_default=text("'{}'"))
    settings: Mapped[dict[str, Any]] = column(server_default=text("'{}'"))
    flags: Mapped[dict[str, Any]] = column(server_default=text("'{}'"))
    limits: Mapped[dict[str, Any]] = column(server_default=text("'{}'"))
    catalog_version: Mapped[int] = column(server_default=text("1"))
    clock_offset: Mapped[timedelta] = column(type_=Interval(), server_default=text("interval '0'"))
    created_at: Mapped[datetime] = column()
    updated_at: Mapped[datetime] = column()


class ApiKey(StoreEntity, Base):
    """A key of a store. Only its HMAC is kept; the prefix and the last four tell people which it is."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("uq_api_keys_key_hash", "key_hash", unique=True),
        one_of("kind", KeyKind),
    )

    kind: Mapped[str] = column()
    name: Mapped[str] = column()
    key_hash: Mapped[bytes] = column(type_=LargeBinary())
    prefix: Mapped[str] = column()
    last_four: Mapped[str] = column()
    scopes: Mapped[list[str]] = column()
    created_at: Mapped[datetime] = column()
    expires_at: Mapped[datetime | None] = column()
    last_used_at: Mapped[datetime | None] = column()
    revoked_at: Mapped[datetime | None] = column()


class UsageCounter(StoreOwned, Base):
    """How much of something a store used in a calendar month."""

    __tablename__ = "usage_counters"

    metric: Mapped[str] = column(primary_key=True)
    period: Mapped[str] = column(primary_key=True)
    used: Mapped[int] = column()


class AuditLine(StoreEntity, Base):
    """One change, by whom, when. Never altered."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_store_id_subject_id", "store_id", "subject", "id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    actor_kind: Mapped[str] = column(keep="730d")
    actor_id: Mapped[str] = column(keep="730d")
    action: Mapped[str] = column(keep="730d")
    subject: Mapped[str] = column(keep="730d")
    old: Mapped[dict[str, Any] | None] = column(pii=True, keep="730d")
    new: Mapped[dict[str, Any] | None] = column(pii=True, keep="730d")
    request_id: Mapped[str] = column(keep="730d")
    address: Mapped[str | None] = column(pii=True, keep="730d")
    created_at: Mapped[datetime] = column(keep="730d")
