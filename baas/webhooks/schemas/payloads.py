"""The `data` of events whose subject the admin API does not answer in this version; the others show what it answers."""

from typing import Annotated

import msgspec


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who buys."""

    id: str
    email: str | None
    name: Annotated[str | None, msgspec.Meta(examples=["Ana García"])]
    phone: str | None
    locale: str | None
    created_at: str
    updated_at: str


class ErasedCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of whom nothing but the id is left: what you know of them has to go as well."""

    id: str
    erased_at: str


class EndpointTest(msgspec.Struct, frozen=True, kw_only=True):
    """What a test of an endpoint says."""

    endpoint_id: str
    message: Annotated[str, msgspec.Meta(examples=["This is a test of your webhook endpoint."])]
