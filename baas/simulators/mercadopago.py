"""A likeness of Mercado Pago: preferences, payments with their statuses, refunds, charge-backs, OAuth, webhooks."""

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from aiohttp import web

from baas.core import clock
from baas.simulators.books import Books, Notifier, Refusal, Sent, answer, application, decode, encode
from baas.simulators.pages import back, pay_page

_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WHOLE: Final = frozenset({"COP", "CLP", "HNL", "NIO", "PYG", "JPY"})
_OUTCOMES: Final = {
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
_REFUNDS: Final = frozenset({"refunded", "partially_refunded", "refund_succeeded", "refund_failed"})
_OPEN: Final = frozenset({"pending", "in_process", "authorized"})
_CHOICES: Final = (
    ("approved", "Pay", "yes"),
    ("rejected", "The card is rejected", "no"),
    ("pending", "Pay later in cash", "wait"),
    ("in_process", "The bank reviews it", "wait"),
    ("leave", "Back to the shop", "leave"),
)


CARD: Final = {
    "first_six_digits": "503175",
    "last_four_digits": "0604",
    "cardholder": {"name": "APRO CARDHOLDER", "identification": {"type": "DNI", "number": "12345678"}},
}
"""What every payment says of the payer's card, and nobody may keep."""


def webhook_secret(token: str) -> str:
    """The secret of the application that a token belongs to; the real one is shown in its panel."""
    return "mpsim" + hashlib.sha256(f"mercadopago webhooks of {token}".encode()).hexdigest()[:40]


def collector_of(token: str) -> int:
    """The seller behind a token."""
    return int(hashlib.sha256(f"seller {token}".encode()).hexdigest()[:7], 16) + 1_000_000


class MercadoPagoSimulator:
    """One Mercado Pago with all its sellers."""

    def __init__(self, books: Books, *, own_url: str = "") -> None:
        self.books = books
        self.notifier = Notifier(books)
        self.own_url = own_url
        """Where its pages are; set once the port is known."""

    def app(self) -> web.Application:
        """The web application."""
        app = application(self.books, self.notifier)
        routes: list[tuple[str, str, Any]] = [
            ("POST", "/checkout/preferences", self._create_preference),
            ("GET", "/checkout/preferences/{id}", self._get_preference),
            ("GET", "/v1/payments/search", self._search),
            ("GET", "/v1/payments/{id}", self._get_payment),
            ("PUT", "/v1/payments/{id}", self._cancel),
            ("POST", "/v1/payments/{id}/refunds", self._create_refund),
            ("GET", "/v1/payments/{id}/refunds", self._list_refunds),
            ("GET", "/v1/payments/{id}/refunds/{refund}", self._get_refund),
            ("GET", "/v1/chargebacks/{id}", self._get_chargeback),
            ("GET", "/users/me", self._me),
            ("POST", "/oauth/token", self._token),
            ("GET", "/checkout/v1/redirect", self._page),
            ("POST", "/checkout/v1/redirect", self._pay),
            ("POST", "/_simulator/act", self._act),
            ("GET", "/_simulator/payments", self._everything),
            ("GET", "/", self._welcome),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
        return app

    # ------------------------------------------------------------------------------------------- API
    async def _create_preference(self, request: web.Request) -> web.Response:
        token = self._token_of(request)
        body = await _body(request)
        items = body.get("items")
        if not isinstance(items, list) or not items:
            raise _refusal(400, "items needed", "invalid_items")
        total = Decimal(0)
        for item in items:
            currency = item.get("currency_id", "ARS")
            price = _number(item.get("unit_price"), "unit_price invalid")
            if price != price.quantize(Decimal(1) if currency in _WHOLE else Decimal("0.01")):
                raise _refusal(400, "unit_price invalid: decimals", "invalid_unit_price")
            if price <= 0 or int(item.get("quantity", 0)) < 1:
                raise _refusal(400, "unit_price and quantity must be positive", "invalid_items")
            total += price * int(item["quantity"])
        reference = body.get("external_reference")
        if reference is not None and not _REFERENCE.fullmatch(str(reference)):
            raise _refusal(400, "external_reference invalid", "invalid_external_reference")
        if len(str(body.get("notification_url") or "")) > 248:
            raise _refusal(400, "notification_url too long", "invalid_notification_url")
        urls = {
            name: url
            for name, url in (body.get("back_urls") or {}).items()
            # The real one drops plain http; on loopback that would end every development.
            if str(url).startswith(("https://", "http://127.0.0.1", "http://localhost", "http://testserver"))
        }
        if body.get("auto_return") and not urls.get("success"):
            raise _refusal(
                400, "auto_return invalid. back_url.success must be defined", "invalid_auto_return"
            )
        fee = body.get("marketplace_fee")
        if fee is not None and _number(fee, "invalid_marketplace_fee") > total:
            raise _refusal(400, "marketplace_fee invalid", "invalid_marketplace_fee")
        collector = collector_of(token)
        identity = f"{collector}-{secrets.token_hex(16)}"
        page = f"{self.own_url}/checkout/v1/redirect?pref_id={identity}"
        preference = body | {
            "id": identity,
            "back_urls": urls,
            "init_point": page,
            "sandbox_init_point": page,
            "client_id": str(collector + 7),
            "collector_id": collector,
            "site_id": "MLA",
            "date_created": _stamp(),
        }
        self.books.table("preferences")[identity] = {"token": token, **preference}
        return answer(preference, 201)

    async def _get_preference(self, request: web.Request) -> web.Response:
        found = self.books.table("preferences").get(request.match_info["id"])
        if found is None or found["token"] != self._token_of(request):
            raise _refusal(404, "preference not found", "not_found")
        return answer({name: value for name, value in found.items() if name != "token"})

    async def _get_payment(self, request: web.Request) -> web.Response:
        return answer(self._payment(request))

    async def _search(self, request: web.Request) -> web.Response:
        collector = collector_of(self._token_of(request))
        query = request.query
        by = query.get("range", "date_created")
        begin, end = _time(query.get("begin_date")), _time(query.get("end_date"))
        found = [
            payment
            for payment in self.books.table("payments").values()
            if payment["collector_id"] == collector
            and query.get("external_reference") in {None, payment["external_reference"]}
            and (begin is None or datetime.fromisoformat(payment[by]) >= begin)
            and (end is None or datetime.fromisoformat(payment[by]) <= end)
        ]
        sort = query.get("sort", "date_created")
        found.sort(
            key=lambda payment: (payment[sort], payment["id"]), reverse=query.get("criteria") == "desc"
        )
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 30))
        return answer(
            {
                "paging": {"total": len(found), "limit": limit, "offset": offset},
                "results": found[offset : offset + limit],
            }
        )

    async def _cancel(self, request: web.Request) -> web.Response:
        payment = self._payment(request)
        if (await _body(request)).get("status") != "cancelled" or payment["status"] not in _OPEN:
            raise _refusal(400, "The action requested is not valid for the current payment state", "2018")
        self._move(payment, "cancelled", "by_collector")
        return answer(payment)

    async def _create_refund(self, request: web.Request) -> web.Response:
        key = request.headers.get("X-Idempotency-Key")
        if not key or len(key) > 64:
            raise _refusal(400, "Header X-Idempotency-Key can't be null", "4292")
        payment, raw = self._payment(request), await request.read()
        owner = str(payment["collector_id"])
        try:
            before = self.books.remembered(owner, key, request.path.encode() + raw)
        except KeyError:
            raise _refusal(400, "Idempotency key already used", "4293") from None
        if before is not None:
            return web.Response(body=before[1], status=before[0], content_type="application/json")
        left = Decimal(payment["transaction_amount"]) - Decimal(payment["transaction_amount_refunded"])
        asked = (decode(raw) if raw else {}).get("amount")
        amount = left if asked is None else _number(asked, "Invalid refund amount")
        if payment["status"] != "approved":
            raise _refusal(400, "The action requested is not valid for the current payment state", "2063")
        if not 0 < amount <= left:
            raise _refusal(400, "Invalid refund amount", "4040")
        refund = self._refund(payment, amount)
        self._notify(payment, "payment.updated")
        response = answer(refund, 201)
        self.books.remember(owner, key, request.path.encode() + raw, response)
        return response

    async def _list_refunds(self, request: web.Request) -> web.Response:
        return answer(self._payment(request)["refunds"])

    async def _get_refund(self, request: web.Request) -> web.Response:
        for refund in self._payment(request)["refunds"]:
            if str(refund["id"]) == request.match_info["refund"]:
                return answer(refund)
        raise _refusal(404, "Refund not found", "2032")

    async def _get_chargeback(self, request: web.Request) -> web.Response:
        token = self._token_of(request)
        found = self.books.table("chargebacks").get(request.match_info["id"])
        if found is None or found["collector_id"] != collector_of(token):
            raise _refusal(404, "Chargeback not found", "not_found")
        return answer(found)

    async def _me(self, request: web.Request) -> web.Response:
        token = self._token_of(request)
        tags = ["normal", "test_user"] if "live" not in token else ["normal"]
        return answer({"id": collector_of(token), "site_id": "MLA", "country_id": "AR", "tags": tags})

    async def _token(self, request: web.Request) -> web.Response:
        body = await _body(request)
        client = f"{body.get('client_id')}/{body.get('client_secret')}"
        grants = self.books.table("grants")
        match body.get("grant_type"):
            case "authorization_code":
                proof = str(body.get("code") or "")
            case "refresh_token":
                # Each refresh token serves once: the next one is in the answer.
                proof = str(body.get("refresh_token") or "")
                if grants.get(proof) != client:
                    raise _refusal(400, "invalid refresh token", "invalid_grant")
                del grants[proof]
            case _:
                raise _refusal(400, "grant_type invalid", "unsupported_grant_type")
        if not proof or not body.get("client_id") or not body.get("client_secret"):
            raise _refusal(400, "the client or the code is not valid", "invalid_grant")
        token, refresh = f"APP_USR-{secrets.token_hex(20)}", f"TG-{secrets.token_hex(16)}"
        grants[refresh] = client
        return answer(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": 15_552_000,
                "scope": "offline_access read write",
                "user_id": collector_of(token),
                "refresh_token": refresh,
                "public_key": f"APP_USR-{secrets.token_hex(16)}",
                "live_mode": False,
            }
        )

    # ------------------------------------------------------------------------------------------ page
    def _of_page(self, request: web.Request) -> Any:
        preference = self.books.table("preferences").get(request.query.get("pref_id", ""))
        if preference is None:
            raise _refusal(404, "preference not found", "not_found")
        return preference

    async def _page(self, request: web.Request) -> web.Response:
        preference = self._of_page(request)
        item = preference["items"][0]
        amount = f"{item.get('currency_id', 'ARS')} {_total(preference):,f}"
        return pay_page("Mercado Pago", str(item.get("title")), amount, _CHOICES)

    async def _pay(self, request: web.Request) -> web.Response:
        preference = self._of_page(request)
        outcome = str((await request.post()).get("outcome", "approved"))
        if outcome == "leave" and preference["back_urls"].get("failure"):
            # Whoever leaves without paying comes back with nothing but the names of what would have been.
            empty = dict.fromkeys(("collection_id", "collection_status", "payment_id", "status"), "null")
            return back(preference["back_urls"]["failure"], empty | {"preference_id": preference["id"]})
        payment = self._new_payment(preference, *_OUTCOMES.get(outcome, _OUTCOMES["approved"]))
        self._notify(payment, "payment.created")
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

    # --------------------------------------------------------------------------------------- control
    async def _act(self, request: web.Request) -> web.Response:
        """Do to a payment what a payer, a bank or the panel does. Body: `reference`, `action`, and further

        `amount`, `currency`, `live_mode` (of a new payment), `again` (a second one), `notify` (else answered).
        """
        asked = decode(await request.read())
        if asked["action"] not in _OUTCOMES and asked["action"] not in _REFUNDS:
            raise _refusal(400, "nothing like this happens to a payment here", "bad_request")
        preference = next(
            (
                found
                for found in reversed(self.books.table("preferences").values())
                if found.get("external_reference") == asked["reference"]
            ),
            None,
        )
        if preference is None:
            raise _refusal(404, "nothing was made with this reference", "not_found")
        payments = [
            payment
            for payment in self.books.table("payments").values()
            if payment["external_reference"] == asked["reference"]
        ]
        action, created = asked["action"], False
        payment = payments[-1] if payments and not asked.get("again") else None
        if payment is None:
            created = True
            payment = self._new_payment(
                preference, *_OUTCOMES.get(action, _OUTCOMES["approved"]),
                amount=asked.get("amount") if action not in {"refunded", "partially_refunded"} else None,
                currency=asked.get("currency"), live_mode=bool(asked.get("live_mode")),
            )  # fmt: skip
        elif action in _OUTCOMES:
            self._move(payment, *_OUTCOMES[action])
        if action in {"refunded", "partially_refunded"}:
            left = Decimal(payment["transaction_amount"]) - Decimal(payment["transaction_amount_refunded"])
            self._refund(payment, Decimal(str(asked.get("amount") or left)))
        if action in {"refund_succeeded", "refund_failed"}:
            self._end_refund(payment, failed=action == "refund_failed")
        if action == "charged_back":
            self.books.table("chargebacks")[str(payment["id"])] = {
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
            self._notify(payment, word)
        body = self._event(payment, word)
        path = f"?data.id={payment['id']}&type=payment"
        return answer({"payment": payment, "notifications": [{"query": path, "body": body}]})

    async def _everything(self, _request: web.Request) -> web.Response:
        return answer(list(self.books.table("payments").values()))

    # ----------------------------------------------------------------------------------------- state
    def _token_of(self, request: web.Request) -> str:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token.startswith(("APP_USR-", "TEST-")):
            raise _refusal(401, "invalid access token", "unauthorized")
        return token

    def _payment(self, request: web.Request) -> Any:
        collector = collector_of(self._token_of(request))
        found = self.books.table("payments").get(request.match_info["id"])
        if found is None or found["collector_id"] != collector:
            raise _refusal(404, "Payment not found", "not_found", 2000)
        return found

    def _new_payment(
        self,
        preference: Any,
        status: str,
        detail: str,
        *,
        amount: Any = None,
        currency: str | None = None,
        live_mode: bool = False,
    ) -> Any:
        number = self.books.number("payments", 1_000_000_001)
        total = _total(preference) if amount is None else Decimal(str(amount))
        stamp = _stamp()
        payment = {
            "id": number,
            "status": status,
            "status_detail": detail,
            "transaction_amount": total,
            "transaction_amount_refunded": 0,
            "currency_id": currency or preference["items"][0].get("currency_id", "ARS"),
            "external_reference": preference.get("external_reference"),
            "description": preference["items"][0].get("title"),
            "date_created": stamp,
            "date_approved": stamp if status == "approved" else None,
            "date_last_updated": stamp,
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
            "transaction_details": {"net_received_amount": total, "total_paid_amount": total + 1},
            "order": {"id": number + 5, "type": "mercadopago"},
            "statement_descriptor": None,
            "notification_url": preference.get("notification_url"),
            "point_of_interaction": {"type": "CHECKOUT"},
            "card": CARD,
        }
        self.books.table("payments")[str(number)] = payment | {"preference": preference["id"]}
        return self.books.table("payments")[str(number)]

    def _move(self, payment: Any, status: str, detail: str) -> None:
        payment["status"], payment["status_detail"] = status, detail
        payment["date_last_updated"] = _stamp()
        if status == "approved" and payment["date_approved"] is None:
            payment["date_approved"] = _stamp()

    def _refund(self, payment: Any, amount: Decimal) -> Any:
        refund = {
            "id": self.books.number("refunds", 500_000_001),
            "payment_id": payment["id"],
            "amount": amount,
            "status": "in_process" if self.books.faults.slow_refunds else "approved",
            "source": {"id": str(payment["collector_id"]), "name": "Shop", "type": "collector"},
            "date_created": _stamp(),
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
            self._move(payment, "refunded", "refunded")
        else:
            self._move(payment, "approved", "partially_refunded")
        return refund

    def _end_refund(self, payment: Any, *, failed: bool) -> None:
        """The bank decides about the latest refund. One that fails, even later, is no part of the sum any more."""
        if not payment["refunds"]:
            self._refund(payment, Decimal(payment["transaction_amount"]))
        refund = payment["refunds"][-1]
        was, refund["status"] = refund["status"], "rejected" if failed else "approved"
        if failed and was != "rejected":
            left = Decimal(payment["transaction_amount_refunded"]) - Decimal(refund["amount"])
            payment["transaction_amount_refunded"] = left
            self._move(payment, "approved", "partially_refunded" if left else "accredited")
        else:
            payment["date_last_updated"] = _stamp()

    def _event(self, payment: Any, action: str) -> Any:
        return {
            "id": self.books.number("notifications", 100_001),
            "live_mode": payment["live_mode"],
            "type": "payment",
            "date_created": _stamp(),
            "application_id": payment["collector_id"] + 7,
            "user_id": payment["collector_id"],
            "version": 1,
            "api_version": "v1",
            "action": action,
            "data": {"id": str(payment["id"])},
        }

    def _notify(self, payment: Any, action: str) -> None:
        url = payment["notification_url"]
        if not url:
            return
        token = self.books.table("preferences")[payment["preference"]]["token"]
        body = encode(self._event(payment, action))

        def made() -> Sent:
            target = f"{url}{'&' if '?' in url else '?'}data.id={payment['id']}&type=payment"
            return Sent(target, signed_headers(webhook_secret(token), str(payment["id"])), body)

        self.notifier.send(made)


def signed_headers(secret: str, data_id: str, *, at: float | None = None) -> dict[str, str]:
    """The headers of a notification, signed in milliseconds as the documentation's newer samples are."""
    request_id = secrets.token_hex(16)
    stamp = str(int((clock.now().timestamp() if at is None else at) * 1000))
    manifest = f"id:{data_id};request-id:{request_id};ts:{stamp};"
    v1 = hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Request-Id": request_id,
        "X-Signature": f"ts={stamp},v1={v1}",
        "X-Retry": "0",
        "X-Socket-Timeout": "22000",
    }


def _total(preference: Any) -> Decimal:
    return sum(
        (Decimal(str(item["unit_price"])) * int(item["quantity"]) for item in preference["items"]), Decimal(0)
    )


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = decode(await request.read())
    except ValueError:
        raise _refusal(400, "invalid json", "bad_request") from None
    if not isinstance(body, dict):
        raise _refusal(400, "invalid json", "bad_request")
    return body


def _number(value: Any, message: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise _refusal(400, message, "bad_request") from None


def _stamp() -> str:
    return clock.now().isoformat(timespec="milliseconds")


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refusal(status: int, message: str, error: str, code: int | str | None = None) -> Refusal:
    cause = [{"code": code or error, "description": message, "data": None}]
    return Refusal(status, {"message": message, "error": error, "status": status, "cause": cause})
