"""`baas payments`, on a running `baas dev` with its simulated providers."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import ROOT, RunningDev, eventually, running_dev


async def payment(dev: RunningDev, payment_id: str) -> Any:
    """The payment as the shop sees it."""
    return (await dev.call("GET", f"/admin/payments/{payment_id}", expect=200)).json()["data"]


async def becomes(dev: RunningDev, payment_id: str, status: str) -> None:
    """Wait for a status: on a busy machine the worker, and the provider that tries again, take their time."""

    async def reached() -> bool:
        return bool((await payment(dev, payment_id))["status"] == status)

    await eventually(reached, within=60)


async def moved_by(dev: RunningDev, payment_id: str) -> list[str]:
    """What made a payment move, in order."""
    path = f"/admin/payments/{payment_id}/history"
    rows = (await dev.call("GET", path, expect=200)).json()["data"]
    return [row["source"] for row in rows if row["outcome"] == "moved"]


async def played(dev: RunningDev, store: str, provider: str) -> None:
    """Everything that can be triggered at one provider, and how it arrives.

    Nothing here may depend on how long a command takes: the schedule compares by itself, a minute after a
    notification that nobody could prove at the earliest, and may repair what a command was meant to.
    """

    async def trigger(event: str, *options: str) -> tuple[str, list[str]]:
        done = await dev.baas("payments", "trigger", provider, event, *options)
        return done["payment_id"], [row["answer"] for row in done["sent"]]

    paid, answers = await trigger("payment.approved", "--twice", "--shuffle")
    assert set(answers) == {"200"}
    assert len(answers) in {2, 4}
    await becomes(dev, paid, "paid")
    assert await moved_by(dev, paid) == ["notification"]
    assert (await trigger("payment.charged_back", "--payment", paid))[0] == paid
    await becomes(dev, paid, "disputed")

    silent, answers = await trigger("payment.approved", "--never")
    assert answers == []
    await dev.baas("payments", "reconcile", store, "--since", "1h", "--provider", provider)
    assert (await payment(dev, silent))["status"] == "paid"
    assert await moved_by(dev, silent) == ["reconciliation"]

    # What is given back was paid first.
    await trigger("payment.refunded", "--payment", silent)
    await becomes(dev, silent, "refunded")
    fresh, answers = await trigger("payment.refunded", "--shuffle")
    assert fresh != silent
    assert set(answers) == {"200"}
    await becomes(dev, fresh, "refunded")

    forged, answers = await trigger("payment.rejected", "--wrong-signature")
    assert set(answers) == {"401"}
    assert "notification" not in await moved_by(dev, forged)
    late, answers = await trigger("payment.rejected", "--late", "40m", "--payment", forged)
    assert set(answers) == {"200"}
    await becomes(dev, late, "failed")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_providers_can_be_played(tmp_path: Path) -> None:
    """Configure, trigger in every way, reconcile: all on loopback, and a person can pay on the page."""
    async with running_dev(tmp_path / "data") as dev:
        store = dev.ready["store_id"]
        for provider in ("mercadopago", "stripe"):
            shown = await dev.baas("payments", "configure", store, provider, "--simulator")
            assert (shown["configured"], shown["has_webhook_secret"]) == (True, True)
            assert "secret_key" not in str(shown.get("credentials", ""))

        await asyncio.gather(*(played(dev, store, provider) for provider in ("mercadopago", "stripe")))

        for provider in ("mercadopago", "stripe"):
            body = {"provider": provider, "amount": 5_000, "return_url": "https://shop.example/thanks"}
            made = (await dev.call("POST", "/admin/payments", json=body, expect=201)).json()["data"]
            async with httpx.AsyncClient(timeout=60) as person:
                url = made["next_action"]["url"]
                page = (await person.get(url)).text
                assert ">Pay<" in page
                assert "ARS 50.00" in page
                away = await person.post(url, data={"outcome": "leave"})
                assert (away.status_code, away.headers["Location"][:27]) == (303, body["return_url"])
                assert (await person.post(url, data={"outcome": "approved"})).status_code == 303
            await becomes(dev, made["id"], "paid")

        refusal = await dev.baas(
            "payments", "trigger", "stripe", "payment.approved", "--late", "0x", expect=1
        )
        assert refusal["error"]["code"] == "validation_error"
        refusal = await dev.baas("payments", "reconcile", store, "--since", "999999d", expect=1)
        assert "ten years" in str(refusal)
        made = await dev.baas("payments", "platform-endpoint", "--set", "secret_key=sk_test_of_a_platform")
        assert made["url"].endswith("/api/v1/webhooks/stripe/platform")
        assert made["secret"].startswith("whsec_")
        refusal = await dev.baas(
            "payments", "configure", store, "stripe", "--set", "secret_key=sk_live_abcdefgh", expect=1
        )
        assert "live money" in str(refusal)
        assert "sk_live_abcdefgh" not in str(refusal)


async def test_the_simulators_refuse_production(tmp_path: Path) -> None:
    """They do not start there, and production takes no address of a provider without TLS."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "baas.simulators", str(tmp_path), "mercadopago=0", "stripe=0",
        cwd=ROOT,
        env={**os.environ, "BAAS_ENVIRONMENT": "production"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert process.returncode != 0
    assert b"development only" in err
