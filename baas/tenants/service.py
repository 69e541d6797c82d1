"""What a store does to itself: its settings, its keys, its audit log."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from baas.core.db import StoreSession, StoreWork
from baas.core.errors import Conflict, InsufficientScope, ValidationFailed
from baas.core.scope import Mode, StoreScope
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.tenants import audit, limits, repository
from baas.tenants.door.keys import KeyTable, new_key, shown_prefix
from baas.tenants.door.origins import check_origins
from baas.tenants.models import ApiKey, Store
from baas.tenants.plans import LIMITS, UNLIMITED, limit_of
from baas.tenants.rows import KeyRow, StoreRow
from baas.tenants.schemas import (
    SCOPES,
    ApiKeyOut,
    AuditLineOut,
    CreateApiKey,
    CreatedApiKey,
    KeyKind,
    LimitUse,
    RotateApiKey,
    StorefrontStore,
    StoreOut,
    UpdateStore,
    Usage,
)

MAX_KEYS = 100
"""Keys of a store that are neither revoked nor expired."""


def store_out(row: Store | StoreRow) -> StoreOut:
    """A store's public form, whichever way it was read."""
    return StoreOut(
        id=ids.encode(Kind.STORE, row.id),
        name=row.name,
        slug=row.slug,
        domain=row.domain,
        mode=Mode(row.mode),
        plan=row.plan,
        is_active=row.is_active,
        currency=row.currency,
        locale=row.locale,
        country=row.country,
        prices_include_tax=row.prices_include_tax,
        allowed_origins=row.allowed_origins,
        settings=row.settings,
        flags=row.flags,
        limits=row.limits,
        created_at=clock.rfc3339(row.created_at),
        updated_at=clock.rfc3339(row.updated_at),
    )


def key_out(row: ApiKey | KeyRow) -> ApiKeyOut:
    """A key's public form, whichever way it was read."""
    return ApiKeyOut(
        id=ids.encode(Kind.API_KEY, row.id),
        kind=KeyKind(row.kind),
        name=row.name,
        prefix=row.prefix,
        last_four=row.last_four,
        scopes=list(row.scopes),
        created_at=clock.rfc3339(row.created_at),
        expires_at=_moment(row.expires_at),
        last_used_at=_moment(row.last_used_at),
        revoked_at=_moment(row.revoked_at),
    )


def _moment(value: datetime | None) -> str | None:
    return None if value is None else clock.rfc3339(value)


def storefront_store(scope: StoreScope) -> StorefrontStore:
    """What visitors may know of the store; it is all in the scope."""
    store = scope.store
    return StorefrontStore(
        id=ids.encode(Kind.STORE, scope.store_id),
        name=store.name,
        mode=scope.mode,
        currency=store.currency,
        locale=store.locale,
        country=store.country,
        prices_include_tax=store.prices_include_tax,
        domain=store.domain,
        shipping_price=store.settings.get("shipping_price", 0),
    )


def changed(work: StoreWork) -> None:
    """After the commit, let no process believe what it knew of the store."""
    work.after_commit(lambda: work.signals.store_changed(work.scope.store_id), once="store.changed")


async def get_store(session: StoreSession) -> StoreOut:
    """The caller's store."""
    return store_out(await repository.own_store(session))


async def update_store(session: StoreSession, data: UpdateStore) -> StoreOut:
    """Change the caller's store. Raises ValidationFailed for an origin that is none."""
    store = await repository.own_store_for_update(session)
    changes = {
        name: value for name, value in msgspec.structs.asdict(data).items() if value is not msgspec.UNSET
    }
    if data.allowed_origins is not msgspec.UNSET:
        changes["allowed_origins"] = check_origins(data.allowed_origins, session.scope.mode)
    if data.settings is not msgspec.UNSET:
        given = msgspec.to_builtins(data.settings)
        if "admin_origins" in given:
            given["admin_origins"] = check_origins(given["admin_origins"], session.scope.mode)
        changes["settings"] = {**store.settings, **given}
    old = {name: getattr(store, name) for name in changes if getattr(store, name) != changes[name]}
    if old:
        for name, value in changes.items():
            setattr(store, name, value)
        store.updated_at = clock.now()
        # Storefront answers hold prices with or without tax, names and stock as the settings say.
        store.catalog_version = Store.catalog_version + 1
        await session.flush()
        await session.refresh(store)
        new = {name: changes[name] for name in old}
        await audit.record(
            session, "store.updated", subject=ids.encode(Kind.STORE, store.id), old=old, new=new
        )
        changed(session)
    return store_out(store)


Counters = Mapping[str, Callable[[StoreWork], Awaitable[int]]]
"""For each limit on things that exist: how many there are. The application brings them from their owners."""


async def usage(session: StoreSession, counters: Counters) -> Usage:
    """The store's plan, limit by limit."""
    used = await limits.used_this_month(session)
    for name, count in counters.items():
        used[name] = await count(session)
    rows = []
    for name, description in LIMITS.items():
        limit = limit_of(session.scope.store, name)
        rows.append(
            LimitUse(
                name=name,
                description=description,
                limit=None if limit == UNLIMITED else limit,
                used=None if name.startswith("requests_") else used.get(name, 0),
            )
        )
    return Usage(plan=session.scope.store.plan, period=clock.now().strftime("%Y-%m"), limits=rows)


async def list_keys(session: StoreSession, page: Page) -> PageOf[ApiKeyOut]:
    """The store's keys, newest first."""
    rows = await repository.list_keys(session, page)
    total = await page.total(lambda: repository.count_keys(session))
    return page.cut(rows, lambda key: [str(key.id)], total=total).map(key_out)


def check_scopes(kind: KeyKind, scopes: list[str] | None) -> list[str]:
    """The scopes of a new key. Raises ValidationFailed for one that is unknown or not for its kind."""
    if kind is KeyKind.PUBLISHABLE:
        if scopes not in (None, ["storefront"]):
            raise ValidationFailed.field(
                "scopes", "a publishable key has the scope `storefront` and no other"
            )
        return ["storefront"]
    chosen = sorted(set(scopes)) if scopes is not None else ["*"]
    unknown = [scope for scope in chosen if scope not in SCOPES and scope != "*"]
    if unknown:
        raise ValidationFailed.field("scopes", f"unknown: {', '.join(unknown)}")
    return chosen


async def create_key(session: StoreSession, table: KeyTable, data: CreateApiKey) -> CreatedApiKey:
    """Make a key. A caller cannot give what it does not have itself (InsufficientScope)."""
    scopes = check_scopes(data.kind, data.scopes)
    expires_at = clock.now() + timedelta(days=data.expires_in_days) if data.expires_in_days else None
    return await _add_key(session, table, data.kind, data.name, scopes, expires_at)


async def _add_key(
    session: StoreSession,
    table: KeyTable,
    kind: KeyKind,
    name: str,
    scopes: list[str],
    expires_at: datetime | None,
) -> CreatedApiKey:
    missing = [scope for scope in scopes if not session.scope.may(scope)]
    if missing:
        raise InsufficientScope("A key cannot give scopes that it does not have.", needs=missing)
    if await repository.count_live_keys(session) >= MAX_KEYS:
        raise Conflict(f"A store has at most {MAX_KEYS} keys; revoke one that nobody uses.")
    secret = new_key(kind, session.scope.mode)
    key = ApiKey(
        id=ids.new_id(),
        kind=kind.value,
        name=name,
        key_hash=table.hash(secret),
        prefix=shown_prefix(secret),
        last_four=secret[-4:],
        scopes=scopes,
        created_at=clock.now(),
        expires_at=expires_at,
    )
    session.add(key)
    await session.flush()
    public = key_out(key)
    await audit.record(
        session,
        "api_key.created",
        subject=public.id,
        new={"kind": kind.value, "name": name, "scopes": scopes},
    )
    changed(session)
    return CreatedApiKey(**msgspec.structs.asdict(public), key=secret)


async def rotate_key(
    session: StoreSession, table: KeyTable, key_id: UUID, data: RotateApiKey
) -> CreatedApiKey:
    """Make a key with the same rights and the same end, and end the old one, at once or after the grace."""
    old = await repository.key_for_update(session, key_id)
    if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= clock.now()):
        raise Conflict("This key has ended; create a new one.")
    new = await _add_key(session, table, KeyKind(old.kind), old.name, list(old.scopes), old.expires_at)
    end = clock.now() + timedelta(seconds=data.grace_seconds)
    if data.grace_seconds == 0:
        old.revoked_at = end
    elif old.expires_at is None or old.expires_at > end:
        old.expires_at = end
    await audit.record(
        session,
        "api_key.rotated",
        subject=ids.encode(Kind.API_KEY, old.id),
        new={"new_key": new.id, "grace_seconds": data.grace_seconds},
    )
    return new


async def revoke_key(session: StoreSession, key_id: UUID) -> ApiKeyOut:
    """End a key at once. Revoking a revoked key changes nothing."""
    key = await repository.key_for_update(session, key_id)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        await audit.record(session, "api_key.revoked", subject=ids.encode(Kind.API_KEY, key.id))
        changed(session)
    return key_out(key)


async def list_audit(
    session: StoreSession, page: Page, *, subject: str | None, action: str | None
) -> PageOf[AuditLineOut]:
    """Who changed what, newest first."""
    rows = await repository.list_audit(session, page, subject=subject, action=action)
    return page.cut(rows, lambda line: [str(line.id)]).map(
        lambda line: AuditLineOut(
            id=ids.encode(Kind.AUDIT_LINE, line.id),
            actor_kind=line.actor_kind,
            actor_id=line.actor_id,
            action=line.action,
            subject=line.subject,
            old=line.old,
            new=line.new,
            request_id=line.request_id,
            address=line.address,
            created_at=clock.rfc3339(line.created_at),
        )
    )
