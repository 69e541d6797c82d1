"""The page on which a person pays, and the control by which things are made to happen."""

from decimal import Decimal
from typing import Any, Final

from aiohttp import web

from baas.simulators.books import Route, answer, decode
from baas.simulators.mercadopago.ledger import OUTCOMES, Ledger, total
from baas.simulators.mercadopago.wire import refusal
from baas.simulators.pages import back, pay_page

_REFUNDS: Final = frozenset({"refunded", "partially_refunded", "refund_succeeded", "refund_failed"})
_CHOICES: Final = (
    ("approved", "Pay", "yes"),
    ("rejected", "The card is rejected", "no"),
    ("pending", "Pay later in cash", "wait"),
    ("in_process", "The bank reviews it", "wait"),
    ("leave", "Back to the shop", "leave"),
)


class Pages:
    """What a person sees, and what a developer lets happen."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        """Method, path and handler of each."""
        return [
            ("GET", "/checkout/v1/redirect", self._page),
            ("POST", "/checkout/v1/redirect", self._pay),
            ("POST", "/_simulator/act", self._act),
            ("GET", "/_simulator/payments", self._everything),
            ("GET", "/", self._welcome),
        ]

    def _of_page(self, request: web.Request) -> Any:
        preference = self._ledger.books.table("preferences").get(request.query.get("pref_id", ""))
        if preference is None:
            raise refusal(404, "preference not found", "not_found")
        return preference

    async def _page(self, request: web.Request) -> web.Response:
        preference = self._of_page(request)
        item = preference["items"][0]
        amount = f"{item.get('currency_id', 'ARS')} {total(preference):,f}"
        return pay_page("Mercado Pago", str(item.get("title")), amount, _CHOICES)

    async def _pay(self, request: web.Request) -> web.Response:
        preference = self._of_page(request)
        outcome = str((await request.post()).get("outcome", "approved"))
        if outcome == "leave" and preference["back_urls"].get("failure"):
            # Whoever leaves without paying comes back with nothing but the names of what would have been.
            empty = dict.fromkeys(("collection_id", "collection_status", "payment_id", "status"), "null")
            return back(preference["back_urls"]["failure"], empty | {"preference_id": preference["id"]})
        payment = self._ledger.new_payment(preference, *OUTCOMES.get(outcome, OUTCOMES["approved"]))
        self._ledger.notify(payment, "payment.created")
        word = {"approved": "success", "rejected": "failure"}.get(payment["status"], "pending")
        url = preference["back_urls"].get(word)
        if url is None:
            return pay_page("Mercado Pago", f"Payment {payment['id']} is {payment['status']}.", "", ())
        return back(
            url,
            {
                "collection_id": str(payment["id"]),
                "collection_status": payment["status"],
                "payment_id": str(payment["id"]),
                "status": payment["status"],
                "external_reference": str(payment["external_reference"]),
                "payment_type": payment["payment_type_id"],
                "merchant_order_id": str(payment["order"]["id"]),
                "preference_id": preference["id"],
                "site_id": "MLA",
                "processing_mode": "aggregator",
                "merchant_account_id": "null",
            },
        )

    async def _welcome(self, _request: web.Request) -> web.Response:
        return pay_page(
            "Mercado Pago",
            "Any access token that begins with APP_USR- or TEST- is a seller here.",
            "",
            (),
            note="Its webhook secret: baas payments configure STORE mercadopago --simulator. ",
        )

    async def _act(self, request: web.Request) -> web.Response:
        """Do to a payment what a payer, a bank or the panel does. Body: `reference`, `action`, and further

        `amount`, `currency`, `live_mode` (of a new payment), `again` (a second one), `notify` (else answered).
        """
        asked = decode(await request.read())
        if asked["action"] not in OUTCOMES and asked["action"] not in _REFUNDS:
            raise refusal(400, "nothing like this happens to a payment here", "bad_request")
        preference = next(
            (
                found
                for found in reversed(self._ledger.books.table("preferences").values())
                if found.get("external_reference") == asked["reference"]
            ),
            None,
        )
        if preference is None:
            raise refusal(404, "nothing was made with this reference", "not_found")
        payments = [
            payment
            for payment in self._ledger.books.table("payments").values()
            if payment["external_reference"] == asked["reference"]
        ]
        action, created = asked["action"], False
        payment = payments[-1] if payments and not asked.get("again") else None
        if payment is None:
            created = True
            payment = self._ledger.new_payment(
                preference, *OUTCOMES.get(action, OUTCOMES["approved"]),
                amount=asked.get("amount") if action not in {"refunded", "partially_refunded"} else None,
                currency=asked.get("currency"), live_mode=bool(asked.get("live_mode")),
            )  # fmt: skip
        elif action in OUTCOMES:
            self._ledger.move(payment, *OUTCOMES[action])
        if action in {"refunded", "partially_refunded"}:
            left = Decimal(payment["transaction_amount"]) - Decimal(payment["transaction_amount_refunded"])
            self._ledger.refund(payment, Decimal(str(asked.get("amount") or left)))
        if action in {"refund_succeeded", "refund_failed"}:
            self._ledger.end_refund(payment, failed=action == "refund_failed")
        if action == "charged_back":
            self._ledger.books.table("chargebacks")[str(payment["id"])] = {
                "id": str(payment["id"]),
                "payments": [payment["id"]],
                "currency": payment["currency_id"],
                "amount": payment["transaction_amount"],
                "collector_id": payment["collector_id"],
                "coverage_applied": None,
                "live_mode": payment["live_mode"],
            }
        word = "payment.created" if created else "payment.updated"
        if asked.get("notify", True):
            self._ledger.notify(payment, word)
        body = self._ledger.event(payment, word)
        path = f"?data.id={payment['id']}&type=payment"
        return answer({"payment": payment, "notifications": [{"query": path, "body": body}]})

    async def _everything(self, _request: web.Request) -> web.Response:
        return answer(list(self._ledger.books.table("payments").values()))
