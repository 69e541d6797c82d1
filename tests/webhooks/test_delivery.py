"""From a fact to a signed request at the receiver, and every way in which that can fail."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
from aiohttp import web

from baas.core.values import clock
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.webhooks.conftest import Register, deliveries, publish
from tests.webhooks.receiver import Receiver


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def wait_of(delivery: dict[str, Any]) -> timedelta:
    return moment(delivery["next_attempt_at"]) - clock.now()


async def test_an_event_arrives_signed_and_verifiable_by_the_public_packages(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    endpoint = await register(shop, "/hook", "custom.*")
    event = await publish(shop, "custom.quote_requested", {"name": "Caña ☕", "id": "q-1"})
    await drain(worker)
    (message,) = receiver.got()
    for verifier in (standardwebhooks.Webhook, svix.webhooks.Webhook):
        verifier(endpoint["secret"]).verify(message.body, message.headers)
    assert message.id == event["id"]
    assert message.headers["content-type"] == "application/json"
    assert message.event == {
        key: value for key, value in event.items() if key not in {"request_id", "failures"}
    }
    assert message.event["data"]["name"] == "Caña ☕"
    (delivery,) = await deliveries(shop)
    assert (delivery["status"], delivery["attempts"], delivery["response_status"]) == ("delivered", 1, 200)
    assert delivery["next_attempt_at"] is None
    history = await shop.get(f"/admin/webhook-deliveries/{delivery['id']}")
    (attempt,) = history["attempt_log"]
    assert (attempt["number"], attempt["response_status"], attempt["response_body"]) == (1, 200, "answer 200")
    assert attempt["error"] is None


async def test_a_changed_byte_an_old_timestamp_and_another_secret_are_refused_by_the_public_package(
    shop: Shop, other_shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    endpoint = await register(shop)
    stranger = await register(other_shop, "/other")
    await publish(shop)
    await drain(worker)
    (message,) = receiver.got()
    verifier = standardwebhooks.Webhook(endpoint["secret"])
    old = message.headers | {"webhook-timestamp": str(int(message.headers["webhook-timestamp"]) - 400)}
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier.verify(message.body.replace(b"custom", b"Custom"), message.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier.verify(message.body, old)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(stranger["secret"]).verify(message.body, message.headers)


async def test_only_matching_endpoints_of_the_same_store_get_an_event(
    shop: Shop, other_shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    await register(shop, "/all", "*")
    await register(shop, "/orders", "order.*")
    await register(shop, "/exact", "order.paid", "custom.a.b")
    await register(shop, "/family", "custom.a.*")
    await register(other_shop, "/stranger", "*")
    off = await register(shop, "/off", "*")
    await shop.admin(
        "PATCH", f"/admin/webhook-endpoints/{off['id']}", json={"status": "disabled"}, expect=200
    )
    for type_ in ("order.paid", "order.created", "custom.a.b", "custom.a", "custom.order"):
        await publish(shop, type_)
    await drain(worker)

    def types(path: str) -> list[str]:
        return [message.event["type"] for message in receiver.got(path)]

    assert sorted(types("/all")) == ["custom.a", "custom.a.b", "custom.order", "order.created", "order.paid"]
    assert sorted(types("/orders")) == ["order.created", "order.paid"]
    assert sorted(types("/exact")) == ["custom.a.b", "order.paid"]
    assert types("/family") == ["custom.a.b"]
    assert types("/stranger") == []
    assert types("/off") == []
    assert await deliveries(other_shop) == []


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
async def test_anything_but_2xx_is_tried_again_after_five_seconds(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker, status: int
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="no\0 \xff", headers={"Location": receiver.url("/elsewhere")})

    receiver.answers["/hook"] = answer
    await register(shop)
    await publish(shop)
    await drain(worker)
    assert len(receiver.got()) == 1
    assert receiver.got("/elsewhere") == []
    (delivery,) = await deliveries(shop)
    assert (delivery["status"], delivery["attempts"], delivery["response_status"]) == ("pending", 1, status)
    assert delivery["error"] == f"The receiver answered {status}."
    assert timedelta(seconds=3) < wait_of(delivery) <= timedelta(seconds=6)


async def test_a_retry_is_signed_anew_under_the_same_id(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    receiver.answers["/hook"] = 500
    endpoint = await register(shop)
    await publish(shop)
    await drain(worker)
    (delivery,) = await deliveries(shop)
    receiver.answers["/hook"] = 204
    await shop.admin("POST", f"/admin/webhook-deliveries/{delivery['id']}/retry", expect=202)
    await drain(worker)
    first, second = receiver.got()
    assert first.id == second.id
    assert first.body == second.body
    standardwebhooks.Webhook(endpoint["secret"]).verify(second.body, second.headers)
    history = await shop.get(f"/admin/webhook-deliveries/{delivery['id']}")
    assert history["status"] == "delivered"
    assert [(item["number"], item["response_status"]) for item in history["attempt_log"]] == [
        (1, 500),
        (2, 204),
    ]


async def test_429_waits_at_least_a_minute_and_retry_after_at_most_doubles_the_plan(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    async def throttle(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "3600"})

    async def busy(_: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "8"})

    receiver.answers |= {"/throttle": throttle, "/busy": busy}
    throttled = await register(shop, "/throttle")
    busied = await register(shop, "/busy")
    await publish(shop)
    await drain(worker)
    (first,) = await deliveries(shop, endpoint_id=throttled["id"])
    (second,) = await deliveries(shop, endpoint_id=busied["id"])
    assert timedelta(seconds=57) < wait_of(first) <= timedelta(seconds=60)
    assert timedelta(seconds=5) < wait_of(second) <= timedelta(seconds=8)


async def test_410_disables_the_endpoint_and_ends_what_was_pending(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    gone = await register(shop, "/gone")
    await register(shop, "/witness", "webhook_endpoint.*")
    receiver.answers["/gone"] = 500
    await publish(shop)
    await drain(worker)
    receiver.answers["/gone"] = 410
    await publish(shop)
    await drain(worker)
    shown = await shop.get(f"/admin/webhook-endpoints/{gone['id']}")
    assert shown["status"] == "disabled"
    assert (shown["disabled_code"], "410" in shown["disabled_reason"]) == ("gone", True)
    assert [item["status"] for item in await deliveries(shop, endpoint_id=gone["id"])] == ["failed", "failed"]
    (told,) = receiver.got("/witness")
    assert told.event["type"] == "webhook_endpoint.disabled"
    assert told.event["data"]["id"] == gone["id"]
    assert "secret" not in told.event["data"]
    audit = await shop.listed("/admin/audit-log", params={"subject": gone["id"]})
    assert audit[0]["action"] == "webhook_endpoint.give_up"
    await publish(shop)
    await drain(worker)
    assert len(receiver.got("/gone")) == 2


async def test_a_huge_answer_is_kept_as_its_first_kilobyte(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    async def flood(_: web.Request) -> web.Response:
        return web.Response(status=500, body=b"x\xff\0" * 1_000_000)

    receiver.answers["/hook"] = flood
    await register(shop)
    await publish(shop)
    await drain(worker)
    (delivery,) = await deliveries(shop)
    history = await shop.get(f"/admin/webhook-deliveries/{delivery['id']}")
    body = history["attempt_log"][0]["response_body"]
    assert len(body) == 1024
    assert "\0" not in body


async def test_a_receiver_that_is_away_or_hangs_up_is_told_in_words(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    receiver.answers["/hook"] = hang_up
    await register(shop)
    await publish(shop)
    await drain(worker)
    (delivery,) = await deliveries(shop)
    assert delivery["error"] == "The receiver closed the connection without an answer."
    assert delivery["response_status"] is None
    await receiver.stop()
    await shop.admin("POST", f"/admin/webhook-deliveries/{delivery['id']}/retry", expect=202)
    await drain(worker)
    (delivery,) = await deliveries(shop)
    assert delivery["error"] == "The connection failed: connection refused."
    assert delivery["attempts"] == 2


async def test_a_receiver_that_hangs_times_out_and_waits_a_minute(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    monkeypatch.setattr("baas.webhooks.policy.TIMEOUT_SECONDS", 0.2)
    receiver.answers["/hook"] = hang
    await register(shop)
    await publish(shop)
    await drain(worker)
    (delivery,) = await deliveries(shop)
    assert delivery["error"] == "No complete answer within 0.2 seconds."
    assert timedelta(seconds=57) < wait_of(delivery) <= timedelta(seconds=60)


async def test_rotation_signs_with_both_secrets_for_a_day(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    endpoint = await register(shop)
    path = f"/admin/webhook-endpoints/{endpoint['id']}"
    rotated = (await shop.admin("POST", f"{path}/rotate-secret", expect=200)).json()["data"]
    assert rotated["secret"] != endpoint["secret"]
    assert moment(rotated["previous_secret_ends_at"]) - clock.now() > timedelta(hours=23)
    await publish(shop)
    await drain(worker)
    (message,) = receiver.got()
    for secret in (endpoint["secret"], rotated["secret"]):
        for verifier in (standardwebhooks.Webhook, svix.webhooks.Webhook):
            verifier(secret).verify(message.body, message.headers)
    shown = await shop.get(path)
    assert "secret" not in shown
