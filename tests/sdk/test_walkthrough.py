"""The shop of docs/integrate.md sells and delivers once, and what the page says it stands for is counted."""

import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import baas_sdk
import httpx
import pytest
from baas_sdk import testing

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "integrate.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def test_the_shop_delivers_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Letter by letter as the page has it, against the shop in memory."""
    fake, secret = testing.FakeShop(), testing.new_secret()
    monkeypatch.setattr(baas_sdk, "Client", fake.client)
    monkeypatch.setenv("BAAS_WEBHOOK_SECRET", secret)
    monkeypatch.chdir(tmp_path)
    shop = types.ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", shop)
    exec(compile(CODE, "shop.py in docs/integrate.md", "exec"), vars(shop))
    names: dict[str, Any] = vars(shop)
    with httpx.Client(transport=httpx.WSGITransport(app=names["app"]), base_url="http://shop") as browser:
        assert browser.get("/buy").status_code == 302
        payment = fake.client().payments.list().first()
        assert payment is not None
        assert browser.get(f"/orders/{payment.reference}").text == "Waiting for your payment."
        fake.pay(payment.id)
        for _ in range(3):
            for delivery in fake.deliveries(secret):
                answer = browser.post("/hook", content=delivery.body, headers=delivery.headers)
                assert answer.status_code == 204
        forged = testing.signed_event("payment.paid", secret=testing.new_secret())
        assert browser.post("/hook", content=forged.body, headers=forged.headers).status_code == 400
        assert browser.get(f"/orders/{payment.reference}").text.startswith("Paid")
        assert browser.get("/orders/nobodys").status_code == 404
    assert capsys.readouterr().out == f"deliver {payment.reference}\n"
    names["orders"].close()


def test_the_commands_of_the_walk_through_are_python() -> None:
    """What is to be pasted into a terminal parses."""
    pasted = "\n".join(re.findall(r"^\$ (.*(?:\n> .*)*)", PAGE.partition("## 5")[2], re.M)).replace(
        "\n> ", "\n"
    )
    assert "webhook_endpoints.create" in pasted
    subprocess.run(["bash", "-n"], input=pasted, text=True, check=True)
    (script,) = re.findall(r'-c "(.*?)"', pasted, re.S)
    compile(script, "a command of docs/integrate.md", "exec")


def lines(*places: str) -> int:
    """Lines of Python without blank ones and comments."""
    files = [
        file
        for place in places
        for file in ((ROOT / place).rglob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return len(re.findall(r"^\s*[^\s#]", text, re.M))


@pytest.mark.parametrize(
    "row, places",
    [
        ("`payments.create`", ["baas/services/payments"]),
        ("`webhooks.unwrap`", ["baas/webhooks", "sdk/src/baas_sdk/webhooks.py"]),
        ("`Client()`", [f"sdk/src/baas_sdk/{name}" for name in ("_request.py", "errors.py", "_sync/transport.py")]),
    ],
)  # fmt: skip
def test_its_counts_are_true(row: str, places: list[str]) -> None:
    """The page may fall behind, never run ahead."""
    (said,) = re.findall(rf"^\| {re.escape(row)} \|.*\| ([\d,]+) \|$", PAGE, re.M)
    counted = lines(*places)
    assert 0.5 * counted <= int(said.replace(",", "")) <= 1.02 * counted
    own = int(re.findall(r"^\| `shop.py` \| (\d+) \|", PAGE, re.M)[0])
    assert own == len(re.findall(r"^\s*[^\s#]", CODE, re.M))
