"""Calls of functions whose answers nobody needs: consecutive ones go to the database together. Command tags."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from baas.core.db.faults import sqlstate

_PARAMETER: Final = re.compile(r"\$(\d+)")

Refusals = Mapping[str, Exception]
"""What an error of the database means for the caller, by its SQLSTATE."""
NO_REFUSALS: Final[Refusals] = MappingProxyType({})
NO_SUCH_ROW: Final = "23503"
"""PostgreSQL's SQLSTATE for a foreign key that leads nowhere."""


# D-071: sent with what follows, so an error comes later and brings along what it means.
class Call(NamedTuple):
    """A call of a function, `name($1, $2)`, that is still to be sent."""

    sql: str
    args: tuple[Any, ...]
    refusals: Refusals


def statement(calls: Sequence[Call]) -> tuple[str, list[Any]]:
    """One statement that makes all the calls, in their order, and its arguments."""
    return _together(tuple((call.sql, len(call.args)) for call in calls)), [
        argument for call in calls for argument in call.args
    ]


@lru_cache(maxsize=512)
def _together(calls: tuple[tuple[str, int], ...]) -> str:
    parts, before = [], 0
    for sql, count in calls:
        parts.append(_moved(sql, before))
        before += count
    return "select " + ", ".join(parts)


def _moved(sql: str, by: int) -> str:
    return _PARAMETER.sub(lambda match: f"${int(match[1]) + by}", sql)


def raise_refusal(error: BaseException, calls: Sequence[Call]) -> NoReturn:
    """Raises what an error of the database means, by the first of its calls that knows it; else the error itself.

    To be called where the error is handled, so that its traceback stays.
    """
    state = sqlstate(error) or ""
    for call in calls:
        if state in call.refusals:
            raise call.refusals[state] from None
    raise error


def affected(command_tag: str) -> int:
    """Returns how many rows a statement inserted, changed or deleted, by its command tag (`UPDATE 3`)."""
    return int(command_tag.rpartition(" ")[2])
