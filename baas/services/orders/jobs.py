"""What the orders do when nobody asks: hear of payments, and look at the clock."""

from collections.abc import Callable, Sequence
from typing import Final

from baas.core.db import StoreWork
from baas.core.runtime import Runtime
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.core.work.jobs import Drain
from baas.core.work.outbox import ReceivedEvent, ScopeMaker, Subscriptions, Together
from baas.services.orders import service
from baas.services.payments.events import PaymentEvent


async def payments_changed(work: StoreWork, events: Sequence[ReceivedEvent]) -> None:
    """Payments became something; the orders that they belong to follow, each once however often it is named."""
    named = dict.fromkeys(event.data.get("order_id") for event in events)
    await service.follow_all(
        work, [ids.decode(Kind.ORDER, order_id) for order_id in named if isinstance(order_id, str)]
    )


_HEAR: Final = Together(payments_changed)
HANDLERS: Final[Subscriptions] = {
    PaymentEvent.CREATED: {"orders.payment_created": _HEAR},
    PaymentEvent.PAID: {"orders.payment_paid": _HEAR},
    PaymentEvent.FAILED: {"orders.payment_failed": _HEAR},
    PaymentEvent.REFUNDED: {"orders.payment_refunded": _HEAR},
    PaymentEvent.DISPUTED: {"orders.payment_disputed": _HEAR},
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
