"""API keys: how they look, what they may do, and the table that finds them on the hot path.

A key is `<kind>_<mode>_<43 base62 characters>`. Only an HMAC under the deployment's secret is stored.
"""

import asyncio
import contextlib
import hashlib
import time
from collections import OrderedDict
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from baas.core.crypto import api_key_hash, random_token
from baas.core.db import Database
from baas.core.db.rows import Projection, Sql, columns, optional_row
from baas.core.errors import InvalidApiKey, NotFound, StoreInactive
from baas.core.scope import Caller, CallerKind, Mode, StoreProfile, StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work.jobs import end_task
from baas.tenants.plans import limit_of
from baas.tenants.schemas import KeyKind

log = structlog.get_logger(__name__)

# D-006: with what passes until an answer is sent, a change is in force within one second.
LIFE: Final = 0.85
"""Seconds that a process believes what it read: with it, a revocation is in force within one second."""
MAX_ENTRIES: Final = 20_000
CHANNEL: Final = "baas:stores"
_PREFIX: Final = {KeyKind.PUBLISHABLE: "pk", KeyKind.SECRET: "sk"}
_TOKEN_BYTES: Final = 32


def new_key(kind: KeyKind, mode: Mode) -> str:
    """A new key as its owner sees it, once."""
    return f"{_PREFIX[kind]}_{mode.value}_{random_token(_TOKEN_BYTES)}"


def shown_prefix(key: str) -> str:
    """The part of a key that may be shown later, beside its last four characters."""
    return key[: key.index("_", 3) + 1] + key[key.index("_", 3) + 1 :][:4]


class Principal(msgspec.Struct, frozen=True):
    """Who a key stands for: a scope that lacks only the request, and until when that is believed."""

    scope: StoreScope
    key_id: UUID | None
    believed_until: float
    """On `time.monotonic()`."""
    limit_key: str
    """What the store's requests are counted under."""
    limit: int
    """Requests a minute of the whole store."""
    address_limit: int
    """Requests a minute of one client address."""


class KnownStoreRow(Projection, frozen=True):
    """A store as every request to it has to know it."""

    __table__ = "stores"

    id: UUID
    name: str
    slug: str
    domain: str | None
    mode: Mode
    plan: str
    is_active: bool
    currency: str
    locale: str
    country: str
    prices_include_tax: bool
    allowed_origins: list[str]
    settings: dict[str, Any]
    flags: dict[str, bool]
    limits: dict[str, int]
    catalog_version: int
    clock_offset: timedelta


class KnownKeyRow(KnownStoreRow, frozen=True):
    """A key that works, and its store."""

    __table__ = ""

    key_id: Annotated[UUID, Sql("k.id")]
    kind: Annotated[CallerKind, Sql("k.kind")]
    scopes: Annotated[list[str], Sql("k.scopes")]


_FIND_KEY: Final = f"""
select {columns(KnownKeyRow, "s")}
from api_keys k join stores s on s.id = k.store_id
where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
"""
_FIND_STORE: Final = f"select {columns(KnownStoreRow)} from stores where id = $1"
_ORIGIN_LISTED: Final = """
select exists (
  select from stores where is_active and case when $2 then allowed_origins && $1::text[]
  else coalesce(settings -> 'admin_origins', '[]') ?| $1::text[] end
) as listed
"""


class KeyTable:
    """Finds the store and the rights of a key: per process, believed for less than a second.

    Revocations reach every process by Redis; when Redis is down, by the short life of what is believed.
    """

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._secret = secret.encode()
        self._digests: dict[bytes, bytes] = {}
        self._principals: OrderedDict[bytes, Principal | None] = OrderedDict()
        self._unknown_until: dict[bytes, float] = {}
        self._by_store: dict[UUID, set[bytes]] = {}
        self._flights: dict[bytes, tuple[float, asyncio.Task[Principal]]] = {}
        self._job_scopes: dict[UUID, tuple[float, StoreScope]] = {}
        self._origins: dict[tuple[str, bool], tuple[float, bool]] = {}
        self._used: set[tuple[UUID, UUID]] = set()

    def hash(self, key: str) -> bytes:
        """What is stored of a key."""
        return api_key_hash(self._secret, key)

    def known(self, key: bytes) -> Principal | None:
        """Who a key that was resolved before stands for, as long as that is believed. Never waits."""
        digest = self._digests.get(key)
        if digest is None:
            return None
        principal = self._principals.get(digest)
        return principal if principal is not None and principal.believed_until > time.monotonic() else None

    async def resolve(self, key: str) -> Principal:
        """Who a key stands for. Raises InvalidApiKey or StoreInactive."""
        digest = self._digests.get(key.encode("latin-1", "replace")) or self.hash(key)
        principal = self._principals.get(digest)
        if principal is not None and principal.believed_until > time.monotonic():
            self._remember(key, digest)
            return principal
        if self._unknown_until.get(digest, 0.0) > time.monotonic():
            raise InvalidApiKey
        now = time.monotonic()
        began, flight = self._flights.get(digest) or (-LIFE, None)
        if flight is None or began + LIFE <= now:
            # A look-up that hangs for so long may bring what was true before it: whoever comes now asks anew.
            # A task of its own: a caller that goes away takes its twins' answer with it otherwise.
            flight = asyncio.create_task(self._load(digest))
            self._flights[digest] = (now, flight)
            flight.add_done_callback(lambda done: self._landed(digest, done))
        principal = await asyncio.shield(flight)
        self._remember(key, digest)
        return principal

    def _remember(self, key: str, digest: bytes) -> None:
        """Keep a good key's digest, which costs more than the rest of finding it."""
        if len(self._digests) >= MAX_ENTRIES:
            self._digests.clear()
        self._digests[key.encode("latin-1", "replace")] = digest

    def _landed(self, digest: bytes, flight: "asyncio.Task[Principal]") -> None:
        if self._flights.get(digest, (0.0, None))[1] is flight:
            del self._flights[digest]
        if not flight.cancelled():
            flight.exception()  # everybody who waited may have gone away: then nobody else looks at it

    async def _load(self, digest: bytes) -> Principal:
        began = time.monotonic()
        row = optional_row(KnownKeyRow, await self._database.lookup(_FIND_KEY, digest))
        if row is None:
            self._forget(digest)
            if len(self._unknown_until) >= MAX_ENTRIES:
                self._unknown_until.clear()
            self._unknown_until[digest] = began + LIFE
            raise InvalidApiKey
        if not row.is_active:
            self._forget(digest)
            raise StoreInactive
        caller = Caller(row.kind, ids.encode(Kind.API_KEY, row.key_id))
        scope = _scope(row, caller, frozenset(row.scopes))
        principal = Principal(
            scope,
            row.key_id,
            began + LIFE,
            limit_key=scope.key("requests"),
            limit=limit_of(scope.store, "requests_per_minute"),
            address_limit=limit_of(scope.store, "requests_per_minute_address"),
        )
        self._principals[digest] = principal
        self._principals.move_to_end(digest)
        self._by_store.setdefault(scope.store_id, set()).add(digest)
        self._used.add((scope.store_id, row.key_id))
        if len(self._principals) > MAX_ENTRIES:
            self._forget(next(iter(self._principals)))
        return principal

    def _forget(self, digest: bytes) -> None:
        principal = self._principals.pop(digest, None)
        if principal is not None:
            digests = self._by_store.get(principal.scope.store_id)
            if digests is not None:
                digests.discard(digest)
                if not digests:
                    del self._by_store[principal.scope.store_id]

    def forget_store(self, store_id: UUID) -> None:
        """Believe nothing of this store any more."""
        for digest in list(self._by_store.get(store_id, ())):
            self._forget(digest)
        self._job_scopes.pop(store_id, None)
        self._origins.clear()
        self._unknown_until.clear()

    async def scope_for_job(self, store_id: UUID, request_id: str) -> StoreScope:
        """The scope of system work in a store. Raises NotFound for a store that is not there."""
        known = self._job_scopes.get(store_id)
        if known is not None and known[0] > time.monotonic():
            return msgspec.structs.replace(known[1], request_id=request_id)
        began = time.monotonic()
        row = optional_row(KnownStoreRow, await self._database.lookup(_FIND_STORE, store_id))
        if row is None:
            raise NotFound
        scope = _scope(row, Caller(CallerKind.SYSTEM, "worker"), frozenset({"*"}))
        if len(self._job_scopes) >= MAX_ENTRIES:
            self._job_scopes.clear()
        self._job_scopes[store_id] = (began + LIFE, scope)
        return msgspec.structs.replace(scope, request_id=request_id)

    async def origin_listed(self, origin: str, *, storefront: bool) -> bool:
        """Whether any active store lists the origin, for its storefront or for admin use.

        That is all that a preflight, which has no key, can ask.
        """
        known = self._origins.get((origin, storefront))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        began = time.monotonic()
        row = await self._database.lookup(_ORIGIN_LISTED, [origin, "*"], storefront)
        listed = row is not None and bool(row[0])
        if len(self._origins) >= 1000:
            self._origins.clear()
        self._origins[origin, storefront] = (began + LIFE, listed)
        return listed

    async def note_use(self) -> None:
        """Write down which keys were used since the last call (people look at it to retire keys)."""
        used, self._used = self._used, set()
        if not used:
            return
        async with self._database.auth(reason="note when keys were last used") as system:
            await system.execute(
                "update api_keys k set last_used_at = now() from unnest($1::uuid[], $2::uuid[]) u (store_id, id)"
                " where k.store_id = u.store_id and k.id = u.id",
                *map(list, zip(*sorted(used), strict=True)),
            )


def _scope(row: KnownStoreRow, caller: Caller, permissions: frozenset[str]) -> StoreScope:
    profile = StoreProfile(
        name=row.name,
        slug=row.slug,
        currency=row.currency,
        locale=row.locale,
        country=row.country,
        prices_include_tax=row.prices_include_tax,
        plan=row.plan,
        allowed_origins=tuple(row.allowed_origins),
        settings=row.settings,
        flags=row.flags,
        limits=row.limits,
        catalog_version=row.catalog_version,
        domain=row.domain,
    )
    revision = hashlib.sha256(row.id.bytes + msgspec.json.encode(profile)).hexdigest()
    profile = msgspec.structs.replace(profile, revision=revision)
    return StoreScope(row.id, row.mode, caller, permissions, profile, "", row.clock_offset)


class StoreNews:
    """Tells every process, through Redis, that a store changed. Best effort: `LIFE` is the guarantee."""

    def __init__(self, redis: Redis, listener_redis: Redis, table: KeyTable) -> None:
        self._redis = redis
        self._listener_redis = listener_redis
        self._table = table
        self._task: asyncio.Task[None] | None = None

    async def announce(self, store_id: UUID) -> None:
        """Forget a store here at once, and tell the others."""
        self._table.forget_store(store_id)
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(0.25):
                await self._redis.publish(CHANNEL, store_id.bytes)

    def start(self) -> None:
        """Start listening on the running loop."""
        self._task = asyncio.create_task(self._listen(), name="store-news")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            await end_task(self._task)
        with contextlib.suppress(Exception):
            await self._listener_redis.aclose()

    async def _listen(self) -> None:
        lost = False
        while True:
            try:
                async with self._listener_redis.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    lost = False
                    while True:
                        message = await subscription.get_message(ignore_subscribe_messages=True, timeout=5)
                        if message is not None and len(message["data"]) == 16:
                            self._table.forget_store(UUID(bytes=message["data"]))
            except (RedisError, OSError, TimeoutError) as error:
                if not lost:
                    log.info("store_news.lost", error=repr(error)[:200])
                lost = True
                await asyncio.sleep(0.5)
