"""The operator's verbs: the command line and the operator endpoints are two faces of these."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from baas.core.db import SystemConnection
from baas.core.errors import Conflict, ValidationFailed
from baas.core.scope import Caller, Mode
from baas.core.values import clock, ids, money
from baas.core.values.ids import Kind
from baas.core.values.text import slugify
from baas.tenants import audit, repository
from baas.tenants.door.keys import KeyTable, new_key, shown_prefix
from baas.tenants.door.origins import check_origins
from baas.tenants.errors import SlugTaken, UnknownPlan
from baas.tenants.plans import LIMITS, PLANS
from baas.tenants.rows import StoreRow
from baas.tenants.schemas import (
    ApiKeyOut,
    CreateApiKey,
    CreatedApiKey,
    CreatedStore,
    CreateStore,
    KeyKind,
    OperatorUpdateStore,
    RotateApiKey,
    StoreOut,
)
from baas.tenants.service import check_scopes, key_out, store_out

MAX_FLAG = 64


class Operator(msgspec.Struct, frozen=True):
    """Who acts, over which connection, in answer to what."""

    system: SystemConnection
    table: KeyTable
    caller: Caller
    request_id: str
    address: str | None = None

    async def audit(
        self,
        store_id: UUID,
        action: str,
        *,
        subject: str | None = None,
        old: dict[str, Any] | None = None,
        new: dict[str, Any] | None = None,
    ) -> None:
        """Write a line into the store's audit log."""
        await audit.record_for_operator(
            self.system,
            store_id,
            self.caller,
            self.request_id,
            self.address,
            action,
            subject=subject or ids.encode(Kind.STORE, store_id),
            old=old,
            new=new,
        )

    def changed(self, store_id: UUID) -> None:
        """After the commit, let no process believe what it knew of the store."""
        self.system.after_commit(
            lambda: self.system.signals.store_changed(store_id), once=f"store.changed:{store_id}"
        )


def _check_plan(plan: str) -> str:
    if plan not in PLANS:
        raise UnknownPlan(f"There is no plan {plan!r}; choose one of {', '.join(PLANS)}.", plans=list(PLANS))
    return plan


async def create_store(operator: Operator, data: CreateStore) -> CreatedStore:
    """Make a store with a secret and a publishable key. Raises SlugTaken, UnknownPlan, ValidationFailed."""
    if not money.is_currency(data.currency):
        raise ValidationFailed.field("currency", f"{data.currency!r} is not an ISO 4217 currency")
    slug = data.slug or slugify(data.name, 60).strip("-") or "store"
    store_id = ids.new_id()
    row = await repository.insert_store(
        operator.system,
        (
            store_id,
            data.name,
            slug,
            data.domain,
            data.mode.value,
            _check_plan(data.plan),
            data.currency,
            data.locale,
            data.country,
            data.prices_include_tax,
            check_origins(data.allowed_origins, data.mode),
            msgspec.to_builtins(data.settings),
        ),
    )
    if row is None:
        raise SlugTaken(slug=slug)
    await operator.audit(
        store_id, "store.created", new={"name": data.name, "mode": data.mode.value, "plan": data.plan}
    )
    secret = await _add_key(
        operator, store_id, data.mode, CreateApiKey(kind=KeyKind.SECRET, name="first secret key")
    )
    publishable = await _add_key(
        operator, store_id, data.mode, CreateApiKey(kind=KeyKind.PUBLISHABLE, name="first publishable key")
    )
    return CreatedStore(store=store_out(row), secret_key=secret.key, publishable_key=publishable.key)


async def list_stores(operator: Operator, *, limit: int, after: UUID | None = None) -> list[StoreOut]:
    """Stores, newest first."""
    return [store_out(row) for row in await repository.list_stores(operator.system, limit=limit, after=after)]


async def find_store(operator: Operator, reference: str) -> StoreOut:
    """A store by its public id or its slug. Raises NotFound."""
    return store_out(await _find(operator, reference))


async def _find(operator: Operator, reference: str) -> StoreRow:
    store_id = ids.try_decode(Kind.STORE, reference)
    if store_id is not None:
        return await repository.find_store(operator.system, store_id=store_id)
    return await repository.find_store(operator.system, slug=reference)


async def update_store(operator: Operator, reference: str, data: OperatorUpdateStore) -> StoreOut:
    """Change what only the operator may: the plan and the limits, beside name, domain and origins."""
    row = await _find(operator, reference)
    changes = {
        name: value for name, value in msgspec.structs.asdict(data).items() if value is not msgspec.UNSET
    }
    if "plan" in changes:
        _check_plan(changes["plan"])
    if "allowed_origins" in changes:
        changes["allowed_origins"] = check_origins(changes["allowed_origins"], row.mode)
    if "limits" in changes:
        _check_limits(changes["limits"])
    return await _apply(operator, row, changes, "store.updated")


def _check_limits(names: Iterable[str]) -> None:
    unknown = sorted(set(names) - set(LIMITS))
    if unknown:
        raise ValidationFailed.field("limits", f"unknown: {', '.join(unknown)}; known: {', '.join(LIMITS)}")


async def _apply(operator: Operator, row: StoreRow, changes: dict[str, Any], action: str) -> StoreOut:
    new = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not new:
        return store_out(row)
    updated = await repository.update_store(operator.system, row.id, new)
    await operator.audit(row.id, action, old={name: getattr(row, name) for name in new}, new=new)
    operator.changed(row.id)
    return store_out(updated)


async def set_active(operator: Operator, reference: str, *, active: bool) -> StoreOut:
    """Activate or deactivate a store; in force in every process within one second."""
    row = await _find(operator, reference)
    action = "store.activated" if active else "store.deactivated"
    return await _apply(operator, row, {"is_active": active}, action)


async def set_plan(operator: Operator, reference: str, plan: str) -> StoreOut:
    """Move a store to another plan. Raises UnknownPlan."""
    row = await _find(operator, reference)
    return await _apply(operator, row, {"plan": _check_plan(plan)}, "plan.set")


async def set_limit(operator: Operator, reference: str, name: str, limit: int | None) -> StoreOut:
    """Override a limit for a store (UNLIMITED takes it away), or (None) go back to the plan's."""
    _check_limits([name])
    row = await _find(operator, reference)
    limits = {known: value for known, value in row.limits.items() if known != name}
    if limit is not None:
        limits[name] = limit
    action = "limit.set" if limit is not None else "limit.unset"
    return await _apply(operator, row, {"limits": limits}, action)


async def set_flag(operator: Operator, reference: str, flag: str, enabled: bool | None) -> StoreOut:
    """Override a feature flag for a store, or (None) go back to the plan's default."""
    word = flag.replace("_", "").replace("-", "").replace(".", "")
    if not (0 < len(flag) <= MAX_FLAG and word.isascii() and word.isalnum() and flag == flag.lower()):
        raise ValidationFailed.field("flag", f"1 to {MAX_FLAG} of a-z, 0-9, `_`, `-` and `.`")
    row = await _find(operator, reference)
    flags = {name: value for name, value in row.flags.items() if name != flag}
    if enabled is not None:
        flags[flag] = enabled
    return await _apply(operator, row, {"flags": flags}, "flag.set" if enabled is not None else "flag.unset")


async def create_key(operator: Operator, reference: str, data: CreateApiKey) -> CreatedApiKey:
    """Make a key for a store."""
    row = await _find(operator, reference)
    return await _add_key(operator, row.id, row.mode, data)


async def _add_key(
    operator: Operator, store_id: UUID, mode: Mode, data: CreateApiKey, *, ends_at: datetime | None = None
) -> CreatedApiKey:
    scopes = check_scopes(data.kind, data.scopes)
    secret = new_key(data.kind, mode)
    expires_at = clock.now() + timedelta(days=data.expires_in_days) if data.expires_in_days else ends_at
    row = await repository.insert_key(
        operator.system,
        (
            store_id,
            ids.new_id(),
            data.kind.value,
            data.name,
            operator.table.hash(secret),
            shown_prefix(secret),
            secret[-4:],
            scopes,
            expires_at,
        ),
    )
    public = key_out(row)
    await operator.audit(
        store_id,
        "api_key.created",
        subject=public.id,
        new={"kind": data.kind.value, "name": data.name, "scopes": scopes},
    )
    operator.changed(store_id)
    return CreatedApiKey(**msgspec.structs.asdict(public), key=secret)


async def list_keys(operator: Operator, reference: str) -> list[ApiKeyOut]:
    """The keys of a store, newest first."""
    row = await _find(operator, reference)
    return [key_out(key) for key in await repository.keys_of(operator.system, row.id)]


async def rotate_key(operator: Operator, key_id: str, data: RotateApiKey) -> CreatedApiKey:
    """Make a key with the same rights and the same end, and end the old one, at once or after the grace."""
    old = await repository.find_key(operator.system, ids.decode(Kind.API_KEY, key_id))
    if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= clock.now()):
        raise Conflict("This key has ended; create a new one.")
    store = await repository.find_store(operator.system, store_id=old.store_id)
    scopes = None if old.kind == KeyKind.PUBLISHABLE else list(old.scopes)
    new = await _add_key(
        operator,
        old.store_id,
        store.mode,
        CreateApiKey(kind=old.kind, name=old.name, scopes=scopes),
        ends_at=old.expires_at,
    )
    await repository.end_key(operator.system, old.store_id, old.id, grace_seconds=data.grace_seconds or None)
    await operator.audit(
        old.store_id,
        "api_key.rotated",
        subject=key_id,
        new={"new_key": new.id, "grace_seconds": data.grace_seconds},
    )
    return new


async def revoke_key(operator: Operator, key_id: str) -> ApiKeyOut:
    """End a key at once. Revoking a revoked key changes nothing."""
    row = await repository.find_key(operator.system, ids.decode(Kind.API_KEY, key_id))
    if row.revoked_at is None:
        row = await repository.end_key(operator.system, row.store_id, row.id, grace_seconds=None)
        await operator.audit(row.store_id, "api_key.revoked", subject=key_id)
        operator.changed(row.store_id)
    return key_out(row)


def position_of(store: StoreOut) -> list[str]:
    """Where a store stands in the list of stores, for a cursor."""
    return [str(ids.decode(Kind.STORE, store.id))]
