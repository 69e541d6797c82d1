"""What every provider over the network has to do for a shop: open, fail, go on, give back, be disputed."""

import asyncio
import time
from typing import Any

import pytest

from baas.core.db import Database
from baas.services.payments.providers import stripe, stripe_http, wire
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.orders.selling import (
    act,
    cart_of,
    check_out,
    event_types,
    order_of,
    payment_of,
    stock_of,
    variant_of,
)
from tests.services.payments.simulated import RETURN_URL, Provider, history

INBOX = ("payments.inbox", "relay", "jobs")


async def bought(shop: Shop, provider: Provider, *items: tuple[str, int], **body: Any) -> dict[str, Any]:
    """A checkout of these variants: order and payment."""
    cart = await cart_of(shop, *(items or ((await variant_of(shop), 2),)))
    answer = await check_out(shop, cart, provider=provider.name, return_url=RETURN_URL, **body)
    placed: dict[str, Any] = answer.json()["data"]
    return placed


async def paid(shop: Shop, worker: Worker, provider: Provider, *items: tuple[str, int]) -> dict[str, Any]:
    """A paid order."""
    await provider.configure(shop)
    placed = await bought(shop, provider, *items)
    await provider.notify(shop, placed["payment"], "approved")
    await drain(worker, *INBOX)
    assert (await order_of(shop, placed["order"]))["status"] == "paid"
    return placed


async def give_back(shop: Shop, placed: dict[str, Any], expect: int | None = 201, **body: Any) -> Any:
    """The data, or the error, of an order's refund."""
    path = f"/admin/orders/{placed['order']['id']}/refunds"
    answer = (await shop.admin("POST", path, json=body, expect=expect)).json()
    return answer["data"] if answer["success"] else answer["error"]


class TestOpening:
    """The row first, then the provider."""

    async def test_one_that_is_down_loses_nothing(
        self, shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """502, the order stays, and the same key goes on with the same attempt at once."""
        await provider.configure(shop)
        variant = await variant_of(shop)
        cart = await cart_of(shop, (variant, 2))
        provider.faults(down=True)
        options: dict[str, Any] = {"provider": provider.name, "return_url": RETURN_URL, "key": "checkout-1"}
        error = (await check_out(shop, cart, expect=502, **options)).json()["error"]
        assert error["code"] == "payment_provider_error"
        assert error["details"]["provider"] == provider.name
        assert await stock_of(shop, variant) == (10, 2)
        provider.faults()
        placed = (await check_out(shop, cart, **options)).json()["data"]
        assert placed["order"]["id"] == error["details"]["order_id"]
        assert placed["payment"]["id"] == error["details"]["payment_id"]
        assert placed["payment"]["next_action"]["url"]
        again = (await check_out(shop, cart, **options)).json()["data"]
        assert again == placed
        path = f"/storefront/orders/{placed['order']['id']}?token={placed['order']['access_token']}"
        await shop.storefront("GET", path, expect=200)
        assert len(await shop.listed("/admin/payments")) == 1

    async def test_without_a_key_the_order_is_paid_through_its_own_address(
        self, shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """Trying again continues the same attempt, never a second one."""
        await provider.configure(shop)
        cart = await cart_of(shop, (await variant_of(shop), 1))
        provider.faults(down=True)
        error = (
            await check_out(shop, cart, expect=502, provider=provider.name, return_url=RETURN_URL)
        ).json()["error"]
        provider.faults()
        path = f"/storefront/orders/{error['details']['order_id']}/payments"
        body = {"provider": provider.name, "return_url": RETURN_URL}
        answers = await asyncio.gather(
            *(shop.storefront("POST", path, json=body, expect=201) for _ in range(5))
        )
        payments = [answer.json()["data"] for answer in answers]
        assert {payment["id"] for payment in payments} == {error["details"]["payment_id"]}
        assert len({payment["next_action"]["url"] for payment in payments}) == 1

    @pytest.mark.slow
    async def test_a_slow_one_is_given_ten_seconds(
        self, shop: Shop, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And then the caller is told. Here a second stands for them."""
        assert wire.TIMEOUT == 10
        for module in (wire, stripe, stripe_http):
            monkeypatch.setattr(module, "TIMEOUT", 1.0)
        await provider.configure(shop)
        provider.faults(slow=30)
        began = time.monotonic()
        error = await provider.collect(shop, expect=502)
        assert error["code"] == "payment_provider_error"
        assert 0.9 < time.monotonic() - began < 5
        provider.faults()

    async def test_lost_answers_make_one_payment(
        self, shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """The provider did the work; the caller asks again with its key."""
        await provider.configure(shop)
        provider.faults(lose=1.0)
        headers = {"Idempotency-Key": "lost"}
        await provider.collect(shop, expect=502, headers=headers)
        provider.faults()
        payment = await provider.collect(shop, headers=headers)
        await provider.notify(shop, payment, "approved")
        await drain(worker, *INBOX)
        rows = await shop.listed("/admin/payments")
        assert [(row["id"], row["status"]) for row in rows] == [(payment["id"], "paid")]

    async def test_a_dry_run_asks_nobody(self, shop: Shop, provider: Provider) -> None:
        """And stores nothing."""
        await provider.configure(shop)
        before = len(provider.books.table("preferences")) + len(provider.books.table("checkout.session"))
        payment = await provider.collect(shop, headers={"Prefer": "dry-run"})
        assert payment["next_action"] is None
        assert before == len(provider.books.table("preferences")) + len(
            provider.books.table("checkout.session")
        )
        assert await shop.listed("/admin/payments") == []

    async def test_without_an_account(self, shop: Shop, provider: Provider) -> None:
        """Or with one that is disabled."""
        assert (await provider.collect(shop, expect=409))["code"] == "payment_provider_unconfigured"
        await provider.configure(shop)
        path = f"/admin/payment-providers/{provider.name}"
        await shop.admin("PUT", path, json={"enabled": False}, expect=200)
        assert (await provider.collect(shop, expect=409))["code"] == "payment_provider_unconfigured"

    async def test_wrong_credentials_are_refused(self, shop: Shop, provider: Provider) -> None:
        """By the provider; a provider that is down is no reason to believe them."""
        path = f"/admin/payment-providers/{provider.name}"
        wrong = dict.fromkeys(provider.credentials(shop), "nonsense-credential")
        answer = await shop.admin("PUT", path, json={"credentials": wrong}, expect=422)
        assert "nonsense" not in answer.text
        provider.faults(down=True)
        await shop.admin("PUT", path, json={"credentials": provider.credentials(shop)}, expect=502)
        provider.faults()
        assert (await shop.get(path))["configured"] is False


class TestGivingBack:
    """Refunds through the provider."""

    async def test_parts_lines_and_the_rest(self, shop: Shop, worker: Worker, provider: Provider) -> None:
        """Once each, whatever is repeated; the pieces are for sale again."""
        variant = await variant_of(shop, price=1_000)
        placed = await paid(shop, worker, provider, (variant, 4))
        assert await stock_of(shop, variant) == (6, 0)
        line = placed["order"]["items"][0]["id"]
        one: dict[str, Any] = {
            "items": [{"order_item_id": line, "quantity": 1}],
            "restock": True,
            "reason": "broken",
        }
        done = await give_back(shop, placed, **one)
        assert [(refund["amount"], refund["status"]) for refund in done["refunds"]] == [(1_000, "succeeded")]
        assert done["order"]["items"][0]["refunded_quantity"] == 1
        assert await stock_of(shop, variant) == (7, 0)
        path = f"/admin/payments/{placed['payment']['id']}/refunds"
        headers = {"Idempotency-Key": "part"}
        answers = await asyncio.gather(
            *(shop.admin("POST", path, json={"amount": 500}, headers=headers) for _ in range(5))
        )
        assert {answer.status_code for answer in answers} <= {201, 409}
        too_many: dict[str, Any] = {"items": [{"order_item_id": line, "quantity": 4}]}
        assert (await give_back(shop, placed, expect=409, **too_many))["details"]["refundable"] == 3
        await give_back(shop, placed)
        await drain(worker, *INBOX)
        payment = await payment_of(shop, placed["payment"])
        total = placed["order"]["total"]
        assert (payment["status"], payment["amount_refunded"]) == ("refunded", total)
        assert [refund["amount"] for refund in payment["refunds"]] == [1_000, 500, total - 1_500]
        assert {refund["status"] for refund in payment["refunds"]} == {"succeeded"}
        order = await order_of(shop, placed["order"])
        assert (order["payment_status"], order["amount_refunded"]) == ("refunded", total)

    async def test_in_the_panel(self, shop: Shop, worker: Worker, provider: Provider) -> None:
        """They become ours."""
        placed = await paid(shop, worker, provider)
        units = 5 if provider.name == "mercadopago" else 500
        await provider.notify(shop, placed["payment"], "partially_refunded", amount=units)
        await drain(worker, *INBOX)
        payment = await payment_of(shop, placed["payment"])
        assert (payment["status"], payment["amount_refunded"]) == ("partially_refunded", 500)
        assert [(refund["amount"], refund["origin"]) for refund in payment["refunds"]] == [(500, "provider")]
        assert "order.refunded" in await event_types(shop, placed["order"]["id"])

    @pytest.mark.parametrize("amount", [700, None], ids=["part", "all"])
    async def test_one_that_waits_for_the_bank(
        self, shop: Shop, worker: Worker, provider: Provider, amount: int | None
    ) -> None:
        """Pending, then done; one that fails after all, even later, is flagged and can be made again."""
        placed = await paid(shop, worker, provider)
        total = placed["order"]["total"]
        path = f"/admin/payments/{placed['payment']['id']}/refunds"
        body = {} if amount is None else {"amount": amount}
        provider.faults(slow_refunds=True)
        made = await shop.create(path, body)
        assert (made["status"], made["provider_refund_id"] is not None) == ("pending", True)

        async def heard(action: str) -> tuple[Any, Any]:
            await provider.notify(shop, placed["payment"], action)
            await drain(worker, *INBOX)
            return await payment_of(shop, placed["payment"]), await order_of(shop, placed["order"])

        payment, order = await heard("refund_succeeded")
        assert [refund["status"] for refund in payment["refunds"]] == ["succeeded"]
        assert (payment["flags"], order["amount_refunded"]) == ([], amount or total)
        for _ in range(2):
            payment, order = await heard("refund_failed")
            assert (payment["status"], payment["amount_refunded"]) == ("paid", 0)
            assert (payment["flags"], payment["refunds"][0]["status"]) == (["refund_failed"], "failed")
            assert (order["status"], order["payment_status"], order["amount_refunded"]) == ("paid", "paid", 0)
        story = await history(shop, placed["payment"])
        assert [(row["outcome"], row["from_status"], row["to_status"]) for row in story[-2:]] == [
            ("flagged", story[-1]["from_status"], story[-1]["from_status"]),
            ("moved", "refunded" if amount is None else "partially_refunded", "paid"),
        ]
        assert any(made["id"] in (row["detail"] or "") for row in story)
        provider.faults()
        again = await shop.create(path, body)
        assert again["status"] == "succeeded"
        payment = await payment_of(shop, placed["payment"])
        assert (payment["amount_refunded"], payment["flags"]) == (amount or total, [])
        told = await event_types(shop, payment["id"])
        assert told.count("payment.refunded") == 3

    async def test_an_answer_that_is_lost_gives_back_once(
        self, shop: Shop, worker: Worker, provider: Provider, database: Database
    ) -> None:
        """It stays pending, the worker goes on, and the provider gave back once."""
        placed = await paid(shop, worker, provider)
        provider.faults(lose=1.0)
        path = f"/admin/payments/{placed['payment']['id']}/refunds"
        refund = await shop.create(path, {"amount": 700})
        assert refund["status"] == "pending"
        provider.faults()
        async with database.fast(await shop.scope(worker)) as work:
            await work.execute("update refunds set next_attempt_at = now() where next_attempt_at is not null")
        await drain(worker, "payments.refunds", *INBOX)
        payment = await payment_of(shop, placed["payment"])
        assert [(found["amount"], found["status"], found["origin"]) for found in payment["refunds"]] == [
            (700, "succeeded", "api")
        ]
        assert payment["amount_refunded"] == 700

    async def test_a_refund_that_is_refused_is_failed(
        self, shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """More was given back in the panel than we had heard of."""
        placed = await paid(shop, worker, provider)
        await provider.act(placed["payment"], "refunded")
        path = f"/admin/payments/{placed['payment']['id']}/refunds"
        error = (await shop.admin("POST", path, json={"amount": 700}, expect=502)).json()["error"]
        assert error["code"] == "payment_provider_error"
        payment = await payment_of(shop, placed["payment"])
        assert [found["status"] for found in payment["refunds"]] == ["failed"]

    async def test_cancelling_gives_back_first(self, shop: Shop, worker: Worker, provider: Provider) -> None:
        """The money, then the stock; a provider that says no leaves the order as it was."""
        variant = await variant_of(shop)
        placed = await paid(shop, worker, provider, (variant, 2))
        order = await act(shop, placed["order"], "cancel")
        assert (order["status"], order["payment_status"]) == ("cancelled", "refunded")
        assert await stock_of(shop, variant) == (10, 0)
        other = await bought(shop, provider, (variant, 2))
        await provider.notify(shop, other["payment"], "approved")
        await drain(worker, *INBOX)
        await provider.act(other["payment"], "refunded")
        error = await act(shop, other["order"], "cancel", expect=502)
        assert error["code"] == "payment_provider_error"
        assert (await order_of(shop, other["order"]))["status"] == "paid"

    async def test_two_payments_for_one_order(
        self, shop: Shop, worker: Worker, mercadopago: Provider
    ) -> None:
        """The order is paid once, flagged, and one call gives the surplus back."""
        placed = await paid(shop, worker, mercadopago)
        for notification in await mercadopago.act(placed["payment"], "approved", again=True):
            await mercadopago.deliver(mercadopago.signed(shop, notification))
        await drain(worker, *INBOX)
        order = await order_of(shop, placed["order"])
        assert "overpaid" in order["flags"]
        assert (await event_types(shop, order["id"])).count("order.paid") == 1
        done = await give_back(shop, placed, overpayment=True)
        assert [refund["amount"] for refund in done["refunds"]] == [order["total"]]
        await drain(worker, *INBOX)
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["flags"]) == ("paid", [])
        assert (await give_back(shop, placed, expect=409, overpayment=True))["code"] == "conflict"


class TestLate:
    """Money that came in is never ignored."""

    async def test_for_an_order_that_was_cancelled(
        self, shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """Flagged, and one call gives it back."""
        await provider.configure(shop)
        variant = await variant_of(shop)
        placed = await bought(shop, provider, (variant, 2))
        await act(shop, placed["order"], "cancel")
        assert await stock_of(shop, variant) == (10, 0)
        await provider.notify(shop, placed["payment"], "approved")
        await drain(worker, *INBOX)
        order = await order_of(shop, placed["order"])
        assert (order["status"], order["flags"]) == ("cancelled", ["paid_after_cancel"])
        await give_back(shop, placed)
        await drain(worker, *INBOX)
        order = await order_of(shop, placed["order"])
        assert (order["payment_status"], order["flags"]) == ("refunded", [])
        assert await stock_of(shop, variant) == (10, 0)

    async def test_through_a_provider_that_was_disabled_since(
        self, shop: Shop, worker: Worker, provider: Provider
    ) -> None:
        """What was begun is brought to its end, refunds too."""
        await provider.configure(shop)
        placed = await bought(shop, provider)
        path = f"/admin/payment-providers/{provider.name}"
        await shop.admin("PUT", path, json={"enabled": False}, expect=200)
        await provider.notify(shop, placed["payment"], "approved")
        await drain(worker, *INBOX)
        assert (await order_of(shop, placed["order"]))["status"] == "paid"
        assert (await give_back(shop, placed))["refunds"][0]["status"] == "succeeded"


class TestDisputes:
    """Charge-backs, to either end."""

    @pytest.mark.parametrize("end, status", [("chargeback_won", "paid"), ("chargeback_lost", "refunded")])
    async def test_to_its_end(
        self, shop: Shop, worker: Worker, provider: Provider, end: str, status: str
    ) -> None:
        """Told each time; what is lost went back to the payer."""
        placed = await paid(shop, worker, provider)
        await provider.notify(shop, placed["payment"], "charged_back")
        await drain(worker, *INBOX)
        assert (await payment_of(shop, placed["payment"]))["status"] == "disputed"
        assert "disputed" in (await order_of(shop, placed["order"]))["flags"]
        await provider.notify(shop, placed["payment"], end)
        await drain(worker, *INBOX)
        payment = await payment_of(shop, placed["payment"])
        assert payment["status"] == status
        assert payment["amount_refunded"] == (payment["amount"] if status == "refunded" else 0)
        assert (await event_types(shop, payment["id"])).count("payment.disputed") >= 1
        assert (await event_types(shop, placed["order"]["id"])).count("order.paid") == 1
