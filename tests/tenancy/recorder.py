"""Counts what a request asks of the database, over every pool and both kinds of session."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

_recording: ContextVar[list[str] | None] = ContextVar("recording", default=None)
_KEY_LOOKUP = "k.key_hash = $1"
"""What a process asks once a second for each key, whatever the request."""


@contextlib.contextmanager
def recorded() -> Iterator[list[str]]:
    """The statements that this task, and tasks that it starts, send while the block runs."""
    statements: list[str] = []
    token = _recording.set(statements)
    try:
        yield statements
    finally:
        _recording.reset(token)


def _note(query: str) -> None:
    statements = _recording.get()
    if statements is not None and _KEY_LOOKUP not in query:
        statements.append(query)


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Hear every statement that is sent, through the driver or through SQLAlchemy."""

    def on_cursor(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        _note(statement)

    event.listen(Engine, "before_cursor_execute", on_cursor)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany"):
            patch.setattr(asyncpg.Connection, name, _heard(getattr(asyncpg.Connection, name)))
        yield
    event.remove(Engine, "before_cursor_execute", on_cursor)


def _heard(method: Any) -> Any:
    def call(connection: Any, query: str, *args: Any, **options: Any) -> Any:
        _note(query)
        return method(connection, query, *args, **options)

    return call
