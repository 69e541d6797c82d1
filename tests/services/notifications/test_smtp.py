"""Mail over a real SMTP server, and over ones that refuse, hang up, and say nothing."""

import asyncio
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from baas.core.db import Database
from baas.services.notifications import policy
from baas.services.notifications.service import sending
from baas.worker import Worker
from tests.clients import Shop, drain, provision
from tests.conftest import OPERATOR_KEY
from tests.services.notifications.conftest import MakeWorker
from tests.services.notifications.mailserver import MailServer, bad_server, busy, drop, hang, mail_server
from tests.services.notifications.steps import (
    ORDER,
    advance,
    configure,
    execute,
    read,
    send,
    use_smtp,
)


class TestARealServer:
    async def test_mail_goes_encrypted_and_logged_in_as_valid_mime(
        self, shop: Shop, worker: Worker, smtp: MailServer
    ) -> None:
        """Text and HTML, the store's name and reply address, a Message-ID of its own."""
        await use_smtp(shop, smtp.port)
        await configure(shop, sender_name="Casa Mate", reply_to="hola@casamate.test")
        identity = await send(shop, template_key="order_confirmation", data={"order": ORDER})
        await drain(worker)
        sent = await read(shop, identity)
        assert (sent["status"], sent["provider"], sent["error"]) == ("sent", "smtp", None), sent
        (got,) = smtp.mails
        assert got.encrypted
        assert got.authenticated
        assert (got.sender, got.recipients) == ("ventas@casamate.test", ["ana@example.com"])
        mail = got.mail
        assert mail["From"] == "Casa Mate <ventas@casamate.test>"
        assert (mail["To"], mail["Reply-To"]) == ("ana@example.com", "hola@casamate.test")
        assert mail["Subject"] == "Recibimos tu pedido #1001"
        assert mail["Message-ID"] == f"<{identity}@casamate.test>" == sent["provider_message_id"]
        assert mail["Auto-Submitted"] == "auto-generated"
        assert parsedate_to_datetime(mail["Date"]).year >= 2024
        assert mail.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert "Hola, Ana:" in got.part("plain")
        assert "<!doctype html>" in got.part("html")
        assert all(len(line) <= 998 for line in got.raw.split(b"\r\n"))

    async def test_a_server_that_speaks_tls_from_the_first_byte(
        self, shop: Shop, worker: Worker, pem: Path, trusted: None
    ) -> None:
        """As on port 465, with a login."""
        async with mail_server(pem, implicit=True) as server:
            await use_smtp(shop, server.port, security="tls")
            identity = await send(shop)
            await drain(worker)
            found = await read(shop, identity)
        assert (found["status"], found["provider"], found["error"]) == ("sent", "smtp", None)
        (got,) = server.mails
        assert got.authenticated
        assert got.mail["Message-ID"] == f"<{identity}@casamate.test>"

    async def test_names_with_line_breaks_emoji_and_markup_arrive_whole(
        self, shop: Shop, worker: Worker, smtp: MailServer
    ) -> None:
        """They add no header and run no script."""
        await use_smtp(shop, smtp.port)
        name = 'Ana\r\nBcc: victim@example.com\r\n\r\n<script>alert("1")</script> 🧉'
        await configure(shop, sender_name=f"Tienda {name}"[:100])
        address = {"name": "José\nÑandú 🧉", "line1": "<script>x</script>", "city": "São Paulo"}
        item = {"product_name": name, "quantity": 1, "total": 100}
        order = {**ORDER, "number": f"#1 {name}", "items": [item], "shipping_address": address}
        await send(shop, template_key="order_confirmation", data={"order": order})
        await drain(worker)
        (got,) = smtp.mails
        mail = got.mail
        assert got.recipients == ["ana@example.com"]
        assert mail["Bcc"] is None
        assert "🧉" in mail["Subject"]
        assert "<script>" not in got.part("html")
        assert "José" in got.part("plain")
        assert "🧉" in got.part("html")

    async def test_a_domain_beyond_ascii_is_encoded(
        self, shop: Shop, worker: Worker, smtp: MailServer
    ) -> None:
        """A mailbox beyond ASCII is refused for good, in words."""
        await use_smtp(shop, smtp.port)
        await send(shop, to="ana@ñandú.example")
        failed = await send(shop, to="ñandú@example.com")
        await drain(worker)
        assert [mail.recipients for mail in smtp.mails] == [["ana@xn--and-6ma2c.example"]]
        found = await read(shop, failed)
        assert (found["status"], found["attempts"]) == ("failed", 1)
        assert "not plain ASCII" in found["error"]

    async def test_the_deployment_sends_for_live_stores_without_a_provider(
        self, http: object, make_worker: MakeWorker, smtp: MailServer
    ) -> None:
        """From its own address, with the store's name; mail of test stores stays in the viewer."""
        worker = await make_worker(
            smtp_url=f"smtp://shop%40mail.test:a%20password%20of%20the%20tests@localhost:{smtp.port}",
            mail_from="no-reply@baas.test",
        )
        live = await provision(http, OPERATOR_KEY, mode="live", name="Tienda Viva")  # type: ignore[arg-type]  # the fixture's own type
        trial = await provision(http, OPERATOR_KEY)  # type: ignore[arg-type]  # the fixture's own type
        real, kept = await send(live), await send(trial)
        await drain(worker)
        (got,) = smtp.mails
        assert got.mail["From"] == "Tienda Viva <no-reply@baas.test>"
        assert (await read(live, real))["provider"] == "smtp"
        assert (await read(trial, kept))["provider"] == "inbox"


class TestServersThatRefuse:
    @pytest.mark.parametrize(
        "answer, status, outcome",
        [
            ("550 no such user", "failed", "permanent"),
            ("451 try later", "pending", "temporary"),
            ("452 too many recipients", "pending", "temporary"),
        ],
    )
    async def test_a_recipient_is_refused_for_good_or_for_now(
        self, shop: Shop, worker: Worker, smtp: MailServer, answer: str, status: str, outcome: str
    ) -> None:
        """5xx ends a message, 4xx does not."""
        await use_smtp(shop, smtp.port)
        smtp.answers.append(answer)
        identity = await send(shop)
        await drain(worker)
        found = await read(shop, identity)
        assert (found["status"], found["attempt_log"][0]["outcome"]) == (status, outcome)
        assert found["error"] == f"The mail server refused the recipient: {answer}"
        assert (found["next_attempt_at"] is None) == (status == "failed")

    async def test_a_message_that_was_refused_for_now_is_the_same_later(
        self, shop: Shop, worker: Worker, smtp: MailServer
    ) -> None:
        """The same Message-ID and the same words, though the template changed meanwhile."""
        await use_smtp(shop, smtp.port)
        path = "/admin/notification-templates/hello"
        await shop.admin("PUT", path, json={"locale": "es", "subject": "one", "body": "one"}, expect=200)
        smtp.data_answers.append("452 disk full")
        identity = await send(shop, template_key="hello")
        await drain(worker)
        first = await read(shop, identity)
        assert (first["status"], first["error"]) == (
            "pending",
            "The mail server refused the message: 452 disk full",
        )
        await shop.admin("PUT", path, json={"locale": "es", "subject": "two", "body": "two"}, expect=200)
        await advance(shop, "2m")
        await drain(worker)
        (got,) = smtp.mails
        assert got.mail["Subject"] == "one"
        assert got.mail["Message-ID"] == f"<{identity}@casamate.test>"
        found = await read(shop, identity)
        assert (found["status"], found["attempts"], found["template_version"]) == ("sent", 2, 1)

    async def test_a_wrong_password_is_mended_by_the_store(
        self, shop: Shop, worker: Worker, smtp: MailServer
    ) -> None:
        """The message waits for it, and nothing says the password."""
        await use_smtp(shop, smtp.port, password="wrong password")
        identity = await send(shop)
        await drain(worker)
        found = await read(shop, identity)
        assert (found["status"], found["attempt_log"][0]["outcome"]) == ("pending", "configuration")
        assert "refused the login: 535" in found["error"]
        assert "wrong password" not in str(found)
        await use_smtp(shop, smtp.port)
        await advance(shop, "2m")
        await drain(worker)
        assert (await read(shop, identity))["status"] == "sent"

    async def test_a_server_without_starttls_gets_no_password(
        self, shop: Shop, worker: Worker, pem: Path
    ) -> None:
        """Nothing is said in the clear."""
        async with mail_server(pem, starttls=False) as plain:
            await use_smtp(shop, plain.port)
            identity = await send(shop)
            await drain(worker)
            found = await read(shop, identity)
        assert found["attempt_log"][0]["outcome"] == "configuration"
        assert "STARTTLS" in found["error"]
        assert plain.mails == []

    async def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, shop: Shop, worker: Worker, pem: Path
    ) -> None:
        """Without SSL_CERT_FILE this one is a stranger's."""
        async with mail_server(pem) as server:
            await use_smtp(shop, server.port)
            identity = await send(shop)
            await drain(worker)
            found = await read(shop, identity)
        assert found["attempt_log"][0]["outcome"] == "configuration"
        assert "certificate" in found["error"]
        assert server.mails == []

    @pytest.mark.parametrize(
        "behave, reason",
        [
            (drop, "closed the connection"),
            (busy, "421 too many connections"),
            (hang, "did not answer"),
        ],
        ids=["drops", "busy", "hangs"],
    )
    async def test_a_server_that_is_not_well_is_tried_again(
        self, shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch, behave: object, reason: str
    ) -> None:
        """Nothing is lost, and the log says why."""
        monkeypatch.setattr(policy, "SEND_SECONDS", 0.3)
        async with bad_server(behave) as port:  # type: ignore[arg-type]  # a function of the right shape
            await use_smtp(shop, port)
            identity = await send(shop)
            await drain(worker)
        found = await read(shop, identity)
        assert (found["status"], found["attempts"]) == ("pending", 1)
        assert found["attempt_log"][0]["outcome"] == "temporary"
        assert reason in found["error"]

    async def test_a_server_that_is_gone_is_tried_again(self, shop: Shop, worker: Worker) -> None:
        """Nobody listens there."""
        async with bad_server(drop) as port:
            pass
        await use_smtp(shop, port)
        identity = await send(shop)
        await drain(worker)
        found = await read(shop, identity)
        assert found["status"] == "pending"
        assert found["error"] == "The mail server cannot be reached: connection refused."


class TestSafety:
    @pytest.mark.parametrize(
        "host", ["localhost", "127.0.0.1", "10.0.0.5", "169.254.169.254", "[::1]", "0x7f000001"]
    )
    async def test_a_live_store_cannot_name_an_inner_address(self, http: object, host: str) -> None:
        """The settings refuse it."""
        live = await provision(http, OPERATOR_KEY, mode="live")  # type: ignore[arg-type]  # the fixture's own type
        email = {"provider": "smtp", "host": host, "username": "u", "password": "p"}
        body = {"sender_email": "a@b.test", "email": email}
        answer = await live.admin("PUT", "/admin/notification-settings", json=body, expect=422)
        assert "email.host" in answer.json()["error"]["details"]["fields"]

    async def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(
        self, shop: Shop, make_worker: MakeWorker, smtp: MailServer
    ) -> None:
        """Also when the settings let it through: here a deployment that allows no local servers."""
        await use_smtp(shop, smtp.port)
        worker = await make_worker(allow_local_receivers=False)
        identity = await send(shop)
        await drain(worker)
        found = await read(shop, identity)
        assert found["error"] == "The mail server's address is not public."
        assert smtp.mails == []


class TestOnce:
    async def test_a_worker_that_dies_before_it_records_sends_the_same_mail_again(
        self,
        shop: Shop,
        worker: Worker,
        smtp: MailServer,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """SMTP cannot do better than the same Message-ID; nothing is lost and nothing stays stuck."""
        await use_smtp(shop, smtp.port)
        identity = await send(shop)
        recorded = sending.record

        async def die(*_arguments: object) -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr(sending, "record", die)
        await drain(worker, "notifications")
        monkeypatch.setattr(sending, "record", recorded)
        assert len(smtp.mails) == 1
        await drain(worker)
        assert (await read(shop, identity))["status"] == "pending"
        # The lease ends.
        sql = "update notifications set claimed_until = now() - interval '1 second' where store_id = $1"
        scope = await shop.scope(worker)
        await execute(database, shop, worker, sql, scope.store_id)
        await drain(worker)
        found = await read(shop, identity)
        assert (found["status"], found["attempts"]) == ("sent", 1)
        first, second = smtp.mails
        assert first.raw == second.raw

    async def test_two_workers_send_it_once(
        self, shop: Shop, make_worker: MakeWorker, smtp: MailServer
    ) -> None:
        """Each message is one worker's."""
        await use_smtp(shop, smtp.port)
        made = [await send(shop, subject=f"n {number}") for number in range(20)]
        workers = [await make_worker(), await make_worker()]
        await asyncio.gather(*(drain(one, "notifications") for one in workers))
        assert sorted(mail.mail["Message-ID"] for mail in smtp.mails) == sorted(
            f"<{identity}@casamate.test>" for identity in made
        )
