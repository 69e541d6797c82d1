"""Nothing is lost on its way out: workers are killed while receivers and a mail server do all that they should not.

A whole deployment; one endpoint that answers well, one that fails in every way there is, one that hangs, one
that is gone for good; and the store's mail over a server that refuses, drops and breaks off. In the end everything
has arrived or was given up for a reason that can be read.
"""

import asyncio
import itertools
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.running import RunningDev, eventually, running_dev
from tests.services.notifications.mailserver import PASSWORD, USER, MailServer, certificate, mail_server
from tests.services.notifications.test_faults import MoodyServer

ROUNDS = 4
ORDERS = 5
"""In each round."""
PLACES = 32
"""What one worker has under way at most at one endpoint when it is killed."""
ALERTS = "staff@casamate.test"


class Receivers:
    """A tenant's systems: each path behaves in its own way until all is well."""

    def __init__(self) -> None:
        self.url = ""
        self.well = False
        self.secrets: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        self.moods: Counter[str] = Counter()
        self.taken: dict[str, dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
        """path -> webhook-id -> the bodies that were answered with 2xx"""
        self._turns = itertools.cycle(["500", "302", "429", "drop", "hang", "well"])

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Verify as the public package does, then behave."""
        body = await request.read()
        Webhook(self.secrets[request.path]).verify(body, dict(request.headers))
        self.requests[request.path] += 1
        mood = self._mood(request.path)
        self.moods[mood] += 1
        match mood:
            case "302":
                return web.Response(status=302, headers={"Location": f"{self.url}/elsewhere"})
            case "429":
                return web.Response(status=429, headers={"Retry-After": "1"})
            case "500" | "410":
                return web.Response(status=int(mood), text=f"answer {mood}")
            case "drop":
                assert request.transport is not None
                request.transport.abort()
            case "hang":
                await asyncio.sleep(60)
            case _:
                self.taken[request.path][request.headers["webhook-id"]].append(body)
        return web.Response(status=204)

    def _mood(self, path: str) -> str:
        if path == "/gone":
            return "410"
        if self.well or path == "/good":
            return "well"
        return "hang" if path == "/hang" else next(self._turns)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receivers]:
    receivers = Receivers()
    application = web.Application()
    application.router.add_post("/{path}", receivers.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receivers.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receivers
    finally:
        await runner.cleanup()


async def _register(dev: RunningDev, receivers: Receivers, path: str, **more: Any) -> str:
    body = {"url": receivers.url + path, "event_types": ["order.*"], **more}
    made = (await dev.call("POST", "/admin/webhook-endpoints", json=body, expect=201)).json()["data"]
    receivers.secrets[path] = made["secret"]
    return str(made["id"])


async def _publish(dev: RunningDev, numbers: range) -> dict[str, str]:
    """Orders that the client's own shop keeps, each created and paid; id of the event -> its type."""
    made: dict[str, str] = {}

    async def one(number: int) -> None:
        for type_ in ("order.created", "order.paid"):
            data = {"id": f"A-{number}", "number": f"A-{number}", "email": f"buyer{number}@example.com"}
            body = {"type": type_, "data": data, "deduplication_key": f"{type_}-{number}"}
            answer = await dev.patient("POST", "/admin/events", json=body)
            assert answer.status_code == 201, answer.text
            made[answer.json()["data"]["id"]] = type_

    await asyncio.gather(*(one(number) for number in numbers))
    return made


async def _chaos(
    dev: RunningDev, receivers: Receivers, moody: MoodyServer, dice: random.Random
) -> dict[str, str]:
    """Rounds of orders in whose middle the worker dies; answers all events."""
    events: dict[str, str] = {}
    for first in range(0, ROUNDS * ORDERS, ORDERS):
        before = receivers.requests.total(), moody.moods.total()
        events |= await _publish(dev, range(first, first + ORDERS))

        async def under_way(before: tuple[int, int] = before) -> bool:
            return receivers.requests.total() > before[0] and moody.moods.total() > before[1]

        await eventually(under_way, within=60, every=0.02)
        await asyncio.sleep(dice.uniform(0, 0.5))
        await _kill_worker(dev)
        await _advance(dev, "40m")
    return events


async def _kill_worker(dev: RunningDev) -> None:
    mark = dev.state.processes.get("worker")
    if mark is not None:
        with suppress(ProcessLookupError):
            os.killpg(mark.pid, signal.SIGKILL)
    # As if its leases had ended: they are in real time, and longer than a test.
    await _as_relay(dev, "update event_jobs set next_attempt_at = now(), claimed_until = null")
    for table in ("webhook_deliveries", "notifications"):
        await _as_relay(dev, f"update {table} set claimed_until = null where status = 'pending'")


async def _as_relay(dev: RunningDev, sql: str) -> list[Any]:
    connection = await asyncpg.connect(dev.environment["BAAS_DATABASE_RELAY_URL"])
    try:
        rows: list[Any] = await connection.fetch(sql)
        return rows
    finally:
        await connection.close()


async def _advance(dev: RunningDev, by: str) -> None:
    await dev.patient("POST", "/admin/test-clock", json={"advance": by})


async def _all(dev: RunningDev, path: str) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        page = (await dev.patient("GET", path, params=query)).json()
        found += page["data"]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            return found


async def _history(dev: RunningDev, path: str, item: dict[str, Any]) -> list[dict[str, Any]]:
    """The attempts of a delivery or notification, which have to be whole and in words."""
    shown = (await dev.patient("GET", f"{path}/{item['id']}")).json()["data"]
    log: list[dict[str, Any]] = shown["attempt_log"]
    assert [line["number"] for line in log] == list(range(1, shown["attempts"] + 1))
    failures = log[:-1] if shown["status"] in {"delivered", "sent"} else log
    assert all(line["error"] for line in failures), log
    return log


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_whatever_receivers_and_mail_servers_do_nothing_is_lost(tmp_path: Path) -> None:
    """Every event at every endpoint, every mail at its recipient; twice only where a worker died or the line did."""
    dice = random.Random(410)
    pem = certificate(tmp_path)
    async with AsyncExitStack() as stack:
        receivers = await stack.enter_async_context(receiving())
        smtp = await stack.enter_async_context(mail_server(pem))
        moody = MoodyServer(smtp.port, dice, well=1)
        front = await asyncio.start_server(moody.serve, "127.0.0.1", 0)
        stack.callback(front.close)
        dev = await stack.enter_async_context(running_dev(tmp_path / "data", SSL_CERT_FILE=str(pem)))
        await _send_mail_over(dev, front.sockets[0].getsockname()[1])
        endpoints = {
            path: await _register(dev, receivers, path, ordered=path == "/hang")
            for path in ("/good", "/moody", "/hang", "/gone")
        }
        events = await _chaos(dev, receivers, moody, dice)
        assert len(events) == 2 * ROUNDS * ORDERS

        # The weather turns; a last worker dies with what it thought of everybody.
        receivers.well = moody.well = True
        await _kill_worker(dev)
        await eventually(lambda: _nothing_waits(dev), within=120, every=0.5)

        deliveries = await _all(dev, "/admin/webhook-deliveries")
        await _check_webhooks(dev, receivers, endpoints, deliveries, events)
        await _check_mail(dev, smtp, events, endpoints["/gone"])
        assert {"500", "302", "429", "410", "drop", "hang", "well"} <= set(receivers.moods)
        assert moody.moods["drops"] + moody.moods["busy"] + moody.moods["mid"] >= ROUNDS


async def _send_mail_over(dev: RunningDev, port: int) -> None:
    server = {"provider": "smtp", "host": "localhost", "port": port, "username": USER, "password": PASSWORD}
    body = {"sender_email": "ventas@casamate.test", "alerts_to": ALERTS, "email": server}
    await dev.call("PUT", "/admin/notification-settings", json=body, expect=200)


async def _nothing_waits(dev: RunningDev) -> bool:
    """Whether all is delivered, sent or given up; if not, the store's time goes on."""
    for table in ("event_outbox", "event_jobs"):
        if await _as_relay(dev, f"select 1 from {table} limit 1"):
            return False
    for path in ("/admin/webhook-deliveries", "/admin/notifications"):
        waiting = (await dev.patient("GET", path, params={"status": "pending", "limit": 1})).json()["data"]
        if waiting:
            await _advance(dev, "6m")
            return False
    return True


async def _check_webhooks(
    dev: RunningDev,
    receivers: Receivers,
    endpoints: dict[str, str],
    deliveries: list[dict[str, Any]],
    events: dict[str, str],
) -> None:
    of = {path: [item for item in deliveries if item["endpoint_id"] == endpoints[path]] for path in endpoints}
    for path in ("/good", "/moody", "/hang"):
        assert {item["event_id"] for item in of[path]} == set(events), path
        assert {item["status"] for item in of[path]} == {"delivered"}, path
        taken = receivers.taken[path]
        assert set(taken) == set(events), path
        assert all(len(set(bodies)) == 1 for bodies in taken.values()), "repeated, it is the same bytes"
        repeated = sum(len(bodies) - 1 for bodies in taken.values())
        assert repeated <= (ROUNDS + 1) * PLACES, path
        recorded = 0
        for item in of[path]:
            log = await _history(dev, "/admin/webhook-deliveries", item)
            recorded += len(log)
            assert log[-1]["response_status"] == 204
        # What a worker that was killed had under way was not written down, and everything else was.
        assert repeated <= receivers.requests[path] - recorded <= (ROUNDS + 1) * PLACES, path
    assert {item["status"] for item in of["/gone"]} <= {"failed"}
    gone = (await dev.call("GET", f"/admin/webhook-endpoints/{endpoints['/gone']}", expect=200)).json()[
        "data"
    ]
    assert (gone["status"], "410" in gone["disabled_reason"]) == ("disabled", True)
    query = {"subject": endpoints["/gone"]}
    for path, action in (("/admin/audit-log", "action"), ("/admin/events", "type")):
        lines = (await dev.call("GET", path, params=query, expect=200)).json()["data"]
        told = {"webhook_endpoint.give_up", "webhook_endpoint.disabled"}
        assert sum(line[action] in told for line in lines) == 1, "said once"


async def _check_mail(dev: RunningDev, smtp: MailServer, events: dict[str, str], gone: str) -> None:
    sent = await _all(dev, "/admin/notifications")
    assert Counter(item["status"] for item in sent) == {"sent": len(events) + 1}, [
        item["error"] for item in sent
    ]
    assert {item["event_id"] for item in sent if item["to"] != ALERTS} == set(events)
    assert [item["about"] for item in sent if item["to"] == ALERTS] == [gone]
    arrived = Counter(str(mail.mail["Message-ID"]) for mail in smtp.mails)
    assert set(arrived) == {item["provider_message_id"] for item in sent}
    assert len({mail.raw for mail in smtp.mails}) == len(sent), "repeated, it is the same bytes"
    for item in sent:
        log = await _history(dev, "/admin/notifications", item)
        assert log[-1]["outcome"] == "sent"
