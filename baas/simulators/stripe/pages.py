"""The page on which a person pays, and the control by which things are made to happen."""

from decimal import Decimal
from typing import Any, Final

from aiohttp import web

from baas.simulators.books import Refusal, Route, answer, decode
from baas.simulators.pages import back, pay_page
from baas.simulators.stripe.ledger import Ledger
from baas.simulators.stripe.objects import error

_ACTIONS: Final = {
    "approved": "succeeded",
    "rejected": "requires_payment_method",
    "pending": "processing",
    "cancelled": "canceled",
}
_CHOICES: Final = (
    ("approved", "Pay", "yes"),
    ("rejected", "The card is declined", "no"),
    ("pending", "Pay by a slow method", "wait"),
    ("leave", "Back to the shop", "leave"),
)
_DISPUTES: Final = {"charged_back": "needs_response", "chargeback_won": "won", "chargeback_lost": "lost"}
_NEEDS_PAID: Final = frozenset(
    {"refunded", "partially_refunded", "refund_failed", "refund_succeeded", *_DISPUTES}
)
_ZERO_DECIMALS: Final = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905  codes
)
_THREE_DECIMALS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


class Pages:
    """What a person sees, and what a developer lets happen."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        """Method, path and handler of each."""
        return [
            ("GET", "/pay/{id}", self._page),
            ("POST", "/pay/{id}", self._pay),
            ("POST", "/_simulator/act", self._act),
            ("GET", "/_simulator/payments", self._everything),
        ]

    def _of_page(self, request: web.Request) -> Any:
        identity = request.match_info["id"]
        row = self._ledger.books.table("checkout.session").get(identity) or self._ledger.books.table(
            "payment_intent"
        ).get(identity)
        if row is None:
            raise Refusal(*error(404, "No such page."))
        return row

    async def _page(self, request: web.Request) -> web.Response:
        row = self._of_page(request)
        thing = row["object"]
        return _pay_page(thing, str(row.get("title") or thing.get("description") or thing["id"]))

    async def _pay(self, request: web.Request) -> web.Response:
        row = self._of_page(request)
        owner, thing = row["owner"], row["object"]
        outcome = str((await request.post()).get("outcome", "approved"))
        if outcome == "leave" and thing.get("cancel_url"):
            return back(str(thing["cancel_url"]), {})
        intent = self._ledger.intent_of(owner, thing)
        self._ledger.decide(owner, intent, _ACTIONS.get(outcome, "succeeded"), notify=True)
        if outcome == "rejected" or thing["object"] == "payment_intent":
            return _pay_page(thing, f"{intent['id']} is {intent['status']}.")
        return back(str(thing["success_url"]).replace("{CHECKOUT_SESSION_ID}", thing["id"]), {})

    async def _act(self, request: web.Request) -> web.Response:
        """Do to a payment what a payer, a bank or the dashboard does: as the other simulator's."""
        asked = decode(await request.read())
        reference, action, notify = asked["reference"], asked["action"], asked.get("notify", True)
        found = [
            row
            for kind in ("checkout.session", "payment_intent")
            for row in self._ledger.books.table(kind).values()
            if row["object"]["metadata"].get("baas_payment") == reference
        ]
        if not found:
            raise Refusal(*error(404, "Nothing was made with this reference."))
        owner = found[0]["owner"]
        before = len(self._ledger.books.table("event"))
        if action == "deauthorized":
            self._ledger.deauthorize(owner, notify=notify)
            intent = found[0]["object"]
        elif action == "expired":
            self._ledger.expire(owner, found[0]["object"], notify=notify)
            intent = found[0]["object"]
        else:
            intent = self._ledger.intent_of(owner, found[0]["object"])
            for name in ("amount", "currency"):
                if asked.get(name):
                    intent[name] = asked[name]
            if "live_mode" in asked:
                intent["livemode"] = asked["live_mode"]
            if action in _NEEDS_PAID:
                self._ledger.decide(owner, intent, "succeeded", notify=notify)
            if action in _ACTIONS:
                self._ledger.decide(owner, intent, _ACTIONS[action], notify=notify)
            elif action in {"refunded", "partially_refunded"}:
                self._ledger.refund(owner, intent, asked.get("amount"), {}, notify=notify)
            elif action in {"refund_succeeded", "refund_failed"}:
                self._ledger.end_refund(owner, intent, action.removeprefix("refund_"), notify=notify)
            else:
                self._ledger.dispute(owner, intent, _DISPUTES[action], notify=notify)
        events = [row["object"] for row in list(self._ledger.books.table("event").values())[before:]]
        return answer(
            {"payment": intent, "notifications": [{"query": "", "body": event} for event in events]}
        )

    async def _everything(self, _request: web.Request) -> web.Response:
        return answer([row["object"] for row in self._ledger.books.table("payment_intent").values()])


def _pay_page(thing: dict[str, Any], title: str) -> web.Response:
    code = str(thing["currency"]).upper()
    amount = Decimal(thing.get("amount_total") or thing["amount"]).scaleb(-_decimals(code))
    return pay_page("Stripe", title, f"{code} {amount:,f}", _CHOICES)


def _decimals(code: str) -> int:
    """Of an amount on Stripe's wire."""
    return 0 if code in _ZERO_DECIMALS else 3 if code in _THREE_DECIMALS else 2
