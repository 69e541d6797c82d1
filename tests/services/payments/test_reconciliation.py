"""Reconciliation: what lost notifications left behind is repaired, told and written down."""

from datetime import timedelta
from typing import Any

from baas.core.db import Database
from baas.core.values import clock
from baas.services.payments.service import accounts
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.orders.selling import cart_of, check_out, event_types, order_of, payment_of, variant_of
from tests.services.payments.simulated import RETURN_URL, Provider


async def compare(shop: Shop, worker: Worker, database: Database) -> dict[str, Any]:
    """Let the schedule come due, and answer the report."""
    async with database.fast(await shop.scope(worker)) as work:
        await work.execute("update payment_provider_accounts set reconcile_at = now()")
    await drain(worker, "payments.reconcile", "relay", "jobs")
    report: dict[str, Any] = await shop.get("/admin/payments/reconciliation")
    return report


async def test_paid_there_and_pending_here(
    shop: Shop, worker: Worker, provider: Provider, database: Database
) -> None:
    """The order is paid; the repair is an event and a line of the audit log; the next run finds nothing."""
    await provider.configure(shop)
    cart = await cart_of(shop, (await variant_of(shop), 1))
    placed = (await check_out(shop, cart, provider=provider.name, return_url=RETURN_URL)).json()["data"]
    await provider.act(placed["payment"], "approved")
    report = await compare(shop, worker, database)
    assert (await order_of(shop, placed["order"]))["status"] == "paid"
    assert await event_types(shop, placed["payment"]["id"]) == ["payment.created", "payment.paid"]
    (run,) = report["runs"]
    assert (run["provider"], run["source"], run["repaired"], run["error"]) == (
        provider.name,
        "schedule",
        1,
        None,
    )
    assert run["findings"][0]["payment_id"] == placed["payment"]["id"]
    log = await shop.listed(f"/admin/audit-log?subject={placed['payment']['id']}")
    assert (log[0]["action"], log[0]["new"]["status"]) == ("payment.reconciled", "paid")
    again = await compare(shop, worker, database)
    assert (len(again["runs"]), again["runs"][0]["repaired"]) == (2, 0)


async def test_given_back_there(shop: Shop, worker: Worker, provider: Provider, database: Database) -> None:
    """A refund in the panel whose notification was lost."""
    await provider.configure(shop)
    payment = await provider.collect(shop)
    await provider.notify(shop, payment, "approved")
    await drain(worker, "payments.inbox")
    units = 5 if provider.name == "mercadopago" else 500
    await provider.act(payment, "partially_refunded", amount=units)
    report = await compare(shop, worker, database)
    found = await payment_of(shop, payment)
    assert (found["status"], found["amount_refunded"]) == ("partially_refunded", 500)
    assert report["runs"][0]["repaired"] == 1


async def test_charged_back_there(shop: Shop, worker: Worker, provider: Provider, database: Database) -> None:
    """And lost, before anybody told us of the dispute."""
    await provider.configure(shop)
    payment = await provider.collect(shop)
    await provider.notify(shop, payment, "approved")
    await drain(worker, "payments.inbox")
    await provider.act(payment, "charged_back")
    await provider.act(payment, "chargeback_lost")
    await compare(shop, worker, database)
    found = await payment_of(shop, payment)
    assert (found["status"], found["amount_refunded"]) == ("refunded", found["amount"])


async def test_what_happens_to_an_old_payment(
    shop: Shop, worker: Worker, provider: Provider, database: Database
) -> None:
    """Made before the time that is compared: paid, given back, disputed and lost in it, and nobody said so."""
    await provider.configure(shop)
    elements: dict[str, Any] = {"stripe_mode": "elements"} if provider.name == "stripe" else {}
    payment = await provider.collect(shop, **elements)
    steps = (("approved", "paid"), ("charged_back", "disputed"), ("chargeback_lost", "refunded"))
    for action, status in steps:
        if provider.name == "stripe":
            _age(provider, payment)
        await provider.act(payment, action)
        async with database.fast(await shop.scope(worker)) as work:
            await work.execute("update payments set created_at = created_at - interval '20 days'")
            await work.execute("update payment_provider_accounts set reconciled_until = now()")
        report = await compare(shop, worker, database)
        assert ((await payment_of(shop, payment))["status"], report["runs"][0]["repaired"]) == (status, 1)


def _age(stripe: Provider, payment: dict[str, Any]) -> None:
    """Let everything that Stripe has of a payment be twenty days older."""
    mine = {row["id"] for row in stripe.payments() if row["metadata"]["baas_payment"] == payment["id"]}
    for kind in ("payment_intent", "charge", "dispute"):
        for row in stripe.books.table(kind).values():
            if row["object"].get("payment_intent", row["object"]["id"]) in mine:
                row["object"]["created"] -= 20 * 86_400


async def test_unknown_here(
    shop: Shop, other_shop: Shop, worker: Worker, provider: Provider, database: Database
) -> None:
    """A payment of the same account that is none of ours is reported, and settles nothing."""
    await provider.configure(shop)
    credentials = {"credentials": provider.credentials(shop), "webhook_secret": "a-secret-of-the-other"}
    await other_shop.admin("PUT", f"/admin/payment-providers/{provider.name}", json=credentials, expect=200)
    theirs = await provider.collect(other_shop)
    await provider.act(theirs, "approved")
    report = await compare(shop, worker, database)
    assert [finding["kind"] for finding in report["runs"][0]["findings"]] == ["unknown_payment"]
    assert await shop.listed("/admin/payments") == []
    assert (await payment_of(other_shop, theirs))["status"] == "pending"


async def test_a_page_that_nobody_used(
    shop: Shop, worker: Worker, stripe: Provider, database: Database
) -> None:
    """Closed there, and nobody said so: no payment exists that a list could show."""
    await stripe.configure(shop)
    payment = await stripe.collect(shop)
    await stripe.act(payment, "expired")
    await compare(shop, worker, database)
    assert (await payment_of(shop, payment))["status"] == "cancelled"


async def test_a_provider_that_is_down_is_compared_later(
    shop: Shop, worker: Worker, provider: Provider, database: Database
) -> None:
    """The run says why, and the time that it was about is not skipped."""
    await provider.configure(shop)
    payment = await provider.collect(shop)
    await provider.act(payment, "approved")
    provider.faults(down=True)
    report = await compare(shop, worker, database)
    assert report["runs"][0]["error"]
    provider.faults()
    await compare(shop, worker, database)
    assert (await payment_of(shop, payment))["status"] == "paid"


async def test_it_is_due_by_itself(
    shop: Shop, worker: Worker, provider: Provider, database: Database
) -> None:
    """Minutes after the account was made, sooner for a hint that nobody can prove, never at once for one."""
    await provider.configure(shop)
    payment = await provider.collect(shop)
    (notification, *_) = await provider.act(payment, "approved")
    await provider.deliver(provider.signed(shop, notification, secret="whsec_of_nobody"))
    await drain(worker)
    assert (await payment_of(shop, payment))["status"] == "pending"
    async with database.fast(await shop.scope(worker)) as work:
        seconds = await work.fetchval(
            "select extract(epoch from reconcile_at - now())::int from payment_provider_accounts"
        )
    assert 30 < seconds <= 60


async def test_tokens_about_to_end_are_renewed_on_the_way(
    shop: Shop, worker: Worker, mercadopago: Provider, database: Database
) -> None:
    """The refresh token rotates: what is stored afterwards is the new one, and the old one serves no more."""
    linked = {
        "client_id": "5",
        "client_secret": "platform-secret",
        "code": "TG-5",
        "redirect_uri": "https://a.example",
    }
    body = {"credentials": linked, "webhook_secret": "a-secret-of-the-platform"}
    await shop.admin("PUT", "/admin/payment-providers/mercadopago", json=body, expect=200)
    ring, scope = worker.runtime.keyring, await shop.scope(worker)
    async with database.fast(scope) as work:
        before = await accounts.opened(work, ring, "mercadopago")
        assert before is not None
        soon = {**before.credentials, "expires_at": clock.rfc3339(clock.now() + timedelta(days=9))}
        then = await work.fetchval("select updated_at from payment_provider_accounts")
        # What was renewed while the shop gave other credentials is not kept.
        await accounts.renewed(
            work, ring, "mercadopago", {"access_token": "x"}, of=then - timedelta(seconds=1)
        )
        assert await accounts.opened(work, ring, "mercadopago") == before
        await accounts.renewed(work, ring, "mercadopago", soon, of=then)
    await compare(shop, worker, database)
    async with database.fast(scope) as work:
        after = await accounts.opened(work, ring, "mercadopago")
    assert after is not None
    assert after.credentials["access_token"] != before.credentials["access_token"]
    assert after.credentials["refresh_token"] != before.credentials["refresh_token"]
    assert after.webhook_secret == "a-secret-of-the-platform"
    assert (await mercadopago.collect(shop))["next_action"]["url"]
