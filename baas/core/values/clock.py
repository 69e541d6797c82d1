"""The one source of time. A test store may carry an offset, so its expiries can be tested in seconds."""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baas.core.scope import StoreScope

_ZERO = timedelta(0)


def now(scope: "StoreScope | None" = None) -> datetime:
    """The present moment in UTC, as the given store sees it."""
    moment = datetime.now(UTC)
    return moment + scope.clock_offset if scope is not None and scope.clock_offset else moment


def at(scope: "StoreScope", moment: datetime) -> "StoreScope":
    """The same scope by a clock that shows this moment now: the database's, by which something was found due."""
    return scope.at_offset(moment - now())


def rfc3339(moment: datetime) -> str:
    """The wire form of a moment: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class _Stamp:
    """The wire form of the second that was asked for last: formatting it costs more than all the rest."""

    second = 0
    text = ""


def stamp() -> str:
    """The present real moment in its wire form: `rfc3339(now())`, for what is frequent."""
    second, rest = divmod(time.time_ns(), 1_000_000_000)
    if second != _Stamp.second:
        _Stamp.text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        _Stamp.second = second
    return f"{_Stamp.text}{rest // 1_000_000:03d}Z"
