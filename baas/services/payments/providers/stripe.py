"""Stripe: Checkout Sessions (a page of Stripe's) and PaymentIntents (the shop's own page with Elements).

Spoken with the official asynchronous client. With `stripe_account` among the credentials everything happens
on that connected account (direct charges), and `application_fee_bp` of each payment goes to the platform.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final

import msgspec

from baas.core.db import StoreWork
from baas.core.outgoing.http import OutgoingClient
from baas.core.scope import Mode
from baas.core.values import ids, money
from baas.core.values.ids import Kind
from baas.services.payments.providers import states
from baas.services.payments.providers.amounts import InexpressibleAmount, from_stripe, to_stripe
from baas.services.payments.providers.base import (
    Account,
    AccountCheck,
    Addressed,
    Handle,
    Inbound,
    NewAttempt,
    Notification,
    NotificationRefused,
    Opened,
    ProviderRefused,
    ProviderUnavailable,
    RefundAsked,
    RefundSnapshot,
    SearchPage,
    Snapshot,
)
from baas.services.payments.providers.stripe_events import (
    CHANGES,
    DEAUTHORIZED,
    EVENTS,
    changed,
    handle_of,
    id_of,
    verified,
)
from baas.services.payments.providers.wire import TIMEOUT, Address
from baas.services.payments.schemas import ClientSecret, PaymentStatus, Redirect, StripeMode

API: Final = "https://api.stripe.com"
_REFERENCE: Final = "baas_payment"
_REFUND_REFERENCE: Final = "baas_refund"
_INTENT: Final = ("latest_charge", "latest_charge.refunds")
_SEARCH_PAGE: Final = 100
_PHASES: Final = ("intents", "refunds", "disputes", "changes")


class StripeOptions(msgspec.Struct, frozen=True):
    """What only Stripe understands of an attempt."""

    stripe_mode: StripeMode = "checkout"


class Stripe:
    """The kind: for every store, over the network, with a secret key."""

    name: Final = "stripe"
    in_process: Final = False
    modes: Final = frozenset(Mode)
    credentials: Final = frozenset({"secret_key"})
    optional_credentials: Final = frozenset({"publishable_key", "stripe_account", "application_fee_bp"})
    options: Final = StripeOptions
    panel: Final = None

    def __init__(self, http: OutgoingClient, url: str = API, platform_secrets: Sequence[str] = ()) -> None:
        """`platform_secrets` are what the endpoint of a platform signs with, for all its connected accounts."""
        self._http = http
        self._address = Address(url)
        self.url = url
        self.platform_secrets = tuple(platform_secrets)

    def missing(self, names: Collection[str]) -> frozenset[str]:
        """What these credentials lack."""
        return self.credentials - frozenset(names)

    def objection(self, attempt: NewAttempt) -> tuple[str, str] | None:
        """An amount that Stripe cannot say, or a page without a way back."""
        try:
            to_stripe(attempt.amount, attempt.currency)
        except InexpressibleAmount as error:
            return "amount", str(error)
        if _is_checkout(attempt) and attempt.return_url is None:
            return "return_url", "Stripe's page needs an address to send the payer back to"
        return None

    def is_of_platform(self, credentials: Collection[str]) -> bool:
        """A connected account has no endpoint of its own."""
        return bool(self.platform_secrets) and "stripe_account" in credentials

    def addressed(self, inbound: Inbound) -> Addressed | None:
        """The connected account that an event of the platform's endpoint names."""
        for secret in self.platform_secrets:
            with suppress(NotificationRefused):
                event = verified(inbound, secret)
                account = event.get("account")
                return Addressed(
                    account_id=account if isinstance(account, str) else "",
                    # A live endpoint of Connect is told of test events as well.
                    is_test=event.get("livemode") is not True,
                    secret=secret,
                )
        if self.platform_secrets:
            raise NotificationRefused("The signature is not that of the platform's endpoint.")
        return None

    def connect(self, work: StoreWork | None, account: Account | None) -> "StripeProvider":
        """Stripe with this account."""
        if account is None:
            raise TypeError("Stripe needs an account.")
        return StripeProvider(self._http, self._address, account)


class StripeProvider:
    """Stripe as one account sees it."""

    def __init__(self, http: OutgoingClient, address: Address, account: Account) -> None:
        given = account.credentials
        self._account = account
        self._key = given.get("secret_key", "")
        self._connected = given.get("stripe_account")
        self._fee = int(given.get("application_fee_bp") or 0)
        # Here, for most processes never speak with Stripe, and its SDK would take ten megabytes of each.
        import stripe

        from baas.services.payments.providers.stripe_http import client_of

        self._sdk = stripe
        self._client = client_of(http, address, self._key, account=self._connected)

    async def check(self) -> AccountCheck:
        """Ask who the key belongs to; its beginning says whether it moves real money."""
        kind, _, rest = self._key.partition("_")
        if kind not in {"sk", "rk"} or not rest.startswith(("test_", "live_")):
            raise ProviderRefused("A secret key begins with sk_ or rk_.", code="unauthorized")
        async with self._asking():
            if self._connected is None:
                account = await self._client.v1.accounts.retrieve_current_async()
            else:
                account = await self._client.v1.accounts.retrieve_async(self._connected)
        return AccountCheck(account_id=str(account.id), is_test=rest.startswith("test_"))

    async def subscribe(self, url: str) -> str | None:
        """Make a webhook endpoint of the version that this client speaks; none for a connected account.

        What happens there is told at its platform's one endpoint.
        """
        return None if self._connected is not None else await self._endpoint(url, list(EVENTS))

    async def subscribe_platform(self, url: str) -> str:
        """Make the one endpoint of a platform, for what happens on all its connected accounts."""
        return await self._endpoint(url, [*EVENTS, DEAUTHORIZED], connect=True)

    async def _endpoint(self, url: str, events: Sequence[str], **more: Any) -> str:
        body: Any = {
            "url": url,
            "enabled_events": list(events),
            "api_version": self._sdk.api_version,
            **more,
        }
        async with self._asking():
            made = await self._client.v1.webhook_endpoints.create_async(body)
        return made.secret or ""

    async def unsubscribe(self, url: str) -> None:
        """Delete the webhook endpoints with this address; a connected account has none."""
        if self._connected is not None:
            return
        endpoints = self._client.v1.webhook_endpoints
        async with self._asking():
            found = await endpoints.list_async({"limit": _SEARCH_PAGE})
            for endpoint in found.data:
                if endpoint.url == url:
                    await endpoints.delete_async(endpoint.id)

    async def renew(self) -> None:
        """Keys do not end."""

    async def create(self, attempt: NewAttempt) -> Opened:
        """Open a Checkout Session, or a PaymentIntent for the shop's own page."""
        reference = ids.encode(Kind.PAYMENT, attempt.payment_id)
        options: Any = {"idempotency_key": attempt.idempotency_key}
        amount, currency = to_stripe(attempt.amount, attempt.currency), attempt.currency.lower()
        metadata = {_REFERENCE: reference}
        intent: dict[str, Any] = {"metadata": metadata}
        if attempt.description:
            intent["description"] = attempt.description[:1000]
        if self._fee and self._connected is not None:
            fee = money.apply_rate(attempt.amount, self._fee)
            intent["application_fee_amount"] = _fee_units(fee, attempt.currency)
        if not _is_checkout(attempt):
            body = {"amount": amount, "currency": currency, "automatic_payment_methods": {"enabled": True}}
            if attempt.payer_email:
                intent["receipt_email"] = attempt.payer_email
            async with self._asking():
                made = await self._client.v1.payment_intents.create_async(body | intent, options)  # type: ignore[arg-type]  # made in parts
            return Opened(session=made.id, next_action=ClientSecret(made.client_secret or ""))
        page: dict[str, Any] = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": currency,
                        "unit_amount": amount,
                        "product_data": {"name": (attempt.description or reference)[:250]},
                    },
                }
            ],
            "client_reference_id": reference,
            # A session's metadata is not handed on to its intent.
            "metadata": metadata,
            "payment_intent_data": intent,
            "success_url": attempt.return_url,
            "cancel_url": attempt.return_url,
        }
        if attempt.payer_email:
            page["customer_email"] = attempt.payer_email
        async with self._asking():
            session = await self._client.v1.checkout.sessions.create_async(page, options)  # type: ignore[arg-type]  # made in parts
        return Opened(session=session.id, next_action=Redirect(session.url or ""))

    async def fetch(self, handle: Handle) -> Sequence[Snapshot]:
        """The intent of our attempt as it is now; nothing while a session has none."""
        intent_id = handle.provider_payment_id
        if intent_id is None or not intent_id.startswith("pi_"):
            intent_id = handle.session or ""
        if intent_id.startswith("cs_"):
            return await self._of_session(intent_id)
        if not intent_id.startswith("pi_"):
            return []
        intent = await self._retrieve_intent(intent_id)
        return [] if intent is None else [await self._snapshot(intent)]

    async def _of_session(self, session_id: str) -> Sequence[Snapshot]:
        expand = ["payment_intent", *(f"payment_intent.{name}" for name in _INTENT)]
        try:
            async with self._asking():
                session = await self._client.v1.checkout.sessions.retrieve_async(
                    session_id, {"expand": expand}
                )
        except ProviderRefused as refusal:
            if refusal.code == "resource_missing":
                return []
            raise
        found = session.to_dict()
        if found.get("payment_intent") is not None:
            return [await self._snapshot(found["payment_intent"])]
        if found["status"] != "expired":
            return []
        currency = str(found.get("currency") or "").upper()
        return [
            Snapshot(
                provider_payment_id=found["id"],
                reference=(found.get("metadata") or {}).get(_REFERENCE),
                status=PaymentStatus.CANCELLED,
                provider_status="session/expired",
                amount=_amount(found.get("amount_total") or 0, currency),
                currency=currency,
                live_mode=found.get("livemode"),
                failure_code="expired",
            )
        ]

    async def _retrieve_intent(self, intent_id: str) -> Mapping[str, Any] | None:
        try:
            async with self._asking():
                intent = await self._client.v1.payment_intents.retrieve_async(
                    intent_id, {"expand": list(_INTENT)}
                )
            return intent.to_dict()
        except ProviderRefused as refusal:
            if refusal.code == "resource_missing":
                return None
            raise

    async def _snapshot(self, intent: Mapping[str, Any]) -> Snapshot:
        """One intent with its charge, its refunds and its disputes."""
        currency = str(intent["currency"]).upper()
        failure = intent.get("last_payment_error")
        error = str(failure.get("decline_code") or failure.get("code") or "failed") if failure else None
        word = str(intent["status"])
        state = states.stripe_intent(word, error=error, cancellation=intent.get("cancellation_reason"))
        amount, refunded = _amount(intent["amount"], currency), 0
        status, code = state.status, state.failure_code
        charge = intent.get("latest_charge")
        refunds: tuple[RefundSnapshot, ...] = ()
        if status is PaymentStatus.PAID:
            amount = _amount(intent["amount_received"], currency)
            if isinstance(charge, dict):
                made = (charge.get("refunds") or {}).get("data", ())
                refunds = tuple(_refund(refund, currency) for refund in made)
                refunded = _amount(charge.get("amount_refunded") or 0, currency)
                dispute = await self._dispute(intent["id"]) if charge.get("disputed") else None
                if dispute is not None:
                    judged = states.stripe_dispute(dispute["status"])
                    word, status, code = f"{word}/{dispute['status']}", judged.status, judged.failure_code
                    if judged.is_charged_back:
                        refunded = min(amount, refunded + _amount(dispute["amount"], currency))
            if status in {PaymentStatus.PAID, PaymentStatus.REFUNDED} and refunded:
                whole = refunded >= amount
                status = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
        return Snapshot(
            provider_payment_id=intent["id"],
            reference=(intent.get("metadata") or {}).get(_REFERENCE),
            status=status,
            provider_status=word,
            amount=amount,
            currency=currency,
            amount_refunded=refunded,
            in_progress=state.in_progress,
            live_mode=intent.get("livemode"),
            failure_code=code,
            refunds=refunds,
        )

    async def _dispute(self, intent_id: str) -> Mapping[str, Any] | None:
        async with self._asking():
            found = await self._client.v1.disputes.list_async({"payment_intent": intent_id, "limit": 1})
        return found.data[0].to_dict() if found.data else None

    async def refund(self, asked: RefundAsked) -> RefundSnapshot:
        """Give money back; with an application fee, its part of the fee too."""
        body: Any = {
            "payment_intent": asked.handle.provider_payment_id,
            "amount": to_stripe(asked.amount, asked.currency),
            "metadata": {_REFUND_REFERENCE: ids.encode(Kind.REFUND, asked.refund_id)},
        }
        if self._fee and self._connected is not None:
            body["refund_application_fee"] = True
        options: Any = {"idempotency_key": asked.idempotency_key}
        async with self._asking():
            made = await self._client.v1.refunds.create_async(body, options)
        return _refund(made.to_dict(), asked.currency)

    async def receive(self, inbound: Inbound) -> Notification:
        """Verify a notification by its signature, whose time may be five minutes old or ahead."""
        event = verified(inbound, self._account.webhook_secret)
        event_type = str(event.get("type"))[:100]
        is_ours = event.get("object") == "event" and event.get("account") == self._connected
        about = (event.get("data") or {}).get("object") if is_ours else None
        return Notification(
            event_id=event["id"][:120],
            event_type=event_type,
            handle=handle_of(event_type, about) if isinstance(about, dict) else None,
            alarm="The account took the platform's permission back."
            if is_ours and event_type == DEAUTHORIZED
            else None,
        )

    async def search(self, *, since: datetime, until: datetime, cursor: str | None) -> SearchPage:
        """Intents, refunds and disputes made in a time, and what happened in it to those made before."""
        phase, _, after = (cursor or f"{_PHASES[0]}:").partition(":")
        query: Any = {
            "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp()) + 1},
            "limit": _SEARCH_PAGE,
        }
        if after:
            query["starting_after"] = after
        service: Any = {
            "intents": self._client.v1.payment_intents,
            "refunds": self._client.v1.refunds,
            "disputes": self._client.v1.disputes,
            "changes": self._client.v1.events,
        }[phase]
        if phase == "intents":
            query["expand"] = [f"data.{name}" for name in _INTENT]
        elif phase == "changes":
            query["types"] = list(CHANGES)
        async with self._asking():
            page = (await service.list_async(query)).to_dict()
        rows = page["data"]
        if phase == "intents":
            items = [await self._snapshot(intent) for intent in rows]
        elif phase == "changes":
            items = [snapshot for handle in changed(rows, since) for snapshot in await self.fetch(handle)]
        else:
            wanted = dict.fromkeys(id_of(row["payment_intent"]) for row in rows if row.get("payment_intent"))
            intents = [await self._retrieve_intent(identity) for identity in wanted]
            items = [await self._snapshot(intent) for intent in intents if intent is not None]
        if page["has_more"]:
            return SearchPage(tuple(items), f"{phase}:{rows[-1]['id']}")
        following = _PHASES.index(phase) + 1
        return SearchPage(tuple(items), f"{_PHASES[following]}:" if following < len(_PHASES) else None)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """The SDK's errors in our words, and a limit on the time of all tries together."""
        try:
            async with asyncio.timeout(TIMEOUT):
                yield
        except (TimeoutError, self._sdk.APIConnectionError, self._sdk.RateLimitError) as error:
            raise ProviderUnavailable(self._clean(str(error))) from error
        except self._sdk.StripeError as error:
            status = error.http_status or 0
            if isinstance(error, self._sdk.APIError) or status >= 500 or status == 409:
                raise ProviderUnavailable(f"Stripe answered {status}.") from error
            code = "unauthorized" if status in {401, 403} else error.code
            raise ProviderRefused(
                self._clean(error.user_message or "Stripe refused this."), code=code
            ) from error

    def _clean(self, message: str) -> str:
        return message.replace(self._key, "***")[:300] if self._key else message[:300]


def _is_checkout(attempt: NewAttempt) -> bool:
    return msgspec.convert(attempt.options, StripeOptions).stripe_mode == "checkout"


def _refund(refund: Mapping[str, Any], currency: str) -> RefundSnapshot:
    return RefundSnapshot(
        provider_refund_id=refund["id"],
        amount=_amount(refund["amount"], currency),
        status=states.stripe_refund(refund["status"]),
        failure_code=refund.get("failure_reason"),
        reference=(refund.get("metadata") or {}).get(_REFUND_REFERENCE),
    )


def _amount(wire: int, currency: str) -> int:
    """The amount in our units; -1, which fits nothing and is flagged, for one that our currency does not have."""
    try:
        return from_stripe(wire, currency)
    except (InexpressibleAmount, money.InvalidMoney):
        return -1


def _fee_units(fee: int, currency: str) -> int:
    """A fee on Stripe's wire, rounded down to what the currency can say there."""
    for less in range(1000):
        try:
            return to_stripe(fee - less, currency)
        except InexpressibleAmount:
            continue
    return 0
