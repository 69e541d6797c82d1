"""Endpoint secrets: encrypted in the row, decrypted only in the process that signs."""

from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from baas.core.crypto import KeyRing
from baas.core.db import StoreWork
from baas.webhooks import signing
from baas.webhooks.repository import secrets as repository

_CONTEXT: Final = "webhook_endpoints.secret"


class HasSecrets(Protocol):
    """The columns of an endpoint that signing needs."""

    @property
    def store_id(self) -> UUID: ...
    @property
    def secret(self) -> bytes: ...
    @property
    def previous_secret(self) -> bytes | None: ...
    @property
    def previous_secret_ends_at(self) -> datetime | None: ...


def _context(store_id: UUID) -> bytes:
    # One context for both columns: a rotation moves the token from one to the other as it is.
    return f"{store_id}:{_CONTEXT}".encode()


def seal(keyring: KeyRing, store_id: UUID, secret: str) -> bytes:
    """The token to store for a secret; it opens in rows of this store alone."""
    return keyring.encrypt(secret.encode(), context=_context(store_id))


def keys_of(keyring: KeyRing, endpoint: HasSecrets, now: datetime) -> list[bytes]:
    """The keys that sign at `now` (the store's time), the newest first.

    Raises DecryptionFailed when the ring has lost the key that sealed them.
    """
    tokens = [endpoint.secret]
    ends_at = endpoint.previous_secret_ends_at
    if endpoint.previous_secret is not None and ends_at is not None and now < ends_at:
        tokens.append(endpoint.previous_secret)
    context = _context(endpoint.store_id)
    return [signing.secret_key(keyring.decrypt(token, context=context).decode()) for token in tokens]


async def renew_secrets(work: StoreWork, keyring: KeyRing) -> int:
    """Encrypt with the present key what another one encrypted; answers how many secrets that were."""
    renewed = 0
    for row in await repository.lock_all(work):
        context = _context(work.scope.store_id)
        fresh = keyring.renew({name: (row[name], context) for name in ("secret", "previous_secret")})
        if fresh:
            secrets = {name: fresh.get(name, row[name]) for name in ("secret", "previous_secret")}
            await repository.replace(work, row["id"], **secrets)
            renewed += len(fresh)
    return renewed
