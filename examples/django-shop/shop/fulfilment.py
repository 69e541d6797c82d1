"""What happens to an order when its payment moves: by the backend's event, or by looking when the payer is back.

Both ways end in `follow`, and each step is taken by one statement that only the first one matches.
"""

from baas_sdk import webhooks
from baas_sdk.types import Payment
from django.db import transaction
from django.db.models import F

from shop.backend import tell_later
from shop.models import Line, Order, Product, SeenEvent

_STATUSES = {"paid": "paid", "failed": "failed", "cancelled": "failed", "refunded": "refunded"}


def handle(event: webhooks.Event) -> bool:
    """Handle an event once; answers whether this was the first time."""
    with transaction.atomic():
        _, first = SeenEvent.objects.get_or_create(id=event.id)
        if first and isinstance(
            event, (webhooks.PaymentPaid, webhooks.PaymentFailed, webhooks.PaymentRefunded)
        ):
            follow(event.data)
    return first


def follow(payment: Payment) -> None:
    """Bring an order to where its payment is."""
    status = _STATUSES.get(payment.status)
    reference = payment.reference or ""
    if status is None or not reference.startswith("order-"):
        return
    with transaction.atomic():
        order = Order.objects.filter(token=reference.removeprefix("order-")).first()
        if order is None:
            return
        if status == "paid":
            _fulfil(order, payment)
        elif status == "refunded":
            Order.objects.filter(pk=order.pk, status=Order.Status.PAID).update(status=status)
        else:
            # A late failure of an earlier try says nothing about the present one.
            open_order = Order.objects.filter(pk=order.pk, status=Order.Status.OPEN, payment_id=payment.id)
            open_order.update(status=Order.Status.FAILED)


def _fulfil(order: Order, payment: Payment) -> None:
    if (payment.amount, payment.currency) != (order.total, order.currency):
        return
    unpaid = Order.objects.filter(pk=order.pk, status__in=[Order.Status.OPEN, Order.Status.FAILED])
    if not unpaid.update(status=Order.Status.PAID, payment_id=payment.id):
        return
    for line in Line.objects.filter(order=order):
        in_stock = Product.objects.filter(pk=line.product_id, stock__gte=line.quantity)
        in_stock.update(stock=F("stock") - line.quantity)
    tell_later(order)
