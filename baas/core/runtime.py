"""What one process has open: made at assembly, handed to handlers and loops, closed at the end."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from baas.core.crypto import KeyRing
    from baas.core.db import Database
    from baas.core.outgoing.http import OutgoingClient
    from baas.core.redis.cache import ByteCache
    from baas.core.settings import Settings
    from baas.core.values.cursors import CursorSigner
    from baas.core.work.claims import Claimant
    from baas.core.work.event_types import EventType
    from baas.core.work.jobs import Nudger


class Runtime(msgspec.Struct, frozen=True):
    """The open resources of a process."""

    settings: "Settings"
    database: "Database"
    redis: "Redis"
    cache: "ByteCache"
    keyring: "KeyRing"
    cursors: "CursorSigner"
    nudger: "Nudger"
    http: "OutgoingClient"
    claimant: "Claimant"
    event_types: "Mapping[str, EventType]"
    """Every type of event that this deployment knows, by its name."""
