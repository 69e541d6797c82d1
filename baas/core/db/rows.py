"""Rows of the database as frozen structs: one struct names the columns, their order and their types (D-081).

    class RefundRow(Row, frozen=True):
        __table__ = "refunds"

        id: UUID
        status: RefundStatus
        reason: str | None

`columns(RefundRow)` is its select list, `row_of` and `rows_of` read what the driver returns, `insert` writes one. What a
struct says of a table is compared with its model by `tests/core/db/test_rows.py`: a `Row` has every column but the
store's id, a `Projection` some of them and expressions over them.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from baas.core.db.work import StoreWork

R = TypeVar("R", bound="Row")

_AS_DELIVERED: Final = frozenset(
    {UUID, str, int, bool, bytes, float, Decimal, datetime, date, timedelta, object}
)
"""Types that the driver makes itself."""


class UnreadableRow(Exception):
    """A column holds what its row has no place for. The message names row and column, never the value."""


class Sql(msgspec.Struct, frozen=True):
    """The expression that a field of a projection is read from: `Annotated[bool, Sql("secret is not null")]`."""

    text: str


class Row(msgspec.Struct, frozen=True):
    """Every column of a table but the store's id. A field has the column's name."""

    __table__: ClassVar[str] = ""


class Projection(Row, frozen=True):
    """Some columns of a table, and expressions over them. Without `__table__`, what a function or a join returns."""


@cache
def columns(row: type[msgspec.Struct], alias: str = "") -> str:
    """The select list of a row, its columns prefixed by the alias of their table if there is one."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(
        f"{prefix}{name}" if expression is None else f"{expression} as {name}"
        for name, expression in expressions(row).items()
    )


@cache
def expressions(row: type[msgspec.Struct]) -> dict[str, str | None]:
    """What each field is read from: None for the column of its own name."""
    return {
        name: next((mark.text for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Sql)), None)
        for name, hint in field_types(row).items()
    }


@cache
def insert_sql(row: type[Row]) -> str:
    """The statement that writes a row; `$1` is the store, then come the row's fields."""
    names = ("store_id", *row.__struct_fields__)
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    return f"insert into {row.__table__} ({', '.join(names)}) values ({places})"


async def insert(work: StoreWork, row: Row) -> None:
    """Write a row of the transaction's store, every field of it."""
    await work.execute(insert_sql(type(row)), work.scope.store_id, *astuple(row))


def call_sql(function: str, names: Sequence[str]) -> str:
    """A call of a function by the names of its parameters, `function(p_a => $1, p_b => $2)`."""
    return f"{function}({', '.join(f'p_{name} => ${number}' for number, name in enumerate(names, start=1))})"


def row_of(row: type[R], record: Any) -> R:
    """A record of the driver as its row.

    Raises TypeError for a record whose columns are not the row's, and UnreadableRow for a word that its enum lacks or an
    object of another shape.
    """
    names, make = _reader(row)
    if tuple(record.keys()) != names:
        raise TypeError(f"The statement returns {', '.join(record.keys())}, which is no {row.__name__}.")
    made: R = make(record)
    return made


def optional_row(row: type[R], record: Any | None) -> R | None:
    """A record as its row, or None where there is none. Raises as `row_of` does."""
    return None if record is None else row_of(row, record)


def rows_of(row: type[R], records: Sequence[Any]) -> list[R]:
    """The records of one statement as rows. Raises as `row_of` does."""
    if not records:
        return []
    first = row_of(row, records[0])
    make = _reader(row)[1]
    return [first, *(make(record) for record in records[1:])]


@cache
def field_types(row: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the type of each field of a row's struct, `Annotated` included."""
    hints = get_type_hints(row, include_extras=True)
    return {name: hints[name] for name in row.__struct_fields__}


@cache
def _reader(row: type[Row]) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    """The names that a record must have, and what makes a row of it."""
    names = row.__struct_fields__
    steps = [
        (place, convert)
        for place, hint in enumerate(field_types(row).values())
        if (convert := _converter(hint)) is not None
    ]
    if not steps:
        return names, lambda record: row(*record)

    def make(record: Any) -> Any:
        values = [*record]
        place = 0
        try:
            for place, convert in steps:
                if values[place] is not None:
                    values[place] = convert(values[place])
        except (KeyError, msgspec.ValidationError) as error:
            # Not the caller's mistake, which is what these two would say further up.
            raise UnreadableRow(f"{row.__name__}.{names[place]}: {type(error).__name__}") from None
        return row(*values)

    return names, make


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    """How a value of the driver becomes one of this type; None when it is one already."""
    kind = plain_type(hint)
    if kind in _AS_DELIVERED or kind is Any or get_origin(kind) is Literal:
        return None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind._value2member_map_.__getitem__
    if get_origin(kind) is dict or (
        get_origin(kind) in {list, tuple} and all(one in _AS_DELIVERED for one in get_args(kind))
    ):
        return None
    return lambda value: msgspec.convert(value, kind)


def plain_type(hint: Any) -> Any:
    """A field's type without its marks and without None."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in {Union, UnionType}:
        rest = tuple(one for one in get_args(hint) if one is not type(None))
        if len(rest) < len(get_args(hint)):
            return plain_type(Union[rest])  # noqa: UP007  made at run time
    return hint


def is_optional(hint: Any) -> bool:
    """Whether a field may be None."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_origin(hint) in {Union, UnionType} and type(None) in get_args(hint)
