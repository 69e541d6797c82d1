"""Resend, SendGrid and WhatsApp, by their own protocols."""

import asyncio
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from aiohttp import web

from baas.core.db import Database
from baas.services.notifications.phones import digits
from baas.services.notifications.service import sending
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.notifications.providers import TOKEN, Providers
from tests.services.notifications.steps import ORDER, advance, configure, execute, read, send


async def use(shop: Shop, provider: str, api_key: str = TOKEN) -> None:
    await configure(
        shop,
        sender_name="Casa Mate",
        sender_email="hola@casamate.test",
        reply_to="ventas@casamate.test",
        email={"provider": provider, "api_key": api_key},
    )


class TestResend:
    async def test_a_mail_goes_with_its_parts_and_an_idempotency_key(
        self, shop: Shop, provider_worker: Worker, providers: Providers
    ) -> None:
        """And the log keeps Resend's id."""
        await use(shop, "resend")
        identity = await send(shop, template_key="refund", data={"order": ORDER})
        await drain(provider_worker)
        found = await read(shop, identity)
        assert (found["status"], found["provider"], found["provider_message_id"]) == (
            "sent",
            "resend",
            "re_0",
        )
        mail = providers.delivered["re_0"]
        assert mail["from"] == "Casa Mate <hola@casamate.test>"
        assert (mail["to"], mail["reply_to"]) == (["ana@example.com"], ["ventas@casamate.test"])
        assert mail["html"].startswith("<!doctype html>")
        assert "Te devolvimos" in mail["text"]
        assert providers.requests[0]["headers"]["idempotency-key"].startswith(identity)

    async def test_a_worker_that_dies_before_it_records_sends_once(
        self,
        shop: Shop,
        provider_worker: Worker,
        providers: Providers,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The same key and the same words: Resend answers the id of the first."""
        await use(shop, "resend")
        identity = await send(shop, template_key="refund", data={"order": ORDER})
        recorded = sending.record

        async def die(*_arguments: object) -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr(sending, "record", die)
        await drain(provider_worker, "notifications")
        monkeypatch.setattr(sending, "record", recorded)
        scope = await shop.scope(provider_worker)
        sql = "update notifications set claimed_until = null where store_id = $1"
        await execute(database, shop, provider_worker, sql, scope.store_id)
        await advance(shop, "1h")
        await drain(provider_worker)
        assert len(providers.requests) == 2
        assert len(providers.delivered) == 1
        found = await read(shop, identity)
        assert (found["status"], found["provider_message_id"]) == ("sent", "re_0")

    @pytest.mark.parametrize(
        "status, name, outcome",
        [
            (422, "validation_error", "permanent"),
            (403, "invalid_from_address", "configuration"),
            (429, "rate_limit_exceeded", "temporary"),
            (500, "internal_server_error", "temporary"),
        ],
    )
    async def test_a_refusal_is_told_in_words(
        self, shop: Shop, provider_worker: Worker, providers: Providers, status: int, name: str, outcome: str
    ) -> None:
        """And means what the status means."""
        await use(shop, "resend")
        error = {"statusCode": status, "name": name, "message": "because"}
        headers = {"Retry-After": "600"} if status == 429 else {}
        providers.next.append(web.json_response(error, status=status, headers=headers))
        identity = await send(shop)
        await drain(provider_worker)
        found = await read(shop, identity)
        assert found["error"] == f"Resend answered {status}: {name} because"
        assert found["attempt_log"][0]["outcome"] == outcome
        if status == 429:
            await advance(shop, "8m")
            await drain(provider_worker)
            assert (await read(shop, identity))["attempts"] == 1
            await advance(shop, "3m")
            await drain(provider_worker)
            assert (await read(shop, identity))["status"] == "sent"

    async def test_a_wrong_key_is_a_matter_of_the_settings(
        self, shop: Shop, provider_worker: Worker, providers: Providers
    ) -> None:
        """The message waits until they are right."""
        await use(shop, "resend", "wrong")
        identity = await send(shop)
        await drain(provider_worker)
        assert (await read(shop, identity))["attempt_log"][0]["outcome"] == "configuration"
        await use(shop, "resend")
        await advance(shop, "2m")
        await drain(provider_worker)
        assert (await read(shop, identity))["status"] == "sent"
        assert len(providers.delivered) == 1


class TestSendGrid:
    async def test_a_mail_goes_text_first(
        self, shop: Shop, provider_worker: Worker, providers: Providers
    ) -> None:
        """And the log keeps X-Message-Id."""
        await use(shop, "sendgrid")
        identity = await send(shop, template_key="refund", data={"order": ORDER})
        await drain(provider_worker)
        found = await read(shop, identity)
        assert (found["status"], found["provider_message_id"]) == ("sent", "sg-0")
        mail = providers.delivered["sg-0"]
        assert mail["from"] == {"email": "hola@casamate.test", "name": "Casa Mate"}
        assert mail["reply_to"] == {"email": "ventas@casamate.test"}
        assert mail["custom_args"] == {"notification": identity}

    async def test_a_refusal_is_told_in_words(
        self, shop: Shop, provider_worker: Worker, providers: Providers
    ) -> None:
        """With SendGrid's own."""
        await use(shop, "sendgrid", "wrong")
        identity = await send(shop)
        await drain(provider_worker)
        found = await read(shop, identity)
        assert found["error"] == "SendGrid answered 401: The provided authorization grant is invalid"
        assert found["status"] == "pending"


class TestWhatsApp:
    async def test_a_text_goes_over_the_cloud_api(
        self, shop: Shop, provider_worker: Worker, providers: Providers
    ) -> None:
        """To the number as Meta knows it."""
        await configure(shop, whatsapp={"phone_number_id": "555000111", "access_token": TOKEN})
        to = "+54 9 341 555-0101"
        identity = await send(shop, channel="whatsapp", to=to, template_key="refund", data={"order": ORDER})
        await drain(provider_worker)
        found = await read(shop, identity)
        assert (found["status"], found["provider"], found["provider_message_id"]) == (
            "sent",
            "whatsapp",
            "wamid.0",
        )
        assert providers.requests[0]["path"] == "/v23.0/555000111/messages"
        message = providers.delivered["wamid.0"]
        assert message["to"] == "5493415550101"
        assert message["text"]["body"].startswith("*Shop under test* · Reembolso")

    async def test_an_approved_template_is_filled(
        self, shop: Shop, provider_worker: Worker, providers: Providers
    ) -> None:
        """For messages outside the 24 hours, which refuse free text."""
        await configure(shop, whatsapp={"phone_number_id": "555000111", "access_token": TOKEN})
        order = {**ORDER, "number": "#1\n001"}
        common = {"channel": "whatsapp", "template_key": "refund", "data": {"order": order}}
        refused = await send(shop, to="+5493415559999", **common)
        await drain(provider_worker)
        found = await read(shop, refused)
        assert (found["status"], found["attempts"]) == ("failed", 1)
        assert "131047" in found["error"]
        assert "provider_template" in found["error"]
        template = {
            "name": "refund_done",
            "language": "es_AR",
            "parameters": [
                "{{ order.number }}",
                "{{ order.total | money: order.currency }}",
                "{{ nothing }}",
            ],
        }
        body = {"channel": "whatsapp", "locale": "es", "body": "b", "provider_template": template}
        await shop.admin("PUT", "/admin/notification-templates/refund", json=body, expect=200)
        await shop.admin("POST", f"/admin/notifications/{refused}/resend", expect=201)
        await drain(provider_worker)
        assert (await read(shop, refused))["status"] == "sent"
        message = providers.delivered["wamid.0"]
        assert message["template"]["name"] == "refund_done"
        assert message["template"]["language"] == {"code": "es_AR"}
        texts = [part["text"] for part in message["template"]["components"][0]["parameters"]]
        assert texts == ["#1 001", "$ 12.500,00", "-"]

    async def test_a_link_is_made_and_says_honestly_what_it_is(self, shop: Shop, worker: Worker) -> None:
        """`sent` with the address to open; nobody claims that it was read."""
        text = "¡Hola!\n2 × Caña & más 🧉"
        identity = await send(
            shop, channel="whatsapp_link", to="0054 9 11 2233-4455", body=text, subject=None
        )
        await drain(worker)
        found = await read(shop, identity)
        assert (found["status"], found["provider"], found["provider_message_id"]) == ("sent", "wa.me", None)
        parts = urlsplit(found["action_url"])
        assert (parts.scheme, parts.netloc, parts.path) == ("https", "wa.me", "/5491122334455")
        assert "+" not in parts.query
        assert unquote(parts.query.removeprefix("text=")) == text
        assert parse_qs(parts.query) == {"text": [text]}

    async def test_a_long_text_is_cut_to_a_link_that_works(self, shop: Shop, worker: Worker) -> None:
        """Browsers and programs cut longer addresses themselves, in the middle of a letter."""
        identity = await send(shop, channel="whatsapp_link", to="+5491122334455", body="ñandú " * 900)
        await drain(worker)
        url = (await read(shop, identity))["action_url"]
        assert len(url) <= 2000
        assert unquote(url).endswith("…")


@pytest.mark.parametrize(
    "given, expected",
    [
        ("+54 9 11 2233-4455", "5491122334455"),
        ("+54 11 2233-4455", "5491122334455"),
        ("+54 011 15 2233-4455", "5491122334455"),
        ("+54 341 15 555 0101", "5493415550101"),
        ("00 52 1 55 1234 5678", "525512345678"),
        ("+52 55 1234 5678", "525512345678"),
        ("+55 (11) 91234-5678", "5511912345678"),
        ("598 99 123 456", "59899123456"),
        ("12345", None),
        ("call me", None),
        ("+0 11 2233 4455", None),
        ("+" + "1" * 16, None),
    ],
)
def test_numbers_become_what_whatsapp_knows(given: str, expected: str | None) -> None:
    """The ways in which people of the region write a mobile number."""
    assert digits(given) == expected
