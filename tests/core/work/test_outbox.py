"""Events: written with what made them true, relayed once at least, heard exactly once."""

# ruff: noqa: PT012  what raises is a transaction as a whole

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from baas.core.db import BY_KEY, Database, StoreWork, SystemConnection
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work import hearing, outbox
from baas.core.work.event_types import CustomType
from baas.core.work.outbox import EventRow, Handlers, ReceivedEvent, emit
from baas.worker import Worker
from tests.clients import Shop, drain


@pytest.fixture
async def scope(shop: Shop, worker: Worker) -> StoreScope:
    """A store, and nothing left over from other tests."""
    await drain(worker)
    return await shop.scope(worker)


async def events_of(database: Database, scope: StoreScope) -> list[dict[str, Any]]:
    """The bodies of the store's events, oldest first."""
    async with database.fast(scope) as work:
        return [
            msgspec.json.decode(row["body"])
            for row in await work.fetch("select body from events order by id")
        ]


class TestEmit:
    """The event is part of the change."""

    async def test_it_is_rolled_back_with_the_change(self, database: Database, scope: StoreScope) -> None:
        """And nobody is woken."""
        woken = 0

        def on_events() -> None:
            nonlocal woken
            woken += 1

        database.signals.on_events = on_events
        try:
            for open_work in (database.store, database.fast):
                with pytest.raises(ZeroDivisionError):
                    async with open_work(scope) as work:
                        await emit(work, CustomType("custom.a"), subject="s_1", data={})
                        raise ZeroDivisionError
                async with open_work(scope, rollback=True) as work:
                    await emit(work, CustomType("custom.a"), subject="s_1", data={})
            assert await events_of(database, scope) == []
            assert woken == 0
            async with database.fast(scope) as work:
                for _ in range(3):
                    await emit(work, CustomType("custom.a"), subject="s_1", data={})
            assert woken == 1, "one nudge for a transaction is enough"
        finally:
            database.signals.on_events = None

    async def test_what_every_receiver_gets(self, database: Database, scope: StoreScope, shop: Shop) -> None:
        """Whole and frozen, with the store, the version and the place in its subject's order."""
        async with database.fast(scope) as work:
            first = await emit(
                work,
                CustomType("custom.made"),
                subject="thing_1",
                data={"text": 'é "quoted" \\ </script>', "n": [1, None]},
            )
            await emit(work, CustomType("custom.made"), subject="thing_2", data=None)
            await emit(work, CustomType("custom.changed"), subject="thing_1", data={"n": 2})
        bodies = await events_of(database, scope)
        assert bodies[0]["id"] == first
        assert list(bodies[0]) == [
            "id",
            "type",
            "api_version",
            "timestamp",
            "store_id",
            "subject",
            "sequence",
            "data",
        ]
        assert bodies[0]["store_id"] == shop.id
        assert bodies[0]["timestamp"].endswith("Z")
        assert bodies[0]["data"] == {"text": 'é "quoted" \\ </script>', "n": [1, None]}
        assert [(body["subject"], body["sequence"]) for body in bodies] == [
            ("thing_1", 1),
            ("thing_2", 1),
            ("thing_1", 2),
        ]

    async def test_sequences_rise_without_gap_in_a_crowd(self, database: Database, scope: StoreScope) -> None:
        """Whoever writes about the same subject waits for the one before."""

        async def write() -> None:
            async with database.fast(scope) as work:
                await emit(work, CustomType("custom.a"), subject="busy", data={})
                await asyncio.sleep(0.001)

        await asyncio.gather(*(write() for _ in range(30)))
        sequences = [body["sequence"] for body in await events_of(database, scope)]
        assert sorted(sequences) == list(range(1, 31))

    async def test_the_same_over_the_orm(self, database: Database, scope: StoreScope) -> None:
        """One writer for both kinds of session."""
        async with database.store(scope) as session:
            await emit(session, CustomType("custom.a"), subject="s", data={"a": 1})
        assert [body["data"] for body in await events_of(database, scope)] == [{"a": 1}]


class Heard:
    """Handlers that write down what they hear."""

    def __init__(self) -> None:
        self.events: list[ReceivedEvent] = []
        self.failing = 0

    async def listen(self, work: StoreWork, event: ReceivedEvent) -> None:
        await work.execute(
            "insert into usage_counters values ($1, 'heard', '2026-01', 1) on conflict (store_id, metric, period)"
            " do update set used = usage_counters.used + 1",
            work.scope.store_id,
        )
        self.events.append(event)
        if self.failing:
            self.failing -= 1
            raise RuntimeError("not today")

    @property
    def handlers(self) -> Handlers:
        return {"custom.heard": {"test.listen": self.listen}}


class TestRelay:
    """Everything that follows from an event is written in one transaction."""

    async def test_each_event_is_relayed_once(self, database: Database, scope: StoreScope) -> None:
        """Also by many relays at the same time."""
        async with database.fast(scope) as work:
            for number in range(50):
                await emit(work, CustomType("custom.heard"), subject=f"s_{number}", data={})
        seen: list[EventRow] = []

        async def fan_out(system: SystemConnection, rows: Sequence[EventRow]) -> None:
            await system.fetchval("select pg_sleep(0.02)")
            seen.extend(rows)

        await asyncio.gather(*(outbox.relay(database, {}, [fan_out]) for _ in range(4)))
        ours = [row.id for row in seen if row.store_id == scope.store_id]
        assert len(ours) == len(set(ours)) == 50
        assert await outbox.relay(database, {}, [fan_out]) == 0

    async def test_a_relay_that_dies_has_done_nothing(
        self, database: Database, scope: StoreScope, worker: Worker
    ) -> None:
        """The next one begins again."""
        heard = Heard()
        async with database.fast(scope) as work:
            await emit(work, CustomType("custom.heard"), subject="s", data={})

        async def dies(_system: SystemConnection, _rows: Sequence[EventRow]) -> None:
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError):
            await outbox.relay(database, heard.handlers, [dies])
        assert (
            await hearing.run_jobs(
                database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
            )
            == 0
        )
        assert await outbox.relay(database, heard.handlers, []) == 1
        assert (
            await hearing.run_jobs(
                database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
            )
            == 1
        )
        assert len(heard.events) == 1

    async def test_in_the_order_in_which_they_happened(self, database: Database, scope: StoreScope) -> None:
        """A batch is sorted by id, that is by time."""
        for number in range(5):
            async with database.fast(scope) as work:
                await emit(work, CustomType("custom.heard"), subject="s", data={"n": number})
        seen: list[int] = []

        async def fan_out(_system: SystemConnection, rows: Sequence[EventRow]) -> None:
            seen.extend(row.sequence for row in rows if row.store_id == scope.store_id)

        await outbox.relay(database, {}, [fan_out])
        assert seen == [1, 2, 3, 4, 5]

    async def test_a_batch_is_found_by_the_index_and_taken_where_it_lies(self, database: Database) -> None:
        """Whatever the planner believes of a table that is empty most of the time."""
        async with database.relay(reason="a test looks at the plan", **BY_KEY) as system:
            rows = await system.fetch(f"explain {outbox._CLAIM}", outbox.RELAY_BATCH)
        plan = "\n".join(row[0] for row in rows)
        assert "Index Scan using ix_event_outbox_id" in plan
        assert "Tid Scan" in plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan

    async def test_what_is_relayed_waits_no_more(self, database: Database, scope: StoreScope) -> None:
        """Its row is gone, and the event itself is as it was written."""
        async with database.fast(scope) as work:
            await emit(work, CustomType("custom.heard"), subject="s", data={"a": 1})
        found = []
        for relayed in (False, True):
            if relayed:
                assert await outbox.relay(database, {}, []) == 1
            async with database.fast(scope) as work:
                found.append(await work.fetchrow("select xmin, * from events"))
                assert await work.fetchval("select count(*) from event_outbox") == (0 if relayed else 1)
        assert found[0] == found[1]


class TestHandlers:
    """A handler's effect and the end of its job are one."""

    async def relayed(self, database: Database, scope: StoreScope, heard: Heard) -> str:
        async with database.fast(scope) as work:
            event_id = await emit(work, CustomType("custom.heard"), subject="thing", data={"a": 1})
        await outbox.relay(database, heard.handlers, [])
        return event_id

    async def heard_in(self, database: Database, scope: StoreScope) -> int:
        async with database.fast(scope) as work:
            return await work.fetchval("select used from usage_counters where metric = 'heard'") or 0

    async def test_they_hear_the_frozen_event_in_its_store(
        self, database: Database, scope: StoreScope, worker: Worker
    ) -> None:
        """As system work, caused by the event."""
        heard = Heard()
        event_id = await self.relayed(database, scope, heard)
        await hearing.run_jobs(database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant)
        assert heard.events == [ReceivedEvent(event_id, "custom.heard", "thing", {"a": 1})]
        assert await self.heard_in(database, scope) == 1
        assert (
            await hearing.run_jobs(
                database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
            )
            == 0
        )

    async def test_one_that_fails_is_asked_again_later_and_its_work_undone(
        self, database: Database, scope: StoreScope, worker: Worker
    ) -> None:
        """With a growing wait, and why it failed in the row."""
        heard = Heard()
        heard.failing = 2
        await self.relayed(database, scope, heard)
        waits = []
        for attempt in (1, 2):
            assert (
                await hearing.run_jobs(
                    database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
                )
                == 1
            )
            assert await self.heard_in(database, scope) == 0
            async with database.fast(scope) as work:
                row = await work.fetchrow(
                    "select attempts, error_class, error, next_attempt_at - now() as wait from event_jobs"
                )
            assert row is not None
            assert tuple(row)[:3] == (attempt, "RuntimeError", "not today")
            waits.append(row["wait"])
            assert (
                await hearing.run_jobs(
                    database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
                )
                == 0
            ), "not yet"
            await self.make_due(database)
        assert waits[1] > waits[0]
        assert (
            await hearing.run_jobs(
                database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
            )
            == 1
        )
        assert await self.heard_in(database, scope) == 1
        async with database.fast(scope) as work:
            assert await work.fetchval("select count(*) from event_jobs") == 0

    async def make_due(self, database: Database) -> None:
        async with database.relay(reason="a test lets time pass") as system:
            await system.execute(
                "update event_jobs set next_attempt_at = now(), claimed_until = null where dead_at is null"
            )

    async def test_a_job_that_two_workers_got_is_done_once(
        self, database: Database, scope: StoreScope, worker: Worker
    ) -> None:
        """The lease ran out under the first: its row is gone for the second."""
        heard = Heard()
        await self.relayed(database, scope, heard)

        async def run() -> None:
            await hearing.run_jobs(
                database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
            )

        first = asyncio.create_task(run())
        await asyncio.sleep(0)
        await self.make_due(database)
        await asyncio.gather(first, run(), run())
        await self.make_due(database)
        await run()
        assert await self.heard_in(database, scope) == 1

    async def test_one_that_nobody_knows_any_more_stays_and_says_so(
        self, database: Database, scope: StoreScope, worker: Worker
    ) -> None:
        """A renamed handler is a mistake to be seen, not an event to be lost; others go on."""
        heard = Heard()
        await self.relayed(database, scope, heard)
        await hearing.run_jobs(database, {}, worker.table.scope_for_job, worker.runtime.claimant)
        async with database.fast(scope) as work:
            assert "test.listen" in await work.fetchval("select error from event_jobs")
        await self.make_due(database)
        await hearing.run_jobs(database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant)
        assert await self.heard_in(database, scope) == 1

    async def test_one_store_that_fails_does_not_stop_another(
        self, database: Database, scope: StoreScope, other_shop: Shop, worker: Worker
    ) -> None:
        """Each job has a transaction of its own."""
        heard = Heard()
        await self.relayed(database, scope, heard)
        await self.relayed(database, await other_shop.scope(worker), heard)
        heard.failing = 1
        assert (
            await hearing.run_jobs(
                database, heard.handlers, worker.table.scope_for_job, worker.runtime.claimant
            )
            == 2
        )
        done = [await self.heard_in(database, s) for s in (scope, await other_shop.scope(worker))]
        assert sorted(done) == [0, 1]


def test_an_event_id_is_a_public_id() -> None:
    """Receivers deduplicate by it."""
    assert ids.try_decode(Kind.EVENT, ids.encode(Kind.EVENT, ids.new_id())) is not None
