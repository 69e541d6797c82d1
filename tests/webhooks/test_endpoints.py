"""Managing endpoints over the API."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import standardwebhooks

from baas import API_VERSION
from baas.core.values.ids import Kind, encode, new_id
from baas.worker import Worker
from tests.clients import Shop, drain, provision
from tests.conftest import OPERATOR_KEY
from tests.webhooks.conftest import Register, advance, deliveries, delivery_of, endpoint_of, publish
from tests.webhooks.receiver import Receiver

URL = "https://shop.example/hooks"


async def create(shop: Shop, expect: int = 201, **body: Any) -> Any:
    response = await shop.admin(
        "POST", "/admin/webhook-endpoints", json={"url": URL, "event_types": ["*"], **body}, expect=expect
    )
    return response.json()


async def test_the_secret_is_shown_once(shop: Shop) -> None:
    made = (await create(shop, event_types=["order.*", "order.*", "custom.x"], description="CRM"))["data"]
    assert made["id"].startswith("we_")
    assert made["secret"].startswith("whsec_")
    assert made["event_types"] == ["order.*", "custom.x"]
    assert (made["status"], made["ordered"], made["description"]) == ("enabled", False, "CRM")
    shown = await endpoint_of(shop, made["id"])
    assert shown == {key: value for key, value in made.items() if key != "secret"}
    listed = await shop.listed("/admin/webhook-endpoints")
    assert listed == [shown]


async def test_the_secret_is_not_in_the_database_or_the_audit_log(shop: Shop, worker: Worker) -> None:
    made = (await create(shop))["data"]
    async with worker.runtime.database.relay(reason="a test looks for a secret in clear") as system:
        row = await system.fetchrow(
            "select secret::text, webhook_endpoints::text as whole from webhook_endpoints"
        )
    assert row is not None
    assert made["secret"].removeprefix("whsec_") not in row["whole"]
    audit = await shop.admin("GET", "/admin/audit-log", params={"subject": made["id"]}, expect=200)
    assert audit.json()["data"][0]["action"] == "webhook_endpoint.create"
    assert made["secret"] not in audit.text


@pytest.mark.parametrize(
    "url, reason",
    [
        ("http://10.0.0.1/hook", "not public"),
        ("https://169.254.169.254/latest/meta-data", "not public"),
        ("https://[fd00::1]/", "not public"),
        ("ftp://shop.example/", "https://"),
        ("https://user:pass@shop.example/", "user name"),
        ("nonsense", "https://"),
    ],
)
async def test_an_address_that_would_be_refused_is_refused_at_once(shop: Shop, url: str, reason: str) -> None:
    answer = await create(shop, expect=422, url=url)
    assert answer["error"]["code"] == "validation_error"
    assert reason in answer["error"]["details"]["fields"]["url"]


async def test_live_stores_get_no_loopback(http: httpx.AsyncClient, receiver: Receiver) -> None:
    live = await provision(http, OPERATOR_KEY, mode="live")
    for url in (receiver.url(), "https://127.0.0.1/", "https://localhost/", "https://shop.example:8443/"):
        await create(live, expect=422, url=url)
    await create(live)


@pytest.mark.parametrize(
    "pattern", ["order.payd", "order", "orders.*", "custom", "**", "*.paid", "", "order.paid.*"]
)
async def test_a_type_that_no_event_has_is_refused(shop: Shop, pattern: str) -> None:
    answer = await create(shop, expect=422, event_types=["*", pattern])
    assert answer["error"]["code"] == "validation_error"


@pytest.mark.parametrize("body", [{"event_types": []}, {"colour": "red"}, {"url": None}, {"ordered": "yes"}])
async def test_a_wrong_body_is_refused(shop: Shop, body: dict[str, Any]) -> None:
    assert (await create(shop, expect=422, **body))["error"]["code"] == "validation_error"


async def test_the_plan_limits_how_many(http: httpx.AsyncClient) -> None:
    free = await provision(http, OPERATOR_KEY, plan="free")
    first = (await create(free))["data"]
    for _ in range(2):
        await create(free)
    answer = await create(free, expect=402)
    assert answer["error"]["code"] == "plan_limit_exceeded"
    assert (answer["error"]["details"]["limit"], answer["error"]["details"]["used"]) == (3, 3)
    await free.admin("DELETE", f"/admin/webhook-endpoints/{first['id']}", expect=200)
    await create(free)


async def test_a_change_leaves_what_it_does_not_name(shop: Shop) -> None:
    made = (await create(shop, description="CRM"))["data"]
    path = f"/admin/webhook-endpoints/{made['id']}"
    changed = await shop.change(path, {"event_types": ["order.paid"]})
    assert (changed["event_types"], changed["url"], changed["description"]) == (["order.paid"], URL, "CRM")
    cleared = await shop.change(path, {"description": None})
    assert cleared["description"] is None
    await shop.admin("PATCH", path, json={"url": "https://10.0.0.1/"}, expect=422)
    await shop.admin("PATCH", path, json={"secret": "x"}, expect=422)
    await shop.admin("PATCH", path, json={"status": "failing"}, expect=422)


async def test_an_endpoint_keeps_the_version_of_payloads_that_it_was_made_with(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever changes later, in the backend or in the endpoint."""
    made = (await create(shop))["data"]
    assert made["api_version"] == API_VERSION
    monkeypatch.setattr("baas.webhooks.service.endpoints.API_VERSION", "2099-01-01")
    path = f"/admin/webhook-endpoints/{made['id']}"
    changed = (await shop.admin("PATCH", path, json={"event_types": ["order.paid"]}, expect=200)).json()
    assert changed["data"]["api_version"] == API_VERSION
    assert (await create(shop))["data"]["api_version"] == "2099-01-01"


async def test_another_stores_endpoint_does_not_exist(shop: Shop, other_shop: Shop) -> None:
    made = (await create(shop))["data"]
    for path in (
        made["id"],
        encode(Kind.ENDPOINT, new_id()),
        "we_nonsense",
        made["id"].replace("we_", "prod_"),
    ):
        base = f"/admin/webhook-endpoints/{path}"
        await other_shop.admin("GET", base, expect=404)
        await other_shop.admin("PATCH", base, json={"ordered": True}, expect=404)
        await other_shop.admin("DELETE", base, expect=404)
        for verb in ("rotate-secret", "test"):
            await other_shop.admin("POST", f"{base}/{verb}", expect=404)
        await other_shop.admin("POST", f"{base}/replay", json={"since": "2026-01-01T00:00:00Z"}, expect=404)
    assert await endpoint_of(shop, made["id"]) == {
        key: value for key, value in made.items() if key != "secret"
    }


async def test_disabling_ends_what_is_pending_and_enabling_clears_the_failures(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    made = await register(shop)
    receiver.answers["/hook"] = 500
    await publish(shop)
    await drain(worker)
    path = f"/admin/webhook-endpoints/{made['id']}"
    off = await shop.change(path, {"status": "disabled"})
    assert (off["status"], off["disabled_reason"]) == ("disabled", "Disabled over the API.")
    assert off["disabled_code"] == "owner"
    (delivery,) = await deliveries(shop)
    assert delivery["status"] == "failed"
    refused = await shop.admin("POST", f"/admin/webhook-deliveries/{delivery['id']}/retry", expect=409)
    assert refused.json()["error"]["code"] == "conflict"
    await shop.admin("POST", f"{path}/test", expect=409)
    on = await shop.change(path, {"status": "enabled"})
    assert (on["status"], on["consecutive_failures"], on["failing_since"]) == ("enabled", 0, None)
    assert on["disabled_reason"] is None
    assert on["disabled_code"] is None


async def test_a_deleted_endpoint_is_gone_but_its_history_stays(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    made = await register(shop)
    await publish(shop)
    await drain(worker)
    await shop.admin("DELETE", f"/admin/webhook-endpoints/{made['id']}", expect=200)
    await shop.admin("GET", f"/admin/webhook-endpoints/{made['id']}", expect=404)
    await shop.admin("DELETE", f"/admin/webhook-endpoints/{made['id']}", expect=404)
    assert await shop.listed("/admin/webhook-endpoints") == []
    (delivery,) = await deliveries(shop)
    assert len((await delivery_of(shop, delivery["id"]))["attempt_log"]) == 1
    await publish(shop)
    await drain(worker)
    assert len(receiver.got()) == 1


async def test_a_test_reaches_its_endpoint_alone_whatever_it_listens_to(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    made = await register(shop, "/tested", "order.paid")
    await register(shop, "/other", "*")
    response = await shop.admin("POST", f"/admin/webhook-endpoints/{made['id']}/test", expect=202)
    delivery = response.json()["data"]
    assert delivery["status"] == "pending"
    await drain(worker)
    (message,) = receiver.got("/tested")
    assert message.event["type"] == "webhook_endpoint.test"
    assert receiver.got("/other") == []
    assert (await delivery_of(shop, delivery["id"]))["status"] == "delivered"


async def test_a_dry_run_registers_nothing(shop: Shop) -> None:
    response = await shop.admin(
        "POST",
        "/admin/webhook-endpoints",
        json={"url": URL, "event_types": ["*"]},
        headers={"Prefer": "dry-run"},
        expect=201,
    )
    assert response.json()["meta"]["dry_run"] is True
    assert await shop.listed("/admin/webhook-endpoints") == []


async def test_the_same_request_twice_answers_the_same_secret(shop: Shop) -> None:
    request: dict[str, Any] = {
        "json": {"url": URL, "event_types": ["*"]},
        "headers": {"Idempotency-Key": str(new_id())},
        "expect": 201,
    }
    first = (await shop.admin("POST", "/admin/webhook-endpoints", **dict(request))).json()["data"]
    second = (await shop.admin("POST", "/admin/webhook-endpoints", **dict(request))).json()["data"]
    assert first == second
    assert len(await shop.listed("/admin/webhook-endpoints")) == 1


async def test_pages_of_endpoints(shop: Shop) -> None:
    made = [(await create(shop))["data"]["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        parameters = {"limit": 2, "include": "total"} | ({"cursor": cursor} if cursor else {})
        page = (await shop.admin("GET", "/admin/webhook-endpoints", params=parameters, expect=200)).json()
        assert page["pagination"]["total"] == 5
        seen += [item["id"] for item in page["data"]]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_a_second_rotation_ends_the_oldest_secret(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    made = await register(shop)
    path = f"/admin/webhook-endpoints/{made['id']}/rotate-secret"
    second, third = [(await shop.admin("POST", path, expect=200)).json()["data"]["secret"] for _ in range(2)]
    await publish(shop)
    await drain(worker)
    (message,) = receiver.got()
    for secret in (second, third):
        standardwebhooks.Webhook(secret).verify(message.body, message.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(made["secret"]).verify(message.body, message.headers)


async def test_the_old_secret_ends_after_a_day(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    made = await register(shop)
    path = f"/admin/webhook-endpoints/{made['id']}/rotate-secret"
    rotated = (await shop.admin("POST", path, expect=200)).json()["data"]
    await advance(worker, shop, timedelta(hours=24, seconds=1))
    await publish(shop)
    await drain(worker)
    (message,) = receiver.got()
    standardwebhooks.Webhook(rotated["secret"]).verify(message.body, message.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(made["secret"]).verify(message.body, message.headers)
