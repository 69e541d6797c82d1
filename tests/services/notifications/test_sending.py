"""Messages from the request to the log: queued, sent in the background, found again, sent again."""

import pytest

from baas.worker import Worker
from tests.clients import Shop, drain, provision
from tests.conftest import OPERATOR_KEY
from tests.services.notifications.steps import ORDER, advance, configure, listed, read, send


class TestSending:
    async def test_a_message_is_queued_first_and_sent_by_the_worker(self, shop: Shop, worker: Worker) -> None:
        """The request never waits for a mail server."""
        identity = await send(shop, template_key="order_confirmation", data={"order": ORDER}, about="ord_1")
        queued = await read(shop, identity)
        assert (queued["status"], queued["attempts"], queued["content"]) == ("pending", 0, None)
        await drain(worker)
        sent = await read(shop, identity)
        assert (sent["status"], sent["provider"], sent["attempts"]) == ("sent", "inbox", 1)
        assert sent["template_version"] == 0
        assert sent["subject"] == "Recibimos tu pedido #1001"
        assert "Hola, Ana:" in sent["content"]["body"]
        assert "$\xa012.500,00" in sent["content"]["html"]
        assert [attempt["outcome"] for attempt in sent["attempt_log"]] == ["sent"]

    async def test_a_subject_and_a_text_need_no_template(self, shop: Shop, worker: Worker) -> None:
        """They come in the store's looks, and are text: what looks like Liquid or HTML stays as it is."""
        identity = await send(shop, subject="Hi\r\nBcc: x@y.z", body="Line 1\n{{ brand.name }} <b>")
        await drain(worker)
        content = (await read(shop, identity))["content"]
        assert content["subject"] == "Hi Bcc: x@y.z"
        assert "Line 1<br />\n{{ brand.name }} &lt;b&gt;" in content["html"]
        assert "{{ brand.name }} <b>" in content["body"]

    @pytest.mark.parametrize(
        "body",
        [
            {"to": "nobody"},
            {"to": "a@b.test\nBcc: c@d.test"},
            {"channel": "whatsapp_link", "to": "call me"},
            {"channel": "whatsapp_link", "to": "12345"},
            {"body": None, "subject": "alone"},
            {"template_key": "order_paid", "subject": "both", "body": "x"},
            {"data": {"x": "y" * 70_000}},
            {"locale": "español"},
            {"colour": "red"},
        ],
    )
    async def test_what_cannot_be_sent_is_refused(self, shop: Shop, body: dict[str, object]) -> None:
        """At once, naming the field."""
        given = {"to": "ana@example.com", "subject": "s", "body": "b", **body}
        answer = await shop.admin("POST", "/admin/notifications", json=given)
        assert answer.status_code == 422, answer.text

    async def test_an_unknown_template_is_not_found(self, shop: Shop) -> None:
        """Before anything is queued."""
        body = {"to": "a@b.test", "template_key": "no_such"}
        await shop.admin("POST", "/admin/notifications", json=body, expect=404)
        assert await listed(shop) == []

    async def test_a_dry_run_queues_nothing(self, shop: Shop) -> None:
        """And answers what it would have been."""
        body = {"to": "a@b.test", "subject": "s", "body": "b"}
        headers = {"Prefer": "dry-run"}
        answer = await shop.admin("POST", "/admin/notifications", json=body, headers=headers, expect=201)
        assert answer.json()["meta"]["dry_run"] is True
        assert await listed(shop) == []
        usage = (await shop.get("/admin/usage"))["limits"]
        assert next(line["used"] for line in usage if line["name"] == "notifications_per_month") == 0

    async def test_twins_with_one_idempotency_key_are_one_message(self, shop: Shop) -> None:
        """A client that retries sends once."""
        body = {"to": "a@b.test", "subject": "s", "body": "b"}
        headers = {"Idempotency-Key": "once"}
        first = await shop.admin("POST", "/admin/notifications", json=body, headers=headers, expect=201)
        again = await shop.admin("POST", "/admin/notifications", json=body, headers=headers, expect=201)
        assert first.json()["data"] == again.json()["data"]
        assert len(await listed(shop)) == 1

    async def test_the_event_says_that_it_was_sent(self, shop: Shop, worker: Worker) -> None:
        """With the notification as the API shows it, without its data."""
        identity = await send(shop)
        await drain(worker)
        events = await shop.listed("/admin/events", params={"type": "notification.sent"})
        assert [event["data"]["id"] for event in events] == [identity]
        assert "data" not in events[0]["data"]


class TestTheLog:
    async def test_filters_find_what_they_name(self, shop: Shop, worker: Worker) -> None:
        """By state, channel, template, recipient and subject."""
        mail = await send(shop, to="x@example.com", about="ord_7")
        link = await send(shop, channel="whatsapp_link", to="+54 341 555 0101", body="hola")
        await drain(worker)
        later = await send(shop, template_key="refund", data={"order": ORDER})

        async def found(**query: str) -> list[str]:
            return [line["id"] for line in await listed(shop, **query)]

        assert await found() == [later, link, mail]
        assert await found(status="pending") == [later]
        assert await found(channel="whatsapp_link") == [link]
        assert await found(template_key="refund") == [later]
        assert await found(to="x@example.com", about="ord_7") == [mail]
        assert await found(to="x@example.com", status="failed") == []

    async def test_pages_follow_one_another(self, shop: Shop) -> None:
        """And a cursor of one filter is none of another."""
        made = [await send(shop, subject=f"n {number}") for number in range(5)]
        first = (await shop.admin("GET", "/admin/notifications?limit=3&include=total")).json()
        assert first["pagination"]["total"] == 5
        cursor = first["pagination"]["next_cursor"]
        second = (await shop.admin("GET", f"/admin/notifications?limit=3&cursor={cursor}")).json()
        shown = [line["id"] for line in [*first["data"], *second["data"]]]
        assert shown == made[::-1]
        await shop.admin("GET", f"/admin/notifications?status=sent&cursor={cursor}", expect=400)

    async def test_another_store_sees_nothing_of_it(
        self, shop: Shop, other_shop: Shop, worker: Worker
    ) -> None:
        """Neither in its log nor by its id."""
        identity = await send(shop)
        await drain(worker)
        assert await listed(other_shop) == []
        for method, path in (
            ("GET", f"/admin/notifications/{identity}"),
            ("POST", f"/admin/notifications/{identity}/resend"),
        ):
            await other_shop.admin(method, path, expect=404)
        preview = {"notification_id": identity}
        await other_shop.admin(
            "POST", "/admin/notification-templates/refund/preview", json=preview, expect=404
        )


class TestResending:
    async def test_a_sent_message_is_copied(self, shop: Shop, worker: Worker) -> None:
        """As a message of its own, with the same data."""
        first = await send(shop, template_key="refund", data={"order": ORDER})
        await shop.admin("POST", f"/admin/notifications/{first}/resend", expect=409)
        await drain(worker)
        copy = (await shop.admin("POST", f"/admin/notifications/{first}/resend", expect=201)).json()["data"]
        assert copy["resent_from"] == first
        assert copy["id"] != first
        await drain(worker)
        sent, again = await read(shop, first), await read(shop, copy["id"])
        assert again["status"] == "sent"
        assert again["content"] == sent["content"]
        assert again["provider_message_id"] != sent["provider_message_id"]
        lines = await shop.listed(f"/admin/audit-log?subject={first}")
        assert [line["action"] for line in lines] == ["notification.resent"]

    async def test_a_failed_message_goes_on_with_what_was_mended(self, shop: Shop, worker: Worker) -> None:
        """The template that is now in use, and the whole schedule again."""
        path = "/admin/notification-templates/broken"
        broken = {"locale": "es", "subject": "s", "body": "{{ x | divided_by: y }}"}
        await shop.admin("PUT", path, json=broken, expect=200)
        identity = await send(shop, template_key="broken", data={"x": 1, "y": 0})
        await drain(worker)
        failed = await read(shop, identity)
        assert (failed["status"], failed["next_attempt_at"]) == ("failed", None)
        assert (
            failed["error"] == "The template cannot be rendered: body, line 1: divided_by: can't divide by 0."
        )
        await shop.admin("PUT", path, json={**broken, "body": "mended"}, expect=200)
        again = await shop.admin("POST", f"/admin/notifications/{identity}/resend", expect=201)
        assert again.json()["data"]["id"] == identity
        await drain(worker)
        sent = await read(shop, identity)
        assert (sent["status"], sent["attempts"], sent["template_version"]) == ("sent", 2, 2)
        assert sent["error"] is None
        assert sent["content"]["body"] == "mended"
        assert [attempt["outcome"] for attempt in sent["attempt_log"]] == ["permanent", "sent"]

    async def test_secrets_are_forgotten_and_not_sent_again(
        self, shop: Shop, worker: Worker, provider_worker: Worker
    ) -> None:
        """A link that opens an account is in no log once the mail is gone."""
        await configure(
            shop, sender_email="a@b.test", email={"provider": "resend", "api_key": "the-right-token"}
        )
        data = {"action_url": "https://shop.test/reset/secret-token"}
        identity = await send(shop, template_key="password_reset", data=data)
        await drain(provider_worker, "notifications")
        sent = await read(shop, identity)
        assert (sent["status"], sent["data"], sent["content"]) == ("sent", {}, None)
        await shop.admin("POST", f"/admin/notifications/{identity}/resend", expect=409)


class TestLimits:
    async def test_the_plan_limits_what_a_store_sends(self, http: object) -> None:
        """402 when the month is used up, and nothing is queued."""
        shop = await provision(http, OPERATOR_KEY)  # type: ignore[arg-type]  # the fixture's own type
        await shop.http.patch(
            f"/api/v1/operator/stores/{shop.id}",
            json={"limits": {"notifications_per_month": 2}},
            headers={"X-OPERATOR-KEY": OPERATOR_KEY},
        )
        await send(shop)
        await send(shop)
        body = {"to": "a@b.test", "subject": "s", "body": "b"}
        refused = await shop.admin("POST", "/admin/notifications", json=body, expect=402)
        assert refused.json()["error"]["details"] == {
            "name": "notifications_per_month",
            "limit": 2,
            "used": 2,
        }
        assert len(await listed(shop)) == 2

    async def test_a_test_clock_brings_what_is_due(self, shop: Shop, worker: Worker) -> None:
        """A retry that is planned for later is made at once when the store's time moves."""
        await configure(shop, whatsapp={"phone_number_id": "12345", "access_token": "x"})
        await configure(shop, whatsapp=None)
        identity = await send(shop, channel="whatsapp", to="+5493415550101", body="hola")
        await drain(worker)
        waiting = await read(shop, identity)
        assert (waiting["status"], waiting["attempts"]) == ("pending", 1)
        assert waiting["attempt_log"][0]["outcome"] == "configuration"
        assert "no WhatsApp number" in waiting["error"]
        await drain(worker)
        assert (await read(shop, identity))["attempts"] == 1
        for attempts, step in enumerate(("2m", "7m", "20m", "90m", "4h", "10h"), start=2):
            await advance(shop, step)
            await drain(worker)
            assert (await read(shop, identity))["attempts"] == attempts
        await advance(shop, "15h")
        await drain(worker)
        over = await read(shop, identity)
        assert (over["status"], over["attempts"]) == ("failed", 8)
        events = (await shop.admin("GET", "/admin/events", params={"type": "notification.failed"})).json()
        assert [event["data"]["id"] for event in events["data"]] == [identity]
