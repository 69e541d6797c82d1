"""The words of outbound webhooks: states, requests, answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-11-01T00:00:00Z"])]
Url = Annotated[
    str, msgspec.Meta(min_length=1, max_length=2048, examples=["https://mates.example/hooks/baas"])
]
Description = Annotated[str, msgspec.Meta(max_length=500)]
EventTypes = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=130)]],
    msgspec.Meta(
        min_length=1,
        max_length=100,
        description="`*`, a family such as `order.*`, or exact types.",
        examples=[["order.*", "payment.paid"]],
    ),
]


class EndpointStatus(StrEnum):
    """`failing` still gets deliveries, a few at a time; `disabled` gets none."""

    ENABLED = "enabled"
    FAILING = "failing"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """A retry or a replay makes a failed one pending again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


# D-085: a code is stored; the sentence is made where people read it.
class DisabledReason(StrEnum):
    """Why an endpoint gets nothing any more."""

    OWNER = "owner"
    """It was disabled over the API."""
    DELETED = "deleted"
    """It was deleted."""
    GONE = "gone"
    """The receiver answered 410."""
    FAILED = "failed"
    """No attempt of the last five days succeeded."""


class Switch(StrEnum):
    """What the owner of an endpoint may set."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class CreateEndpoint(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where to send which events."""

    url: Url
    """https, on port 443, at a public address. Test stores may use http and loopback in development."""
    event_types: EventTypes
    description: Annotated[Description | None, msgspec.Meta(examples=["The shop's back office"])] = None
    ordered: bool = False
    """Send the events of one subject strictly in order, each only after the one before has ended."""


class UpdateEndpoint(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; what is absent stays. `ordered` counts for what is pending, too."""

    url: Url | msgspec.UnsetType = msgspec.UNSET
    event_types: EventTypes | msgspec.UnsetType = msgspec.UNSET
    description: Annotated[
        Description | msgspec.UnsetType | None, msgspec.Meta(examples=["The shop's back office"])
    ] = msgspec.UNSET
    ordered: bool | msgspec.UnsetType = msgspec.UNSET
    status: Switch | msgspec.UnsetType = msgspec.UNSET
    """Disabling ends what is pending as failed; enabling clears the failures, and `replay` sends what was
    missed."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address that gets events."""

    id: str
    url: str
    description: Annotated[str | None, msgspec.Meta(examples=["The shop's back office"])]
    event_types: list[str]
    ordered: bool
    status: EndpointStatus
    disabled_reason: str | None
    """Why it is disabled, in English; `disabled_code` is for programs."""
    disabled_code: DisabledReason | None
    """Why it is disabled; none when it is not."""
    api_version: str
    failing_since: str | None
    """The first failure after the last success."""
    consecutive_failures: int
    previous_secret_ends_at: str | None
    """Until then, deliveries are signed with the secret before the last rotation as well."""
    created_at: str
    updated_at: str


class EndpointWithSecret(Endpoint, frozen=True, kw_only=True):
    """An endpoint whose secret was just made. It is not shown again."""

    secret: Annotated[str, msgspec.Meta(examples=["whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="])]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    id: str
    endpoint_id: str
    event_id: str
    """Also the `webhook-id` of every attempt: receivers deduplicate by it."""
    event_type: str
    subject: str
    sequence: int
    status: DeliveryStatus
    attempts: int
    next_attempt_at: str | None
    """None when no attempt is planned."""
    delivered_at: str | None
    response_status: int | None
    """Of the last attempt."""
    error: str | None
    """Why the last attempt failed, in words."""
    created_at: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request of a delivery."""

    number: int
    at: str
    response_status: int | None
    response_body: str | None
    """The first 1 KiB of the answer as text."""
    duration_ms: int
    error: str | None


class DeliveryWithAttempts(Delivery, frozen=True, kw_only=True):
    """A delivery and its history, the first attempt first; of very many attempts the last hundred."""

    attempt_log: list[Attempt]


class ReplayOf(StrEnum):
    """Which events to send again."""

    FAILED = "failed"
    ALL = "all"


class Replay(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to send again to an endpoint."""

    since: Moment
    until: Moment | None = None
    which: ReplayOf = ReplayOf.FAILED
    """`failed` takes up deliveries that were given up; `all` sends every event that the endpoint's patterns
    match, also those from before it existed or while it was disabled."""
    event_types: EventTypes | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are pending again."""

    count: int
    next_since: str | None
    """When the batch was full: ask again with this as `since`."""


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries a list shows."""

    endpoint_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    status: DeliveryStatus | None = None
    since: Moment | None = None
    until: Moment | None = None
