"""What a migration says about a table besides its columns: who may do what, and whose rows they see."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from alembic import op

from baas.core.values import clock

APP, RELAY, AUTH, OPERATOR = "baas_app", "baas_relay", "baas_auth", "baas_operator"
CURRENT_STORE = "nullif(current_setting('app.store_id', true), '')::uuid"
"""The store of the transaction. After a transaction-local setting ends it reads '', not NULL."""


def store_table(table: str, *, grants: str = "select, insert, update, delete", key: str = "store_id") -> None:
    """Wall a table in: row level security enabled and forced, and the app's rows are its store's."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy store on {table} to {APP} "
        f"using ({key} = {CURRENT_STORE}) with check ({key} = {CURRENT_STORE})"
    )
    op.execute(f"grant {grants} on {table} to {APP}")


def across_stores(table: str, role: str, grants: str) -> None:
    """Let a system role see all rows of a table, for exactly these (column) grants."""
    op.execute(f"create policy {role} on {table} to {role} using (true) with check (true)")
    op.execute(f"grant {grants} on {table} to {role}")


def months(start: datetime, count: int) -> Iterable[tuple[str, datetime, datetime]]:
    """Names and bounds of `count` months from the one that holds `start`."""
    year, month = start.year, start.month
    for _ in range(count):
        following = (year + month // 12, month % 12 + 1)
        yield f"{year}{month:02d}", datetime(year, month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
        year, month = following


def first_id_of(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def monthly_partitions(table: str, *, count: int = 3) -> None:
    """A default partition, which never refuses a row, and one for each of `count` months from this one.

    The worker adds the coming months and drops those past their retention.
    """
    op.execute(f"create table {table}_default partition of {table} default")
    for name, start, end in months(clock.now(), count):
        op.execute(
            f"create table {table}_{name} partition of {table} "
            f"for values from ('{first_id_of(start)}') to ('{first_id_of(end)}')"
        )
