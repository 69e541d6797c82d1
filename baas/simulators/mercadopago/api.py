"""The API: preferences, payments, refunds, charge-backs, OAuth."""

import re
import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from aiohttp import web

from baas.simulators.books import Route, answer, decode
from baas.simulators.mercadopago.ledger import Ledger
from baas.simulators.mercadopago.wire import body, collector_of, number, refusal, stamp, time, token_of

_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WHOLE: Final = frozenset({"COP", "CLP", "HNL", "NIO", "PYG", "JPY"})
_OPEN: Final = frozenset({"pending", "in_process", "authorized"})


class Api:
    """What a seller's backend asks."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        """Method, path and handler of each."""
        return [
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
        ]

    async def _create_preference(self, request: web.Request) -> web.Response:
        token = token_of(request)
        asked = await body(request)
        items = asked.get("items")
        if not isinstance(items, list) or not items:
            raise refusal(400, "items needed", "invalid_items")
        total = Decimal(0)
        for item in items:
            currency = item.get("currency_id", "ARS")
            price = number(item.get("unit_price"), "unit_price invalid")
            if price != price.quantize(Decimal(1) if currency in _WHOLE else Decimal("0.01")):
                raise refusal(400, "unit_price invalid: decimals", "invalid_unit_price")
            if price <= 0 or int(item.get("quantity", 0)) < 1:
                raise refusal(400, "unit_price and quantity must be positive", "invalid_items")
            total += price * int(item["quantity"])
        reference = asked.get("external_reference")
        if reference is not None and not _REFERENCE.fullmatch(str(reference)):
            raise refusal(400, "external_reference invalid", "invalid_external_reference")
        if len(str(asked.get("notification_url") or "")) > 248:
            raise refusal(400, "notification_url too long", "invalid_notification_url")
        urls = {
            name: url
            for name, url in (asked.get("back_urls") or {}).items()
            # The real one drops plain http; on loopback that would end every development.
            if str(url).startswith(("https://", "http://127.0.0.1", "http://localhost", "http://testserver"))
        }
        if asked.get("auto_return") and not urls.get("success"):
            raise refusal(400, "auto_return invalid. back_url.success must be defined", "invalid_auto_return")
        fee = asked.get("marketplace_fee")
        if fee is not None and number(fee, "invalid_marketplace_fee") > total:
            raise refusal(400, "marketplace_fee invalid", "invalid_marketplace_fee")
        collector = collector_of(token)
        identity = f"{collector}-{secrets.token_hex(16)}"
        page = f"{self._ledger.own_url}/checkout/v1/redirect?pref_id={identity}"
        preference = asked | {
            "id": identity,
            "back_urls": urls,
            "init_point": page,
            "sandbox_init_point": page,
            "client_id": str(collector + 7),
            "collector_id": collector,
            "site_id": "MLA",
            "date_created": stamp(),
        }
        self._ledger.books.table("preferences")[identity] = {"token": token, **preference}
        return answer(preference, 201)

    async def _get_preference(self, request: web.Request) -> web.Response:
        found = self._ledger.books.table("preferences").get(request.match_info["id"])
        if found is None or found["token"] != token_of(request):
            raise refusal(404, "preference not found", "not_found")
        return answer({name: value for name, value in found.items() if name != "token"})

    async def _get_payment(self, request: web.Request) -> web.Response:
        return answer(self._payment(request))

    async def _search(self, request: web.Request) -> web.Response:
        collector = collector_of(token_of(request))
        query = request.query
        by = query.get("range", "date_created")
        begin, end = time(query.get("begin_date")), time(query.get("end_date"))
        found = [
            payment
            for payment in self._ledger.books.table("payments").values()
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
        if (await body(request)).get("status") != "cancelled" or payment["status"] not in _OPEN:
            raise refusal(400, "The action requested is not valid for the current payment state", "2018")
        self._ledger.move(payment, "cancelled", "by_collector")
        return answer(payment)

    async def _create_refund(self, request: web.Request) -> web.Response:
        key = request.headers.get("X-Idempotency-Key")
        if not key or len(key) > 64:
            raise refusal(400, "Header X-Idempotency-Key can't be null", "4292")
        payment, raw = self._payment(request), await request.read()
        owner = str(payment["collector_id"])
        try:
            before = self._ledger.books.remembered(owner, key, request.path.encode() + raw)
        except KeyError:
            raise refusal(400, "Idempotency key already used", "4293") from None
        if before is not None:
            return web.Response(body=before[1], status=before[0], content_type="application/json")
        left = Decimal(payment["transaction_amount"]) - Decimal(payment["transaction_amount_refunded"])
        asked = (decode(raw) if raw else {}).get("amount")
        amount = left if asked is None else number(asked, "Invalid refund amount")
        if payment["status"] != "approved":
            raise refusal(400, "The action requested is not valid for the current payment state", "2063")
        if not 0 < amount <= left:
            raise refusal(400, "Invalid refund amount", "4040")
        refund = self._ledger.refund(payment, amount)
        self._ledger.notify(payment, "payment.updated")
        response = answer(refund, 201)
        self._ledger.books.remember(owner, key, request.path.encode() + raw, response)
        return response

    async def _list_refunds(self, request: web.Request) -> web.Response:
        return answer(self._payment(request)["refunds"])

    async def _get_refund(self, request: web.Request) -> web.Response:
        for refund in self._payment(request)["refunds"]:
            if str(refund["id"]) == request.match_info["refund"]:
                return answer(refund)
        raise refusal(404, "Refund not found", "2032")

    async def _get_chargeback(self, request: web.Request) -> web.Response:
        token = token_of(request)
        found = self._ledger.books.table("chargebacks").get(request.match_info["id"])
        if found is None or found["collector_id"] != collector_of(token):
            raise refusal(404, "Chargeback not found", "not_found")
        return answer(found)

    async def _me(self, request: web.Request) -> web.Response:
        token = token_of(request)
        tags = ["normal", "test_user"] if "live" not in token else ["normal"]
        return answer({"id": collector_of(token), "site_id": "MLA", "country_id": "AR", "tags": tags})

    async def _token(self, request: web.Request) -> web.Response:
        asked = await body(request)
        client = f"{asked.get('client_id')}/{asked.get('client_secret')}"
        grants = self._ledger.books.table("grants")
        match asked.get("grant_type"):
            case "authorization_code":
                proof = str(asked.get("code") or "")
            case "refresh_token":
                # Each refresh token serves once: the next one is in the answer.
                proof = str(asked.get("refresh_token") or "")
                if grants.get(proof) != client:
                    raise refusal(400, "invalid refresh token", "invalid_grant")
                del grants[proof]
            case _:
                raise refusal(400, "grant_type invalid", "unsupported_grant_type")
        if not proof or not asked.get("client_id") or not asked.get("client_secret"):
            raise refusal(400, "the client or the code is not valid", "invalid_grant")
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

    def _payment(self, request: web.Request) -> Any:
        collector = collector_of(token_of(request))
        found = self._ledger.books.table("payments").get(request.match_info["id"])
        if found is None or found["collector_id"] != collector:
            raise refusal(404, "Payment not found", "not_found", 2000)
        return found
