"""A shop in memory: the whole API by its document's examples, and the parts that a shop's code relies on by rules.

Carts add up, checkouts take stock and refuse what is not there, payments are paid when the test says so,
orders move from state to state, idempotency keys replay, pages end. Everything else answers what it was
sent over the example of the documentation.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from baas_sdk._async.client import AsyncClient
from baas_sdk._models.events import Event
from baas_sdk._models.operations import OPERATIONS
from baas_sdk._request import BASE_PATH
from baas_sdk._sync.client import Client
from baas_sdk.errors import BY_CODE
from baas_sdk.testing import _rules
from baas_sdk.testing._events import SignedEvent, event, examples, new_id, signed_event
from baas_sdk.testing._state import Refused, State, moment

ADDRESS = "http://fake.shop"
SECRET_KEY = "sk_test_of_the_fake_shop"  # noqa: S105  opens nothing
PUBLISHABLE_KEY = "pk_test_of_the_fake_shop"

_STATUSES = {
    "unauthenticated": 401, "invalid_api_key": 401, "plan_limit_exceeded": 402, "insufficient_scope": 403,
    "store_inactive": 403, "not_found": 404, "conflict": 409, "insufficient_stock": 409, "price_changed": 409,
    "invalid_transition": 409, "idempotency_in_progress": 409, "payment_provider_unconfigured": 409,
    "validation_error": 422, "idempotency_key_reused": 422, "rate_limited": 429, "internal_error": 500,
    "payment_provider_error": 502, "unavailable": 503,
}  # fmt: skip


@dataclass(frozen=True)
class FakeCall:
    """One request that the fake shop got."""

    operation: str
    """Its place in the client, such as `payments.create`."""
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: Mapping[str, str]


@dataclass
class _Refusal:
    code: str
    status: int
    details: dict[str, Any]
    left: int


@dataclass
class FakeShop:
    """A shop without a server."""

    currency: str = "ARS"
    calls: list[FakeCall] = field(default_factory=list)
    """Every request, in order."""

    def __post_init__(self) -> None:
        self.state: State = State(self.currency)
        self._refusals: dict[str, list[_Refusal]] = {}
        self._answers: dict[str, tuple[bytes, int, dict[str, Any]]] = {}
        self.transport: httpx.MockTransport = httpx.MockTransport(self._handle)
        """For an HTTP client of your own."""

    def client(self, api_key: str = SECRET_KEY, **options: Any) -> Client:
        """A client of this shop."""
        http = httpx.Client(transport=self.transport)
        return Client(api_key, base_url=ADDRESS, http_client=http, **options)

    def async_client(self, api_key: str = SECRET_KEY, **options: Any) -> AsyncClient:
        """An asynchronous client of this shop."""
        http = httpx.AsyncClient(transport=self.transport)
        return AsyncClient(api_key, base_url=ADDRESS, http_client=http, **options)

    def add_product(self, name: str, *, price: int, on_hand: int | None = None, **fields: Any) -> str:
        """Put a product with one variant on the shelf; answers the id of the variant."""
        variant = {"price": price, "on_hand": on_hand}
        made = _rules.create_product(self.state, {"name": name, "variants": [variant], **fields})
        return str(made["variants"][0]["id"])

    def pay(self, payment_id: str) -> None:
        """The payer pays: the payment is paid, and the order it belongs to."""
        _rules.settle(self.state, payment_id, "paid")

    def decline(self, payment_id: str) -> None:
        """The payment fails."""
        _rules.settle(self.state, payment_id, "failed")

    def refuse(
        self, operation: str, code: str, *, status: int | None = None, times: int = 1, **details: Any
    ) -> None:
        """Refuse the next calls of an operation: `fake.refuse("payments.create", "rate_limited", times=3)`."""
        if operation not in {place for _, _, place in OPERATIONS.values()}:
            raise ValueError(f"There is no {operation}; such as: payments.create, storefront.carts.checkout")
        if code not in BY_CODE and status is None:
            raise ValueError(f"Which status comes with {code}?")
        refusal = _Refusal(code, status or _STATUSES.get(code, 400), details, times)
        self._refusals.setdefault(operation, []).append(refusal)

    @property
    def events(self) -> list[Event]:
        """What the shop has told its webhook endpoints so far, also the events that your code published."""
        return [event(item["type"], item["data"], id=item["id"]) for item in self.state.events]

    def deliveries(self, secret: str) -> list[SignedEvent]:
        """The same as signed requests, to give to your endpoint."""
        return [
            signed_event(item["type"], item["data"], secret=secret, id=item["id"])
            for item in self.state.events
        ]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        request_id = new_id("req")
        document: dict[str, Any]
        try:
            status, body, headers = self._answer(request)
            if "file" in body:
                return httpx.Response(status, content=body["file"], headers={"x-request-id": request_id})
            meta = {"request_id": request_id, "timestamp": moment(), "version": "v1"}
            if request.headers.get("prefer") == "dry-run":
                meta["dry_run"] = True  # type: ignore[assignment]  # the one flag among texts
            document = {"success": True, **body, "meta": meta}
        except Refused as refused:
            # The SDK tries again at once: nobody's tests have to wait for its patience.
            again = refused.status == 429 or refused.status >= 500
            status, headers = refused.status, {"retry-after": "0"} if again else {}
            document = {
                "success": False,
                "error": {"code": refused.code, "message": refused.message, "details": refused.details},
                "meta": {"request_id": request_id, "timestamp": moment(), "version": "v1"},
            }
        return httpx.Response(status, json=document, headers={"x-request-id": request_id, **headers})

    def _answer(self, request: httpx.Request) -> tuple[int, dict[str, Any], dict[str, str]]:
        operation, path, found = self._find(request)
        raw = request.read()
        is_json = request.headers.get("content-type", "").startswith("application/json")
        body: Any = json.loads(raw) if is_json and raw else {}
        query = dict(request.url.params)
        place = OPERATIONS[operation][2]
        self.calls.append(FakeCall(place, request.method, path, query, body, dict(request.headers)))
        self._admit(request, path)
        for refusal in self._refusals.get(place, ()):
            if refusal.left > 0:
                refusal.left -= 1
                raise Refused(refusal.code, refusal.status, "Refused by the test.", **refusal.details)
        if operation not in examples()["operations"]:
            return 200, {"file": b"%PDF-1.7 of the fake shop"}, {}
        key = request.headers.get("idempotency-key")
        dry_run = request.headers.get("prefer") == "dry-run"
        asked = f"{request.method} {path} ".encode() + raw
        if key in self._answers and request.method != "GET":
            known, status, answer = self._answers[key]
            if known != asked:
                raise Refused(
                    "idempotency_key_reused", 422, "This Idempotency-Key was used for another request."
                )
            return status, copy.deepcopy(answer), {"idempotent-replayed": "true"}
        before = copy.deepcopy(self.state) if dry_run else None
        try:
            data = _rules.perform(self.state, operation, path, found, query, body)
        finally:
            if before is not None:
                self.state = before
        answer = _paged(data, query) if examples()["operations"][operation]["paged"] else {"data": data}
        status = int(examples()["operations"][operation]["status"])
        answer = copy.deepcopy(answer)
        if key is not None and not dry_run and request.method != "GET":
            self._answers[key] = (asked, status, answer)
        return status, answer, {}

    def _find(self, request: httpx.Request) -> tuple[str, str, dict[str, str]]:
        path = request.url.path.removeprefix(BASE_PATH)
        best: tuple[int, str, dict[str, str]] | None = None
        for operation, (method, template, _) in OPERATIONS.items():
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                # orders/stats before orders/{order_id}
                rank = template.count("{")
                if best is None or rank < best[0]:
                    best = (rank, operation, match.groupdict())
        if best is None:
            raise Refused("not_found", 404, f"{request.method} {path} is no endpoint.")
        return best[1], path, best[2]

    def _admit(self, request: httpx.Request, path: str) -> None:
        key = request.headers.get("x-api-key", "")
        if key not in {SECRET_KEY, PUBLISHABLE_KEY}:
            raise Refused("invalid_api_key", 401, "This key is not valid.")
        if key == PUBLISHABLE_KEY and not path.startswith("/storefront/"):
            raise Refused("insufficient_scope", 403, "This key may not do that.", needs="admin")


def _paged(items: Any, query: Mapping[str, str]) -> dict[str, Any]:
    limit, start = int(query.get("limit", 20)), int(query.get("cursor", 0))
    has_more = len(items) > start + limit
    pagination = {
        "limit": limit,
        "has_more": has_more,
        "next_cursor": str(start + limit) if has_more else None,
        "total": len(items) if query.get("include") == "total" else None,
    }
    return {"data": items[start : start + limit], "pagination": pagination}
