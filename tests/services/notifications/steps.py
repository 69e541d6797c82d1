"""Steps that several tests take."""

from typing import Any

from baas.assembly import EVENT_TYPES
from baas.core.db import Database
from baas.core.values.ids import Kind, decode
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.notifications.mailserver import PASSWORD, USER

ORDER: dict[str, Any] = {
    "id": "ord_1",
    "number": "#1001",
    "currency": "ARS",
    "total": 1_250_000,
    "subtotal": 1_250_000,
    "email": "ana@example.com",
    "items": [{"product_name": "Mate", "quantity": 1, "total": 1_250_000}],
    "shipping_address": {
        "name": "Ana Ferreyra",
        "line1": "Calle 1",
        "city": "Rosario",
        "phone": "+5493415550101",
    },
}


async def send(shop: Shop, **body: Any) -> str:
    """Queue a notification; its id."""
    given = {"to": "ana@example.com", "subject": "Hello", "body": "A text.", **body}
    if "template_key" in body:
        del given["subject"], given["body"]
    answer = await shop.admin("POST", "/admin/notifications", json=given, expect=201)
    return str(answer.json()["data"]["id"])


async def read(shop: Shop, notification_id: str) -> dict[str, Any]:
    """A notification with all that is known of it."""
    answer = await shop.admin("GET", f"/admin/notifications/{notification_id}", expect=200)
    found: dict[str, Any] = answer.json()["data"]
    return found


async def listed(shop: Shop, **query: Any) -> list[dict[str, Any]]:
    """The log."""
    answer = await shop.admin("GET", "/admin/notifications", params=query, expect=200)
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def configure(shop: Shop, **body: Any) -> dict[str, Any]:
    """Change the settings."""
    answer = await shop.admin("PUT", "/admin/notification-settings", json=body, expect=200)
    found: dict[str, Any] = answer.json()["data"]
    return found


async def use_smtp(shop: Shop, port: int, **changes: Any) -> None:
    """Let a store send over its own mail server on loopback."""
    server = {"provider": "smtp", "host": "localhost", "port": port, "username": USER, "password": PASSWORD}
    await configure(shop, sender_email="ventas@casamate.test", email={**server, **changes})


async def advance(shop: Shop, by: str) -> None:
    """Move the store's clock."""
    await shop.admin("POST", "/admin/test-clock", json={"advance": by}, expect=200)


async def publish(shop: Shop, worker: Worker, type_: str, subject: str, data: Any) -> None:
    """Emit an event of the backend in a store and let the worker do what follows."""
    from baas.core.work.outbox import emit

    scope = await worker.table.scope_for_job(decode(Kind.STORE, shop.id), "req_of_a_test")
    async with worker.runtime.database.fast(scope) as work:
        await emit(work, EVENT_TYPES[type_], subject=subject, data=data)
    await drain(worker)


async def execute(database: Database, shop: Shop, worker: Worker, sql: str, *arguments: Any) -> None:
    """A statement in a store's own session."""
    scope = await shop.scope(worker)
    async with database.fast(scope) as work:
        await work.execute(sql, *arguments)
