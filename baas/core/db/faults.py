"""What goes wrong with the database, told apart."""

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout


class ScopeViolation(RuntimeError):
    """A bug: work without a store, or a row of another store. Never an answer to a caller."""


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
