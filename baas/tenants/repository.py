"""The SQL of the tenants package: the store's own side through the ORM, the operator's through its role."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select

from baas.core.db import StoreSession, SystemConnection
from baas.core.db.rows import columns, optional_row, row_of, rows_of
from baas.core.errors import NotFound
from baas.core.serving.paging import Page
from baas.tenants.models import ApiKey, AuditLine, Store
from baas.tenants.rows import KeyRow, StoreRow


async def own_store_for_update(session: StoreSession) -> Store:
    """The session's store, locked."""
    store = await session.get(Store, session.scope.store_id, with_for_update=True)
    if store is None:
        raise NotFound
    return store


async def own_store(session: StoreSession) -> Store:
    """The session's store."""
    store = await session.get(Store, session.scope.store_id)
    if store is None:
        raise NotFound
    return store


async def list_keys(session: StoreSession, page: Page) -> Sequence[ApiKey]:
    """Keys, newest first."""
    query = select(ApiKey).order_by(ApiKey.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(ApiKey.id < UUID(page.after[0]))
    return (await session.scalars(query)).all()


async def count_keys(session: StoreSession) -> int:
    """How many keys the store has or had."""
    return await session.scalar(select(func.count()).select_from(ApiKey)) or 0


async def count_live_keys(session: StoreSession) -> int:
    """How many keys of the store work."""
    query = (
        select(func.count())
        .select_from(ApiKey)
        .where(ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()))
    )
    return await session.scalar(query) or 0


async def key_for_update(session: StoreSession, key_id: UUID) -> ApiKey:
    """One key, locked. Raises NotFound."""
    query = select(ApiKey).where(ApiKey.id == key_id).with_for_update()
    key = (await session.scalars(query)).one_or_none()
    if key is None:
        raise NotFound
    return key


async def list_audit(
    session: StoreSession, page: Page, *, subject: str | None, action: str | None
) -> Sequence[AuditLine]:
    """Audit lines, newest first."""
    query = select(AuditLine).order_by(AuditLine.id.desc()).limit(page.limit + 1)
    if subject is not None:
        query = query.where(AuditLine.subject == subject)
    if action is not None:
        query = query.where(AuditLine.action == action)
    if page.after is not None:
        query = query.where(AuditLine.id < UUID(page.after[0]))
    return (await session.scalars(query)).all()


_INSERT_STORE: Final = f"""
insert into stores (id, name, slug, domain, mode, plan, currency, locale, country, prices_include_tax,
  allowed_origins, settings, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now(), now())
on conflict (slug) do nothing
returning {columns(StoreRow)}
"""
_INSERT_KEY: Final = f"""
insert into api_keys (store_id, id, kind, name, key_hash, prefix, last_four, scopes, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, now(), $9)
returning {columns(KeyRow)}
"""


async def insert_store(system: SystemConnection, values: Sequence[Any]) -> StoreRow | None:
    """Insert a store; None when its slug is taken."""
    return optional_row(StoreRow, await system.fetchrow(_INSERT_STORE, *values))


async def insert_key(system: SystemConnection, values: Sequence[Any]) -> KeyRow:
    """Insert a key."""
    return row_of(KeyRow, await system.fetchrow(_INSERT_KEY, *values))


async def find_store(
    system: SystemConnection, *, store_id: UUID | None = None, slug: str | None = None
) -> StoreRow:
    """A store by id or slug, locked for the operator's change. Raises NotFound."""
    column, value = ("id", store_id) if store_id is not None else ("slug", slug)
    row = optional_row(
        StoreRow,
        await system.fetchrow(
            f"select {columns(StoreRow)} from stores where {column} = $1 for update", value
        ),
    )
    if row is None:
        raise NotFound(store=slug) if slug else NotFound
    return row


async def list_stores(system: SystemConnection, *, limit: int, after: UUID | None) -> list[StoreRow]:
    """Stores, newest first."""
    condition = "where id < $2" if after is not None else ""
    arguments = (limit, after) if after is not None else (limit,)
    records = await system.fetch(
        f"select {columns(StoreRow)} from stores {condition} order by id desc limit $1",
        *arguments,
    )
    return rows_of(StoreRow, records)


async def update_store(system: SystemConnection, store_id: UUID, changes: dict[str, Any]) -> StoreRow:
    """Set columns of a store; the names come from the code, the values from the caller."""
    names = ", ".join(f"{name} = ${position}" for position, name in enumerate(changes, start=2))
    record = await system.fetchrow(
        f"update stores set {names}, updated_at = now() where id = $1 returning {columns(StoreRow)}",
        store_id,
        *changes.values(),
    )
    return row_of(StoreRow, record)


async def keys_of(system: SystemConnection, store_id: UUID) -> list[KeyRow]:
    """The keys of a store, newest first."""
    records = await system.fetch(
        f"select {columns(KeyRow)} from api_keys where store_id = $1 order by id desc limit 500",
        store_id,
    )
    return rows_of(KeyRow, records)


async def find_key(system: SystemConnection, key_id: UUID) -> KeyRow:
    """A key of any store, locked. Raises NotFound."""
    row = optional_row(
        KeyRow,
        await system.fetchrow(f"select {columns(KeyRow)} from api_keys where id = $1 for update", key_id),
    )
    if row is None:
        raise NotFound
    return row


async def end_key(
    system: SystemConnection, store_id: UUID, key_id: UUID, *, grace_seconds: int | None
) -> KeyRow:
    """Revoke a key now (`grace_seconds` None), or let it expire after the grace."""
    sets = (
        "revoked_at = now()"
        if grace_seconds is None
        else "expires_at = least(expires_at, now() + make_interval(secs => $3::int))"
    )
    arguments = (store_id, key_id) if grace_seconds is None else (store_id, key_id, grace_seconds)
    record = await system.fetchrow(
        f"update api_keys set {sets} where store_id = $1 and id = $2 returning {columns(KeyRow)}",
        *arguments,
    )
    return row_of(KeyRow, record)
