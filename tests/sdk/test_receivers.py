"""The receivers of docs/webhook-receivers.md take what is signed, once, and refuse the rest, in their own frameworks."""

import asyncio
import re
import sys
import types
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from baas_sdk import testing, webhooks

PAGE = (Path(__file__).parents[2] / "docs" / "webhook-receivers.md").read_text(encoding="utf-8")
CODE = dict(re.findall(r"^## (\w+)\n\n```python\n(.*?)```", PAGE, re.S | re.M))
SECRET, OLD_SECRET = testing.new_secret(), testing.new_secret()

Post = Callable[[bytes, dict[str, str]], Awaitable[int]]


def _asgi(app: Any) -> Post:
    async def post(body: bytes, headers: dict[str, str]) -> int:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://shop"
        ) as client:
            return (await client.post("/hook", content=body, headers=headers)).status_code

    return post


def _wsgi(app: Any) -> Post:
    def run(body: bytes, headers: dict[str, str]) -> int:
        with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://shop") as client:
            return client.post("/hook", content=body, headers=headers).status_code

    async def post(body: bytes, headers: dict[str, str]) -> int:
        return await asyncio.to_thread(run, body, headers)

    return post


def _django(names: dict[str, Any]) -> Post:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["shop"], ROOT_URLCONF=__name__, SECRET_KEY="x")
        django.setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import path

    urls = types.ModuleType("urls_of_the_receiver")
    urls.urlpatterns = [path("hook", names["hook"])]  # type: ignore[attr-defined]  # a module made here
    from django.test.utils import override_settings

    with override_settings(ROOT_URLCONF=urls):
        handler = WSGIHandler()

    def serve(environ: Any, start_response: Any) -> Any:
        with override_settings(ROOT_URLCONF=urls):
            return handler(environ, start_response)

    return _wsgi(serve)


def test_all_five_are_there() -> None:
    """And each is about ten lines."""
    assert list(CODE) == ["Django", "Flask", "FastAPI", "Starlette", "Litestar"]
    for name, code in CODE.items():
        own = [
            line for line in code.splitlines() if line.strip() and not line.startswith(("from ", "import "))
        ]
        assert len(own) <= 10, name


@pytest.mark.parametrize("framework", list(CODE))
async def test_a_receiver(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """204 for what is signed with any of the secrets, 400 for what is not."""
    seen: list[webhooks.Event] = []
    module = types.ModuleType(f"receiver_{framework.lower()}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = vars(module)
    names |= {"SECRETS": [SECRET, OLD_SECRET], "fulfil_once": seen.append}
    exec(compile(CODE[framework], f"{framework} in docs/webhook-receivers.md", "exec"), names)
    post = (
        _django(names)
        if framework == "Django"
        else _wsgi(names["app"])
        if framework == "Flask"
        else _asgi(names["app"])
    )
    signed = testing.signed_event("order.paid", {"reference": "web-ñ"}, secret=SECRET)
    for secret in (SECRET, OLD_SECRET):
        signed = testing.signed_event("order.paid", {"reference": "web-ñ"}, secret=secret)
        assert await post(signed.body, signed.headers) == 204
    assert [type(event) for event in seen] == [webhooks.OrderPaid] * 2
    foreign = testing.signed_event("order.paid", secret=testing.new_secret())
    old = testing.signed_event("order.paid", secret=SECRET, timestamp=1_700_000_000)
    assert await post(foreign.body, foreign.headers) == 400
    assert await post(old.body, old.headers) == 400
    assert await post(signed.body + b" ", signed.headers) == 400
    assert await post(b"", {}) == 400
    assert len(seen) == 2
