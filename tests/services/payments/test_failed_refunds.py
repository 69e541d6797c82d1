"""Refunds of an order's lines that fail after they were answered: the pieces count again, once, and no stock is made up."""

import asyncio
from typing import Any

from baas.core.db import Database
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.orders.selling import act, event_types, order_of, payment_of, stock_of, variant_of
from tests.services.payments.simulated import Provider, history
from tests.services.payments.test_contract import INBOX, give_back, paid


def lines(placed: dict[str, Any], quantity: int, **more: Any) -> dict[str, Any]:
    """The body of a refund of so many pieces of the order's only line."""
    return {
        "items": [{"order_item_id": placed["order"]["items"][0]["id"], "quantity": quantity}],
        "restock": True,
        **more,
    }


async def given_back(shop: Shop, placed: dict[str, Any]) -> int:
    """How many pieces of its only line count as given back."""
    count: int = (await order_of(shop, placed["order"]))["items"][0]["refunded_quantity"]
    return count


async def ask_again(shop: Shop, worker: Worker, database: Database) -> None:
    """The worker asks for what was promised, as if it were due."""
    async with database.fast(await shop.scope(worker)) as work:
        await work.execute("update refunds set next_attempt_at = now() where next_attempt_at is not null")
    await drain(worker, "payments.refunds", *INBOX)


async def test_pieces_whose_refund_fails_later_are_given_back_anew(
    shop: Shop, worker: Worker, provider: Provider
) -> None:
    """However often that is told; what came back to the shelf stays there and is not put there twice."""
    variant = await variant_of(shop, price=1_000)
    placed = await paid(shop, worker, provider, (variant, 4))
    provider.faults(slow_refunds=True)
    done = await give_back(shop, placed, **lines(placed, 2))
    assert [refund["status"] for refund in done["refunds"]] == ["pending"]
    assert (await given_back(shop, placed), await stock_of(shop, variant)) == (2, (8, 0))
    for action, counted in (("refund_succeeded", 2), ("refund_failed", 0), ("refund_failed", 0)):
        await provider.notify(shop, placed["payment"], action)
        await drain(worker, *INBOX)
        assert (await given_back(shop, placed), await stock_of(shop, variant)) == (counted, (8, 0)), action
    assert (await payment_of(shop, placed["payment"]))["flags"] == ["refund_failed"]
    provider.faults()
    # Two of these three are on the shelf already.
    done = await give_back(shop, placed, **lines(placed, 3))
    assert [(refund["amount"], refund["status"]) for refund in done["refunds"]] == [(3_000, "succeeded")]
    assert done["order"]["items"][0]["refunded_quantity"] == 3
    assert await stock_of(shop, variant) == (9, 0)
    # The flag went with its cause, and the story has both.
    assert (await payment_of(shop, placed["payment"]))["flags"] == []
    outcomes = [entry["outcome"] for entry in await history(shop, placed["payment"])]
    assert (outcomes.count("flagged"), outcomes.count("cleared")) == (1, 1)
    assert (await act(shop, placed["order"], "cancel"))["payment_status"] == "refunded"
    assert await stock_of(shop, variant) == (10, 0)


async def test_a_refund_that_is_refused_when_the_worker_asks(
    shop: Shop, worker: Worker, provider: Provider, database: Database
) -> None:
    """It was answered as pending, so a person is told; its pieces count as not given back, and the goods stay."""
    variant = await variant_of(shop, price=1_000)
    placed = await paid(shop, worker, provider, (variant, 4))
    provider.faults(down=True)
    done = await give_back(shop, placed, **lines(placed, 2))
    assert [refund["status"] for refund in done["refunds"]] == ["pending"]
    provider.faults()
    # Meanwhile so much is given back in the panel that not enough is left.
    await provider.act(
        placed["payment"], "partially_refunded", amount=30 if provider.name == "mercadopago" else 3_000
    )
    await ask_again(shop, worker, database)
    payment = await payment_of(shop, placed["payment"])
    assert payment["flags"] == ["refund_failed"]
    assert {refund["origin"]: refund["status"] for refund in payment["refunds"]} == {
        "api": "failed",
        "provider": "succeeded",
    }
    assert (await given_back(shop, placed), await stock_of(shop, variant)) == (0, (8, 0))
    flagged = await shop.get("/admin/payments/reconciliation")
    assert [row["flags"] for row in flagged["flagged_payments"]] == [["refund_failed"]]
    told = await event_types(shop, payment["id"])
    assert told.count("payment.refunded") == 2
    # The last piece that money is left for needs no place on the shelf; with it nothing is left to give back.
    await give_back(shop, placed, **lines(placed, 1))
    assert (await given_back(shop, placed), await stock_of(shop, variant)) == (1, (8, 0))
    payment = await payment_of(shop, placed["payment"])
    assert (payment["status"], payment["flags"]) == ("refunded", [])


async def test_a_promise_outlives_its_account(
    shop: Shop, worker: Worker, provider: Provider, database: Database
) -> None:
    """Deleted meanwhile, nobody can be asked, and nothing more is promised; given again, the money goes back."""
    placed = await paid(shop, worker, provider, (await variant_of(shop, price=1_000), 4))
    provider.faults(down=True)
    made = (await give_back(shop, placed, **lines(placed, 2)))["refunds"]
    provider.faults()
    await shop.admin("DELETE", f"/admin/payment-providers/{provider.name}", expect=200)

    async def due_in() -> float:
        await ask_again(shop, worker, database)
        async with database.fast(await shop.scope(worker)) as work:
            wait = await work.fetchval(
                "select extract(epoch from min(next_attempt_at) - now())::float from refunds"
            )
        return float(wait)

    first, second, third = await due_in(), await due_in(), await due_in()
    assert first < second < third
    refused = await give_back(shop, placed, amount=1_000, expect=409)
    assert refused["code"] == "payment_provider_unconfigured"
    assert [refund["id"] for refund in (await payment_of(shop, placed["payment"]))["refunds"]] == [
        refund["id"] for refund in made
    ]
    await provider.configure(shop)
    await ask_again(shop, worker, database)
    payment = await payment_of(shop, placed["payment"])
    assert [(refund["amount"], refund["status"]) for refund in payment["refunds"]] == [(2_000, "succeeded")]


async def test_a_promise_that_the_panel_kept_needs_nobody(
    shop: Shop, worker: Worker, stripe: Provider, database: Database
) -> None:
    """All was given back there before the worker asked: its refund failed, and nothing is owed."""
    placed = await paid(shop, worker, stripe, (await variant_of(shop, price=1_000), 4))
    stripe.faults(down=True)
    await give_back(shop, placed, **lines(placed, 2))
    stripe.faults()
    await stripe.act(placed["payment"], "refunded")
    await ask_again(shop, worker, database)
    payment = await payment_of(shop, placed["payment"])
    assert (payment["status"], payment["flags"]) == ("refunded", [])
    assert [refund["status"] for refund in payment["refunds"]] == ["failed", "succeeded"]
    assert (await order_of(shop, placed["order"]))["amount_refunded"] == placed["order"]["total"]


async def test_a_refund_that_is_refused_at_once(shop: Shop, worker: Worker, stripe: Provider) -> None:
    """The same request once more puts nothing on the shelf that is there."""
    variant = await variant_of(shop, price=1_000)
    placed = await paid(shop, worker, stripe, (variant, 4))
    await stripe.act(placed["payment"], "partially_refunded", amount=3_000)
    for _ in range(2):
        assert (await give_back(shop, placed, expect=502, **lines(placed, 2)))[
            "code"
        ] == "payment_provider_error"
        assert (await given_back(shop, placed), await stock_of(shop, variant)) == (0, (8, 0))
    assert (await payment_of(shop, placed["payment"]))["flags"] == []


async def test_of_two_refunds_for_the_same_pieces_both_have_to_fail(
    shop: Shop, worker: Worker, mercadopago: Provider
) -> None:
    """And then they are taken back once, however many look at once."""
    placed = await paid(shop, worker, mercadopago, (await variant_of(shop, price=1_000), 4))
    for notification in await mercadopago.act(placed["payment"], "approved", again=True):
        await mercadopago.deliver(mercadopago.signed(shop, notification))
    await drain(worker, *INBOX)
    await give_back(shop, placed, amount=3_000)
    mercadopago.faults(slow_refunds=True)
    made = (await give_back(shop, placed, **lines(placed, 2)))["refunds"]
    assert [(refund["amount"], refund["status"]) for refund in made] == [(1_000, "pending")] * 2
    mercadopago.faults()

    async def fail(refund: dict[str, Any]) -> None:
        payment = await payment_of(shop, {"id": refund["payment_id"]})
        book = mercadopago.books.table("payments")[payment["provider_payment_id"]]
        mercadopago.simulator.end_refund(book, failed=True)  # type: ignore[call-arg]  # it is this one
        await shop.admin("POST", f"/admin/payments/{payment['id']}/refresh", expect=200)

    await fail(made[0])
    error = await give_back(shop, placed, expect=409, **lines(placed, 3))
    assert error["details"]["refundable"] == 2
    await fail(made[1])
    answers = await asyncio.gather(
        *(give_back(shop, placed, expect=None, **lines(placed, 1)) for _ in range(6))
    )
    assert sum("refunds" in answer for answer in answers) == 4
    assert await given_back(shop, placed) == 4


async def test_a_refund_of_an_order_waits_for_its_first_payment_first(
    shop: Shop, worker: Worker, database: Database, mercadopago: Provider
) -> None:
    """As whoever settles an attempt and those that came of it: two that went in opposite directions would meet in a circle."""
    placed = await paid(shop, worker, mercadopago, (await variant_of(shop, price=1_000), 2))
    for notification in await mercadopago.act(placed["payment"], "approved", again=True):
        await mercadopago.deliver(mercadopago.signed(shop, notification))
    await drain(worker, *INBOX)
    scope = await shop.scope(worker)
    async with database.fast(scope) as work:
        first, last = await work.fetch(
            "select id from payments where store_id = $1 order by id", scope.store_id
        )
    async with database.fast(scope) as settling:
        lock = "select id from payments where store_id = $1 and id = $2 for no key update"
        await settling.execute("set local lock_timeout = '300ms'")
        await settling.fetch(lock, scope.store_id, first["id"])
        refund = asyncio.create_task(give_back(shop, placed, amount=3_000))
        async with database.fast(scope) as looking:
            waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            while not await looking.fetchval(waits):  # noqa: ASYNC110  the database tells nobody
                await asyncio.sleep(0.01)
        await settling.fetch(lock, scope.store_id, last["id"])
    made = (await refund)["refunds"]
    assert [(one["amount"], one["status"]) for one in made] == [(2_000, "succeeded"), (1_000, "succeeded")]


async def test_a_return_that_was_restocked_is_refunded_without_more_stock(
    shop: Shop, worker: Worker, stripe: Provider
) -> None:
    """Said twice, once with the goods and once with the money."""
    variant = await variant_of(shop, price=1_000)
    placed = await paid(shop, worker, stripe, (variant, 2))
    await act(shop, placed["order"], "ship", {})
    await act(shop, placed["order"], "return", {"restock": True})
    assert await stock_of(shop, variant) == (10, 0)
    await give_back(shop, placed, **lines(placed, 2))
    assert (await given_back(shop, placed), await stock_of(shop, variant)) == (2, (10, 0))
