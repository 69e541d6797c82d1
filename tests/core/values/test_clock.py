"""One source of time."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec

from baas.core.values import clock
from baas.worker import Worker
from tests.clients import Shop


def test_it_is_aware_and_in_utc() -> None:
    """Nobody has to guess."""
    assert clock.now().tzinfo is UTC


def test_the_wire_form_is_utc_with_milliseconds() -> None:
    """RFC 3339, whatever the zone was."""
    moment = datetime(2026, 11, 21, 1, 2, 3, 4_999, timezone(timedelta(hours=-3)))
    assert clock.rfc3339(moment) == "2026-11-21T04:02:03.004Z"
    assert clock.rfc3339(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


async def test_a_test_store_may_be_ahead(shop: Shop, worker: Worker) -> None:
    """Its scope carries by how much."""
    scope = await shop.scope(worker)
    ahead = msgspec.structs.replace(scope, clock_offset=timedelta(days=3))
    assert timedelta(days=2, hours=23) < clock.now(ahead) - clock.now(scope) < timedelta(days=3, seconds=1)
