"""Payments over HTTP: with and without an order, refunds, history, provider accounts."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from baas.core.db import Database, StoreConnection
from baas.worker import Worker
from tests.clients import Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.services.orders.selling import decide, event_types, paid_order, payment_of, place, variant_of


async def collect(shop: Shop, amount: int = 2_500, expect: int = 201, **body: Any) -> dict[str, Any]:
    """The data, or the error, of a payment without an order."""
    body = {"provider": "sandbox", "amount": amount, **body}
    answer = (await shop.admin("POST", "/admin/payments", json=body, expect=expect)).json()
    result: dict[str, Any] = answer["data"] if answer["success"] else answer["error"]
    return result


async def refund(
    shop: Shop,
    payment: dict[str, Any],
    amount: int | None = None,
    *,
    key: str | None = None,
    expect: int | None = 201,
) -> Any:
    """The answer to a refund."""
    return await shop.admin(
        "POST",
        f"/admin/payments/{payment['id']}/refunds",
        json={} if amount is None else {"amount": amount},
        headers={} if key is None else {"Idempotency-Key": key},
        expect=expect,
    )


async def history_of(shop: Shop, payment: dict[str, Any]) -> list[tuple[str, str]]:
    """Outcome and status, oldest first."""
    rows = await shop.listed(f"/admin/payments/{payment['id']}/history")
    return [(row["outcome"], row["to_status"]) for row in rows]


class TestCreate:
    """POST /admin/payments"""

    async def test_for_a_shop_that_keeps_its_own_orders(self, shop: Shop) -> None:
        """An amount, a currency, a reference; the payer goes to a page."""
        payment = await collect(
            shop,
            currency="USD",
            reference="INV-9",
            description="Invoice 9",
            payer={"email": "ana@example.com"},
            metadata={"k": [1, None]},
        )
        assert (payment["status"], payment["amount"], payment["currency"]) == ("pending", 2_500, "USD")
        assert (payment["order_id"], payment["reference"], payment["metadata"]) == (
            None,
            "INV-9",
            {"k": [1, None]},
        )
        assert payment["next_action"]["type"] == "redirect"
        assert await payment_of(shop, payment) == payment
        await decide(shop, payment, "approved")
        paid = await payment_of(shop, payment)
        assert (paid["status"], paid["provider_status"], paid["next_action"]) == ("paid", "approved", None)
        assert await history_of(shop, payment) == [("created", "pending"), ("moved", "paid")]
        assert await event_types(shop, payment["id"]) == ["payment.created", "payment.paid"]

    @pytest.mark.parametrize(
        "amount, token, status, provider_status",
        [
            (2_501, None, "failed", "rejected"),
            (2_502, None, "pending", "in_review"),
            (2_503, None, "paid", "approved"),
            (2_504, None, "pending", "created"),
            (2_500, "approved", "paid", "approved"),
            (2_500, "rejected", "failed", "rejected"),
            (2_500, "pending", "pending", "in_review"),
            (2_501, "page", "pending", "created"),
        ],
    )
    async def test_scripts_need_no_page(
        self, shop: Shop, amount: int, token: str | None, status: str, provider_status: str
    ) -> None:
        """The last two digits decide, and a token decides over them."""
        payment = await collect(shop, amount, sandbox_token=token)
        assert (payment["status"], payment["provider_status"]) == (status, provider_status)

    @pytest.mark.parametrize(
        "body",
        [
            {"amount": 0},
            {"amount": -5},
            {"amount": 10**14},
            {"amount": 1.5},
            {"amount": "100"},
            {"currency": "ZZZ"},
            {"currency": "usd"},
            {"return_url": "ftp://shop.example"},
            {"return_url": "//shop.example"},
            {"return_url": "https://user@shop.example/"},
            {"return_url": "https://shop.example/\r\nX: y"},
            {"sandbox_token": "please"},
            {"payer": {"email": "nobody"}},
            {"payer": {"name": "Ana"}},
        ],
        ids=str,
    )
    async def test_refuses_what_is_no_payment(self, shop: Shop, body: dict[str, Any]) -> None:
        """A clear refusal each."""
        assert (await collect(shop, expect=422, **{"amount": 100, **body}))["code"] == "validation_error"

    async def test_an_unknown_order_is_not_found(self, shop: Shop) -> None:
        """A well-formed id of nothing, and no id at all."""
        for order_id in ("ord_01h455vb4pex5vsknk084sn02q", "pay_01h455vb4pex5vsknk084sn02q", "x"):
            assert (await collect(shop, expect=404, order_id=order_id))["code"] == "not_found"

    async def test_a_live_store_refuses_the_sandbox(self, shop: Shop) -> None:
        """No test money in a live shop."""
        live = await provision(shop.http, OPERATOR_KEY, mode="live")
        assert (await collect(live, expect=409))["code"] == "payment_provider_unconfigured"
        rows = await live.listed("/admin/payment-providers")
        assert [row["provider"] for row in rows] == ["mercadopago", "stripe"]

    async def test_twins_with_one_key_are_one_payment(self, shop: Shop) -> None:
        """Ten at once."""
        body = {"provider": "sandbox", "amount": 100}
        headers = {"Idempotency-Key": "collect-once"}
        answers = await asyncio.gather(
            *(shop.admin("POST", "/admin/payments", json=body, headers=headers) for _ in range(10))
        )
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len(await shop.listed("/admin/payments")) == 1

    async def test_a_list_with_filters(self, shop: Shop) -> None:
        """Newest first; by status, provider, reference."""
        first = await collect(shop, reference="one")
        second = await collect(shop, reference="two", sandbox_token="approved")

        async def found(**params: Any) -> list[str]:
            rows = await shop.listed("/admin/payments", params=params)
            return [row["id"] for row in rows]

        assert await found() == [second["id"], first["id"]]
        assert await found(status="paid") == await found(reference="two") == [second["id"]]
        assert await found(provider="sandbox", status="pending") == [first["id"]]
        page = (await shop.admin("GET", "/admin/payments?limit=1&include=total", expect=200)).json()[
            "pagination"
        ]
        assert page["total"] == 2
        assert await found(limit=1, cursor=page["next_cursor"]) == [first["id"]]


class TestRefunds:
    """POST /admin/payments/{id}/refunds"""

    async def test_in_parts_until_nothing_is_left(self, shop: Shop) -> None:
        """Partial, partial, the rest, and no more."""
        payment = await collect(shop, 1_000, sandbox_token="approved")
        first = (await refund(shop, payment, 300)).json()["data"]
        assert (first["amount"], first["status"], first["origin"]) == (300, "succeeded", "api")
        assert first["provider_refund_id"].startswith("sbxre_")
        part = await payment_of(shop, payment)
        assert (part["status"], part["amount_refunded"]) == ("partially_refunded", 300)
        await refund(shop, payment, 200)
        error = (await refund(shop, payment, 501, expect=409)).json()["error"]
        assert (error["code"], error["details"]["refundable"]) == ("conflict", 500)
        assert (await refund(shop, payment)).json()["data"]["amount"] == 500
        whole = await payment_of(shop, payment)
        assert (whole["status"], whole["amount_refunded"]) == ("refunded", 1_000)
        assert [found["amount"] for found in whole["refunds"]] == [300, 200, 500]
        await refund(shop, payment, 1, expect=409)
        assert await event_types(shop, payment["id"]) == [
            "payment.created",
            "payment.paid",
            "payment.refunded",
            "payment.refunded",
            "payment.refunded",
        ]
        assert [entry[0] for entry in await history_of(shop, payment)] == ["created", "moved"] + [
            "refunded"
        ] * 3

    @pytest.mark.parametrize("token", ["page", "rejected", "pending"])
    async def test_what_was_not_paid_cannot_be_given_back(self, shop: Shop, token: str) -> None:
        """Whatever else it is."""
        payment = await collect(shop, 1_000, sandbox_token=token)
        error = (await refund(shop, payment, expect=409)).json()["error"]
        assert error["details"]["refundable"] == 0

    async def test_twins_with_one_key_refund_once(self, shop: Shop) -> None:
        """20 at once; each hears of the one refund, or that it is being made."""
        payment = await collect(shop, 1_000, sandbox_token="approved")
        answers = await asyncio.gather(
            *(refund(shop, payment, 100, key="once", expect=None) for _ in range(20))
        )
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.json()["data"]["id"] for answer in answers if answer.status_code == 201}) == 1
        assert (await payment_of(shop, payment))["amount_refunded"] == 100

    async def test_a_crowd_cannot_take_more_than_was_paid(
        self, shop: Shop, database: Database, worker: Worker
    ) -> None:
        """30 refunds of 100 at once, of 1,000: ten."""
        payment = await collect(shop, 1_000, sandbox_token="approved")
        answers = await asyncio.gather(*(refund(shop, payment, 100, expect=None) for _ in range(30)))
        assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 20}
        assert (await payment_of(shop, payment))["amount_refunded"] == 1_000
        async with database.fast(await shop.scope(worker)) as work:
            assert await work.fetchval("select sum(amount_refunded)::bigint from sandbox_payments") == 1_000

    async def test_a_refund_and_the_page_do_not_lock_each_other_out(self, shop: Shop) -> None:
        """Both touch the payment and the sandbox's books, in the same order."""
        payment = await collect(shop, 10_000, sandbox_token="page")
        await decide(shop, payment, "approved")
        answers = await asyncio.gather(
            *(
                refund(shop, payment, 10) if number % 2 else decide(shop, payment, "approved")
                for number in range(20)
            )
        )
        assert {answer.status_code for answer in answers} == {200, 201}
        assert (await payment_of(shop, payment))["amount_refunded"] == 100

    async def test_a_dry_run_gives_nothing_back(self, shop: Shop) -> None:
        """The answer is what it would have been."""
        payment = await collect(shop, 1_000, sandbox_token="approved")
        path = f"/admin/payments/{payment['id']}/refunds"
        await shop.admin("POST", path, json={}, headers={"Prefer": "dry-run"}, expect=201)
        assert (await payment_of(shop, payment))["amount_refunded"] == 0


class TestProviders:
    """GET, PUT, DELETE /admin/payment-providers/{provider}"""

    async def test_the_sandbox_is_there_without_asking(self, shop: Shop) -> None:
        """In a test store; it needs no credentials."""
        rows = await shop.listed("/admin/payment-providers")
        assert [row["provider"] for row in rows] == ["mercadopago", "sandbox", "stripe"]
        sandbox = rows[1]
        assert (sandbox["provider"], sandbox["configured"], sandbox["enabled"]) == ("sandbox", True, True)
        assert (sandbox["is_test"], sandbox["needs_credentials"]) == (True, [])

    async def test_disabled_it_takes_no_payments(self, shop: Shop) -> None:
        """Until it is enabled again, or the setting is removed."""
        path = "/admin/payment-providers/sandbox"
        await shop.admin("PUT", path, json={"enabled": False}, expect=200)
        assert (await collect(shop, expect=409))["code"] == "payment_provider_unconfigured"
        await shop.admin("PUT", path, json={"enabled": True}, expect=200)
        await collect(shop)
        await shop.admin("PUT", path, json={"enabled": False}, expect=200)
        assert (await shop.admin("DELETE", path, expect=200)).json()["data"]["enabled"] is True
        await collect(shop)
        await shop.admin("DELETE", path, expect=404)
        log = await shop.listed("/admin/audit-log?subject=sandbox")
        assert log[0]["action"] == "payment_provider.deleted"

    async def test_refuses_credentials_that_it_does_not_take(self, shop: Shop) -> None:
        """And providers that nobody knows."""
        body = {"credentials": {"access_token": "secret"}}
        answer = await shop.admin("PUT", "/admin/payment-providers/sandbox", json=body, expect=422)
        assert "secret" not in answer.text
        for method in ("GET", "PUT", "DELETE"):
            options: dict[str, Any] = {"json": {}} if method == "PUT" else {}
            await shop.admin(method, "/admin/payment-providers/paypal", expect=404, **options)


async def test_other_stores_payments_do_not_exist(shop: Shop, other_shop: Shop) -> None:
    """Not to read, not to give back."""
    payment = await collect(shop, 1_000, sandbox_token="approved")
    await other_shop.admin("GET", f"/admin/payments/{payment['id']}", expect=404)
    await other_shop.admin("GET", f"/admin/payments/{payment['id']}/history", expect=404)
    await refund(other_shop, payment, expect=404)
    assert (await payment_of(shop, payment))["amount_refunded"] == 0
    assert await other_shop.listed("/admin/payments") == []


async def test_lists_cost_the_same_for_one_row_and_for_many(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, worker: Worker
) -> None:
    """Payments and orders, with their refunds and lines."""
    asked: list[str] = []

    async def fetch(self: StoreConnection, sql: str, *arguments: Any) -> Any:
        asked.append(sql)
        return await original(self, sql, *arguments)

    original = StoreConnection.fetch
    monkeypatch.setattr(StoreConnection, "fetch", fetch)

    async def cost(path: str) -> int:
        asked.clear()
        await shop.admin("GET", path, expect=200)
        return len(asked)

    variant = await variant_of(shop, None)
    await place(shop, (variant, 1))
    lists = ("/admin/payments?limit=100", "/admin/orders?limit=100")
    for_one = [await cost(path) for path in lists]
    for _ in range(11):
        placed = await paid_order(shop, worker, (variant, 1))
        await refund(shop, placed["payment"], 10)
    assert [await cost(path) for path in lists] == for_one == [2, 2]


async def test_metadata_has_a_limit(shop: Shop) -> None:
    """It is kept with every event about the payment."""
    error = await collect(shop, expect=422, metadata={"k": "x" * 20_000})
    assert "metadata" in error["details"]["fields"]


async def test_a_dry_run_of_the_page_decides_nothing(shop: Shop) -> None:
    """Like every write."""
    payment = await collect(shop)
    response = await shop.http.post(
        payment["next_action"]["url"], json={"outcome": "approved"}, headers={"Prefer": "dry-run"}
    )
    assert (response.json()["data"]["status"], response.json()["meta"]["dry_run"]) == ("paid", True)
    assert (await payment_of(shop, payment))["status"] == "pending"
