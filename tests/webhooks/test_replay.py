"""Recovery: sending again what failed, or everything, and reading what happened."""

from datetime import timedelta
from typing import Any

import pytest

from baas.core.values import clock
from baas.core.values.ids import Kind, encode, new_id
from baas.webhooks import policy
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.webhooks.conftest import Register, advance, deliveries, delivery_of, endpoint_of, publish
from tests.webhooks.receiver import Receiver


def since(back: timedelta = timedelta(hours=1)) -> str:
    return clock.rfc3339(clock.now() - back)


async def replay(shop: Shop, endpoint: dict[str, Any], expect: int = 202, **body: Any) -> Any:
    path = f"/admin/webhook-endpoints/{endpoint['id']}/replay"
    return (await shop.admin("POST", path, json={"since": since(), **body}, expect=expect)).json()


async def test_failed_ones_are_sent_again(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    made = await register(shop)
    receiver.answers["/hook"] = 410
    failed = await publish(shop, "custom.a")
    await drain(worker)
    path = f"/admin/webhook-endpoints/{made['id']}"
    assert (await replay(shop, made, expect=409))["error"]["code"] == "conflict"
    await shop.admin("PATCH", path, json={"status": "enabled"}, expect=200)
    receiver.answers["/hook"] = 200
    await publish(shop, "custom.b")
    await drain(worker)
    receiver.messages.clear()
    assert (await replay(shop, made, event_types=["custom.b"]))["data"]["count"] == 0
    assert (await replay(shop, made, since=since(timedelta(seconds=-60))))["data"]["count"] == 0
    assert (await replay(shop, made))["data"] == {"count": 1, "next_since": None}
    await drain(worker)
    assert [message.id for message in receiver.got()] == [failed["id"]]
    (delivery,) = await deliveries(shop, event_id=failed["id"])
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 2)


async def test_everything_is_sent_again_also_from_before_the_endpoint(
    shop: Shop, other_shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    await publish(other_shop, "custom.foreign")
    early = [
        await publish(shop, "custom.a"),
        await publish(shop, "custom.b"),
        await publish(shop, "order.paid"),
    ]
    await drain(worker)
    made = await register(shop, "/hook", "custom.*")
    late = await publish(shop, "custom.a")
    await drain(worker)
    assert [message.id for message in receiver.got()] == [late["id"]]
    receiver.messages.clear()
    assert (await replay(shop, made, which="all", event_types=["custom.a"]))["data"]["count"] == 2
    assert (await replay(shop, made, which="all"))["data"]["count"] == 1
    await drain(worker)
    assert {message.id for message in receiver.got()} == {early[0]["id"], early[1]["id"], late["id"]}
    (again,) = await deliveries(shop, event_id=late["id"])
    assert (again["status"], again["attempts"]) == ("delivered", 2)
    await publish(shop, "custom.a")
    assert (await replay(shop, made, which="all"))["data"]["count"] == 3, (
        "what the relay has yet comes anyway"
    )


@pytest.mark.parametrize("which", ["failed", "all"])
async def test_a_replay_says_where_to_go_on(
    shop: Shop,
    register: Register,
    receiver: Receiver,
    worker: Worker,
    which: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("baas.webhooks.repository.deliveries.REPLAY_BATCH", 3)
    made = await register(shop)
    events = [(await publish(shop))["id"] for _ in range(5)]
    receiver.answers["/hook"] = 410 if which == "failed" else 200
    await drain(worker)
    path = f"/admin/webhook-endpoints/{made['id']}"
    await shop.admin("PATCH", path, json={"status": "enabled"}, expect=200)
    receiver.answers["/hook"] = 200
    receiver.messages.clear()
    first = (await replay(shop, made, which=which))["data"]
    assert first["count"] == 3
    assert first["next_since"] is not None
    second = (await replay(shop, made, which=which, since=first["next_since"]))["data"]
    assert second["next_since"] is None
    await drain(worker)
    assert {message.id for message in receiver.got()} == set(events)


@pytest.mark.parametrize(
    "body",
    [
        {"since": None},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"which": "some"},
        {"event_types": []},
    ],
)
async def test_a_wrong_replay_is_refused(shop: Shop, register: Register, body: dict[str, Any]) -> None:
    await replay(shop, await register(shop), expect=422, **body)


async def test_dates_from_any_age_are_taken(shop: Shop, register: Register) -> None:
    made = await register(shop)
    for extreme in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        for which in ("failed", "all"):
            assert (await replay(shop, made, since=extreme, until=extreme, which=which))["data"]["count"] == 0


async def test_a_given_up_delivery_is_retried_from_the_start_of_its_schedule(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    """Ten attempts over more than three days of the store's clock, over the same code as live."""
    receiver.answers["/hook"] = 500
    made = await register(shop)
    await publish(shop)
    delivery: dict[str, Any] = {}
    for attempt in range(1, 11):
        await drain(worker)
        (delivery,) = await deliveries(shop)
        assert delivery["attempts"] == attempt
        assert delivery["status"] == ("failed" if attempt == 10 else "pending")
        await advance(worker, shop, policy.SCHEDULE[attempt % 10] * 1.25)
    assert delivery["next_attempt_at"] is None
    assert (await endpoint_of(shop, made["id"]))["status"] == "failing"
    again = (
        await shop.admin("POST", f"/admin/webhook-deliveries/{delivery['id']}/retry", expect=202)
    ).json()["data"]
    assert again["status"] == "pending"
    await drain(worker)
    history = await delivery_of(shop, delivery["id"])
    assert history["attempts"] == 11
    assert history["status"] == "pending"
    assert [item["number"] for item in history["attempt_log"]] == list(range(1, 12))


async def test_the_list_of_deliveries_is_filtered(
    shop: Shop, other_shop: Shop, register: Register, receiver: Receiver, worker: Worker
) -> None:
    good, bad = await register(shop, "/good"), await register(shop, "/bad", "custom.b")
    receiver.answers["/bad"] = 500
    first, second = await publish(shop, "custom.a"), await publish(shop, "custom.b")
    await drain(worker)

    async def of(**filters: Any) -> list[tuple[str, str]]:
        return [(item["endpoint_id"], item["event_id"]) for item in await deliveries(shop, **filters)]

    assert await of(endpoint_id=bad["id"]) == [(bad["id"], second["id"])]
    assert await of(event_id=first["id"]) == [(good["id"], first["id"])]
    assert await of(event_type="custom.a") == [(good["id"], first["id"])]
    assert await of(status="pending") == [(bad["id"], second["id"])]
    assert set(await of(status="delivered")) == {(good["id"], first["id"]), (good["id"], second["id"])}
    assert await of(until=since()) == []
    assert len(await of(since=since())) == 3
    assert await deliveries(other_shop) == []
    await shop.admin("GET", "/admin/webhook-deliveries", params={"status": "lost"}, expect=422)
    await shop.admin("GET", "/admin/webhook-deliveries", params={"endpoint_id": "prod_x"}, expect=404)


async def test_another_stores_delivery_does_not_exist(
    shop: Shop, other_shop: Shop, register: Register, worker: Worker
) -> None:
    await register(shop)
    await publish(shop)
    await drain(worker)
    (delivery,) = await deliveries(shop)
    for path in (
        delivery["id"],
        encode(Kind.DELIVERY, new_id()),
        "whd_x",
        delivery["id"].replace("whd_", "we_"),
    ):
        await other_shop.admin("GET", f"/admin/webhook-deliveries/{path}", expect=404)
        await other_shop.admin("POST", f"/admin/webhook-deliveries/{path}/retry", expect=404)
    assert (await delivery_of(shop, delivery["id"]))["attempts"] == 1
