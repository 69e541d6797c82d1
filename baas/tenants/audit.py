"""The audit log: who changed what, append only. Secrets never reach it."""

from typing import Any, Final

from baas.core.db import StoreWork, SystemConnection
from baas.core.scope import Caller, StoreScope
from baas.core.values import clock, ids

_INSERT: Final = """
insert into audit_log
  (store_id, id, actor_kind, actor_id, action, subject, old, new, request_id, address, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


async def record(
    work: StoreWork,
    action: str,
    *,
    subject: str,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """Write one line in the caller's transaction. `old` and `new` hold only what changed, no secrets."""
    scope: StoreScope = work.scope
    await _insert(
        work, scope.store_id, scope.caller, scope.request_id, scope.address, action, subject, old, new
    )


async def record_for_operator(
    system: SystemConnection,
    store_id: Any,
    caller: Caller,
    request_id: str,
    address: str | None,
    action: str,
    *,
    subject: str,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """Write one line about a store for what an operator did to it."""
    await _insert(system, store_id, caller, request_id, address, action, subject, old, new)


async def _insert(
    work: StoreWork | SystemConnection,
    store_id: Any,
    caller: Caller,
    request_id: str,
    address: str | None,
    action: str,
    subject: str,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
) -> None:
    await work.execute(
        _INSERT,
        store_id,
        ids.new_id(),
        caller.kind.value,
        caller.id,
        action,
        subject,
        old,
        new,
        request_id,
        address,
        clock.now(),
    )
