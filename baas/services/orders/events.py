"""The events that orders emit."""

from baas.core.work.event_types import EventType
from baas.services.orders.schemas import Order


class OrderEvent(EventType):
    """Of an order: placed, moved to another state, or given money back."""

    CREATED = "order.created", Order, "An order was placed; its stock is held."
    PAID = "order.paid", Order, "All of it is paid; the stock was taken."
    PAYMENT_FAILED = (
        "order.payment_failed",
        Order,
        "A payment of the order failed; the customer may try again.",
    )
    PROCESSING = "order.processing", Order, "The shop began to prepare it."
    SHIPPED = "order.shipped", Order, "It is on its way."
    DELIVERED = "order.delivered", Order, "The customer has it."
    CANCELLED = "order.cancelled", Order, "It was cancelled, and what it held is free again."
    RETURNED = "order.returned", Order, "The goods came back."
    REFUNDED = "order.refunded", Order, "Money of the order was given back, all or a part."
