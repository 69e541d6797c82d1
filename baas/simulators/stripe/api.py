"""The API: sessions, intents, refunds, disputes, events, endpoints, accounts."""

import hashlib
import secrets
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web

from baas.simulators.books import Refusal, Route, answer, encode, now
from baas.simulators.stripe.ledger import Ledger
from baas.simulators.stripe.objects import API_VERSION, error, listed, make, refuse, unflatten

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
_LIFE: Final = 24 * 3600


class Api:
    """What a backend asks, with its key."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        """Method, path and handler of each."""
        return [
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
        ]

    async def _create_intent(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, _INTENT_FIELDS)

        def work() -> dict[str, Any]:
            return self._ledger.new_intent(owner, body, amount=_integer(body, "amount"))

        return self._once(request, owner, body, work)

    async def _create_session(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, _SESSION_FIELDS)

        def work() -> dict[str, Any]:
            if body.get("mode") != "payment":
                refuse("You must provide the mode `payment`.", param="mode")
            if not body.get("success_url"):
                refuse("Missing required param: success_url.", param="success_url", code="parameter_missing")
            total, currency, title = 0, "usd", ""
            for line in body.get("line_items") or refuse(
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
            session["url"] = f"{self._ledger.own_url}/pay/{session['id']}"
            self._ledger.keep(owner, session, intent_data=body.get("payment_intent_data") or {}, title=title)
            return session

        return self._once(request, owner, body, work)

    async def _expire_session(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset())
        session = self._ledger.find(owner, "checkout.session", request.match_info["id"])
        if session["status"] != "open":
            refuse("Only open sessions can be expired.")
        self._ledger.expire(owner, session, notify=True)
        return answer(session)

    async def _cancel_intent(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset({"cancellation_reason"}))
        intent = self._ledger.find(owner, "payment_intent", request.match_info["id"])
        if intent["status"] in {"succeeded", "canceled"}:
            refuse("You cannot cancel this PaymentIntent.", code="payment_intent_unexpected_state")
        self._ledger.decide(owner, intent, "canceled", notify=True)
        return answer(intent)

    async def _confirm_intent(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, frozenset({"payment_method", "return_url", "client_secret"}))
        intent = self._ledger.find(owner, "payment_intent", request.match_info["id"])
        declined = body.get("payment_method") == "pm_card_chargeDeclined"
        self._ledger.decide(
            owner, intent, "requires_payment_method" if declined else "succeeded", notify=True
        )
        if declined:
            raise Refusal(*error(402, "Your card was declined.", kind="card_error", code="card_declined"))
        return answer(intent)

    async def _create_refund(self, request: web.Request) -> web.Response:
        owner, body = await self._asked(request, _REFUND_FIELDS)

        def work() -> dict[str, Any]:
            intent = self._ledger.find(owner, "payment_intent", str(body.get("payment_intent")))
            amount = _integer(body, "amount") if "amount" in body else None
            return self._ledger.refund(owner, intent, amount, body.get("metadata") or {}, notify=True)

        return self._once(request, owner, body, work)

    async def _create_endpoint(self, request: web.Request) -> web.Response:
        fields = frozenset({"url", "enabled_events", "api_version", "connect", "description", "metadata"})
        owner, body = await self._asked(request, fields)

        def work() -> dict[str, Any]:
            endpoint = make(
                "webhook_endpoint",
                url=body.get("url") or refuse("Missing required param: url.", param="url"),
                enabled_events=body.get("enabled_events"),
                api_version=body.get("api_version"),
                status="enabled",
            )
            secret = f"whsec_{secrets.token_hex(24)}"
            self._ledger.keep(owner, endpoint, secret=secret, connect=body.get("connect") == "true")
            return endpoint | {"secret": secret}

        return self._once(request, owner, body, work)

    async def _delete_endpoint(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset())
        endpoint = self._ledger.find(owner, "webhook_endpoint", request.match_info["id"])
        del self._ledger.books.table("webhook_endpoint")[endpoint["id"]]
        return answer({"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True})

    async def _account(self, request: web.Request) -> web.Response:
        owner, _ = await self._asked(request, frozenset({"expand"}))
        identity = request.match_info.get("id") or owner.partition("/")[2]
        return answer(make("account", id=identity, type="standard", country="AR", charges_enabled=True))

    def _get(self, kind: str) -> Any:
        async def handler(request: web.Request) -> web.Response:
            owner, query = await self._asked(request, frozenset({"expand", "client_secret"}))
            found = self._ledger.find(owner, kind, request.match_info["id"])
            return answer(self._ledger.expanded(owner, found, query.get("expand") or ()))

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
                for row in reversed(self._ledger.books.table(kind).values())
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
                rows = rows[places[0] + 1 :] if places else refuse("No such object.", param="starting_after")
            expand = [path.removeprefix("data.") for path in query.get("expand") or ()]
            shown = [self._ledger.expanded(owner, row, expand) for row in rows[:limit]]
            return answer(listed(shown, request.path, has_more=len(rows) > limit))

        return handler

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
                refuse(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        owner = f"{key[3:7]}/{account}"
        if account != platform:
            self._ledger.books.table("platforms")[owner] = f"{key[3:7]}/{platform}"
        return owner, body

    def _once(self, request: web.Request, owner: str, body: dict[str, Any], work: Any) -> web.Response:
        key = request.headers.get("Idempotency-Key")
        asked = encode([request.path, body])
        try:
            before = self._ledger.books.remembered(owner, key, asked)
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
        self._ledger.books.remember(owner, key, asked, response)
        return response


def _integer(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if value is None:
        refuse(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if not str(value).isdigit() or int(str(value)) < 1:
        refuse(f"Invalid integer: {value}", param=name, code="parameter_invalid_integer")
    return int(str(value))
