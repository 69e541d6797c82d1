"""The verbs of the orders, by noun: `checkout` places, `following` hears the payments, `admin` is the shop's."""

from baas.services.orders.service.admin import (
    OrderFilters,
    cancel,
    deliver,
    find,
    fulfill,
    get,
    get_for_customer,
    history,
    promise_refunds_to_cancel,
    receipt,
    ship,
    stats,
    take_back,
)
from baas.services.orders.service.checkout import checkout, create, token_again
from baas.services.orders.service.following import attend_due, follow_all, retry
from baas.services.orders.service.refunds import promise_refunds, refunded

__all__ = [
    "OrderFilters",
    "attend_due",
    "cancel",
    "checkout",
    "create",
    "deliver",
    "find",
    "follow_all",
    "fulfill",
    "get",
    "get_for_customer",
    "history",
    "promise_refunds",
    "promise_refunds_to_cancel",
    "receipt",
    "refunded",
    "retry",
    "ship",
    "stats",
    "take_back",
    "token_again",
]
