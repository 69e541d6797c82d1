"""What Mercado Pago remembers, and what becomes of a payment there: paid, refunded, charged back, told."""

from decimal import Decimal
from typing import Any, Final

from baas.simulators.books import Books, Notifier, Sent, encode
from baas.simulators.mercadopago.wire import signed_headers, stamp, webhook_secret

OUTCOMES: Final = {
    "approved": ("approved", "accredited"),
    "rejected": ("rejected", "cc_rejected_other_reason"),
    "pending": ("pending", "pending_waiting_payment"),
    "in_process": ("in_process", "pending_review_manual"),
    "cancelled": ("cancelled", "expired"),
    "expired": ("cancelled", "expired"),
    "in_mediation": ("in_mediation", "pending"),
    "charged_back": ("charged_back", "in_process"),
    "chargeback_won": ("charged_back", "reimbursed"),
    "chargeback_lost": ("charged_back", "settled"),
}
"""What the control and the page are told, as status and detail."""
CARD: Final = {
    "first_six_digits": "503175",
    "last_four_digits": "0604",
    "cardholder": {"name": "APRO CARDHOLDER", "identification": {"type": "DNI", "number": "12345678"}},
}
"""What every payment says of the payer's card, and nobody may keep."""


class Ledger:
    """The payments of all sellers."""

    def __init__(self, books: Books, *, own_url: str = "") -> None:
        self.books = books
        self.notifier = Notifier(books)
        self.own_url = own_url
        """Where its pages are; set once the port is known."""

    def new_payment(
        self,
        preference: Any,
        status: str,
        detail: str,
        *,
        amount: Any = None,
        currency: str | None = None,
        live_mode: bool = False,
    ) -> Any:
        """A payment for a preference, with that status."""
        number = self.books.number("payments", 1_000_000_001)
        price = total(preference) if amount is None else Decimal(str(amount))
        moment = stamp()
        payment = {
            "id": number,
            "status": status,
            "status_detail": detail,
            "transaction_amount": price,
            "transaction_amount_refunded": 0,
            "currency_id": currency or preference["items"][0].get("currency_id", "ARS"),
            "external_reference": preference.get("external_reference"),
            "description": preference["items"][0].get("title"),
            "date_created": moment,
            "date_approved": moment if status == "approved" else None,
            "date_last_updated": moment,
            "date_of_expiration": None,
            "money_release_date": None,
            "live_mode": live_mode,
            "captured": status != "authorized",
            "collector_id": preference["collector_id"],
            "operation_type": "regular_payment",
            "payment_method_id": "visa",
            "payment_type_id": "credit_card",
            "installments": 1,
            "payer": {"email": (preference.get("payer") or {}).get("email"), "id": "1", "type": None},
            "metadata": preference.get("metadata") or {},
            "refunds": [],
            "fee_details": [],
            # What the payer's bank adds for instalments is no part of the price.
            "transaction_details": {"net_received_amount": price, "total_paid_amount": price + 1},
            "order": {"id": number + 5, "type": "mercadopago"},
            "statement_descriptor": None,
            "notification_url": preference.get("notification_url"),
            "point_of_interaction": {"type": "CHECKOUT"},
            "card": CARD,
        }
        self.books.table("payments")[str(number)] = payment | {"preference": preference["id"]}
        return self.books.table("payments")[str(number)]

    def move(self, payment: Any, status: str, detail: str) -> None:
        """Another status, now."""
        payment["status"], payment["status_detail"] = status, detail
        payment["date_last_updated"] = stamp()
        if status == "approved" and payment["date_approved"] is None:
            payment["date_approved"] = stamp()

    def refund(self, payment: Any, amount: Decimal) -> Any:
        """Give a part back, or all; a slow bank decides later."""
        refund = {
            "id": self.books.number("refunds", 500_000_001),
            "payment_id": payment["id"],
            "amount": amount,
            "status": "in_process" if self.books.faults.slow_refunds else "approved",
            "source": {"id": str(payment["collector_id"]), "name": "Shop", "type": "collector"},
            "date_created": stamp(),
            "unique_sequence_number": None,
            "refund_mode": "standard",
            "adjustment_amount": 0,
            "amount_refunded_to_payer": amount,
            "reason": None,
        }
        payment["refunds"].append(refund)
        refunded = Decimal(payment["transaction_amount_refunded"]) + amount
        payment["transaction_amount_refunded"] = refunded
        if refunded >= Decimal(payment["transaction_amount"]):
            self.move(payment, "refunded", "refunded")
        else:
            self.move(payment, "approved", "partially_refunded")
        return refund

    def end_refund(self, payment: Any, *, failed: bool) -> None:
        """The bank decides about the latest refund. One that fails, even later, is no part of the sum any more."""
        if not payment["refunds"]:
            self.refund(payment, Decimal(payment["transaction_amount"]))
        refund = payment["refunds"][-1]
        was, refund["status"] = refund["status"], "rejected" if failed else "approved"
        if failed and was != "rejected":
            left = Decimal(payment["transaction_amount_refunded"]) - Decimal(refund["amount"])
            payment["transaction_amount_refunded"] = left
            self.move(payment, "approved", "partially_refunded" if left else "accredited")
        else:
            payment["date_last_updated"] = stamp()

    def event(self, payment: Any, action: str) -> Any:
        """The body of a notification."""
        return {
            "id": self.books.number("notifications", 100_001),
            "live_mode": payment["live_mode"],
            "type": "payment",
            "date_created": stamp(),
            "application_id": payment["collector_id"] + 7,
            "user_id": payment["collector_id"],
            "version": 1,
            "api_version": "v1",
            "action": action,
            "data": {"id": str(payment["id"])},
        }

    def notify(self, payment: Any, action: str) -> None:
        """Tell the address that the preference named, signed anew at each try."""
        url = payment["notification_url"]
        if not url:
            return
        token = self.books.table("preferences")[payment["preference"]]["token"]
        body = encode(self.event(payment, action))

        def made() -> Sent:
            target = f"{url}{'&' if '?' in url else '?'}data.id={payment['id']}&type=payment"
            return Sent(target, signed_headers(webhook_secret(token), str(payment["id"])), body)

        self.notifier.send(made)


def total(preference: Any) -> Decimal:
    """What a preference costs."""
    return sum(
        (Decimal(str(item["unit_price"])) * int(item["quantity"]) for item in preference["items"]), Decimal(0)
    )
