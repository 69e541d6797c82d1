"""Rows for every table of a schema, made from what the database says about it: for migrations that must not lose any.

A migration that adds a NOT NULL column without a default, or a constraint that old rows break, works on an empty
database and fails in a running shop. So each revision is upgraded from one that holds rows.
"""

import itertools
import re
from dataclasses import dataclass
from typing import Any

import asyncpg

from baas.core.schema.migrations import OF_MIGRATIONS

_ROWS = 2
_MOST_TRIES = 3000
"""Combinations of values tried for one row before the check asks for a hint."""

_SIMPLE: dict[str, tuple[str, ...]] = {
    "uuid": ("gen_random_uuid()",),
    "text": ("'x{n}'", "'ARS'", "'AR'", "''"),
    "boolean": ("false", "true"),
    "timestamp with time zone": ("now()", "now() + interval '1 day'"),
    "date": ("current_date",),
    "interval": ("interval '0'",),
    "jsonb": ("'{{}}'", "'[]'"),
    "bytea": ("decode(md5('{n}') || md5('{n}'), 'hex')", "'x{n}'"),
    "tsvector": ("'x'",),
    "inet": ("'127.0.0.1'",),
    "smallint": ("1", "0", "{n}"),
    "integer": ("1", "0", "{n}"),
    "bigint": ("1", "0", "{n}"),
    "double precision": ("1",),
    "real": ("1",),
}

HINTS: dict[tuple[str, str], tuple[str, ...]] = {
    **{
        ("orders", name): ("0",)
        for name in (
            "subtotal",
            "discount_total",
            "shipping_total",
            "tax_total",
            "total",
            "amount_paid",
            "amount_refunded",
        )
    },
    ("orders", "status"): ("'pending'",),
    ("orders", "number"): ("{n}",),
    ("workers", "id"): ("{n}",),
}
"""(table, column) -> SQL expressions to try first, where a table's constraints cannot be met by trying."""


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    nullable: bool
    default: bool


class CannotFillError(Exception):
    """No row could be made for a table. The text says which constraint stood in the way."""


async def fill(url: str) -> int:
    """Put rows into every table of the schema that has none, parents first, and return how many tables have some.

    `url` is a superuser's: row level security would hide the rows of other stores.
    """
    connection = await asyncpg.connect(url)
    try:
        parents = await _parents(connection)
        waiting = list(parents)
        filled: set[str] = set()
        while waiting:
            ready = [table for table in waiting if parents[table] - {table} <= filled]
            if not ready:
                raise CannotFillError(f"These tables refer to one another in a circle: {', '.join(waiting)}")
            for table in ready:
                if not await connection.fetchval(f'select exists (select from "{table}")'):
                    # All rows belong to one store, and of some things a store has one.
                    one = await _keys(connection, table) == ["store_id"]
                    for number in range(1 if one else _ROWS):
                        await _insert(connection, table, number)
                filled.add(table)
                waiting.remove(table)
        return len(filled)
    finally:
        await connection.close()


async def _parents(connection: asyncpg.Connection) -> dict[str, set[str]]:
    tables = await connection.fetch(
        "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
        " and relnamespace = 'public'::regnamespace and relname <> all ($1) order by relname",
        list(OF_MIGRATIONS),
    )
    parents: dict[str, set[str]] = {row["relname"]: set() for row in tables}
    for row in await connection.fetch(
        "select c.conrelid::regclass::text as child, c.confrelid::regclass::text as parent"
        " from pg_constraint c join pg_class t on t.oid = c.conrelid"
        " where c.contype = 'f' and not t.relispartition and c.conparentid = 0"
    ):
        if row["child"] in parents and row["parent"] in parents:
            parents[row["child"]].add(row["parent"])
    for table, above in parents.items():
        if table != "stores" and await _has_store(connection, table):
            above.add("stores")
    return parents


async def _keys(connection: asyncpg.Connection, table: str) -> list[str]:
    rows = await connection.fetch(
        "select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)"
        " where i.indisprimary and i.indrelid = $1::text::regclass",
        f'"{table}"',
    )
    return [row["attname"] for row in rows]


async def _insert(connection: asyncpg.Connection, table: str, number: int) -> None:
    columns = [
        _Column(row["name"], row["type"], row["nullable"], row["has_default"])
        for row in await connection.fetch(
            "select a.attname as name, format_type(a.atttypid, null) as type, not a.attnotnull as nullable,"
            " a.atthasdef or a.attidentity <> '' as has_default from pg_attribute a"
            " where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''"
            " order by a.attnum",
            f'"{table}"',
        )
    ]
    checks = [
        row["definition"]
        for row in await connection.fetch(
            "select pg_get_constraintdef(oid) as definition from pg_constraint"
            " where conrelid = $1::text::regclass and contype = 'c'",
            f'"{table}"',
        )
    ]
    taken = await _from_parents(connection, table, number)
    needed = [
        c for c in columns if c.name in taken or (table, c.name) in HINTS or not (c.nullable or c.default)
    ]
    checked = {c.name for c in columns if any(_mentions(check, c.name) for check in checks)}
    # Columns in a check are tried with all their values, also those that could stay empty; the others with one.
    loose = [c for c in columns if c.name in checked and c not in needed]
    choices: list[list[tuple[_Column, str | None]]] = []
    for column in needed:
        values = _values(table, column, checks, taken, number, every=column.name in checked)
        choices.append([(column, value) for value in values])
    for column in loose:
        values = _values(table, column, checks, taken, number, every=True)
        choices.append([(column, None), *((column, value) for value in values)])
    last: Exception | None = None
    for combination in itertools.islice(itertools.product(*choices), _MOST_TRIES):
        given = [(column, value) for column, value in combination if value is not None]
        names = ", ".join(f'"{column.name}"' for column, _ in given)
        expressions = ", ".join(str(value) for _, value in given)
        try:
            async with connection.transaction():
                await connection.execute(f'insert into "{table}" ({names}) values ({expressions})')
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            last = error
        else:
            return
    raise CannotFillError(
        f"No row can be made for {table}: {last}. Say how in tests/checks/filling.py: HINTS."
    )


def _values(
    table: str, column: _Column, checks: list[str], taken: dict[str, str], number: int, *, every: bool
) -> list[str]:
    if column.name in taken:
        return [taken[column.name]]
    hint = HINTS.get((table, column.name))
    if hint is not None:
        return [value.format(n=number) for value in hint]
    if column.type.endswith("[]"):
        return ["'{}'"]
    simple = [value.format(n=number + 1) for value in _SIMPLE.get(column.type, ("'x'",))]
    literals = [
        literal
        for check in checks
        if _mentions(check, column.name)
        for literal in re.findall(r"'(?:[^']|'')*'", check)
        if column.type == "text"
        if not re.search(r"[\\^$]", literal)
    ]
    found = list(dict.fromkeys([*literals[:6], *simple]))
    return found if every else found[:1]


async def _from_parents(connection: asyncpg.Connection, table: str, number: int) -> dict[str, str]:
    """Values of the columns that must refer to a row of another table, and the store that all rows share."""
    taken: dict[str, str] = {}
    references = await connection.fetch(
        "select c.confrelid::regclass::text as parent,"
        " array(select attname::text from unnest(c.conkey) with ordinality k(n, i)"
        "       join pg_attribute on attrelid = c.conrelid and attnum = n order by i) as own,"
        " array(select attname::text from unnest(c.confkey) with ordinality k(n, i)"
        "       join pg_attribute on attrelid = c.confrelid and attnum = n order by i) as theirs,"
        " (select bool_and(attnotnull) from pg_attribute where attrelid = c.conrelid and attnum = any (c.conkey)) as needed"
        " from pg_constraint c where c.conrelid = $1::text::regclass and c.contype = 'f'"
        " order by cardinality(c.conkey)",
        f'"{table}"',
    )
    # All rows belong to one store, so that every pair of parents fits together.
    store = (
        await connection.fetchval("select id::text from stores order by id limit 1")
        if table != "stores"
        else None
    )
    if store is not None and await _has_store(connection, table):
        taken["store_id"] = f"'{store}'"
    for row in references:
        if not row["needed"] or row["parent"] == table:
            continue
        columns = ", ".join(f'"{name}"::text' for name in row["theirs"])
        own_store = "id" if row["parent"] == "stores" else "store_id"
        where = ""
        if row["parent"] == "stores" or await _has_store(connection, row["parent"]):
            where = f"where {own_store} = '{store}'"
        parents: list[Any] = await connection.fetch(
            f"select {columns} from {row['parent']} {where} order by 1, 2 limit {_ROWS}"
        )
        parent = parents[number % len(parents)]
        for name, value in zip(row["own"], parent, strict=True):
            taken[name] = f"'{value}'"
    return taken


async def _has_store(connection: asyncpg.Connection, table: str) -> bool:
    found: bool = await connection.fetchval(
        "select exists (select from pg_attribute where attrelid = $1::text::regclass and attname = 'store_id')",
        f'"{table}"',
    )
    return found


def _mentions(check: str, column: str) -> bool:
    return re.search(rf"\b{re.escape(column)}\b", check) is not None
