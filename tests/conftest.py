"""Fixtures: real servers, one migrated database per test process, the application over HTTP, and a worker on call.

Tests run as the application's own database roles, never as a superuser, who would see through every wall.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from litestar import Litestar

from baas.app import create_app
from baas.assembly import close_runtime
from baas.core.crypto import api_key_hash
from baas.core.db import Database
from baas.core.settings import Environment, Settings
from baas.core.values.ids import Kind, decode
from baas.worker import Worker, create_worker
from tests import deployment
from tests.clients import Shop, provision
from tests.running_app import client_of, started
from tests.servers import Servers, free_port, start_servers

SECRET = "a secret of the tests, and of nothing else"
OPERATOR_KEY = "op_of_the_tests_0123456789"
PLATFORM_SECRET = "whsec_of_the_platform_of_the_tests"

# As in a deployment. The library's own way renders every local variable of a traceback, which takes a second.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Redis of this test process."""
    started = start_servers()
    yield started
    started.stop()


@pytest.fixture(scope="session")
async def owner_url(servers: Servers) -> str:
    """The URL of a migrated database for its owner role."""
    await deployment.roles(servers.admin_url)
    return await deployment.migrated_database(servers.admin_url)


@pytest.fixture(scope="session")
def settings(servers: Servers, owner_url: str) -> Settings:
    """A deployment on the test servers."""
    return Settings(
        environment=Environment.DEVELOPMENT,
        database=deployment.role_urls(owner_url),
        redis_url=servers.redis_url,
        secret=SECRET,
        encryption_keys=(b"k" * 32,),
        operator_key_hash=api_key_hash(SECRET.encode(), OPERATOR_KEY),
        base_url="http://testserver",
        pool_size=16,
        log_level="WARNING",
        allow_local_receivers=True,
        # Nobody listens there but the simulators of the tests that start them.
        mercadopago_url=f"http://127.0.0.1:{free_port()}",
        stripe_url=f"http://127.0.0.1:{free_port()}",
        stripe_platform_secrets=(f"{PLATFORM_SECRET}_before", PLATFORM_SECRET),
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, started."""
    application = create_app(settings)
    async with started(application):
        yield application


@pytest.fixture(scope="session")
async def http(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client without any credential."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
def operator(http: httpx.AsyncClient) -> dict[str, str]:
    """The operator's header."""
    return {"X-OPERATOR-KEY": OPERATOR_KEY}


@pytest.fixture
async def shop(http: httpx.AsyncClient) -> Shop:
    """A new test store with both keys."""
    return await provision(http, OPERATOR_KEY)


@pytest.fixture
async def other_shop(http: httpx.AsyncClient) -> Shop:
    """Another new test store."""
    return await provision(http, OPERATOR_KEY)


@pytest.fixture
def forget(app: Litestar, worker: Worker) -> Callable[[Shop], None]:
    """Lets the application and the worker read a store anew; they believe for a second what they know of it."""

    def forget_store(shop: Shop) -> None:
        for table in (app.state.table, worker.table):
            table.forget_store(decode(Kind.STORE, shop.id))

    return forget_store


@pytest.fixture
async def true_offers(shop: Shop, worker: Worker, database: Database) -> AsyncIterator[None]:
    """After the test, what the store's variants say to carts is what their products say, whatever was changed."""
    yield
    scope = await shop.scope(worker)
    async with database.fast(scope) as work:
        wrong = await work.fetch(
            """
            select v.offer::text, p.name, p.status from variants v join products p using (store_id)
            where v.store_id = $1 and p.id = v.product_id and v.offer::jsonb is distinct from jsonb_build_array(
              v.id, p.id, p.name, v.name, v.sku, v.price, v.compare_at_price, v.weight_grams, v.requires_shipping,
              v.taxable, v.kind,
              coalesce(
                (select url from product_images where store_id = $1 and id = v.image_id),
                (select url from product_images where store_id = $1 and product_id = p.id order by position, id limit 1)
              ),
              p.status = 'active')
            """,
            scope.store_id,
        )
    assert wrong == []


@pytest.fixture(scope="session")
async def worker(settings: Settings) -> AsyncIterator[Worker]:
    """A worker whose loops run only when a test says so: `await drain(worker)`."""
    made = create_worker(settings)
    await made.runtime.database.open()
    yield made
    await close_runtime(made.runtime)


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Sessions as the application's roles."""
    opened = await Database(settings.database, pool_size=16).open()
    yield opened
    await opened.close()


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of the tests."""
    return "asyncio"


# D-059
def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    """Slow tests last, so that a simple mistake shows first; spread over processes first, so that none ends long after
    the others."""
    last = not hasattr(config, "workerinput")
    items.sort(key=lambda item: (item.get_closest_marker("slow") is not None) is last)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """When what had failed is run once more (`make test`), name what passes now: it does not bear company."""
    if config.getoption("lf") and (passed := terminalreporter.stats.get("passed")):
        terminalreporter.section("failed beside other tests, passed alone: worth a look", yellow=True)
        for report in passed:
            terminalreporter.write_line(report.nodeid)
