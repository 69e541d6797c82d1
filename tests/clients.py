"""A store under test: its keys, and requests with them."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from baas.core.scope import Caller, CallerKind, StoreScope
from baas.core.values.ids import Kind, decode
from baas.worker import Worker

BASE = "/api/v1"


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
        name for name in worker.loops if name not in {"heartbeat", "housekeeping", "partitions", "retention"}
    )
    for _ in range(rounds):
        done = 0
        for name in chosen:
            done += await worker.loops[name].drain_once()
        if not done:
            return
    raise AssertionError("The worker found something to do in every round.")
