"""The events that webhooks emit, and those that receivers are told of before a package emits them."""

from baas.core.work.event_types import EventType
from baas.webhooks.schemas.outbound import Endpoint
from baas.webhooks.schemas.payloads import Customer, EndpointTest, ErasedCustomer


class EndpointEvent(EventType):
    """Of an endpoint."""

    DISABLED = (
        "webhook_endpoint.disabled",
        Endpoint,
        "An endpoint was given up; nothing is sent there any more.",
    )
    TEST = (
        "webhook_endpoint.test",
        EndpointTest,
        "Somebody asked for a test of this endpoint; no other gets it.",
    )
    """Made on request for one endpoint, and sent to no other: no pattern names it."""


class CustomerEvent(EventType):
    """Of a customer."""

    CREATED = "customer.created", Customer, "Somebody became a customer.", True
    UPDATED = "customer.updated", Customer, "What is known of a customer changed.", True
    ERASED = "customer.erased", ErasedCustomer, "A customer was forgotten; forget them as well.", True
