"""Standard Webhooks signatures (specification 1.0.0): three headers over the exact bytes of the body.

The signed text is `{id}.{timestamp}.{body}`, so neither the id, nor the time, nor a byte of the body can be
changed or sent again later. During a rotation the header carries one signature per secret.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  the prefix of secrets, not one
_SECRET_BYTES: Final = 32
_VERSION: Final = "v1"


def new_secret() -> str:
    """A secret for one endpoint: `whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def secret_key(secret: str) -> bytes:
    """The key that a secret's text stands for. Raises ValueError when the text is no such secret."""
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("A webhook secret is base64 after its prefix.") from None
    if not key:
        raise ValueError("A webhook secret must not be empty.")
    return key


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature per key, one space between them.

    `timestamp` is the second of this attempt, not of the event. Raises ValueError for an id with a dot,
    which would make the signed text ambiguous.
    """
    if "." in message_id:
        raise ValueError("A message id must not contain a dot.")
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join([f"{_VERSION},{base64.b64encode(_digest(key, content)).decode()}" for key in keys])


def _digest(key: bytes, content: bytes) -> bytes:
    mac = _keyed(key).copy()
    mac.update(content)
    return mac.digest()


@lru_cache(maxsize=2048)
def _keyed(key: bytes) -> hmac.HMAC:
    """An HMAC that has seen its key and nothing else: making one costs more than signing with a copy."""
    return hmac.new(key, digestmod="sha256")


def headers(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(keys, message_id, timestamp, body),
    }
