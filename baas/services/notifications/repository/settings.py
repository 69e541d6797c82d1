"""The one row of settings that a store has, or has not yet."""

from typing import Any, Final

from baas.core.db import StoreWork

_COLUMNS: Final = (
    "sender_name, sender_email, reply_to, alerts_to, locale, email_provider, email_options, email_secret,"
    " whatsapp_options, whatsapp_secret, whatsapp_app_secret, whatsapp_verify_token, rules, brand"
)
_GET: Final = f"select {_COLUMNS} from notification_settings where store_id = $1"
_MAKE: Final = """
insert into notification_settings (store_id, updated_at) values ($1, $2) on conflict (store_id) do nothing
"""


async def find(work: StoreWork) -> Any | None:
    """The row."""
    return await work.fetchrow(_GET, work.scope.store_id)


async def lock(work: StoreWork, now: Any) -> Any:
    """The row, made when it was not there, locked."""
    await work.execute(_MAKE, work.scope.store_id, now)
    return await work.fetchrow(f"{_GET} for update", work.scope.store_id)


async def lock_if_there(work: StoreWork) -> Any | None:
    """The row, locked; None for a store that has said nothing."""
    return await work.fetchrow(f"{_GET} for update", work.scope.store_id)


async def update(work: StoreWork, changes: dict[str, Any], now: Any) -> None:
    """Set columns; the names come from the code, the values from the caller."""
    names = "".join(f", {name} = ${position}" for position, name in enumerate(changes, start=3))
    await work.execute(
        f"update notification_settings set updated_at = $2{names} where store_id = $1",
        work.scope.store_id,
        now,
        *changes.values(),
    )
