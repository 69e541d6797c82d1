"""Mail servers that hang cost their own stores' messages time, and nobody else's, however many they are."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from baas.services.notifications import policy
from baas.services.notifications.dispatcher import Dispatcher
from baas.worker import Worker
from tests.clients import Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.services.notifications.conftest import MakeWorker
from tests.services.notifications.mailserver import MailServer, bad_server
from tests.services.notifications.steps import advance, listed, send, use_smtp

STORES = policy.TOTAL // policy.PER_STORE
"""Stores whose messages are all that a worker has in hand."""
PATIENCE = 20.0
"""Less than a server may hang: what is sent within it did not wait for one of them to be given up."""


@dataclass
class Hanging:
    """A server that takes connections and says nothing until it is let go."""

    port: int = 0
    open: int = 0
    ever: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.ever += 1
        await self.let_go.wait()
        self.open -= 1


class SilentNames:
    """The system's resolver, to which nobody answers about one name until it is let go."""

    NAME = "mail.silent.example"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = socket.getaddrinfo
        self._let_go = threading.Event()
        self._counting = threading.Lock()
        self.asked = 0
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, host: Any, *arguments: Any, **options: Any) -> Any:
        if host == self.NAME:
            with self._counting:
                self.asked += 1
            self._let_go.wait(60)
            raise socket.gaierror("Nobody knows.")
        return self._real(host, *arguments, **options)

    def let_go(self) -> None:
        self._let_go.set()


@pytest.fixture
async def hanging() -> AsyncIterator[Hanging]:
    """It; when the test ends, nothing waits for it any more."""
    server = Hanging()
    async with bad_server(server.serve) as server.port:
        yield server
        server.let_go.set()


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


async def retire(http: httpx.AsyncClient, store: Shop) -> None:
    """Other tests have workers too, and they need not wait for this store."""
    path = f"/api/v1/operator/stores/{store.id}/deactivate"
    assert (await http.post(path, headers={"X-OPERATOR-KEY": OPERATOR_KEY})).is_success


def dispatcher_of(worker: Worker) -> Dispatcher:
    found = worker.loops["notifications"]
    assert isinstance(found, Dispatcher)
    return found


async def test_servers_that_hang_delay_nobody_else_however_many_they_are(
    http: httpx.AsyncClient, shop: Shop, make_worker: MakeWorker, smtp: MailServer, hanging: Hanging
) -> None:
    """Every place of the worker waits for one; another store's mail is sent all the same."""
    worker = await make_worker()
    await use_smtp(shop, smtp.port)
    stuck = [await provision(http, OPERATOR_KEY) for _ in range(STORES)]
    for store in stuck:
        await use_smtp(store, hanging.port)
        for number in range(policy.PER_STORE + 1):
            await send(store, subject=f"stuck {number}")
    loop = asyncio.create_task(dispatcher_of(worker).run())
    try:
        await until(lambda: hanging.open == policy.TOTAL, "not every place waits for a server that hangs")
        for number in range(5):
            await send(shop, subject=f"quick {number}")
            worker.wake("notifications")
            await until(lambda sent=number + 1: len(smtp.mails) == sent, "a mail waits for others' servers")  # type: ignore[misc]  # the number of this turn
        # None of them was given up meanwhile, and none of their stores got more than its share.
        assert (hanging.open, hanging.ever) == (policy.TOTAL, policy.TOTAL)
    finally:
        hanging.let_go.set()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    for store in stuck:
        lines = await listed(store)
        assert [line["status"] for line in lines] == ["pending"] * (policy.PER_STORE + 1)
        await retire(http, store)


async def test_names_that_nobody_resolves_delay_nobody_else(
    http: httpx.AsyncClient,
    shop: Shop,
    make_worker: MakeWorker,
    smtp: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system's resolver holds a thread for each, and other stores' names need one too."""
    names = SilentNames(monkeypatch)
    worker = await make_worker()
    await use_smtp(shop, smtp.port)
    stuck = [await provision(http, OPERATOR_KEY) for _ in range(STORES)]
    for store in stuck:
        await use_smtp(store, 587, host=SilentNames.NAME)
        for number in range(policy.PER_STORE):
            await send(store, subject=f"stuck {number}")
    loop = asyncio.create_task(dispatcher_of(worker).run())
    try:
        await until(lambda: names.asked == policy.TOTAL, "names wait for one another")
        await send(shop, subject="quick")
        worker.wake("notifications")
        await until(lambda: len(smtp.mails) == 1, "a mail waits for others' names")
        assert names.asked == policy.TOTAL
    finally:
        names.let_go()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    for store in stuck:
        await retire(http, store)


async def test_a_sender_that_failed_is_left_alone_and_then_probed_with_one_message(
    shop: Shop, make_worker: MakeWorker, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others wait unharmed, without an attempt."""
    monkeypatch.setattr(policy, "SEND_SECONDS", 0.3)
    worker = await make_worker()
    dispatcher = dispatcher_of(worker)
    await use_smtp(shop, hanging.port)
    for number in range(10):
        await send(shop, subject=f"stuck {number}")
    while await dispatcher.drain_once():
        pass
    assert hanging.ever == policy.PER_STORE
    await advance(shop, "20m")
    while await dispatcher.drain_once():
        pass
    assert hanging.ever == policy.PER_STORE, "it was not left alone"
    health = dispatcher._health[(await shop.scope(worker)).key("email")]
    for probes in range(1, 4):
        # The pause is in real time, and this test has none to wait.
        health.paused_until = 0.0
        await advance(shop, "20m")
        while await dispatcher.drain_once():
            pass
        assert hanging.ever == policy.PER_STORE + probes
    lines = await listed(shop)
    assert {line["status"] for line in lines} == {"pending"}
    assert sum(line["attempts"] for line in lines) == hanging.ever
