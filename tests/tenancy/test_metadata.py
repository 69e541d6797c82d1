"""Every table belongs to a store by its keys, and every column says what it holds."""

import re

import asyncpg
import pytest
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from baas.core.db.tables import KEEP_ORDER, KEEP_STORE, Base, StoreOwned
from baas.core.schema.migrations import OF_MIGRATIONS
from migrations.metadata import metadata

OF_NO_STORE = {
    "stores": "the tenants themselves; the policy shows a store only itself",
    "workers": "heartbeats of the deployment's processes",
}
"""Tables that belong to no store, and why. Whoever adds one here takes a decision."""
UNIQUE_OVER_STORES = {
    "uq_api_keys_key_hash": "a key is looked up before anybody knows its store; the hash tells nothing",
}
"""Unique indexes that do not begin with the store, and why they tell no store about another."""
_KEEP = re.compile(r"[1-9][0-9]*[hd]")

TABLES = sorted(metadata.tables.values(), key=lambda table: table.name)
OWNED = [table for table in TABLES if table.name not in OF_NO_STORE]
CLASSES = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}


def named(table: Table) -> str:
    return table.name


async def test_the_database_holds_no_table_that_the_metadata_does_not_know(owner_url: str) -> None:
    """What no model describes, no other test of this folder would look at."""
    connection = await asyncpg.connect(owner_url)
    try:
        rows = await connection.fetch(
            "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
            " and relnamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()
    assert {row["relname"] for row in rows} - {*OF_MIGRATIONS} == {table.name for table in TABLES}


@pytest.mark.parametrize("table", OWNED, ids=named)
class TestEveryTableOfAStore:
    """Beside the policies, the keys themselves keep rows of two stores apart."""

    def test_is_mapped_as_owned(self, table: Table) -> None:
        """So the ORM filters and stamps it without being asked."""
        assert issubclass(CLASSES[table], StoreOwned), (
            f"{table.name}: derive its model from StoreOwned or StoreEntity"
        )

    def test_has_a_primary_key_that_begins_with_the_store(self, table: Table) -> None:
        """So the rows of a store lie together, and could move to a server of their own."""
        assert next(column.name for column in table.primary_key) == "store_id"

    def test_refers_to_rows_of_the_same_store_only(self, table: Table) -> None:
        """A foreign key is checked without regard to row level security, so it carries the store itself."""
        for constraint in table.constraints:
            if not isinstance(constraint, ForeignKeyConstraint):
                continue
            target = constraint.referred_table
            ours = [column.name for column in constraint.columns]
            theirs = [element.column.name for element in constraint.elements]
            if target.name == "stores":
                assert (ours, theirs) == (["store_id"], ["id"])
                continue
            assert (ours[0], theirs[0]) == ("store_id", "store_id"), f"{constraint.name}: use store_fk()"

    def test_tells_no_store_what_another_has(self, table: Table) -> None:
        """A unique constraint over all stores would answer that somebody else has this value."""
        uniques = [
            *(
                (str(c.name), [column.name for column in c.columns])
                for c in table.constraints
                if isinstance(c, UniqueConstraint)
            ),
            *(
                (str(index.name), [getattr(e, "name", "") for e in index.expressions])
                for index in table.indexes
                if index.unique
            ),
        ]
        for name, columns in uniques:
            assert name in UNIQUE_OVER_STORES or columns[0] == "store_id", f"{name} begins with {columns[0]}"


async def test_no_unique_index_of_the_database_spans_stores(owner_url: str) -> None:
    """Also not one that a migration made and no model knows."""
    connection = await asyncpg.connect(owner_url)
    try:
        rows = await connection.fetch(
            "select i.indexrelid::regclass::text as name, t.relname as of, a.attname as first"
            " from pg_index i join pg_class t on t.oid = i.indrelid"
            " left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]"
            " where i.indisunique and not t.relispartition and t.relnamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()
    allowed = {*OF_NO_STORE, *OF_MIGRATIONS}
    found = [r["name"] for r in rows if r["of"] not in allowed and r["first"] != "store_id"]
    assert sorted(found) == sorted(UNIQUE_OVER_STORES)


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_every_column_says_whether_it_is_personal_and_how_long_it_is_kept(table: Table) -> None:
    """Erasure, export, redaction and retention read it."""
    for column in table.columns:
        about = column.info
        assert isinstance(about.get("pii"), bool), (
            f"{table.name}.{column.name}: use baas.core.db.tables.column()"
        )
        keep = about.get("keep", "")
        assert keep in {KEEP_STORE, KEEP_ORDER} or _KEEP.fullmatch(keep), (
            f"{table.name}.{column.name}: keep={keep!r}"
        )


PERSONAL = re.compile(r"(^|_)(emails?|phone|address|postal_code|recipient|user_agent|first_name|last_name)$")


@pytest.mark.parametrize("table", OWNED, ids=named)
def test_columns_whose_name_speaks_of_a_person_are_marked_personal(table: Table) -> None:
    """A column called `email` that says it is not personal is a mistake in the saying."""
    for column in table.columns:
        if PERSONAL.search(column.name):
            assert column.info["pii"], f"{table.name}.{column.name} looks personal; say pii=True"
