"""A likeness of Stripe: Checkout Sessions, PaymentIntents, refunds, disputes, Connect, endpoints, events."""

from aiohttp import web

from baas.simulators.books import application
from baas.simulators.stripe.api import Api
from baas.simulators.stripe.ledger import CARD, Ledger, signed_headers
from baas.simulators.stripe.pages import Pages

__all__ = ["CARD", "StripeSimulator", "signed_headers"]


class StripeSimulator(Ledger):
    """One Stripe with all its accounts."""

    def app(self) -> web.Application:
        """The web application."""
        return application(self.books, self.notifier, [*Api(self).routes(), *Pages(self).routes()])
