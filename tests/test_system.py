"""Health, readiness, metrics: what whoever runs a deployment asks of a process."""

import re
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import structlog
from litestar import Litestar, get
from structlog.testing import capture_logs

from baas.app import UndeclaredRoute, create_app, refuse_undeclared
from baas.core.db import Database
from baas.core.observe.logging import _merge_request
from baas.core.observe.scrape import scraped
from baas.core.settings import Settings
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.worker import Worker, create_worker
from tests import workers
from tests.clients import Shop, drain
from tests.running_app import client_of, started
from tests.servers import free_port
from tests.services.orders.selling import place, variant_of


async def ready(settings: Settings) -> tuple[int, dict[str, str | None]]:
    """The status of a fresh instance, and what is wrong by its name."""
    app = create_app(settings)
    async with started(app), client_of(app) as http:
        response = await http.get("/ready")
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert body["ready"] is (response.status_code == 200)
    assert [check["name"] for check in body["checks"]] == ["postgresql", "redis", "worker"]
    return response.status_code, {c["name"]: c["problem"] for c in body["checks"] if not c["ok"]}


@pytest.fixture
async def beating(database: Database) -> AsyncIterator[None]:
    """A worker lives, as long as the test."""
    await workers.seen(database)
    yield
    await workers.none_lives(database)


@pytest.mark.usefixtures("beating")
async def test_a_whole_deployment_is_ready(settings: Settings) -> None:
    """Nothing is wrong."""
    assert await ready(settings) == (200, {})


@pytest.mark.usefixtures("beating")
async def test_each_thing_that_is_missing_is_named(settings: Settings, database: Database) -> None:
    """PostgreSQL, Redis, a worker; within the second that each may take."""
    urls = settings.database
    away = msgspec.structs.replace(urls, auth=f"postgresql://baas_auth:x@127.0.0.1:{free_port()}/none")
    status, wrong = await ready(msgspec.structs.replace(settings, database=away))
    assert status == 503
    assert "does not answer" in (wrong["postgresql"] or "")

    status, wrong = await ready(
        msgspec.structs.replace(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    )
    assert (status, set(wrong)) == (503, {"redis"})

    async with database.relay(reason="a test lets the workers fall silent") as system:
        await system.execute("update workers set seen_at = now() - interval '1 hour'")
    status, wrong = await ready(settings)
    assert status == 503
    assert re.fullmatch(r"last seen 36\d\d s ago", wrong.pop("worker") or "")
    assert wrong == {}


@pytest.mark.usefixtures("beating")
async def test_a_schema_of_another_version_is_not_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code of tomorrow on the schema of today."""
    monkeypatch.setattr("baas.core.schema.migrations.head", lambda: "9999")
    status, wrong = await ready(settings)
    assert status == 503
    assert "this code needs 9999" in (wrong["postgresql"] or "")


@pytest.mark.usefixtures("beating")
async def test_functions_of_another_version_are_not_ready(settings: Settings, owner_url: str) -> None:
    """The tables are of today, and one function is not."""
    connection = await asyncpg.connect(owner_url)
    digest = await connection.fetchval("select digest from sql_files where name = 'cart_put'")
    try:
        await connection.execute("update sql_files set digest = 'another' where name = 'cart_put'")
        assert await ready(settings) == (503, {"postgresql": "not as this code has them: cart_put"})
    finally:
        await connection.execute("update sql_files set digest = $1 where name = 'cart_put'", digest)
        await connection.close()


def test_a_route_that_does_not_say_who_may_call_it_stops_the_start() -> None:
    """Nor may it say two things."""

    @get("/silent")
    async def silent() -> None: ...

    @get("/torn", public=True, needs="orders:read")
    async def torn() -> None: ...

    @get("/public", public=True)
    async def public() -> None: ...

    @get("/closed", needs="orders:read")
    async def closed() -> None: ...

    refuse_undeclared(Litestar([public, closed], openapi_config=None))
    for handler in (silent, torn):
        with pytest.raises(UndeclaredRoute, match=handler.fn.__name__):
            refuse_undeclared(Litestar([public, handler], openapi_config=None))


async def test_health_touches_nothing(settings: Settings) -> None:
    """A process without PostgreSQL and Redis lives, so nobody restarts it for their sake."""
    nowhere = f"postgresql://a:b@127.0.0.1:{free_port()}/none"
    alone = msgspec.structs.replace(
        settings,
        database=msgspec.structs.replace(
            settings.database, app=nowhere, auth=nowhere, relay=nowhere, operator=nowhere
        ),
        redis_url=f"redis://127.0.0.1:{free_port()}/0",
    )
    app = create_app(alone)
    async with started(app), client_of(app) as http:
        response = await http.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "ok")


async def test_readiness_costs_probes_nothing(app: Litestar, http: httpx.AsyncClient) -> None:
    """The last answer is kept for two seconds."""
    first, again = [await http.get("/ready") for _ in range(2)]
    assert first.content == again.content


async def test_what_is_wrong_is_soon_looked_at_again(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a start must not wait for a kept answer: the API may answer before the first worker beats."""
    monkeypatch.setattr("baas.system.KEPT_WRONG", 0.0)
    await workers.none_lives(database)
    app = create_app(settings)
    async with started(app), client_of(app) as http:
        assert (await http.get("/ready")).status_code == 503
        await workers.seen(database)
        assert (await http.get("/ready")).status_code == 200
        await workers.none_lives(database)
        assert (await http.get("/ready")).status_code == 200  # what is good is kept


async def test_metrics_want_their_token_when_there_is_one(
    settings: Settings, http: httpx.AsyncClient
) -> None:
    """As a bearer token; without one in the settings they are open."""
    assert "baas_http_requests_total" in (await http.get("/metrics")).text
    app = create_app(msgspec.structs.replace(settings, metrics_token="scrape"))
    async with started(app), client_of(app) as closed:
        for headers, status in (({}, 401), ({"Authorization": "Bearer x"}, 401)):
            assert (await closed.get("/metrics", headers=headers)).status_code == status
        assert (await closed.get("/metrics", headers={"Authorization": "Bearer scrape"})).status_code == 200
        strange = [(b"authorization", b"Bearer \xff")]
        assert (await closed.get("/metrics", headers=strange)).status_code == 401


async def test_a_worker_shows_what_waits_and_what_came_of_it(
    shop: Shop, settings: Settings, worker: Worker
) -> None:
    """On its own port, behind the same token: events wait while nobody relays them, and their handlers are counted."""
    await place(shop, (await variant_of(shop), 1))
    port = free_port()
    async with (
        scraped("127.0.0.1", port, "scrape"),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as prometheus,
    ):

        async def shown(name: str) -> float:
            await worker.loops["measure"].drain_once()
            answer = await prometheus.get("/metrics", headers={"Authorization": "Bearer scrape"})
            found = re.search(rf"^{re.escape(name)} (\S+)$", answer.text, re.MULTILINE)
            assert found is not None, answer.text
            return float(found[1])

        assert await shown('baas_queue_depth{queue="events"}') > 0
        assert await shown("baas_outbox_lag_seconds") > 0
        await drain(worker)
        assert await shown('baas_queue_depth{queue="events"}') == 0
        assert await shown("baas_outbox_lag_seconds") == 0
        assert (
            'outcome="done"'
            in (await prometheus.get("/metrics", headers={"Authorization": "Bearer scrape"})).text
        )
        assert (await prometheus.get("/metrics")).status_code == 401
        with pytest.raises(OSError, match="in use"):
            await create_worker(msgspec.structs.replace(settings, worker_metrics_port=port)).run()


async def test_a_bug_is_logged_with_its_request_and_its_store_and_told_to_sentry(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller learns nothing but the request id."""
    told: list[BaseException] = []
    monkeypatch.setitem(sys.modules, "sentry_sdk", SimpleNamespace(capture_exception=told.append))

    async def bug(_session: object) -> None:
        structlog.get_logger().warning("something.odd", number=7)
        raise ZeroDivisionError("of ana@" + "example.com")

    monkeypatch.setattr("baas.tenants.service.get_store", bug)
    with capture_logs(processors=[_merge_request]) as lines:
        response = await shop.admin(
            "GET", "/admin/store", headers={"X-Request-Id": "req_of_the_bug"}, expect=500
        )
    assert response.json()["error"]["code"] == "internal_error"
    assert "ana@" not in response.text
    assert [type(error) for error in told] == [ZeroDivisionError]
    odd, failed = (
        next(line for line in lines if line["event"] == event)
        for event in ("something.odd", "request.failed")
    )
    assert odd["request_id"] == failed["request_id"] == "req_of_the_bug"
    assert odd["store_id"] == ids.decode(Kind.STORE, shop.id)
