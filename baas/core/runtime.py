"""What one process has open: made at assembly, handed to handlers and loops, closed at the end."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from baas.core.cache import ByteCache
    from baas.core.crypto import KeyRing
    from baas.core.db import Database
    from baas.core.http import OutgoingClient
    from baas.core.jobs import Nudger
    from baas.core.paging import CursorSigner
    from baas.core.settings import Settings


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
