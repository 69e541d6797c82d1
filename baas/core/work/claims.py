"""Who claims work, so that what a dead process had claimed is taken over within seconds (D-092).

A row of a queue that is being worked on carries `claimed_by`, the random number of the process that works on it, and
`claimed_until`, the end of its lease. Such a row is free again when its lease has ended (a task that is stuck), or when
its process has (`baas.core.work.heartbeat` finds out). Both are judged by the database's clock. `claimed_until` differs
from one claim of a row to the next: whoever writes what came of a claim compares it first, so that a process which was
only frozen, and finds its claims taken over, does nothing a second time.
"""

import math
import secrets
import time
from typing import Final

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Seconds on a clock that only rises and, where the system has one, goes on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


class Claimant:
    """This process among all that claim work.

    Its number is new at each start, unlike host and process number, which containers repeat; and new again when the
    others have taken this process for dead, for then its claims are theirs.
    """

    def __init__(self) -> None:
        self.id = secrets.randbits(63)
        self.ended: list[int] = []
        """The numbers of processes that have ended and may have left claims: what they claimed is free."""
        self._sure_until = math.inf

    @property
    def is_sure(self) -> bool:
        """Whether the others still believe that this process lives: one that was frozen cannot know at first.

        A process that never began to beat is always sure: its claims end by their lease alone.
        """
        return elapsed() < self._sure_until

    def holds(self, claimed_by: int) -> bool:
        """Whether what this number claimed is still this process's."""
        return claimed_by == self.id and self.is_sure

    def sure_until(self, moment: float) -> None:
        """Note a beat that the database took: nobody takes this process for dead before a moment of `elapsed`."""
        self._sure_until = moment

    def begin_anew(self) -> None:
        """Take another number: under the last one this process is dead to the others."""
        self.id = secrets.randbits(63)
