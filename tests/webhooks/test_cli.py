"""`baas webhook`: sending again, following, and bringing events to a developer's machine."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from baas.core.settings import Settings
from baas.webhooks.signing import new_secret
from baas.worker import Worker
from tests import commandline, deployment
from tests.clients import Shop, drain, provision
from tests.commandline import finished
from tests.conftest import OPERATOR_KEY
from tests.webhooks.conftest import Register, deliveries, emit_many, publish
from tests.webhooks.receiver import Receiver

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def start(settings: Settings) -> Start:
    """Starts `baas webhook …` against the deployment of the tests."""
    environment = deployment.environment(settings)

    async def begin(*arguments: str) -> asyncio.subprocess.Process:
        return await commandline.start("webhook", *arguments, environment=environment)

    return begin


@asynccontextmanager
async def following(process: asyncio.subprocess.Process) -> AsyncIterator[list[str]]:
    """The lines that it prints, as they come; it is ended at the end."""
    lines: list[str] = []

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            lines.append(line.decode())  # noqa: PERF401  they are looked at while more come

    reading = asyncio.create_task(read())
    try:
        yield lines
    finally:
        process.terminate()
        await process.wait()
        await reading


async def until(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := true()):  # noqa: ASYNC110  a test may look now and then
            await asyncio.sleep(0.05)
    return found


async def test_replay_sends_again_what_failed_or_everything(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker, start: Start
) -> None:
    """By endpoint, time and type; what is not there has an exit code of its own."""
    made = await register(shop)
    receiver.answers["/hook"] = 410
    failed = await publish(shop, "custom.a")
    await drain(worker)
    path = f"/admin/webhook-endpoints/{made['id']}"
    await shop.admin("PATCH", path, json={"status": "enabled"}, expect=200)
    receiver.answers.clear()
    taken = await publish(shop, "custom.b")
    await drain(worker)
    receiver.messages.clear()

    common = (shop.slug, made["id"], "--since", "1h", "--json")
    ran = await finished(await start("replay", *common))
    assert (ran.code, ran.json) == (0, {"count": 1, "next_since": None})
    await drain(worker)
    assert [message.id for message in receiver.got()] == [failed["id"]]
    ran = await finished(await start("replay", *common, "--all", "--type", "custom.b"))
    assert (ran.code, ran.json["count"]) == (0, 1)
    await drain(worker)
    assert [message.id for message in receiver.got()] == [failed["id"], taken["id"]]

    wrong = [
        await start("replay", shop.slug, "we_nonsense", "--since", "1h"),
        await start("replay", shop.slug, made["id"], "--since", "yesterday"),
    ]
    assert [(await finished(one)).code for one in wrong] == [3, 1]


async def test_tail_shows_every_attempt_also_of_old_deliveries(
    shop: Shop, register: Register, receiver: Receiver, worker: Worker, start: Start
) -> None:
    """A retry of one with more than a hundred newer ones behind it is a line like any other."""
    await register(shop)
    receiver.answers["/hook"] = 500
    await publish(shop, "custom.old")
    await drain(worker)
    receiver.answers.clear()
    (old,) = await deliveries(shop)
    await emit_many(worker, shop, 120)
    await drain(worker)
    async with following(await start("tail", shop.slug, "--json")) as lines:

        async def alive() -> None:
            while not lines:
                await publish(shop, "custom.new")
                await drain(worker)
                await asyncio.sleep(0.3)

        await asyncio.wait_for(alive(), 30)
        await shop.admin("POST", f"/admin/webhook-deliveries/{old['id']}/retry", expect=202)
        await drain(worker)
        line = await until(lambda: next((line for line in lines if old["id"] in line), None))
        shown = [json.loads(line) for line in lines]
        assert (json.loads(line)["status"], json.loads(line)["attempts"]) == ("delivered", 2)
        assert {one["event_type"] for one in shown} == {"custom.old", "custom.new"}, (
            "what was before is not told"
        )
        assert len({(one["id"], one["status"], one["attempts"]) for one in shown}) == len(shown), (
            "nothing twice"
        )


async def test_forward_brings_every_new_event_signed(
    shop: Shop, receiver: Receiver, worker: Worker, start: Start
) -> None:
    """More at once than fit on a page, in their order, and only the types that were asked for."""
    secret = new_secret()
    await publish(shop, "custom.before")
    options = ("--store", shop.slug, "--type", "product.*", "--secret", secret, "--json")
    async with following(await start("forward", receiver.url("/dev"), *options)) as lines:
        await until(lambda: lines)
        await publish(shop, "custom.other")
        await emit_many(worker, shop, 150)
        found = await receiver.wait_for(150, "/dev", seconds=30)
        await until(lambda: len(lines) > 150)
        first, *told = map(json.loads, lines[:151])
        assert first == {"url": receiver.url("/dev"), "secret": secret}
        assert {one["answer"] for one in told} == {"200"}
        assert [one["id"] for one in told] == [message.event["id"] for message in found]
    assert [message.event["data"]["n"] for message in found] == list(range(150))
    for message in found:
        Webhook(secret).verify(message.body, message.headers)


async def test_forward_is_for_test_stores(http: httpx.AsyncClient, receiver: Receiver, start: Start) -> None:
    """A live store's customers do not go to somebody's laptop."""
    live = await provision(http, OPERATOR_KEY, mode="live")
    ran = await finished(await start("forward", receiver.url("/dev"), "--store", live.slug))
    assert ran.code == 1
    assert "Only a test store's events can be forwarded." in ran.err
