"""A session knows its store before it can ask anything, and forgets it with its transaction."""

# ruff: noqa: PT012  what raises is a transaction as a whole, its COMMIT included

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from baas.core.db import Database, ScopeViolation, StoreSession
from baas.core.db.orm import SyncStoreSession
from baas.core.scope import CallerKind, StoreScope
from baas.core.values import clock, ids
from baas.core.work import outbox
from baas.core.work.event_types import CustomType
from baas.tenants.models import ApiKey, AuditLine, Store
from tests.clients import Shop
from tests.deployment import bare_connection
from tests.servers import with_database


def line(**columns: Any) -> AuditLine:
    """A row that belongs to a store."""
    return AuditLine(
        **{
            "id": ids.new_id(),
            "actor_kind": "system",
            "actor_id": "test",
            "action": "test.noted",
            "subject": "test",
            "request_id": "req_of_a_test",
            "created_at": clock.now(),
            **columns,
        }
    )


def values(store_id: UUID) -> dict[str, Any]:
    """The same row for SQL."""
    row = line(store_id=store_id)
    return {
        c.name: getattr(row, c.name)
        for c in AuditLine.__table__.columns
        if c.name not in {"old", "new", "address"}
    }


class TestWithoutAStore:
    """Nothing can be asked."""

    @pytest.mark.parametrize("scope", [None, UUID(int=1), "store", {"store_id": UUID(int=1)}])
    @pytest.mark.parametrize("way", ["store", "fast"])
    async def test_no_session_is_made(self, database: Database, way: str, scope: Any) -> None:
        """Only a scope opens a session; a bare id does not."""
        with pytest.raises(ScopeViolation):
            async with getattr(database, way)(scope):
                pass

    async def test_a_session_that_lost_its_scope_raises_before_any_sql(
        self, database: Database, ours: StoreScope
    ) -> None:
        """Even asking for a connection is refused."""
        async with database.store(ours) as template:
            engine = template.bind

        def lost() -> StoreSession:
            session = StoreSession(engine, ours, database.signals)  # type: ignore[arg-type]  # an AsyncEngine, as it was given
            session.sync_session.info.clear()
            return session

        async with lost() as session:
            with pytest.raises(ScopeViolation):
                _ = await session.connection()
        async with lost() as session:
            with pytest.raises(ScopeViolation):
                await session.scalar(select(func.count()).select_from(AuditLine))

    async def test_a_scope_with_a_false_id_opens_nothing(self, database: Database, ours: StoreScope) -> None:
        """The id goes into SQL as text, so it has to be a UUID and nothing else."""
        forged = msgspec.structs.replace(ours, store_id="0'; drop table stores; --")
        with pytest.raises(ScopeViolation):
            async with database.fast(forged):
                pass

    @pytest.mark.parametrize("role", ["relay", "auth", "operator"])
    async def test_work_across_stores_states_its_reason(self, database: Database, role: str) -> None:
        """An empty sentence is none."""
        with pytest.raises(ScopeViolation):
            async with getattr(database, role)(reason=""):
                pass

    async def test_the_bare_role_of_the_application_sees_nothing(
        self, settings: Any, ours: StoreScope
    ) -> None:
        """A connection on which nobody chose a store: no rows, and none can be added."""
        connection = await asyncpg.connect(settings.database.app)
        try:
            assert await connection.fetchval("select count(*) from stores") == 0
            assert await connection.fetchval("select count(*) from api_keys") == 0
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(
                    "insert into usage_counters values ($1, 'test', '2026-01', 1)", ours.store_id
                )
        finally:
            await connection.close()


class TestTheSettingOfTheTransaction:
    """It is the transaction's own."""

    async def test_it_dies_with_the_transaction(self, settings: Any, ours: StoreScope) -> None:
        """One connection, used twice: after a commit or a rollback it sees nothing."""
        small = await Database(settings.database, pool_size=1).open()
        try:
            for rollback in (False, True):
                async with small.fast(ours, rollback=rollback) as work:
                    assert await work.fetchval("select count(*) from stores") == 1
                    backend = await work.fetchval("select pg_backend_pid()")
                async with bare_connection(small) as connection:
                    assert await connection.fetchval("select pg_backend_pid()") == backend
                    assert (
                        await connection.fetchval("select nullif(current_setting('app.store_id', true), '')")
                        is None
                    )
                    assert await connection.fetchval("select count(*) from stores") == 0
            async with small.store(ours) as session:
                assert await session.fetchval("select count(*) from stores") == 1
                engine = session.bind
            assert engine is not None
            async with engine.connect() as bare:  # type: ignore[union-attr]  # an AsyncEngine
                assert (await bare.execute(text("select count(*) from stores"))).scalar_one() == 0
        finally:
            await small.close()

    async def test_an_exception_takes_it_away_too(self, settings: Any, ours: StoreScope) -> None:
        """A transaction that fails leaves no store behind on its connection."""
        small = await Database(settings.database, pool_size=1).open()
        try:
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with small.fast(ours) as work:
                    await work.fetchval("select 1 / 0")
            async with bare_connection(small) as connection:
                assert await connection.fetchval("select count(*) from stores") == 0
        finally:
            await small.close()

    async def test_it_survives_a_savepoint(self, database: Database, ours: StoreScope) -> None:
        """Rolling a part back does not lose the store."""
        for open_work in (database.store, database.fast):
            async with open_work(ours) as work:
                with pytest.raises(ZeroDivisionError):
                    async with work.savepoint():
                        await work.execute("select set_config('test.part', '1', true)")
                        raise ZeroDivisionError
                assert await work.fetchval("select id from stores") == ours.store_id

    async def test_a_savepoint_undoes_its_part_alone(self, database: Database, ours: StoreScope) -> None:
        """What was written before it stays."""
        for open_work in (database.store, database.fast):
            metric = open_work.__name__
            async with open_work(ours) as work:
                await work.execute(
                    "insert into usage_counters values ($1, $2, 'kept', 1)", ours.store_id, metric
                )
                with pytest.raises(asyncpg.UniqueViolationError):
                    async with work.savepoint():
                        await work.execute(
                            "insert into usage_counters values ($1, $2, 'lost', 1)", ours.store_id, metric
                        )
                        await work.execute(
                            "insert into usage_counters values ($1, $2, 'kept', 1)", ours.store_id, metric
                        )
            async with open_work(ours) as work:
                rows = await work.fetch("select period from usage_counters where metric = $1", metric)
                assert [row["period"] for row in rows] == ["kept"]

    async def test_a_part_that_is_undone_emits_nothing(self, database: Database, ours: StoreScope) -> None:
        """Events are written at the end of the transaction, and those of a part that failed are not among them."""
        for open_work in (database.store, database.fast):
            subject = open_work.__name__
            async with open_work(ours) as work:
                await outbox.emit(work, CustomType("custom.kept"), subject=subject, data={})
                with pytest.raises(ZeroDivisionError):
                    async with work.savepoint():
                        await outbox.emit(work, CustomType("custom.undone"), subject=subject, data={})
                        raise ZeroDivisionError
                await outbox.emit(work, CustomType("custom.kept"), subject=subject, data={})
            async with open_work(ours) as work:
                rows = await work.fetch(
                    "select type, sequence from events where subject = $1 order by id", subject
                )
                assert [tuple(row) for row in rows] == [("custom.kept", 1), ("custom.kept", 2)]

    async def test_sessions_of_two_stores_at_once_see_their_own(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """Interleaved, over the same pool."""

        async def look(scope: StoreScope) -> None:
            for _ in range(20):
                async with database.fast(scope) as work:
                    assert [row["id"] for row in await work.fetch("select id from stores")] == [
                        scope.store_id
                    ]
                async with database.store(scope) as session:
                    assert [store.id for store in await session.scalars(select(Store))] == [scope.store_id]

        await asyncio.gather(*(look(scope) for scope in (ours, theirs) * 4))


class TestTheOrm:
    """It filters, stamps and refuses; and where it cannot, the database does."""

    @pytest.fixture
    async def foreign(self, database: Database, theirs: StoreScope) -> UUID:
        """A row of the other store."""
        async with database.store(theirs) as session:
            row = line()
            session.add(row)
        return row.id

    async def test_new_rows_get_the_store(self, database: Database, ours: StoreScope) -> None:
        """Nobody has to remember it."""
        async with database.store(ours) as session:
            row = line()
            session.add(row)
        assert row.store_id == ours.store_id

    async def test_statements_carry_the_store(self, database: Database, ours: StoreScope) -> None:
        """The criteria are in the SQL, so that indexes are used and the database is not the only wall."""
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        async with database.store(ours) as session:
            engine = session.bind.sync_engine  # type: ignore[union-attr]  # an AsyncEngine
            event.listen(engine, "before_cursor_execute", note)
            try:
                await session.scalars(select(AuditLine))
                await session.get(AuditLine, (ours.store_id, ids.new_id()))
                await session.scalar(select(func.count()).select_from(AuditLine))
            finally:
                event.remove(engine, "before_cursor_execute", note)
        selects = [statement for statement in seen if "audit_log" in statement]
        assert len(selects) == 3
        assert all("audit_log.store_id =" in statement for statement in selects)

    async def test_a_foreign_row_is_not_found(
        self, database: Database, ours: StoreScope, theirs: StoreScope, foreign: UUID
    ) -> None:
        """Not by query, not by its full key, not counted."""
        async with database.store(ours) as session:
            assert (await session.scalars(select(AuditLine).where(AuditLine.id == foreign))).all() == []
            assert await session.get(AuditLine, (theirs.store_id, foreign)) is None

    async def test_a_foreign_row_cannot_be_added(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """The flush refuses it by name."""
        with pytest.raises(ScopeViolation, match="AuditLine of another store"):
            async with database.store(ours) as session:
                session.add(line(store_id=theirs.store_id))

    async def test_a_row_cannot_change_hands(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """Nor can one be handed over later."""
        with pytest.raises(ScopeViolation):
            async with database.store(ours) as session:
                row = (await session.scalars(select(ApiKey).limit(1))).one()
                row.store_id = theirs.store_id
                await session.flush()


class TestPastTheOrm:
    """SQL that the ORM's criteria do not reach is closed by the database."""

    async def test_core_and_text_see_no_foreign_row(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """`select(Table)` and `text()` know nothing of stores."""
        table = ApiKey.__table__
        async with database.store(ours) as session:
            everyone = (await session.execute(select(table.c.store_id))).scalars().all()
            assert set(everyone) == {ours.store_id}
            named = await session.execute(
                text("select count(*) from api_keys where store_id = :store"), {"store": theirs.store_id}
            )
            assert named.scalar_one() == 0

    async def test_core_update_and_delete_reach_no_foreign_row(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """Not even when they name it."""
        table: Any = ApiKey.__table__
        async with database.store(ours) as session:
            result: Any = await session.execute(update(table).values(name="taken over"))
            assert result.rowcount == 2
            result = await session.execute(table.delete().where(table.c.store_id == theirs.store_id))
            assert result.rowcount == 0
        async with database.fast(theirs) as work:
            names = await work.fetch("select name from api_keys")
            assert len(names) == 2
            assert "taken over" not in {row["name"] for row in names}

    async def test_core_insert_of_a_foreign_row_is_refused(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """WITH CHECK closes what USING leaves open."""
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.store(ours) as session:
                await session.execute(insert(AuditLine.__table__), [values(theirs.store_id)])  # type: ignore[arg-type]  # a Table

    async def test_bulk_insert_through_the_orm_is_refused(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """It does not pass the flush, so nothing stamps or checks it but the database."""
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.store(ours) as session:
                await session.execute(insert(AuditLine), [values(theirs.store_id)])

    async def test_the_driver_is_walled_in_too(
        self, database: Database, ours: StoreScope, theirs: StoreScope
    ) -> None:
        """`fetch` and `execute` of both kinds of work."""
        for open_work in (database.store, database.fast):
            async with open_work(ours) as work:
                rows = await work.fetch("select distinct store_id from api_keys")
                assert [row["store_id"] for row in rows] == [ours.store_id]
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with open_work(ours) as work:
                    await work.execute(
                        "insert into usage_counters values ($1, 'test', '2026-01', 1)", theirs.store_id
                    )

    async def test_the_application_cannot_change_a_store_past_its_rights(
        self, database: Database, ours: StoreScope
    ) -> None:
        """Plan, mode and activity are the operator's."""
        for change in (
            "plan = 'pro'",
            "mode = 'live'",
            "is_active = true",
            "limits = '{}'",
            "flags = '{}'",
            "slug = 'x'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.fast(ours) as work:
                    await work.execute(f"update stores set {change}")

    async def test_partitions_cannot_be_read_past_their_parent(
        self, database: Database, ours: StoreScope
    ) -> None:
        """Policies are the parent's; without a grant nobody reaches a partition itself."""
        async with database.fast(ours) as work:
            names = await work.fetch("select relname from pg_class where relispartition and relkind = 'r'")
        assert names
        for row in names:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.fast(ours) as work:
                    await work.fetch(f'select 1 from "{row["relname"]}"')


class TestACommitThatFails:
    """It is a 500 and not a 201 with nothing behind it."""

    @pytest.fixture
    async def at_commit(self, servers: Any, settings: Any) -> AsyncIterator[None]:
        """A real deferred constraint: a key called `refused at commit` fails at COMMIT, and only there."""
        admin = await asyncpg.connect(
            with_database(servers.admin_url, settings.database.app.rpartition("/")[2])
        )
        await admin.execute(
            "create function test_refuse() returns trigger language plpgsql as $$ begin"
            " raise exception 'refused at commit' using errcode = '23514'; end $$;"
            " create constraint trigger test_at_commit after insert on api_keys deferrable initially deferred"
            " for each row when (new.name = 'refused at commit') execute function test_refuse()"
        )
        yield
        await admin.execute("drop trigger test_at_commit on api_keys; drop function test_refuse()")
        await admin.close()

    @pytest.mark.usefixtures("at_commit")
    async def test_it_answers_500_and_leaves_no_row(
        self, shop: Shop, database: Database, ours: StoreScope
    ) -> None:
        """Neither the key, nor its audit line, nor the stored answer of its Idempotency-Key."""
        body = {"kind": "secret", "name": "refused at commit"}
        response = await shop.admin(
            "POST", "/admin/api-keys", json=body, headers={"Idempotency-Key": "one"}, expect=500
        )
        assert response.json()["error"]["code"] == "internal_error"
        assert "refused" not in response.text
        async with database.fast(ours) as work:
            assert await work.fetchval("select count(*) from api_keys") == 2
            assert await work.fetchval("select count(*) from audit_log where action = 'api_key.created'") == 2
            assert await work.fetchval("select count(*) from idempotency_keys") == 0

    @pytest.mark.usefixtures("at_commit")
    async def test_what_follows_a_commit_does_not_follow_a_failed_one(
        self, database: Database, ours: StoreScope
    ) -> None:
        """No nudge, no invalidation."""
        told: list[str] = []
        insert_key = (
            "insert into api_keys (store_id, id, kind, name, key_hash, prefix, last_four, scopes, created_at)"
            " values ($1, $2, 'secret', 'refused at commit', $3, '', '', '{}', now())"
        )
        with pytest.raises(asyncpg.CheckViolationError):
            async with database.fast(ours) as work:
                work.after_commit(lambda: told.append("fast"))
                await work.execute(insert_key, ours.store_id, ids.new_id(), ids.new_id().bytes)
        with pytest.raises((IntegrityError, asyncpg.CheckViolationError)):
            async with database.store(ours) as session:
                session.after_commit(lambda: told.append("orm"))
                await session.execute(insert_key, ours.store_id, ids.new_id(), ids.new_id().bytes)
        assert told == []


class TestAfterTheCommit:
    """Reminders, never promises."""

    async def test_each_is_run_once_and_a_failing_one_hurts_nobody(
        self, database: Database, ours: StoreScope
    ) -> None:
        """What failed was only a reminder; the row is there."""
        told: list[str] = []

        def fail() -> None:
            raise RuntimeError("Redis is away")

        for open_work in (database.store, database.fast):
            async with open_work(ours) as work:
                work.after_commit(fail)
                work.after_commit(lambda: told.append("a"), once="a")
                work.after_commit(lambda: told.append("a again"), once="a")
        assert told == ["a", "a"]

    async def test_a_dry_run_reminds_nobody(self, database: Database, ours: StoreScope) -> None:
        """It is rolled back."""
        told: list[str] = []
        for open_work in (database.store, database.fast):
            async with open_work(ours, rollback=True) as work:
                work.after_commit(lambda: told.append("x"))
                await work.execute(
                    "insert into usage_counters values ($1, 'dry', '2026-01', 1)", ours.store_id
                )
            async with open_work(ours) as work:
                assert await work.fetchval("select count(*) from usage_counters") == 0
        assert told == []


async def test_who_made_the_scope_is_in_it(shop: Shop, database: Database, ours: StoreScope) -> None:
    """The audit log names the key that did it, by its public id."""
    await shop.admin("PATCH", "/admin/store", json={"name": "Renamed"}, expect=200)
    keys = await shop.listed("/admin/api-keys")
    secret = next(key["id"] for key in keys if key["kind"] == "secret")
    async with database.fast(ours) as work:
        row = await work.fetchrow("select actor_kind, actor_id from audit_log where action = 'store.updated'")
    assert row is not None
    assert (row["actor_kind"], row["actor_id"]) == (CallerKind.SECRET, secret)
    assert ours.caller.kind is CallerKind.SYSTEM


def test_the_listeners_hang_on_the_session_class() -> None:
    """One class, so that no session can be made without them."""
    assert StoreSession.sync_session_class is SyncStoreSession
