"""Five hundred orders over two bad networks: notifications dropped, doubled and shuffled, answers lost, workers killed.

Everything runs in processes of its own: `baas dev` with its API, its worker and its simulated providers.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from baas.core.values.ids import Kind
from baas.simulators import mercadopago, stripe
from baas.simulators.mercadopago import webhook_secret
from tests.clients import ADDRESS
from tests.running import RunningDev, eventually, running_dev

ORDERS: Final = 500
BUYERS: Final = 12
KILLS: Final = 5
STOCK: Final = 5_000
TOKEN: Final = "APP_USR-token-of-the-chaos-0123456789"
STRIPE_KEY: Final = "sk_test_keyofthechaos0123456789"
FAULTS: Final = {"drop": 0.3, "double": 0.3, "scatter": 2.0, "lose": 0.1}


class Chaos:
    """The store under fire, and what the buyers and the shop did."""

    def __init__(self, dev: RunningDev) -> None:
        self.dev = dev
        self.dice = random.Random(20_261_121)
        self.urls = {
            "mercadopago": dev.environment["BAAS_MERCADOPAGO_URL"],
            "stripe": dev.environment["BAAS_STRIPE_URL"],
        }
        self.variant = ""
        self.placed: dict[str, Any] = {}
        self.intended: dict[str, str] = {}
        self.refunds: dict[str, int] = {}
        self.browser = httpx.AsyncClient(timeout=30)

    async def prepare(self) -> None:
        """Accounts at both providers, and one product with enough of it."""
        secret = webhook_secret(TOKEN)
        body: dict[str, Any] = {"credentials": {"access_token": TOKEN}, "webhook_secret": secret}
        await self.dev.call("PUT", "/admin/payment-providers/mercadopago", json=body, expect=200)
        body = {"credentials": {"secret_key": STRIPE_KEY}}
        await self.dev.call("PUT", "/admin/payment-providers/stripe", json=body, expect=200)
        product = {
            "name": "Chaos",
            "status": "active",
            "variants": [{"price": 10_000, "on_hand": STOCK}],
        }
        made = (await self.dev.call("POST", "/admin/products", json=product, expect=201)).json()["data"]
        self.variant = made["variants"][0]["id"]

    async def faults(self, **values: float) -> None:
        """Let the networks go bad, or be good again."""
        for url in self.urls.values():
            (await self.browser.put(f"{url}/_simulator/faults", json=values)).raise_for_status()

    async def buy(self, number: int) -> None:
        """One order, paid or not, as its buyer does it: with patience, and one key."""
        provider = ("mercadopago", "stripe")[number % 2]
        cart = (
            await self.dev.patient(
                "POST",
                "/storefront/carts",
                json={"items": [{"variant_id": self.variant, "quantity": 1 + number % 3}]},
            )
        ).json()["data"]
        answer = await self.dev.patient(
            "POST",
            f"/storefront/carts/{cart['id']}/checkout",
            json={
                "provider": provider,
                "email": f"chaos{number}@example.com",
                "shipping_address": ADDRESS,
                "return_url": "https://shop.example/thanks",
            },
            headers={"Idempotency-Key": f"chaos-{number}"},
        )
        assert answer.status_code == 201, answer.text
        placed = answer.json()["data"]
        self.placed[placed["order"]["id"]] = placed
        intent = self.dice.choices(("approved", "rejected", "rejected approved", "nothing"), (70, 10, 15, 5))[
            0
        ]
        self.intended[placed["order"]["id"]] = intent
        for outcome in () if intent == "nothing" else intent.split():
            page = placed["payment"]["next_action"]["url"]
            assert (await self.browser.post(page, data={"outcome": outcome})).status_code in {200, 303}
        if number % 5 == 0:
            # The redirect back, at the same moment as the notification.
            path = f"/storefront/payments/{placed['payment']['id']}/refresh"
            with contextlib.suppress(AssertionError):
                await self.dev.patient("POST", path, within=5)

    async def kill_workers(self) -> None:
        """Five times, while everything happens."""
        for _ in range(KILLS):
            await asyncio.sleep(self.dice.uniform(1.0, 2.5))
            mark = self.dev.state.processes["worker"]
            with contextlib.suppress(ProcessLookupError):
                os.killpg(mark.pid, signal.SIGKILL)

    async def give_back(self, payment: dict[str, Any], part: int | None) -> None:
        """A refund that is asked for twice with one key."""
        path = f"/admin/payments/{payment['id']}/refunds"
        body = {} if part is None else {"amount": part}
        headers = {"Idempotency-Key": f"refund-{payment['id']}"}
        self.refunds[payment["id"]] = part or payment["amount"]
        for _ in range(2):
            answer = await self.dev.patient("POST", path, json=body, headers=headers)
            assert answer.status_code == 201, answer.text

    async def reconcile(self) -> list[Any]:
        """`baas payments reconcile`, as a person types it."""
        runs: list[Any] = await self.dev.baas(
            "payments", "reconcile", self.dev.ready["store_id"], "--since", "1h"
        )
        return runs

    async def quiet(self) -> None:
        """Until no notification, event or refund is on its way any more."""
        for url in self.urls.values():
            await self.browser.post(f"{url}/_simulator/settle", timeout=60)

        async def done() -> bool:
            rows = await self.dev.in_store(
                "select (select count(*) from provider_events where next_attempt_at is not null)"
                " + (select count(*) from event_jobs)"
                " + (select count(*) from refunds where next_attempt_at is not null) as waiting"
            )
            return bool(rows[0]["waiting"] == 0)

        await eventually(done, within=150)

    async def theirs(self) -> dict[str, list[tuple[int, int]]]:
        """What the providers took and gave back, in our units, by our reference."""
        found: dict[str, list[tuple[int, int]]] = {}
        rows = (await self.browser.get(f"{self.urls['mercadopago']}/_simulator/payments")).json()
        for row in rows:
            if row["status"] in {"approved", "refunded"}:
                amounts = (row["transaction_amount"], row["transaction_amount_refunded"])
                cents = [int(Decimal(str(amount)) * 100) for amount in amounts]
                found.setdefault(row["external_reference"], []).append((cents[0], cents[1]))
        headers = {"Authorization": f"Bearer {STRIPE_KEY}"}
        for row in (await self.browser.get(f"{self.urls['stripe']}/_simulator/payments")).json():
            if row["status"] == "succeeded":
                url = f"{self.urls['stripe']}/v1/charges/{row['latest_charge']}"
                charge = (await self.browser.get(url, headers=headers)).json()
                found.setdefault(row["metadata"]["baas_payment"], []).append(
                    (row["amount_received"], charge["amount_refunded"])
                )
        return found


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_every_order_agrees_with_its_provider(tmp_path: Path) -> None:
    """To the cent: nothing taken twice, nothing given back twice, nothing paid that was not, no secret anywhere."""
    async with running_dev(tmp_path / "data") as dev:
        chaos = Chaos(dev)
        await chaos.prepare()
        await chaos.faults(**FAULTS)
        numbers = iter(range(ORDERS))

        async def buyer() -> None:
            for number in numbers:
                await chaos.buy(number)

        async with asyncio.TaskGroup() as group:
            killing = group.create_task(chaos.kill_workers())
            for _ in range(BUYERS):
                group.create_task(buyer())
        await killing
        assert len(chaos.placed) == ORDERS

        await chaos.faults()
        runs = await chaos.reconcile()
        assert {run["error"] for run in runs} == {None}
        repaired = sum(run["repaired"] for run in runs)
        assert repaired, "some notifications were lost, and so some payments were found by comparing"
        await chaos.quiet()

        await chaos.faults(**FAULTS)
        paid = [row async for row in _payments(dev, "paid")]
        chosen = chaos.dice.sample(paid, 60)
        gate = asyncio.Semaphore(8)

        async def refund(place: int, payment: dict[str, Any]) -> None:
            async with gate:
                await chaos.give_back(payment, None if place % 2 else 1_000)

        await asyncio.gather(*(refund(place, payment) for place, payment in enumerate(chosen)))
        await chaos.faults()
        await chaos.quiet()
        await chaos.reconcile()
        await chaos.quiet()

        await _agree(chaos)
        await _stock_agrees(chaos)
        await _no_secret_anywhere(chaos)
        await chaos.browser.aclose()


async def _payments(dev: RunningDev, status: str) -> Any:
    cursor = None
    while True:
        params = {"status": status, "limit": "100"} | ({} if cursor is None else {"cursor": cursor})
        answer = (await dev.call("GET", "/admin/payments", params=params, expect=200)).json()
        for row in answer["data"]:
            yield row
        cursor = answer["pagination"]["next_cursor"]
        if cursor is None:
            return


async def _agree(chaos: Chaos) -> None:
    theirs = await chaos.theirs()
    rows = await chaos.dev.in_store(
        "select id, status, payment_status, total, amount_paid, amount_refunded, flags from orders where email like 'chaos%'"
    )
    from baas.core.values import ids

    by_id = {ids.encode(Kind.ORDER, row["id"]): row for row in rows}
    assert len(by_id) == ORDERS
    wrong = []
    for order_id, placed in chaos.placed.items():
        row, there = by_id[order_id], theirs.get(placed["payment"]["id"], [])
        assert len(there) <= 1, "no payment was taken twice"
        taken, given_back = there[0] if there else (0, 0)
        was_paid = chaos.intended[order_id].endswith("approved")
        expected = (taken, given_back, was_paid)
        ours = (row["amount_paid"], row["amount_refunded"], row["status"] == "paid")
        if expected != ours or row["flags"]:
            wrong.append((order_id, placed["payment"]["provider"], chaos.intended[order_id], expected, ours))
        if given_back:
            assert given_back == chaos.refunds[await _paid_id(chaos, order_id)], "no refund was made twice"
    assert not wrong, wrong[:5]
    told = Counter(
        row["subject"]
        for row in await chaos.dev.in_store("select subject from events where type = 'order.paid'")
    )
    assert set(told.values()) == {1}
    assert len(told) == sum(intent.endswith("approved") for intent in chaos.intended.values())
    states = await chaos.dev.in_store("select status, count(*) as n from refunds group by status")
    assert {row["status"]: row["n"] for row in states} == {"succeeded": 60}


async def _paid_id(chaos: Chaos, order_id: str) -> str:
    """The payment of an order that brought the money: of a rejected and an approved one, the second."""
    rows = (await chaos.dev.call("GET", "/admin/payments", params={"order_id": order_id}, expect=200)).json()[
        "data"
    ]
    return next(str(row["id"]) for row in rows if row["amount_refunded"])


async def _stock_agrees(chaos: Chaos) -> None:
    level = (await chaos.dev.call("GET", f"/admin/inventory/{chaos.variant}", expect=200)).json()["data"]
    sold = held = 0
    for order_id, placed in chaos.placed.items():
        pieces = placed["order"]["items"][0]["quantity"]
        if chaos.intended[order_id].endswith("approved"):
            sold += pieces
        else:
            held += pieces
    assert (level["on_hand"], level["reserved"]) == (STOCK - sold, held)


async def _no_secret_anywhere(chaos: Chaos) -> None:
    """Logs, events, errors, the audit log, the history: no credential, no signature secret, no card."""
    rows = await chaos.dev.in_store("select webhook_secret, credentials from payment_provider_accounts")
    assert rows
    endpoints = json.loads((chaos.dev.data_dir / "simulators/stripe.json").read_text())["webhook_endpoint"]
    secrets = [TOKEN, STRIPE_KEY, webhook_secret(TOKEN), *(row["secret"] for row in endpoints.values())]
    texts = [path.read_text(errors="replace") for path in (chaos.dev.data_dir / "logs").glob("*.log")]
    for table in (
        *("events", "audit_log", "payment_history", "provider_events", "payments", "refunds"),
        *("payment_reconciliations", "event_jobs", "order_transitions"),
    ):
        texts += [row["line"] for row in await chaos.dev.in_store(f"select t::text as line from {table} t")]
    for stored in await chaos.dev.in_store("select resume::text as line from idempotency_keys"):
        texts.append(stored["line"] or "")
    assert len(texts) > 2_000
    for secret in secrets:
        assert not any(secret in text for text in texts)
    for row in chaos.placed.values():
        assert not any(row["order"]["access_token"] in text for text in texts[:3])
    shown = (chaos.dev.data_dir / "simulators/stripe.json").read_text()
    for detail in ("APRO CARDHOLDER", "first_six_digits", str(stripe.CARD["fingerprint"]), "last4"):
        assert detail in shown or detail in str(mercadopago.CARD), "the providers did tell it"
        assert not any(detail in text for text in texts)
