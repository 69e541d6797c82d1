"""A likeness of Stripe: Checkout Sessions, PaymentIntents, refunds, disputes, Connect, endpoints, events."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from aiohttp import web

from baas.simulators.base import Simulator
from baas.simulators.books import application
from baas.simulators.stripe.api import Api
from baas.simulators.stripe.ledger import CARD, Ledger, signed_headers
from baas.simulators.stripe.pages import Pages

__all__ = ["CARD", "StripeSimulator", "signed_headers"]


class StripeSimulator(Ledger, Simulator):
    """One Stripe with all its accounts."""

    title = "Stripe"
    setting = "BAAS_STRIPE_URL"
    events = MappingProxyType(
        {
            "payment_intent.succeeded": "approved",
            "payment_intent.payment_failed": "rejected",
            "payment_intent.processing": "pending",
            "payment_intent.canceled": "cancelled",
            "checkout.session.completed": "approved",
            "checkout.session.expired": "expired",
            "charge.refunded": "refunded",
            "refund.failed": "refund_failed",
            "charge.dispute.created": "charged_back",
            "account.application.deauthorized": "deauthorized",
        }
    )

    def app(self) -> web.Application:
        """The web application."""
        return application(self.books, self.notifier, [*Api(self).routes(), *Pages(self).routes()])

    @staticmethod
    def account(store: str) -> tuple[dict[str, str], str | None]:
        """A secret key; the secret comes with the endpoint that is made for it."""
        return {"secret_key": f"sk_test_{store}"}, None

    @staticmethod
    def signed(secret: str, notification: Mapping[str, Any], at: float) -> tuple[bytes, dict[str, str]]:
        """Stripe signs each try anew: what is late is the event, not its signature."""
        body = msgspec.json.encode({**notification["body"], "created": int(at)})
        return body, signed_headers(secret, body)
