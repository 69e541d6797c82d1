"""The rules of the contract that hold for every endpoint, asked of every endpoint."""

from typing import Any

import httpx
import pytest
from litestar import Litestar

from baas.openapi.endpoints import Endpoint, endpoints
from baas.worker import Worker
from tests.clients import provision
from tests.conftest import OPERATOR_KEY
from tests.tenancy.world import World, bodies, build

NO_BODY = {
    *("create_cart", "rotate_api_key", "rotate_webhook_secret", "test_webhook_endpoint"),
    *("cancel_order", "fulfill_order", "ship_order", "deliver_order", "return_order"),
}
"""Writes that say enough by their address."""


@pytest.fixture(scope="module")
async def world(http: httpx.AsyncClient, worker: Worker) -> World:
    """A store with one of everything."""
    return await build(await provision(http, OPERATOR_KEY), worker)


@pytest.fixture(scope="module")
def operations(app: Litestar) -> list[Endpoint]:
    """Every endpoint with a key."""
    return [operation for operation in endpoints(app) if not operation.is_public]


async def ask(
    http: httpx.AsyncClient, world: World, operation: Endpoint, headers: dict[str, str], **options: Any
) -> httpx.Response:
    """The operation, for the world's own objects."""
    keys = {"X-API-KEY": world.shop.secret_key, "X-OPERATOR-KEY": OPERATOR_KEY}
    return await http.request(
        operation.method, world.path_of(operation), headers={**keys, **headers}, **options
    )


async def test_storefront_reads_can_be_kept_and_asked_after(
    http: httpx.AsyncClient, world: World, operations: list[Endpoint]
) -> None:
    """A strong ETag, Cache-Control and Vary; If-None-Match answers 304 without a body."""
    reads = [
        operation
        for operation in operations
        if operation.method == "GET" and "/storefront/" in operation.path and operation.answer is not None
    ]
    assert len(reads) >= 7
    for operation in reads:
        assert operation.cached, f"{operation.id} does not say so in the document"
        first = await ask(http, world, operation, {})
        etag = first.headers.get("etag", "")
        assert etag.startswith('"'), operation.id
        assert first.headers["cache-control"].startswith("private"), operation.id
        assert "X-API-KEY" in first.headers["vary"], operation.id
        again = await ask(http, world, operation, {"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag), operation.id
        other = await ask(http, world, operation, {"If-None-Match": '"another"'})
        assert other.status_code == 200, operation.id


async def test_a_cart_that_changed_is_another_answer(world: World) -> None:
    """And one that did not is the same, whoever asked in between."""
    path = f"/storefront/carts/{world.parameters['cart_id']}"
    etag = (await world.shop.storefront("GET", path, expect=200)).headers["etag"]
    await world.shop.storefront("GET", path, headers={"If-None-Match": etag}, expect=304)
    await world.shop.storefront("PATCH", path, json={"email": "new@example.com"}, expect=200)
    changed = await world.shop.storefront("GET", path, headers={"If-None-Match": etag}, expect=200)
    assert changed.headers["etag"] != etag


async def test_every_list_says_where_it_goes_on(
    http: httpx.AsyncClient, world: World, operations: list[Endpoint]
) -> None:
    """Also one that is answered whole; and nothing else does."""
    lists = 0
    for operation in operations:
        if operation.method != "GET" or operation.answer is None:
            continue
        response = await ask(http, world, operation, {})
        assert response.status_code == 200, f"{operation.id}: {response.text[:300]}"
        answer = response.json()
        assert set(answer["meta"]) >= {"request_id", "timestamp", "version"}
        assert ("pagination" in answer) == isinstance(answer["data"], list), operation.id
        if "pagination" not in answer:
            continue
        lists += 1
        pagination = answer["pagination"]
        assert set(pagination) == {"limit", "has_more", "next_cursor", "total"}, operation.id
        if not any(parameter.name == "cursor" for parameter in operation.parameters):
            assert pagination["total"] == len(answer["data"]), operation.id
            assert not pagination["has_more"], operation.id
    assert lists >= 15


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"nonsense": 1', b'{"nonsense": ' + b"[" * 100_000, b"\xff", b'{"a": "\\ud800"}', b"{}x"],
)
async def test_what_is_no_json_is_malformed_wherever_it_breaks(
    http: httpx.AsyncClient, world: World, operations: list[Endpoint], content: bytes
) -> None:
    """Also behind a field that would be refused."""
    headers = {"Content-Type": "application/json", "Prefer": "dry-run"}
    for operation in operations:
        if operation.is_write and operation.body_media == "application/json" and operation.body is not None:
            response = await ask(http, world, operation, headers, content=content)
            code = response.json()["error"]["code"]
            assert (response.status_code, code) == (400, "malformed_json"), f"{operation.id}: {response.text}"


async def test_an_unknown_field_is_named(
    http: httpx.AsyncClient, app: Litestar, world: World, operations: list[Endpoint]
) -> None:
    """Whatever else the body says."""
    examples = bodies(app)
    asked = 0
    for operation in operations:
        if not isinstance(examples.get(operation.id), dict):
            continue
        asked += 1
        body = {**world.localised(examples[operation.id]), "qantity": 1}
        response = await ask(http, world, operation, {"Prefer": "dry-run"}, json=body)
        assert response.status_code == 422, f"{operation.id}: {response.text[:300]}"
        assert "qantity" in response.json()["error"]["details"]["fields"], operation.id
    assert asked >= 25


async def test_what_needs_no_body_may_come_without(
    http: httpx.AsyncClient, world: World, operations: list[Endpoint]
) -> None:
    """No empty object has to be sent."""
    asked = set()
    for operation in operations:
        if operation.id not in NO_BODY:
            continue
        asked.add(operation.id)
        response = await ask(http, world, operation, {"Prefer": "dry-run"})
        assert response.is_success, f"{operation.id}: {response.text[:300]}"
    assert asked == NO_BODY
