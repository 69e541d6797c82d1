"""The pools of a process, and the only maker of sessions."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final, Self

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from baas.core.db.connect import connector, make_engine
from baas.core.db.driver import StoreConnection, SystemConnection, Transaction, abandon
from baas.core.db.faults import ScopeViolation
from baas.core.db.orm import StoreSession
from baas.core.db.pool import Pool
from baas.core.db.work import Signals
from baas.core.scope import StoreScope
from baas.core.settings import DatabaseUrls

# D-046: a queue was empty when its statistics were taken, or is empty now.
BY_KEY: Final = {"enable_seqscan": "off", "enable_bitmapscan": "off"}
"""Settings for transactions that move rows of a queue by their keys. Statistics of a queue are always wrong (it was
empty when they were taken, or is empty now), and a bitmap for one row costs hundreds of times what its key does."""

ROW_BY_ROW: Final = {**BY_KEY, "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""The same for statements that change many rows of a store, each found by its key: by a plan for stores of the usual
size, all rows of a large one would be read to find a few."""


class Database:
    """The pools of this process, one for each role, and the only maker of sessions."""

    def __init__(self, urls: DatabaseUrls, *, pool_size: int = 16, system_pool_size: int = 4) -> None:
        self.signals = Signals()
        self.connection_class: type[asyncpg.Connection] = asyncpg.Connection
        """What the driver's connections are made of. One that listens to statements is set before `open`."""
        self._urls = urls
        self._pool_size = pool_size
        self._system_pool_size = system_pool_size
        self._pools: dict[str, Pool] = {}
        self._engine: AsyncEngine | None = None

    async def open(self) -> Self:
        """Make the pools; connections are opened when they are needed."""
        sizes = {
            "app": (self._urls.app, self._pool_size),
            "relay": (self._urls.relay, self._system_pool_size),
            "auth": (self._urls.auth, self._system_pool_size),
            "operator": (self._urls.operator, self._system_pool_size),
        }
        for role, (url, size) in sizes.items():
            self._pools[role] = Pool(connector(role, url, self.connection_class), size)
        self._engine = make_engine(self._urls.app, self._pool_size)
        return self

    async def close(self) -> None:
        """Close every connection; open transactions are given five seconds."""
        await asyncio.gather(*(pool.close(5.0) for pool in self._pools.values()))
        self._pools.clear()
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    @property
    def connections_in_use(self) -> int:
        """Driver connections of the app role that are out of the pool now."""
        pool = self._pools.get("app")
        return 0 if pool is None else pool.in_use

    # D-001: two ways in, the ORM here and the bare driver below, under one rule.
    @asynccontextmanager
    async def store(self, scope: StoreScope, *, rollback: bool = False) -> AsyncIterator[StoreSession]:
        """One ORM transaction of one store; with `rollback` it is undone at the end (dry run)."""
        if not isinstance(scope, StoreScope):
            raise ScopeViolation("No store, no session.")
        if self._engine is None:
            raise RuntimeError("The database is not open.")
        async with StoreSession(self._engine, scope, self.signals) as session:
            async with session.begin() as transaction:
                yield session
                await session.effects.finish(session)
                if rollback:
                    await session.flush()
                    await transaction.rollback()
            if not rollback:
                await session.effects.run()

    def fast(
        self,
        scope: StoreScope,
        *,
        rollback: bool = False,
        snapshot: bool = False,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> Transaction[StoreConnection]:
        """One driver transaction of one store.

        With `rollback` it is undone at the end (dry run); with `snapshot` all its statements see one
        moment (REPEATABLE READ, read only), so that an answer made of several never mixes two. `settings` are
        PostgreSQL's own, as for `relay`.
        """
        if not isinstance(scope, StoreScope):
            raise ScopeViolation("No store, no connection.")
        work = StoreConnection(
            self.signals, scope, snapshot=snapshot, is_trial=rollback, settings=_set_local(settings)
        )
        return Transaction(self._pools["app"], work)

    def relay(self, *, reason: str, **settings: str) -> Transaction[SystemConnection]:
        """Claim due rows over all stores (role `baas_relay`: outbox, jobs and deliveries only).

        `settings` are PostgreSQL's own, for this transaction alone, sent along with its beginning. They are words of
        the code, never of anybody else.
        """
        work = SystemConnection(self.signals, reason, begin_with=f"begin{_set_local(settings)}")
        return Transaction(self._pools["relay"], work)

    def auth(self, *, reason: str) -> Transaction[SystemConnection]:
        """Look a key or a store up (role `baas_auth`)."""
        return Transaction(self._pools["auth"], SystemConnection(self.signals, reason))

    def operator(self, *, reason: str, rollback: bool = False) -> Transaction[SystemConnection]:
        """Provision stores, keys, plans and flags (role `baas_operator`); `rollback` for a dry run."""
        work = SystemConnection(self.signals, reason, is_trial=rollback)
        return Transaction(self._pools["operator"], work)

    async def own_connection(self) -> asyncpg.Connection:
        """A connection of the relay's role outside of the pools, for another event loop; its maker closes it."""
        connection: asyncpg.Connection = await connector("relay", self._urls.relay)()
        return connection

    async def lookup(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """One row by one statement in the auth role, without a transaction block: the key look-up."""
        async with self._pools["auth"].acquire() as connection:
            try:
                row: asyncpg.Record | None = await connection.fetchrow(sql, *args)
            except BaseException:
                await abandon(connection)
                raise
            return row


def _set_local(settings: Mapping[str, str]) -> str:
    return "".join(f"; set local {name} = {value}" for name, value in settings.items())
