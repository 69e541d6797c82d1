"""The words of the event log."""

import re
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
    data: dict[str, Any]
    """Anything, up to 256 KiB of JSON."""
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    """What the event is about; its events carry a rising `sequence`. Without it, `data.id` if that is a text
    or a number, else the event itself."""
    deduplication_key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    """The same key within 90 days answers the event that it made first."""


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
