"""How often a caller may ask: GCRA, counted in Redis for all processes, leased and spent in each.

A limit of N per minute is a bucket of N tokens that refills at N per minute: a caller may send N at once,
and N per minute for as long as it likes. Redis keeps one number per key, the moment at which the bucket
will be full again. A process takes tokens from it in small lots and spends them without asking, so that
most requests cost a dictionary look-up. A lot begins small and doubles while its lots are spent before they
end, up to what refills in a second and an eighth of what is left. The price: a lot that is not spent within a
second is lost; and no process can grant more than what Redis gave it.

Without Redis, each process goes on with the same rule and the same numbers from the state it last knew;
when Redis is back, what was spent meanwhile is charged there.
"""

import asyncio
import hashlib
from collections.abc import Awaitable
from time import monotonic_ns
from typing import Final, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from baas.core.redis.circuit import Circuit, Unanswered
from baas.core.redis.together import Together

_MINUTE: Final = 60_000_000
"""Microseconds, as every moment and duration in this file."""

_LEASE_LIFE: Final = 1_000_000

# Whole microseconds throughout. The moment is written by string.format: Lua's own tostring() keeps 14
# digits, and these numbers have 16. Grants each key as many of the wanted tokens as there are.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers = {}
for i, key in ipairs(KEYS) do
    local interval, burst, wanted, ahead = unpack(ARGV, 4 * i - 3, 4 * i)
    local full_at = math.max(tonumber(redis.call('GET', key) or '0'), now + ahead)
    local free = math.max(0, math.floor((now + burst - full_at) / interval))
    local granted = math.min(free, tonumber(wanted))
    if granted > 0 or tonumber(ahead) > 0 then
        full_at = full_at + granted * interval
        redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
    end
    answers[i] = {granted, free - granted, full_at - now, math.max(0, full_at + interval - burst - now)}
end
return answers
"""
_SCRIPT_SHA: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


_Lot = tuple[str, int, int, int, int]
"""A key, the time of one token and of all, how many are wanted, and what was spent before Redis knew of it."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What the caller is told, as the `RateLimit-*` and `Retry-After` headers say it."""

    allowed: bool
    limit: int
    """Per minute."""
    remaining: int
    """Requests that would pass now."""
    reset_seconds: int
    """Until all of `limit` would pass at once again."""
    retry_after: int
    """Seconds until the next request passes; 0 when this one did."""


class _Bucket:
    """What this process knows of one key."""

    __slots__ = (
        "beyond",
        "blocked_until",
        "burst",
        "flight",
        "full_at",
        "interval",
        "lease_ends",
        "limit",
        "lot",
        "owed",
        "tokens",
        "touched",
        "waiting",
    )

    def __init__(self, limit: int) -> None:
        self.limit = limit
        # Time is counted in microseconds: nobody is let through more often than one in each.
        self.interval = max(_MINUTE // max(limit, 1), 1)
        self.burst = self.interval * limit
        self.lot = 0  # how many were asked for last
        self.tokens = 0  # leased and not spent
        self.lease_ends = 0
        self.beyond = 0  # what Redis had left after the lease
        self.full_at = 0
        self.blocked_until = 0
        self.owed = False  # spent without Redis, not yet charged there
        self.touched = True
        self.waiting = 0
        self.flight: asyncio.Event | None = None


class RateLimiter:
    """Decides per key and limit. Keys come from `StoreScope.key` or name a client address."""

    def __init__(
        self,
        redis: Redis,
        *,
        processes: int = 1,
        max_keys: int = 20_000,
        circuit: Circuit | None = None,
    ) -> None:
        """`processes` share the limits; `max_keys` bounds the memory (about 400 bytes each)."""
        self._redis = redis
        self._lots_per_minute = 600 * max(processes, 1)
        self._max_keys = max_keys
        self._circuit = circuit or Circuit("ratelimit")
        self._buckets: dict[str, _Bucket] = {}
        self._lots = Together(self._ask_for)

    def __len__(self) -> int:
        return len(self._buckets)

    def try_take(self, key: str, limit_per_minute: int) -> Verdict | None:
        """The verdict when this process can tell by itself; None when it must ask: `await refill()`."""
        bucket = self._buckets.get(key)
        if bucket is None or bucket.limit != limit_per_minute:
            if not self._circuit.is_open:
                return None
            bucket = self._bucket(key, limit_per_minute)
        return self._take(bucket)

    async def refill(self, key: str, limit_per_minute: int) -> Verdict:
        """The verdict after asking Redis for a lot, or without it when it does not answer in time.

        Requests that wait for the same key are served by one question.
        """
        bucket = self._bucket(key, limit_per_minute)
        bucket.waiting += 1
        try:
            while (verdict := self._take(bucket)) is None:
                if bucket.flight is not None:
                    await bucket.flight.wait()
                    continue
                bucket.flight = flight = asyncio.Event()
                try:
                    await self._lease(bucket, key)
                except Unanswered:
                    return self._take_locally(bucket, monotonic_ns() // 1000)
                finally:
                    # Also when this request was cancelled: the next one that waits asks instead.
                    bucket.flight = None
                    flight.set()
            return verdict
        finally:
            bucket.waiting -= 1

    async def check(self, key: str, limit_per_minute: int) -> Verdict:
        """Take one token, asking Redis only when needed."""
        return self.try_take(key, limit_per_minute) or await self.refill(key, limit_per_minute)

    def _take(self, bucket: _Bucket) -> Verdict | None:
        bucket.touched = True
        now = monotonic_ns() // 1000
        if bucket.tokens and now < bucket.lease_ends:
            bucket.tokens -= 1
            full_in = bucket.full_at - bucket.tokens * bucket.interval - now
            return Verdict(True, bucket.limit, bucket.tokens + bucket.beyond, _seconds(full_in), 0)
        if now < bucket.blocked_until:
            return _refused(bucket, now)
        return self._take_locally(bucket, now) if self._circuit.is_open else None

    async def _lease(self, bucket: _Bucket, key: str) -> None:
        """Ask for a lot: at least enough for everybody who waits. Raises Unanswered."""
        asked = monotonic_ns() // 1000
        if asked < bucket.lease_ends:
            # The last lot was spent before its time: this caller is busy, and the next may be larger.
            bucket.lot = min(2 * bucket.lot, bucket.beyond // 8, bucket.limit // 60 + 1)
        else:
            bucket.lot = 1
        wanted = max(bucket.limit // self._lots_per_minute, bucket.lot, bucket.waiting)
        ahead = max(0, bucket.full_at - asked) if bucket.owed else 0
        lot = (key, bucket.interval, bucket.burst, wanted, ahead)
        granted, beyond, until_full, wait = await self._lots.ask(lot)
        bucket.tokens, bucket.beyond, bucket.owed = granted, beyond, False
        bucket.lease_ends = asked + _LEASE_LIFE
        bucket.full_at = asked + until_full
        bucket.blocked_until = asked + wait if wait else 0

    async def _ask_for(self, lots: list[_Lot]) -> list[list[int]]:
        """What Redis grants of each lot. Raises Unanswered."""
        arguments = (*(key for key, *_ in lots), *(str(number) for _, *numbers in lots for number in numbers))

        async def question() -> list[list[int]]:
            try:
                answer = self._redis.evalsha(_SCRIPT_SHA, len(lots), *arguments)
                return await cast("Awaitable[list[list[int]]]", answer)
            except NoScriptError:  # a Redis that was restarted has forgotten it
                answer = self._redis.eval(_SCRIPT, len(lots), *arguments)
                return await cast("Awaitable[list[list[int]]]", answer)

        return await self._circuit.ask(question)

    def _take_locally(self, bucket: _Bucket, now: int) -> Verdict:
        """The same rule over what this process knows."""
        full_at = max(bucket.full_at, now) + bucket.interval
        if full_at - bucket.burst > now:
            bucket.blocked_until = full_at - bucket.burst
            return _refused(bucket, now)
        bucket.full_at = full_at
        bucket.owed = True
        remaining = (now + bucket.burst - full_at) // bucket.interval
        return Verdict(True, bucket.limit, remaining, _seconds(full_at - now), 0)

    def _bucket(self, key: str, limit: int) -> _Bucket:
        buckets = self._buckets
        known = buckets.get(key)
        if known is not None:
            if known.limit == limit:
                return known
            # The plan has changed. What was used stays used; whoever waits on the old bucket finishes there.
            bucket = buckets[key] = _Bucket(limit)
            bucket.full_at, bucket.owed = known.full_at, known.owed
            return bucket
        if len(buckets) >= self._max_keys:
            self._evict()
        bucket = buckets[key] = _Bucket(limit)
        return bucket

    def _evict(self) -> None:
        """Forget one key: the oldest that was not used since the last time it was looked at.

        A few steps and no sweep, so that a flood of addresses costs no request a pause. What is
        forgotten here is still known to Redis.
        """
        buckets = self._buckets
        for _ in range(8):
            key = next(iter(buckets))
            bucket = buckets.pop(key)
            if not bucket.touched and bucket.flight is None:
                return
            bucket.touched = False
            buckets[key] = bucket
        buckets.pop(next(iter(buckets)))


def _refused(bucket: _Bucket, now: int) -> Verdict:
    wait = max(1, _seconds(bucket.blocked_until - now))
    return Verdict(False, bucket.limit, 0, _seconds(bucket.full_at - now), wait)


def _seconds(duration: int) -> int:
    """Whole seconds, rounded up, never negative."""
    return -(-duration // 1_000_000) if duration > 0 else 0
