"""The secrets of a development folder, and what its demo store is reached by: keys.json, for its owner's eyes."""

import base64
import os
import secrets
from pathlib import Path

import msgspec

from baas.core.crypto import random_token
from baas.core.schema.roles import ALL
from baas.core.settings import DEVELOPMENT_SECRET


class Keys(msgspec.Struct, kw_only=True):
    """The secrets of one folder."""

    secret: str
    encryption_key: str
    operator_key: str
    passwords: dict[str, str]
    store_id: str | None = None
    secret_key: str | None = None
    publishable_key: str | None = None
    seeded: bool = False


def read(path: Path) -> Keys | None:
    """What an earlier start wrote; None when there is nothing."""
    return msgspec.json.decode(path.read_bytes(), type=Keys) if path.exists() else None


def make(path: Path) -> Keys:
    """New secrets, written down."""
    keys = Keys(
        secret=f"{DEVELOPMENT_SECRET}-{secrets.token_hex(16)}",
        encryption_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        operator_key=f"op_{random_token(32)}",
        passwords={role: secrets.token_hex(16) for role in ALL},
    )
    write(path, keys)
    return keys


def write(path: Path, keys: Keys) -> None:
    """Replace the file in one step, readable by its owner alone."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2))
    fresh.replace(path)
