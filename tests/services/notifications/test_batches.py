"""Messages of a store go through the worker together: each is sent once, and none suffers from another."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.work.event_types import CustomType
from baas.core.work.outbox import emit
from baas.services.notifications import policy
from baas.services.notifications.dispatcher import Dispatcher
from baas.services.notifications.places import Places
from baas.services.notifications.repository.queue import Claim
from baas.services.notifications.service import sending
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.conftest import OPERATOR_KEY
from tests.services.notifications.mailserver import MailServer
from tests.services.notifications.steps import ORDER, listed, read, send, use_smtp


async def happen(shop: Shop, worker: Worker, count: int) -> None:
    """So many orders in one transaction."""
    scope = await shop.scope(worker)
    async with worker.runtime.database.fast(scope) as work:
        for number in range(count):
            order = {**ORDER, "id": f"ord_{number}", "number": f"#{number}"}
            await emit(work, CustomType("order.created"), subject=f"ord_{number}", data=order)


async def test_a_batch_is_sent_once_each_over_one_connection_or_few(
    shop: Shop, worker: Worker, smtp: MailServer
) -> None:
    """With its attempt, its content and its event, as if each were alone."""
    await use_smtp(shop, smtp.port)
    await happen(shop, worker, 30)
    await drain(worker)
    lines = await listed(shop, limit=100)
    assert Counter((line["status"], line["attempts"]) for line in lines) == {("sent", 1): 30}
    sent = sorted(str(mail.mail["Message-ID"]) for mail in smtp.mails)
    assert sent == sorted(f"<{line['id']}@casamate.test>" for line in lines)
    events = await shop.listed("/admin/events?type=notification.sent&limit=100")
    assert Counter(event["subject"] for event in events) == Counter(line["id"] for line in lines)
    for line in lines[:3]:
        found = await read(shop, line["id"])
        assert line["about"].removeprefix("ord_") in found["content"]["subject"]
        assert [attempt["number"] for attempt in found["attempt_log"]] == [1]


async def test_of_a_batch_that_exceeds_the_plan_what_fits_is_sent(
    http: httpx.AsyncClient, shop: Shop, worker: Worker
) -> None:
    """The others are in the log with the reason."""
    limits = {"limits": {"notifications_per_month": 3}}
    await http.patch(
        f"/api/v1/operator/stores/{shop.id}", json=limits, headers={"X-OPERATOR-KEY": OPERATOR_KEY}
    )
    worker.table.forget_store((await shop.scope(worker)).store_id)
    await happen(shop, worker, 5)
    await drain(worker)
    lines = await listed(shop)
    assert Counter(line["status"] for line in lines) == {"sent": 3, "failed": 2}
    for line in lines:
        assert (line["error"] or "").startswith("The plan allows 3") == (line["status"] == "failed")


async def test_one_that_cannot_be_prepared_holds_up_no_other(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a batch breaks, each of it is tried alone."""
    for number in range(4):
        await send(shop, subject=f"n {number}")
    prepare = sending.prepare

    async def breaks(database: Database, scope: StoreScope, claims: Sequence[Claim]) -> Any:
        prepared = await prepare(database, scope, claims)
        if any(one.row["subject"] == "n 1" for one in prepared):
            raise RuntimeError("cannot be read")
        return prepared

    monkeypatch.setattr(sending, "prepare", breaks)
    await drain(worker, "notifications")
    states = {line["subject"]: line["status"] for line in await listed(shop)}
    assert states == {"n 0": "sent", "n 1": "pending", "n 2": "sent", "n 3": "sent"}


async def test_one_outcome_that_cannot_be_written_keeps_no_other_from_it(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written together first, then each alone."""
    for number in range(4):
        await send(shop, subject=f"n {number}")
    record = sending.record

    async def breaks(database: Database, scope: StoreScope, ended: Sequence[Any]) -> None:
        if any(prepared.row["data"]["message"]["subject"] == "n 1" for prepared, _ in ended):
            raise RuntimeError("cannot be written")
        await record(database, scope, ended)

    monkeypatch.setattr(sending, "record", breaks)
    monkeypatch.setattr("baas.services.notifications.dispatcher._RECORD_WAITS", (0.0,))
    await drain(worker, "notifications")
    states = {line["subject"]: line["status"] for line in await listed(shop)}
    assert states == {"n 0": "sent", "n 1": "pending", "n 2": "sent", "n 3": "sent"}


async def test_a_worker_that_stops_gives_back_what_it_had_claimed_ahead(
    shop: Shop, worker: Worker, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being sent is sent and recorded; the rest is due at once, without an attempt."""
    monkeypatch.setattr(policy, "PER_STORE", 2)
    await use_smtp(shop, smtp.port)
    for number in range(8):
        await send(shop, subject=f"n {number}")
    dispatcher = worker.loops["notifications"]
    assert isinstance(dispatcher, Dispatcher)
    # As if this store had been quick lately.
    places = dispatcher._places.add((await shop.scope(worker)).store_id, 0)
    places.pace = 1000.0
    dispatcher._places._asked_at = time.monotonic()
    asked, go_on = asyncio.Event(), asyncio.Event()
    handle = smtp.handle_DATA

    async def slowly(*arguments: Any) -> str:
        asked.set()
        await go_on.wait()
        return await handle(*arguments)

    monkeypatch.setattr(smtp, "handle_DATA", slowly)
    loop = asyncio.create_task(dispatcher.run())
    await asked.wait()
    loop.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(loop, return_exceptions=True)
    lines = await listed(shop)
    states = Counter((line["status"], line["attempts"]) for line in lines)
    assert states[("sent", 1)] == len(smtp.mails) in {1, 2}
    assert states[("pending", 0)] == 8 - len(smtp.mails)
    monkeypatch.setattr(smtp, "handle_DATA", handle)
    dispatcher._is_leaving = False
    await drain(worker, "notifications")
    assert len(smtp.mails) == 8, "nothing waits for the end of a lease"


class TestPlaces:
    def test_a_store_has_few_places_until_it_is_quick(self) -> None:
        """Then as many more as it sent lately, up to a bound; and no claim for a few."""
        places, store_id = Places(), ids.new_id()
        assert places.ask(1.0, 0).free == policy.TOTAL
        store = places.add(store_id, policy.PER_STORE)
        assert places.ask(1.1, 0).busy[store_id] == policy.PER_STORE
        for _ in range(policy.PER_STORE):
            places.end(store, sent=True)
        room = places.ask(1.15, 0)
        assert -policy.AHEAD <= room.busy[store_id] < 0
        store = places.add(store_id, policy.PER_STORE - room.busy[store_id])
        places.end(store, sent=True)
        assert places.ask(1.2, 0).busy[store_id] == policy.PER_STORE, "it has enough to do"
        while store.held:
            places.end(store, sent=False)
        for moment in range(2, 8):
            places.ask(float(moment), 0)
        assert store_id not in places.ask(9.0, 0).busy, "it was quick once"

    def test_what_is_claimed_ahead_takes_no_place_of_other_stores(self) -> None:
        """Also when its senders hang all of a sudden."""
        places = Places()
        for _ in range(3):
            places.add(ids.new_id(), policy.PER_STORE + policy.AHEAD)
        assert places.ask(1.0, 0).free == policy.TOTAL - 3 * policy.PER_STORE

    def test_it_is_time_to_claim_when_half_is_done(self) -> None:
        """Not at each: a claim costs more than a sending."""
        places = Places()
        store = places.add(ids.new_id(), 8)
        assert [places.end(store, sent=True) for _ in range(8)].index(True) == 3
