"""When a delivery is tried again: pure rules."""

from datetime import UTC, datetime, timedelta

import pytest

from baas.core.db import Database
from baas.webhooks.policy import (
    CIRCUIT_AFTER,
    LATEST_SECONDS,
    LEASE,
    SCHEDULE,
    TIMEOUT_SECONDS,
    excerpt,
    is_failing,
    is_failing_sql,
    is_success,
    parse_retry_after,
    patterns_of,
    wait_before,
)

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def plan(attempt: int, chance: float = 0.5, **more: object) -> timedelta | None:
    options = {"status": 500, "timed_out": False, "retry_after": None, **more}
    return wait_before(attempt, chance=chance, **options)  # type: ignore[arg-type]  # a test's shorthand


def test_ten_attempts_over_three_days_and_then_no_more() -> None:
    waits = [plan(attempt) for attempt in range(1, 10)]
    seconds = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert waits == [timedelta(seconds=value) for value in seconds]
    assert plan(10) is None
    assert len(SCHEDULE) == 10


def test_a_lease_outlasts_a_request_and_the_writing_of_its_outcome() -> None:
    """Or a delivery would be claimed by another process while it is sent: twice at once. The parts are in seconds."""
    assert TIMEOUT_SECONDS < LATEST_SECONDS < LEASE.total_seconds()
    assert LATEST_SECONDS - TIMEOUT_SECONDS >= 5, (
        "the outcome is written within it, also by a process that leaves"
    )
    assert LEASE.total_seconds() - LATEST_SECONDS >= 5, (
        "what waits for a place is sent within it, or given back"
    )


async def test_the_database_and_the_worker_agree_on_when_an_endpoint_is_failing(database: Database) -> None:
    """The rule is there in SQL and in Python."""
    async with database.relay(reason="a test compares a rule") as system:
        for failures in range(2 * CIRCUIT_AFTER):
            row = (await system.fetch(f"select {is_failing_sql('$1::int')} as failing", failures))[0]
            assert row["failing"] is is_failing(failures), failures
    assert is_failing(CIRCUIT_AFTER)
    assert not is_failing(CIRCUIT_AFTER - 1)


def test_the_wait_varies_by_a_fifth_either_way() -> None:
    assert plan(2, 0.0) == timedelta(seconds=240)
    assert plan(2, 1.0) == timedelta(seconds=360)
    drawn = {wait_before(2, status=500, timed_out=False, retry_after=None) for _ in range(200)}
    assert len(drawn) > 150
    assert all(wait is not None and 240 <= wait.total_seconds() <= 360 for wait in drawn)


@pytest.mark.parametrize("asked, wait", [(1, 300), (300, 300), (450, 450), (600, 600), (86_400, 600)])
def test_retry_after_counts_between_one_and_two_times_the_plan(asked: int, wait: int) -> None:
    assert plan(2, retry_after=timedelta(seconds=asked)) == timedelta(seconds=wait)


def test_after_a_timeout_or_429_at_least_a_minute_passes() -> None:
    assert plan(1, timed_out=True) == timedelta(seconds=60)
    assert plan(1, status=429) == timedelta(seconds=60)
    assert plan(1, status=429, retry_after=timedelta(seconds=1)) == timedelta(seconds=60)
    assert plan(2, timed_out=True) == timedelta(seconds=300)
    assert plan(10, timed_out=True) is None


@pytest.mark.parametrize(
    "header, seconds",
    [
        (None, None),
        ("120", 120),
        (" 7 ", 7),
        ("99999999999999999999", 10**8),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        ("Sat, 99 Nov 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert parse_retry_after(header, NOW) == expected


def test_only_2xx_is_success() -> None:
    assert [
        status for status in (100, 199, 200, 204, 299, 300, 301, 302, 400, 500) if is_success(status)
    ] == [*(200, 204, 299)]


def test_a_type_is_matched_by_itself_and_its_families() -> None:
    assert patterns_of("order.paid") == ("*", "order.*", "order.paid")
    assert patterns_of("custom.a.b") == ("*", "custom.*", "custom.a.*", "custom.a.b")


def test_an_excerpt_is_always_text() -> None:
    assert excerpt(b"ok") == "ok"
    assert excerpt("ñ".encode() * 1000) == "ñ" * 512
    assert "\0" not in excerpt(b"\0\xff\xfe" * 2000)
    excerpt(("a" * 1023 + "ñ").encode()).encode()
