"""What columns say about how long they are kept is what happens: every table that names a time is walked."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from baas.core.observe.redact import MASK, redact
from baas.core.settings import Settings
from baas.core.values import clock, ids
from baas.core.work.retention import Kept, kept_for_a_time, length, personal_names
from baas.worker import Worker, create_worker
from migrations.metadata import metadata
from tests import deployment
from tests.checks.filling import fill
from tests.clients import drain
from tests.servers import Servers, drop_database, random_name, with_database

KEPT = list(kept_for_a_time(metadata))
AGE = {
    "event_deduplications": "created_at",
    "idempotency_keys": "expires_at",
    "notification_contents": "notification_id",
}
"""The column that tells how old a row is, where it is not the id."""
DONE = {
    "carts": "status = 'abandoned'",
    "imports": "status = 'done'",
    "notifications": "status = 'sent'",
    "provider_events": "next_attempt_at = null",
    "webhook_deliveries": "status = 'delivered'",
}
"""What has to be over before a row may go."""
WITH_THEIR_PARENT = {"cart_items": "carts", "import_results": "imports"}
"""Tables whose rows go with the row they belong to."""
CLOSE = timedelta(days=3)


class Aged(msgspec.Struct):
    """A database of its own, full of rows whose age the tests choose, and a worker on it."""

    worker: Worker
    connection: asyncpg.Connection
    admin_url: str


@pytest.fixture(scope="module")
async def aged(servers: Servers, settings: Settings) -> AsyncIterator[Aged]:
    """Two rows in every table."""
    await deployment.roles(servers.admin_url)
    name = random_name("baas_aged")
    owner_url = await deployment.migrated_database(servers.admin_url, name)
    admin_url = with_database(servers.admin_url, name)
    await fill(admin_url)
    worker = create_worker(msgspec.structs.replace(settings, database=deployment.role_urls(owner_url)))
    await worker.runtime.database.open()
    connection = await asyncpg.connect(admin_url)
    # Rows are aged one table after the other; what refers to them is of no interest here.
    await connection.execute("set session_replication_role = replica")
    yield Aged(worker, connection, admin_url)
    await connection.close()
    await worker.runtime.database.close()
    await drop_database(servers.admin_url, name)


async def age(aged: Aged, kept: Kept, by: timedelta) -> None:
    """Make all rows of a table so old."""
    moment = clock.now() - by
    column = AGE.get(kept.table, "id")
    old: object = moment
    if column == "expires_at":
        old = moment + kept.keep
    if column.endswith("id"):
        # One row is enough, and two cannot have the same id.
        await aged.connection.execute(
            f"delete from {kept.table} where ctid <> (select min(ctid) from {kept.table})"
        )
        old = ids.at(moment)
    await aged.connection.execute(f"update {kept.table} set {column} = $1", old)
    if kept.table in DONE:
        await aged.connection.execute(f"update {kept.table} set {DONE[kept.table]}")


async def count(aged: Aged, table: str) -> int:
    found: int = await aged.connection.fetchval(f"select count(*) from {table}")
    return found


LOOPS = ("housekeeping", "partitions", "retention", "webhooks.tidy", "notifications-housekeeping")


async def test_rows_of_every_table_stay_for_their_time_and_then_go(aged: Aged) -> None:
    """By the worker, in a role that can read nothing of what it deletes."""
    rows = [kept for kept in KEPT if not kept.partitioned and kept.table not in WITH_THEIR_PARENT]
    assert {kept.table for kept in rows} >= {*DONE, *AGE}
    for kept in rows:
        await age(aged, kept, kept.keep - min(CLOSE, kept.keep / 2))
    await drain(aged.worker, *LOOPS)
    assert {
        kept.table: await count(aged, kept.table) for kept in rows if not await count(aged, kept.table)
    } == {}
    for kept in rows:
        await age(aged, kept, kept.keep + CLOSE)
    await drain(aged.worker, *LOOPS)
    assert {kept.table for kept in rows if await count(aged, kept.table)} == set()


async def test_what_is_not_over_stays_however_old_it_is(aged: Aged, worker: Worker) -> None:
    """A cart that somebody still fills, a file that waits, a notification of a provider that nobody looked at yet."""
    open_rows = {
        "carts": "insert into carts (store_id, id, status, expires_at, created_at, updated_at)"
        " values ($1, $2, 'active', now() + interval '1 day', now(), now())",
        "imports": "insert into imports (store_id, id, status, format, filename, rows, lease_until, created_at)"
        " values ($1, $2, 'pending', 'shopify', 'a.csv', 1, now(), now())",
        "provider_events": "insert into provider_events (store_id, id, provider, provider_event_id, type,"
        " received_at, next_attempt_at) values ($1, $2, 'stripe', 'evt_of_a_test', 'x', now(), now() + interval '1 day')",
    }
    # A row of `event_outbox` is never over, but its event goes.
    assert open_rows.keys() | {"event_outbox"} == {kept.table for kept in KEPT if kept.done is not None}
    store_id = await aged.connection.fetchval("select id from stores limit 1")
    for sql in open_rows.values():
        await aged.connection.execute(sql, store_id, ids.at(clock.now() - timedelta(days=1000)))
    await drain(aged.worker, "retention")
    for table in open_rows:
        assert await count(aged, table) == 1, table
        await aged.connection.execute(f"delete from {table}")


@pytest.mark.parametrize("table", sorted(WITH_THEIR_PARENT))
def test_what_goes_with_its_parent_is_kept_as_long(table: str) -> None:
    """By the foreign key itself."""
    parents = {kept.table: kept.keep for kept in KEPT}
    assert parents[table] == parents[WITH_THEIR_PARENT[table]]
    cascades = [key for key in metadata.tables[table].foreign_key_constraints if key.ondelete == "CASCADE"]
    assert WITH_THEIR_PARENT[table] in {key.referred_table.name for key in cascades}


async def names_of_partitions(aged: Aged, table: str) -> set[str]:
    rows = await aged.connection.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::text::regclass", table
    )
    return {row["name"] for row in rows}


@pytest.mark.parametrize("kept", [kept for kept in KEPT if kept.partitioned], ids=lambda kept: kept.table)
async def test_partitions_come_and_go_with_the_months(aged: Aged, kept: Kept) -> None:
    """A month of long ago goes and the coming ones are made, also when nobody made this month's in time."""
    name, now = kept.table, clock.now()
    this, *coming = (
        f"{name}_{month // 12}{month % 12 + 1:02d}"
        for month in range(now.year * 12 + now.month - 1, now.year * 12 + now.month + 2)
    )
    # Random ids may lie in the past, and then an earlier look of the worker has taken them.
    await aged.connection.execute(f"delete from {name}")
    await fill(aged.admin_url)
    for partition in (this, *coming):
        await aged.connection.execute(f"drop table if exists {partition}")
    start, end = now - kept.keep - timedelta(days=100), now - kept.keep - timedelta(days=70)
    past = f"{name}_{start:%Y%m}"
    await aged.connection.execute(
        f"create table {past} partition of {name} for values from ('{ids.at(start)}') to ('{ids.at(end)}')"
    )
    young, old = ids.new_id(), ids.at(now - kept.keep - CLOSE)
    rows = await aged.connection.fetch(f"select id from {name} limit 2")
    for row, identity in zip(rows, (young, old), strict=True):
        await aged.connection.execute(f"update {name} set id = $1 where id = $2", identity, row["id"])
    await drain(aged.worker, "partitions")
    assert await names_of_partitions(aged, name) == {f"{name}_default", *coming}
    assert [row["id"] for row in await aged.connection.fetch(f"select id from {name}")] == [young]
    await aged.connection.execute(f"delete from {name}")
    await drain(aged.worker, "partitions")
    assert await names_of_partitions(aged, name) == {f"{name}_default", this, *coming}


def test_lengths_are_read_and_words_are_none() -> None:
    """Hours and days."""
    assert (length("24h"), length("90d")) == (timedelta(hours=24), timedelta(days=90))
    assert [length(word) for word in ("store", "order", "customer", "0d", "90")] == [None] * 5


def test_columns_that_disagree_are_refused() -> None:
    """A row cannot go by halves."""
    halves = MetaData()
    about = [{"pii": False, "keep": keep} for keep in ("store", "90d")]
    Table("halves", halves, *(Column(f"c{n}", Integer, info=info) for n, info in enumerate(about)))
    with pytest.raises(ValueError, match="halves"):
        list(kept_for_a_time(halves))


def test_what_is_personal_is_masked_in_the_logs_by_its_name() -> None:
    """The columns say it; a name that other tables use for something else is judged by its look."""
    names = personal_names(metadata)
    assert {
        "shipping_address",
        "billing_address",
        "email",
        "payer_email",
        "recipient",
        "response_body",
    } <= names
    assert not names & {"id", "store_id", "status", "created_at"}
    line = redact({**dict.fromkeys(names, "Ana Ruiz"), "status": "paid", "number": 7})
    assert line == {**dict.fromkeys(names, MASK), "status": "paid", "number": 7}
