"""Types of events. Each package lists those that it emits in its `events` module; the assembly gathers the lists (D-084)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NewType, Self

import msgspec

CustomType = NewType("CustomType", str)
"""A type that a client's shop may publish, checked by `baas.webhooks`; no enumeration knows it."""


class EventType(StrEnum):
    """Base of the enumerations of event types. A member is its name, with the payload and a sentence beside it:

    class CartEvent(EventType):
        ABANDONED = "cart.abandoned", Cart, "Nobody touched a cart for two weeks."

    A name is part of the API and stored with each event: it is never changed. A `reserved` type is described to receivers
    and emitted by nothing yet (D-036).
    """

    payload: type[msgspec.Struct]
    """The struct of `data`."""
    sentence: str
    """What the event says, for the documentation."""
    reserved: bool

    def __new__(cls, name: str, payload: type[msgspec.Struct], sentence: str, reserved: bool = False) -> Self:
        """A member; Python calls this with the values of its line."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.payload, member.sentence, member.reserved = payload, sentence, reserved
        return member


def gathered(*families: type[EventType]) -> Mapping[str, EventType]:
    """All members of some enumerations by their names. Raises ValueError when two packages list the same name."""
    found: dict[str, EventType] = {}
    for family in families:
        for member in family:
            if member.value in found:
                raise ValueError(f"The event type {member.value} is listed twice.")
            found[member.value] = member
    return found
