"""The load: HTTP/1.1 over kept connections, by `wrk` where one address is asked, else by this module.

`python -m benchmarks.load` reads a job as JSON on standard input and prints what came of it; it runs as a
process of its own, beside PostgreSQL.
"""

import asyncio
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_DATA_ID = re.compile(rb'"data":\{"id":"([a-z]+_[0-9a-z]{26})"')
ADDRESS = {"name": "Ana Pérez", "line1": "Av. Corrientes 1234", "city": "Buenos Aires", "postal_code": "C1043",
           "country": "AR"}  # fmt: skip


class Job(msgspec.Struct):
    """What to do: `kind` names one of the users below."""

    kind: str
    port: int
    seconds: float = 2.0
    connections: int = 32
    base: str = "/api/v1"
    targets: list[Any] = []
    """What the kind needs: paths with their keys, or keys with what can be bought."""
    rate: float | None = None
    """Operations a second; None as many as there can be."""
    count: int | None = None
    """End after so many operations."""
    expect: int = 200
    seed: int = 1


class Outcome(msgspec.Struct):
    """What came of a job. An operation is a request, or a flow of several."""

    operations: int
    requests: int
    errors: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    statuses: dict[str, int]
    notes: dict[str, int] = {}

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds if self.seconds else 0.0


def run(job: Job) -> Outcome:
    """Run a job in a process of its own and answer what came of it."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=msgspec.json.encode(job),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(ended.stdout, type=Outcome)


def get(
    port: int,
    path: str,
    headers: dict[str, str],
    *,
    seconds: float,
    connections: int = 32,
    expect: int = 200,
) -> Outcome:
    """Ask one address as often as possible: by wrk if it is there (which tells only 2xx and 3xx from the rest)."""
    if shutil.which("wrk") is None:
        target = [path, headers]
        return run(
            Job(
                "get",
                port,
                seconds=seconds,
                connections=connections,
                base="",
                targets=[target],
                expect=expect,
            )
        )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    text = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True
    ).stdout
    done = re.search(r"(\d+) requests in ([\d.]+)(m?s|m)", text)
    if done is None:
        raise RuntimeError(f"wrk said: {text}")
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = [int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", text)]
    percent = {name: _milliseconds(value) for name, value in re.findall(r"(\d\d)%\s+([\d.]+\w+)", text)}
    requests = int(done[1])
    return Outcome(
        operations=requests,
        requests=requests,
        errors=(int(wrong[1]) if wrong else 0) + sum(broken),
        seconds=_milliseconds(done[2] + done[3]) / 1000,
        p50_ms=percent.get("50", 0.0),
        p95_ms=percent.get("90", 0.0),
        p99_ms=percent.get("99", 0.0),
        statuses={},
    )


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]  # wrk's own form
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]


class Client(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._received = b""
        self._needed = -1
        self._waiter: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: Any) -> None:
        """asyncio's word for: open."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio's word for: closed."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error or ConnectionResetError("closed by the server"))
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Collect an answer until it is whole."""
        self._received = received = self._received + data if self._received else data
        if self._needed < 0:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(received, 0, end)
            self._needed = end + 4 + (int(length[1]) if length else 0)
        if len(received) >= self._needed and self._waiter is not None:
            self._received, self._needed = b"", -1
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result((int(received[9:12]), received))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and answer the status and everything that came."""
        if self._transport is None:
            raise ConnectionResetError("not connected")
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


def request(method: str, path: str, headers: dict[str, str], body: Any = None) -> bytes:
    """A whole request as bytes."""
    sent = b"" if body is None else msgspec.json.encode(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
    return "\r\n".join([*lines, "", ""]).encode() + sent


class Prepared:
    """The requests of a flow with one key, as bytes with a place for the cart's path: the load shares its core with PostgreSQL."""

    def __init__(self, base: str, key: str) -> None:
        headers = {"X-API-KEY": key}
        order = {"email": "ana@example.com", "provider": "sandbox", "sandbox_token": "approved"}
        self.carts = f"{base}/storefront/carts/".encode()
        self.new = request("POST", f"{base}/storefront/carts", headers, {})
        lines = request("POST", "%b/items", headers).removesuffix(b"\r\n")
        self.items = lines + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        self.changes = [
            request("PATCH", "%b", headers, change)
            for change in ({"shipping_address": ADDRESS}, {"shipping_method_id": "standard"})
        ]
        self.order = request("POST", "%b/checkout", headers, order)


class Run:
    """A job under way."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.requests = 0
        self.errors = 0
        self.statuses: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.random = random.Random(job.seed)
        self.next_target = 0
        self._prepared: dict[str, Prepared] = {}

    def target(self) -> Any:
        """The next of the targets, in turn."""
        targets = self.job.targets
        self.next_target += 1
        return targets[(self.next_target - 1) % len(targets)]

    async def ask(self, client: Client, sent: bytes, *expect: int) -> bytes:
        """Ask and check the status; raises Wrong for another."""
        self.requests += 1
        status, answer = await client.ask(sent)
        if status not in expect:
            self.statuses[str(status)] += 1
            self.notes[answer[-300:].decode("utf-8", "replace")] += 1
            raise Wrong
        return answer

    # ------------------------------------------------------------------------------- the users

    async def get(self, client: Client) -> None:
        """One read of the next path."""
        path, headers = self.target()
        await self.ask(client, request("GET", self.job.base + path, headers), self.job.expect)

    async def cart(self, client: Client) -> bytes:
        """A new cart with an item; answers the cart's path."""
        key, variants = self.target()
        return await self._cart(client, key, variants)

    async def _cart(self, client: Client, key: str, variants: list[str]) -> bytes:
        prepared = self._prepare(key)
        answer = await self.ask(client, prepared.new, 201)
        found = _DATA_ID.search(answer)
        if found is None:
            raise Wrong
        path = prepared.carts + found[1]
        # A variant's id always has the same length, and so has this body.
        sent = b'{"variant_id":"%b","quantity":1}' % self.random.choice(variants).encode()
        await self.ask(client, prepared.items % (path, len(sent), sent), 201)
        return path

    async def checkout(self, client: Client) -> None:
        """A whole flow: cart, item, address and shipping, order with reservation and an approved payment."""
        key, variants = self.target()
        path = await self._cart(client, key, variants)
        prepared = self._prepare(key)
        for change in prepared.changes:
            await self.ask(client, change % path, 200)
        await self.ask(client, prepared.order % path, 201)

    def _prepare(self, key: str) -> "Prepared":
        if key not in self._prepared:
            self._prepared[key] = Prepared(self.job.base, key)
        return self._prepared[key]

    async def buyer(self, client: Client) -> None:
        """Check a prepared cart out; there may be none left."""
        key, path = self.target()
        order = {"email": "ana@example.com", "provider": "sandbox", "sandbox_token": "approved",
                 "shipping_address": ADDRESS}  # fmt: skip
        sent = request("POST", f"{self.job.base}{path}/checkout", {"X-API-KEY": key}, order)
        answer = await self.ask(client, sent, 201, 409)
        self.notes["bought" if answer[9:12] == b"201" else "sold out"] += 1

    async def mix(self, client: Client) -> None:
        """90 reads, 9 cart writes and 1 checkout of 100 operations, over all stores."""
        store = self.random.choice(self.job.targets)
        headers, dice = {"X-API-KEY": store["key"]}, self.random.random()
        if dice < 0.9:
            path = self.random.choice(store["paths"])
            await self.ask(client, request("GET", self.job.base + path, headers), 200)
        elif dice < 0.99:
            cart = store.get("cart")
            if cart is None or self.random.random() < 0.05:
                store["cart"] = (await self._cart(client, store["key"], store["variants"])).decode()
                return
            item = {"variant_id": self.random.choice(store["variants"]), "quantity": 1}
            await self.ask(client, request("POST", f"{cart}/items", headers, item), 201)
        else:
            await self._buy(client, store["key"], store["variants"])

    async def _buy(self, client: Client, key: str, variants: list[str]) -> None:
        headers = {"X-API-KEY": key}
        path = (await self._cart(client, key, variants)).decode()
        order = {"email": "ana@example.com", "provider": "sandbox", "sandbox_token": "approved",
                 "shipping_address": ADDRESS}  # fmt: skip
        await self.ask(client, request("POST", f"{path}/checkout", headers, order), 201)
        self.notes["orders"] += 1

    async def publish(self, client: Client) -> None:
        """One custom event."""
        key, data = self.target()
        body = {"type": "custom.benchmark", "data": data}
        await self.ask(
            client, request("POST", f"{self.job.base}/admin/events", {"X-API-KEY": key}, body), 201
        )

    # ------------------------------------------------------------------------------- the run

    async def go(self) -> Outcome:
        """Run the job."""
        job = self.job
        loop = asyncio.get_running_loop()
        clients = [
            (await loop.create_connection(Client, "127.0.0.1", job.port))[1] for _ in range(job.connections)
        ]
        user: Callable[[Client], Awaitable[Any]] = getattr(self, job.kind)
        began = time.perf_counter()
        end = began + job.seconds
        if job.rate is None:
            await asyncio.gather(*(self._closed(client, user, end) for client in clients))
        else:
            await self._open(clients, user, began, end, job.rate)
        seconds = time.perf_counter() - began
        for client in clients:
            client.close()
        ordered = sorted(self.latencies)

        def percentile(share: float) -> float:
            return (
                round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000, 2) if ordered else 0
            )

        return Outcome(
            operations=len(ordered),
            requests=self.requests,
            errors=self.errors,
            seconds=seconds,
            p50_ms=percentile(0.5),
            p95_ms=percentile(0.95),
            p99_ms=percentile(0.99),
            statuses=dict(self.statuses),
            notes=dict(self.notes.most_common(8)),
        )

    async def _closed(self, client: Client, user: Callable[[Client], Awaitable[Any]], end: float) -> None:
        """One operation after the other until the time is over."""
        while time.perf_counter() < end and (self.job.count is None or self.next_target < self.job.count):
            await self._one(client, user, time.perf_counter())

    async def _open(
        self,
        clients: list[Client],
        user: Callable[[Client], Awaitable[Any]],
        began: float,
        end: float,
        rate: float,
    ) -> None:
        """Operations at fixed moments; one that waits for a free connection waits at our expense."""
        free = deque(clients)
        waiting: deque[float] = deque()
        running: set[asyncio.Task[None]] = set()
        done = 0

        async def serve(client: Client) -> None:
            while waiting:
                await self._one(client, user, waiting.popleft())
            free.append(client)

        while (now := time.perf_counter()) < end:
            due = int((now - began) * rate)
            while done < due:
                waiting.append(began + done / rate)
                done += 1
                if free and len(waiting):
                    task = asyncio.create_task(serve(free.popleft()))
                    running.add(task)
                    task.add_done_callback(running.discard)
            await asyncio.sleep(0.001)
        while running:
            await asyncio.wait(set(running))

    async def _one(self, client: Client, user: Callable[[Client], Awaitable[Any]], since: float) -> None:
        try:
            await user(client)
        except (Wrong, OSError) as error:
            self.errors += 1
            if isinstance(error, OSError):
                self.notes[repr(error)] += 1
                await asyncio.sleep(0.01)
            return
        self.latencies.append(time.perf_counter() - since)


class Wrong(Exception):
    """An answer that was not expected."""


def main() -> None:
    """Read a job, run it, print what came of it."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(Run(job).go())
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
