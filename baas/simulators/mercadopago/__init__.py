"""A likeness of Mercado Pago: preferences, payments with their statuses, refunds, charge-backs, OAuth, webhooks."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from baas.simulators.base import Simulator
from baas.simulators.books import application
from baas.simulators.mercadopago.api import Api
from baas.simulators.mercadopago.ledger import CARD, Ledger
from baas.simulators.mercadopago.pages import Pages
from baas.simulators.mercadopago.wire import signed_headers, webhook_secret

__all__ = ["CARD", "MercadoPagoSimulator", "signed_headers", "webhook_secret"]


class MercadoPagoSimulator(Ledger, Simulator):
    """One Mercado Pago with all its sellers."""

    title = "Mercado Pago"
    setting = "BAAS_MERCADOPAGO_URL"

    def app(self) -> web.Application:
        """The web application."""
        return application(self.books, self.notifier, [*Api(self).routes(), *Pages(self).routes()])

    @staticmethod
    def account(store: str) -> tuple[dict[str, str], str | None]:
        """An access token, and the secret of the application that it belongs to."""
        token = f"APP_USR-{store}"
        return {"access_token": token}, webhook_secret(token)

    @staticmethod
    def signed(secret: str, notification: Mapping[str, Any], at: float) -> tuple[bytes, dict[str, str]]:
        """The signature is over the id of what it is about and the time, not over the body."""
        body = notification["body"]
        return msgspec.json.encode(body), signed_headers(secret, str(body["data"]["id"]), at=at)
