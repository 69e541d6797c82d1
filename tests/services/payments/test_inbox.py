"""Payments through the simulated providers: opened, notified, settled once; nothing unproven moves money."""

import asyncio
import time
from typing import Any

import pytest

from baas.core.db import Database
from baas.worker import Worker
from tests.clients import Shop, drain, provision
from tests.conftest import OPERATOR_KEY
from tests.services.orders.selling import cart_of, check_out, event_types, order_of, payment_of, variant_of
from tests.services.payments.simulated import RETURN_URL, Provider, history

INBOX = ("payments.inbox", "relay", "jobs")


async def flagged(shop: Shop) -> Any:
    """What the report says needs a person."""
    return await shop.get("/admin/payments/reconciliation")


class TestSettling:
    """One payment, told once or often."""

    @pytest.mark.parametrize(
        "action, status",
        [("approved", "paid"), ("rejected", "failed"), ("pending", "pending")],
    )
    async def test_what_was_decided_arrives(
        self, shop: Shop, worker: Worker, provider: Provider, action: str, status: str
    ) -> None:
        """By notification, within the worker's next look."""
        await provider.configure(shop)
        payment = await provider.collect(shop)
        assert payment["status"] == "pending"
        assert payment["next_action"]["url"].startswith(provider.simulator.own_url)
        await provider.notify(shop, payment, action)
        await drain(worker, *INBOX)
        found = await payment_of(shop, payment)
        assert found["status"] == status
        assert found["flags"] == []

    async def test_twenty_at_once_settle_once(self, shop: Shop, worker: Worker, provider: Provider) -> None:
        """One row, one `order.paid`."""
        await provider.configure(shop)
        cart = await cart_of(shop, (await variant_of(shop), 1))
        placed = (await check_out(shop, cart, provider=provider.name, return_url=RETURN_URL)).json()["data"]
        notifications = await provider.act(placed["payment"], "approved")
        copies = [provider.signed(shop, notification) for notification in notifications] * 20
        answers = await asyncio.gather(*(provider.deliver(sent) for sent in copies))
        assert {answer.status_code for answer in answers} == {200}
        fresh = [answer for answer in answers if not answer.json()["data"]["duplicate"]]
        assert len(fresh) == len(notifications)
        # The redirect back comes at the same moment.
        path = f"/storefront/payments/{placed['payment']['id']}/refresh"
        await asyncio.gather(drain(worker, *INBOX), shop.storefront("POST", path, expect=200))
        await drain(worker, *INBOX)
        assert (await order_of(shop, placed["order"]))["status"] == "paid"
        types = await event_types(shop, placed["order"]["id"])
        assert types.count("order.paid") == 1
        assert (await event_types(shop, placed["payment"]["id"])).count("payment.paid") == 1

    async def test_the_redirect_back_alone_settles(self, shop: Shop, provider: Provider) -> None:
        """By asking the provider: what stands in the address is not believed."""
        await provider.configure(shop)
        payment = await provider.collect(shop)
        path = f"/storefront/payments/{payment['id']}/refresh"
        forged = await shop.storefront(
            "POST", f"{path}?status=approved&collection_status=approved", expect=200
        )
        assert forged.json()["data"]["status"] == "pending"
        await provider.act(payment, "approved")
        await asyncio.sleep(2.1)
        # A dry run would have to move the payment to know more than what is known.
        dry: dict[str, Any] = {"headers": {"Prefer": "dry-run"}, "expect": 200}
        tried = await shop.storefront("POST", path, **dry)
        tried_by_staff = await shop.admin("POST", f"/admin/payments/{payment['id']}/refresh", **dry)
        for answer in (tried.json(), tried_by_staff.json()):
            assert (answer["data"]["status"], answer["meta"]["dry_run"]) == ("pending", True)
        assert (await shop.storefront("POST", path, expect=200)).json()["data"]["status"] == "paid"

    async def test_a_late_word_about_an_old_attempt_changes_nothing(
        self, shop: Shop, worker: Worker, mercadopago: Provider
    ) -> None:
        """Rejected, then approved on the same page: two payments there, and the order is paid."""
        await mercadopago.configure(shop)
        payment = await mercadopago.collect(shop)
        first = await mercadopago.act(payment, "rejected")
        second = await mercadopago.act(payment, "approved", again=True)
        for notification in (*second, *first):
            await mercadopago.deliver(mercadopago.signed(shop, notification))
        await drain(worker, *INBOX)
        rows = await shop.listed("/admin/payments")
        assert sorted(row["status"] for row in rows) == ["failed", "paid"]

    async def test_answers_within_a_tenth_of_a_second(self, shop: Shop, provider: Provider) -> None:
        """Asking the provider is the worker's."""
        await provider.configure(shop)
        payment = await provider.collect(shop)
        (notification, *_) = await provider.act(payment, "approved")
        sent = provider.signed(shop, notification)
        provider.faults(slow=5)
        began = time.monotonic()
        assert (await provider.deliver(sent)).status_code == 200
        assert time.monotonic() - began < 0.1
        provider.faults()

    async def test_forty_minutes_late(self, shop: Shop, worker: Worker, mercadopago: Provider) -> None:
        """Mercado Pago states no tolerance and repeats for days."""
        await mercadopago.configure(shop)
        payment = await mercadopago.collect(shop)
        (notification,) = await mercadopago.act(payment, "approved")
        sent = mercadopago.signed(shop, notification, age=2_400)
        assert (await mercadopago.deliver(sent)).status_code == 200
        await drain(worker, *INBOX)
        assert (await payment_of(shop, payment))["status"] == "paid"

    async def test_a_provider_that_is_down_is_asked_again(
        self, shop: Shop, worker: Worker, provider: Provider, database: Database
    ) -> None:
        """The notification stays in the inbox until it was looked at."""
        await provider.configure(shop)
        payment = await provider.collect(shop)
        provider.faults(down=True)
        provider.faults()
        notifications = await provider.act(payment, "approved")
        provider.faults(down=True)
        for notification in notifications:
            await provider.deliver(provider.signed(shop, notification))
        await drain(worker, *INBOX)
        assert (await payment_of(shop, payment))["status"] == "pending"
        provider.faults()
        async with database.fast(await shop.scope(worker)) as work:
            assert await work.fetchval("select count(*) from provider_events where error is not null")
            await work.execute(
                "update provider_events set next_attempt_at = now() where next_attempt_at is not null"
            )
        await drain(worker, *INBOX)
        assert (await payment_of(shop, payment))["status"] == "paid"


class TestNothingUnproven:
    """What cannot be verified never moves money."""

    async def test_a_wrong_signature(self, shop: Shop, worker: Worker, provider: Provider) -> None:
        """A 401, no row, no change."""
        await provider.configure(shop)
        payment = await provider.collect(shop)
        for notification in await provider.act(payment, "approved"):
            for secret in ("whsec_of_nobody", "x"):
                answer = await provider.deliver(provider.signed(shop, notification, secret=secret))
                assert answer.status_code == 401
            bare = provider.signed(shop, notification)
            headers = {"Content-Type": "application/json"}
            assert (await shop.http.post(bare.url, content=bare.body, headers=headers)).status_code == 401
        await drain(worker)
        assert (await payment_of(shop, payment))["status"] == "pending"
        assert [entry["outcome"] for entry in (await history(shop, payment))] == ["created", "opened"]

    async def test_an_old_signature_of_stripe(self, shop: Shop, stripe: Provider) -> None:
        """Five minutes are its tolerance, in both directions."""
        await stripe.configure(shop)
        payment = await stripe.collect(shop)
        (notification, *_) = await stripe.act(payment, "approved")
        for age in (2_400, 301, -3_600):
            answer = await stripe.deliver(stripe.signed(shop, notification, age=age))
            assert answer.status_code == 401, age

    async def test_one_stores_secret_is_no_other_stores(
        self, shop: Shop, other_shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """A's signature at B's address, whatever it names; and A's own address naming B's payment."""
        mine = await provider.configure(shop)
        await provider.configure(other_shop)
        theirs = await provider.collect(other_shop)
        for notification in await provider.act(theirs, "approved"):
            forged = provider.signed(other_shop, notification, secret=mine)
            assert (await provider.deliver(forged)).status_code == 401
            own = provider.signed(shop, notification)
            assert (await provider.deliver(own)).status_code == 200
        await drain(worker, *INBOX)
        assert (await payment_of(other_shop, theirs))["status"] == "pending"
        assert await shop.listed("/admin/payments") == []
        report = await flagged(shop)
        assert {row["outcome"] for row in report["flagged_notifications"]} == {"unknown_payment"}

    async def test_unknown_addresses(self, shop: Shop, provider: Provider) -> None:
        """No such store, no such provider, no account, the sandbox."""
        for path in (
            f"{provider.name}/{shop.id}",
            f"{provider.name}/store_01h455vb4pex5vsknk084sn02q",
            f"{provider.name}/x",
            f"paypal/{shop.id}",
            f"sandbox/{shop.id}",
        ):
            answer = await shop.http.post(f"/api/v1/webhooks/{path}", json={"id": "1"})
            assert answer.status_code == 404, path

    @pytest.mark.parametrize(
        "change, flag",
        [
            ({"amount": 100}, "amount_mismatch"),
            ({"currency": "usd"}, "currency_mismatch"),
            ({"live_mode": True}, "mode_mismatch"),
        ],
        ids=["amount", "currency", "mode"],
    )
    async def test_what_does_not_fit_is_kept_and_settles_nothing(
        self, shop: Shop, worker: Worker, provider: Provider, change: dict[str, Any], flag: str
    ) -> None:
        """Flagged on the payment, in its history and in the report."""
        await provider.configure(shop)
        payment = await provider.collect(shop)
        if provider.name == "mercadopago" and "currency" in change:
            change = {"currency": "USD"}
        await provider.notify(shop, payment, "approved", **change)
        await drain(worker, *INBOX)
        found = await payment_of(shop, payment)
        assert (found["status"], found["flags"]) == ("pending", [flag])
        assert [entry["outcome"] for entry in await history(shop, payment)].count("flagged") == 1
        report = await flagged(shop)
        assert report["flagged_payments"][0]["id"] == payment["id"]
        assert "payment.paid" not in await event_types(shop, payment["id"])

    @pytest.mark.parametrize(
        "topic, action, words",
        [
            ("stop_delivery_op_wh", "created", "do not deliver"),
            ("mp-connect", "application.deauthorized", "permission"),
            ("mp-connect", "application.authorized", None),
        ],
    )
    async def test_what_only_a_person_can_do_is_reported(
        self, shop: Shop, worker: Worker, mercadopago: Provider, topic: str, action: str, words: str | None
    ) -> None:
        """A fraud that was seen, a permission that was taken back: told once, and by nothing else."""
        await mercadopago.configure(shop)
        body = {"id": 9, "type": topic, "action": action, "data": {"id": "77"}}
        told = {"query": f"?data.id=77&type={topic}", "body": body}
        for duplicate in (False, True):
            answer = await mercadopago.deliver(mercadopago.signed(shop, told))
            assert (answer.status_code, answer.json()["data"]["duplicate"]) == (200, duplicate)
        await drain(worker, *INBOX)
        rows = (await flagged(shop))["flagged_notifications"]
        assert [row["outcome"] for row in rows] == ([] if words is None else ["flagged"])
        assert all(str(words) in row["error"] for row in rows)

    async def test_an_order_is_paid_in_its_own_currency(
        self, shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """Another attempt in another currency would be added to what came in."""
        await provider.configure(shop)
        cart = await cart_of(shop, (await variant_of(shop), 1))
        placed = (await check_out(shop, cart, provider=provider.name, return_url=RETURN_URL)).json()["data"]
        error = await provider.collect(shop, expect=422, order_id=placed["order"]["id"], currency="CLP")
        assert "currency" in error["details"]["fields"]

    async def test_a_live_store_and_test_money(self, shop: Shop, stripe: Provider) -> None:
        """Keys that say so are refused in the wrong store, both ways."""
        live = await provision(shop.http, OPERATOR_KEY, mode="live")
        path = "/admin/payment-providers/stripe"
        for store, key in ((live, "sk_test_abcdef"), (shop, "sk_live_abcdef"), (shop, "rk_live_abcdef")):
            body = {"credentials": {"secret_key": key}, "webhook_secret": "whsec_12345678"}
            answer = await store.admin("PUT", path, json=body, expect=422)
            assert key not in answer.text
            assert (await store.get(path))["configured"] is False
