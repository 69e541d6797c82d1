"""Calls whose answers nobody needs: sent with what follows, and as much a part of the transaction as anything else."""

# ruff: noqa: PT012  what raises is a transaction as a whole, its COMMIT included

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.settings import Settings
from tests.servers import Servers


@pytest.fixture(autouse=True)
async def functions(servers: Servers, owner_url: str) -> AsyncIterator[None]:
    """One that counts under a name, and one that refuses."""
    connection = await asyncpg.connect(servers.admin_url, database=owner_url.rpartition("/")[2])
    try:
        await connection.execute(
            "create function tally(p_store uuid, p_metric text, p_by bigint) returns void language sql as $$"
            " insert into usage_counters as u values (p_store, p_metric, 'later', p_by)"
            " on conflict (store_id, metric, period) do update set used = u.used * 10 + p_by $$;"
            " create function refuse(p_code text) returns void language plpgsql as $$"
            " begin raise exception 'no' using errcode = p_code; end $$;"
            " grant execute on function tally, refuse to baas_app"
        )
        yield
        await connection.execute("drop function tally, refuse")
    finally:
        await connection.close()


TALLY = "tally($1, $2, $3)"


async def tallied(database: Database, scope: StoreScope) -> dict[str, int]:
    """What was counted, by name."""
    async with database.fast(scope) as work:
        rows = await work.fetch("select metric, used from usage_counters where period = 'later'")
    return {row["metric"]: row["used"] for row in rows}


class TestCalls:
    """`later`, over both ways into the database."""

    async def test_they_come_in_their_order_and_before_what_follows(
        self, database: Database, open_work: Any, scope: StoreScope
    ) -> None:
        """A statement sees them; those that nothing follows come before the commit."""
        async with open_work(scope) as work:
            for digit in (1, 2):
                await work.later(TALLY, scope.store_id, "seen", digit)
            assert await work.fetchval("select used from usage_counters where metric = 'seen'") == 12
            await work.later(TALLY, scope.store_id, "seen", 3)
            await work.later(TALLY, scope.store_id, "last", 4)
        assert await tallied(database, scope) == {"seen": 123, "last": 4}

    async def test_they_are_undone_with_their_transaction(
        self, database: Database, open_work: Any, scope: StoreScope
    ) -> None:
        """By an error and in a dry run, sent or not."""
        with pytest.raises(ZeroDivisionError):
            async with open_work(scope) as work:
                await work.later(TALLY, scope.store_id, "sent", 1)
                await work.send()
                await work.later(TALLY, scope.store_id, "unsent", 1)
                raise ZeroDivisionError
        async with open_work(scope, rollback=True) as work:
            await work.later(TALLY, scope.store_id, "tried", 1)
        assert await tallied(database, scope) == {}

    async def test_a_part_that_fails_takes_its_own_along(
        self, database: Database, open_work: Any, scope: StoreScope
    ) -> None:
        """What came before the savepoint, and after it, stays."""
        async with open_work(scope) as work:
            await work.later(TALLY, scope.store_id, "before", 1)
            with pytest.raises(ZeroDivisionError):
                async with work.savepoint():
                    await work.later(TALLY, scope.store_id, "part", 1)
                    raise ZeroDivisionError
            async with work.savepoint():
                await work.later(TALLY, scope.store_id, "good part", 1)
            await work.later(TALLY, scope.store_id, "after", 1)
        assert await tallied(database, scope) == {"before": 1, "good part": 1, "after": 1}

    async def test_what_they_refuse_has_its_meaning_wherever_they_are_sent(
        self, database: Database, open_work: Any, scope: StoreScope
    ) -> None:
        """At the commit and before another statement; other errors stay what they are, a dry run tells them, too."""
        refusals = {"BS999": LookupError("refused")}
        for options in ({}, {"rollback": True}):
            with pytest.raises(LookupError, match="refused"):
                async with open_work(scope, **options) as work:
                    await work.later(TALLY, scope.store_id, "refused", 1)
                    await work.later("refuse($1)", "BS999", refusals=refusals)
        with pytest.raises(LookupError, match="refused"):
            async with open_work(scope) as work:
                await work.later("refuse($1)", "BS999", refusals=refusals)
                await work.fetchval("select 1")
        with pytest.raises(asyncpg.PostgresError, match="no"):
            async with open_work(scope) as work:
                await work.later("refuse($1)", "BS998", refusals=refusals)
                await work.send()
        assert await tallied(database, scope) == {}


async def test_those_that_follow_one_another_share_a_round_trip(
    settings: Settings, database: Database, scope: StoreScope
) -> None:
    """Which is what they are for."""
    asked: list[str] = []

    class Told(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
        async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
            asked.append(query)
            return await super().fetchrow(query, *args, **options)

    told = Database(settings.database)
    told.connection_class = Told
    await told.open()
    async with told.fast(scope) as work:
        for digit in (1, 2, 3):
            await work.later(TALLY, scope.store_id, "shared", digit)
        await work.send()
    await told.close()
    assert [sql for sql in asked if "tally" in sql] == [
        "select tally($1, $2, $3), tally($4, $5, $6), tally($7, $8, $9)"
    ]
    assert await tallied(database, scope) == {"shared": 123}
