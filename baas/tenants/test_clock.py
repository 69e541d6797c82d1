"""The clock of a test store: moved forward, so that what takes days is seen in seconds.

Reservations lapse, carts are abandoned, deliveries and notifications come due over the same code as in a live
store, because all of it asks `core.values.clock` or compares with the store's offset. The clock never goes back: what has
happened has happened.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec

from baas.core.db import StoreSession
from baas.core.errors import Conflict, ValidationFailed
from baas.core.scope import Mode
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.tenants import audit, repository
from baas.tenants.operators import Operator
from baas.tenants.service import changed

FURTHEST: Final = timedelta(days=5 * 365)
_PART: Final = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


class LiveClock(Conflict):
    """Only a test store has a clock of its own."""

    title = "The clock of a live store cannot be moved."


class AdvanceClock(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far to move the clock."""

    advance: Annotated[str, msgspec.Meta(min_length=2, max_length=40, examples=["3d", "1h30m"])]
    """Weeks, days, hours, minutes, seconds: `2w`, `3d`, `1h30m`, `45s`."""


class TestClock(msgspec.Struct, frozen=True, kw_only=True):
    """The store's time."""

    now: Annotated[str, msgspec.Meta(examples=["2026-11-24T14:03:27.512Z"])]
    """As the store sees it."""
    offset_seconds: Annotated[int, msgspec.Meta(examples=[259200])]
    """How far it is ahead of the real time; 0 for a live store."""


def duration(text: str) -> timedelta:
    """A length of time such as `3d` or `1h30m`. Raises ValidationFailed."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValidationFailed.field("advance", "is a length of time such as 3d, 12h, 1h30m or 45s")
    try:
        found = sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        found = FURTHEST * 2
    if not timedelta() < found <= FURTHEST:
        raise ValidationFailed.field("advance", "is more than nothing and at most five years")
    return found


def read(session: StoreSession) -> TestClock:
    """The store's time."""
    return _shape(session.scope.clock_offset)


async def advance(session: StoreSession, by: timedelta) -> TestClock:
    """Move the caller's store forward. Raises LiveClock; ValidationFailed beyond five years."""
    if session.scope.mode is not Mode.TEST:
        raise LiveClock
    store = await repository.own_store_for_update(session)
    before: timedelta = store.clock_offset
    store.clock_offset = _moved(before, by)
    await session.flush()
    await audit.record(
        session,
        "test_clock.advanced",
        subject=ids.encode(Kind.STORE, store.id),
        old=_seconds(before),
        new=_seconds(store.clock_offset),
    )
    changed(session)
    return _shape(store.clock_offset)


async def advance_store(operator: Operator, reference: str, by: timedelta) -> TestClock:
    """Move a store forward, named by its id or slug. Raises NotFound, LiveClock, ValidationFailed."""
    store_id = ids.try_decode(Kind.STORE, reference)
    row = await repository.find_store(
        operator.system, store_id=store_id, slug=None if store_id is not None else reference
    )
    if row.mode != Mode.TEST:
        raise LiveClock(store=reference)
    after = _moved(row.clock_offset, by)
    await repository.update_store(operator.system, row.id, {"clock_offset": after})
    await operator.audit(row.id, "test_clock.advanced", old=_seconds(row.clock_offset), new=_seconds(after))
    operator.changed(row.id)
    return _shape(after)


def _moved(before: timedelta, by: timedelta) -> timedelta:
    after = before + by
    if after > FURTHEST:
        raise ValidationFailed.field("advance", "would move the clock more than five years ahead")
    return after


def _seconds(offset: timedelta) -> dict[str, Any]:
    return {"offset_seconds": round(offset.total_seconds())}


def _shape(offset: timedelta) -> TestClock:
    return TestClock(now=clock.rfc3339(clock.now() + offset), offset_seconds=round(offset.total_seconds()))
