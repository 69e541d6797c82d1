"""The events that the inventory emits."""

from baas.core.work.event_types import EventType
from baas.services.inventory.schemas import Level


class InventoryEvent(EventType):
    """Of a variant's stock, when it crosses a threshold."""

    LOW = "inventory.low", Level, "What is available fell to `low_stock_at`."
    OUT_OF_STOCK = "inventory.out_of_stock", Level, "Nothing is available any more."
    RESTOCKED = "inventory.restocked", Level, "There is some again."
