"""A POST sent twice has one effect and one answer.

The answer is stored in the transaction of the change itself, so both exist or neither does. A twin that
is still running holds an advisory lock for as long as its transaction lives: a process that dies
releases it with the connection. A request whose work goes on after its first transaction (a payment
provider is being asked) leaves a row without an answer and a lease; when the lease has run out, the same
key takes the work up again where it stood.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from baas.core.crypto import KeyRing
from baas.core.db import StoreConnection, StoreSession, SystemConnection
from baas.core.db.tables import Base, StoreOwned, column
from baas.core.errors import IdempotencyInProgress, IdempotencyKeyReused, ValidationFailed
from baas.core.values import clock

MAX_KEY: Final = 255
KEPT: Final = timedelta(hours=24)
LEASE: Final = timedelta(seconds=30)


class IdempotencyKey(StoreOwned, Base):
    """A key, what was asked with it, and what was answered (encrypted: it may hold a key shown once)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_expires_at", "expires_at"),)

    key: Mapped[str] = column(primary_key=True, keep="24h")
    request_hash: Mapped[bytes] = column(keep="24h")
    status_code: Mapped[int | None] = column(keep="24h")
    body: Mapped[bytes | None] = column(pii=True, keep="24h")
    resume: Mapped[dict[str, Any] | None] = column(keep="24h")
    leased_until: Mapped[datetime | None] = column(keep="24h")
    expires_at: Mapped[datetime] = column(keep="24h")


class Stored(msgspec.Struct, frozen=True):
    """What an earlier request with the key left: its answer, or the place where it stood."""

    status_code: int | None
    data: bytes
    resume: dict[str, Any] | None


OPERATOR: Final = UUID(int=0)
"""Owner of the keys that come with operator requests, which belong to no store."""

Work = StoreConnection | StoreSession | SystemConnection


class Request(msgspec.Struct, frozen=True):
    """One request with a key, and the store (or OPERATOR) that it belongs to."""

    owner: UUID
    key: str
    request_hash: bytes

    @property
    def context(self) -> bytes:
        """What ties the stored answer to its place."""
        return f"idempotency:{self.owner.hex}:{self.key}".encode()


def of(owner: UUID, key: str | None, method: str, target: str, body: bytes) -> Request | None:
    """The idempotent request that a header and a body make; None without a key.

    Raises ValidationFailed when the key is longer than 255 characters or not printable ASCII.
    """
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise ValidationFailed.field("Idempotency-Key", f"1 to {MAX_KEY} printable ASCII characters")
    digest = hashlib.sha256(f"{method} {target}\0".encode() + body).digest()
    return Request(owner, key, digest)


# D-005: the twin of a request in flight is known by a lock that ends with its transaction.
_LOCK: Final = "select pg_try_advisory_xact_lock(hashtextextended($1, 7236))"
_FIND: Final = """
select request_hash, status_code, body, resume, leased_until > now() as leased
from idempotency_keys where store_id = $1 and key = $2 and expires_at > now()
"""


async def begin(work: Work, request: Request, ring: KeyRing) -> Stored | None:
    """Take the key for this transaction; answers what an earlier request left, or None if this is the first.

    Raises IdempotencyInProgress while a twin runs and IdempotencyKeyReused when the body differs.
    """
    if not await work.fetchval(_LOCK, request.context.decode()):
        raise IdempotencyInProgress
    row = await work.fetchrow(_FIND, request.owner, request.key)
    if row is None:
        return None
    if row["request_hash"] != request.request_hash:
        raise IdempotencyKeyReused
    if row["status_code"] is None and row["leased"]:
        raise IdempotencyInProgress
    data = ring.decrypt(row["body"], context=request.context) if row["body"] is not None else b""
    return Stored(row["status_code"], data, row["resume"])


_SAVE: Final = """
insert into idempotency_keys (store_id, key, request_hash, status_code, body, resume, leased_until, expires_at)
values ($1, $2, $3, $4, $5, $6, now() + $7::interval, $8)
on conflict (store_id, key) do update set
  request_hash = excluded.request_hash, status_code = excluded.status_code, body = excluded.body,
  resume = excluded.resume, leased_until = excluded.leased_until, expires_at = excluded.expires_at
"""


async def save(work: Work, request: Request, ring: KeyRing, status_code: int, data: bytes) -> None:
    """Store the answer (the JSON of `data`) in the transaction of the change."""
    token = ring.encrypt(data, context=request.context)
    await work.execute(
        _SAVE,
        request.owner,
        request.key,
        request.request_hash,
        status_code,
        token,
        None,
        timedelta(0),
        clock.now() + KEPT,
    )


async def suspend(work: Work, request: Request, resume: dict[str, Any], *, running: bool = True) -> None:
    """Note that the work goes on after this transaction, and where a retry takes it up."""
    await work.execute(
        _SAVE,
        request.owner,
        request.key,
        request.request_hash,
        None,
        None,
        resume,
        LEASE if running else timedelta(0),
        clock.now() + KEPT,
    )
