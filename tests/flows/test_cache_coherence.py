"""What a process remembers is never older than a second, never half of two versions, never another store's.

Two API processes on one database, each with its own caches. Writers change products, stock, keys and whole
stores through one or the other; readers ask both. Every write that was answered is in force a second later,
everywhere, with Redis there, gone, and back.
"""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from baas.core.db import StoreConnection
from baas.core.settings import Settings
from tests import commandline, deployment
from tests.clients import BASE, Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.core.own_redis import OwnRedis
from tests.servers import free_port

AGE = 1.0
"""Seconds after which a committed change must be seen."""
PHASE_SECONDS = 5.0
PRODUCTS = 4


@dataclass
class Write:
    """A value, and when it was asked for and answered (on time.monotonic)."""

    value: Any
    sent: float
    answered: float = float("inf")


@dataclass
class Register:
    """What was written to one thing, in order. One writer at a time."""

    writes: list[Write]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def possible(self, sent: float, answered: float) -> list[Any]:
        """The values that a read between these moments may have seen."""
        settled = [n for n, write in enumerate(self.writes) if write.answered < sent - AGE]
        oldest = settled[-1] if settled else 0
        return [write.value for write in self.writes[oldest:] if write.sent <= answered]


@dataclass
class Store:
    """A shop and what is known to be true of it."""

    shop: Shop
    products: list[dict[str, Any]]
    names: list[Register]
    stock: list[Register]
    active: Register
    keys: list[tuple[str, str, Register]]


@asynccontextmanager
async def api(settings: Settings, redis: OwnRedis, folder: Path, port: int) -> AsyncIterator[str]:
    """One API process; answers its address."""
    environment = deployment.environment(
        msgspec.structs.replace(settings, redis_url=redis.url),
        BAAS_OPERATOR_KEY_HASH=(settings.operator_key_hash or b"").hex(),
        BAAS_PORT=str(port),
        BAAS_LOG_LEVEL="ERROR",
    )
    log = folder / f"api-{port}.log"
    with log.open("wb") as output:
        process = await commandline.start("serve", environment=environment, stdout=output, stderr=output)
    address = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=address) as client:
            for _ in range(600):
                try:
                    if (await client.get("/health")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            else:
                raise AssertionError(log.read_text()[-2000:])
        yield address
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def new_store(client: httpx.AsyncClient) -> Store:
    """A store whose products carry its name, with two more keys that may be taken away."""
    mark = secrets.token_hex(3)
    shop = await provision(client, OPERATOR_KEY, settings={"show_stock": True})
    # A quick machine reads more often than a plan allows.
    limits = {"requests_per_minute": -1, "requests_per_minute_address": -1}
    changed = await client.patch(
        f"{BASE}/operator/stores/{shop.id}", json={"limits": limits}, headers={"X-OPERATOR-KEY": OPERATOR_KEY}
    )
    assert changed.status_code == 200, changed.text
    products, names, stock, keys = [], [], [], []
    for number in range(PRODUCTS):
        body = {"name": f"{mark}/1", "handle": f"thing-{number}", "variants": [{"price": 1, "sku": f"s{number}", "on_hand": 1}]}  # fmt: skip
        product = await shop.create("/admin/products", body)
        products.append({**product, "mark": mark})
        names.append(Register([Write(1, 0.0, 0.0)]))
        stock.append(Register([Write(1, 0.0, 0.0)]))
    for _ in range(6):
        made = await shop.admin(
            "POST", "/admin/api-keys", json={"kind": "publishable", "name": "x"}, expect=201
        )
        data = made.json()["data"]
        identity = data.get("id") or data["api_key"]["id"]
        keys.append((identity, data["key"], Register([Write(True, 0.0, 0.0)])))
    return Store(shop, products, names, stock, Register([Write(True, 0.0, 0.0)]), keys)


class World:
    """The stores, the two processes, and what went wrong."""

    def __init__(self, stores: list[Store], clients: list[httpx.AsyncClient], seed: int) -> None:
        self.stores = stores
        self.clients = clients
        self.random = random.Random(seed)
        self.wrong: list[str] = []
        self.reads = self.writes = 0

    async def write(self) -> None:
        """One change of one thing, by either process."""
        store, client = self.random.choice(self.stores), self.random.choice(self.clients)
        number, dice = self.random.randrange(PRODUCTS), self.random.random()
        product = store.products[number]
        admin = {"X-API-KEY": store.shop.secret_key}
        if dice < 0.55:
            register = store.names[number]
            async with register.lock:
                value = register.writes[-1].value + 1
                body = {
                    "name": f"{product['mark']}/{value}",
                    "variants": [{"price": value, "sku": f"s{number}"}],
                }
                path = f"/admin/products/{product['id']}"
                await self._put(register, value, client, "PATCH", path, admin, body)
        elif dice < 0.85:
            register = store.stock[number]
            async with register.lock:
                value = self.random.choice([0, 1, 2, 3])
                path = f"/admin/inventory/{product['variants'][0]['id']}"
                await self._put(register, value, client, "PUT", path, admin, {"on_hand": value})
        elif dice < 0.93:
            identity, _, register = self.random.choice(store.keys)
            async with register.lock:
                if register.writes[-1].value:
                    await self._put(
                        register, False, client, "DELETE", f"/admin/api-keys/{identity}", admin, None
                    )
        else:
            register = store.active
            async with register.lock:
                value = not register.writes[-1].value
                path = f"/operator/stores/{store.shop.id}/{'activate' if value else 'deactivate'}"
                await self._put(register, value, client, "POST", path, {"X-OPERATOR-KEY": OPERATOR_KEY}, None)
            if not value:
                # A store that is away only shows that it is: not for long.
                await asyncio.sleep(self.random.uniform(0, 1.6))
                async with register.lock:
                    if not register.writes[-1].value:
                        path = f"/operator/stores/{store.shop.id}/activate"
                        headers = {"X-OPERATOR-KEY": OPERATOR_KEY}
                        await self._put(register, True, client, "POST", path, headers, None)

    async def _put(
        self,
        register: Register,
        value: Any,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        headers: dict[str, str],
        body: Any,
    ) -> None:
        write = Write(value, time.monotonic())
        register.writes.append(write)
        answer = await client.request(method, BASE + path, headers=headers, json=body)
        if answer.status_code < 300:
            write.answered = time.monotonic()
            self.writes += 1
        elif answer.status_code in {401, 403}:  # the store is away: nothing was written
            register.writes.remove(write)
        else:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")

    async def read(self) -> None:
        """One read by either process, judged by what had been written."""
        store, client = self.random.choice(self.stores), self.random.choice(self.clients)
        _, key, revoked = self.random.choice(store.keys)
        number = self.random.randrange(PRODUCTS)
        path = self.random.choice(
            ["/storefront/products", "/storefront/products?sort=name", f"/storefront/products/thing-{number}"]
        )
        sent = time.monotonic()
        answer = await client.get(BASE + path, headers={"X-API-KEY": key})
        answered = time.monotonic()
        self.reads += 1
        may_pass = True in revoked.possible(sent, answered) and True in store.active.possible(sent, answered)
        may_fail = False in revoked.possible(sent, answered) or False in store.active.possible(sent, answered)
        where = f"{path} of {client.base_url} after {sent:.3f}"
        # Whoever goes on with a key that is no longer good is soon told to wait, which is a refusal too.
        if answer.status_code in {401, 403, 429}:
            if not may_fail:
                self.wrong.append(f"{where}: refused: {answer.text[:200]}")
            return
        if answer.status_code != 200:
            self.wrong.append(f"{where}: {answer.status_code} {answer.text[:200]}")
            return
        if not may_pass:
            self.wrong.append(f"{where}: a key that is no longer good passed")
        data = answer.json()["data"]
        for product in data if isinstance(data, list) else [data]:
            self._judge(store, product, sent, answered, where)

    def _judge(self, store: Store, product: dict[str, Any], sent: float, answered: float, where: str) -> None:
        number = int(product["handle"].removeprefix("thing-"))
        mark, _, value = product["name"].partition("/")
        variant = product["variants"][0]
        if mark != store.products[number]["mark"]:
            self.wrong.append(f"{where}: another store's product {product['name']}")
        if variant["price"] != int(value):
            self.wrong.append(f"{where}: {product['name']} costs {variant['price']}: two versions in one")
        possible = store.names[number].possible(sent, answered)
        if int(value) not in possible:
            self.wrong.append(f"{where}: {product['name']}, and only {possible} are young enough")
        levels = store.stock[number].possible(sent, answered)
        if variant["available"] not in levels:
            self.wrong.append(f"{where}: {variant['available']} pieces, and only {levels} are young enough")
        if variant["in_stock"] != (variant["available"] > 0):
            self.wrong.append(f"{where}: {variant['available']} pieces, in stock {variant['in_stock']}")

    async def live(self, until: float) -> None:
        """Write and read until then."""

        async def repeat(act: Any, pause: float) -> None:
            while time.monotonic() < until and len(self.wrong) < 20:
                await act()
                await asyncio.sleep(self.random.uniform(0, pause))

        await asyncio.gather(
            *(repeat(self.write, 0.1) for _ in range(2)), *(repeat(self.read, 0.01) for _ in range(6))
        )


@pytest.mark.slow
async def test_nothing_that_is_remembered_outlives_its_truth(settings: Settings, tmp_path: Path) -> None:
    """Random changes against random reads: Redis is there, then killed, then back and empty."""
    seed = secrets.randbits(32)
    redis = OwnRedis(tmp_path)
    await redis.start()
    try:
        async with AsyncExitStack() as stack:
            addresses = await asyncio.gather(
                *(stack.enter_async_context(api(settings, redis, tmp_path, free_port())) for _ in range(2))
            )
            clients = [
                await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=20))
                for address in addresses
            ]
            world = World([await new_store(clients[0]) for _ in range(2)], clients, seed)
            for phase, prepare in (
                ("redis up", None),
                ("redis down", redis.stop),
                ("redis back", redis.start),
            ):
                happened = prepare() if prepare is not None else None
                if happened is not None:
                    await happened
                await world.live(time.monotonic() + PHASE_SECONDS)
                assert not world.wrong, (f"seed {seed}", phase, world.wrong[:5])
            assert world.reads > 200
            assert world.writes > 30
    finally:
        redis.stop()


async def test_a_hundred_requests_for_a_cold_entry_run_one_query(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one asks the database; the others wait for it."""
    await shop.admin("POST", "/admin/products", json={"name": "One", "variants": [{"price": 1}]}, expect=201)
    await shop.storefront(
        "GET", "/storefront/products?limit=1", expect=200
    )  # the key is known, the list is not
    asked: list[str] = []
    for verb in ("fetch", "fetch_alone"):
        real = getattr(StoreConnection, verb)

        async def noting(self: StoreConnection, sql: str, *args: Any, _real: Any = real) -> Any:
            asked.append(sql)
            return await _real(self, sql, *args)

        monkeypatch.setattr(StoreConnection, verb, noting)
    answers = await asyncio.gather(
        *(shop.storefront("GET", "/storefront/products?limit=7", expect=200) for _ in range(100))
    )
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert len(asked) == 1, asked
