"""What Meta reports after it took a message: over HTTP, signed, twice, late, in any order, and by strangers."""

import asyncio
from typing import Any

import pytest
from litestar import Litestar

from baas.core.db import Database
from baas.core.values import clock
from baas.core.values.ids import Kind, decode, new_id
from baas.services.notifications.channels.whatsapp_reports import is_signed
from baas.services.notifications.repository import reports as report_rows
from baas.services.notifications.service import sending
from baas.tenants.routes import UNPROVEN_PER_MINUTE
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.running_app import client_of
from tests.services.notifications.meta import (
    NUMBER,
    check,
    entry,
    events,
    post,
    post_of,
    report,
    sent_message,
    signature,
    status,
    use_whatsapp,
)
from tests.services.notifications.providers import TOKEN, Providers
from tests.services.notifications.steps import configure, execute, listed, read, send


@pytest.fixture
async def shop(shop: Shop) -> Shop:
    """A store that WhatsApp reports to."""
    return await use_whatsapp(shop)


@pytest.fixture
async def other_shop(other_shop: Shop) -> Shop:
    """Another one, over a number of its own."""
    return await use_whatsapp(other_shop, phone_number_id="555000222", app_secret="another secret")


def words(found: dict[str, Any]) -> list[str]:
    return [report["status"] for report in found["reports"]]


class TestDelivered:
    """What went well is remembered, and changes nothing."""

    async def test_delivered_and_read_are_in_the_log(self, shop: Shop, provider_worker: Worker) -> None:
        """In Meta's time, whatever came first and however often."""
        identity, message = await sent_message(shop, provider_worker)
        assert (await read(shop, identity))["reports"] == []
        read_, delivered = status(message, "read", 1749416390), status(message, "delivered")
        assert await report(shop, read_) == 1
        assert await report(shop, status(message, "sent"), delivered, delivered) == 1
        assert await report(shop, read_, delivered) == 0
        found = await read(shop, identity)
        assert found["reports"] == [
            {"status": "delivered", "at": "2025-06-08T20:59:43.000Z", "error": None},
            {"status": "read", "at": "2025-06-08T20:59:50.000Z", "error": None},
        ]
        assert (found["status"], found["error"], len(found["attempt_log"])) == ("sent", None, 1)
        assert await events(shop, identity) == ["notification.sent"]

    async def test_a_time_that_makes_no_sense_is_now(self, shop: Shop, provider_worker: Worker) -> None:
        """The report counts all the same."""
        identity, message = await sent_message(shop, provider_worker)
        strange = ("9999999999", "soon", "", None, "١٢", 10**30)
        for moment in strange:
            await report(shop, status(message, "delivered", timestamp=moment))
        (kept,) = (await read(shop, identity))["reports"]
        assert kept["at"] >= (await read(shop, identity))["sent_at"]

    async def test_what_was_delivered_does_not_fail_any_more(
        self, shop: Shop, provider_worker: Worker
    ) -> None:
        """Meta's own word stands against it; both are in the log."""
        identity, message = await sent_message(shop, provider_worker)
        await report(shop, status(message, "failed", 1749416390), status(message, "delivered"))
        found = await read(shop, identity)
        assert (found["status"], words(found)) == ("sent", ["delivered", "failed"])


class TestFailed:
    """A message that did not arrive is known not to have arrived."""

    async def test_it_fails_once_with_the_reason_and_tells_it(
        self, shop: Shop, provider_worker: Worker
    ) -> None:
        """However often Meta says so, and whatever it says afterwards."""
        identity, message = await sent_message(shop, provider_worker)
        failed = status(message, "failed")
        answers = await asyncio.gather(*(post(shop, post_of(entry(failed), entry(failed))) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert sum(answer.json()["data"]["taken"] for answer in answers) == 1
        await report(shop, status(message, "delivered"), status(message, "sent"))
        found = await read(shop, identity)
        reason = "WhatsApp could not deliver it: 131026 Message undeliverable; The number is not on WhatsApp."
        assert (found["status"], found["error"], found["sent_at"]) == ("failed", reason, None)
        assert [line["id"] for line in await listed(shop, status="failed")] == [identity]
        assert await events(shop, identity) == ["notification.sent", "notification.failed"]
        answer = await shop.admin("GET", "/admin/events", params={"type": "notification.failed"}, expect=200)
        (event,) = answer.json()["data"]
        assert (event["data"]["id"], event["data"]["status"], event["data"]["error"]) == (
            identity,
            "failed",
            reason,
        )

    async def test_sent_again_it_is_another_message(
        self, shop: Shop, provider_worker: Worker, providers: Providers
    ) -> None:
        """What comes late about the first one says nothing about the second."""
        identity, first = await sent_message(shop, provider_worker)
        await report(shop, status(first, "failed"))
        await shop.admin("POST", f"/admin/notifications/{identity}/resend", expect=201)
        await report(shop, status(first, "failed"), status(first, "delivered"))
        assert (await read(shop, identity))["status"] == "pending"
        await drain(provider_worker)
        await report(shop, status(first, "failed"), status(first, "read"))
        found = await read(shop, identity)
        assert (found["status"], found["reports"]) == ("sent", [])
        assert found["provider_message_id"] != first
        window = {"code": 131047, "title": "Re-engagement message"}
        await report(shop, status(found["provider_message_id"], "failed", errors=[window]))
        found = await read(shop, identity)
        assert (found["status"], words(found)) == ("failed", ["failed"])
        assert found["error"].startswith("WhatsApp could not deliver it: 131047 Re-engagement message Free")
        assert found["error"].endswith("give the template a provider_template.")
        assert len(providers.delivered) == 2

    @pytest.mark.parametrize("errors", [None, [], [{}], ["no"], [{"code": "x", "title": 7}], {"code": 1}])
    async def test_without_a_reason_too(self, shop: Shop, provider_worker: Worker, errors: Any) -> None:
        """Whatever stands where the reason should."""
        identity, message = await sent_message(shop, provider_worker)
        await report(shop, status(message, "failed", errors=errors))
        found = await read(shop, identity)
        assert found["status"] == "failed"
        assert found["error"].startswith("WhatsApp could not deliver it")

    async def test_a_report_may_be_quicker_than_the_worker(
        self, shop: Shop, provider_worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before it has written down which message it was, and at the same moment."""
        record = sending.record
        together = False

        async def after_the_report(database: Any, scope: Any, ended: Any) -> None:
            failed = [report(shop, status(outcome.provider_message_id, "failed")) for _, outcome in ended]
            if together:
                await asyncio.gather(*failed, record(database, scope, ended))
            else:
                assert await asyncio.gather(*failed) == [1] * len(ended)
                await record(database, scope, ended)

        monkeypatch.setattr(sending, "record", after_the_report)
        made = [await send(shop, channel="whatsapp", to="+54 9 341 555-0101")]
        await drain(provider_worker)
        together = True
        made += [await send(shop, channel="whatsapp", to="+54 9 341 555-0101") for _ in range(12)]
        await drain(provider_worker)
        for identity in made:
            assert (await read(shop, identity))["status"] == "failed"
            assert await events(shop, identity) == ["notification.sent", "notification.failed"]

    async def test_a_thousand_at_once_are_looked_up_by_their_keys(
        self, shop: Shop, provider_worker: Worker, database: Database
    ) -> None:
        """PostgreSQL counts what is read: a few rows for each, in a store that has many more. The bad plan read three
        million; reading the small table whole a few times is none."""
        store_id = decode(Kind.STORE, shop.id)
        await execute(
            database, shop, provider_worker,
            "insert into notifications (store_id, id, channel, recipient, locale, data, status, provider_message_id,"
            " next_attempt_at, created_at) select $1, gen_random_uuid(), 'whatsapp', '+5493415550101', 'es', '{}', 'sent',"
            " 'wamid.' || n, now(), now() from generate_series(1, 3000) n",
            store_id,
        )  # fmt: skip
        numbers = [f"wamid.{n}" for n in range(1, 1001)]
        moment = clock.now()
        async with database.fast(await shop.scope(provider_worker)) as work:
            failed = [(new_id(), number, "failed", "why", moment) for number in numbers]
            assert len(await report_rows.keep(work, failed, now=moment)) == 1000
            assert len(await report_rows.fail(work, numbers)) == 1000
            rows = await work.fetch(
                "select relname, seq_tup_read + idx_tup_fetch as read from pg_stat_xact_user_tables"
                " where relname in ('notifications', 'notification_reports')"
            )
        read_rows = {row["relname"]: row["read"] for row in rows}
        assert read_rows.keys() == {"notifications", "notification_reports"}
        assert max(read_rows.values()) < 50_000, read_rows


class TestOthers:
    """What is not about this store's messages."""

    async def test_other_numbers_and_unknown_messages_are_passed_over(
        self, shop: Shop, other_shop: Shop, provider_worker: Worker, database: Database
    ) -> None:
        """In a post of several entries, of which one is ours; and nothing of them is kept."""
        identity, message = await sent_message(shop, provider_worker)
        theirs, their_message = await sent_message(other_shop, provider_worker)
        body = post_of(
            entry(status(message, "failed"), number="999"),
            entry(status(their_message, "failed"), status("wamid.of-nobody", "failed")),
            entry(status(message, "delivered")),
            entry(status(their_message, "failed"), number="555000222"),
        )
        answer = await post(shop, body)
        assert (answer.status_code, answer.json()["data"]) == (200, {"taken": 1})
        assert words(await read(shop, identity)) == ["delivered"]
        found = await read(other_shop, theirs)
        assert (found["status"], found["reports"]) == ("sent", [])
        for one, rows in ((shop, 1), (other_shop, 0)):
            async with database.fast(await one.scope(provider_worker)) as work:
                assert await work.fetchval("select count(*) from notification_reports") == rows

    @pytest.mark.parametrize(
        "body",
        [
            b"{}",
            b"[]",
            b"null",
            b'"text"',
            b'{"entry": {}}',
            b'{"entry": [1, null, {"changes": 7}, {"changes": [null, {"value": []}]}]}',
            post_of({"changes": [{"value": {"metadata": [], "statuses": [{}]}}]}),
            post_of(entry(None, 1, [], {}, {"id": 1, "status": "failed"}, {"id": "", "status": "failed"})),
            post_of(entry({"id": "x", "status": ["failed"]}, {"id": "x"}, status("x" * 500, "deleted"))),
        ],
    )
    async def test_whatever_else_meta_may_post_is_taken_and_forgotten(self, shop: Shop, body: bytes) -> None:
        """An answer that is no 200 would make it come again for days."""
        answer = await post(shop, body)
        assert (answer.status_code, answer.json()["data"]) == (200, {"taken": 0})

    async def test_what_is_no_json_is_refused(self, shop: Shop) -> None:
        """Also when it is signed."""
        for body in (b"", b"{", b"\xff", b"[" * 100_000):
            assert (await post(shop, body)).status_code == 400

    async def test_mail_is_none_of_whatsapps_business(
        self, shop: Shop, provider_worker: Worker, database: Database
    ) -> None:
        """Not even under the same id."""
        identity, message = await sent_message(shop, provider_worker)
        sql = "update notifications set channel = 'email' where provider_message_id = $1"
        await execute(database, shop, provider_worker, sql, message)
        assert await report(shop, status(message, "failed")) == 0
        assert (await read(shop, identity))["status"] == "sent"


class TestProof:
    """Only Meta is believed."""

    async def test_an_unproven_post_moves_nothing(
        self, shop: Shop, other_shop: Shop, provider_worker: Worker
    ) -> None:
        """401: no signature, another's, of other bytes, in another form."""
        identity, message = await sent_message(shop, provider_worker)
        body = post_of(entry(status(message, "failed")))
        right = signature(body)["X-Hub-Signature-256"]
        wrong = [
            {},
            signature(body, "another secret"),
            signature(body + b" "),
            *(
                {"X-Hub-Signature-256": text}
                for text in (
                    "",
                    "sha256=",
                    right.removeprefix("sha256="),
                    right[:-1],
                    right + "0",
                    "sha256=é",
                )
            ),
            {"X-Hub-Signature": right},
        ]
        for headers in wrong:
            raw = {name: value.encode("latin-1") for name, value in headers.items()}
            answer = await post(shop, body, raw)  # type: ignore[arg-type]  # bytes, for what is not ASCII
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated"), headers
        # Signed by this store's app, at another store's address.
        assert (await post(other_shop, body)).status_code == 401
        found = await read(shop, identity)
        assert (found["status"], found["reports"]) == ("sent", [])
        assert (await post(shop, body)).status_code == 200

    async def test_without_a_secret_it_says_so(self, shop: Shop) -> None:
        """A 404 in words, as for a store that is not there."""
        await configure(shop, whatsapp=None)
        await configure(shop, whatsapp={"phone_number_id": NUMBER, "access_token": TOKEN})
        body = post_of()
        answer = await post(shop, body)
        assert answer.status_code == 404
        assert "whatsapp.app_secret" in answer.json()["error"]["message"]
        answer = await shop.http.get(f"/api/v1/webhooks/whatsapp/{shop.id}", params=check())
        assert answer.status_code == 404
        assert "whatsapp.verify_token" in answer.json()["error"]["message"]
        for store_id in ("store_01h455vb4pex5vsknk084sn02q", "nonsense"):
            answer = await shop.http.post(f"/api/v1/webhooks/whatsapp/{store_id}", content=body)
            assert answer.status_code == 404

    async def test_a_post_has_a_limit(self, shop: Shop) -> None:
        """Meta's own: three megabytes."""
        fits = b"{}" + b" " * (3 * 1024 * 1024 - 2)
        assert (await post(shop, fits)).status_code == 200
        assert (await post(shop, fits + b" ")).status_code == 413

    async def test_a_trial_keeps_nothing(self, shop: Shop, provider_worker: Worker) -> None:
        """As everywhere."""
        identity, message = await sent_message(shop, provider_worker)
        body = post_of(entry(status(message, "failed")))
        answer = await post(shop, body, {**signature(body), "Prefer": "dry-run"})
        assert (answer.json()["data"], answer.json()["meta"]["dry_run"]) == ({"taken": 1}, True)
        assert (await read(shop, identity))["status"] == "sent"

    async def test_who_cannot_prove_it_has_to_wait(self, shop: Shop, app: Litestar) -> None:
        """By address, over all stores; who can prove it is let through."""
        async with client_of(app, "10.77.0.1") as http:
            url = f"/api/v1/webhooks/whatsapp/{shop.id}"
            codes = [(await http.post(url, content=b"{}")).status_code for _ in range(UNPROVEN_PER_MINUTE)]
            assert set(codes) == {401}
            # What refills meanwhile passes.
            more = [await http.post(url, content=b"{}") for _ in range(20)]
            limited = [answer for answer in more if answer.status_code == 429]
            assert limited
            assert int(limited[0].headers["retry-after"]) >= 1
            body = post_of()
            assert (await http.post(url, content=body, headers=signature(body))).status_code == 200

    def test_the_public_vector(self) -> None:
        """Computed by others; a byte more and it is another."""
        body = b'{"object":"whatsapp_business_account","entry":[]}'
        header = "sha256=02fe0c96d28c59ddb7cf81eff0ca05809b360ba73b63c28210b5906a0a107d1f"
        assert is_signed("app_secret_123", body, header)
        assert not is_signed("app_secret_123", body + b"\n", header)
        assert not is_signed("app_secret_124", body, header)
        assert not is_signed("app_secret_123", body, None)


class TestRegistering:
    """Meta asks for the word that the merchant chose."""

    async def test_the_challenge_comes_back_as_text(self, shop: Shop) -> None:
        """As it is, and as nothing that a browser would run."""
        url = f"/api/v1/webhooks/whatsapp/{shop.id}"
        for challenge in ("1158201444", "<b>ñ</b>"):
            answer = await shop.http.get(url, params=check(challenge=challenge))
            assert (answer.status_code, answer.text) == (200, challenge)
            assert answer.headers["content-type"].startswith("text/plain")
            assert answer.headers["x-content-type-options"] == "nosniff"

    async def test_another_word_is_refused(self, shop: Shop, other_shop: Shop) -> None:
        """403, without the challenge."""
        await use_whatsapp(other_shop, verify_token="another word")
        url = f"/api/v1/webhooks/whatsapp/{shop.id}"
        for changes in ({"verify_token": "another word"}, {"verify_token": ""}, {"mode": "unsubscribe"}):
            answer = await shop.http.get(url, params=check(**changes))
            assert answer.status_code == 403, changes
            assert "1158201444" not in answer.text
        assert (await shop.http.get(url)).status_code == 422
