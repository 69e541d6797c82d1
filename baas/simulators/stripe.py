"""A likeness of Stripe: Checkout Sessions, PaymentIntents, refunds, disputes, Connect, endpoints, events."""

import hashlib
import hmac
import secrets
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web

from baas.simulators.books import Books, Notifier, Refusal, Sent, answer, application, decode, encode, now
from baas.simulators.pages import back, pay_page
from baas.simulators.stripe_objects import API_VERSION, error, listed, make, unflatten

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
_INTENT_FIELDS: Final = frozenset(
    "amount currency automatic_payment_methods capture_method confirm customer description expand metadata "  # noqa: SIM905  names
    "payment_method payment_method_types receipt_email return_url application_fee_amount transfer_data "
    "on_behalf_of statement_descriptor statement_descriptor_suffix setup_future_usage".split()
)
_SESSION_FIELDS: Final = frozenset(
    "mode line_items success_url cancel_url client_reference_id customer_email metadata payment_intent_data "  # noqa: SIM905  names
    "expires_at locale expand ui_mode currency payment_method_types submit_type return_url customer".split()
)
_REFUND_FIELDS: Final = frozenset(
    "payment_intent charge amount reason metadata refund_application_fee reverse_transfer expand".split()  # noqa: SIM905  names
)
CARD: Final = {"brand": "visa", "last4": "4242", "exp_year": 2034, "fingerprint": "Xt5EWLLDS7FJjR1c"}
"""What every charge says of the payer's card, and nobody may keep."""
_LIFE: Final = 24 * 3600
_ZERO_DECIMALS: Final = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905  codes
)
_THREE_DECIMALS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


class StripeSimulator:
    """One Stripe with all its accounts."""

    def __init__(self, books: Books, *, own_url: str = "") -> None:
        self.books = books
        self.notifier = Notifier(books)
        self.own_url = own_url

    def app(self) -> web.Application:
        """The web application."""
        app = application(self.books, self.notifier)
        routes: list[tuple[str, str, Any]] = [
            ("POST", "/v1/payment_intents", self._create_intent),
            ("GET", "/v1/payment_intents", self._list("payment_intent")),
            ("GET", "/v1/payment_intents/{id}", self._get("payment_intent")),
            ("POST", "/v1/payment_intents/{id}/cancel", self._cancel_intent),
            ("POST", "/v1/payment_intents/{id}/confirm", self._confirm_intent),
            ("POST", "/v1/checkout/sessions", self._create_session),
            ("GET", "/v1/checkout/sessions", self._list("checkout.session")),
            ("GET", "/v1/checkout/sessions/{id}", self._get("checkout.session")),
            ("POST", "/v1/checkout/sessions/{id}/expire", self._expire_session),
            ("POST", "/v1/refunds", self._create_refund),
            ("GET", "/v1/refunds", self._list("refund")),
            ("GET", "/v1/refunds/{id}", self._get("refund")),
            ("GET", "/v1/disputes", self._list("dispute")),
            ("GET", "/v1/disputes/{id}", self._get("dispute")),
            ("GET", "/v1/charges/{id}", self._get("charge")),
            ("GET", "/v1/events", self._list("event")),
            ("GET", "/v1/events/{id}", self._get("event")),
            ("POST", "/v1/webhook_endpoints", self._create_endpoint),
            ("GET", "/v1/webhook_endpoints", self._list("webhook_endpoint")),
            ("DELETE", "/v1/webhook_endpoints/{id}", self._delete_endpoint),
            ("GET", "/v1/account", self._account),
            ("GET", "/v1/accounts/{id}", self._account),
            ("GET", "/pay/{id}", self._page),
            ("POST", "/pay/{id}", self._pay),
            ("POST", "/_simulator/act", self._act),
            ("GET", "/_simulator/payments", self._everything),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
        return app

    # ------------------------------------------------------------------------------------------- API
    async def _create_intent(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, _INTENT_FIELDS)

        def work() -> dict[str, Any]:
            return self._new_intent(owner, body, amount=_integer(body, "amount"))

        return self._once(request, owner, body, work)

    async def _create_session(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, _SESSION_FIELDS)

        def work() -> dict[str, Any]:
            if body.get("mode") != "payment":
                _refuse("You must provide the mode `payment`.", param="mode")
            if not body.get("success_url"):
                _refuse("Missing required param: success_url.", param="success_url", code="parameter_missing")
            total, currency, title = 0, "usd", ""
            for line in body.get("line_items") or _refuse(
                "Missing required param: line_items.", param="line_items"
            ):
                price = line.get("price_data") or {}
                total += _integer(price, "unit_amount") * int(line.get("quantity", 1))
                currency = price.get("currency", currency)
                title = title or str((price.get("product_data") or {}).get("name") or "")
            session = make(
                "checkout.session",
                mode="payment",
                status="open",
                payment_status="unpaid",
                amount_total=total,
                amount_subtotal=total,
                currency=currency,
                success_url=body["success_url"],
                cancel_url=body.get("cancel_url"),
                client_reference_id=body.get("client_reference_id"),
                customer_email=body.get("customer_email"),
                metadata=body.get("metadata") or {},
                expires_at=int(body.get("expires_at") or now() + _LIFE),
                payment_intent=None,
                ui_mode="hosted_page",
                livemode=owner.startswith("live"),
            )
            session["url"] = f"{self.own_url}/pay/{session['id']}"
            self._keep(owner, session, intent_data=body.get("payment_intent_data") or {}, title=title)
            return session

        return self._once(request, owner, body, work)

    async def _expire_session(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset())
        session = self._find(owner, "checkout.session", request.match_info["id"])
        if session["status"] != "open":
            _refuse("Only open sessions can be expired.")
        self._expire(owner, session, notify=True)
        return answer(session)

    async def _cancel_intent(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset({"cancellation_reason"}))
        intent = self._find(owner, "payment_intent", request.match_info["id"])
        if intent["status"] in {"succeeded", "canceled"}:
            _refuse("You cannot cancel this PaymentIntent.", code="payment_intent_unexpected_state")
        self._decide(owner, intent, "canceled", notify=True)
        return answer(intent)

    async def _confirm_intent(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, frozenset({"payment_method", "return_url", "client_secret"}))
        intent = self._find(owner, "payment_intent", request.match_info["id"])
        declined = body.get("payment_method") == "pm_card_chargeDeclined"
        self._decide(owner, intent, "requires_payment_method" if declined else "succeeded", notify=True)
        if declined:
            raise Refusal(*error(402, "Your card was declined.", kind="card_error", code="card_declined"))
        return answer(intent)

    async def _create_refund(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, _REFUND_FIELDS)

        def work() -> dict[str, Any]:
            intent = self._find(owner, "payment_intent", str(body.get("payment_intent")))
            amount = _integer(body, "amount") if "amount" in body else None
            return self._refund(owner, intent, amount, body.get("metadata") or {}, notify=True)

        return self._once(request, owner, body, work)

    async def _create_endpoint(self, request: web.Request) -> web.Response:
        fields = frozenset({"url", "enabled_events", "api_version", "connect", "description", "metadata"})
        owner, body = await self._asked(request, fields)

        def work() -> dict[str, Any]:
            endpoint = make(
                "webhook_endpoint",
                url=body.get("url") or _refuse("Missing required param: url.", param="url"),
                enabled_events=body.get("enabled_events"),
                api_version=body.get("api_version"),
                status="enabled",
            )
            secret = f"whsec_{secrets.token_hex(24)}"
            self._keep(owner, endpoint, secret=secret, connect=body.get("connect") == "true")
            return endpoint | {"secret": secret}

        return self._once(request, owner, body, work)

    async def _delete_endpoint(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset())
        endpoint = self._find(owner, "webhook_endpoint", request.match_info["id"])
        del self.books.table("webhook_endpoint")[endpoint["id"]]
        return answer({"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True})

    async def _account(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset({"expand"}))
        identity = request.match_info.get("id") or owner.partition("/")[2]
        return answer(make("account", id=identity, type="standard", country="AR", charges_enabled=True))

    def _get(self, kind: str) -> Any:
        async def handler(request: web.Request) -> web.Response:
            owner, query = await self._asked(request, frozenset({"expand", "client_secret"}))
            found = self._find(owner, kind, request.match_info["id"])
            return answer(self._expanded(owner, found, query.get("expand") or ()))

        return handler

    def _list(self, kind: str) -> Any:
        async def handler(request: web.Request) -> web.Response:
            fields = frozenset(
                {"expand", "created", "limit", "starting_after", "payment_intent", "charge", "types"}
            )
            owner, query = await self._asked(request, fields)
            created = query.get("created") or {}
            rows = [
                row["object"]
                for row in reversed(self.books.table(kind).values())
                if row["owner"] == owner
                and int(created.get("gte", 0)) <= row["object"]["created"] < int(created.get("lt", 10**12))
                and all(
                    row["object"].get(name) == query[name]
                    for name in ("payment_intent", "charge")
                    if name in query
                )
                and ("types" not in query or row["object"].get("type") in query["types"])
            ]
            after, limit = query.get("starting_after"), int(query.get("limit", 10))
            if after:
                places = [place for place, row in enumerate(rows) if row["id"] == after]
                rows = rows[places[0] + 1 :] if places else _refuse("No such object.", param="starting_after")
            expand = [path.removeprefix("data.") for path in query.get("expand") or ()]
            shown = [self._expanded(owner, row, expand) for row in rows[:limit]]
            return answer(listed(shown, request.path, has_more=len(rows) > limit))

        return handler

    # ------------------------------------------------------------------------------------------ page
    def _of_page(self, request: web.Request) -> Any:
        identity = request.match_info["id"]
        row = self.books.table("checkout.session").get(identity) or self.books.table("payment_intent").get(
            identity
        )
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
        intent = self._intent_of(owner, thing)
        self._decide(owner, intent, _ACTIONS.get(outcome, "succeeded"), notify=True)
        if outcome == "rejected" or thing["object"] == "payment_intent":
            return _pay_page(thing, f"{intent['id']} is {intent['status']}.")
        return back(str(thing["success_url"]).replace("{CHECKOUT_SESSION_ID}", thing["id"]), {})

    # --------------------------------------------------------------------------------------- control
    async def _act(self, request: web.Request) -> web.Response:
        """Do to a payment what a payer, a bank or the dashboard does: as the other simulator's."""
        asked = decode(await request.read())
        reference, action, notify = asked["reference"], asked["action"], asked.get("notify", True)
        found = [
            row
            for kind in ("checkout.session", "payment_intent")
            for row in self.books.table(kind).values()
            if row["object"]["metadata"].get("baas_payment") == reference
        ]
        if not found:
            raise Refusal(*error(404, "Nothing was made with this reference."))
        owner = found[0]["owner"]
        before = len(self.books.table("event"))
        if action == "deauthorized":
            self._deauthorize(owner, notify=notify)
            intent = found[0]["object"]
        elif action == "expired":
            self._expire(owner, found[0]["object"], notify=notify)
            intent = found[0]["object"]
        else:
            intent = self._intent_of(owner, found[0]["object"])
            for name in ("amount", "currency"):
                if asked.get(name):
                    intent[name] = asked[name]
            if "live_mode" in asked:
                intent["livemode"] = asked["live_mode"]
            if action in _NEEDS_PAID:
                self._decide(owner, intent, "succeeded", notify=notify)
            if action in _ACTIONS:
                self._decide(owner, intent, _ACTIONS[action], notify=notify)
            elif action in {"refunded", "partially_refunded"}:
                self._refund(owner, intent, asked.get("amount"), {}, notify=notify)
            elif action in {"refund_succeeded", "refund_failed"}:
                self._end_refund(owner, intent, action.removeprefix("refund_"), notify=notify)
            else:
                self._dispute(owner, intent, _DISPUTES[action], notify=notify)
        events = [row["object"] for row in list(self.books.table("event").values())[before:]]
        return answer(
            {"payment": intent, "notifications": [{"query": "", "body": event} for event in events]}
        )

    async def _everything(self, _request: web.Request) -> web.Response:
        return answer([row["object"] for row in self.books.table("payment_intent").values()])

    # ----------------------------------------------------------------------------------------- state
    async def _asked(self, request: web.Request, known: frozenset[str]) -> tuple[str, dict[str, Any]]:
        """Whose account it is, and what was asked. An unknown parameter is refused, as Stripe does."""
        kind, _, key = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not key.startswith(("sk_test_", "rk_test_", "sk_live_", "rk_live_")):
            raise Refusal(*error(401, "Invalid API Key provided."))
        platform = f"acct_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        account = request.headers.get("Stripe-Account") or platform
        raw = (await request.read()).decode() if request.method == "POST" else request.query_string
        body = unflatten(parse_qsl(raw, keep_blank_values=True))
        for name in body:
            if name not in known:
                _refuse(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        owner = f"{key[3:7]}/{account}"
        if account != platform:
            self.books.table("platforms")[owner] = f"{key[3:7]}/{platform}"
        return owner, body

    def _once(self, request: web.Request, owner: str, body: dict[str, Any], work: Any) -> web.Response:
        key = request.headers.get("Idempotency-Key")
        asked = encode([request.path, body])
        try:
            before = self.books.remembered(owner, key, asked)
        except KeyError:
            message = "Keys for idempotent requests can only be used with the same parameters."
            raise Refusal(*error(400, message, kind="idempotency_error")) from None
        headers = {"Request-Id": f"req_{secrets.token_hex(8)}", "Stripe-Version": API_VERSION}
        if before is not None:
            headers["Idempotent-Replayed"] = "true"
            return web.Response(
                body=before[1], status=before[0], content_type="application/json", headers=headers
            )
        response = answer(work())
        response.headers.update(headers)
        self.books.remember(owner, key, asked, response)
        return response

    def _keep(self, owner: str, thing: dict[str, Any], **more: Any) -> None:
        self.books.table(thing["object"])[thing["id"]] = {"owner": owner, "object": thing, **more}

    def _find(self, owner: str, kind: str, identity: str) -> dict[str, Any]:
        row = self.books.table(kind).get(identity)
        if row is None or row["owner"] != owner:
            raise Refusal(
                *error(404, f"No such {kind}: '{identity[:80]}'", code="resource_missing", param="id")
            )
        found: dict[str, Any] = row["object"]
        return found

    def _new_intent(self, owner: str, body: dict[str, Any], *, amount: int) -> dict[str, Any]:
        fee = body.get("application_fee_amount")
        if fee is not None and int(fee) > amount:
            _refuse("The application fee cannot be more than the amount.", param="application_fee_amount")
        intent = make(
            "payment_intent",
            amount=amount,
            amount_capturable=0,
            amount_received=0,
            currency=str(
                body.get("currency") or _refuse("Missing required param: currency.", param="currency")
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
        self._keep(owner, intent)
        return intent

    def _intent_of(self, owner: str, thing: dict[str, Any]) -> dict[str, Any]:
        """The intent itself, or that of a session: it is made when the payer does something."""
        if thing["object"] == "payment_intent":
            return thing
        if thing["payment_intent"] is None:
            data = self.books.table("checkout.session")[thing["id"]]["intent_data"]
            intent = self._new_intent(
                owner, data | {"currency": thing["currency"]}, amount=thing["amount_total"]
            )
            thing["payment_intent"] = intent["id"]
        return self._find(owner, "payment_intent", thing["payment_intent"])

    def _decide(self, owner: str, intent: dict[str, Any], status: str, *, notify: bool) -> None:
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
            self._keep(owner, charge)
            intent |= {"amount_received": intent["amount"], "latest_charge": charge["id"]}
        self._tell(owner, f"payment_intent.{word}", intent, notify=notify)
        session = self._session_of(intent["id"])
        if session is not None and status in {"succeeded", "processing"}:
            was_complete = session["status"] == "complete"
            session |= {"status": "complete", "payment_status": "paid" if status == "succeeded" else "unpaid"}
            event = "async_payment_succeeded" if was_complete else "completed"
            self._tell(owner, f"checkout.session.{event}", session, notify=notify)

    def _session_of(self, intent_id: str) -> dict[str, Any] | None:
        for row in self.books.table("checkout.session").values():
            if row["object"]["payment_intent"] == intent_id:
                found: dict[str, Any] = row["object"]
                return found
        return None

    def _expire(self, owner: str, session: dict[str, Any], *, notify: bool) -> None:
        session["status"] = "expired"
        self._tell(owner, "checkout.session.expired", session, notify=notify)

    def _refund(
        self,
        owner: str,
        intent: dict[str, Any],
        amount: int | None,
        metadata: dict[str, Any],
        *,
        notify: bool,
    ) -> dict[str, Any]:
        if intent["latest_charge"] is None:
            _refuse("This PaymentIntent does not have a successful charge to refund.")
        charge = self._find(owner, "charge", intent["latest_charge"])
        left = charge["amount"] - charge["amount_refunded"]
        wanted = left if amount is None else int(amount)
        if left <= 0:
            _refuse("The charge has already been refunded.", code="charge_already_refunded")
        if not 0 < wanted <= left:
            _refuse("The refund is larger than what is left of the charge.", param="amount")
        refund = make(
            "refund",
            amount=wanted,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            status="pending" if self.books.faults.slow_refunds else "succeeded",
            metadata=metadata,
        )
        self._keep(owner, refund)
        charge["amount_refunded"] += wanted
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._tell(owner, "refund.created", refund, notify=notify)
        self._tell(owner, "charge.refunded", charge, notify=notify)
        return refund

    def _end_refund(self, owner: str, intent: dict[str, Any], status: str, *, notify: bool) -> None:
        """The bank decides about the latest refund. One that fails, even later, is no part of the sum any more."""
        rows = [row["object"] for row in self.books.table("refund").values()]
        mine = [row for row in rows if row["payment_intent"] == intent["id"]]
        refund = mine[-1] if mine else self._refund(owner, intent, None, {}, notify=notify)
        was, refund["status"] = refund["status"], status
        if status == "failed" != was:
            charge = self._find(owner, "charge", str(refund["charge"]))
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            refund["failure_reason"] = "expired_or_canceled_card"
        self._tell(owner, f"refund.{'failed' if status == 'failed' else 'updated'}", refund, notify=notify)

    def _dispute(self, owner: str, intent: dict[str, Any], status: str, *, notify: bool) -> None:
        charge = self._find(owner, "charge", str(intent["latest_charge"]))
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
            self._keep(owner, dispute)
            word = "created"
        dispute["status"], charge["disputed"] = status, True
        self._tell(owner, f"charge.dispute.{word}", dispute, notify=notify)

    def _deauthorize(self, owner: str, *, notify: bool) -> None:
        """A connected account takes the platform's permission back."""
        if owner not in self.books.table("platforms"):
            _refuse("This account is connected to no platform.")
        application = {"id": f"ca_{secrets.token_hex(12)}", "object": "application", "name": "A platform"}
        self._tell(owner, "account.application.deauthorized", application, notify=notify)

    def _expanded(self, owner: str, thing: dict[str, Any], paths: Any) -> dict[str, Any]:
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
                shown[head] = self._expanded(owner, self._find(owner, kind, thing[head]), rest)
        return shown

    def _tell(self, owner: str, type_: str, about: dict[str, Any], *, notify: bool) -> None:
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
        self._keep(owner, event)
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


def _pay_page(thing: dict[str, Any], title: str) -> web.Response:
    code = str(thing["currency"]).upper()
    amount = Decimal(thing.get("amount_total") or thing["amount"]).scaleb(-_decimals(code))
    return pay_page("Stripe", title, f"{code} {amount:,f}", _CHOICES)


def _decimals(code: str) -> int:
    """Of an amount on Stripe's wire."""
    return 0 if code in _ZERO_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def _refuse(message: str, *, code: str | None = None, param: str | None = None) -> Any:
    raise Refusal(*error(400, message, code=code, param=param))


def _integer(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if value is None:
        _refuse(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if not str(value).isdigit() or int(str(value)) < 1:
        _refuse(f"Invalid integer: {value}", param=name, code="parameter_invalid_integer")
    return int(str(value))
