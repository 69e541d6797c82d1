"""Transactions through the ORM: every statement is filtered by its store, every new row stamped with it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction, with_loader_criteria

from baas.core.db.calls import NO_REFUSALS, Call, Refusals, raise_refusal
from baas.core.db.faults import ScopeViolation
from baas.core.db.tables import StoreOwned
from baas.core.db.work import AfterCommit, Effects, Signals
from baas.core.scope import StoreScope

_SET_STORE: Final = text("select set_config('app.store_id', :store, true)")


class SyncStoreSession(Session):
    """The synchronous heart of StoreSession; the listeners below hang on it."""


class StoreSession(AsyncSession):
    """An ORM transaction that can only see one store. Made by `Database.store()` alone."""

    sync_session_class = SyncStoreSession

    def __init__(self, engine: AsyncEngine, scope: StoreScope, signals: Signals) -> None:
        super().__init__(engine, expire_on_commit=False, autoflush=True, info={"scope": scope})
        self.scope = scope
        self.signals = signals
        self.effects = Effects()

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

    async def call_alone(self, call: str, *args: Any, relaxed: bool = False) -> Any:
        """The answer of a function: an ORM session always has its transaction."""
        del relaxed
        return await self.fetchval(f"select {call}", *args)

    async def later(self, call: str, *args: Any, refusals: Refusals = NO_REFUSALS) -> None:
        """Call a function; an ORM session does so at once."""
        try:
            await self.fetchval(f"select {call}", *args)
        except asyncpg.PostgresError as error:
            raise_refusal(error, [Call(call, args, refusals)])

    async def send(self) -> None:
        """Nothing is kept back."""

    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None:
        """Run the callback when the transaction is durable; with `once`, only the first of that name."""
        self.effects.add(callback, once)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that can fail alone: rolled back to here on an exception, which goes on."""
        with self.effects.part():
            async with self.begin_nested():
                yield


def _scope_of(session: Session) -> StoreScope:
    scope = session.info.get("scope")
    if not isinstance(scope, StoreScope):
        raise ScopeViolation("No store on this session; open it with Database.store(scope).")
    return scope


@event.listens_for(SyncStoreSession, "after_begin")
def _enter_store(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    connection.execute(_SET_STORE, {"store": str(_scope_of(session).store_id)})


@event.listens_for(SyncStoreSession, "do_orm_execute")
def _filter_by_store(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    store_id = _scope_of(state.session).store_id
    state.statement = state.statement.options(
        with_loader_criteria(StoreOwned, lambda entity: entity.store_id == store_id, include_aliases=True)
    )


@event.listens_for(SyncStoreSession, "before_flush")
def _stamp_store(session: Session, _context: UOWTransaction, _instances: object) -> None:
    store_id = _scope_of(session).store_id
    for row in session.new:
        if isinstance(row, StoreOwned) and row.__dict__.get("store_id") is None:
            row.store_id = store_id
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, StoreOwned) and row.store_id != store_id:
            raise ScopeViolation(f"{type(row).__name__} of another store in this store's session.")
