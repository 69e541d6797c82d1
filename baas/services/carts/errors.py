"""Refusals of carts."""

from baas.core.errors import Conflict


class CartClosed(Conflict):
    """The cart became an order, was merged or has expired. `details`: status, order_id."""

    title = "This cart can no longer be changed; make a new one."
