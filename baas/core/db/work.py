"""What every open transaction of a store can do, whichever way it was opened, and what follows its commit."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import structlog

from baas.core.db.calls import Refusals
from baas.core.scope import StoreScope

log = structlog.get_logger(__name__)

AfterCommit = Callable[[], Awaitable[None] | None]
Write = Callable[[Any, list[Any]], Awaitable[None]]
"""Writes what was gathered for it (work, items)."""


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
    @property
    def effects(self) -> "Effects": ...
    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]: ...
    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None: ...
    async def fetchval(self, sql: str, *args: Any) -> Any: ...
    async def execute(self, sql: str, /, *args: Any) -> str: ...
    async def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> None: ...
    def after_commit(self, callback: AfterCommit, *, once: str | None = None) -> None: ...
    async def fetch_alone(self, sql: str, *args: Any) -> list[asyncpg.Record]: ...
    async def call_alone(self, call: str, *args: Any, relaxed: bool = False) -> Any: ...
    async def later(self, call: str, *args: Any, refusals: Refusals = ...) -> None: ...
    async def send(self) -> None: ...
    def savepoint(self) -> AbstractAsyncContextManager[None]: ...


class Effects:
    """What a transaction does at its end: the last writes, gathered so far; and once it is durable, nudges and cache
    invalidations, never promises."""

    __slots__ = ("_callbacks", "_gathered", "_last", "_once")

    def __init__(self) -> None:
        # Most transactions gather nothing and set nothing off.
        self._gathered: dict[Write, list[Any]] | None = None
        self._last: dict[Write, list[Any]] | None = None
        self._callbacks: list[AfterCommit] | None = None
        self._once: set[str] | None = None

    @property
    def pending(self) -> bool:
        """Whether something was gathered that is still to be written."""
        return bool(self._gathered or self._last)

    @property
    def any(self) -> bool:
        """Whether there is something to do once the transaction is durable."""
        return self._callbacks is not None

    def gather(self, write: Write, item: Any, *, last: bool = False) -> None:
        """Keep an item until the transaction is about to commit, when `write` gets all of them at once.

        With `last` that is after everything else: for a row that many transactions of the store write (`stores`),
        so that its lock is held only while the commit runs, and is never held while another lock is waited for (D-087).
        """
        if last:
            self._last = self._last or {}
            self._last.setdefault(write, []).append(item)
        else:
            self._gathered = self._gathered or {}
            self._gathered.setdefault(write, []).append(item)

    async def write(self, work: object) -> None:
        """Write what was gathered so far, but for what comes last, as a part of the transaction."""
        while self._gathered:
            write = next(iter(self._gathered))
            await write(work, self._gathered.pop(write))

    async def finish(self, work: object) -> None:
        """Write everything that was gathered; the transaction does nothing after it but commit."""
        await self.write(work)
        while self._last:
            write = next(iter(self._last))
            await write(work, self._last.pop(write))

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part that is rolled back when it raises: what it gathered is forgotten."""
        before, last_before = _counts(self._gathered), _counts(self._last)
        try:
            yield
        except BaseException:
            self._gathered = _cut(self._gathered, before)
            self._last = _cut(self._last, last_before)
            raise

    def add(self, callback: AfterCommit, once: str | None) -> None:
        """Run a callback once the transaction is durable; with `once`, only the first of that name."""
        if self._callbacks is None or self._once is None:
            self._callbacks, self._once = [], set()
        if once is not None:
            if once in self._once:
                return
            self._once.add(once)
        self._callbacks.append(callback)

    async def run(self) -> None:
        """The transaction is durable: run the callbacks."""
        for callback in self._callbacks or ():
            try:
                result = callback()
                if result is not None:
                    await result
            except Exception:
                # The truth is committed; what failed here is only a reminder of it.
                log.warning("after_commit.failed", exc_info=True)


def _counts(gathered: dict[Write, list[Any]] | None) -> dict[Write, int]:
    return {write: len(items) for write, items in (gathered or {}).items()}


def _cut(gathered: dict[Write, list[Any]] | None, counts: dict[Write, int]) -> dict[Write, list[Any]]:
    return {write: items[: counts[write]] for write, items in (gathered or {}).items() if write in counts}
