"""`baas payments`, on a running `baas dev` with its simulated providers."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import ROOT, RunningDev, eventually, running_dev


async def baas(dev: RunningDev, *arguments: str, expect: int = 0) -> Any:
    """Run a command on the deployment; answers its JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "baas", "payments", *arguments, "--json",
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("BAAS_")}, "BAAS_DATA_DIR": str(dev.data_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == expect, (out.decode(), err.decode())
    return json.loads(out or err)


async def payment(dev: RunningDev, payment_id: str) -> Any:
    """The payment as the shop sees it."""
    return (await dev.call("GET", f"/admin/payments/{payment_id}", expect=200)).json()["data"]


async def becomes(dev: RunningDev, payment_id: str, status: str) -> None:
    """Wait for a status."""

    async def reached() -> bool:
        return bool((await payment(dev, payment_id))["status"] == status)

    await eventually(reached, within=20)


@pytest.mark.slow
async def test_the_providers_can_be_played(tmp_path: Path) -> None:
    """Configure, trigger in every way, reconcile: all on loopback, and a person can pay on the page."""
    async with running_dev(tmp_path / "data") as dev:
        store = dev.ready["store_id"]
        for provider in ("mercadopago", "stripe"):
            shown = await baas(dev, "configure", store, provider, "--simulator")
            assert (shown["configured"], shown["has_webhook_secret"]) == (True, True)
            assert "secret_key" not in str(shown.get("credentials", ""))

        for provider in ("mercadopago", "stripe"):
            done = await baas(dev, "trigger", provider, "payment.approved", "--twice", "--shuffle")
            assert {row["answer"] for row in done["sent"]} == {"200"}
            await becomes(dev, done["payment_id"], "paid")
            await baas(dev, "trigger", provider, "payment.charged_back", "--payment", done["payment_id"])
            await becomes(dev, done["payment_id"], "disputed")

            forged = await baas(dev, "trigger", provider, "payment.approved", "--wrong-signature")
            assert {row["answer"] for row in forged["sent"]} == {"401"}
            silent = await baas(
                dev, "trigger", provider, "payment.approved", "--never", "--payment", forged["payment_id"]
            )
            assert silent["sent"] == []
            assert (await payment(dev, forged["payment_id"]))["status"] == "pending"
            (run,) = await baas(dev, "reconcile", store, "--since", "1h", "--provider", provider)
            assert run["repaired"] >= 1
            await becomes(dev, forged["payment_id"], "paid")

            late = await baas(dev, "trigger", provider, "payment.rejected", "--late", "40m")
            assert {row["answer"] for row in late["sent"]} == {"200"}
            await becomes(dev, late["payment_id"], "failed")

        body = {"provider": "stripe", "amount": 5_000, "return_url": "https://shop.example/thanks"}
        made = (await dev.call("POST", "/admin/payments", json=body, expect=201)).json()["data"]
        async with httpx.AsyncClient() as person:
            url = made["next_action"]["url"]
            assert "Pay" in (await person.get(url)).text
            assert (await person.post(url, data={"outcome": "approved"})).status_code == 303
        await becomes(dev, made["id"], "paid")

        refusal = await baas(
            dev, "configure", store, "stripe", "--set", "secret_key=sk_live_abcdefgh", expect=1
        )
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
