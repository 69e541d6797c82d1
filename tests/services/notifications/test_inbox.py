"""The inbox viewer of a development machine."""

import httpx
import msgspec

from baas.app import create_app
from baas.core.settings import Environment, Settings
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.notifications.steps import ORDER, send


async def test_a_mail_is_shown_as_it_will_look(http: httpx.AsyncClient, shop: Shop, worker: Worker) -> None:
    """With its headers and its text; the HTML in a frame that may do nothing."""
    order = {**ORDER, "number": "#<b>7</b>"}
    identity = await send(shop, template_key="order_confirmation", data={"order": order})
    await drain(worker)
    listed = await http.get("/dev/inbox")
    assert listed.status_code == 200
    assert f"/dev/inbox/{shop.id}/{identity}" in listed.text
    assert "#&lt;b&gt;7&lt;/b&gt;" in listed.text
    shown = await http.get(f"/dev/inbox/{shop.id}/{identity}")
    assert f"&lt;{identity}@localhost&gt;" in shown.text
    assert f'<iframe src="/dev/inbox/{shop.id}/{identity}/html" sandbox="' in shown.text
    assert "allow-scripts" not in shown.text
    assert "allow-same-origin" not in shown.text
    assert "<b>7</b>" not in shown.text
    assert "Hola, Ana:" in shown.text
    assert "script-src" not in shown.headers["content-security-policy"]
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    mail = await http.get(f"/dev/inbox/{shop.id}/{identity}/html")
    assert mail.text.startswith("<!doctype html>")
    assert mail.headers["content-security-policy"].startswith("sandbox ")


async def test_a_mail_that_is_not_there_is_not_found(
    http: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    """Nor one of a store at another store's address."""
    identity = await send(shop)
    for path in (f"{shop.id}/{identity}", f"{other_shop.id}/{identity}", "x/y", f"{shop.id}/ntf_x"):
        assert (await http.get(f"/dev/inbox/{path}")).status_code == 404


async def test_a_strangers_name_for_this_machine_shows_nothing(http: httpx.AsyncClient) -> None:
    """A page elsewhere can make its own name lead here; it must not read the mails."""
    assert (await http.get("/dev/inbox", headers={"Host": "evil.example"})).status_code == 404
    assert (await http.get("/dev/inbox", headers={"Host": "localhost:8000"})).status_code == 200


async def test_there_is_no_inbox_in_production(settings: Settings) -> None:
    """The address does not exist there."""
    production = msgspec.structs.replace(settings, environment=Environment.PRODUCTION)
    paths = {route.path for route in create_app(production).routes}
    assert not any(path.startswith("/dev/") for path in paths)
    assert "/dev/inbox" in {route.path for route in create_app(settings).routes}
