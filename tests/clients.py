"""A store under test: its keys, and requests with them."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from baas.core.scope import Caller, CallerKind, StoreScope
from baas.core.values.ids import Kind, decode
from baas.worker import Worker

BASE = "/api/v1"
ADDRESS = {
    "name": "Ana Pérez",
    "line1": "Av. Corrientes 1234",
    "city": "Buenos Aires",
    "postal_code": "C1043",
    "country": "AR",
}
"""Where the customers of these tests live."""


@dataclass
class Shop:
    """A provisioned store."""

    http: httpx.AsyncClient
    id: str
    slug: str
    secret_key: str
    publishable_key: str

    async def admin(
        self, method: str, path: str, *, expect: int | None = None, **options: Any
    ) -> httpx.Response:
        """A request with the secret key; with `expect`, its status is asserted."""
        return await self._send(self.secret_key, method, path, expect, options)

    async def storefront(
        self, method: str, path: str, *, expect: int | None = None, **options: Any
    ) -> httpx.Response:
        """A request with the publishable key."""
        return await self._send(self.publishable_key, method, path, expect, options)

    async def get(self, path: str, **options: Any) -> dict[str, Any]:
        """The data of an answer; its status is asserted. The path says which key: the storefront's or the secret one."""
        found: dict[str, Any] = await self._data("GET", path, 200, options)
        return found

    async def listed(self, path: str, **options: Any) -> list[dict[str, Any]]:
        """The data of a page of a list, as `get`."""
        found: list[dict[str, Any]] = await self._data("GET", path, 200, options)
        return found

    async def create(self, path: str, body: Any, **options: Any) -> dict[str, Any]:
        """The data of what a POST made, as `get`."""
        found: dict[str, Any] = await self._data("POST", path, 201, {"json": body, **options})
        return found

    async def change(self, path: str, body: Any, **options: Any) -> dict[str, Any]:
        """The data of what a PATCH made of it, as `get`."""
        found: dict[str, Any] = await self._data("PATCH", path, 200, {"json": body, **options})
        return found

    async def _data(self, method: str, path: str, expect: int, options: dict[str, Any]) -> Any:
        key = self.publishable_key if path.startswith("/storefront") else self.secret_key
        return (await self._send(key, method, path, expect, options)).json()["data"]

    async def _send(
        self, key: str, method: str, path: str, expect: int | None, options: dict[str, Any]
    ) -> httpx.Response:
        headers = {"X-API-KEY": key, **options.pop("headers", {})}
        response = await self.http.request(method, BASE + path, headers=headers, **options)
        if expect is not None:
            assert response.status_code == expect, (
                f"{method} {path}: {response.status_code} {response.text[:1000]}"
            )
        return response

    async def scope(self, worker: Worker) -> StoreScope:
        """The scope of system work in this store, for tests of services."""
        return await worker.table.scope_for_job(decode(Kind.STORE, self.id), "req_of_a_test")


SYSTEM = Caller(CallerKind.SYSTEM, "test")


async def provision(http: httpx.AsyncClient, operator_key: str, **overrides: Any) -> Shop:
    """Make a store over the operator's API."""
    slug = f"shop-{secrets.token_hex(6)}"
    body = {
        "name": "Shop under test",
        "slug": slug,
        "mode": "test",
        "plan": "pro",
        "currency": "ARS",
        "country": "AR",
        "locale": "es-AR",
        **overrides,
    }
    response = await http.post(f"{BASE}/operator/stores", json=body, headers={"X-OPERATOR-KEY": operator_key})
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    return Shop(http, data["store"]["id"], data["store"]["slug"], data["secret_key"], data["publishable_key"])


async def drain(worker: Worker, *names: str, rounds: int = 50) -> None:
    """Run the worker's loops (all but the clockwork, or those named) until none has anything left to do."""
    chosen = names or tuple(
        name
        for name in worker.loops
        if name not in {"measure", "housekeeping", "partitions", "retention", "subjects"}
    )
    for _ in range(rounds):
        done = 0
        for name in chosen:
            done += await worker.loops[name].drain_once()
        if not done:
            return
    raise AssertionError("The worker found something to do in every round.")
