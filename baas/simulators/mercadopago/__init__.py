"""A likeness of Mercado Pago: preferences, payments with their statuses, refunds, charge-backs, OAuth, webhooks."""

from aiohttp import web

from baas.simulators.books import application
from baas.simulators.mercadopago.api import Api
from baas.simulators.mercadopago.ledger import CARD, Ledger
from baas.simulators.mercadopago.pages import Pages
from baas.simulators.mercadopago.wire import signed_headers, webhook_secret

__all__ = ["CARD", "MercadoPagoSimulator", "signed_headers", "webhook_secret"]


class MercadoPagoSimulator(Ledger):
    """One Mercado Pago with all its sellers."""

    def app(self) -> web.Application:
        """The web application."""
        return application(self.books, self.notifier, [*Api(self).routes(), *Pages(self).routes()])
