"""What the providers call a payment's state, in our words. Every row of their tables, and what is in none.

A word that nobody knows gives `None`: the payment keeps its state and is flagged for a person.
"""

from typing import Final

import msgspec

from baas.services.payments.schemas import PaymentStatus, RefundStatus


class State(msgspec.Struct, frozen=True):
    """A state in our words."""

    status: PaymentStatus | None
    in_progress: bool = False
    """Pending, and the payer has done their part."""
    failure_code: str | None = None
    is_charged_back: bool = False
    """The payer's bank took the money back for good."""


_PAID: Final = State(PaymentStatus.PAID)
_PENDING: Final = State(PaymentStatus.PENDING)
_WORKING: Final = State(PaymentStatus.PENDING, in_progress=True)
_DISPUTED: Final = State(PaymentStatus.DISPUTED)
_LOST: Final = State(PaymentStatus.REFUNDED, failure_code="chargeback_lost", is_charged_back=True)
UNKNOWN: Final = State(None)


def mercadopago(status: str, detail: str | None) -> State:
    """A Mercado Pago payment by `status` and `status_detail`."""
    match status:
        case "pending":
            # The challenge is the payer's to pass; a voucher or a transfer is on its way without them.
            return _PENDING if detail == "pending_challenge" else _WORKING
        case "in_process" | "authorized":
            return _WORKING
        case "approved":
            return State(PaymentStatus.PARTIALLY_REFUNDED) if detail == "partially_refunded" else _PAID
        case "rejected":
            return State(PaymentStatus.FAILED, failure_code=detail or "rejected")
        case "cancelled":
            return State(PaymentStatus.CANCELLED, failure_code=detail or "cancelled")
        case "refunded":
            return State(PaymentStatus.REFUNDED)
        case "in_mediation":
            return _DISPUTED
        case "charged_back":
            return {"settled": _LOST, "reimbursed": _PAID}.get(detail or "", _DISPUTED)
    return UNKNOWN


def mercadopago_refund(status: str | None) -> RefundStatus:
    """A Mercado Pago refund."""
    if status in {"rejected", "cancelled"}:
        return RefundStatus.FAILED
    return RefundStatus.SUCCEEDED if status == "approved" else RefundStatus.PENDING


def stripe_intent(status: str, *, error: str | None, cancellation: str | None) -> State:
    """A Stripe PaymentIntent: `error` is the code of its last payment error, which makes an attempt failed."""
    match status:
        case "requires_payment_method":
            return State(PaymentStatus.FAILED, failure_code=error) if error else _PENDING
        case "requires_confirmation" | "requires_action":
            return _PENDING
        case "processing" | "requires_capture":
            return _WORKING
        case "succeeded":
            return _PAID
        case "canceled":
            return State(PaymentStatus.CANCELLED, failure_code=cancellation or "canceled")
    return UNKNOWN


def stripe_dispute(status: str) -> State:
    """A Stripe dispute. Inquiries (`warning_*`) moved no money."""
    match status:
        case "needs_response" | "under_review" | "appeal_needs_response" | "appeal_under_review":
            return _DISPUTED
        case "lost":
            return _LOST
        case "won" | "prevented" | "warning_needs_response" | "warning_under_review" | "warning_closed":
            return _PAID
    return UNKNOWN


def stripe_refund(status: str | None) -> RefundStatus:
    """A Stripe refund; one that succeeded can fail later."""
    if status in {"failed", "canceled"}:
        return RefundStatus.FAILED
    return RefundStatus.SUCCEEDED if status == "succeeded" else RefundStatus.PENDING
