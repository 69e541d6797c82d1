"""The events that payments emit."""

from baas.core.work.event_types import EventType
from baas.services.payments.schemas import Payment


class PaymentEvent(EventType):
    """Of one attempt to collect money."""

    CREATED = "payment.created", Payment, "A payment was begun with a provider."
    PAID = "payment.paid", Payment, "The money is there."
    FAILED = "payment.failed", Payment, "The provider or the payer refused."
    REFUNDED = (
        "payment.refunded",
        Payment,
        "Money was given back, all or a part; or a refund failed that was under way.",
    )
    DISPUTED = "payment.disputed", Payment, "The payer disputes it at the provider, or that dispute ended."
