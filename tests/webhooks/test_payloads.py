"""What receivers get is what the `webhooks` section of the OpenAPI document says they get."""

import json
from typing import Any

import jsonschema_rs
import pytest
from litestar import Litestar

from baas.assembly import EVENT_TYPES
from baas.core.values.ids import Kind
from baas.openapi import build_document
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.tenancy.world import World, build
from tests.webhooks.conftest import Register, publish
from tests.webhooks.receiver import Receiver

ELSEWHERE = {"payment.disputed", *(name for name, type_ in EVENT_TYPES.items() if type_.reserved)}
"""Disputes come from a provider (`tests/services/payments`); those of customers are reserved."""


@pytest.fixture(scope="module")
def document(app: Litestar) -> dict[str, Any]:
    """As machines read it."""
    return json.loads(json.dumps(build_document(app, "http://testserver")))  # type: ignore[no-any-return]  # JSON


def schema_of(document: dict[str, Any], event_type: str) -> dict[str, Any]:
    """The schema of a delivery's body, complete."""
    post = document["webhooks"][event_type]["post"]
    return {
        **post["requestBody"]["content"]["application/json"]["schema"],
        "components": document["components"],
    }


def fields_of(document: dict[str, Any], event_type: str) -> set[str]:
    """The names in its `data`."""
    reference = schema_of(document, event_type)["properties"]["data"]["$ref"]
    return set(document["components"]["schemas"][reference.rpartition("/")[2]]["properties"])


async def live_through_everything(
    world: World, register: Register, receiver: Receiver, worker: Worker
) -> None:
    """What the filled store has not had yet: the ends of orders, stock, carts, messages and endpoints."""
    shop = world.shop

    async def post(path: str, **body: Any) -> dict[str, Any]:
        made: dict[str, Any] = (await shop.admin("POST", path, json=body)).json()["data"]
        return made

    variant = f"/admin/inventory/{world.ids[Kind.VARIANT]}"
    items = [{"variant_id": world.ids[Kind.VARIANT], "quantity": 1}]
    await post(f"/admin/orders/{world.own['return_order']['order_id']}/return")
    await post(f"/admin/orders/{(await post('/admin/orders', items=items))['id']}/cancel")
    reserved = (await shop.get(variant))["reserved"]
    for available in (20, 5, 0, 50):
        stock = {"on_hand": reserved + available, "low_stock_at": 10}
        await shop.admin("PUT", variant, json=stock, expect=200)
    product = f"/admin/products/{world.ids[Kind.PRODUCT]}"
    await shop.admin("PATCH", product, json={"vendor": "Talabartería Sur"}, expect=200)
    await post("/admin/notifications", to="ñandú@example.com", subject="s", body="b")
    receiver.answers["/gone"] = 410
    await register(shop, "/gone", "custom.*")
    await post(f"/admin/webhook-endpoints/{world.ids[Kind.ENDPOINT]}/test")
    await publish(shop, "custom.last_straw")
    await drain(worker)
    await shop.admin("POST", "/admin/test-clock", json={"advance": "60d"}, expect=200)
    await drain(worker)
    # At last, for a deleted product is in no cart any more.
    await shop.admin("DELETE", product, expect=200)


async def test_every_event_of_a_store_fits_its_description(
    app: Litestar,
    document: dict[str, Any],
    shop: Shop,
    register: Register,
    receiver: Receiver,
    worker: Worker,
) -> None:
    """A store that lives through everything: each body by its schema, with no field that the schema does not name."""
    world = await build(shop, worker)
    await live_through_everything(world, register, receiver, worker)
    seen: set[str] = set()
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = (await shop.admin("GET", "/admin/events", params=query, expect=200)).json()
        for event in page["data"]:
            if event["type"].startswith("custom."):
                continue
            body = {name: value for name, value in event.items() if name != "request_id"}
            problems = [
                f"{event['type']} {list(error.instance_path)}: {error.message}"
                for error in jsonschema_rs.validator_for(schema_of(document, event["type"])).iter_errors(body)
            ]
            assert problems == []
            assert set(event["data"]) <= fields_of(document, event["type"]), event["type"]
            seen.add(event["type"])
        if not page["pagination"]["has_more"]:
            break
        query["cursor"] = page["pagination"]["next_cursor"]
    assert seen == set(EVENT_TYPES) - ELSEWHERE


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_type_has_a_schema_and_an_example_that_fits_it(
    document: dict[str, Any], event_type: str
) -> None:
    """Also those that nothing emits yet."""
    content = document["webhooks"][event_type]["post"]["requestBody"]["content"]["application/json"]
    jsonschema_rs.validator_for(schema_of(document, event_type)).validate(content["example"])
    assert content["example"]["type"] == event_type
    assert fields_of(document, event_type) == set(content["example"]["data"])
