"""The places of one process: which of the deliveries it claimed are sent now, and which wait for one that ends.

An endpoint, a store and the process have a number of places each, so a receiver that hangs holds the few of its
endpoint and nobody else's. Where deliveries end quickly, some more are claimed ahead, so that a free place
does not wait for the database. Places go by turns: between stores, and in a store between its endpoints.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from baas.webhooks import policy
from baas.webhooks.policy import Limits
from baas.webhooks.repository.queue import Claim, Held

_AHEAD_SECONDS: Final = 0.1
"""As many are claimed ahead as end in this time: on a busy database a claim takes a good part of it."""
_MEMORY_SECONDS: Final = 0.1
"""How far back the pace of an endpoint is looked at."""


class _Store:
    __slots__ = ("ahead", "held", "id", "in_turn", "lines", "sending")

    def __init__(self, store_id: UUID) -> None:
        self.id = store_id
        self.sending = 0
        self.held = 0
        self.ahead = 0
        self.lines: deque[_Line] = deque()
        """Those that have something waiting and a place for it."""
        self.in_turn = False


class _Line:
    """What this process holds of one endpoint's deliveries."""

    __slots__ = ("ended", "failures", "full", "in_turn", "pace", "places", "sending", "store", "waiting")

    def __init__(self, store: _Store, places: int) -> None:
        self.store = store
        self.places = places
        self.sending = 0
        self.waiting: deque[Claim] = deque()
        self.in_turn = False
        self.ended = 0
        """Successes since the last claim."""
        self.pace = 0.0
        """Successes a second, lately."""
        self.failures = 0
        """In a row."""
        self.full = 0
        """How many were held after a claim that may have left others behind; 0 when it did not."""

    @property
    def held(self) -> int:
        return self.sending + len(self.waiting)


class Places:
    """Who is sent and who waits. Nothing here waits itself: the dispatcher asks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._sending = 0
        self._held = 0
        self._lines: dict[UUID, _Line] = {}
        self._stores: dict[UUID, _Store] = {}
        self._turns: deque[_Store] = deque()
        self._asked_at = 0.0

    def held_of(self, endpoint_id: UUID) -> int:
        """How many deliveries of an endpoint are sent or wait here."""
        line = self._lines.get(endpoint_id)
        return line.held if line is not None else 0

    def ask(self, at: float) -> Held:
        """What the next claim has to know. `at` is a moment in seconds on a clock that only rises."""
        passed = max(at - self._asked_at, 1e-6)
        self._asked_at = at
        forgotten = math.exp(-passed / _MEMORY_SECONDS)
        for line in self._lines.values():
            line.pace = forgotten * line.pace + (1 - forgotten) * line.ended / passed
            line.ended = 0
        self._lines = {name: line for name, line in self._lines.items() if line.held or line.pace > 1}
        self._stores = {line.store.id: line.store for line in self._lines.values()}
        for store in self._stores.values():
            store.ahead = 0
        endpoints: dict[UUID, tuple[int, int]] = {}
        left = self.limits.ahead_total
        for name, line in self._lines.items():
            ahead = min(int(line.pace * _AHEAD_SECONDS), self.limits.ahead, left)
            line.store.ahead += ahead
            left -= ahead
            endpoints[name] = (line.held, ahead)
        return Held(
            free=self.limits.total - self._held + self.limits.ahead_total - left,
            endpoints=endpoints,
            stores={name: store.held - store.ahead for name, store in self._stores.items()},
        )

    def add(self, claims: Iterable[Claim]) -> None:
        """Line up what was claimed."""
        for claim in claims:
            line = self._lines.get(claim.endpoint_id)
            if line is None:
                line = self._lines[claim.endpoint_id] = self._new_line(claim.store_id)
            line.waiting.append(claim)
            line.store.held += 1
            self._held += 1
            self._line_up(line)
        limits = self.limits
        for line in self._lines.values():
            full = (
                line.held >= limits.unsteady
                or line.store.held >= limits.per_store
                or self._held >= limits.total
            )
            line.full = line.held if full else 0

    def next(self) -> Claim | None:
        """The delivery whose turn it is; it has a place from now on. None when nothing waits that could have one."""
        while self._turns and self._sending < self.limits.total:
            store = self._turns.popleft()
            store.in_turn = False
            while store.lines:
                line = store.lines.popleft()
                line.in_turn = False
                if line.waiting and line.sending < line.places:
                    line.sending += 1
                    store.sending += 1
                    self._sending += 1
                    claim = line.waiting.popleft()
                    self._line_up(line)
                    return claim
        return None

    def unused(self, claim: Claim) -> None:
        """Free the place of a delivery that was not sent."""
        self._free(self._lines[claim.endpoint_id])

    def end(self, claim: Claim, *, succeeded: bool) -> bool:
        """Free the place of a delivery. Answers whether it is time to claim more.

        It is when others may be waiting in the queue and half of what the endpoint had has ended: a claim for each
        that ends would cost more than the sending. After a failure the endpoint has a few places only, as in
        the queue.
        """
        line = self._lines[claim.endpoint_id]
        if succeeded:
            line.ended += 1
            line.failures, line.places = 0, self.limits.per_endpoint
        else:
            line.failures, line.places = line.failures + 1, self.limits.unsteady
        self._free(line)
        if 0 < line.full >= 2 * line.held:
            line.full = 0
            return True
        return False

    def take_back(self, endpoint_id: UUID) -> list[Claim]:
        """What waits for an endpoint whose circuit opens by now; nobody sends it any more."""
        line = self._lines[endpoint_id]
        return self._empty(line) if policy.is_failing(line.failures) else []

    def take_all_back(self) -> list[Claim]:
        """Everything that waits."""
        return [claim for line in self._lines.values() for claim in self._empty(line)]

    def _free(self, line: _Line) -> None:
        line.sending -= 1
        line.store.sending -= 1
        line.store.held -= 1
        self._sending -= 1
        self._held -= 1
        self._line_up(line)

    def _empty(self, line: _Line) -> list[Claim]:
        waiting = list(line.waiting)
        line.waiting.clear()
        line.store.held -= len(waiting)
        self._held -= len(waiting)
        return waiting

    def _new_line(self, store_id: UUID) -> _Line:
        store = self._stores.get(store_id)
        if store is None:
            store = self._stores[store_id] = _Store(store_id)
        return _Line(store, self.limits.per_endpoint)

    def _line_up(self, line: _Line) -> None:
        """Give a line its turn in its store, and the store its own, if they could use one."""
        store = line.store
        if not line.in_turn and line.waiting and line.sending < line.places:
            line.in_turn = True
            store.lines.append(line)
        if not store.in_turn and store.lines and store.sending < self.limits.per_store:
            store.in_turn = True
            self._turns.append(store)
