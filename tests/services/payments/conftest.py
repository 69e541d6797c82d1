"""The simulated providers, for every test of payments."""

from tests.services.payments.simulated import (
    mercadopago,
    mercadopago_running,
    provider,
    stripe,
    stripe_running,
)

__all__ = ["mercadopago", "mercadopago_running", "provider", "stripe", "stripe_running"]
