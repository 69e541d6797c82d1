"""Everything that this shop asks of the backend: five calls of the SDK."""

import time
from functools import lru_cache

from baas_sdk import BaasError, Client
from baas_sdk.types import Payment, StoreOut
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from shop.models import Order, Task

EVENTS = ["payment.*"]
"""What the receiver wants to hear."""


@lru_cache(maxsize=1)
def client() -> Client:
    """The SDK, configured by BAAS_API_KEY and BAAS_BASE_URL."""
    return Client(timeout=10)


@lru_cache(maxsize=1)
def store() -> StoreOut:
    """The store whose key this is: its name and its currency."""
    return client().store.get()


_away_until = 0.0


def store_if_it_answers() -> StoreOut | None:
    """The same for a page, which must not wait: a backend that is away is asked again in half a minute."""
    global _away_until  # noqa: PLW0603  one number for the process
    if store.cache_info().currsize:
        return store()
    if time.monotonic() < _away_until:
        return None
    try:
        client().with_options(timeout=2, max_retries=0).store.get()
        return store()
    except BaasError:
        _away_until = time.monotonic() + 30
        return None


def start_payment(order: Order) -> Payment:
    """A payment for an order; the same one however often it is asked for."""
    payment = client().payments.create(
        provider=settings.SHOP_PROVIDER,
        amount=order.total,
        currency=order.currency,
        reference=order.reference,
        payer={"email": order.email},
        return_url=f"{settings.SHOP_URL}/orders/{order.token}",
        idempotency_key=order.payment_key,
    )
    Order.objects.filter(pk=order.pk).update(payment_id=payment.id)
    return payment


def run_tasks() -> int:
    """Do what was noted; answers how much of it is left, because the backend could not be reached.

    Each call carries a key of its task, so one that is repeated after a lost answer has one effect.
    """
    left = 0
    for task in Task.objects.filter(done_at=None).select_related("order").order_by("pk")[:100]:
        try:
            _TASKS[task.kind](task.order)
        except BaasError:
            left += 1
        else:
            Task.objects.filter(pk=task.pk).update(done_at=timezone.now())
    return left


def _thank(order: Order) -> None:
    lines = "\n".join(f"{line.quantity} × {line.name}" for line in order.lines.all())
    client().notifications.send(
        channel="email",
        to=order.email,
        subject=f"{store().name}: thank you for your order",
        body=f"Your payment has arrived. You ordered:\n\n{lines}\n\n{settings.SHOP_URL}/orders/{order.token}",
        about=order.payment_id,
        idempotency_key=f"thanks-{order.reference}",
    )


def _announce(order: Order) -> None:
    client().events.publish(
        type="custom.order_fulfilled",
        data={"reference": order.reference, "total": order.total, "currency": order.currency},
        subject=order.reference,
        deduplication_key=f"fulfilled-{order.reference}",
    )


_TASKS = {"thank": _thank, "announce": _announce}


def tell_later(order: Order) -> None:
    """Note what is to be told about an order, in the transaction that is open, and do it when it is through."""
    for kind in _TASKS:
        Task.objects.get_or_create(kind=kind, order=order)
    transaction.on_commit(run_tasks, robust=True)
