"""What the clocks of stores make due is attended to in its store, one apart from the other."""

from datetime import timedelta
from uuid import UUID

import pytest

from baas.core.db import Database, StoreConnection
from baas.core.values import clock
from baas.core.work.due import Due, attend_each, due_statement
from baas.worker import Worker
from tests.clients import Shop


def statement_of(stores: list[UUID]) -> str:
    """Finds these stores, each as a due row of itself."""
    listed = ", ".join(f"'{store_id}'" for store_id in stores)
    return f"select id as store_id, id, now() + clock_offset as moment from stores where id in ({listed}) limit $1"


@pytest.fixture
async def two(shop: Shop, other_shop: Shop, worker: Worker, database: Database) -> list[UUID]:
    """Two stores, and the second's clock is a day ahead."""
    stores = [(await one.scope(worker)).store_id for one in (shop, other_shop)]
    async with database.operator(reason="a test moves a store's clock") as system:
        await system.execute("update stores set clock_offset = interval '1 day' where id = $1", stores[1])
    return stores


async def test_one_that_fails_stops_none_of_the_others(
    two: list[UUID], worker: Worker, database: Database
) -> None:
    """It is undone, handed on, and None in the result; the other stays done, by its own store's clock."""
    handed_on: list[Due] = []

    async def attend(work: StoreConnection, store_id: UUID) -> timedelta:
        assert work.scope.store_id == store_id
        await work.execute("insert into usage_counters values ($1, 'attended', '2026-01', 1)", store_id)
        if store_id == two[0]:
            raise ZeroDivisionError
        return clock.now(work.scope) - clock.now()

    async def failed(row: Due) -> None:
        handed_on.append(row)

    results = await attend_each(
        database,
        worker.table.scope_for_job,
        statement_of(two),
        attend,
        limit=10,
        reason="a test attends to two stores",
        name="test",
        failed=failed,
    )
    assert results.count(None) == 1
    (ahead,) = [result for result in results if result is not None]
    assert timedelta(hours=23) < ahead < timedelta(hours=25)
    assert [row.store_id for row in handed_on] == [two[0]]
    attended = []
    for store_id in two:
        async with database.fast(await worker.table.scope_for_job(store_id, "req_of_a_test")) as work:
            attended.append(
                await work.fetchval("select count(*) from usage_counters where metric = 'attended'")
            )
    assert attended == [0, 1]


def test_a_statement_looks_at_its_own_column_and_condition() -> None:
    """In both of its halves: stores by the clock of all, and those with a clock of their own."""
    statement = due_statement("carts", at="expires_at", only="t.status = 'active'")
    assert statement.count("t.status = 'active'") == statement.count("from carts t") == 2
