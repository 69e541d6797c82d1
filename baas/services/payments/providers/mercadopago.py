"""Mercado Pago, Checkout Pro by preferences: `/checkout/preferences`, `/v1/payments`, refunds, OAuth.

Spoken over our own HTTP client and not the SDK, whose limits would cost correctness here: it blocks, opens
a connection for each call, sends a random idempotency key with every request unless told otherwise, reads
amounts as floats, and refuses millisecond timestamps when asked to look at a signature's age.

One preference may have several payments (rejected, then approved; or two approved): each is a snapshot.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from baas.core.db import StoreWork
from baas.core.outgoing.http import OutgoingClient
from baas.core.scope import Mode
from baas.core.values import clock, ids, money
from baas.core.values.ids import Kind
from baas.services.payments.providers import states
from baas.services.payments.providers.amounts import (
    InexpressibleAmount,
    from_mercadopago,
    mercadopago_exponent,
    to_mercadopago,
)
from baas.services.payments.providers.base import (
    Account,
    AccountCheck,
    Handle,
    Inbound,
    NewAttempt,
    Notification,
    NotificationRefused,
    Opened,
    ProviderRefused,
    RefundAsked,
    RefundSnapshot,
    SearchPage,
    Snapshot,
)
from baas.services.payments.providers.wire import Address, Wire, decode
from baas.services.payments.schemas import PaymentStatus, Redirect

API: Final = "https://api.mercadopago.com"
_REQUIRED: Final = frozenset({"access_token"})
_OAUTH: Final = frozenset({"client_id", "client_secret", "code", "redirect_uri"})
_OPTIONAL: Final = _OAUTH | {
    *("public_key", "refresh_token", "user_id", "expires_at", "code_verifier", "marketplace_fee_bp")
}
_RENEW_BEFORE: Final = timedelta(days=30)
_SEARCH_PAGE: Final = 50
_MAX_NOTIFICATION_URL: Final = 248
_FOLLOWED: Final = frozenset({"payment", "topic_chargebacks_wh", "chargebacks"})


class MercadoPagoOptions(msgspec.Struct, frozen=True):
    """What only Mercado Pago understands of an attempt: nothing yet."""


# D-026: over our own client instead of the official SDK.
class MercadoPago:
    """The kind: for every store, over the network, with a seller's access token."""

    name: Final = "mercadopago"
    in_process: Final = False
    modes: Final = frozenset(Mode)
    credentials: Final = _REQUIRED
    optional_credentials: Final = _OPTIONAL
    options: Final = MercadoPagoOptions
    panel: Final = "the panel of your application"
    platform_secrets: Final = ()

    def __init__(self, http: OutgoingClient, url: str = API) -> None:
        self._http = http
        self._address = Address(url)
        self.url = url

    def missing(self, names: Collection[str]) -> frozenset[str]:
        """What these credentials lack: an access token, or all that redeems an OAuth code."""
        return frozenset() if frozenset(names) >= _OAUTH else _REQUIRED - frozenset(names)

    def objection(self, attempt: NewAttempt) -> tuple[str, str] | None:
        """An amount that Mercado Pago cannot say, or a notification address that it would cut."""
        try:
            to_mercadopago(attempt.amount, attempt.currency)
        except InexpressibleAmount as error:
            return "amount", str(error)
        if attempt.notification_url is not None and len(attempt.notification_url) > _MAX_NOTIFICATION_URL:
            return "provider", "the deployment's address is too long for Mercado Pago's notifications"
        return None

    def is_of_platform(self, credentials: Collection[str]) -> bool:
        """There is no platform."""
        return False

    def addressed(self, inbound: Inbound) -> None:
        """Each preference names the address of its own store."""

    def connect(self, work: StoreWork | None, account: Account | None) -> "MercadoPagoProvider":
        """Mercado Pago with this account."""
        if account is None:
            raise TypeError("Mercado Pago needs an account.")
        return MercadoPagoProvider(self._http, self._address, account)


class MercadoPagoProvider:
    """Mercado Pago as one seller sees it."""

    def __init__(self, http: OutgoingClient, address: Address, account: Account) -> None:
        self._account = account
        self._given = account.credentials
        self._address = address
        self._wire = Wire(
            http,
            address,
            token=self._given.get("access_token", ""),
            secrets=self._given.values(),
            refusal=_refusal,
        )

    async def check(self) -> AccountCheck:
        """Ask who the token belongs to. Only old test tokens and test users can be told from live ones."""
        me = await self._wire.get("/users/me")
        if not isinstance(me, dict) or "id" not in me:
            raise ProviderRefused("These are not the credentials of a seller.", code="unauthorized")
        is_test = self._given.get("access_token", "").startswith("TEST-") or "test_user" in (
            me.get("tags") or ()
        )
        return AccountCheck(account_id=str(me["id"]), is_test=True if is_test else None)

    async def subscribe(self, url: str) -> None:
        """Each preference names its own address; the secret is shown in the seller's panel alone."""

    async def unsubscribe(self, url: str) -> None:
        """Nothing was subscribed."""

    async def renew(self) -> Mapping[str, str] | None:
        """Redeem an OAuth code, or refresh a token in its last month. The refresh token changes with each use."""
        given = self._given
        if "code" in given:
            asked = {"grant_type": "authorization_code"} | {
                name: given[name] for name in ("code", "redirect_uri", "code_verifier") if name in given
            }
        elif "refresh_token" in given and self._ends_soon():
            asked = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
        else:
            return None
        answer = await self._wire.post(
            "/oauth/token",
            asked
            | {"client_id": given.get("client_id", ""), "client_secret": given.get("client_secret", "")},
        )
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise ProviderRefused("Mercado Pago gave no token for this.", code="unauthorized")
        kept = {
            name: value
            for name, value in given.items()
            if name not in {"code", "redirect_uri", "code_verifier"}
        }
        ends = clock.now() + timedelta(seconds=int(answer.get("expires_in") or 15_552_000))
        kept |= {"access_token": str(answer["access_token"]), "expires_at": clock.rfc3339(ends)}
        for name in ("refresh_token", "user_id", "public_key"):
            if answer.get(name):
                kept[name] = str(answer[name])
        return kept

    def _ends_soon(self) -> bool:
        try:
            ends = datetime.fromisoformat(self._given["expires_at"])
        except (KeyError, ValueError):
            return True
        return ends - clock.now() < _RENEW_BEFORE

    async def create(self, attempt: NewAttempt) -> Opened:
        """Make a preference; the payer goes to its `init_point`."""
        reference = ids.encode(Kind.PAYMENT, attempt.payment_id)
        amount = to_mercadopago(attempt.amount, attempt.currency)
        body: dict[str, Any] = {
            "items": [
                {
                    "id": reference,
                    "title": (attempt.description or reference)[:250],
                    "quantity": 1,
                    "currency_id": attempt.currency,
                    "unit_price": amount,
                }
            ],
            "external_reference": reference,
            "metadata": {"baas_payment": reference},
        }
        if attempt.payer_email:
            body["payer"] = {"email": attempt.payer_email}
        if attempt.notification_url:
            body["notification_url"] = attempt.notification_url + "?source_news=webhooks"
        # The real one drops plain http in silence, and then refuses auto_return for want of an address.
        if attempt.return_url and (attempt.return_url.startswith("https://") or self._address.is_simulated):
            body["back_urls"] = dict.fromkeys(("success", "pending", "failure"), attempt.return_url)
            body["auto_return"] = "approved"
        fee = self._given.get("marketplace_fee_bp")
        if fee:
            part = money.apply_rate(attempt.amount, int(fee))
            body["marketplace_fee"] = _rounded_down(part, attempt.currency)
        made = await self._wire.post("/checkout/preferences", body, key=attempt.idempotency_key)
        # `sandbox_init_point` is not to be used, for tests either.
        return Opened(session=str(made["id"]), next_action=Redirect(made["init_point"]))

    async def fetch(self, handle: Handle) -> Sequence[Snapshot]:
        """The payments of our attempt: the one that is named as it is now, and its siblings by our reference."""
        if handle.chargeback_id is not None:
            return await self._of_chargeback(handle.chargeback_id)
        found: dict[str, Snapshot] = {}
        if handle.payment_id is not None:
            reference = ids.encode(Kind.PAYMENT, handle.payment_id)
            page = await self._search(
                {"external_reference": reference, "sort": "date_created", "range": "date_created"},
                clock.now() - timedelta(days=364),
                clock.now() + timedelta(minutes=10),
            )
            found = {snapshot.provider_payment_id: snapshot for snapshot in map(_snapshot, page)}
        if handle.provider_payment_id is not None:
            # The list may lag behind: the payment itself has the last word.
            payment = await self._wire.get(f"/v1/payments/{handle.provider_payment_id}")
            if payment is not None:
                found[str(payment["id"])] = _snapshot(payment)
        return sorted(found.values(), key=lambda snapshot: int(snapshot.provider_payment_id))

    async def _of_chargeback(self, chargeback_id: str) -> Sequence[Snapshot]:
        chargeback = await self._wire.get(f"/v1/chargebacks/{chargeback_id}")
        payments = (chargeback or {}).get("payments") or ()
        answers = [await self._wire.get(f"/v1/payments/{int(identity)}") for identity in payments[:10]]
        return [_snapshot(answer) for answer in answers if answer is not None]

    async def refund(self, asked: RefundAsked) -> RefundSnapshot:
        """Give money back; the amount is always said, so that what was refunded in the panel is not guessed."""
        answer = await self._wire.post(
            f"/v1/payments/{asked.handle.provider_payment_id}/refunds",
            {"amount": to_mercadopago(asked.amount, asked.currency)},
            key=asked.idempotency_key,
        )
        return _refund(answer, asked.currency)

    async def receive(self, inbound: Inbound) -> Notification:
        """Verify a notification by its manifest. What is asked about is what was signed: the id in the address."""
        secret = self._account.webhook_secret
        query = inbound.query
        data_id = query.get("data.id") or query.get("id")
        if secret is None or not verified(
            secret, inbound.headers.get("x-signature", ""), data_id, inbound.headers.get("x-request-id")
        ):
            raise NotificationRefused("The signature is not that of this store's application.")
        try:
            body = decode(inbound.body) if inbound.body else {}
        except msgspec.DecodeError:
            body = {}
        if not isinstance(body, dict):
            body = {}
        topic = str(query.get("type") or query.get("topic") or body.get("type") or "")[:80]
        action = str(body.get("action") or topic)[:80]
        if data_id is None and isinstance(body.get("data"), dict):
            data_id = str(body["data"].get("id") or "") or None
        notification_id = str(body.get("id") or inbound.headers.get("x-request-id") or data_id)[:100]
        return Notification(
            event_id=f"{topic}:{action}:{notification_id}",
            event_type=action or "unknown",
            handle=_handle(topic, data_id),
            alarm=_alarm(topic, action, data_id),
        )

    async def search(self, *, since: datetime, until: datetime, cursor: str | None) -> SearchPage:
        """What was last changed in a time, oldest first."""
        begin, offset = since, 0
        if cursor is not None:
            text, _, number = cursor.partition("|")
            begin, offset = datetime.fromisoformat(text), int(number)
        query = {"sort": "date_last_updated", "range": "date_last_updated", "offset": offset}
        rows = await self._search(query, begin, until)
        items = tuple(map(_snapshot, rows))
        if len(rows) < _SEARCH_PAGE:
            return SearchPage(items, None)
        # From the last moment on and not by number: what changes meanwhile would shift the numbers.
        last = items[-1].updated_at
        if last is None or last <= begin:
            return SearchPage(items, f"{begin.isoformat()}|{offset + len(rows)}")
        return SearchPage(items, f"{last.isoformat()}|0")

    async def _search(self, query: Mapping[str, Any], begin: datetime, end: datetime) -> list[Any]:
        answer = await self._wire.get(
            "/v1/payments/search",
            {"criteria": "asc", "limit": _SEARCH_PAGE}
            | dict(query)
            | {"begin_date": _moment(begin), "end_date": _moment(end)},
        )
        return list((answer or {}).get("results") or ())


def verified(secret: str, header: str, data_id: str | None, request_id: str | None) -> bool:
    """Whether an `x-signature` fits: over the id as received, or lower-cased, which its SDKs disagree about.

    The age is not looked at: Mercado Pago states no tolerance and repeats for days.
    """
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    stamp, given = parts.get("ts", "").strip(), parts.get("v1", "").strip()
    if not stamp or not given or not given.isascii():
        return False
    for identity in dict.fromkeys((data_id, data_id.lower() if data_id else data_id)):
        expected = sign(secret, identity, request_id, stamp)
        if hmac.compare_digest(expected, given):
            return True
    return False


def sign(secret: str, data_id: str | None, request_id: str | None, stamp: str) -> str:
    """The `v1` of a notification: a missing value drops its whole pair from the manifest."""
    pairs = (("id", data_id), ("request-id", request_id), ("ts", stamp))
    manifest = "".join(f"{name}:{value};" for name, value in pairs if value)
    return hmac.new(secret.encode(), manifest.encode(), "sha256").hexdigest()


def _handle(topic: str, data_id: str | None) -> Handle | None:
    if topic not in _FOLLOWED or data_id is None or not data_id.isascii() or not data_id.isdigit():
        return None
    if topic == "payment":
        return Handle(payment_id=None, session=None, provider_payment_id=data_id)
    return Handle(payment_id=None, session=None, provider_payment_id=None, chargeback_id=data_id)


def _alarm(topic: str, action: str, data_id: str | None) -> str | None:
    """What is told once, and by nothing else: a fraud that was seen, a seller who took the permission back."""
    about = (data_id or "")[:40]
    if topic == "stop_delivery_op_wh":
        return f"Mercado Pago suspects a fraud: do not deliver, and cancel the order ({about})."
    if topic == "mp-connect" and "deauthorized" in action:
        return f"The seller took the permission of this application back ({about})."
    return None


def _snapshot(payment: Any) -> Snapshot:
    status, detail = str(payment.get("status")), payment.get("status_detail")
    state = states.mercadopago(status, detail)
    currency = str(payment.get("currency_id"))
    amount = _amount(payment.get("transaction_amount"), currency)
    refunded = _amount(payment.get("transaction_amount_refunded"), currency)
    if state.is_charged_back:
        refunded = amount
    our_status = state.status
    if our_status is PaymentStatus.PAID and 0 < refunded < amount:
        our_status = PaymentStatus.PARTIALLY_REFUNDED
    elif our_status is PaymentStatus.REFUNDED and not refunded:
        refunded = amount
    return Snapshot(
        provider_payment_id=str(payment["id"]),
        reference=payment.get("external_reference"),
        status=our_status,
        provider_status=f"{status}/{detail}" if detail else status,
        amount=amount,
        currency=currency,
        amount_refunded=refunded,
        in_progress=state.in_progress,
        live_mode=payment.get("live_mode"),
        failure_code=state.failure_code,
        updated_at=_time(payment.get("date_last_updated")),
        refunds=tuple(_refund(refund, currency) for refund in payment.get("refunds") or ()),
    )


def _refund(refund: Any, currency: str) -> RefundSnapshot:
    status = states.mercadopago_refund(refund.get("status"))
    return RefundSnapshot(
        provider_refund_id=str(refund["id"]),
        amount=_amount(refund.get("amount"), currency),
        status=status,
        failure_code=str(refund.get("status")) if status == "failed" else None,
    )


def _amount(value: Decimal | int | str | None, currency: str) -> int:
    """The amount in our units; -1, which fits nothing and is flagged, for one that our currency does not have."""
    try:
        return from_mercadopago(value, currency)
    except (InexpressibleAmount, money.InvalidMoney):
        return -1


def _rounded_down(amount: int, currency: str) -> Decimal:
    step = 10 ** (money.exponent(currency) - mercadopago_exponent(currency))
    return to_mercadopago(amount - amount % step, currency)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _time(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refusal(data: Any) -> tuple[str, str | None]:
    """Message and code of an error's body."""
    if not isinstance(data, dict):
        return "Mercado Pago refused this.", None
    cause = data.get("cause")
    first = cause[0] if isinstance(cause, list) and cause and isinstance(cause[0], dict) else {}
    message = str(data.get("message") or first.get("description") or "Mercado Pago refused this.")
    code = first.get("code") or data.get("error")
    return message, None if code is None else str(code)
