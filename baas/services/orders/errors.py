"""Refusals of the orders."""

from collections.abc import Iterable
from typing import Any

from baas.core.errors import AppError, InvalidTransition


class PriceChanged(AppError):
    """The total is not what the customer agreed to. `details`: expected_total, total, currency."""

    code, status, title = "price_changed", 409, "The total has changed; show it to the customer again."


def not_allowed(current: str, to: str, allowed: Iterable[str]) -> InvalidTransition:
    """The refusal of a step that the present state does not have."""
    details: dict[str, Any] = {"from": str(current), "to": str(to), "allowed": sorted(map(str, allowed))}
    return InvalidTransition(f"An order that is {current} cannot become {to}.", **details)
