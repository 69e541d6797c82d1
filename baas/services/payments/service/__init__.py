"""The verbs of the payments, by noun: open an attempt, settle what the provider says, give money back, look."""

from baas.services.payments.repository.payments import Filters
from baas.services.payments.rows import Standing
from baas.services.payments.service.collecting import Collect, collect, create, open_for_order
from baas.services.payments.service.reading import (
    failed_refunds,
    find,
    for_order,
    get,
    history,
    standing,
    standings,
)
from baas.services.payments.service.refunding import refund, refund_order
from baas.services.payments.service.settling import notified, record, settle, usable
from baas.services.payments.service.shape import storefront_of

__all__ = [
    "Collect",
    "Filters",
    "Standing",
    "collect",
    "create",
    "failed_refunds",
    "find",
    "for_order",
    "get",
    "history",
    "notified",
    "open_for_order",
    "record",
    "refund",
    "refund_order",
    "settle",
    "standing",
    "standings",
    "storefront_of",
    "usable",
]
