"""The one source of time. A test store may carry an offset, so its expiries can be tested in seconds."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baas.core.scope import StoreScope

_ZERO = timedelta(0)


def now(scope: "StoreScope | None" = None) -> datetime:
    """The present moment in UTC, as the given store sees it."""
    moment = datetime.now(UTC)
    return moment + scope.clock_offset if scope is not None and scope.clock_offset else moment


def rfc3339(moment: datetime) -> str:
    """The wire form of a moment: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
