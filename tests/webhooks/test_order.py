"""Endpoints that ask for order get the events of one subject one after the other, whatever happens."""

import asyncio
import random
from datetime import timedelta

from aiohttp import web

from baas.core.values.ids import new_id
from baas.core.work.outbox import emit
from baas.services.catalog.events import ProductEvent
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.webhooks.conftest import Register, advance, deliveries, endpoint_of, publish
from tests.webhooks.receiver import Message, Receiver


def sequences(messages: list[Message], subject: str) -> list[int]:
    return [message.event["sequence"] for message in messages if message.event["subject"] == subject]


async def test_each_subject_arrives_in_its_order_and_one_at_a_time(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    at_once: dict[str, int] = {}
    overlaps = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal overlaps
        subject = (await request.json())["subject"]
        overlaps += at_once.get(subject, 0)
        at_once[subject] = at_once.get(subject, 0) + 1
        await asyncio.sleep(random.random() / 100)
        at_once[subject] -= 1
        return web.Response()

    receiver.answers["/hook"] = slow
    await register(shop, ordered=True)
    scope = await shop.scope(worker)
    async with worker.runtime.database.fast(scope) as work:
        for number in range(12):
            for subject in ("a", "b", "c"):
                await emit(work, ProductEvent.UPDATED, subject=subject, data={"n": number})
    await drain(worker, rounds=100)
    for subject in ("a", "b", "c"):
        assert sequences(receiver.got(), subject) == list(range(1, 13))
    assert overlaps == 0


async def test_a_failing_event_holds_its_own_subject_and_no_other(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    async def fail_first_of_a(request: web.Request) -> web.Response:
        event = await request.json()
        return web.Response(status=500 if (event["subject"], event["sequence"]) == ("a", 1) else 200)

    receiver.answers["/hook"] = fail_first_of_a
    made = await register(shop, ordered=True)
    for subject in ("a", "a", "b", "a", "b"):
        await publish(shop, subject=subject)
    await drain(worker)
    assert sequences(receiver.got(), "a") == [1]
    assert sequences(receiver.got(), "b") == [1, 2]
    receiver.answers["/hook"] = 200
    # The owner need not wait for the schedule, and what waited behind comes at once.
    first = next(
        item for item in await deliveries(shop) if item["attempts"] == 1 and item["status"] == "pending"
    )
    await shop.admin("POST", f"/admin/webhook-deliveries/{first['id']}/retry", expect=202)
    await drain(worker)
    assert sequences(receiver.got(), "a") == [1, 1, 2, 3]
    assert (await endpoint_of(shop, made["id"]))["status"] == "enabled"


async def test_what_is_given_up_lets_the_next_one_go(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    async def fail_first(request: web.Request) -> web.Response:
        return web.Response(status=500 if (await request.json())["sequence"] == 1 else 200)

    receiver.answers["/hook"] = fail_first
    await register(shop, ordered=True)
    await publish(shop, subject="a")
    await publish(shop, subject="a")
    for _ in range(10):
        await drain(worker)
        await advance(worker, shop, timedelta(hours=29))
        await shop.admin("GET", "/admin/store", expect=200)
        if (await deliveries(shop))[0]["status"] == "failed":
            break
        # Five days of failures would disable the endpoint: its owner enables it again.
        async with worker.runtime.database.relay(reason="a test keeps an endpoint alive") as system:
            await system.execute(
                "update webhook_endpoints set failing_since = null, consecutive_failures = 0"
            )
    await drain(worker)
    assert sequences(receiver.got(), "a") == [1] * 10 + [2]
    assert [item["status"] for item in await deliveries(shop)] == ["failed", "delivered"]


async def test_an_event_waits_for_an_earlier_one_that_is_not_relayed_yet(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    """Ids are made before the subject's lock is taken, so a later event can have the smaller id."""
    await register(shop, ordered=True)
    scope = await shop.scope(worker)
    smaller, larger = new_id(), new_id()
    async with worker.runtime.database.fast(scope) as work:
        await emit(work, ProductEvent.UPDATED, subject="a", data={}, event_id=larger)
        await emit(work, ProductEvent.UPDATED, subject="a", data={}, event_id=smaller)
    # Its row is with another relay, so this one takes the other event alone.
    async with worker.runtime.database.relay(reason="a test holds one of two events back") as system:
        await system.fetch("select from event_outbox where id = $1 for update", larger)
        await drain(worker, "relay")
    await drain(worker, "deliveries")
    assert receiver.got() == [], "the first of the subject is still with the relay"
    await drain(worker)
    assert sequences(receiver.got(), "a") == [1, 2]


async def test_without_order_nothing_waits(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    async def fail_first(request: web.Request) -> web.Response:
        return web.Response(status=500 if (await request.json())["sequence"] == 1 else 200)

    receiver.answers["/hook"] = fail_first
    await register(shop)
    for _ in range(3):
        await publish(shop, subject="a")
    await drain(worker)
    assert sorted(sequences(receiver.got(), "a")) == [1, 2, 3]


async def test_an_endpoint_may_ask_for_order_later(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    """What is pending then, and what the relay makes in that very moment, takes its place."""

    async def fail_first(request: web.Request) -> web.Response:
        return web.Response(status=500 if (await request.json())["sequence"] == 1 else 200)

    receiver.answers["/hook"] = fail_first
    made = await register(shop)
    for _ in range(2):
        await publish(shop, subject="a")
    await drain(worker, "relay")
    path = f"/admin/webhook-endpoints/{made['id']}"
    await shop.admin("PATCH", path, json={"ordered": True}, expect=200)
    await drain(worker, "deliveries")
    assert sequences(receiver.got(), "a") == [1]

    await publish(shop, subject="b")
    await drain(worker, "relay")
    async with worker.runtime.database.relay(reason="a test makes a delivery as before the change") as system:
        await system.execute("update webhook_deliveries set ordered = false where subject = 'b'")
    await drain(worker, "deliveries")
    assert sequences(receiver.got(), "b") == []
    await drain(worker, "webhooks.tidy", "deliveries")
    assert sequences(receiver.got(), "b") == [1]

    await shop.admin("PATCH", path, json={"ordered": False}, expect=200)
    await drain(worker, "deliveries")
    assert sequences(receiver.got(), "a") == [1, 2], "without order nothing waits"
