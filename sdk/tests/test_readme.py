"""The code of the README runs, against the shop without a server."""

import re
from pathlib import Path
from typing import Any

import pytest

import baas_sdk
from baas_sdk import testing

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


def test_there_is_code() -> None:
    """As many pieces as there are sections with some."""
    assert len(BLOCKS) == 6


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_it_runs(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece by itself."""
    fake = testing.FakeShop()
    variant_id = fake.add_product("Mate imperial", price=1890000, on_hand=2)
    other_id = fake.add_product("Mate torpedo", price=1890000, on_hand=9)
    fake.client().orders.create(items=[{"variant_id": other_id, "quantity": 1}], paid=True)
    monkeypatch.setattr(baas_sdk, "Client", fake.client)
    monkeypatch.setattr(baas_sdk, "AsyncClient", fake.async_client)
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[number].replace("var_…", variant_id), "README.md", "exec"), names)
    if "receive" in names:
        secret = testing.new_secret()
        request = testing.signed_event("order.paid", secret=secret)
        assert names["receive"](request.body, request.headers, secret) == 204
        assert names["receive"](request.body + b" ", request.headers, secret) == 400
