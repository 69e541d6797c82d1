"""When and how often a message is tried, and how many at once."""

import random
from datetime import timedelta
from typing import Final

SCHEDULE: Final = (
    timedelta(0),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=8),
    timedelta(hours=12),
)
"""The waits before each attempt: eight within a day and an hour, each longer or shorter by up to a fifth."""
JITTER: Final = 0.2
LONGEST_RETRY_AFTER: Final = timedelta(hours=6)

SEND_SECONDS: Final = 30.0
"""For one attempt, from the name of the server to its last word."""
LEASE: Final = timedelta(seconds=120)
"""After that, the message of a worker that died is somebody else's."""
TOTAL: Final = 32
"""Messages in flight in one worker, without those that only wait for a slow server."""
SLOW: Final = timedelta(seconds=1)
"""A server that has had a message for so long is slow: the message's place is somebody else's meanwhile."""
ASIDE: Final = 256
"""Messages that may wait so."""
PER_STORE: Final = 4
AHEAD: Final = 28
"""Messages of a store whose sender is quick that are claimed beyond its places: they are prepared and recorded together."""
AHEAD_TOTAL: Final = 256
AHEAD_SECONDS: Final = 0.5
"""As many are claimed ahead as were sent in this time."""
PER_SENDER: Final = 16
"""Over one sender; only that of the deployment serves several stores."""

PAUSE_AFTER: Final = 2
"""Failures in a row that are the sender's and not the message's. From then on it is probed with one message at a time."""
PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=5)

KEPT: Final = timedelta(days=180)
CONTENT_KEPT: Final = timedelta(days=30)


def wait_before(step: int, retry_after: timedelta | None = None) -> timedelta | None:
    """The wait before attempt number `step` of a round, from 0; None when the schedule is spent.

    A receiver may ask for more patience, up to six hours.
    """
    if step >= len(SCHEDULE):
        return None
    wait = SCHEDULE[step] * (1 + random.uniform(-JITTER, JITTER))  # noqa: S311  spreading needs no secret
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return wait
