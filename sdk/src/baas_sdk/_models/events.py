# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""What arrives at a webhook endpoint."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias

from baas_sdk._models.responses import (
    Cart,
    Customer,
    Endpoint,
    EndpointTest,
    ErasedCustomer,
    Level,
    Notification,
    Order,
    Payment,
    Product,
)
from baas_sdk._struct import Model


class Envelope(Model, kw_only=True):
    """What every event says of itself."""

    id: str
    """Deduplicate by it: an event may arrive more than once."""
    type: str
    api_version: str
    timestamp: dt.datetime
    store_id: str
    subject: str
    """The id of what the event is about."""
    sequence: int
    """Rises with every event of the same subject."""


class CustomEvent(Envelope, kw_only=True):
    """An event that your own shop published."""

    data: dict[str, Any]


class UnknownEvent(Envelope, kw_only=True):
    """An event of a type, or with a shape, that this version does not know: no error."""

    data: Any


class CartAbandoned(Envelope, kw_only=True):
    """`cart.abandoned`: Nobody touched a cart for two weeks."""

    data: Cart


class CustomerCreated(Envelope, kw_only=True):
    """`customer.created`: Somebody became a customer. Reserved: nothing of this version emits it."""

    data: Customer


class CustomerErased(Envelope, kw_only=True):
    """`customer.erased`: A customer was forgotten; forget them as well. Reserved: nothing of this version
    emits it.
    """

    data: ErasedCustomer


class CustomerUpdated(Envelope, kw_only=True):
    """`customer.updated`: What is known of a customer changed. Reserved: nothing of this version emits it."""

    data: Customer


class InventoryLow(Envelope, kw_only=True):
    """`inventory.low`: What is available fell to `low_stock_at`."""

    data: Level


class InventoryOutOfStock(Envelope, kw_only=True):
    """`inventory.out_of_stock`: Nothing is available any more."""

    data: Level


class InventoryRestocked(Envelope, kw_only=True):
    """`inventory.restocked`: There is some again."""

    data: Level


class NotificationFailed(Envelope, kw_only=True):
    """`notification.failed`: A message was given up, or WhatsApp took it and reported that it could not be
    delivered.
    """

    data: Notification


class NotificationSent(Envelope, kw_only=True):
    """`notification.sent`: A message was handed over."""

    data: Notification


class OrderCancelled(Envelope, kw_only=True):
    """`order.cancelled`: It was cancelled, and what it held is free again."""

    data: Order


class OrderCreated(Envelope, kw_only=True):
    """`order.created`: An order was placed; its stock is held. Of an order that the shop keeps elsewhere,
    `data` is what it published.
    """

    data: Order


class OrderDelivered(Envelope, kw_only=True):
    """`order.delivered`: The customer has it."""

    data: Order


class OrderPaid(Envelope, kw_only=True):
    """`order.paid`: All of it is paid; the stock was taken. Of an order that the shop keeps elsewhere,
    `data` is what it published.
    """

    data: Order


class OrderPaymentFailed(Envelope, kw_only=True):
    """`order.payment_failed`: A payment of the order failed; the customer may try again."""

    data: Order


class OrderProcessing(Envelope, kw_only=True):
    """`order.processing`: The shop began to prepare it."""

    data: Order


class OrderRefunded(Envelope, kw_only=True):
    """`order.refunded`: Money of the order was given back, all or a part."""

    data: Order


class OrderReturned(Envelope, kw_only=True):
    """`order.returned`: The goods came back."""

    data: Order


class OrderShipped(Envelope, kw_only=True):
    """`order.shipped`: It is on its way."""

    data: Order


class PaymentCreated(Envelope, kw_only=True):
    """`payment.created`: A payment was begun with a provider."""

    data: Payment


class PaymentDisputed(Envelope, kw_only=True):
    """`payment.disputed`: The payer disputes it at the provider, or that dispute ended."""

    data: Payment


class PaymentFailed(Envelope, kw_only=True):
    """`payment.failed`: The provider or the payer refused."""

    data: Payment


class PaymentPaid(Envelope, kw_only=True):
    """`payment.paid`: The money is there."""

    data: Payment


class PaymentRefunded(Envelope, kw_only=True):
    """`payment.refunded`: Money was given back, all or a part; or a refund failed that was under way."""

    data: Payment


class ProductCreated(Envelope, kw_only=True):
    """`product.created`: A product was made."""

    data: Product


class ProductDeleted(Envelope, kw_only=True):
    """`product.deleted`: A product was deleted; `data` is what it was."""

    data: Product


class ProductUpdated(Envelope, kw_only=True):
    """`product.updated`: A product changed."""

    data: Product


class WebhookEndpointDisabled(Envelope, kw_only=True):
    """`webhook_endpoint.disabled`: An endpoint was given up; nothing is sent there any more."""

    data: Endpoint


class WebhookEndpointTest(Envelope, kw_only=True):
    """`webhook_endpoint.test`: Somebody asked for a test of this endpoint; no other gets it."""

    data: EndpointTest


KNOWN: dict[str, type[Envelope]] = {
    "cart.abandoned": CartAbandoned,
    "customer.created": CustomerCreated,
    "customer.erased": CustomerErased,
    "customer.updated": CustomerUpdated,
    "inventory.low": InventoryLow,
    "inventory.out_of_stock": InventoryOutOfStock,
    "inventory.restocked": InventoryRestocked,
    "notification.failed": NotificationFailed,
    "notification.sent": NotificationSent,
    "order.cancelled": OrderCancelled,
    "order.created": OrderCreated,
    "order.delivered": OrderDelivered,
    "order.paid": OrderPaid,
    "order.payment_failed": OrderPaymentFailed,
    "order.processing": OrderProcessing,
    "order.refunded": OrderRefunded,
    "order.returned": OrderReturned,
    "order.shipped": OrderShipped,
    "payment.created": PaymentCreated,
    "payment.disputed": PaymentDisputed,
    "payment.failed": PaymentFailed,
    "payment.paid": PaymentPaid,
    "payment.refunded": PaymentRefunded,
    "product.created": ProductCreated,
    "product.deleted": ProductDeleted,
    "product.updated": ProductUpdated,
    "webhook_endpoint.disabled": WebhookEndpointDisabled,
    "webhook_endpoint.test": WebhookEndpointTest,
}
"""The class of every type of event that this version knows."""

Event: TypeAlias = (
    CartAbandoned
    | CustomerCreated
    | CustomerErased
    | CustomerUpdated
    | InventoryLow
    | InventoryOutOfStock
    | InventoryRestocked
    | NotificationFailed
    | NotificationSent
    | OrderCancelled
    | OrderCreated
    | OrderDelivered
    | OrderPaid
    | OrderPaymentFailed
    | OrderProcessing
    | OrderRefunded
    | OrderReturned
    | OrderShipped
    | PaymentCreated
    | PaymentDisputed
    | PaymentFailed
    | PaymentPaid
    | PaymentRefunded
    | ProductCreated
    | ProductDeleted
    | ProductUpdated
    | WebhookEndpointDisabled
    | WebhookEndpointTest
    | CustomEvent
    | UnknownEvent
)
"""Whatever `unwrap` may answer."""

__all__ = [
    "CartAbandoned",
    "CustomEvent",
    "CustomerCreated",
    "CustomerErased",
    "CustomerUpdated",
    "Envelope",
    "Event",
    "InventoryLow",
    "InventoryOutOfStock",
    "InventoryRestocked",
    "NotificationFailed",
    "NotificationSent",
    "OrderCancelled",
    "OrderCreated",
    "OrderDelivered",
    "OrderPaid",
    "OrderPaymentFailed",
    "OrderProcessing",
    "OrderRefunded",
    "OrderReturned",
    "OrderShipped",
    "PaymentCreated",
    "PaymentDisputed",
    "PaymentFailed",
    "PaymentPaid",
    "PaymentRefunded",
    "ProductCreated",
    "ProductDeleted",
    "ProductUpdated",
    "UnknownEvent",
    "WebhookEndpointDisabled",
    "WebhookEndpointTest",
]
