"""How senders do, as this process sees it: whoever fails for reasons of its own is left alone, and then probed."""

import asyncio
import time
from datetime import timedelta
from typing import Final

from baas.services.notifications import policy

_CROWDED: Final = timedelta(seconds=1)


class Health:
    """How a sender does, as this process sees it."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(policy.PER_SENDER)
        self.in_hand = 0
        self.failures = 0
        self.paused_until = 0.0
        self.sent_at = -1e9

    def note(self, *, failed: bool) -> None:
        """Count failures in a row; from the second one on, each brings a pause, twice as long as the last."""
        if not failed:
            self.failures = 0
            self.paused_until = 0.0
            self.sent_at = time.monotonic()
            return
        self.failures += 1
        if self.failures >= policy.PAUSE_AFTER:
            pause = min(policy.PAUSE * 2 ** min(self.failures - policy.PAUSE_AFTER, 10), policy.LONGEST_PAUSE)
            self.paused_until = time.monotonic() + pause.total_seconds()

    def pause(self, *, others: int) -> timedelta:
        """How long to leave it alone from now; nothing when it can have one more message beside `others` in hand."""
        left = self.paused_until - time.monotonic()
        if left > 0:
            return timedelta(seconds=left)
        if self.failures >= policy.PAUSE_AFTER and others:
            return policy.PAUSE
        # D-052
        # Waiting for one of its places would hold one that other senders can use, unless it is quick.
        is_quick = time.monotonic() - self.sent_at < policy.SLOW.total_seconds()
        return _CROWDED if self.places.locked() and not is_quick else timedelta(0)
