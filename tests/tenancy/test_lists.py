"""Lists are flat: one row or fifty, the same number of statements."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from baas.core.db import Database
from baas.openapi.endpoints import Endpoint, endpoints
from baas.worker import Worker
from tests.clients import Shop, drain, provision
from tests.conftest import OPERATOR_KEY
from tests.tenancy import recorder
from tests.tenancy.world import CSV

MANY = 50


@pytest.fixture(scope="module")
def listening() -> Iterator[None]:
    """The driver tells the recorder."""
    with recorder.listening():
        yield


@pytest.fixture(scope="module")
async def full(http: httpx.AsyncClient, worker: Worker) -> dict[str, str]:
    """A store with fifty of everything that can be listed; path parameters of lists under an object."""
    shop = await provision(http, OPERATOR_KEY)
    limits = {"webhook_endpoints": 100}
    await http.patch(
        f"/api/v1/operator/stores/{shop.id}",
        json={"limits": limits},
        headers={"X-OPERATOR-KEY": OPERATOR_KEY},
    )
    for start in range(0, MANY, 10):
        await asyncio.gather(*(provision(http, OPERATOR_KEY) for _ in range(start, start + 10)))
    # The limits are known to the next request within a second; keys that are made tell the process at once.
    await _many(shop, "POST", "/admin/api-keys", lambda n: {"kind": "secret", "name": f"key {n}"})
    await _many(shop, "POST", "/admin/categories", lambda n: {"name": f"Category {n}"})
    await _many(shop, "POST", "/admin/products", _product)
    await _many(
        shop,
        "POST",
        "/admin/webhook-endpoints",
        lambda n: {"url": f"http://127.0.0.1:9/{n}", "event_types": ["custom.one"]},
    )
    big = await _made(shop, "POST", "/admin/products", _big_product())
    variant = big["variants"][0]["id"]
    adjusted = {"quantity": 1, "reason": "received"}
    await _many(shop, "POST", f"/admin/inventory/{variant}/adjustments", lambda _: adjusted)
    order = {"items": [{"variant_id": variant, "quantity": 1}], "email": "ana@example.com"}
    await _many(shop, "POST", "/admin/orders", lambda _: order)
    await _many(
        shop,
        "POST",
        "/admin/payments",
        lambda n: {"provider": "sandbox", "amount": 1000 + n, "sandbox_token": "page"},
    )
    message = {"to": "ana@example.com", "subject": "Hello", "body": "Hello"}
    await _many(shop, "POST", "/admin/notifications", lambda _: message)
    for number in range(MANY):
        template = {"locale": "es-AR", "subject": "Hello", "body": f"Hello {number}"}
        await _made(shop, "PUT", "/admin/notification-templates/welcome", template)
    await _made(shop, "POST", "/admin/events", {"type": "custom.one", "data": {}})
    await drain(worker, "relay")
    for number in range(3):
        files = {"file": ("a.csv", CSV.format(handle=f"imported-{number}"), "text/csv")}
        await shop.admin("POST", "/admin/imports", files=files, data={"format": "shopify"}, expect=201)
    return {"api_key": shop.secret_key, "key": "welcome", "variant_id": variant, "product_id": big["id"]}


def _product(number: int) -> dict[str, Any]:
    return {
        "name": f"Product {number}",
        "status": "active",
        "options": [{"name": "Size"}],
        "variants": [{"option_values": [f"{n}"], "price": 100 + n, "on_hand": 5} for n in range(2)],
        "images": [{"url": f"https://cdn.example/{number}.jpg"}],
        "categories": [f"category-{number}"],
    }


def _big_product() -> dict[str, Any]:
    return {
        "name": "Big",
        "status": "active",
        "options": [{"name": "Size"}],
        "variants": [{"option_values": [f"{n}"], "price": 100, "on_hand": 1000} for n in range(MANY)],
        "images": [{"url": f"https://cdn.example/big-{n}.jpg"} for n in range(MANY)],
    }


async def _made(shop: Shop, method: str, path: str, body: Any) -> Any:
    response = await shop.admin(method, path, json=body)
    assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:500]}"
    return response.json()["data"]


async def _many(shop: Shop, method: str, path: str, body: Any) -> None:
    for start in range(0, MANY, 10):
        await asyncio.gather(*(_made(shop, method, path, body(n)) for n in range(start, start + 10)))


def paged(app: Litestar) -> list[Endpoint]:
    """Every endpoint that answers a page."""
    return [
        operation
        for operation in endpoints(app)
        if operation.method == "GET" and any(parameter.name == "limit" for parameter in operation.parameters)
    ]


async def test_every_list_costs_the_same_for_one_row_and_for_fifty(
    app: Litestar, http: httpx.AsyncClient, full: dict[str, str], listening: None
) -> None:
    """With the total and without."""
    costs: dict[str, dict[str, int]] = {}
    for operation in paged(app):
        names = {parameter.name for parameter in operation.parameters}
        path = operation.path.format(**full)
        for extra in ("", "&include=total") if "include" in names else ("",):
            counts = {}
            for limit in (1, MANY):
                with recorder.recorded() as statements:
                    response = await http.get(
                        f"{path}?limit={limit}{extra}",
                        headers={"X-API-KEY": full["api_key"], "X-OPERATOR-KEY": OPERATOR_KEY},
                    )
                assert response.status_code == 200, f"{path}: {response.text[:500]}"
                shown = len(response.json()["data"])
                assert shown == limit, f"{path} shows {shown} of {limit}: fill it in this file"
                assert statements, f"{path} asked nothing: the recorder is deaf"
                counts[str(limit)] = len(statements)
            costs[f"{operation.id}{extra}"] = counts
    assert [name for name, count in costs.items() if len(set(count.values())) > 1] == [], costs
    assert max(max(count.values()) for count in costs.values()) <= 8, costs


async def test_lists_inside_an_object_are_flat_too(
    http: httpx.AsyncClient, full: dict[str, str], listening: None
) -> None:
    """A product with fifty variants and images costs what one with a single variant costs."""
    small = (
        await http.get("/api/v1/admin/products?limit=100", headers={"X-API-KEY": full["api_key"]})
    ).json()["data"]
    other = next(product["id"] for product in small if len(product["variants"]) <= 2)
    for path in ("", "/variants", "/images"):
        counts = []
        for product in (full["product_id"], other):
            with recorder.recorded() as statements:
                response = await http.get(
                    f"/api/v1/admin/products/{product}{path}", headers={"X-API-KEY": full["api_key"]}
                )
            assert response.status_code == 200
            counts.append(len(statements))
        assert len(set(counts)) == 1, f"{path}: {counts}"


async def test_a_second_reader_of_the_storefront_asks_nothing(
    http: httpx.AsyncClient, full: dict[str, str], listening: None
) -> None:
    """Ready bytes: no statement at all, until the catalogue changes."""
    headers = {"X-API-KEY": full["api_key"]}
    for path in ("/storefront/products?limit=7", "/storefront/categories"):
        await http.get(f"/api/v1{path}", headers=headers)
        with recorder.recorded() as statements:
            again = await http.get(f"/api/v1{path}", headers=headers)
        assert again.status_code == 200
        assert statements == []


async def test_the_recorder_hears_the_orm_and_the_driver(
    database: Database, worker: Worker, shop: Shop, listening: None
) -> None:
    """Otherwise the tests above would count nothing."""
    scope = await shop.scope(worker)
    with recorder.recorded() as statements:
        async with database.store(scope) as session:
            await session.fetchval("select 1")
        async with database.fast(scope) as work:
            await work.fetchval("select 2")
    assert [statement for statement in statements if statement in {"select 1", "select 2"}] == [
        "select 1",
        "select 2",
    ]
    assert any("set_config" in statement for statement in statements)
