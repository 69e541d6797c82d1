"""The words of the event log."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

PUBLISHABLE: Final = frozenset({"order.created", "order.paid"})
"""What a shop that keeps its orders elsewhere may publish, beside `custom.*`."""

CUSTOM: Final = re.compile(r"custom(\.[a-z0-9_]{1,40}){1,3}")
MAX_DATA_BYTES: Final = 256 * 1024


class PublishEvent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A fact of the client's own shop."""

    type: Annotated[str, msgspec.Meta(max_length=130, examples=["custom.quote_requested"])]
    """`custom.<name>`, or `order.created` or `order.paid` when the shop keeps its orders elsewhere."""
    data: Annotated[dict[str, Any], msgspec.Meta(examples=[{"quote": 771, "total": 4130000}])]
    """Anything, up to 256 KiB of JSON."""
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["quote_771"])] | None = None
    """What the event is about; its events carry a rising `sequence`. Without it, `data.id` if that is a text
    or a number, else the event itself."""
    deduplication_key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    """The same key within 90 days answers the event that it made first."""


class EventState(StrEnum):
    """Whether handlers of the backend have failed on an event."""

    FAILING = "failing"
    """At least one has, and is asked again."""
    DEAD = "dead"
    """At least one has so often that nobody asks it any more, until the event is retried."""


class HandlerFailure(msgspec.Struct, frozen=True):
    """How a handler of the backend failed on an event that it still has to hear."""

    handler: str
    state: EventState
    attempts: int
    """Since the event, or since its last retry."""
    failed_at: str | None
    """The last time."""
    next_attempt_at: str | None
    """None when it is dead."""
    error_class: str | None
    error: str | None
    """What went wrong the last time, in words, without the values that it was about."""


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as it was frozen, and as every receiver gets it, with the request that caused it."""

    id: str
    type: str
    api_version: str
    timestamp: str
    store_id: str
    subject: str
    sequence: int
    data: dict[str, Any]
    request_id: str
    failures: list[HandlerFailure] = []
    """Which of the backend's own handlers failed on it and still have to hear it. (Deliveries are listed for themselves.)"""
