"""Meta as a store's WhatsApp number sees it: what it posts, how it signs, what it asks."""

import hashlib
import hmac
import json
from typing import Any

import httpx

from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.notifications.providers import TOKEN
from tests.services.notifications.steps import configure, read, send

NUMBER = "555000111"
APP_SECRET, VERIFY_TOKEN = "the secret of the app", "a word for Meta"
UNDELIVERABLE = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "The number is not on WhatsApp."},
}


async def use_whatsapp(shop: Shop, **changes: str) -> Shop:
    number = {"phone_number_id": NUMBER, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
    await configure(shop, whatsapp={**number, "access_token": TOKEN, **changes})
    return shop


async def sent_message(shop: Shop, worker: Worker) -> tuple[str, str]:
    """A message that Meta took: our id of it and Meta's."""
    identity = await send(shop, channel="whatsapp", to="+54 9 341 555-0101")
    await drain(worker)
    found = await read(shop, identity)
    assert found["status"] == "sent"
    return identity, found["provider_message_id"]


def status(message_id: str, word: str, second: int = 1749416383, **more: Any) -> dict[str, Any]:
    """One status as Meta sends it."""
    return {
        "id": message_id,
        "status": word,
        "timestamp": str(second),
        "recipient_id": "5493415550101",
        **({"errors": [UNDELIVERABLE]} if word == "failed" else {}),
        **more,
    }


def entry(*statuses: Any, number: str = NUMBER) -> dict[str, Any]:
    """One entry of a post."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5493415550000", "phone_number_id": number},
        "statuses": list(statuses),
    }
    return {"id": "1029384756", "changes": [{"field": "messages", "value": value}]}


def post_of(*entries: Any) -> bytes:
    """A post as Meta sends it."""
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


def signature(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    """Meta's header."""
    return {"X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


async def post(shop: Shop, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    """A post to the store's address, signed by its app unless told otherwise."""
    headers = signature(body) if headers is None else headers
    return await shop.http.post(
        f"/api/v1/webhooks/whatsapp/{shop.id}",
        content=body,
        headers={"Content-Type": "application/json", **headers},
    )


async def report(shop: Shop, *statuses: Any) -> int:
    """What a post with these statuses brings: how many were taken."""
    answer = await post(shop, post_of(entry(*statuses)))
    assert answer.status_code == 200, answer.text
    return int(answer.json()["data"]["taken"])


async def events(shop: Shop, identity: str) -> list[str]:
    """What was told of a message, the oldest first."""
    answer = await shop.admin("GET", "/admin/events", params={"subject": identity}, expect=200)
    return [event["type"] for event in reversed(answer.json()["data"])]


def check(**changes: str) -> dict[str, str]:
    """What Meta asks when the address is registered."""
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    return {**asked, **{f"hub.{name}": value for name, value in changes.items()}}
