"""Which message follows from which event, to whom. A store can switch each off, or send it over other channels."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import msgspec


class Audience(StrEnum):
    """To whom a message goes."""

    CUSTOMER = "customer"
    STORE = "store"


class EventRule(msgspec.Struct, frozen=True):
    """A message that follows from an event. The event's data goes to the template under `name`."""

    event_type: str
    template_key: str
    name: str
    audience: Audience = Audience.CUSTOMER
    reserved: bool = False
    """Whether nothing emits the event yet: a store can set the rule, and receivers are not told of the event (D-036)."""


# By names, for the packages that emit these events stand above this one; the worker looks each up when it starts.
RULES: Final = (
    EventRule("order.created", "order_confirmation", "order"),
    EventRule("order.paid", "payment_received", "order"),
    EventRule("order.payment_failed", "payment_failed", "order"),
    EventRule("order.shipped", "order_shipped", "order"),
    EventRule("order.delivered", "order_delivered", "order"),
    EventRule("order.cancelled", "order_cancelled", "order"),
    EventRule("order.refunded", "refund", "order"),
    EventRule("cart.abandoned", "abandoned_cart", "cart"),
    EventRule("download.ready", "download_ready", "download", reserved=True),
    EventRule("inventory.low", "low_stock", "variant", Audience.STORE),
    EventRule("webhook_endpoint.disabled", "webhook_disabled", "endpoint", Audience.STORE),
)
RULES_BY_KEY: Final = {rule.template_key: rule for rule in RULES}


def email_in(data: dict[str, Any]) -> str | None:
    """The customer's address in an event's data, whoever made the event."""
    return _first_text(data, lambda part: part.get("email"))


def phone_in(data: dict[str, Any]) -> str | None:
    """The customer's phone number in an event's data."""
    return _first_text(data, lambda part: part.get("phone"))


def name_in(data: dict[str, Any]) -> str | None:
    """What to call the customer: the first of their names."""
    given = data.get("customer_name")
    name = (
        given if isinstance(given, str) else _first_text(data, lambda part: part.get("name"), skip_self=True)
    )
    words = name.split() if name else []
    return words[0][:60] if words else None


def _first_text(
    data: dict[str, Any], read: Callable[[dict[str, Any]], Any], *, skip_self: bool = False
) -> str | None:
    parts: list[Any] = [] if skip_self else [data]
    parts += [data.get(name) for name in ("customer", "shipping_address", "billing_address")]
    for part in parts:
        value = read(part) if isinstance(part, dict) else None
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None
