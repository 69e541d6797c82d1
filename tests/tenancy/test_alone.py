"""What is the only statement of its transaction sets its store itself."""

# ruff: noqa: PT012  what raises is a transaction as a whole, its COMMIT included

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from baas.core.db import Database, ScopeViolation
from baas.core.scope import StoreScope
from tests.deployment import bare_connection
from tests.servers import Servers

_COUNT_UP = "count_up($1, $2)"
_READ = "select used from usage_counters where store_id = $1 and metric = $2 limit 1"


class TestAlone:
    """`call_alone`, as carts use it, and `fetch_alone`, as readings do."""

    @pytest.fixture
    async def counter(self, servers: Servers, owner_url: str) -> AsyncIterator[None]:
        """A function that writes a row of the store that it is told."""
        connection = await asyncpg.connect(servers.admin_url, database=owner_url.rpartition("/")[2])
        try:
            await connection.execute(
                "create function count_up(p_store uuid, p_metric text) returns bigint language plpgsql as $$"
                " declare counted bigint; begin insert into usage_counters as u values (p_store, p_metric, 'alone', 1)"
                " on conflict (store_id, metric, period) do update set used = u.used + 1 returning u.used into counted;"
                " return counted; end $$;"
                " grant execute on function count_up to baas_app"
            )
            yield
            await connection.execute("drop function count_up")
        finally:
            await connection.close()

    async def test_it_is_committed_and_leaves_nothing_on_its_connection(
        self, settings: Any, ours: StoreScope, counter: None
    ) -> None:
        """Neither the store nor the haste of its commit."""
        small = await Database(settings.database, pool_size=1).open()
        try:
            async with bare_connection(small) as connection:
                await connection.execute("set synchronous_commit = on")
            for turn in (1, 2):
                async with small.fast(ours) as work:
                    assert await work.call_alone(_COUNT_UP, ours.store_id, "committed", relaxed=True) == turn
                    rows = await work.fetch_alone(_READ, ours.store_id, "committed")
                    assert [row["used"] for row in rows] == [turn]
            async with bare_connection(small) as connection:
                assert await connection.fetchval("show synchronous_commit") == "on"
                assert await connection.fetchval("select count(*) from usage_counters") == 0
        finally:
            await small.close()

    async def test_in_a_dry_run_and_beside_others_it_is_one_of_a_transaction(
        self, database: Database, ours: StoreScope, counter: None
    ) -> None:
        """What is rolled back takes it along."""
        async with database.fast(ours, rollback=True) as work:
            assert await work.call_alone(_COUNT_UP, ours.store_id, "undone") == 1
            assert await work.fetch_alone(_READ, ours.store_id, "undone")
        with pytest.raises(ZeroDivisionError):
            async with database.fast(ours) as work:
                await work.execute("select 1")
                await work.call_alone(_COUNT_UP, ours.store_id, "undone")
                raise ZeroDivisionError
        async with database.fast(ours) as work:
            found = await work.fetchval("select count(*) from usage_counters where metric = 'undone'")
        assert found == 0

    async def test_it_cannot_name_another_store(
        self, database: Database, ours: StoreScope, theirs: StoreScope, counter: None
    ) -> None:
        """Neither before it is sent nor in the database."""
        async with database.fast(ours) as work:
            with pytest.raises(ScopeViolation):
                await work.call_alone(_COUNT_UP, theirs.store_id, "theirs")
            with pytest.raises(ScopeViolation):
                await work.fetch_alone(_READ, theirs.store_id, "theirs")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.fast(ours) as work:
                await work.call_alone(
                    "count_up(case when $1::uuid is null then $2::uuid else $2::uuid end, 'theirs')",
                    ours.store_id,
                    theirs.store_id,
                )
