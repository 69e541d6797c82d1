"""What the orders do when nobody asks: hear of payments, and look at the clock."""

from collections.abc import Callable
from typing import Final

from baas.core.db import StoreWork
from baas.core.runtime import Runtime
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work.jobs import Drain
from baas.core.work.outbox import ReceivedEvent, ScopeMaker, Subscriptions
from baas.services.orders import service
from baas.services.payments.events import PaymentEvent


async def payment_changed(work: StoreWork, event: ReceivedEvent) -> None:
    """A payment became something; if it is an order's, the order follows."""
    order_id = event.data.get("order_id")
    if isinstance(order_id, str):
        await service.follow(work, ids.decode(Kind.ORDER, order_id))


HANDLERS: Final[Subscriptions] = {
    PaymentEvent.CREATED: {"orders.payment_created": payment_changed},
    PaymentEvent.PAID: {"orders.payment_paid": payment_changed},
    PaymentEvent.FAILED: {"orders.payment_failed": payment_changed},
    PaymentEvent.REFUNDED: {"orders.payment_refunded": payment_changed},
    PaymentEvent.DISPUTED: {"orders.payment_disputed": payment_changed},
}


def due_orders(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """Expires what nobody pays, and holds the stock of what is being paid, one batch per call."""

    async def drain() -> int:
        return await service.attend_due(runtime.database, make_scope)

    return drain


LOOPS: Final[dict[str, tuple[Callable[[Runtime, ScopeMaker], Drain], float]]] = {
    "orders.due": (due_orders, 5.0)
}
"""How each loop is made, and the seconds between its looks at the database."""
