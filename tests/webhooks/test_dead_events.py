"""What the backend's own handlers fail on: tried for a day, then dead in sight, and tried again when somebody says so."""

import json
import os
import sys
from asyncio import create_subprocess_exec, subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from baas.core.db import Database
from baas.core.observe import metrics
from baas.core.scope import StoreScope
from baas.core.settings import Settings
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work import event_jobs, hearing, outbox
from baas.core.work.outbox import Handlers, ReceivedEvent
from baas.worker import Worker
from tests import deployment
from tests.clients import Shop, drain
from tests.running import ROOT

SECRET_THINGS = "no room for 'Ana Ruiz' <ana@example.com>, card 4111111111111111, token=abcdefgh"


class Listener:
    """A handler that fails until it is told not to."""

    def __init__(self) -> None:
        self.well = False
        self.heard: list[ReceivedEvent] = []

    async def hear(self, work: Any, event: ReceivedEvent) -> None:
        del work
        if not self.well:
            raise ValueError(SECRET_THINGS)
        self.heard.append(event)

    @property
    def handlers(self) -> Handlers:
        return {"custom.heard": {"test.listen": self.hear}}


@pytest.fixture
async def listener(worker: Worker) -> AsyncIterator[Listener]:
    """Nothing is left over from other tests, and nothing afterwards."""
    await revive(worker)
    await drain(worker)
    made = Listener()
    yield made
    made.well = True
    await revive(worker)
    await run(worker, made)


async def revive(worker: Worker) -> None:
    """Every job of this database is due again, those that other tests let die as well."""
    async with worker.runtime.database.relay(reason="a test leaves no job behind") as system:
        await system.execute(
            "update event_jobs set claimed_until = null, attempts = 0, next_attempt_at = now(), dead_at = null"
        )


async def run(worker: Worker, listener: Listener) -> int:
    """One look of a worker at the jobs that are due."""
    return await hearing.run_jobs(
        worker.runtime.database, listener.handlers, worker.table.scope_for_job, worker.runtime.claimant
    )


async def published(shop: Shop, worker: Worker, listener: Listener) -> dict[str, Any]:
    body = {"type": "custom.heard", "subject": "thing", "data": {"email": "ana@example.com"}}
    event = (await shop.admin("POST", "/admin/events", json=body, expect=201)).json()["data"]
    await outbox.relay(worker.runtime.database, listener.handlers, [])
    return dict(event)


async def die(shop: Shop, worker: Worker, listener: Listener) -> dict[str, Any]:
    """An event on which the handler fails as often as it is tried."""
    event = await published(shop, worker, listener)
    async with worker.runtime.database.relay(reason="a test has tried very often") as system:
        await system.execute("update event_jobs set attempts = $1", event_jobs.TRIES - 1)
    assert await run(worker, listener) == 1
    return event


async def listed(shop: Shop, **filters: Any) -> list[dict[str, Any]]:
    answer = await shop.admin("GET", "/admin/events", params={"include": "total", **filters}, expect=200)
    body = answer.json()
    assert body["pagination"]["total"] == len(body["data"])
    return list(body["data"])


def test_a_handler_is_tried_for_more_than_a_day() -> None:
    waits = [event_jobs.wait_after(attempts) for attempts in range(1, event_jobs.TRIES + 1)]
    assert waits[-1] is None
    between = [wait for wait in waits if wait is not None]
    assert len(between) == event_jobs.TRIES - 1
    assert timedelta(hours=24) < sum(between, timedelta()) < timedelta(hours=26)
    assert max(between) == event_jobs.LONGEST_WAIT


async def test_one_that_fails_is_shown_with_its_handler(
    shop: Shop, worker: Worker, listener: Listener
) -> None:
    """When, how often, and why: without the values that it was about."""
    event = await published(shop, worker, listener)
    assert event["failures"] == []
    assert await run(worker, listener) == 1
    assert await listed(shop, state="dead") == []
    (shown,) = await listed(shop, state="failing")
    assert shown["id"] == event["id"]
    (failure,) = shown["failures"]
    assert failure["failed_at"] < failure["next_attempt_at"]
    assert (failure["handler"], failure["state"], failure["attempts"], failure["error_class"]) == (
        *("test.listen", "failing", 1),
        "ValueError",
    )
    assert failure["error"].startswith("no room for …")
    for secret in ("Ana", "ana@", "4111", "abcdefgh"):
        assert secret not in failure["error"]
    assert (await shop.admin("GET", f"/admin/events/{event['id']}", expect=200)).json()["data"] == shown
    listener.well = True
    await shop.admin("POST", f"/admin/events/{event['id']}/retry", expect=202)
    assert await run(worker, listener) == 1
    assert await listed(shop, state="failing") == []
    refused = await shop.admin("POST", f"/admin/events/{event['id']}/retry", expect=409)
    assert refused.json()["error"]["code"] == "conflict"
    await shop.admin("POST", f"/admin/events/{ids.encode(Kind.EVENT, ids.new_id())}/retry", expect=404)


async def test_one_that_fails_for_too_long_is_dead_in_sight_until_it_is_retried(
    shop: Shop, other_shop: Shop, worker: Worker, listener: Listener, database: Database
) -> None:
    event = await die(shop, worker, listener)
    assert await run(worker, listener) == 0
    await outbox.measure(database)
    assert metrics.registry.get_sample_value("baas_dead_event_jobs") == 1
    done = {"job": "test.listen", "outcome": "dead"}
    assert (metrics.registry.get_sample_value("baas_jobs_total", done) or 0) >= 1
    assert await listed(shop, state="failing") == []
    assert await listed(other_shop, state="dead") == []
    (shown,) = await listed(shop, state="dead")
    assert shown["id"] == event["id"]
    for filters in ({"type": "custom.heard"}, {"subject": "thing"}, {"since": "2020-01-01T00:00:00Z"}):
        assert await listed(shop, state="dead", **filters) == [shown]
    assert await listed(shop, state="dead", type="custom.other") == []
    (failure,) = shown["failures"]
    assert (failure["state"], failure["attempts"]) == ("dead", event_jobs.TRIES)
    assert failure["next_attempt_at"] is None

    again = await shop.admin("POST", f"/admin/events/{event['id']}/retry", expect=202)
    assert [one["state"] for one in again.json()["data"]["failures"]] == ["failing"]
    assert await run(worker, listener) == 1
    (shown,) = await listed(shop, state="failing")
    assert shown["failures"][0]["attempts"] == 1, "as often as at first"
    audit = (await shop.admin("GET", "/admin/audit-log", expect=200)).json()["data"]
    assert (audit[0]["action"], audit[0]["subject"]) == ("event.retry", event["id"])


async def test_it_keeps_its_event_when_the_log_has_forgotten_it(
    shop: Shop, worker: Worker, listener: Listener, owner_url: str
) -> None:
    """Listed, shown and heard as if it were there."""
    event = await die(shop, worker, listener)
    (before,) = await listed(shop, state="dead")
    await forget(owner_url, event["id"])
    assert await listed(shop) == []
    for filters in ({}, {"type": "custom.heard"}, {"subject": "thing"}, {"since": "2020-01-01T00:00:00Z"}):
        assert await listed(shop, state="dead", **filters) == [before]
    assert (await shop.admin("GET", f"/admin/events/{event['id']}", expect=200)).json()["data"] == before
    listener.well = True
    await shop.admin("POST", f"/admin/events/{event['id']}/retry", expect=202)
    assert await run(worker, listener) == 1
    assert listener.heard == [ReceivedEvent(event["id"], "custom.heard", "thing", event["data"])]
    await shop.admin("GET", f"/admin/events/{event['id']}", expect=404)


async def forget(owner_url: str, event_id: str) -> None:
    """Delete an event, as its partition does."""
    import asyncpg

    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            await connection.execute("alter table events no force row level security")
            await connection.execute("delete from events where id = $1", ids.decode(Kind.EVENT, event_id))
            await connection.execute("alter table events force row level security")
    finally:
        await connection.close()


async def test_one_that_ends_every_worker_is_dead_too(
    shop: Shop, worker: Worker, listener: Listener, database: Database
) -> None:
    """Its failures are noted by nobody, but its claims are counted."""
    await published(shop, worker, listener)
    async with database.relay(reason="a test has lost many workers") as system:
        await system.execute("update event_jobs set attempts = $1", event_jobs.TRIES)
    listener.well = True
    assert await run(worker, listener) == 1
    assert listener.heard == []
    (shown,) = await listed(shop, state="dead")
    assert shown["failures"][0]["error_class"] == "LostWithItsWorker"


async def test_a_dead_event_on_the_command_line(
    shop: Shop, worker: Worker, listener: Listener, settings: Settings
) -> None:
    async def baas(*arguments: str, expect: int = 0) -> Any:
        process = await create_subprocess_exec(
            *(sys.executable, "-m", "baas", "events", *arguments, "--json"),
            cwd=ROOT,
            env=os.environ | deployment.environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == expect, (out, err)
        return json.loads(out or err) if expect < 2 else None

    event = await die(shop, worker, listener)
    (found,) = await baas("dead")
    assert (found["store_id"], found["event_id"], found["handler"]) == (shop.id, event["id"], "test.listen")
    assert found["error"].startswith("no room for …")
    retried = await baas("retry", shop.slug, event["id"])
    assert retried["failures"][0]["state"] == "failing"
    assert await baas("dead") == []
    await baas("retry", shop.slug, expect=2)
    async with worker.runtime.database.relay(reason="a test has tried very often") as system:
        await system.execute("update event_jobs set attempts = $1", event_jobs.TRIES - 1)
    assert await run(worker, listener) == 1
    assert await baas("retry", shop.slug, "--all") == {"count": 1}
    listener.well = True
    assert await run(worker, listener) == 1
    assert await listed(shop, state="dead") == []


async def test_nobody_sees_or_retries_what_is_dead_in_another_store(
    shop: Shop, other_shop: Shop, worker: Worker, listener: Listener
) -> None:
    event = await die(shop, worker, listener)
    await other_shop.admin("POST", f"/admin/events/{event['id']}/retry", expect=404)
    scope: StoreScope = await other_shop.scope(worker)
    async with worker.runtime.database.fast(scope) as work:
        assert await event_jobs.failures_of(work, [ids.decode(Kind.EVENT, event["id"])]) == []
