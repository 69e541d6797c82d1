"""The words of the event log."""

import re
from typing import Annotated, Any, Final

import msgspec

EVENT_TYPES: Final = (
    *("order.created", "order.paid", "order.payment_failed", "order.processing", "order.shipped"),
    *("order.delivered", "order.cancelled", "order.returned", "order.refunded"),
    *("payment.created", "payment.paid", "payment.failed", "payment.refunded", "payment.disputed"),
    *("product.created", "product.updated", "product.deleted"),
    *("inventory.low", "inventory.out_of_stock", "inventory.restocked"),
    *("cart.abandoned", "customer.created", "customer.updated", "customer.erased"),
    *("notification.sent", "notification.failed", "webhook_endpoint.disabled"),
)
"""Every type that is not a client's own (`custom.<name>`). Those of customers are reserved (D-036): nothing emits them yet."""

TEST_EVENT: Final = "webhook_endpoint.test"
"""Made on request for one endpoint, and sent to no other."""

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
