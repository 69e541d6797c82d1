"""What a dead worker had claimed delays nobody: others take it over within ten seconds, and nothing is doubled inside.

A whole deployment, its worker, and a second one beside it that is killed, frozen or asked to end in the very moment in
which it holds events for handlers, messages and deliveries.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
import pytest
from aiohttp import web

from tests.running import ROOT, RunningDev, eventually, running_dev

ORDERS: Final = 60
TAKEN_OVER: Final = 10.0
"""Seconds."""
QUEUES: Final = ("event_jobs", "notifications", "webhook_deliveries")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Slow:
    """A tenant's system that takes its time, so that deliveries are under way."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(1.0)
        self.taken.append(request.headers["webhook-id"])
        return web.Response(status=204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Slow]:
    receiver = Slow()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


class Scene:
    """A deployment with a load of work, and the eyes of its relay."""

    def __init__(self, dev: RunningDev, relay: asyncpg.Connection, receiver: Slow) -> None:
        self.dev = dev
        self.relay = relay
        self.receiver = receiver
        self.events: set[str] = set()
        self.second: asyncio.subprocess.Process | None = None

    @property
    def first(self) -> int:
        """The process number of the deployment's own worker."""
        return self.dev.state.processes["worker"].pid

    async def start_second(self) -> int:
        """Another worker of the deployment; answers its process number when it beats."""
        self.second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baas", "worker"),
            cwd=ROOT,
            env=os.environ | self.dev.environment | {"BAAS_LOG_LEVEL": "ERROR"},
            stdout=asyncio.subprocess.DEVNULL,
        )
        pid = self.second.pid

        async def beats() -> bool:
            return await self.number_of(pid) is not None

        await eventually(beats, within=60)
        return pid

    async def number_of(self, pid: int) -> int | None:
        """Under which a worker claims."""
        number: int | None = await self.relay.fetchval(
            "select id from workers where ended_at is null and process like $1 || ':%'", str(pid)
        )
        return number

    async def work(self) -> None:
        """Orders of a shop that keeps its own: each is heard by a handler, confirmed by mail, and delivered."""
        for number in range(len(self.events), len(self.events) + ORDERS):
            data = {"id": f"A-{number}", "number": f"A-{number}", "email": f"buyer{number}@example.com"}
            body = {"type": "order.created", "data": data}
            answer = await self.dev.patient(
                "POST", "/admin/events", json=body, headers={"Idempotency-Key": f"order-{number}"}
            )
            assert answer.status_code == 201, answer.text
            self.events.add(answer.json()["data"]["id"])

    async def held(self, number: int) -> dict[str, int]:
        """How much of each queue a worker holds now."""
        return {
            table: await self.relay.fetchval(
                f"select count(*) from {table} where claimed_by = $1 and claimed_until > now()", number
            )
            for table in QUEUES
        }

    async def freeze_with_its_hands_full(self, pid: int) -> int:
        """Stop a worker in a moment in which it holds something of each queue; answers its number."""
        number = await self.number_of(pid)
        assert number is not None
        working = asyncio.create_task(self.work())
        try:
            async with asyncio.timeout(60):
                while True:
                    os.kill(pid, signal.SIGSTOP)
                    # What it has sent may still be on its way into the database.
                    await asyncio.sleep(0.05)
                    if all((await self.held(number)).values()):
                        return number
                    os.kill(pid, signal.SIGCONT)
                    await asyncio.sleep(0.01)
                    if working.done():
                        working = asyncio.create_task(self.work())
        finally:
            await working

    async def taken_over(self, number: int, since: float) -> None:
        """Nothing is left of what a worker held, in time."""

        async def nothing_left() -> bool:
            return not any((await self.held(number)).values())

        await eventually(nothing_left, within=60)
        assert time.monotonic() - since < TAKEN_OVER

    async def all_done(self) -> None:
        """Everything has arrived, and nothing happened twice inside."""

        async def done() -> bool:
            waiting = await self.relay.fetchval(
                "select (select count(*) from event_outbox) + (select count(*) from event_jobs)"
                " + (select count(*) from notifications where status = 'pending')"
                " + (select count(*) from webhook_deliveries where status = 'pending')"
            )
            return not waiting

        await eventually(done, within=60)
        assert self.events <= set(self.receiver.taken)
        messages = await self.dev.in_store(
            "select event_id, count(*) as times from notifications where template_key = 'order_confirmation' group by 1"
        )
        assert [row["times"] for row in messages] == [1] * len(self.events)
        told = await self.dev.in_store("select body from events where type = 'notification.sent'")
        subjects = [msgspec.json.decode(row["body"])["subject"] for row in told]
        assert len(subjects) == len(set(subjects)) == len(self.events)
        spent = await self.dev.in_store("select used from usage_counters where metric like 'notifications%'")
        assert [row["used"] for row in spent] == [len(self.events)]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A deployment with a slow receiver of its events."""
    async with running_dev(tmp_path / "data") as dev, receiving() as receiver:
        body = {"url": receiver.url, "event_types": ["order.*"]}
        await dev.call("POST", "/admin/webhook-endpoints", json=body, expect=201)
        relay = await asyncpg.connect(dev.environment["BAAS_DATABASE_RELAY_URL"])
        made = Scene(dev, relay, receiver)
        try:
            yield made
        finally:
            await relay.close()
            if made.second is not None:
                if made.second.returncode is None:
                    made.second.kill()
                await made.second.wait()


async def test_the_other_worker_takes_over(scene: Scene) -> None:
    pid = await scene.start_second()
    number = await scene.freeze_with_its_hands_full(pid)
    os.kill(pid, signal.SIGKILL)
    since = time.monotonic()
    await scene.taken_over(number, since)
    await scene.all_done()


async def test_the_same_worker_takes_over_when_it_was_started_again(scene: Scene) -> None:
    """There is no other."""
    number = await scene.freeze_with_its_hands_full(scene.first)
    os.killpg(scene.first, signal.SIGKILL)
    since = time.monotonic()
    await scene.taken_over(number, since)
    await scene.all_done()


async def test_one_that_was_only_frozen_comes_back_and_doubles_nothing(scene: Scene) -> None:
    pid = await scene.start_second()
    number = await scene.freeze_with_its_hands_full(pid)
    await scene.taken_over(number, time.monotonic())
    os.kill(pid, signal.SIGCONT)

    async def renamed() -> bool:
        return await scene.number_of(pid) not in {None, number}

    await eventually(renamed, within=20)
    await scene.work()
    await scene.all_done()


async def test_one_that_ends_gives_everything_back_at_once(scene: Scene) -> None:
    """As at each release: what it cannot end in a few seconds is the others'."""
    pid = await scene.start_second()
    number = await scene.freeze_with_its_hands_full(pid)
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    assert scene.second is not None
    assert await asyncio.wait_for(scene.second.wait(), 30) == 0
    await scene.taken_over(number, time.monotonic())
    await scene.all_done()
