"""How many messages of each store a worker has in hand, and how many more it may claim.

A store has few places, and the process has a number of them, so senders that hang hold those of their own stores. Where
messages are sent quickly, some more are claimed ahead: what is claimed together is prepared, rendered and recorded
together, which costs hardly more than for one.
"""

import asyncio
import math
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from baas.services.notifications import policy

_MEMORY_SECONDS: Final = 0.25
"""How far back the pace of a store is looked at."""


class Room(msgspec.Struct, frozen=True):
    """What a claim may take."""

    free: int
    busy: Mapping[UUID, int]
    """By store, how many of its places are taken; fewer than none where some may be claimed ahead."""


class StorePlaces:
    """What this process has in hand of one store."""

    def __init__(self) -> None:
        self.held = 0
        self.sending = asyncio.Semaphore(policy.PER_STORE)
        self.ended = 0
        """Sent since the last claim."""
        self.pace = 0.0
        """Sent a second, lately."""
        self.ahead = 0
        self.wakes_at = 0
        """When no more than so many are in hand, it is time to claim; below nothing when that was said."""


class Places:
    """Who is in hand. Nothing here waits: the dispatcher asks."""

    def __init__(self) -> None:
        self._stores: dict[UUID, StorePlaces] = {}
        self._asked_at = 0.0

    def ask(self, at: float, slow: int) -> Room:
        """What the next claim may take. `at` is a moment in seconds on a clock that only rises; `slow` is how many
        messages do nothing but wait for a server, whose places are others' meanwhile."""
        passed = max(at - self._asked_at, 1e-6)
        self._asked_at = at
        forgotten = math.exp(-passed / _MEMORY_SECONDS)
        left, used, busy = policy.AHEAD_TOTAL, 0, {}
        for store_id, store in list(self._stores.items()):
            store.pace = forgotten * store.pace + (1 - forgotten) * store.ended / passed
            store.ended = 0
            if not store.held and store.pace < 1:
                del self._stores[store_id]
                continue
            store.ahead = min(int(store.pace * policy.AHEAD_SECONDS), policy.AHEAD, left)
            left -= store.ahead
            used += min(store.held, policy.PER_STORE)
            # A store that is far from done waits: small claims of many would cost what large ones save.
            is_busy = store.ahead and store.held > (policy.PER_STORE + store.ahead) // 2
            busy[store_id] = policy.PER_STORE if is_busy else store.held - store.ahead
        ahead = policy.AHEAD_TOTAL - left
        return Room(free=policy.TOTAL - used + slow + ahead, busy=busy)

    def add(self, store_id: UUID, count: int) -> StorePlaces:
        """A store has so many more in hand."""
        store = self._stores.get(store_id)
        if store is None:
            store = self._stores[store_id] = StorePlaces()
        store.held += count
        store.wakes_at = store.held // 2
        return store

    def end(self, store: StorePlaces, *, sent: bool) -> bool:
        """One of a store's is done. Answers whether it is time to claim more: a claim for each would cost more than
        the sending."""
        store.held -= 1
        if sent:
            store.ended += 1
        if store.held > store.wakes_at:
            return False
        store.wakes_at = store.held - policy.PER_STORE
        return True
