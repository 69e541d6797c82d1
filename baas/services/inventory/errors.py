"""Refusals of the inventory."""

from baas.core.errors import AppError, Conflict


class InsufficientStock(AppError):
    """There is not enough to sell or take.

    `details` names the first variant that is short: `variant_id`, `asked`, `available`; `variants` names
    them all.
    """

    code, status, title = "insufficient_stock", 409, "There is not enough stock."


class StockHeld(Conflict):
    """The level cannot go below what open orders hold. `details`: variant_id, reserved."""

    title = "Open orders hold more than that."


class NotTracked(Conflict):
    """The variant's stock is not counted, so nothing can be added to it or taken from it."""

    title = "The stock of this variant is not tracked; set its level first."
