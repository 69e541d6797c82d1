"""The event log and the events of the client's own shop."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from baas.core.values import clock
from baas.core.values.ids import Kind, encode, new_id
from baas.core.work.outbox import emit
from baas.services.catalog.events import ProductEvent
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.webhooks.conftest import Register, publish
from tests.webhooks.receiver import Receiver


async def listed(shop: Shop, **parameters: Any) -> list[dict[str, Any]]:
    response = await shop.admin("GET", "/admin/events", params={"limit": 100, **parameters}, expect=200)
    found: list[dict[str, Any]] = response.json()["data"]
    return found


async def test_a_published_event_is_in_the_log_as_it_was_sent(shop: Shop) -> None:
    made = await publish(
        shop, "custom.quote.asked", {"id": "q-7", "note": "Ñandú ☕", "nested": {"a": [1, None]}}
    )
    assert made["id"].startswith("evt_")
    assert (made["type"], made["subject"], made["sequence"]) == ("custom.quote.asked", "q-7", 1)
    assert made["data"] == {"id": "q-7", "note": "Ñandú ☕", "nested": {"a": [1, None]}}
    assert made["store_id"] == shop.id
    assert await shop.get(f"/admin/events/{made['id']}") == made
    assert await listed(shop) == [made]


async def test_the_subject_is_what_is_said_or_the_datas_id_or_the_event_itself(shop: Shop) -> None:
    said = await publish(shop, data={"id": "x"}, subject="order 5")
    named = await publish(shop, data={"id": 5})
    alone = await publish(shop, data={"id": {"a": 1}})
    assert (said["subject"], named["subject"], alone["subject"]) == ("order 5", "5", alone["id"])
    again = await publish(shop, data={}, subject="order 5")
    assert (said["sequence"], again["sequence"]) == (1, 2)


@pytest.mark.parametrize(
    "type_", ["order.cancelled", "payment.paid", "custom", "custom.", "custom.Big", "custom.a b", "x.y", "*"]
)
async def test_what_is_not_the_clients_to_say_is_refused(shop: Shop, type_: str) -> None:
    response = await shop.admin("POST", "/admin/events", json={"type": type_, "data": {}}, expect=422)
    assert "type" in response.json()["error"]["details"]["fields"]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "custom.x"},
        {"type": "custom.x", "data": []},
        {"type": "custom.x", "data": {}, "colour": 1},
        {"type": "custom.x", "data": {}, "subject": ""},
        {"type": "custom.x", "data": {}, "subject": "x" * 201},
        {"type": "custom.x", "data": {}, "deduplication_key": ""},
    ],
)
async def test_a_wrong_body_is_refused(shop: Shop, body: dict[str, Any]) -> None:
    await shop.admin("POST", "/admin/events", json=body, expect=422)
    assert await listed(shop) == []


async def test_data_is_at_most_256_kib(shop: Shop) -> None:
    await publish(shop, data={"text": "x" * (256 * 1024 - 11)})
    body = {"type": "custom.x", "data": {"text": "x" * (256 * 1024 - 10)}}
    response = await shop.admin("POST", "/admin/events", json=body, expect=413)
    assert response.json()["error"]["details"]["limit"] == 256 * 1024


async def test_orders_kept_elsewhere_may_be_announced(shop: Shop) -> None:
    assert (await publish(shop, "order.created", {"id": "A-1"}))["sequence"] == 1
    assert (await publish(shop, "order.paid", {"id": "A-1"}))["sequence"] == 2


async def test_a_deduplication_key_makes_one_event(
    shop: Shop, other_shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    await register(shop)
    body = {"type": "custom.x", "data": {"n": 1}, "deduplication_key": "order-1-paid"}
    answers = await asyncio.gather(
        *(shop.admin("POST", "/admin/events", json={**body, "data": {"n": n}}, expect=201) for n in range(10))
    )
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    other = await other_shop.admin("POST", "/admin/events", json=body, expect=201)
    assert other.json()["data"]["id"] != answers[0].json()["data"]["id"]
    await drain(worker)
    assert len(receiver.got()) == 1
    assert len(await listed(shop)) == 1


async def test_the_log_is_filtered_by_type_subject_and_time(shop: Shop, worker: Worker) -> None:
    before = clock.now()
    first = await publish(shop, "custom.a", subject="s-1")
    second = await publish(shop, "custom.b", subject="s-1")
    third = await publish(shop, "custom.b", subject="s-2")
    assert await listed(shop, type="custom.b") == [third, second]
    assert await listed(shop, subject="s-1") == [second, first]
    assert await listed(shop, type="custom.b", subject="s-2") == [third]
    assert await listed(shop, type="custom.none") == []
    assert await listed(shop, since=clock.rfc3339(before)) == [third, second, first]
    assert await listed(shop, until=clock.rfc3339(before)) == []
    assert await listed(shop, since=third["timestamp"]) == [third]
    assert await listed(shop, until=third["timestamp"]) == [second, first]
    for extreme in ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00", "1970-01-01T00:00:00Z"):
        assert len(await listed(shop, since=extreme, until="9999-12-31T23:59:59-14:00")) == 3
        assert await listed(shop, until=extreme) == []
    await shop.admin("GET", "/admin/events", params={"since": "yesterday"}, expect=422)


async def test_pages_of_events(shop: Shop) -> None:
    made = [(await publish(shop))["id"] for _ in range(5)]
    first = (
        await shop.admin("GET", "/admin/events", params={"limit": 3, "include": "total"}, expect=200)
    ).json()
    assert first["pagination"]["total"] == 5
    cursor = first["pagination"]["next_cursor"]
    second = (
        await shop.admin("GET", "/admin/events", params={"limit": 3, "cursor": cursor}, expect=200)
    ).json()
    assert [item["id"] for item in first["data"] + second["data"]] == made[::-1]
    foreign = {"limit": 3, "cursor": cursor, "type": "custom.thing"}
    await shop.admin("GET", "/admin/events", params=foreign, expect=400)


async def test_the_log_is_kept_for_ninety_days(worker: Worker, owner_url: str) -> None:
    """A month goes when all of it is older than that, with its events; a younger one stays."""

    def month(days: int, after: int = 0) -> datetime:
        first = (clock.now() - timedelta(days=days)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return (first + timedelta(days=32 * after)).replace(day=1)

    names = {days: f"events_{month(days):%Y%m}" for days in (85, 125)}
    connection = await asyncpg.connect(owner_url)
    try:
        for days, name in names.items():
            await connection.execute(
                f"create table {name} partition of events"
                f" for values from (first_id_of('{month(days)}')) to (first_id_of('{month(days, 1)}'))"
            )
        await worker.loops["partitions"].drain_once()
        left = await connection.fetch(
            "select relname from pg_class where relname = any($1)", list(names.values())
        )
        assert [row["relname"] for row in left] == [names[85]]
    finally:
        await connection.execute(f"drop table if exists {', '.join(names.values())}")
        await connection.close()


async def test_another_stores_event_does_not_exist(shop: Shop, other_shop: Shop) -> None:
    made = await publish(shop)
    await other_shop.admin("GET", f"/admin/events/{made['id']}", expect=404)
    await shop.admin("GET", f"/admin/events/{encode(Kind.EVENT, new_id())}", expect=404)
    await shop.admin("GET", f"/admin/events/{made['id'].replace('evt_', 'ord_')}", expect=404)
    assert await listed(other_shop) == []


async def test_a_key_without_the_scope_may_not_publish(shop: Shop) -> None:
    made = await shop.admin(
        "POST",
        "/admin/api-keys",
        json={"name": "reader", "scopes": ["events:read"], "kind": "secret"},
        expect=201,
    )
    reader = Shop(shop.http, shop.id, shop.slug, made.json()["data"]["key"], shop.publishable_key)
    await reader.admin("GET", "/admin/events", expect=200)
    await reader.admin("POST", "/admin/events", json={"type": "custom.x", "data": {}}, expect=403)
    await reader.admin("GET", "/admin/webhook-endpoints", expect=403)
    await shop.storefront("GET", "/admin/events", expect=403)


async def test_what_the_backend_emits_is_in_the_log_too(shop: Shop, worker: Worker) -> None:
    scope = await shop.scope(worker)
    event_id = new_id()
    async with worker.runtime.database.fast(scope) as work:
        await emit(work, ProductEvent.CREATED, subject="prod_x", data={"a": 1}, event_id=event_id)
    found = await shop.get(f"/admin/events/{encode(Kind.EVENT, event_id)}")
    assert found["data"] == {"a": 1}
