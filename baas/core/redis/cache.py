"""Ready answers: first in the process, then in Redis, then made once.

Keys are made by `StoreScope.key` and carry the version of what they answer (the store's
`catalog_version`), so an old entry is never found again, only forgotten: nothing is ever invalidated.
"""

import asyncio
import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, cast

import msgspec
from redis.asyncio import Redis

from baas.core.redis.circuit import Circuit, Unanswered
from baas.core.redis.together import Together

_OVERHEAD: Final = 350
"""Bytes that an entry costs beside its body and key: objects, hash table, list nodes."""

_LARGEST_SHARE: Final = 8
"""An entry larger than this part of the budget is not kept in the process: it would push out too many."""

_MAX_REMEMBERED: Final = 16_384
"""Requests whose key is remembered, about 500 bytes each."""

# D-044: Redis caches only while it helps.
_VAIN: Final = 128
"""Questions in a row to which Redis had nothing, after which it is asked, and told, of a few entries only."""

_FEW: Final = 32
"""Then one key in 32, the same ones in every process, until one is there: another fills the same cache, or did so before."""

_BATCH: Final = 64
"""Entries that are brought to Redis at once; more that wait for it are kept here alone."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A body as it goes out, and its strong ETag, quotes included."""

    body: bytes
    etag: str


def etag_of(body: bytes) -> str:
    """A strong ETag: equal for equal bytes, in every process."""
    # SHA-256 has instructions of its own in most processors: a fifth of BLAKE2's time for a long list.
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def digest(*parts: object) -> str:
    """A short name for what callers chose freely (a search, a cursor, filters), for use as a part of a key.

    Different parts give different names, also where joining them by a sign would not: ("a:b",) and ("a", "b").
    """
    try:
        text = msgspec.json.encode(parts)
    except UnicodeEncodeError:  # half a surrogate pair: somebody's search, not our mistake
        text = ascii(parts).encode()
    return hashlib.sha256(text).hexdigest()[:32]


Request = tuple[str, str, bytes]
"""All that an answer depends on: the revision of a store's profile (no other store has it), the path and the query.

Texts alone, which the garbage collector need not walk."""


class _Flight:
    """One request that makes an entry, and the twins that wait for it."""

    __slots__ = ("entry", "error", "landed")

    def __init__(self) -> None:
        self.landed: asyncio.Event | None = None
        """Made by the first twin: most requests have none."""
        self.entry: Entry | None = None
        self.error: Exception | None = None


class ByteCache:
    """Least recently used entries up to a number of bytes, shared over Redis as far as it answers."""

    def __init__(
        self,
        redis: Redis | None,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        ttl_seconds: int = 600,
        circuit: Circuit | None = None,
    ) -> None:
        """`ttl_seconds` is how long Redis keeps an entry; without Redis each process caches alone."""
        self._redis = redis
        self._ttl = ttl_seconds
        self._max_bytes = max_bytes
        self._circuit = circuit or Circuit("cache")
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        # Ordered, for the oldest of a plain dictionary is ever farther to find the more have left it.
        self._keys: OrderedDict[Request, tuple[str, int]] = OrderedDict()
        self._flights: dict[str, _Flight] = {}
        self._stored = Together(self._load)
        self._made: dict[str, Entry] = {}
        self._in_vain = 0
        self._writer: asyncio.Task[None] | None = None
        self.bytes = 0
        """What the entries of this process take, about."""
        # Plain numbers, read by the metrics when somebody asks.
        self.hits = 0
        self.shared_hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def peek(self, key: str) -> Entry | None:
        """The entry when this process has it. Never waits."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            self.hits += 1
        return entry

    def remember(self, request: Request, key: str, max_age: int) -> None:
        """Note under which key a request is answered, so that its twins need not work that out again."""
        if len(self._keys) >= _MAX_REMEMBERED:
            self._keys.popitem(last=False)
        self._keys[request] = (key, max_age)

    def recall(self, request: Request) -> tuple[Entry, int] | None:
        """The answer of a request and its `max-age`, when this process knows both. Never waits."""
        known = self._keys.get(request)
        if known is None:
            return None
        entry = self.peek(known[0])
        return None if entry is None else (entry, known[1])

    async def get(self, key: str, fill: Callable[[], Awaitable[bytes]]) -> Entry:
        """The entry; `fill` makes its body when neither the process nor Redis has it.

        Of many requests for one key, one fills and the others wait. When it fails, they all get its
        error and nothing is kept; when it is cancelled, the next one that waits fills.
        """
        while True:
            entry = self.peek(key)
            if entry is not None:
                return entry
            flight = self._flights.get(key)
            if flight is None:
                return await self._fly(key, fill)
            if flight.landed is None:
                flight.landed = asyncio.Event()
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if flight.entry is not None:
                self.hits += 1
                return flight.entry

    async def aclose(self) -> None:
        """Wait for what is still being written to Redis; each write has its own time limit."""
        if self._writer is not None:
            await self._writer

    async def _fly(self, key: str, fill: Callable[[], Awaitable[bytes]]) -> Entry:
        flight = self._flights[key] = _Flight()
        try:
            is_shared = self._is_worth_asking(key)
            entry = _entry_of(await self._stored.ask(key)) if is_shared else None
            if entry is not None:
                self.shared_hits += 1
                self._in_vain = 0
            else:
                self.misses += 1
                body = await fill()
                entry = Entry(body, etag_of(body))
                if is_shared:
                    self._share(key, entry)
            self._keep(key, entry)
            flight.entry = entry
            return entry
        except Exception as error:
            flight.error = error
            raise
        finally:
            # Cancelled: neither entry nor error, and the twins try themselves.
            del self._flights[key]
            if flight.landed is not None:
                flight.landed.set()

    def _keep(self, key: str, entry: Entry) -> None:
        size = _size(key, entry)
        if size > self._max_bytes // _LARGEST_SHARE:
            return
        # The same key cannot be there already: whoever fills is alone, and began without an entry.
        self._entries[key] = entry
        self.bytes += size
        while self.bytes > self._max_bytes:
            self.bytes -= _size(*self._entries.popitem(last=False))

    def _is_worth_asking(self, key: str) -> bool:
        """Whether to go over Redis for an entry: always while it has some, for a few keys while it has none.

        What it is not asked for is not brought there either: a process that nobody else helps has nobody to help. The
        few are the same for all, so a second one finds them among its first questions, or brings them, and both share
        everything from then on.
        """
        if self._redis is None or self._circuit.is_open:
            return False
        self._in_vain += 1
        return self._in_vain <= _VAIN or zlib.crc32(key.encode()) % _FEW == 0

    async def _load(self, keys: list[str]) -> list[bytes | None]:
        """What Redis has under the keys: nothing, when it does not answer."""
        redis = cast("Redis", self._redis)  # nobody asks without one
        try:
            return await self._circuit.ask(lambda: cast("Awaitable[list[bytes | None]]", redis.mget(keys)))
        except Unanswered:
            return [None] * len(keys)

    def _share(self, key: str, entry: Entry) -> None:
        """Give the entry to the other processes, while the request goes on."""
        if self._redis is None or self._circuit.is_open or len(self._made) >= _BATCH:
            return
        self._made[key] = entry
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(self._redis))

    async def _write(self, redis: Redis) -> None:
        try:
            while self._made:
                batch, self._made = self._made, {}
                pipe = redis.pipeline(transaction=False)
                for key, entry in batch.items():
                    pipe.set(key, entry.etag.encode() + b"\n" + entry.body, ex=self._ttl)
                try:
                    await self._circuit.ask(pipe.execute)
                except Unanswered:
                    pass  # best effort: the others make their own
        finally:
            self._writer = None


def _entry_of(stored: bytes | None) -> Entry | None:
    """What was stored; None for what is no entry."""
    if stored is None:
        return None
    etag, separator, body = stored.partition(b"\n")
    return Entry(body, etag.decode("latin-1")) if separator else None


def _size(key: str, entry: Entry) -> int:
    return len(key) + len(entry.body) + _OVERHEAD
