"""Both ways into the database speak the same language, and say what went wrong in ours."""

# ruff: noqa: PT012  what raises is a transaction as a whole

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from baas.core.db import Database, DatabaseUrls, is_outage, sqlstate, violated
from baas.core.scope import StoreScope
from baas.core.settings import Settings
from baas.core.values import clock, ids
from baas.tenants.models import ApiKey, AuditLine


class TestJson:
    """`jsonb` goes in and comes out as Python objects, on both."""

    @pytest.mark.parametrize("value", [{"a": [1, "é", None, True]}, [], "text", 7, None, {"big": 2**60}])
    async def test_there_and_back(self, open_work: Any, scope: StoreScope, value: Any) -> None:
        """Whatever the way, the same value."""
        async with open_work(scope) as work:
            assert await work.fetchval("select $1::jsonb", value) == value

    async def test_what_the_orm_writes_the_driver_reads(self, database: Database, scope: StoreScope) -> None:
        """And the other way round, in one transaction."""
        async with database.store(scope) as session:
            row = AuditLine(
                id=ids.new_id(), actor_kind="system", actor_id="t", action="a", subject="s", new={"n": [1]},
                request_id="r", created_at=clock.now(),
            )  # fmt: skip
            session.add(row)
            assert await session.fetchval("select new from audit_log where id = $1", row.id) == {"n": [1]}
            assert (
                await session.fetchval("select new -> 'n' ->> 0 from audit_log where id = $1", row.id) == "1"
            )


class TestRows:
    """The raw verbs."""

    async def test_each_answers_its_shape(self, open_work: Any, scope: StoreScope) -> None:
        """Rows, a row or None, a value or None, a tag."""
        async with open_work(scope) as work:
            assert [row["n"] for row in await work.fetch("select n from generate_series(1, 3) n")] == [
                1,
                2,
                3,
            ]
            assert (await work.fetchrow("select 1 as a, 2 as b"))["b"] == 2
            assert await work.fetchrow("select 1 where false") is None
            assert await work.fetchval("select 1 where false") is None
            await work.executemany(
                "insert into usage_counters values ($1, $2, '2026-01', 1)",
                [(scope.store_id, "a"), (scope.store_id, "b")],
            )
            assert (
                await work.execute("update usage_counters set used = 2 where period = $1", "2026-01")
                == "UPDATE 2"
            )

    async def test_a_snapshot_sees_one_moment_and_writes_nothing(
        self, database: Database, scope: StoreScope
    ) -> None:
        """An answer made of several statements never mixes two."""
        async with database.fast(scope, snapshot=True) as work:
            before = await work.fetchval("select count(*) from usage_counters")
            async with database.fast(scope) as other:
                await other.execute(
                    "insert into usage_counters values ($1, 'later', '2026-01', 1)", scope.store_id
                )
            assert await work.fetchval("select count(*) from usage_counters") == before
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with database.fast(scope, snapshot=True) as work:
                await work.execute("delete from usage_counters")


class TestErrors:
    """Told apart by what they are, whichever way they come."""

    async def test_a_violated_constraint_is_named(self, open_work: Any, scope: StoreScope) -> None:
        """So that a service can say which rule it was."""
        with pytest.raises(asyncpg.UniqueViolationError) as driver:
            async with open_work(scope) as work:
                for _ in range(2):
                    await work.execute(
                        "insert into usage_counters values ($1, 'a', '2026-01', 1)", scope.store_id
                    )
        assert violated(driver.value) == "pk_usage_counters"
        assert sqlstate(driver.value) == "23505"
        assert not is_outage(driver.value)

    async def test_also_through_the_orm(self, database: Database, scope: StoreScope) -> None:
        """SQLAlchemy wraps the driver's error."""
        with pytest.raises(IntegrityError) as wrapped:
            async with database.store(scope) as session:
                session.add(
                    ApiKey(
                        id=ids.new_id(),
                        kind="golden",
                        name="x",
                        key_hash=ids.new_id().bytes,
                        prefix="",
                        last_four="",
                        scopes=[],
                        created_at=clock.now(),
                    )
                )
        assert violated(wrapped.value) == "ck_api_keys_kind"
        assert sqlstate(wrapped.value) == "23514"

    def test_anything_else_has_neither(self) -> None:
        """And is no outage."""
        error = ValueError("x")
        assert (violated(error), sqlstate(error), is_outage(error)) == (None, None, False)

    @pytest.mark.parametrize(
        "error",
        [ConnectionRefusedError(), TimeoutError(), asyncpg.ConnectionDoesNotExistError(), asyncpg.TooManyConnectionsError(), asyncpg.AdminShutdownError(), asyncpg.QueryCanceledError(), asyncpg.LockNotAvailableError(), asyncpg.InterfaceError("closed"), asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")],
        ids=repr,
    )  # fmt: skip
    def test_an_outage_is_one(self, error: Exception) -> None:
        """The caller gets 503 and may try again."""
        assert is_outage(error)

    async def test_a_database_that_is_away_is_an_outage(self, settings: Settings, scope: StoreScope) -> None:
        """Over both ways."""
        nowhere = DatabaseUrls(
            **dict.fromkeys(("app", "relay", "auth", "operator"), "postgresql://a:b@127.0.0.1:1/x")
        )
        away = await Database(nowhere).open()
        for way in (away.store, away.fast):
            with pytest.raises(Exception) as error:  # noqa: PT011  several kinds, all of them outages
                async with way(scope) as work:
                    await work.fetchval("select 1")
            assert is_outage(error.value), repr(error.value)
        await away.close()
        assert "postgresql" not in repr(settings.database)

    async def test_a_killed_connection_is_an_outage_and_is_replaced(
        self, settings: Settings, scope: StoreScope
    ) -> None:
        """The next transaction gets a fresh one."""
        small = await Database(settings.database, pool_size=1).open()
        try:
            for way in (small.fast, small.store):
                with pytest.raises(Exception) as error:  # noqa: PT011  several kinds, all of them outages
                    async with way(scope) as work:
                        await work.fetchval("select pg_terminate_backend(pg_backend_pid())")
                assert is_outage(error.value), repr(error.value)
                async with way(scope) as work:
                    assert await work.fetchval("select 1") == 1
        finally:
            await small.close()


class TestCancellation:
    """A caller that goes away leaves nothing open."""

    @pytest.mark.parametrize("way", ["store", "fast"])
    async def test_a_cancelled_transaction_is_rolled_back(
        self, settings: Settings, scope: StoreScope, way: str
    ) -> None:
        """And its connection serves the next, clean."""
        small = await Database(settings.database, pool_size=1).open()
        try:
            inside = asyncio.Event()

            async def work_forever() -> None:
                async with getattr(small, way)(scope) as work:
                    await work.execute(
                        "insert into usage_counters values ($1, 'cancelled', '2026-01', 1)", scope.store_id
                    )
                    inside.set()
                    await asyncio.sleep(60)

            task = asyncio.create_task(work_forever())
            await inside.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            other = msgspec.structs.replace(scope, store_id=ids.new_id())
            async with asyncio.timeout(5), getattr(small, way)(other) as work:
                assert await work.fetchval("select count(*) from usage_counters") == 0
            async with getattr(small, way)(scope) as work:
                assert (
                    await work.fetchval("select count(*) from usage_counters where metric = 'cancelled'") == 0
                )
        finally:
            await small.close()

    async def test_cancelled_in_the_middle_of_a_statement(
        self, settings: Settings, scope: StoreScope
    ) -> None:
        """The statement is stopped; the pool is whole."""
        small = await Database(settings.database, pool_size=2).open()
        try:

            async def slow() -> None:
                async with small.fast(scope) as work:
                    await work.fetchval("select pg_sleep(30)")

            for _ in range(5):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(slow(), 0.05)
            async with asyncio.timeout(5), small.fast(scope) as work:
                assert await work.fetchval("select 1") == 1
            assert small.connections_in_use == 0
        finally:
            await small.close()
