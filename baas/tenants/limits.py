"""Plan limits, checked where they would be exceeded, and the usage that they are measured by."""

from typing import Any, Final

from baas.core.db import StoreWork
from baas.core.errors import PlanLimitExceeded
from baas.core.values import clock
from baas.tenants.plans import LIMITS, UNLIMITED, limit_of


def check(work: StoreWork, name: str, *, used: int, adding: int = 1) -> None:
    """Refuse with PlanLimitExceeded when `used + adding` is more than the store may have."""
    limit = limit_of(work.scope.store, name)
    if limit != UNLIMITED and used + adding > limit:
        raise PlanLimitExceeded(f"The plan allows {limit} {LIMITS[name]}.", name=name, limit=limit, used=used)


_ADD: Final = """
insert into usage_counters (store_id, metric, period, used) values ($1, $2, $3, $4)
on conflict (store_id, metric, period) do update set used = usage_counters.used + excluded.used
returning used
"""


async def spend(work: StoreWork, name: str, amount: int = 1) -> None:
    """Count something that is limited by the month, in the caller's transaction.

    Raises PlanLimitExceeded when the month's allowance is used up. The counter's row stays locked until
    the transaction ends, so call it late.
    """
    used = await work.fetchval(_ADD, work.scope.store_id, name, _period(), amount)
    check(work, name, used=used - amount, adding=amount)


async def used_this_month(work: StoreWork) -> dict[str, int]:
    """What the store has used in this calendar month, by metric."""
    rows: list[Any] = await work.fetch(
        "select metric, used from usage_counters where store_id = $1 and period = $2",
        work.scope.store_id,
        _period(),
    )
    return dict(rows)


def _period() -> str:
    return clock.now().strftime("%Y-%m")
