"""Receiving webhooks: `unwrap` proves that a request is from your store, and gives its event a type.

    from baas_sdk import webhooks

    event = webhooks.unwrap(request.body, request.headers, secret=SECRET)
    if isinstance(event, webhooks.OrderPaid):
        fulfil(event.data)

Needs nothing but the standard library and msgspec; no client, no key. The signatures are those of the
Standard Webhooks specification.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Iterable
from typing import Any, Protocol, cast

import msgspec

from baas_sdk._models import events as _events
from baas_sdk._models.events import *  # noqa: F403
from baas_sdk._models.events import CustomEvent, Event, UnknownEvent
from baas_sdk.errors import InvalidWebhook

__all__ = ["InvalidWebhook", "unwrap", "verify"]
__all__ += _events.__all__

TOLERANCE_SECONDS = 300
_SECRET_PREFIX = "whsec_"  # noqa: S105  the prefix of secrets, not one
_VERSION = b"v1"


class Headers(Protocol):
    """The headers of any framework: a dict, or what looks like one."""

    def keys(self) -> Iterable[str]:
        """The names, in any case."""
        ...

    def __getitem__(self, name: str, /) -> Any:
        """The value of a name."""
        ...


class _Plain(msgspec.Struct):
    type: str


_plain = msgspec.json.Decoder(_Plain)


def unwrap(
    body: bytes,
    headers: Headers,
    *,
    secret: str | Iterable[str],
    now: float | None = None,
) -> Event:
    """The event in a request, after proof that the holder of a secret sent it, unchanged, within five minutes.

    `body` is the raw body, as it came: a body that was parsed and written again has other bytes. `headers` is
    the headers of any framework, names in any case. `secret` is the endpoint's `whsec_…`, or several while one
    is being rotated. `now` is in seconds since 1970, for tests.

    Answers `OrderPaid`, `PaymentPaid`, …; `CustomEvent` for events that your own shop published; `UnknownEvent`
    for a type or a shape that is newer than this SDK: ignore it. Events arrive at least once: deduplicate by
    `event.id`. Raises InvalidWebhook, and nothing else, for whatever is wrong: answer 400.
    """
    verify(body, headers, secret=secret, now=now)
    try:
        kind = _plain.decode(body).type
        known = _events.KNOWN.get(kind) or (CustomEvent if kind.startswith("custom.") else None)
        if known is not None:
            try:
                return cast("Event", msgspec.json.decode(body, type=known))
            except msgspec.ValidationError:
                # A shop may publish an order of its own shape, and a backend may be newer than this SDK.
                pass
        return msgspec.json.decode(body, type=UnknownEvent)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidWebhook(f"The signature fits, but the body is no event: {error}") from None


def verify(
    body: bytes,
    headers: Headers,
    *,
    secret: str | Iterable[str],
    now: float | None = None,
) -> str:
    """The proof alone; answers the id of the message, which is the event's. Raises InvalidWebhook."""
    given: object = body
    if not isinstance(given, (bytes, bytearray, memoryview)):
        raise InvalidWebhook(
            f"The body has to be the raw bytes of the request, not {type(body).__name__}: what was parsed and"
            " written again has another signature."
        )
    keys = _keys(secret)
    message_id = _header(headers, "webhook-id")
    stamp = _header(headers, "webhook-timestamp")
    signatures = _header(headers, "webhook-signature").split()
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        raise InvalidWebhook("The header webhook-timestamp is no number of seconds.")
    if abs((time.time() if now is None else now) - int(stamp)) > TOLERANCE_SECONDS:
        raise InvalidWebhook(
            "The message is more than five minutes old, or from the future: is the clock right?"
        )
    content = f"{message_id}.{stamp}.".encode("utf-8", "surrogatepass") + bytes(body)
    expected = [base64.b64encode(hmac.digest(key, content, "sha256")) for key in keys]
    fits = False
    for signature in signatures[:50]:
        version, _, given = signature.encode("utf-8", "surrogatepass").partition(b",")
        for one in expected:
            # Every pair is compared, each in constant time.
            fits |= hmac.compare_digest(one, given) and version == _VERSION
    if not fits:
        raise InvalidWebhook("No signature fits: another secret, or the body is not the one that was sent.")
    return message_id


def _header(headers: Headers, name: str) -> str:
    value: object = None
    # Over the keys by name: walking the headers of some frameworks gives pairs.
    for key in headers.keys():  # noqa: SIM118
        if key.lower().replace("_", "-").removeprefix("http-") == name:
            value = headers[key]
            break
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str) or not value:
        raise InvalidWebhook(f"The header {name} is missing.")
    return value


def _keys(secret: str | Iterable[str]) -> list[bytes]:
    # A variable of the environment that is not there is no secret.
    given = [secret] if isinstance(secret, str) else list(secret or ())
    keys: list[bytes] = []
    for text in given:
        try:
            key = _key(text)
        except (ValueError, AttributeError):
            raise InvalidWebhook("The secret is no webhook secret: whsec_ and base64.") from None
        keys.append(key)
    if not keys:
        raise InvalidWebhook("There is no secret to verify with.")
    return keys


def _key(text: str) -> bytes:
    text = text.strip().removeprefix(_SECRET_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
    if not key:
        raise ValueError("empty")
    return key


def sign(body: bytes, *, message_id: str, timestamp: int, secret: str) -> dict[str, str]:
    """The headers with which the backend sends a body: for `baas_sdk.testing`."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
