"""Rows as structs: what a struct says of a table is what its model and the database say."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import asyncpg
import msgspec
import pytest
from sqlalchemy import Column, Table

import baas
from baas.core.db.rows import (
    Projection,
    Row,
    Sql,
    UnreadableRow,
    call_sql,
    columns,
    expressions,
    field_types,
    insert_sql,
    is_optional,
    optional_row,
    plain_type,
    row_of,
    rows_of,
)
from baas.core.db.tables import load_tables
from baas.services.orders.rows import OrderChanges, OrderRow
from baas.services.payments.repository.payments import Filters
from baas.services.payments.rows import PaymentRow

_ROOT = Path(baas.__file__).parent
_OF_POSTGRES: dict[str, Any] = {
    "uuid": UUID,
    "text": str,
    "varchar": str,
    "bool": bool,
    "int2": int,
    "int4": int,
    "int8": int,
    "numeric": Decimal,
    "float8": float,
    "bytea": bytes,
    "date": date,
    "timestamptz": datetime,
    "interval": timedelta,
    "jsonb": dict,
    "json": dict,
    "text[]": list[str],
    "uuid[]": list[UUID],
    "int8[]": list[int],
}


def every_row() -> list[type[Row]]:
    """The row structs of all packages, wherever they are."""
    for path in sorted(_ROOT.rglob("*.py")):
        if "(Row, frozen" in (text := path.read_text()) or "(Projection, frozen" in text:
            module = ".".join(("baas", *path.relative_to(_ROOT).with_suffix("").parts))
            import_module(module.removesuffix(".__init__"))

    def below(row: type[Row]) -> Iterator[type[Row]]:
        for one in row.__subclasses__():
            if one.__module__.startswith("baas."):
                yield one
            yield from below(one)

    return [row for row in below(Row) if row is not Projection]


ROWS = every_row()
STORED = [row for row in ROWS if row.__table__]


def stored_type(hint: Any) -> Any:
    """The type of the column that such a field is read from."""
    kind = plain_type(hint)
    if get_origin(kind) is Literal:
        return type(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str
    origin = get_origin(kind) or kind
    if kind in {*_OF_POSTGRES.values(), Any} - {dict}:
        return kind
    if origin in {dict, list, tuple} or msgspec.inspect.is_struct_type(kind):
        return dict
    # A union of structs is an object, too.
    return dict


def test_there_are_rows_of_many_tables() -> None:
    assert len({row.__table__ for row in STORED}) > 5


@pytest.mark.parametrize("row", STORED, ids=lambda row: row.__name__)
def test_a_row_agrees_with_its_model(row: type[Row]) -> None:
    """Names, and what may be null. A whole row has every column but the store's id."""
    table: Table = load_tables().tables[row.__table__]
    known: dict[str, Column[Any]] = {column.name: column for column in table.columns}
    read_as = expressions(row)
    plain = {name for name, expression in read_as.items() if expression is None}
    assert plain <= set(known), "no such columns"
    if not issubclass(row, Projection):
        assert set(read_as) == set(known) - {"store_id"}, "a whole row has all columns of its table"
    for name in plain:
        assert is_optional(field_types(row)[name]) == bool(known[name].nullable), name


async def test_a_row_reads_the_types_that_the_database_returns(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    wrong = []
    try:
        for row in STORED:
            # A claim reads its table under another name; here every column has its own.
            prepared = await connection.prepare(f"select {columns(row)} from {row.__table__}")
            for attribute in prepared.get_attributes():
                kind = attribute.type.name
                expected = _OF_POSTGRES[kind]
                said = stored_type(field_types(row)[attribute.name])
                if said not in (expected, Any):
                    wrong.append(f"{row.__name__}.{attribute.name} is {said}, its column {kind}")
    finally:
        await connection.close()
    assert wrong == []


@pytest.mark.parametrize(
    "changes, row", [(OrderChanges, OrderRow), (Filters, PaymentRow)], ids=lambda kind: kind.__name__
)
def test_what_may_change_or_be_asked_for_has_the_types_of_its_row(changes: Any, row: type[Row]) -> None:
    """A dictionary of some columns; a filter asks for what is there, so it need not be None."""
    whole = field_types(row)
    for name, hint in get_type_hints(changes).items():
        assert plain_type(hint) == plain_type(whole[name]), name
        assert changes is Filters or is_optional(hint) == is_optional(whole[name]), name


class Word(StrEnum):
    HERE = "here"


class Detail(msgspec.Struct, frozen=True):
    amount: int


class Sample(Row, frozen=True):
    __table__ = "samples"

    id: int
    word: Word
    detail: Detail | None
    many: list[Detail]
    plain: dict[str, Any]


class Counted(Projection, frozen=True):
    __table__ = "samples"

    id: int
    is_here: Annotated[bool, Sql("word = 'here'")]


def record(**values: Any) -> Any:
    """What the driver returns: values by position, names beside them."""

    class Record(tuple):  # type: ignore[type-arg]  # holds anything
        def keys(self) -> Any:
            return iter(values)

    return Record(values.values())


def test_one_struct_says_the_columns_the_insert_and_the_call() -> None:
    assert columns(Sample) == "id, word, detail, many, plain"
    assert columns(Sample, "s") == "s.id, s.word, s.detail, s.many, s.plain"
    assert columns(Counted) == "id, word = 'here' as is_here"
    assert insert_sql(Sample) == (
        "insert into samples (store_id, id, word, detail, many, plain) values ($1, $2, $3, $4, $5, $6)"
    )
    assert call_sql("place", ("store", "id")) == "place(p_store => $1, p_id => $2)"


def test_a_record_becomes_its_row_with_words_and_objects_of_its_types() -> None:
    found = record(id=1, word="here", detail=None, many=[{"amount": 2}], plain={"a": 1})
    row = row_of(Sample, found)
    assert row == Sample(1, Word.HERE, None, [Detail(2)], {"a": 1})
    assert row.word is Word.HERE
    assert rows_of(Sample, [found, found]) == [row, row]
    assert rows_of(Sample, []) == []
    assert optional_row(Sample, None) is None


def test_a_record_of_other_columns_is_refused() -> None:
    """Values go by position, so columns in another order would be read as each other."""
    with pytest.raises(TypeError, match="word, id"):
        row_of(Sample, record(word="here", id=1, detail=None, many=[], plain={}))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"word": "secret", "detail": None}, id="a word that its enum lacks"),
        pytest.param({"word": "here", "detail": {"amount": "secret"}}, id="an object of another shape"),
    ],
)
def test_what_a_row_has_no_place_for_is_an_error_of_ours_and_shows_no_value(values: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRow) as raised:
        row_of(Sample, record(id=1, **values, many=[], plain={}))
    assert "secret" not in str(raised.value)
