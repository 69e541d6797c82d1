"""Events for tests."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, cast

import msgspec

from baas_sdk._models import events
from baas_sdk._models.events import CustomEvent, Envelope, Event, UnknownEvent
from baas_sdk.webhooks import sign


@lru_cache(maxsize=1)
def examples() -> dict[str, dict[str, Any]]:
    """What every operation answers, and what every event holds, in the document of this version."""
    text = resources.files("baas_sdk._models").joinpath("examples.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def new_id(prefix: str) -> str:
    """An id that looks like one of the backend's, and is in no store."""
    return f"{prefix}_{secrets.randbelow(10**20):026d}"


def new_secret() -> str:
    """A webhook secret for tests."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class SignedEvent:
    """A request of the backend to your endpoint."""

    id: str
    """The event's id."""
    body: bytes
    headers: dict[str, str]


def event(type: str, data: Mapping[str, Any] | None = None, **envelope: Any) -> Event:  # noqa: A002
    """An event with its type: `event("order.paid", {"reference": "web-1"}).data.reference`.

    What `data` leaves out is taken from the documentation's example; so are the fields of the envelope.
    """
    kind = events.KNOWN.get(type) or (CustomEvent if type.startswith("custom.") else UnknownEvent)
    return cast("Event", msgspec.convert(_written(type, data, envelope), kind, strict=False))


def signed_event(
    type: str | Envelope,  # noqa: A002
    data: Mapping[str, Any] | None = None,
    *,
    secret: str,
    timestamp: float | None = None,
    **envelope: Any,
) -> SignedEvent:
    """The request that brings an event: of a type, with some of its data, or an event that you made.

    `timestamp` is when it is sent, in seconds since 1970: another time than now shows how your endpoint takes
    what is too old. The same `id=` again is a repeated delivery.
    """
    written = msgspec.to_builtins(type) if isinstance(type, Envelope) else _written(type, data, envelope)
    body = msgspec.json.encode(written)
    sent = int(time.time() if timestamp is None else timestamp)
    headers = sign(body, message_id=written["id"], timestamp=sent, secret=secret)
    return SignedEvent(written["id"], body, {"content-type": "application/json", **headers})


def _written(kind: str, data: Mapping[str, Any] | None, envelope: Mapping[str, Any]) -> dict[str, Any]:
    filled: dict[str, Any] = {**copy.deepcopy(examples()["events"].get(kind, {})), **(data or {})}
    return {
        "id": new_id("evt"),
        "type": kind,
        "api_version": "2026-11-01",
        "timestamp": dt.datetime.now(dt.timezone.utc).isoformat().replace("+00:00", "Z"),
        "store_id": new_id("store"),
        "subject": str(filled.get("id") or filled.get("variant_id") or new_id("evt")),
        "sequence": 1,
        **envelope,
        "data": filled,
    }
