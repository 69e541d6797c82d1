"""Database sessions: nothing can be asked of the database before a store is chosen.

Two ways in, one rule. `Database.store(scope)` is the ORM, for administration; `Database.fast(scope)` is
the bare driver, for what is frequent. Both are one transaction that begins by setting `app.store_id`
for itself alone, commits when the block ends well and rolls back when it does not. Work across stores
uses another role, another type, and states its reason.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Protocol, Self
from uuid import UUID

import asyncpg
import msgspec
import structlog
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction, with_loader_criteria
from sqlalchemy.pool import ConnectionPoolEntry

from baas.core.models import StoreOwned
from baas.core.pool import Connect, Pool
from baas.core.scope import StoreScope

log = structlog.get_logger(__name__)

AfterCommit = Callable[[], Awaitable[None] | None]
_FIRST_PARAMETER: Final = re.compile(r"\$1(?!\d)")
_SET_STORE: Final = text("select set_config('app.store_id', :store, true)")
BY_KEY: Final = {"enable_seqscan": "off", "enable_bitmapscan": "off"}
"""Settings for transactions that move rows of a queue by their keys. Statistics of a queue are always wrong (it was
empty when they were taken, or is empty now), and a bitmap for one row costs hundreds of times what its key does."""
_encode_json: Final = msgspec.json.Encoder().encode
_decode_json: Final = msgspec.json.Decoder().decode


class ScopeViolation(RuntimeError):
    """A bug: work without a store, or a row of another store. Never an answer to a caller."""


class Signals:
    """What a commit sets off in this process. The application sets the hooks; unset, nothing happens.

    Signals are reminders: whoever needs a promise reads the database.
    """

    def __init__(self) -> None:
        self.on_events: Callable[[], None] | None = None
        self.on_store_changed: Callable[[UUID], Awaitable[None]] | None = None

    def events_written(self) -> None:
        """Events were committed: wake the worker."""
        if self.on_events is not None:
            self.on_events()

    async def store_changed(self, store_id: UUID) -> None:
        """What is cached of a store (its keys, plan, flags, catalogue version) is out of date."""
        if self.on_store_changed is not None:
            await self.on_store_changed(store_id)


class StoreWork(Protocol):
    """One open transaction of one store, over the ORM or the bare driver.

    SQL is PostgreSQL's own, with `$1` parameters; `jsonb` goes in and comes out as Python objects.
    """

    @property
    def scope(self) -> StoreScope: ...
    @property
    def signals(self) -> Signals: ...
    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]: ...
    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None: ...
    async def fetchval(self, sql: str, *args: Any) -> Any: ...
    async def execute(self, sql: str, /, *args: Any) -> str: ...
    async def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> None: ...
    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None: ...
    async def fetch_alone(self, sql: str, *args: Any) -> list[asyncpg.Record]: ...
    def savepoint(self) -> AbstractAsyncContextManager[None]: ...


class _Effects:
    """What to do once the transaction is durable: nudges and cache invalidations, never promises."""

    def __init__(self) -> None:
        self._callbacks: list[AfterCommit] = []
        self._once: set[str] = set()

    def add(self, callback: AfterCommit, once: str | None) -> None:
        if once is not None:
            if once in self._once:
                return
            self._once.add(once)
        self._callbacks.append(callback)

    async def run(self) -> None:
        for callback in self._callbacks:
            try:
                result = callback()
                if result is not None:
                    await result
            except Exception:
                # The truth is committed; what failed here is only a reminder of it.
                log.warning("after_commit.failed", exc_info=True)


class StoreConnection:
    """A transaction of one store on the bare driver. Made by `Database.fast()` alone."""

    __slots__ = ("_connection", "_effects", "scope", "signals")

    def __init__(self, scope: StoreScope, signals: Signals, connection: asyncpg.Connection) -> None:
        self.scope = scope
        self.signals = signals
        self._connection = connection
        self._effects = _Effects()

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of a statement."""
        rows: list[asyncpg.Record] = await self._connection.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row of a statement, or None."""
        return await self._connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run a statement; the answer is the command tag."""
        tag: str = await self._connection.execute(sql, *args)
        return tag

    async def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments, in one round trip."""
        await self._connection.executemany(sql, args)

    async def fetch_alone(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of a statement; in a reading that has no other, without a transaction around it."""
        return await self.fetch(sql, *args)

    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None:
        """Run the callback when the transaction is durable; with `once`, only the first of that name."""
        self._effects.add(callback, once)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that can fail alone: rolled back to here on an exception, which goes on."""
        await self._connection.execute("savepoint part")
        try:
            yield
        except BaseException:
            await self._connection.execute("rollback to savepoint part")
            raise
        await self._connection.execute("release savepoint part")


class StoreReading(StoreConnection):
    """A transaction that only reads, and begins with its first statement. Made by `Database.fast()` alone.

    All its statements see one moment. A statement that comes alone needs no transaction around it.
    """

    __slots__ = ("_begun",)

    def __init__(self, scope: StoreScope, signals: Signals, connection: asyncpg.Connection) -> None:
        super().__init__(scope, signals, connection)
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether there is a transaction that has to be ended."""
        return self._begun

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await self._connection.execute(
                "begin isolation level repeatable read read only;"
                f" select set_config('app.store_id', '{_hex(self.scope)}', true)"
            )

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of a statement."""
        await self._begin()
        return await super().fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row of a statement, or None."""
        await self._begin()
        return await super().fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        await self._begin()
        return await super().fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run a statement; the answer is the command tag."""
        await self._begin()
        return await super().execute(sql, *args)

    async def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments, in one round trip."""
        await self._begin()
        await super().executemany(sql, args)

    async def fetch_alone(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of the only statement of this reading: it sets its store itself, in one round trip.

        The statement ends in a LIMIT, so that the planner cannot take it apart, and `$1` is its store.
        """
        if self._begun:
            return await self.fetch(sql, *args)
        if args[0] != self.scope.store_id:
            raise ScopeViolation("The first argument of a statement that comes alone is the store.")
        return await super().fetch(_alone(sql), _hex(self.scope), *args[1:])


@lru_cache(maxsize=512)
def _alone(sql: str) -> str:
    """A statement that first sets its store, then runs: what refers to the setting comes after it (LATERAL)."""
    inner = _FIRST_PARAMETER.sub("s.store::uuid", sql)
    return (
        "select q.* from (select set_config('app.store_id', $1::text, true) as store offset 0) s"
        f" cross join lateral ({inner}) q"
    )


class _SyncStoreSession(Session):
    """The synchronous heart of StoreSession; the listeners below hang on it."""


class StoreSession(AsyncSession):
    """An ORM transaction that can only see one store. Made by `Database.store()` alone."""

    sync_session_class = _SyncStoreSession

    def __init__(self, engine: AsyncEngine, scope: StoreScope, signals: Signals) -> None:
        super().__init__(engine, expire_on_commit=False, autoflush=True, info={"scope": scope})
        self.scope = scope
        self.signals = signals
        self._effects = _Effects()

    async def _driver(self) -> Any:
        await self.flush()
        return (await (await self.connection()).get_raw_connection()).driver_connection

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of a statement, on this transaction's driver connection, after a flush."""
        rows: list[asyncpg.Record] = await (await self._driver()).fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row of a statement, or None."""
        row: asyncpg.Record | None = await (await self._driver()).fetchrow(sql, *args)
        return row

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        return await (await self._driver()).fetchval(sql, *args)

    async def execute(self, statement: Any, *args: Any, **options: Any) -> Any:
        """Run a driver statement given as text with `$1` parameters, or any SQLAlchemy statement."""
        if isinstance(statement, str):
            return await (await self._driver()).execute(statement, *args)
        return await super().execute(statement, *args, **options)

    async def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments."""
        await (await self._driver()).executemany(sql, args)

    async def fetch_alone(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of a statement, as `fetch`: an ORM session always has its transaction."""
        return await self.fetch(sql, *args)

    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None:
        """Run the callback when the transaction is durable; with `once`, only the first of that name."""
        self._effects.add(callback, once)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that can fail alone: rolled back to here on an exception, which goes on."""
        async with self.begin_nested():
            yield


def _scope_of(session: Session) -> StoreScope:
    scope = session.info.get("scope")
    if not isinstance(scope, StoreScope):
        raise ScopeViolation("No store on this session; open it with Database.store(scope).")
    return scope


@event.listens_for(_SyncStoreSession, "after_begin")
def _enter_store(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    connection.execute(_SET_STORE, {"store": str(_scope_of(session).store_id)})


@event.listens_for(_SyncStoreSession, "do_orm_execute")
def _filter_by_store(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    store_id = _scope_of(state.session).store_id
    state.statement = state.statement.options(
        with_loader_criteria(StoreOwned, lambda entity: entity.store_id == store_id, include_aliases=True)
    )


@event.listens_for(_SyncStoreSession, "before_flush")
def _stamp_store(session: Session, _context: UOWTransaction, _instances: object) -> None:
    store_id = _scope_of(session).store_id
    for row in session.new:
        if isinstance(row, StoreOwned) and row.__dict__.get("store_id") is None:
            row.store_id = store_id
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, StoreOwned) and row.store_id != store_id:
            raise ScopeViolation(f"{type(row).__name__} of another store in this store's session.")


class SystemConnection:
    """A connection across stores, in a role that may do one narrow thing. Every use states its reason."""

    __slots__ = ("_connection", "_effects", "reason", "signals")

    def __init__(self, connection: asyncpg.Connection, signals: Signals, reason: str) -> None:
        self._connection = connection
        self._effects = _Effects()
        self.signals = signals
        self.reason = reason

    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None:
        """Run the callback when the transaction is durable; with `once`, only the first of that name."""
        self._effects.add(callback, once)

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of a statement."""
        rows: list[asyncpg.Record] = await self._connection.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row of a statement, or None."""
        return await self._connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run a statement; the answer is the command tag."""
        tag: str = await self._connection.execute(sql, *args)
        return tag

    async def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments."""
        await self._connection.executemany(sql, args)


class DatabaseUrls(msgspec.Struct, frozen=True):
    """Where the database is, once for each role (`postgresql://role:password@host:port/name`)."""

    app: str
    relay: str
    auth: str
    operator: str

    def __repr__(self) -> str:
        return "DatabaseUrls(***)"


class Database:
    """The pools of this process, one for each role, and the only maker of sessions."""

    def __init__(self, urls: DatabaseUrls, *, pool_size: int = 16, system_pool_size: int = 4) -> None:
        self.signals = Signals()
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
            self._pools[role] = Pool(_connector(role, url), size)
        self._engine = _make_engine(self._urls.app, self._pool_size)
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
                if rollback:
                    await session.flush()
                    await transaction.rollback()
            if not rollback:
                await session._effects.run()

    def fast(self, scope: StoreScope, *, rollback: bool = False, snapshot: bool = False) -> "_FastWork":
        """One driver transaction of one store.

        With `rollback` it is undone at the end (dry run); with `snapshot` all its statements see one
        moment (REPEATABLE READ, read only), so that an answer made of several never mixes two.
        """
        if not isinstance(scope, StoreScope):
            raise ScopeViolation("No store, no connection.")
        return _FastWork(self._pools["app"], scope, self.signals, rollback, snapshot)

    @asynccontextmanager
    async def _system(
        self, role: str, reason: str, *, rollback: bool = False, begin: str = "begin"
    ) -> AsyncIterator[SystemConnection]:
        if not reason:
            raise ScopeViolation("Work across stores states its reason.")
        async with self._pools[role].acquire() as connection:
            system = SystemConnection(connection, self.signals, reason)
            try:
                await connection.execute(begin)
                yield system
                await connection.execute("rollback" if rollback else "commit")
            except BaseException:
                await _abandon(connection)
                raise
        if not rollback:
            await system._effects.run()

    def relay(self, *, reason: str, **settings: str) -> AbstractAsyncContextManager[SystemConnection]:
        """Claim due rows over all stores (role `baas_relay`: outbox, jobs and deliveries only).

        `settings` are PostgreSQL's own, for this transaction alone, sent along with its beginning. They are words of
        the code, never of anybody else.
        """
        begin = "".join(("begin", *(f"; set local {name} = {value}" for name, value in settings.items())))
        return self._system("relay", reason, begin=begin)

    def auth(self, *, reason: str) -> AbstractAsyncContextManager[SystemConnection]:
        """Look a key or a store up (role `baas_auth`)."""
        return self._system("auth", reason)

    def operator(
        self, *, reason: str, rollback: bool = False
    ) -> AbstractAsyncContextManager[SystemConnection]:
        """Provision stores, keys, plans and flags (role `baas_operator`); `rollback` for a dry run."""
        return self._system("operator", reason, rollback=rollback)

    async def lookup(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """One row by one statement in the auth role, without a transaction block: the key look-up."""
        async with self._pools["auth"].acquire() as connection:
            try:
                row: asyncpg.Record | None = await connection.fetchrow(sql, *args)
            except BaseException:
                await _abandon(connection)
                raise
            return row


class _FastWork:
    """What `Database.fast` answers: the transaction around a block. A class, for a generator costs twice as much."""

    __slots__ = ("_connection", "_pool", "_rollback", "_scope", "_signals", "_snapshot", "_work")

    def __init__(
        self, pool: Pool, scope: StoreScope, signals: Signals, rollback: bool, snapshot: bool
    ) -> None:
        self._pool = pool
        self._scope = scope
        self._signals = signals
        self._rollback = rollback
        self._snapshot = snapshot

    async def __aenter__(self) -> StoreConnection:
        self._connection = connection = await self._pool.take()
        if self._snapshot:
            self._work: StoreConnection = StoreReading(self._scope, self._signals, connection)
            return self._work
        try:
            # The store id is a UUID object, so the literal cannot hold anything else; as one simple
            # query this saves a round trip against a parameter.
            await connection.execute(f"begin; select set_config('app.store_id', '{_hex(self._scope)}', true)")
        except BaseException:
            await self._leave()
            raise
        self._work = StoreConnection(self._scope, self._signals, connection)
        return self._work

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self._leave()
            return
        work = self._work
        if not isinstance(work, StoreReading) or work.begun:
            try:
                await self._connection.execute("rollback" if self._rollback else "commit")
            except BaseException:
                await self._leave()
                raise
        self._pool.give(self._connection)
        if not self._rollback:
            await work._effects.run()

    async def _leave(self) -> None:
        try:
            await _abandon(self._connection)
        finally:
            self._pool.give(self._connection)


def _connector(role: str, url: str) -> Connect:
    """How a connection of a role is opened. Raises OSError or asyncpg's errors when the database does not answer."""

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(
            url,
            command_timeout=60,
            server_settings={
                "application_name": f"baas-{role}",
                # Array parameters would otherwise be planned anew at each call.
                "plan_cache_mode": "force_generic_plan",
                "statement_timeout": "30s",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "60s",
                "timezone": "UTC",
            },
        )
        try:
            await _prepare_connection(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    return connect


def _hex(scope: StoreScope) -> str:
    store_id = scope.store_id
    if not isinstance(store_id, UUID):
        raise ScopeViolation("A store id is a UUID.")
    return str(store_id)


async def _abandon(connection: asyncpg.Connection) -> None:
    """Undo an open transaction, or drop the connection when that does not work in time."""
    try:
        if not connection.is_closed():
            await asyncio.shield(connection.execute("rollback", timeout=5))
    except BaseException:
        # The caller is about to raise what went wrong first; the connection is of no more use, and one that
        # the server ended has left the pool by itself already.
        with contextlib.suppress(asyncpg.InterfaceError):
            connection.terminate()


async def _prepare_connection(connection: Any) -> None:
    for name in ("jsonb", "json"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: _encode_json(value).decode(),
            decoder=_decode_json,
        )


def _make_engine(url: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        # Statements reach the log when they fail; what was in them must not.
        hide_parameters=True,
        # Both ways to the driver read and write jsonb as Python objects through the driver's codec.
        json_serializer=_identity,
        json_deserializer=_identity,
        connect_args={
            "server_settings": {
                "application_name": "baas-app-orm",
                "statement_timeout": "30s",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "60s",
                "timezone": "UTC",
            }
        },
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(dbapi_connection: Any, _entry: ConnectionPoolEntry) -> None:
        dbapi_connection.run_async(_prepare_connection)

    return engine


def _identity(value: Any) -> Any:
    return value


def violated(error: BaseException) -> str | None:
    """The name of the constraint that an error of the driver or of SQLAlchemy speaks of, if any."""
    cause: BaseException | None = error
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None)
    name = getattr(cause, "constraint_name", None)
    return name if isinstance(name, str) else None


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-letter error code behind an error, if any."""
    cause: BaseException | None = error
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None) or error.orig
    state = getattr(cause, "sqlstate", None)
    return state if isinstance(state, str) else None


_OUTAGES: Final = {"57P01", "57P02", "57P03", "53300", "55P03", "57014", "25P03", "08000", "08003", "08006"}
"""Shutting down, starting up, too many connections, lock or statement time-out, connection gone."""


def is_outage(error: BaseException) -> bool:
    """Whether the database is away or overloaded: the transaction was rolled back and a retry is safe.

    A COMMIT whose answer was lost counts too; an Idempotency-Key tells the two cases apart.
    """
    cause: BaseException = error
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None) or error
    if isinstance(cause, (ConnectionError, TimeoutError, asyncpg.PostgresConnectionError, SQLAlchemyTimeout)):
        return True
    # The driver says "connection is closed", "pool is closing" with the class that it also has for misuse.
    if isinstance(cause, asyncpg.InterfaceError) and "clos" in str(cause):
        return True
    # A server killed between a statement's preparation and its execution: the driver trips over its own state.
    if isinstance(cause, asyncpg.InternalClientError) and "cannot switch to state" in str(cause):
        return True
    return sqlstate(error) in _OUTAGES
