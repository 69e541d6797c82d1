"""Transactions on the bare driver: one store's, and those across stores."""

import asyncio
import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import asyncpg

from baas.core.db.calls import NO_REFUSALS, Call, Refusals, raise_refusal, statement
from baas.core.db.faults import ScopeViolation
from baas.core.db.pool import Pool
from baas.core.db.work import AfterCommit, Effects, Signals
from baas.core.scope import StoreScope

_FIRST_PARAMETER: Final = re.compile(r"\$1(?!\d)")


class Driven(ABC):
    """A transaction on the bare driver. It begins with its first statement, so one that asks nothing costs nothing."""

    __slots__ = ("_connection", "_unsent", "begun", "effects", "is_trial", "signals")

    def __init__(self, signals: Signals, *, is_trial: bool = False) -> None:
        self._connection: asyncpg.Connection
        """Set by `Transaction`, for as long as its block lasts."""
        self._unsent: list[Call] = []
        self.begun = False
        """Whether there is a transaction that has to be ended."""
        self.effects = Effects()
        self.is_trial = is_trial
        """Whether it is undone even when its block ends well (dry run)."""
        self.signals = signals

    @abstractmethod
    def _opening(self) -> str:
        """The statement that begins the transaction."""

    async def _ready(self) -> None:
        """Begin, and send what is still to be sent: the next statement sees it."""
        if not self.begun:
            self.begun = True
            await self._connection.execute(self._opening())
        if self._unsent:
            calls, self._unsent = self._unsent, []
            sql, args = statement(calls)
            try:
                await self._connection.fetchrow(sql, *args)
            except asyncpg.PostgresError as error:
                raise_refusal(error, calls)

    @property
    def pending(self) -> bool:
        """Whether something is still to be written or sent."""
        return bool(self._unsent) or self.effects.pending

    async def later(self, call: str, *args: Any, refusals: Refusals = NO_REFUSALS) -> None:
        """Call a function, `name($1, $2)`, before the next statement or at the end, whichever comes first.

        Calls that follow one another share a round trip, so nothing of them is answered. `refusals` says what their
        errors mean, for these come later, too. What such a call does is one with the transaction as ever.
        """
        self._unsent.append(Call(call, args, refusals))

    async def send(self) -> None:
        """Send what is still to be sent, where its errors can be met."""
        if self._unsent:
            await self._ready()

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of a statement."""
        if self._unsent or not self.begun:
            await self._ready()
        rows: list[asyncpg.Record] = await self._connection.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row of a statement, or None."""
        if self._unsent or not self.begun:
            await self._ready()
        return await self._connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        if self._unsent or not self.begun:
            await self._ready()
        return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run a statement; the answer is the command tag."""
        if self._unsent or not self.begun:
            await self._ready()
        tag: str = await self._connection.execute(sql, *args)
        return tag

    async def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments, in one round trip."""
        if self._unsent or not self.begun:
            await self._ready()
        await self._connection.executemany(sql, args)

    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None:
        """Run the callback when the transaction is durable; with `once`, only the first of that name."""
        self.effects.add(callback, once)


Work = TypeVar("Work", bound=Driven)


class StoreConnection(Driven):
    """A transaction of one store on the bare driver. Made by `Database.fast()` alone."""

    __slots__ = ("_is_snapshot", "_settings", "scope")

    def __init__(
        self,
        signals: Signals,
        scope: StoreScope,
        *,
        snapshot: bool = False,
        is_trial: bool = False,
        settings: str = "",
    ) -> None:
        super().__init__(signals, is_trial=is_trial)
        _check(scope)
        self.scope = scope
        self._is_snapshot = snapshot
        self._settings = settings

    def _opening(self) -> str:
        # The store id is a UUID object, so the literal cannot hold anything else; as one simple query this
        # saves a round trip against a parameter.
        begin = "begin isolation level repeatable read read only" if self._is_snapshot else "begin"
        return f"{begin}; set local app.store_id = '{store_literal(self.scope)}'{self._settings}"

    async def fetch_alone(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of the only statement of this transaction, in one round trip instead of three.

        The statement sets its store itself, and `$1` is that store. It ends in a LIMIT, so that the planner cannot
        take it apart. Where there is a transaction already (an Idempotency-Key, a dry run), it is one of that.
        """
        if self.begun or self._unsent or self.is_trial:
            return await self.fetch(sql, *args)
        if args[0] != self.scope.store_id:
            raise ScopeViolation("The first argument of a statement that comes alone is the store.")
        rows: list[asyncpg.Record] = await self._connection.fetch(
            alone(sql), store_literal(self.scope), *args[1:]
        )
        return rows

    async def call_alone(self, call: str, *args: Any, relaxed: bool = False) -> Any:
        """The answer of a function, `name($1, $2)`, that is all this transaction does, in one round trip.

        `$1` is the store. It is committed when it is answered: what it must not leave behind, it refuses by raising.
        With `relaxed` the commit does not wait for the disk: a crash of the database may forget the last moment's.
        Where there is a transaction already, the call is one of that.
        """
        if self.begun or self._unsent or self.is_trial:
            return await self.fetchval(f"select {call}", *args)
        if args[0] != self.scope.store_id:
            raise ScopeViolation("The first argument of a function that is called alone is the store.")
        return await self._connection.fetchval(
            called_alone(call, relaxed=relaxed), store_literal(self.scope), *args[1:]
        )

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that can fail alone: rolled back to here on an exception, which goes on."""
        await self.execute("savepoint part")
        try:
            with self.effects.part():
                yield
        except BaseException:
            self._unsent.clear()
            await self.execute("rollback to savepoint part")
            raise
        await self.execute("release savepoint part")


@lru_cache(maxsize=512)
def alone(sql: str) -> str:
    """A statement that first sets its store, then runs: what refers to the setting comes after it (LATERAL)."""
    return (
        f"select q.* from {_settings()} cross join lateral ({_FIRST_PARAMETER.sub('s.store::uuid', sql)}) q"
    )


@lru_cache(maxsize=512)
def called_alone(call: str, *, relaxed: bool = False) -> str:
    """A call of a function after its store is set: a row of the settings is what it is called for."""
    return f"select {_FIRST_PARAMETER.sub('s.store::uuid', call)} from {_settings(relaxed=relaxed)}"


def _settings(*, relaxed: bool = False) -> str:
    settings = "set_config('app.store_id', $1::text, true) as store"
    if relaxed:
        # D-048: for carts; the commit of a checkout waits, and takes everything before it along.
        settings += ", set_config('synchronous_commit', 'off', true)"
    return f"(select {settings} offset 0) s"


class SystemConnection(Driven):
    """A transaction across stores, in a role that may do one narrow thing. Every use states its reason."""

    __slots__ = ("_begin_with", "reason")

    def __init__(
        self, signals: Signals, reason: str, *, begin_with: str = "begin", is_trial: bool = False
    ) -> None:
        super().__init__(signals, is_trial=is_trial)
        if not reason:
            raise ScopeViolation("Work across stores states its reason.")
        self.reason = reason
        self._begin_with = begin_with

    def _opening(self) -> str:
        return self._begin_with


def store_literal(scope: StoreScope) -> str:
    """The store's id as text that is safe inside SQL. Raises ScopeViolation for anything but a UUID."""
    _check(scope)
    return str(scope.store_id)


def _check(scope: StoreScope) -> None:
    if not isinstance(scope.store_id, UUID):
        raise ScopeViolation("A store id is a UUID.")


class Transaction(Generic[Work]):
    """The transaction around a block: committed when the block ends well, rolled back when it does not.

    A class, for a generator costs twice as much.
    """

    __slots__ = ("_pool", "_work")

    def __init__(self, pool: Pool, work: Work) -> None:
        self._pool = pool
        self._work = work

    async def __aenter__(self) -> Work:
        self._work._connection = await self._pool.take()
        return self._work

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self._leave()
            return
        work = self._work
        effects = work.effects
        if work.begun or work.pending:
            try:
                await effects.finish(work)
                await work.send()
                await work._connection.execute("rollback" if work.is_trial else "commit")
            except BaseException:
                await self._leave()
                raise
        self._pool.give(work._connection)
        if effects.any and not work.is_trial:
            await effects.run()

    async def _leave(self) -> None:
        connection = self._work._connection
        try:
            await abandon(connection)
        finally:
            self._pool.give(connection)


async def abandon(connection: asyncpg.Connection) -> None:
    """Undo an open transaction, or drop the connection when that does not work in time."""
    try:
        if not connection.is_closed():
            await asyncio.shield(connection.execute("rollback", timeout=5))
    except BaseException:
        # The caller is about to raise what went wrong first; the connection is of no more use, and one that
        # the server ended has left the pool by itself already.
        with contextlib.suppress(asyncpg.InterfaceError):
            connection.terminate()
