"""How a store sends: what goes in, what comes out, and what never does."""

from typing import Any

import pytest

from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.notifications.steps import configure, read, send

PATH = "/admin/notification-settings"


async def test_secrets_go_in_and_never_come_out(shop: Shop) -> None:
    """Neither from the settings nor from the audit log."""
    smtp = {"provider": "smtp", "host": "smtp.example.com", "username": "u", "password": "the-password-0"}
    shown = await configure(shop, sender_email="a@shop.test", email=smtp)
    assert shown["email"] == {
        "provider": "smtp",
        "host": "smtp.example.com",
        "port": 587,
        "security": "starttls",
        "username": "u",
        "has_secret": True,
    }
    whatsapp = {"phone_number_id": "12345", "access_token": "the-token-0"}
    assert (await configure(shop, whatsapp=whatsapp))["whatsapp"] == {
        "phone_number_id": "12345",
        "has_secret": True,
        "has_app_secret": False,
        "has_verify_token": False,
    }
    proofs = {"app_secret": "the-app-secret-0", "verify_token": "the-verify-token-0"}
    await configure(shop, whatsapp={"phone_number_id": "12345", **proofs})
    # What is absent stays.
    assert (await configure(shop, whatsapp={"phone_number_id": "67890"}))["whatsapp"] == {
        "phone_number_id": "67890",
        "has_secret": True,
        "has_app_secret": True,
        "has_verify_token": True,
    }
    everything = (await shop.admin("GET", PATH)).text + (await shop.admin("GET", "/admin/audit-log")).text
    for secret in ("the-password-0", "the-token-0", *proofs.values()):
        assert secret not in everything
    assert "whatsapp_app_secret" in everything
    assert "notification_settings.updated" in everything


async def test_what_is_absent_stays(shop: Shop) -> None:
    """And null takes away."""
    await configure(shop, sender_name="Casa Mate", alerts_to="a@b.test", rules={"refund": {"enabled": False}})
    shown = await configure(shop, reply_to="c@d.test", rules={"low_stock": {"enabled": False}})
    assert (shown["sender_name"], shown["alerts_to"], shown["reply_to"]) == (
        "Casa Mate",
        "a@b.test",
        "c@d.test",
    )
    off = {rule["template_key"] for rule in shown["rules"] if not rule["enabled"]}
    assert off == {"refund", "low_stock"}
    assert (await configure(shop, alerts_to=None))["alerts_to"] is None


async def test_a_password_is_told_to_the_server_it_was_given_for(shop: Shop) -> None:
    """Whoever may change the host does not get the password sent to a host of theirs."""
    smtp: dict[str, Any] = {"provider": "smtp", "host": "smtp.example.com", "username": "u"}
    await configure(shop, sender_email="a@shop.test", email={**smtp, "password": "secret-1"})
    assert (await configure(shop, email={**smtp, "port": 2525}))["email"]["has_secret"] is True
    other = {"email": {**smtp, "host": "evil.example.com"}}
    await shop.admin("PUT", PATH, json=other, expect=422)
    await shop.admin("PUT", PATH, json={"email": {**smtp, "username": "other"}}, expect=422)
    shown = await configure(shop, email={"provider": "resend", "api_key": "re_1"})
    assert shown["email"]["host"] is None
    await shop.admin("PUT", PATH, json={"email": {"provider": "sendgrid"}}, expect=422)
    assert (await configure(shop, email={"provider": "deployment"}))["email"]["has_secret"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"email": {"provider": "resend", "api_key": "k"}},
        {"sender_email": "a@b.test", "email": {"provider": "smtp", "username": "u", "password": "p"}},
        {"sender_email": "a@b.test", "email": {"provider": "smtp", "host": "a b"}},
        {"sender_email": "nobody"},
        {"brand": {"color": "red"}},
        {"brand": {"logo_url": "javascript:alert(1)"}},
        {"brand": {"shadow": "1"}},
        {"whatsapp": {"phone_number_id": "12345"}},
        {"whatsapp": {"phone_number_id": "../../me", "access_token": "x"}},
        {"rules": {"refund": {"channels": []}}},
        {"rules": {"refund": {"channels": ["fax"]}}},
    ],
)
async def test_what_does_not_fit_is_refused(shop: Shop, body: dict[str, Any]) -> None:
    """And nothing is changed."""
    before = await shop.get(PATH)
    await shop.admin("PUT", PATH, json=body, expect=422)
    assert await shop.get(PATH) == before


async def test_the_brand_fills_the_built_in_templates(shop: Shop, worker: Worker) -> None:
    """Without a template of the store's own."""
    await shop.admin("PATCH", "/admin/store", json={"settings": {"brand": {"footer": "from the store"}}})
    brand = {"name": "Mate & Co", "color": "#123456", "logo_url": "https://cdn.test/logo.png"}
    await configure(shop, brand=brand)
    identity = await send(shop, template_key="refund", data={"order": {"number": "#1"}})
    await drain(worker)
    html = (await read(shop, identity))["content"]["html"]
    assert "Mate &amp; Co" in html
    assert "#123456" in html
    assert 'src="https://cdn.test/logo.png"' in html
    assert "from the store" in html


async def test_settings_of_two_stores_are_apart(shop: Shop, other_shop: Shop) -> None:
    """Each sees its own."""
    await configure(shop, sender_name="One", reply_to="one@shop.test")
    shown = await other_shop.get(PATH)
    assert (shown["sender_name"], shown["reply_to"]) == (None, None)
