"""What Stripe remembers, and what becomes of a payment there: paid, refunded, disputed, told."""

import hashlib
import hmac
import secrets
from typing import Any, Final

from baas.simulators.books import Books, Notifier, Refusal, Sent, encode, now
from baas.simulators.stripe.objects import API_VERSION, error, listed, make, refuse

CARD: Final = {"brand": "visa", "last4": "4242", "exp_year": 2034, "fingerprint": "Xt5EWLLDS7FJjR1c"}
"""What every charge says of the payer's card, and nobody may keep."""


class Ledger:
    """Everything of all accounts."""

    def __init__(self, books: Books, *, own_url: str = "") -> None:
        self.books = books
        self.notifier = Notifier(books)
        self.own_url = own_url

    def keep(self, owner: str, thing: dict[str, Any], **more: Any) -> None:
        """Remember a thing of an account."""
        self.books.table(thing["object"])[thing["id"]] = {"owner": owner, "object": thing, **more}

    def find(self, owner: str, kind: str, identity: str) -> dict[str, Any]:
        """A thing of this account. Raises Refusal."""
        row = self.books.table(kind).get(identity)
        if row is None or row["owner"] != owner:
            raise Refusal(
                *error(404, f"No such {kind}: '{identity[:80]}'", code="resource_missing", param="id")
            )
        found: dict[str, Any] = row["object"]
        return found

    def new_intent(self, owner: str, body: dict[str, Any], *, amount: int) -> dict[str, Any]:
        """An intent that waits for its payer."""
        fee = body.get("application_fee_amount")
        if fee is not None and int(fee) > amount:
            refuse("The application fee cannot be more than the amount.", param="application_fee_amount")
        intent = make(
            "payment_intent",
            amount=amount,
            amount_capturable=0,
            amount_received=0,
            currency=str(
                body.get("currency") or refuse("Missing required param: currency.", param="currency")
            ),
            capture_method="automatic",
            confirmation_method="automatic",
            description=body.get("description"),
            receipt_email=body.get("receipt_email"),
            metadata=body.get("metadata") or {},
            application_fee_amount=None if fee is None else int(fee),
            payment_method_types=["card"],
            automatic_payment_methods={"enabled": True},
            status="requires_payment_method",
            livemode=owner.startswith("live"),
        )
        intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(10)}"
        self.keep(owner, intent)
        return intent

    def intent_of(self, owner: str, thing: dict[str, Any]) -> dict[str, Any]:
        """The intent itself, or that of a session: it is made when the payer does something."""
        if thing["object"] == "payment_intent":
            return thing
        if thing["payment_intent"] is None:
            data = self.books.table("checkout.session")[thing["id"]]["intent_data"]
            intent = self.new_intent(
                owner, data | {"currency": thing["currency"]}, amount=thing["amount_total"]
            )
            thing["payment_intent"] = intent["id"]
        return self.find(owner, "payment_intent", thing["payment_intent"])

    def decide(self, owner: str, intent: dict[str, Any], status: str, *, notify: bool) -> None:
        """The payer, or the bank, did something: the intent and its session go on, and it is told."""
        if intent["status"] in {"succeeded", "canceled"}:
            return
        intent["status"] = status
        failed = status == "requires_payment_method"
        intent["last_payment_error"] = (
            {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline"}
            if failed
            else None
        )
        word = {"succeeded": "succeeded", "processing": "processing", "canceled": "canceled"}.get(
            status, "payment_failed"
        )
        if status == "canceled":
            intent |= {"canceled_at": int(now()), "cancellation_reason": "requested_by_customer"}
        if status == "succeeded":
            charge = make(
                "charge",
                amount=intent["amount"],
                amount_captured=intent["amount"],
                amount_refunded=0,
                captured=True,
                paid=True,
                refunded=False,
                disputed=False,
                status="succeeded",
                currency=intent["currency"],
                payment_intent=intent["id"],
                livemode=intent["livemode"],
                billing_details={"name": "APRO CARDHOLDER", "email": None, "phone": None, "address": None},
                payment_method_details={"type": "card", "card": CARD},
            )
            self.keep(owner, charge)
            intent |= {"amount_received": intent["amount"], "latest_charge": charge["id"]}
        self.tell(owner, f"payment_intent.{word}", intent, notify=notify)
        session = self._session_of(intent["id"])
        if session is not None and status in {"succeeded", "processing"}:
            was_complete = session["status"] == "complete"
            session |= {"status": "complete", "payment_status": "paid" if status == "succeeded" else "unpaid"}
            event = "async_payment_succeeded" if was_complete else "completed"
            self.tell(owner, f"checkout.session.{event}", session, notify=notify)

    def _session_of(self, intent_id: str) -> dict[str, Any] | None:
        for row in self.books.table("checkout.session").values():
            if row["object"]["payment_intent"] == intent_id:
                found: dict[str, Any] = row["object"]
                return found
        return None

    def expire(self, owner: str, session: dict[str, Any], *, notify: bool) -> None:
        """A page that nobody used in time."""
        session["status"] = "expired"
        self.tell(owner, "checkout.session.expired", session, notify=notify)

    def refund(
        self,
        owner: str,
        intent: dict[str, Any],
        amount: int | None,
        metadata: dict[str, Any],
        *,
        notify: bool,
    ) -> dict[str, Any]:
        """Give a part back, or all that is left; a slow bank decides later."""
        if intent["latest_charge"] is None:
            refuse("This PaymentIntent does not have a successful charge to refund.")
        charge = self.find(owner, "charge", intent["latest_charge"])
        left = charge["amount"] - charge["amount_refunded"]
        wanted = left if amount is None else int(amount)
        if left <= 0:
            refuse("The charge has already been refunded.", code="charge_already_refunded")
        if not 0 < wanted <= left:
            refuse("The refund is larger than what is left of the charge.", param="amount")
        refund = make(
            "refund",
            amount=wanted,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            status="pending" if self.books.faults.slow_refunds else "succeeded",
            metadata=metadata,
        )
        self.keep(owner, refund)
        charge["amount_refunded"] += wanted
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.tell(owner, "refund.created", refund, notify=notify)
        self.tell(owner, "charge.refunded", charge, notify=notify)
        return refund

    def end_refund(self, owner: str, intent: dict[str, Any], status: str, *, notify: bool) -> None:
        """The bank decides about the latest refund. One that fails, even later, is no part of the sum any more."""
        rows = [row["object"] for row in self.books.table("refund").values()]
        mine = [row for row in rows if row["payment_intent"] == intent["id"]]
        refund = mine[-1] if mine else self.refund(owner, intent, None, {}, notify=notify)
        was, refund["status"] = refund["status"], status
        if status == "failed" != was:
            charge = self.find(owner, "charge", str(refund["charge"]))
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            refund["failure_reason"] = "expired_or_canceled_card"
        self.tell(owner, f"refund.{'failed' if status == 'failed' else 'updated'}", refund, notify=notify)

    def dispute(self, owner: str, intent: dict[str, Any], status: str, *, notify: bool) -> None:
        """The payer's bank opens a dispute, or decides it."""
        charge = self.find(owner, "charge", str(intent["latest_charge"]))
        rows = self.books.table("dispute").values()
        dispute = next((row["object"] for row in rows if row["object"]["charge"] == charge["id"]), None)
        word = "closed"
        if dispute is None:
            dispute = make(
                "dispute",
                amount=charge["amount"],
                currency=charge["currency"],
                charge=charge["id"],
                payment_intent=intent["id"],
                reason="fraudulent",
            )
            self.keep(owner, dispute)
            word = "created"
        dispute["status"], charge["disputed"] = status, True
        self.tell(owner, f"charge.dispute.{word}", dispute, notify=notify)

    def deauthorize(self, owner: str, *, notify: bool) -> None:
        """A connected account takes the platform's permission back."""
        if owner not in self.books.table("platforms"):
            refuse("This account is connected to no platform.")
        application = {"id": f"ca_{secrets.token_hex(12)}", "object": "application", "name": "A platform"}
        self.tell(owner, "account.application.deauthorized", application, notify=notify)

    def expanded(self, owner: str, thing: dict[str, Any], paths: Any) -> dict[str, Any]:
        """The object with what `expand` names put in the place of ids."""
        shown = dict(thing)
        heads = {path.partition(".")[0] for path in paths}
        for head in heads:
            rest = [path.partition(".")[2] for path in paths if path.startswith(f"{head}.")]
            if head == "refunds":
                rows = [row["object"] for row in self.books.table("refund").values()]
                mine = [row for row in reversed(rows) if row["charge"] == thing["id"]]
                shown["refunds"] = listed(mine, f"/v1/charges/{thing['id']}/refunds")
            elif isinstance(thing.get(head), str):
                kind = {"latest_charge": "charge"}.get(head, head)
                shown[head] = self.expanded(owner, self.find(owner, kind, thing[head]), rest)
        return shown

    def tell(self, owner: str, type_: str, about: dict[str, Any], *, notify: bool) -> None:
        """Keep an event, and send it to the endpoints that want it."""
        event = make(
            "event",
            type=type_,
            api_version=API_VERSION,
            data={"object": dict(about)},
            livemode=owner.startswith("live"),
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        # What happens on a connected account is told to its platform, with the account's name.
        platform = self.books.table("platforms").get(owner)
        if platform is not None:
            event["account"] = owner.partition("/")[2]
        self.keep(owner, event)
        if not notify:
            return
        for row in self.books.table("webhook_endpoint").values():
            wanted = row["object"]["enabled_events"] or ()
            mine = row["owner"] == (platform or owner) and row["connect"] == (platform is not None)
            if mine and ("*" in wanted or type_ in wanted):
                self._send(row["object"]["url"], row["secret"], encode(event))

    def _send(self, url: str, secret: str, body: bytes) -> None:
        self.notifier.send(lambda: Sent(url, signed_headers(secret, body), body))


def signed_headers(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """The headers of a notification."""
    stamp = int(now() if at is None else at)
    v1 = hmac.new(secret.encode(), b"%d.%b" % (stamp, body), hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": f"t={stamp},v1={v1}"}
