"""The events that carts emit."""

from baas.core.work.event_types import EventType
from baas.services.carts.schemas import Cart


class CartEvent(EventType):
    """Of a cart."""

    ABANDONED = "cart.abandoned", Cart, "Nobody touched a cart for two weeks."
