"""Production knows the real providers alone."""

import base64

import pytest

from baas.core.settings import SettingsError, load_settings

PRODUCTION = {
    "BAAS_ENVIRONMENT": "production",
    **{
        f"BAAS_DATABASE{role}_URL": "postgresql://role:password@db.example/baas"
        for role in ("", "_RELAY", "_AUTH", "_OPERATOR")
    },
    "BAAS_REDIS_URL": "redis://redis.example/0",
    "BAAS_SECRET": "s" * 40,
    "BAAS_ENCRYPTION_KEYS": base64.b64encode(b"k" * 32).decode(),
    "BAAS_BASE_URL": "https://api.example",
}


@pytest.mark.parametrize("name", ["BAAS_MERCADOPAGO_URL", "BAAS_STRIPE_URL"])
def test_an_address_without_tls_is_refused(name: str) -> None:
    """So no simulator can be put in a provider's place; without any address it is the provider's own."""
    settings = load_settings(PRODUCTION)
    assert settings.mercadopago_url == "https://api.mercadopago.com"
    assert settings.stripe_url == "https://api.stripe.com"
    with pytest.raises(SettingsError, match=name):
        load_settings({**PRODUCTION, name: "http://127.0.0.1:8002"})
