"""How long rows are kept, as the columns of their tables say it: `column(keep="90d")` is the whole configuration.

A table whose columns name a length of time loses its rows after it. What is partitioned by month goes by the
month; what says when a row is done (`"info": {"done": "status <> 'active'"}`) is deleted in batches; the rest goes
with the row it belongs to, or is deleted by the package that owns it. `tests/core/work/test_retention.py` walks over
all of them.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import MetaData, Table

from baas.core.db import Database, affected
from baas.core.values import clock, ids

BATCH: Final = 1000
_LENGTH: Final = re.compile(r"([1-9][0-9]*)([hd])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1)}


class Kept(msgspec.Struct, frozen=True):
    """A table whose rows are there for a time."""

    table: str
    keep: timedelta
    partitioned: bool
    done: str | None
    """SQL over a row: whether it may go once it is old enough; None where others see to it."""


def length(keep: str) -> timedelta | None:
    """The time behind a column's `keep`; None for a word (`store`, `order`, `customer`)."""
    match = _LENGTH.fullmatch(keep)
    return None if match is None else int(match[1]) * _UNITS[match[2]]


def kept_for_a_time(metadata: MetaData) -> Iterator[Kept]:
    """Every table whose columns name a length of time. Raises ValueError for one whose columns do not agree."""
    for table in metadata.sorted_tables:
        lengths = {length(column.info["keep"]) for column in table.columns if not column.primary_key}
        if lengths <= {None}:
            continue
        if len(lengths) > 1:
            raise ValueError(f"{table.name}: rows go as a whole, so all columns have to say the same `keep`.")
        yield Kept(table.name, lengths.pop() or timedelta(), _is_partitioned(table), table.info.get("done"))


def personal_names(metadata: MetaData) -> set[str]:
    """Names that belong to personal columns alone: whatever a log line holds under them is masked."""
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    impersonal = {column.name for column in columns if not column.info["pii"]}
    return {column.name for column in columns} - impersonal


def _is_partitioned(table: Table) -> bool:
    return table.dialect_options["postgresql"]["partition_by"] is not None


# D-008: partitions are made and dropped by one function that the worker may call; it owns no table.
async def maintain_partitions(database: Database, metadata: MetaData) -> None:
    """Make the partitions of the coming months and drop those past their time."""
    for kept in kept_for_a_time(metadata):
        if kept.partitioned:
            async with database.relay(
                reason="retention: partitions to come, partitions past their time"
            ) as system:
                await system.fetchval("select maintain_partitions($1, $2)", kept.table, kept.keep)


async def sweep(database: Database, metadata: MetaData) -> int:
    """Delete a batch of each table's rows that are done and past their time; answers how many when there may be more."""
    most = 0
    for kept in kept_for_a_time(metadata):
        if kept.done is None:
            continue
        async with database.relay(reason="retention: delete what is past its time") as system:
            tag = await system.execute(
                f"delete from {kept.table} t using (select store_id, id from {kept.table}"
                f" where id < $1 and {kept.done} limit $2) old where t.store_id = old.store_id and t.id = old.id",
                ids.at(clock.now() - kept.keep),
                BATCH,
            )
        most = max(most, affected(tag))
    return most if most == BATCH else 0
