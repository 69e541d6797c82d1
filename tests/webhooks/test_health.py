"""Endpoints that fail: left alone for a while, probed, and given up after five days of nothing else."""

from datetime import timedelta

import pytest

from baas.core.values import clock
from baas.webhooks import policy
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.webhooks.conftest import Register, advance, deliveries, endpoint_of, publish
from tests.webhooks.receiver import Receiver


async def test_after_repeated_failures_an_endpoint_is_left_alone_and_then_probed(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    receiver.answers["/hook"] = 500
    made = await register(shop)
    for _ in range(policy.CIRCUIT_AFTER):
        await publish(shop)
    await drain(worker)
    broken = await endpoint_of(shop, made["id"])
    assert (broken["status"], broken["consecutive_failures"]) == ("failing", policy.CIRCUIT_AFTER)
    assert broken["failing_since"] is not None
    receiver.messages.clear()

    for _ in range(10):
        await publish(shop)
    await drain(worker)
    assert receiver.got() == [], "the circuit is open"

    await advance(worker, shop, policy.CIRCUIT_PAUSE + timedelta(seconds=1))
    await worker.loops["deliveries"].drain_once()
    assert len(receiver.got()) == 1, "one delivery tries"
    await drain(worker)
    assert len(receiver.got()) == 1, "it failed, so the circuit is open again, for longer"
    await advance(worker, shop, policy.CIRCUIT_PAUSE + timedelta(seconds=1))
    await drain(worker)
    assert len(receiver.got()) == 1

    receiver.answers["/hook"] = 200
    await advance(worker, shop, policy.CIRCUIT_PAUSE)
    await drain(worker)
    healed = await endpoint_of(shop, made["id"])
    assert (healed["status"], healed["consecutive_failures"], healed["failing_since"]) == ("enabled", 0, None)
    await advance(worker, shop, timedelta(minutes=6))
    await drain(worker)
    assert {item["status"] for item in await deliveries(shop)} == {"delivered"}


async def test_one_success_closes_what_failures_had_counted(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    made = await register(shop)
    for status in (500, 500, 500, 200, 500, 500, 500):
        receiver.answers["/hook"] = status
        await publish(shop)
        await drain(worker)
    shown = await endpoint_of(shop, made["id"])
    assert (shown["status"], shown["consecutive_failures"]) == ("enabled", 3)


async def test_an_endpoint_that_only_failed_for_five_days_is_given_up(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    receiver.answers["/hook"] = 500
    made = await register(shop, "/hook", "custom.*")
    await register(shop, "/witness", "webhook_endpoint.disabled")
    settings = {"alerts_to": "staff@casamate.test"}
    await shop.admin("PUT", "/admin/notification-settings", json=settings, expect=200)
    await publish(shop)
    await drain(worker)
    await advance(worker, shop, timedelta(days=4, hours=23))
    await publish(shop)
    await drain(worker)
    assert (await endpoint_of(shop, made["id"]))["status"] == "enabled"
    await advance(worker, shop, timedelta(hours=2))
    await publish(shop)
    await drain(worker)
    gone = await endpoint_of(shop, made["id"])
    assert gone["status"] == "disabled"
    assert gone["disabled_code"] == "failed"
    assert gone["disabled_reason"] == "Every attempt of the last five days failed."
    (told,) = receiver.got("/witness")
    assert told.event["data"]["id"] == made["id"]
    assert told.event["data"]["disabled_reason"] == gone["disabled_reason"]
    assert told.event["data"]["disabled_code"] == "failed"
    assert {item["status"] for item in await deliveries(shop, endpoint_id=made["id"])} == {"failed"}
    lines = await shop.listed("/admin/audit-log", params={"subject": made["id"]})
    assert lines[0]["action"] == "webhook_endpoint.give_up"
    (message,) = await shop.listed("/admin/notifications", params={"about": made["id"]})
    assert (message["template_key"], message["to"]) == ("webhook_disabled", "staff@casamate.test")
    assert message["status"] == "sent"


async def test_what_the_relay_makes_in_the_moment_of_disabling_does_not_stay_pending(
    shop: Shop, register: Register, worker: Worker
) -> None:
    made = await register(shop)
    await publish(shop)
    await drain(worker, "relay")
    async with worker.runtime.database.relay(
        reason="a test disables an endpoint behind the API's back"
    ) as system:
        await system.execute("update webhook_endpoints set status = 'disabled'")
    await drain(worker)
    (delivery,) = await deliveries(shop, endpoint_id=made["id"])
    assert (delivery["status"], delivery["error"]) == ("failed", "The endpoint is disabled.")


async def test_an_inactive_stores_deliveries_wait(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker, operator: dict[str, str]
) -> None:
    await register(shop)
    await publish(shop)
    base = f"/api/v1/operator/stores/{shop.id}"
    assert (await shop.http.post(f"{base}/deactivate", headers=operator)).status_code == 200
    await drain(worker)
    assert receiver.got() == []
    assert (await shop.http.post(f"{base}/activate", headers=operator)).status_code == 200
    await drain(worker)
    assert len(receiver.got()) == 1


async def test_deliveries_past_their_time_are_deleted_and_the_pending_kept(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(shop, "/good")
    await register(shop, "/bad")
    receiver.answers["/bad"] = 500
    await publish(shop, deduplication_key="k")
    await drain(worker)
    real = clock.now
    monkeypatch.setattr("baas.webhooks.jobs.clock.now", lambda scope=None: real(scope) + timedelta(days=91))
    while await worker.loops["webhooks.tidy"].drain_once():
        pass  # other tests left thousands, and it deletes a batch at each look
    monkeypatch.undo()
    assert [item["status"] for item in await deliveries(shop)] == ["pending"]
