"""What every open transaction of a store can do, whichever way it was opened, and what follows its commit."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import structlog

from baas.core.scope import StoreScope

log = structlog.get_logger(__name__)

AfterCommit = Callable[[], Awaitable[None] | None]


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


class Effects:
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
