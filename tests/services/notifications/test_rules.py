"""Messages that follow from events."""

import re
from typing import Any

import httpx
import pytest

from baas.assembly import EVENT_TYPES
from baas.services.notifications.builtin import catalogue, en, es, pt
from baas.services.notifications.builtin.samples import SAMPLES
from baas.services.notifications.jobs import handlers
from baas.services.notifications.rules import RULES
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.conftest import OPERATOR_KEY
from tests.services.notifications.steps import ORDER, configure, listed, publish, read

TO_CUSTOMERS = [
    ("order.created", "order_confirmation"),
    ("order.paid", "payment_received"),
    ("order.payment_failed", "payment_failed"),
    ("order.shipped", "order_shipped"),
    ("order.delivered", "order_delivered"),
    ("order.cancelled", "order_cancelled"),
    ("order.refunded", "refund"),
]


@pytest.mark.parametrize("event_type, key", TO_CUSTOMERS)
async def test_what_happens_to_an_order_is_told_to_its_customer(
    shop: Shop, worker: Worker, event_type: str, key: str
) -> None:
    """Once, in the store's language, to be found by the order."""
    await publish(shop, worker, event_type, "ord_1", ORDER)
    (line,) = await listed(shop, about="ord_1")
    assert (line["template_key"], line["to"], line["status"]) == (key, "ana@example.com", "sent")
    assert line["event_id"].startswith("evt_")
    found = await read(shop, line["id"])
    assert "#1001" in found["content"]["subject"]
    assert found["data"]["order"]["number"] == "#1001"


async def test_an_order_of_the_clients_own_shop_counts_too(shop: Shop, worker: Worker) -> None:
    """A shop may use notifications alone: it publishes the event itself, in its own shape."""
    data = {
        "id": "A-7",
        "number": "A-7",
        "customer": {"name": "Ana", "email": "ana@shop.test"},
        "total": "100",
    }
    await shop.admin("POST", "/admin/events", json={"type": "order.created", "data": data}, expect=201)
    await drain(worker)
    (line,) = await listed(shop)
    assert (line["to"], line["status"]) == ("ana@shop.test", "sent")
    assert "Hola, Ana:" in (await read(shop, line["id"]))["content"]["body"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"email": None},
        {"email": "nobody"},
        {"email": 7, "customer": "Ana"},
        {"email": "a@b\nBcc: c@d.test"},
    ],
)
async def test_an_event_without_a_recipient_is_no_message(
    shop: Shop, worker: Worker, data: dict[str, Any]
) -> None:
    """And no failure."""
    await publish(shop, worker, "order.created", "ord_1", data)
    assert await listed(shop) == []


async def test_a_rule_can_be_switched_off_and_sent_over_other_channels(shop: Shop, worker: Worker) -> None:
    """One channel each is one message each."""
    rules = {
        "order_confirmation": {"enabled": False},
        "order_shipped": {"channels": ["email", "whatsapp_link"]},
    }
    settings = await configure(shop, rules=rules)
    shown = {rule["template_key"]: rule for rule in settings["rules"]}
    assert shown["order_confirmation"]["enabled"] is False
    assert shown["refund"]["enabled"] is True
    await publish(shop, worker, "order.created", "ord_1", ORDER)
    await publish(shop, worker, "order.shipped", "ord_1", ORDER)
    lines = {line["channel"]: line for line in await listed(shop)}
    assert set(lines) == {"email", "whatsapp_link"}
    assert lines["whatsapp_link"]["action_url"].startswith("https://wa.me/5493415550101?text=")
    await shop.admin(
        "PUT", "/admin/notification-settings", json={"rules": {"nonsense": {"enabled": False}}}, expect=422
    )


async def test_messages_to_the_store_go_where_it_wants_them(shop: Shop, worker: Worker) -> None:
    """Low stock and a lost endpoint; without an address there is nobody to tell."""
    level = {
        "variant_id": "var_1",
        "product_name": "Yerba",
        "variant_name": "500 g",
        "sku": "Y",
        "available": 3,
    }
    await publish(shop, worker, "inventory.low", "var_1", level)
    assert await listed(shop) == []
    await configure(shop, alerts_to="dueña@casamate.example")
    await configure(shop, alerts_to="staff@casamate.example")
    await publish(shop, worker, "inventory.low", "var_1", level)
    endpoint = {
        "id": "we_1",
        "url": "https://shop.test/hook",
        "disabled_reason": "…410…",
        "disabled_code": "gone",
    }
    await publish(shop, worker, "webhook_endpoint.disabled", "we_1", endpoint)
    found = {line["template_key"]: line for line in await listed(shop)}
    assert {line["to"] for line in found.values()} == {"staff@casamate.example"}
    low = await read(shop, found["low_stock"]["id"])
    assert low["subject"] == "Queda poco: Yerba"
    lost = await read(shop, found["webhook_disabled"]["id"])
    assert "https://shop.test/hook" in lost["content"]["body"]
    assert "Motivo: El receptor respondió 410: ya no quiere recibir eventos." in lost["content"]["body"]


async def test_a_cart_that_was_left_brings_its_customer_back(shop: Shop, worker: Worker) -> None:
    """With the address of the cart that the brand names."""
    await configure(shop, brand={"cart_url": "https://casamate.test/carrito/{id}", "color": "#0f766e"})
    cart = {
        "id": "cart_1",
        "email": "ana@example.com",
        "currency": "ARS",
        "items": ORDER["items"],
        "total": 100,
    }
    await publish(shop, worker, "cart.abandoned", "cart_1", cart)
    (line,) = await listed(shop)
    content = (await read(shop, line["id"]))["content"]
    assert 'href="https://casamate.test/carrito/cart_1"' in content["html"]
    assert "#0f766e" in content["html"]


async def test_over_the_limit_the_log_says_what_was_not_sent(
    http: httpx.AsyncClient, shop: Shop, worker: Worker
) -> None:
    """The sale goes on; the message is failed with the reason, and can be sent again later."""
    limits = {"limits": {"notifications_per_month": 0}}
    operator = {"X-OPERATOR-KEY": OPERATOR_KEY}
    await http.patch(f"/api/v1/operator/stores/{shop.id}", json=limits, headers=operator)
    await publish(shop, worker, "order.created", "ord_1", ORDER)
    (line,) = await listed(shop)
    assert (line["status"], line["attempts"]) == ("failed", 0)
    assert line["error"].startswith("The plan allows 0 notifications")
    await shop.admin("POST", f"/admin/notifications/{line['id']}/resend", expect=402)
    limits = {"limits": {"notifications_per_month": 5}}
    await http.patch(f"/api/v1/operator/stores/{shop.id}", json=limits, headers=operator)
    await shop.admin("POST", f"/admin/notifications/{line['id']}/resend", expect=201)
    await drain(worker)
    assert (await read(shop, line["id"]))["status"] == "sent"


async def test_the_customer_is_written_to_in_the_language_of_the_event(shop: Shop, worker: Worker) -> None:
    """When it says one."""
    await publish(shop, worker, "order.created", "ord_1", {**ORDER, "locale": "pt-BR"})
    (line,) = await listed(shop)
    assert line["subject"] == "Recebemos seu pedido #1001"


class TestTheTable:
    """`rules.RULES`, which names the events of packages above by text."""

    def test_each_rule_hears_an_event_that_is_emitted(self) -> None:
        """Or one that is reserved, which then no receiver is told of."""
        for rule in RULES:
            assert (rule.event_type in EVENT_TYPES) is not rule.reserved, rule.event_type
            assert rule.reserved or not EVENT_TYPES[rule.event_type].reserved, rule.event_type

    def test_a_worker_does_not_start_with_a_rule_for_an_unknown_event(self) -> None:
        known = {name: type_ for name, type_ in EVENT_TYPES.items() if name != "order.paid"}
        with pytest.raises(KeyError, match=re.escape("order.paid")):
            handlers(known)

    def test_no_language_has_a_template_that_another_lacks(self) -> None:
        """Each with a sample for its preview."""
        assert set(en.PHRASES) == set(es.PHRASES) == set(pt.PHRASES) == set(SAMPLES) == set(catalogue.KEYS)

    @pytest.mark.parametrize("language", catalogue.LANGUAGES)
    def test_each_rule_has_its_texts_in_every_language(self, language: str) -> None:
        """A mail and a WhatsApp text."""
        for rule in RULES:
            assert catalogue.email(rule.template_key, language).subject
            assert catalogue.whatsapp(rule.template_key, language).body
