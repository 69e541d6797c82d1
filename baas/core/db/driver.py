"""Transactions on the bare driver: one store's, one store's that only reads, and those across stores."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import asyncpg

from baas.core.db.faults import ScopeViolation
from baas.core.db.work import AfterCommit, Effects, Signals
from baas.core.scope import StoreScope

_FIRST_PARAMETER: Final = re.compile(r"\$1(?!\d)")


class StoreConnection:
    """A transaction of one store on the bare driver. Made by `Database.fast()` alone."""

    __slots__ = ("_connection", "effects", "scope", "signals")

    def __init__(self, scope: StoreScope, signals: Signals, connection: asyncpg.Connection) -> None:
        self.scope = scope
        self.signals = signals
        self._connection = connection
        self.effects = Effects()

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
        self.effects.add(callback, once)

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
                f" select set_config('app.store_id', '{store_literal(self.scope)}', true)"
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
        return await super().fetch(alone(sql), store_literal(self.scope), *args[1:])


@lru_cache(maxsize=512)
def alone(sql: str) -> str:
    """A statement that first sets its store, then runs: what refers to the setting comes after it (LATERAL)."""
    inner = _FIRST_PARAMETER.sub("s.store::uuid", sql)
    return (
        "select q.* from (select set_config('app.store_id', $1::text, true) as store offset 0) s"
        f" cross join lateral ({inner}) q"
    )


class SystemConnection:
    """A connection across stores, in a role that may do one narrow thing. Every use states its reason."""

    __slots__ = ("_connection", "effects", "reason", "signals")

    def __init__(self, connection: asyncpg.Connection, signals: Signals, reason: str) -> None:
        self._connection = connection
        self.effects = Effects()
        self.signals = signals
        self.reason = reason

    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None:
        """Run the callback when the transaction is durable; with `once`, only the first of that name."""
        self.effects.add(callback, once)

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


def store_literal(scope: StoreScope) -> str:
    """The store's id as text that is safe inside SQL. Raises ScopeViolation for anything but a UUID."""
    store_id = scope.store_id
    if not isinstance(store_id, UUID):
        raise ScopeViolation("A store id is a UUID.")
    return str(store_id)


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
