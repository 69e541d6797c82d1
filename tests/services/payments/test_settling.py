"""Moving a payment to where a provider says it is: every pair of states, and everything that can be wrong."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from baas.core.crypto import KeyRing
from baas.core.db import Database, StoreWork
from baas.core.errors import ValidationFailed
from baas.core.scope import Mode, StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.payments import repository, service
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import (
    Account,
    Handle,
    PaymentProvider,
    ProviderKind,
    ProviderRefused,
    RefundAsked,
    RefundSnapshot,
    Snapshot,
)
from baas.services.payments.providers.sandbox import Sandbox
from baas.services.payments.schemas import MOVES, PaymentStatus, PutPaymentProvider, RefundStatus, path
from baas.services.payments.service import Collect, accounts
from baas.worker import Worker
from tests.clients import Shop
from tests.services.orders.selling import event_types

PROVIDERS: Final = Providers([Sandbox("http://testserver")])
NOON: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
AGREED: Final = {
    "pending": {"paid", "failed", "cancelled"},
    "failed": {"paid", "cancelled"},
    "cancelled": {"paid"},
    "paid": {"partially_refunded", "refunded", "disputed"},
    "partially_refunded": {"refunded", "disputed"},
    "disputed": {"paid", "partially_refunded", "refunded"},
    "refunded": set(),
}


@pytest.mark.parametrize("before, after", list(product(PaymentStatus, PaymentStatus)), ids=str)
def test_the_steps_are_the_ones_that_were_agreed(before: PaymentStatus, after: PaymentStatus) -> None:
    """All 49 pairs: a single step, two steps through `paid`, or ignored."""
    assert (after in MOVES[before]) == (after.value in AGREED[before.value])
    steps = path(before, after)
    if after.value in AGREED[before.value]:
        assert steps == (after,)
    elif before.value in {"pending", "failed", "cancelled"} and after.value in AGREED["paid"]:
        assert steps == (PaymentStatus.PAID, after)
    else:
        assert steps == ()


class Desk:
    """One payment, and what a provider might say of it."""

    def __init__(self, database: Database, scope: StoreScope, shop: Shop) -> None:
        self._database, self._scope, self._shop = database, scope, shop
        self.id = UUID(int=0)

    async def open(self, amount: int = 1_000) -> "Desk":
        """Make the payment."""
        async with self._database.fast(self._scope) as work:
            asked = Collect(
                provider="sandbox", amount=amount, currency="ARS", options={"sandbox_token": "page"}
            )
            self.id = (await service.collect(work, PROVIDERS, asked)).id
        return self

    async def hear(self, status: str, **changes: Any) -> dict[str, Any]:
        """The provider says this; answers the payment afterwards."""
        return await self.hear_all(self.snapshot(status, **changes))

    async def hear_all(self, *snapshots: Snapshot) -> dict[str, Any]:
        """The provider says all of this at once."""
        async with self._database.fast(self._scope) as work:
            row = await repository.payments.lock(work, self.id)
            assert row is not None
            await service.record(work, row, snapshots, source="test")
        return await self.now()

    def snapshot(self, status: str, **changes: Any) -> Snapshot:
        """A payment as the provider has it."""
        snapshot = Snapshot(
            provider_payment_id=f"sbx_{self.id.hex}",
            reference=ids.encode(Kind.PAYMENT, self.id),
            status=PaymentStatus(status),
            provider_status=f"raw_{status}",
            amount=1_000,
            currency="ARS",
        )
        return msgspec.structs.replace(snapshot, **changes)

    async def now(self) -> dict[str, Any]:
        """The payment as the shop sees it."""
        answer = await self._shop.admin(
            "GET", f"/admin/payments/{ids.encode(Kind.PAYMENT, self.id)}", expect=200
        )
        payment: dict[str, Any] = answer.json()["data"]
        return payment

    async def events(self) -> list[str]:
        """What was told, without its first event."""
        return (await event_types(self._shop, ids.encode(Kind.PAYMENT, self.id)))[1:]

    async def history(self) -> list[tuple[str, str | None]]:
        """Outcome and detail of everything but the first line."""
        path_ = f"/admin/payments/{ids.encode(Kind.PAYMENT, self.id)}/history"
        rows = await self._shop.listed(path_)
        return [(row["outcome"], row["detail"]) for row in rows][1:]


@pytest.fixture
async def scope(shop: Shop, worker: Worker) -> StoreScope:
    """The scope of the shop's system work."""
    return await shop.scope(worker)


@pytest.fixture
async def desk(shop: Shop, database: Database, scope: StoreScope) -> Desk:
    """A pending payment of 1,000."""
    return await Desk(database, scope, shop).open()


async def test_the_same_again_is_heard_once(desk: Desk) -> None:
    """No second event, no second line."""
    for _ in range(3):
        assert (await desk.hear("paid"))["status"] == "paid"
    assert await desk.events() == ["payment.paid"]
    assert [outcome for outcome, _ in await desk.history()] == ["moved"]


@pytest.mark.parametrize("late", ["pending", "failed", "cancelled"])
async def test_a_step_back_is_ignored_and_noted(desk: Desk, late: str) -> None:
    """A late `pending` after `paid`."""
    await desk.hear("paid")
    assert (await desk.hear(late))["status"] == "paid"
    assert await desk.events() == ["payment.paid"]
    assert (await desk.history())[-1] == ("ignored", "a step back")


async def test_what_was_missed_is_told_in_order(desk: Desk) -> None:
    """Paid and refunded before anybody asked: both are told."""
    refunds = (RefundSnapshot("re_1", 1_000, RefundStatus.SUCCEEDED),)
    payment = await desk.hear("refunded", amount_refunded=1_000, refunds=refunds)
    assert (payment["status"], payment["amount_refunded"]) == ("refunded", 1_000)
    assert await desk.events() == ["payment.paid", "payment.refunded"]


async def test_a_refund_made_in_the_providers_own_panel(desk: Desk) -> None:
    """It becomes one of ours; a second part is told too, though the state stays."""
    await desk.hear("paid")
    one = RefundSnapshot("re_1", 100, RefundStatus.SUCCEEDED)
    two = RefundSnapshot("re_2", 200, RefundStatus.SUCCEEDED)
    await desk.hear("partially_refunded", amount_refunded=100, refunds=(one,))
    payment = await desk.hear("partially_refunded", amount_refunded=300, refunds=(one, two))
    assert (payment["status"], payment["amount_refunded"]) == ("partially_refunded", 300)
    assert [(refund["amount"], refund["origin"]) for refund in payment["refunds"]] == [
        (100, "provider"),
        (200, "provider"),
    ]
    assert await desk.events() == ["payment.paid", "payment.refunded", "payment.refunded"]


async def test_a_dispute_that_is_won(desk: Desk) -> None:
    """Told as news about the dispute, not as a second payment."""
    await desk.hear("paid")
    await desk.hear("disputed")
    assert (await desk.hear("paid"))["status"] == "paid"
    assert await desk.events() == ["payment.paid", "payment.disputed", "payment.disputed"]


async def test_a_dispute_that_is_lost(desk: Desk) -> None:
    """The money is gone."""
    await desk.hear("paid")
    await desk.hear("disputed")
    assert (await desk.hear("refunded", amount_refunded=1_000))["status"] == "refunded"
    assert (await desk.events())[-1] == "payment.refunded"


@pytest.mark.parametrize(
    "changes, flag",
    [
        ({"amount": 999}, "amount_mismatch"),
        ({"amount": 1_001}, "amount_mismatch"),
        ({"currency": "USD"}, "currency_mismatch"),
        ({"live_mode": True}, "mode_mismatch"),
    ],
    ids=str,
)
async def test_the_wrong_money_settles_nothing_and_is_flagged(
    desk: Desk, changes: dict[str, Any], flag: str
) -> None:
    """Once, however often it comes."""
    await desk.hear("paid", **changes)
    payment = await desk.hear("paid", **changes)
    assert (payment["status"], payment["flags"]) == ("pending", [flag])
    assert await desk.events() == []
    assert [outcome for outcome, _ in await desk.history()] == ["flagged"]
    payment = await desk.hear("paid")
    assert (payment["status"], payment["flags"]) == ("paid", [])
    assert (await desk.history())[1:] == [("cleared", flag), ("moved", None)]


async def test_wrong_money_that_was_given_back_needs_nobody(desk: Desk) -> None:
    """Its flag goes, it settles nothing, and no event claims that it did."""
    await desk.hear("paid", amount=999)
    for _ in range(2):
        payment = await desk.hear("refunded", amount=999, amount_refunded=999)
        assert (payment["status"], payment["flags"]) == ("pending", [])
    assert [outcome for outcome, _ in await desk.history()] == ["flagged", "ignored", "cleared"]
    assert await desk.events() == []


async def test_wrong_money_that_was_given_back_before_we_looked_is_noted_once(desk: Desk) -> None:
    """There is nothing that a person could do about it."""
    for _ in range(2):
        payment = await desk.hear("refunded", amount=999, amount_refunded=999)
        assert (payment["status"], payment["flags"]) == ("pending", [])
    assert [outcome for outcome, _ in await desk.history()] == ["ignored"]


async def test_a_flag_stays_with_the_payment_that_it_is_of(desk: Desk, shop: Shop) -> None:
    """Another payment of the same attempt that fits is no reason to forget the wrong one."""
    await desk.hear("paid", amount=999)
    for _ in range(2):
        await desk.hear("paid", provider_payment_id="another")
    rows = await shop.listed("/admin/payments")
    assert {(row["provider_payment_id"], row["status"], *row["flags"]) for row in rows} == {
        (f"sbx_{desk.id.hex}", "pending", "amount_mismatch"),
        ("another", "paid"),
    }


async def test_a_word_that_nobody_knows_is_flagged_until_there_is_another(desk: Desk) -> None:
    """The payment stays where it is meanwhile."""
    await desk.hear("paid")
    payment = await desk.hear_all(
        msgspec.structs.replace(desk.snapshot("paid"), status=None, provider_status="brand_new")
    )
    assert (payment["status"], payment["flags"]) == ("paid", ["unknown_status"])
    payment = await desk.hear("disputed")
    assert (payment["status"], payment["flags"]) == ("disputed", [])


async def test_an_older_answer_is_ignored(desk: Desk) -> None:
    """Two askers, and the one that asked first comes last."""
    await desk.hear("disputed", updated_at=NOON)
    payment = await desk.hear("paid", updated_at=NOON - timedelta(seconds=1))
    assert payment["status"] == "disputed"
    assert (await desk.history())[-1] == ("ignored", "an older answer of the provider")
    assert (await desk.hear("paid", updated_at=NOON + timedelta(seconds=1)))["status"] == "paid"


async def test_one_attempt_may_have_several_payments_at_the_provider(desk: Desk, shop: Shop) -> None:
    """Rejected, then approved: each has a row of its own, and asking again makes no third."""
    rejected = desk.snapshot("failed")
    approved = desk.snapshot("paid", provider_payment_id="another")
    for _ in range(2):
        assert (await desk.hear_all(rejected, approved))["status"] == "failed"
    rows = await shop.listed("/admin/payments")
    assert {(row["provider_payment_id"], row["status"]) for row in rows} == {
        (f"sbx_{desk.id.hex}", "failed"),
        ("another", "paid"),
    }


async def test_settling_asks_the_provider(desk: Desk, database: Database, scope: StoreScope) -> None:
    """The state is the sandbox's, not ours; a lost notification is made up for."""
    async with database.fast(scope) as work:
        await work.execute("update sandbox_payments set status = 'approved' where id = $1", desk.id)
        await service.settle(work, PROVIDERS, desk.id, source="reconciliation")
    assert (await desk.now())["status"] == "paid"


class TestSandboxAsAProvider:
    """What the interface promises, kept by the sandbox."""

    async def test_a_refund_with_one_key_is_one_refund(
        self, desk: Desk, database: Database, scope: StoreScope
    ) -> None:
        """And more than is left is refused."""
        async with database.fast(scope) as work:
            await work.execute("update sandbox_payments set status = 'approved' where id = $1", desk.id)
            provider = Sandbox("http://testserver").connect(work, None)
            asked = RefundAsked(
                handle=Handle(desk.id, None, None),
                refund_id=ids.new_id(),
                idempotency_key="one",
                amount=600,
                currency="ARS",
                reason=None,
            )
            assert await provider.refund(asked) == await provider.refund(asked)
            (snapshot,) = await provider.fetch(asked.handle)
            assert snapshot.amount_refunded == 600
            with pytest.raises(ProviderRefused):
                await provider.refund(msgspec.structs.replace(asked, idempotency_key="two"))

    async def test_its_list_is_whole(
        self, shop: Shop, database: Database, scope: StoreScope, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Over several pages, nothing twice, nothing left out."""
        monkeypatch.setattr("baas.services.payments.providers.sandbox._SEARCH_PAGE", 2)
        made = {(await Desk(database, scope, shop).open()).id for _ in range(5)}
        async with database.fast(scope) as work:
            provider: PaymentProvider = Sandbox("http://testserver").connect(work, None)
            now = datetime.now(UTC)
            found: list[str] = []
            cursor = None
            while True:
                page = await provider.search(
                    since=now - timedelta(days=1), until=now + timedelta(days=1), cursor=cursor
                )
                found += [item.provider_payment_id for item in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert sorted(found) == sorted(f"sbx_{identity.hex}" for identity in made)
            assert (await provider.check()).is_test is True


class Elsewhere(Sandbox):
    """A provider with credentials, as far as accounts are concerned."""

    name = "elsewhere"  # type: ignore[misc]  # another provider for this test alone
    credentials = frozenset({"access_token", "public_key"})  # type: ignore[misc]  # likewise


class TestAccounts:
    """Credentials go in and never come out."""

    RING: Final = KeyRing([b"k" * 32])
    KINDS: Final = Providers([Elsewhere("http://testserver")])
    GIVEN: Final = PutPaymentProvider(
        credentials={"access_token": "very-secret", "public_key": "pk"}, webhook_secret="whsec_secret"
    )

    async def test_what_is_stored_is_encrypted_and_opens_for_its_use(
        self, database: Database, scope: StoreScope
    ) -> None:
        """In its own store and column only."""
        async with database.fast(scope) as work:
            shown = await accounts.put(work, self.KINDS, self.RING, "elsewhere", self.GIVEN)
            assert (shown.configured, shown.enabled, shown.has_webhook_secret) == (True, True, True)
            assert "secret" not in msgspec.json.encode(shown).decode().replace("has_webhook_secret", "")
            row = await work.fetchrow("select * from payment_provider_accounts")
            assert row is not None
            assert b"secret" not in row["credentials"] + row["webhook_secret"]
            assert await accounts.opened(work, self.RING, "elsewhere") == Account(
                credentials={"access_token": "very-secret", "public_key": "pk"},
                webhook_secret="whsec_secret",
                is_test=True,
            )
            log = await work.fetch(
                "select old, new from audit_log where action = 'payment_provider.configured'"
            )
            assert "very-secret" not in str([dict(line) for line in log])

    async def test_a_change_keeps_what_it_leaves_out(self, database: Database, scope: StoreScope) -> None:
        """Disabling needs no credentials, and a disabled account is not used."""
        async with database.fast(scope) as work:
            await accounts.put(work, self.KINDS, self.RING, "elsewhere", self.GIVEN)
            await accounts.put(work, self.KINDS, self.RING, "elsewhere", PutPaymentProvider(enabled=False))
            assert await accounts.opened(work, self.RING, "elsewhere") is None
            await accounts.put(work, self.KINDS, self.RING, "elsewhere", PutPaymentProvider())
            assert (await accounts.opened(work, self.RING, "elsewhere")) is not None

    @pytest.mark.parametrize(
        "given", [None, {}, {"access_token": "x"}, {"access_token": "x", "key": "y"}], ids=str
    )
    async def test_refuses_half_an_account(
        self, database: Database, scope: StoreScope, given: dict[str, str] | None
    ) -> None:
        """The names are the provider's own."""
        async with database.fast(scope) as work:
            with pytest.raises(ValidationFailed):
                await accounts.put(
                    work, self.KINDS, self.RING, "elsewhere", PutPaymentProvider(credentials=given)
                )


def test_the_sandbox_fits_the_interface() -> None:
    """As the type checker sees it; here so that a reader finds it."""
    kind: ProviderKind = Sandbox("http://testserver")
    assert kind.modes == {Mode.TEST}

    def speaks(work: StoreWork) -> PaymentProvider:
        return kind.connect(work, None)

    assert callable(speaks)
