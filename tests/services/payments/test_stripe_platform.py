"""Stripe Connect: one endpoint for all connected accounts, whose events find their store by the account they name."""

from typing import Any, Final

import httpx
import msgspec
import pytest

from baas.core.db import Database
from baas.core.outgoing.http import OutgoingClient
from baas.services.payments.providers.base import Inbound
from baas.services.payments.providers.stripe import Stripe
from baas.services.payments.providers.stripe_events import DEAUTHORIZED, EVENTS
from baas.services.payments.service import accounts
from baas.services.payments.service.network import desk_of, platform_url
from baas.simulators.books import Sent
from baas.simulators.stripe import signed_headers
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.conftest import PLATFORM_SECRET
from tests.services.orders.selling import payment_of
from tests.services.payments.simulated import Provider
from tests.services.payments.test_inbox import INBOX, flagged

KEY: Final = "sk_test_of_the_platform"
ADDRESS: Final = "/api/v1/webhooks/stripe/platform"


async def connect(shop: Shop) -> str:
    """Let a shop collect on a connected account of the platform; answers the account."""
    account = f"acct_{shop.slug.replace('-', '')}"
    body = {"credentials": {"secret_key": KEY, "stripe_account": account}}
    answer = await shop.admin("PUT", "/admin/payment-providers/stripe", json=body, expect=200)
    assert answer.json()["data"]["has_webhook_secret"] is False
    return account


def signed(notification: dict[str, Any], secret: str = PLATFORM_SECRET, **changes: Any) -> Sent:
    """A notification as it comes to the platform's address."""
    body = msgspec.json.encode(notification["body"] | changes)
    return Sent(ADDRESS, signed_headers(secret, body), body)


async def told(stripe: Provider, sent: Sent, expect: int = 200) -> Any:
    """What the platform's address answers."""
    answer = await stripe.deliver(sent)
    assert answer.status_code == expect, answer.text
    return answer.json()["data"] if expect == 200 else answer.json()["error"]


async def inbox_of(shop: Shop, worker: Worker, database: Database) -> list[str]:
    """The events that a shop's inbox holds."""
    async with database.fast(await shop.scope(worker)) as work:
        return [row["provider_event_id"] for row in await work.fetch("select * from provider_events")]


async def test_one_endpoint_serves_all_connected_accounts(
    shop: Shop, other_shop: Shop, worker: Worker, stripe: Provider, database: Database
) -> None:
    """It is made once; the stores make none, and each hears of its own account alone, whatever is told how often."""
    desk = desk_of(worker.runtime)
    secret = await accounts.platform_endpoint(desk.providers, KEY, platform_url(desk, "stripe"))
    (row,) = (
        row
        for row in stripe.books.table("webhook_endpoint").values()
        if row["object"]["url"].endswith(ADDRESS)
    )
    assert (row["connect"], row["secret"]) == (True, secret)
    assert row["object"]["enabled_events"] == [*EVENTS, DEAUTHORIZED]
    row["secret"] = PLATFORM_SECRET

    for each in (shop, other_shop):
        await connect(each)
    assert [
        found["object"]["url"]
        for found in stripe.books.table("webhook_endpoint").values()
        if found["object"]["url"].endswith((shop.id, other_shop.id))
    ] == []
    mine, theirs = await stripe.collect(shop), await stripe.collect(other_shop)
    taken = stripe.simulator.notifier.sent
    notifications = await stripe.act(mine, "approved", notify=True)
    await stripe.simulator.notifier.settle()
    assert stripe.simulator.notifier.sent == taken + len(notifications)
    for notification in notifications:
        assert await told(stripe, signed(notification)) == {"received": True, "duplicate": True}
    await drain(worker, *INBOX)
    assert (await payment_of(shop, mine))["status"] == "paid"
    assert (await payment_of(other_shop, theirs))["status"] == "pending"
    assert sorted(await inbox_of(shop, worker, database)) == sorted(
        notification["body"]["id"] for notification in notifications
    )
    assert await inbox_of(other_shop, worker, database) == []
    del stripe.books.table("webhook_endpoint")[row["object"]["id"]]


async def test_nothing_unproven_is_heard(
    shop: Shop, other_shop: Shop, worker: Worker, stripe: Provider, database: Database
) -> None:
    """No signature, a store's own secret, an old signature: 401, and no row anywhere."""
    account = await connect(shop)
    own = await stripe.configure(other_shop)
    payment = await stripe.collect(shop)
    (notification, *_) = await stripe.act(payment, "approved")
    assert notification["body"]["account"] == account
    await told(stripe, Sent(ADDRESS, {}, signed(notification).body), expect=401)
    await told(stripe, signed(notification, own), expect=401)
    old = signed(notification)
    await told(stripe, Sent(ADDRESS, signed_headers(PLATFORM_SECRET, old.body, at=1), old.body), expect=401)
    assert await inbox_of(shop, worker, database) == []
    assert await told(stripe, signed(notification, f"{PLATFORM_SECRET}_before")) == {
        "received": True,
        "duplicate": False,
    }


async def test_an_event_of_one_account_never_touches_the_store_of_another(
    shop: Shop, other_shop: Shop, worker: Worker, stripe: Provider, database: Database
) -> None:
    """Whatever it names: the store of the account asks with its own account, and finds nothing of the other's there."""
    account = await connect(shop)
    await connect(other_shop)
    theirs = await stripe.collect(other_shop)
    for notification in await stripe.act(theirs, "approved"):
        assert (await told(stripe, signed(notification, account=account)))["received"] is True
    await drain(worker, *INBOX)
    assert (await payment_of(other_shop, theirs))["status"] == "pending"
    assert await inbox_of(other_shop, worker, database) == []
    rows = (await flagged(shop))["flagged_notifications"]
    assert {row["outcome"] for row in rows} == {"unknown_payment"}


async def test_a_store_that_joins_the_platform_forgets_the_secret_of_before(
    shop: Shop, worker: Worker, stripe: Provider
) -> None:
    """It was that of its own account's endpoint."""
    secret = await stripe.configure(shop)
    await connect(shop)
    payment = await stripe.collect(shop)
    (notification, *_) = await stripe.act(payment, "approved")
    answer = await stripe.deliver(stripe.signed(shop, notification, secret=secret))
    assert answer.status_code == 401
    assert (await told(stripe, signed(notification)))["received"] is True


async def test_what_is_about_no_store_is_answered_and_kept_by_nobody(
    shop: Shop, worker: Worker, stripe: Provider, database: Database
) -> None:
    """An account that no store has, none at all, live money of a test store's account, and nothing that we follow."""
    account = await connect(shop)
    payment = await stripe.collect(shop)
    (notification, *_) = await stripe.act(payment, "approved")
    nothing = {"received": False, "duplicate": False}
    changes: tuple[dict[str, Any], ...] = (
        {"account": "acct_of_nobody"},
        {"account": None},
        {"account": [account]},
        {"livemode": True},
        {"type": "account.updated"},
    )
    for change in changes:
        assert await told(stripe, signed(notification, **change)) == nothing, change
    assert await inbox_of(shop, worker, database) == []


async def test_a_store_that_uses_the_account_with_its_own_key_keeps_its_own_endpoint(
    shop: Shop, other_shop: Shop, worker: Worker, stripe: Provider, database: Database
) -> None:
    """The platform's word for its event would be in the inbox already when its own endpoint's comes."""
    await stripe.configure(shop)
    payment = await stripe.collect(shop)
    (notification, *_) = await stripe.act(payment, "approved")
    rows = stripe.books.table("payment_intent").values()
    owner = next(
        row["owner"] for row in rows if row["object"]["metadata"].get("baas_payment") == payment["id"]
    )
    account = owner.partition("/")[2]
    body = {"credentials": {"secret_key": KEY, "stripe_account": account}}
    await other_shop.admin("PUT", "/admin/payment-providers/stripe", json=body, expect=200)
    assert (await told(stripe, signed(notification, account=account)))["received"] is True
    assert await inbox_of(shop, worker, database) == []
    assert (await stripe.deliver(stripe.signed(shop, notification))).json()["data"]["duplicate"] is False
    await drain(worker, *INBOX)
    assert (await payment_of(shop, payment))["status"] == "paid"


@pytest.mark.parametrize("through", ["the platform", "an endpoint of its own"])
async def test_a_permission_that_was_taken_back_is_reported(
    shop: Shop, worker: Worker, stripe: Provider, through: str
) -> None:
    """A person has to know: from now on nothing of that account can be asked."""
    account = await connect(shop)
    own = "whsec_of_an_endpoint_of_its_own"
    if through != "the platform":
        body = {"webhook_secret": own}
        await shop.admin("PUT", "/admin/payment-providers/stripe", json=body, expect=200)
    payment = await stripe.collect(shop)
    (notification,) = await stripe.act(payment, "deauthorized")
    assert (notification["body"]["type"], notification["body"]["account"]) == (DEAUTHORIZED, account)
    for duplicate in (False, True):
        sent = (
            signed(notification)
            if through == "the platform"
            else stripe.signed(shop, notification, secret=own)
        )
        assert await told(stripe, sent) == {"received": True, "duplicate": duplicate}
    await drain(worker, *INBOX)
    (row,) = (await flagged(shop))["flagged_notifications"]
    assert (row["type"], row["outcome"]) == (DEAUTHORIZED, "flagged")
    assert "permission" in row["error"]
    assert (await payment_of(shop, payment))["status"] == "pending"


async def test_only_a_connect_platform_has_such_an_address(http: httpx.AsyncClient, stripe: Provider) -> None:
    """Not without its secret, and no other provider."""
    for name in ("mercadopago", "sandbox", "paypal"):
        assert (await http.post(f"/api/v1/webhooks/{name}/platform", content=b"{}")).status_code == 404, name
    assert Stripe(OutgoingClient()).addressed(Inbound({}, {}, b"{}")) is None
