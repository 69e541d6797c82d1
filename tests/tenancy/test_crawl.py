"""Every route, walked: no key, the wrong key, too small a key, and another store's key for every object."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar

from baas.core.db import Database
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.openapi.endpoints import Endpoint, endpoints
from baas.tenants.schemas import SCOPES
from baas.worker import Worker
from tests.clients import BASE, Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.running_app import client_of
from tests.servers import with_database
from tests.tenancy import leaks
from tests.tenancy.leaks import Rows, no_orm_criteria
from tests.tenancy.test_metadata import TABLES
from tests.tenancy.world import CSV, World, bodies, build


class Two:
    """Two stores, both full."""

    def __init__(self, a: World, b: World, rows_of_a: Rows) -> None:
        self.a = a
        self.b = b
        self.rows_of_a = rows_of_a


async def two_worlds(http: httpx.AsyncClient, worker: Worker, admin_url: str) -> Two:
    """Build two stores, and look at the first."""
    a = await build(await provision(http, OPERATOR_KEY), worker)
    b = await build(await provision(http, OPERATOR_KEY), worker)
    return Two(a, b, Rows(admin_url, ids.decode(Kind.STORE, a.shop.id)))


@pytest.fixture(scope="module")
async def two(http: httpx.AsyncClient, worker: Worker, servers: Any, settings: Any) -> Two:
    """Two stores of the application under test."""
    return await two_worlds(
        http, worker, with_database(servers.admin_url, settings.database.app.rpartition("/")[2])
    )


RESERVED = {"analytics:read", "customers:read", "customers:write"}
"""Scopes that open nothing yet: keys made before their routes come need not be made again."""


def test_every_scope_opens_something(app: Litestar) -> None:
    """Or is reserved, and then nothing asks for it."""
    asked = {endpoint.need for endpoint in endpoints(app)} & set(SCOPES)
    assert set(SCOPES) - asked == RESERVED


@pytest.fixture(params=["with the criteria of the ORM", "without them"])
async def criteria(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Every leak test runs twice: the database alone must hold."""
    if request.param == "without them":
        with no_orm_criteria():
            yield
    else:
        yield


@pytest.mark.usefixtures("criteria")
class TestAnotherStoresObjects:
    """They do not exist."""

    async def test_every_route_answers_404_and_changes_nothing(
        self, app: Litestar, http: httpx.AsyncClient, two: Two
    ) -> None:
        """With a key that may do everything, in its own store."""
        assert await leaks.crawl(app, http, two.a, two.b, two.rows_of_a) == []

    async def test_lists_searches_and_filters_show_none(
        self, app: Litestar, http: httpx.AsyncClient, two: Two
    ) -> None:
        """Not even when they are asked for by name."""
        assert await leaks.lists(app, http, two.a, two.b, two.rows_of_a) == []

    async def test_they_cannot_be_named_in_a_body(
        self, app: Litestar, http: httpx.AsyncClient, two: Two
    ) -> None:
        """A store's own object does not take another's id."""
        assert await leaks.foreign_references(app, http, two.a, two.b, two.rows_of_a) == []

    async def test_plain_sql_counts_only_ones_own(self, database: Database, two: Two, worker: Worker) -> None:
        """In every table, over both kinds of session."""
        assert await leaks.raw(database, await two.b.shop.scope(worker)) == []

    async def test_the_sandbox_knows_the_payments_of_its_store(
        self, http: httpx.AsyncClient, two: Two
    ) -> None:
        """Its page has no key: the store in its address counts."""
        own = two.a.own["show_sandbox_page"]
        right = f"{BASE}/sandbox/{own['store_id']}/{own['payment_id']}/{own['token']}"
        wrong = f"{BASE}/sandbox/{two.b.shop.id}/{own['payment_id']}/{own['token']}"
        assert (await http.get(right)).status_code == 200
        assert (await http.get(wrong)).status_code == 404
        assert (await http.post(wrong, data={"outcome": "approved"})).status_code == 404


async def test_the_crawl_asks_for_things_that_are_there(
    app: Litestar, http: httpx.AsyncClient, two: Two
) -> None:
    """The same requests with the owner's key succeed: a 404 above is a wall and no mistake in the asking.

    A new route that names an object nobody builds in tests/tenancy/world.py fails here.
    """
    examples = bodies(app)
    for operation in leaks.of_a_store(app):
        if operation.body_media == "multipart/form-data":
            continue
        body = two.a.localised(examples[operation.id]) if operation.id in examples else None
        response = await leaks.send(
            http, two.a.shop.secret_key, operation, two.a.path_of(operation), body, dry_run=operation.is_write
        )
        assert response.is_success, f"{operation.id}: {response.status_code} {response.text[:500]}"


async def whole(admin_url: str) -> dict[str, str]:
    """table -> a checksum of all its rows. When a key was last used, and who lives, is nobody's write."""
    connection = await asyncpg.connect(admin_url)
    try:
        tables = [table.name for table in TABLES if table.name != "workers"]
        return {
            name: await connection.fetchval(
                "select md5(coalesce(string_agg(r::text, '|' order by r::text), '')) from"
                f" (select to_jsonb(t) - 'last_used_at' as r from \"{name}\" t) rows"
            )
            for name in tables
        }
    finally:
        await connection.close()


async def test_every_write_can_be_tried_and_leaves_every_row_of_every_store_as_it_was(
    app: Litestar, http: httpx.AsyncClient, two: Two, servers: Any, settings: Any
) -> None:
    """It runs whole and says that it was a trial; also an operator's, an upload, and a person's on the payment page."""
    admin_url = with_database(servers.admin_url, settings.database.app.rpartition("/")[2])
    examples = bodies(app)
    handle = f"tried-{two.a.shop.slug}"
    before = await whole(admin_url)
    for operation in endpoints(app):
        # What a provider sends is no write of anybody who could prefer something.
        if not operation.is_write or operation.id.startswith("receive_"):
            continue
        headers = {"Prefer": "dry-run", "Idempotency-Key": f"tried-{operation.id}"}
        headers |= (
            {"X-OPERATOR-KEY": OPERATOR_KEY}
            if operation.is_operator
            else {"X-API-KEY": two.a.shop.secret_key}
        )
        body: Any = two.a.localised(examples[operation.id]) if operation.id in examples else None
        if operation.id == "create_store":
            body["slug"] = handle
        options: dict[str, Any] = {"json": body}
        if operation.id == "decide_sandbox_payment":
            options = {"json": {"outcome": "approved"}}
        elif operation.body_media == "multipart/form-data":
            options = {"files": {"file": ("a.csv", CSV.format(handle=handle))}, "data": {"format": "shopify"}}
        response = await http.request(operation.method, two.a.path_of(operation), headers=headers, **options)
        assert response.is_success, f"{operation.id}: {response.status_code} {response.text[:500]}"
        assert response.json()["meta"].get("dry_run") is True, operation.id
    after = await whole(admin_url)
    assert [table for table in before if before[table] != after[table]] == []


@pytest.fixture(scope="module")
def every(app: Litestar) -> list[Endpoint]:
    """All routes that want a key."""
    return [operation for operation in endpoints(app) if not operation.is_public]


class TestKeys:
    """What a route needs is asked of every request."""

    @pytest.fixture
    async def strangers(self, app: Litestar) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
        """Clients from one address each: whoever sends many wrong keys has to wait."""
        clients: list[httpx.AsyncClient] = []

        def stranger() -> httpx.AsyncClient:
            address = f"10.1.{len(clients) // 200}.{len(clients) % 200}"
            clients.append(client_of(app, address))
            return clients[-1]

        yield stranger
        for client in clients:
            await client.aclose()

    def test_only_pages_and_notifications_of_providers_are_public(self, app: Litestar) -> None:
        """A public route is a decision that this test has to be told about."""
        assert {operation.id for operation in endpoints(app) if operation.is_public} == {
            "show_sandbox_page",
            "decide_sandbox_payment",
            "receive_notification",
            "verify_whatsapp_receiver",
            "receive_whatsapp_reports",
            "receive_platform_notification",
        }

    async def test_without_a_key_every_route_is_closed(
        self, strangers: Callable[[], httpx.AsyncClient], two: Two, every: list[Endpoint]
    ) -> None:
        """401, whatever is asked for."""
        for operation in every:
            http = strangers()
            for headers in (
                {},
                {"X-API-KEY": "sk_test_wrong"},
                {"X-OPERATOR-KEY": "wrong"},
                {"Authorization": "Bearer x"},
            ):
                response = await http.request(operation.method, two.a.path_of(operation), headers=headers)
                assert response.status_code == 401, f"{operation.id} {headers}: {response.status_code}"

    async def test_a_publishable_key_opens_the_storefront_alone(
        self, http: httpx.AsyncClient, two: Two, every: list[Endpoint]
    ) -> None:
        """Everything else is 403; the operator's endpoints do not even look at it."""
        for operation in every:
            if operation.need == "storefront":
                continue
            response = await http.request(
                operation.method, two.a.path_of(operation), headers={"X-API-KEY": two.a.shop.publishable_key}
            )
            assert response.status_code == (401 if operation.is_operator else 403), operation.id

    async def test_a_secret_key_opens_what_its_scopes_say(
        self, http: httpx.AsyncClient, shop: Shop, two: Two, every: list[Endpoint]
    ) -> None:
        """A key with every scope but the one that is needed gets 403, and is told which it lacks."""
        keys = {}
        for need in {str(operation.need) for operation in every if not operation.is_operator}:
            assert need in SCOPES, f"{need} cannot be given to a key: add it to SCOPES"
            scopes = [scope for scope in SCOPES if scope != need]
            body = {"kind": "secret", "name": f"all but {need}", "scopes": scopes}
            keys[need] = (await shop.create("/admin/api-keys", body))["key"]
        for operation in every:
            if operation.is_operator:
                continue
            response = await http.request(
                operation.method, two.a.path_of(operation), headers={"X-API-KEY": keys[str(operation.need)]}
            )
            assert response.status_code == 403, operation.id
            error = response.json()["error"]
            assert (error["code"], error["details"]["needs"]) == ("insufficient_scope", operation.need)

    async def test_a_store_is_no_operator(
        self, http: httpx.AsyncClient, two: Two, every: list[Endpoint]
    ) -> None:
        """Not with its secret key, in either header."""
        for operation in every:
            if not operation.is_operator:
                continue
            for header in ("X-API-KEY", "X-OPERATOR-KEY"):
                response = await http.request(
                    operation.method, two.a.path_of(operation), headers={header: two.a.shop.secret_key}
                )
                assert response.status_code == 401, operation.id

    async def test_the_operators_key_opens_no_store(
        self, strangers: Callable[[], httpx.AsyncClient], two: Two, every: list[Endpoint]
    ) -> None:
        """It provisions; it does not read a shop's orders."""
        for operation in every:
            http = strangers()
            if operation.is_operator:
                continue
            for header in ("X-API-KEY", "X-OPERATOR-KEY"):
                response = await http.request(
                    operation.method, two.a.path_of(operation), headers={header: OPERATOR_KEY}
                )
                assert response.status_code == 401, operation.id


class TestEmission:
    """What follows from a store's events stays in that store."""

    async def test_events_carry_the_store_of_their_session(
        self, database: Database, two: Two, worker: Worker
    ) -> None:
        """In the row and in the text that receivers get."""
        for world in (two.a, two.b):
            scope = await world.shop.scope(worker)
            async with database.fast(scope) as work:
                rows = await work.fetch("select store_id, body::jsonb ->> 'store_id' as said from events")
            assert rows
            assert {(row["store_id"], row["said"]) for row in rows} == {(scope.store_id, world.shop.id)}

    async def test_deliveries_go_to_endpoints_of_the_same_store(
        self, database: Database, two: Two, worker: Worker
    ) -> None:
        """Seen over all stores, as the role that makes them."""
        async with database.relay(reason="a test looks at all deliveries") as system:
            rows = await system.fetch(
                "select d.store_id, e.store_id as endpoint_store, v.store_id as event_store from webhook_deliveries d"
                " left join webhook_endpoints e on e.id = d.endpoint_id left join events v on v.id = d.event_id"
            )
        stores = {row["store_id"] for row in rows}
        assert {ids.decode(Kind.STORE, two.a.shop.id), ids.decode(Kind.STORE, two.b.shop.id)} <= stores
        for row in rows:
            assert row["endpoint_store"] in {None, row["store_id"]}
            assert row["event_store"] in {None, row["store_id"]}
        assert isinstance(next(iter(stores)), UUID)
