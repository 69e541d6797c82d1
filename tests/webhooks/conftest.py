"""A receiver for each test, and the verbs that tests of webhooks share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from baas.core.values.ids import Kind, decode
from baas.core.work.outbox import emit
from baas.services.catalog.events import ProductEvent
from baas.worker import Worker
from tests.clients import Shop
from tests.webhooks.receiver import Receiver

Register = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on loopback."""
    made = Receiver()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def register(receiver: Receiver) -> Register:
    """Registers an endpoint of a shop at a path of the receiver; answers it with its secret."""

    async def make(shop: Shop, path: str = "/hook", *event_types: str, **more: Any) -> dict[str, Any]:
        body = {"url": receiver.url(path), "event_types": list(event_types) or ["*"], **more}
        response = await shop.admin("POST", "/admin/webhook-endpoints", json=body, expect=201)
        data: dict[str, Any] = response.json()["data"]
        return data

    return make


async def publish(
    shop: Shop, type_: str = "custom.thing", data: dict[str, Any] | None = None, **more: Any
) -> Any:
    """Publish an event of the shop."""
    body = {"type": type_, "data": data or {}, **more}
    return await shop.create("/admin/events", body)


async def deliveries(shop: Shop, **filters: Any) -> list[dict[str, Any]]:
    """The shop's deliveries, the earliest first."""
    response = await shop.admin(
        "GET", "/admin/webhook-deliveries", params={"limit": 100, **filters}, expect=200
    )
    found: list[dict[str, Any]] = response.json()["data"]
    return found[::-1]


async def delivery_of(shop: Shop, delivery_id: str) -> dict[str, Any]:
    """One delivery with its attempts."""
    found: dict[str, Any] = await shop.get(f"/admin/webhook-deliveries/{delivery_id}")
    return found


async def endpoint_of(shop: Shop, endpoint_id: str) -> dict[str, Any]:
    """One endpoint."""
    found: dict[str, Any] = await shop.get(f"/admin/webhook-endpoints/{endpoint_id}")
    return found


async def advance(worker: Worker, shop: Shop, by: timedelta) -> None:
    """Move a test store's clock."""
    store_id = decode(Kind.STORE, shop.id)
    async with worker.runtime.database.operator(reason="a test moves a store's clock") as system:
        await system.execute("update stores set clock_offset = clock_offset + $2 where id = $1", store_id, by)
    worker.table.forget_store(store_id)


async def emit_many(worker: Worker, shop: Shop, count: int, subject: str | None = None) -> None:
    """Emit events of the backend in one transaction, each with a subject of its own unless one is given."""
    scope = await shop.scope(worker)
    async with worker.runtime.database.fast(scope) as work:
        for number in range(count):
            await emit(work, ProductEvent.UPDATED, subject=subject or f"prod_{number}", data={"n": number})
