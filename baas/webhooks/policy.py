"""When a delivery is tried again, and when an endpoint is left alone or given up. Pure functions."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

import msgspec

LOOP: Final = "deliveries"
"""The name of the worker's loop that sends; whoever makes something due wakes it."""
SCHEDULE: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait before each attempt, counted from the one before: ten attempts within about 75 hours."""
JITTER: Final = 0.2
# Each of these three is longer than the one before, by the time that what it covers beside that one takes.
TIMEOUT_SECONDS: Final = 15.0
"""The limit of one request."""
LATEST_SECONDS: Final = TIMEOUT_SECONDS + 5
"""A request begins only with as much left of its lease: it may take its whole time limit, then its outcome is written."""
LEASE: Final = timedelta(seconds=LATEST_SECONDS + 10)
"""How long a claim lasts, so that another process takes over what a dead one held. What is claimed ahead may wait for a place
for the difference."""
EXCERPT_BYTES: Final = 1024
THROTTLED_WAIT: Final = timedelta(seconds=60)
"""The least wait after a timeout or 429: a receiver that is overloaded is not helped by haste."""
GIVE_UP_AFTER: Final = timedelta(days=5)
"""An endpoint that only failed for this long is disabled."""
SECRET_OVERLAP: Final = timedelta(hours=24)
CIRCUIT_AFTER: Final = 5
"""Failures in a row after which an endpoint is `failing`, and left alone for a while."""
CIRCUIT_PAUSE: Final = timedelta(seconds=10)
CIRCUIT_LONGEST: Final = timedelta(minutes=5)

GONE: Final = 410
TOO_MANY: Final = 429


class Limits(msgspec.Struct, frozen=True):
    """How many deliveries one process has in flight at once."""

    total: int = 512
    per_store: int = 64
    per_endpoint: int = 32
    unsteady: int = 4
    """For an endpoint whose last attempt failed."""
    probing: int = 1
    """For an endpoint whose circuit was opened."""
    ahead: int = 128
    """How many more of an endpoint may wait in the process, where deliveries end quickly."""
    ahead_total: int = 512


def wait_before(
    attempt: int,
    *,
    status: int | None,
    timed_out: bool,
    retry_after: timedelta | None,
    chance: float | None = None,
) -> timedelta | None:
    """How long to wait before attempt number `attempt` (0 is the first), after the one before failed.

    None when the schedule is spent. `Retry-After` counts between one and two times the plan. `chance`, from
    0 to 1, replaces the random part (tests).
    """
    if attempt >= len(SCHEDULE):
        return None
    luck = random.random() if chance is None else chance  # noqa: S311  spreads load, guards nothing
    planned = SCHEDULE[attempt] * (1 - JITTER + 2 * JITTER * luck)
    wait = planned if retry_after is None else min(max(retry_after, planned), 2 * planned)
    return max(wait, THROTTLED_WAIT) if timed_out or status == TOO_MANY else wait


def is_failing(failures: int) -> bool:
    """Whether an endpoint with so many failures in a row is `failing`."""
    return failures >= CIRCUIT_AFTER


def is_failing_sql(failures: str) -> str:
    """The same rule in SQL, about an expression for the number of failures."""
    return f"{failures} >= {CIRCUIT_AFTER}"


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a `Retry-After` header asks for: seconds or an HTTP date. None for anything else."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))


def is_success(status: int) -> bool:
    """Only 2xx is: a redirect is not followed, so the receiver has not taken the event."""
    return 200 <= status < 300


@lru_cache(maxsize=1024)
def patterns_of(event_type: str) -> tuple[str, ...]:
    """The patterns that match an event type: `*`, each of its families, and itself."""
    parts = event_type.split(".")
    families = [".".join(parts[:length]) + ".*" for length in range(1, len(parts))]
    return ("*", *families, event_type)


def excerpt(body: bytes) -> str:
    """The beginning of an answer as text that PostgreSQL takes, whatever the bytes are."""
    return body[:EXCERPT_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")
