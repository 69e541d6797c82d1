"""Whatever is sent, the API answers as its document says, and never with a failure of its own.

Over HTTP, against a server in a process of its own, with the keys of a store that has one of everything.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from baas.core.settings import Settings
from baas.worker import Worker
from tests import deployment
from tests.clients import provision
from tests.conftest import OPERATOR_KEY
from tests.tenancy.world import World, build

EXAMPLES = int(os.environ.get("BAAS_TEST_FUZZ_EXAMPLES", "12"))
"""Cases for each operation and kind of data; more find more."""
ONE_WAY = {
    "revoke_api_key",
    "delete_product",
    "delete_category",
    "delete_webhook_endpoint",
    "deactivate_store",
}
"""Operations that would take away what the other cases ask for."""
LATE = {
    *("update_product", "update_variant", "delete_variant", "delete_image", "merge_cart", "checkout"),
    *("advance_test_clock", "remove_cart_item", "set_cart_item"),
}
"""Operations that change it so much that others should have had their turn."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    allow_header_conformance,
]


class Server:
    """`baas serve` on the test's database."""

    def __init__(self, settings: Settings, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        self.log = log
        assert settings.operator_key_hash is not None
        environment = deployment.environment(
            settings,
            BAAS_OPERATOR_KEY_HASH=settings.operator_key_hash.hex(),
            BAAS_BASE_URL=self.base_url,
            BAAS_PORT=str(port),
            BAAS_ALLOW_LOCAL_RECEIVERS="true",
            BAAS_LOG_LEVEL="WARNING",
        )
        command = [sys.executable, "-m", "baas", "serve"]
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{self.base_url}/health").raise_for_status()
                return
            except httpx.HTTPError:
                assert self.process.poll() is None, self.log.read_text()[-2000:]
                assert time.monotonic() < deadline, self.log.read_text()[-2000:]
                time.sleep(0.1)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own process."""
    running = Server(settings, tmp_path_factory.mktemp("fuzz") / "server.log")
    running.wait()
    yield running
    running.stop()


@pytest.fixture(scope="module")
async def world(server: Server, worker: Worker) -> AsyncIterator[World]:
    """A full store without rate limits."""
    async with httpx.AsyncClient(base_url=server.base_url, timeout=30) as http:
        shop = await provision(http, OPERATOR_KEY)
        limits = {
            "requests_per_minute": -1,
            "requests_per_minute_address": -1,
            "webhook_endpoints": -1,
            "products": -1,
        }
        response = await http.patch(
            f"/api/v1/operator/stores/{shop.id}",
            json={"limits": limits},
            headers={"X-OPERATOR-KEY": OPERATOR_KEY},
        )
        assert response.status_code == 200
        made = await build(shop, worker)
        # The operator's own endpoints work on another store, so that nobody deactivates this one.
        other = await provision(http, OPERATOR_KEY)
        made.parameters["store_id"] = other.id
        yield made


def load(server: Server, world: World) -> Any:
    """The document, with the store's own objects in most of the places where an id belongs."""
    config = SchemathesisConfig.from_dict({})
    schema = schemathesis.openapi.from_url(f"{server.base_url}/openapi.json", config=config)

    # The same case is always treated the same: a failing one must fail again. Three of four are made to fit.
    def fits(given: Any) -> bool:
        return len(str(given)) % 4 != 0

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: Any) -> Any:
        if (
            path_parameters
            and context.operation.definition.raw["operationId"] not in ONE_WAY
            and fits(path_parameters)
        ):
            own = {**world.parameters, **world.own.get(context.operation.definition.raw["operationId"], {})}
            return {name: own.get(name, value) for name, value in path_parameters.items()}
        return path_parameters

    @schema.hook
    def map_body(context: Any, body: Any) -> Any:
        return fitted(body) if fits(body) else body

    def fitted(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: world.parameters[name]
                if name in world.parameters and isinstance(inner, str)
                else fitted(inner)
                for name, inner in value.items()
            }
        return [fitted(inner) for inner in value] if isinstance(value, list) else value

    return schema


@pytest.fixture(scope="module")
def api(server: Server, world: World) -> Any:
    """The document under test."""
    return load(server, world)


OPERATIONS = {
    operation["operationId"]: (path, method.upper())
    for path, methods in json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))[
        "paths"
    ].items()
    for method, operation in methods.items()
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation_id", sorted(OPERATIONS, key=lambda name: (name in LATE, OPERATIONS[name][1] != "GET", name))
)
def test_every_operation_keeps_its_word(api: Any, world: World, server: Server, operation_id: str) -> None:
    """Right data, wrong data and what lies between."""
    path, method = OPERATIONS[operation_id]
    operation = api[path][method]
    scope = operation.definition.raw.get("x-scope")
    headers = {"X-API-KEY": world.shop.secret_key}
    if scope == "operator":
        headers = {"X-OPERATOR-KEY": OPERATOR_KEY}
    elif scope == "storefront":
        headers = {"X-API-KEY": world.shop.publishable_key}
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis_settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize="BAAS_TEST_FUZZ_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],
        )
        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:
            # Nothing can be wrong about an operation without parameters or body.
            assert mode is GenerationMode.NEGATIVE


def test_bodies_that_are_too_much_are_refused_over_a_real_connection(server: Server, world: World) -> None:
    """With a length or in chunks; the caller gets its answer, and the next request works."""
    with httpx.Client(
        base_url=f"{server.base_url}/api/v1", headers={"X-API-KEY": world.shop.secret_key}
    ) as http:
        for _ in range(3):
            for content in (b"x" * 8_000_000, (b"x" * 65536 for _ in range(100))):
                response = http.post(
                    "/admin/products", content=content, headers={"Content-Type": "application/json"}
                )
                assert response.status_code == 413
                assert response.json()["error"]["code"] == "payload_too_large"
            assert http.get("/admin/store").status_code == 200
