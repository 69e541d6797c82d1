"""What one process has open: made at assembly, handed to handlers and loops, closed at the end."""

from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

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

P = TypeVar("P")


class Port(Generic[P]):
    """A question of a package to one above it, which it cannot import: the lower one names the port and its protocol,
    the assembly plugs in who answers (D-089)."""

    def __init__(self, name: str) -> None:
        self.name: Final = name


class Ports:
    """Who answers at which port of this process."""

    def __init__(self) -> None:
        self._plugged: dict[Port[Any], Any] = {}

    def plug(self, port: Port[P], answering: P) -> Self:
        """Let `answering` answer at the port; returns the ports themselves."""
        self._plugged[port] = answering
        return self

    def __getitem__(self, port: Port[P]) -> P:
        """Who answers at the port. Raises LookupError when the assembly plugged nobody in."""
        try:
            answering: P = self._plugged[port]
        except KeyError:
            raise LookupError(f"Nobody answers at the port {port.name!r}; see baas/assembly.py.") from None
        return answering


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
    ports: Ports
