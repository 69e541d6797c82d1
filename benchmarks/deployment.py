"""A deployment to measure: PostgreSQL and Redis with full durability, the API on a core of its own, a worker.

The processes are the ones of production (`baas serve`, `baas worker`), with keys, rate limits, row level
security, metrics and logs (to a file) on.
"""

import asyncio
import base64
import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import redis

from baas.core.crypto import api_key_hash
from baas.core.embedded import EmbeddedPostgres, EmbeddedRedis, Guard
from baas.core.schema import migrations, roles
from baas.core.scope import Mode
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.tenants.door.keys import new_key
from baas.tenants.schemas import KeyKind
from benchmarks.system import OTHER_CORE, SERVER_CORE, cpu_of, end_children, pin, tree

SECRET = "a secret of the benchmarks, and of nothing else"
OPERATOR_KEY = "op_of_the_benchmarks_0123456789"
PASSWORD = "benchmarks"  # roles of a server that only this run can reach
DATABASE = "baas_bench"
API_PORT, LIMIT_PORT, RECEIVER_PORT, MAIL_PORT = (
    int(os.environ.get("BENCH_PORT", "8821")) + offset for offset in range(4)
)
ROOT = Path(__file__).resolve().parents[1]


class Process:
    """A process and all that it starts, on one core."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        log: Path,
        cores: set[int],
        folder: Path = ROOT,
    ) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid
        pin(self.pid, cores)
        self.log = log

    def check(self) -> None:
        """Raises RuntimeError when it has ended by itself."""
        if self._process.poll() is not None:
            raise RuntimeError(f"It ended.\n{self.log.read_text(errors='replace')[-2000:]}")

    def cpu(self) -> float:
        """Seconds of CPU of the whole tree until now."""
        return cpu_of(tree(self.pid))

    def wait_for(self, port: int, path: str, seconds: float = 30) -> float:
        """Wait until it answers 200; answers the seconds that took."""
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    return time.perf_counter() - began
            time.sleep(0.005)
        raise RuntimeError(
            f"{path} on port {port} does not answer.\n{self.log.read_text(errors='replace')[-2000:]}"
        )

    def stop(self) -> None:
        """Ask it to end, and see to it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


class Store(msgspec.Struct):
    """A store of the benchmark with its keys, and what can be bought there."""

    id: str
    secret_key: str
    publishable_key: str
    variant_ids: list[str] = []
    product_ids: list[str] = []


class Deployment:
    """Everything a piece needs; made once for a run."""

    def __init__(self) -> None:
        # Everything that is started from here runs beside the measured process, unless it is pinned elsewhere.
        pin(0, OTHER_CORE)
        self.folder = Path(tempfile.mkdtemp(prefix="baas-bench-"))
        self.folder.chmod(0o711)  # PostgreSQL may run as another account; its own folders inside are closed
        self._guard = Guard()
        self.postgres = EmbeddedPostgres(self.folder / "postgres", guard=self._guard)
        self.redis = EmbeddedRedis(self.folder / "redis", guard=self._guard)
        self.api: Process | None = None
        self.stores: list[Store] = []
        self._processes: list[Process] = []

    def start(self) -> None:
        """Start the servers, make the schema, start the API."""
        self.postgres.start()
        self.redis.start()
        asyncio.run(self._migrate())
        self.start_api()

    async def _migrate(self) -> None:
        admin = self.postgres.socket_url()
        await roles.ensure_roles(admin, dict.fromkeys(roles.ALL, PASSWORD))
        await roles.ensure_database(admin, DATABASE)
        await migrations.upgrade(self.role_url(roles.OWNER))

    def versions(self) -> dict[str, str]:
        """Of the servers beside us."""

        async def postgres() -> str:
            connection = await asyncpg.connect(self.admin_url)
            try:
                version: str = await connection.fetchval("show server_version")
                return version
            finally:
                await connection.close()

        with redis.Redis.from_url(self.redis.url()) as client:
            return {"postgresql": asyncio.run(postgres()), "redis": client.info("server")["redis_version"]}

    def role_url(self, role: str) -> str:
        """The database's URL for a role."""
        return roles.url_for(self.postgres.socket_url(), role, PASSWORD, DATABASE)

    @property
    def admin_url(self) -> str:
        """The benchmark's database as the superuser, who sees through row level security."""
        return self.postgres.socket_url(DATABASE)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of the API and the worker."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("BAAS_")},
            "BAAS_ENVIRONMENT": "development",
            "BAAS_DATABASE_URL": self.role_url(roles.APP),
            "BAAS_DATABASE_RELAY_URL": self.role_url(roles.RELAY),
            "BAAS_DATABASE_AUTH_URL": self.role_url(roles.AUTH),
            "BAAS_DATABASE_OPERATOR_URL": self.role_url(roles.OPERATOR),
            "BAAS_REDIS_URL": self.redis.url(),
            "BAAS_SECRET": SECRET,
            "BAAS_ENCRYPTION_KEYS": base64.b64encode(b"k" * 32).decode(),
            "BAAS_OPERATOR_KEY_HASH": api_key_hash(SECRET.encode(), OPERATOR_KEY).hex(),
            "BAAS_BASE_URL": f"http://127.0.0.1:{API_PORT}",
            "BAAS_PORT": str(API_PORT),
            "BAAS_ALLOW_LOCAL_RECEIVERS": "true",
            **more,
        }

    def start_process(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        cores: set[int],
        folder: Path = ROOT,
    ) -> Process:
        """Start something that ends with this run at the latest."""
        process = Process(command, environment, self.folder / f"{name}.log", cores, folder)
        self._guard.watch(process.pid, turn=10, group=True)
        self._processes.append(process)
        return process

    def start_api(self, **more: str) -> Process:
        """Start `baas serve` with one process, on the core that is measured."""
        command = [sys.executable, "-m", "baas", "serve"]
        self.api = self.start_process("api", command, self.environment(**more), SERVER_CORE)
        self.api.wait_for(API_PORT, "/health")
        return self.api

    def stop_api(self) -> None:
        """End the API, if it runs."""
        if self.api is not None:
            self.stop_process(self.api)
            self.api = None

    def start_worker(self, cores: set[int] = OTHER_CORE, *, code: Path = ROOT, **more: str) -> Process:
        """Start `baas worker`, with the code of another folder if one is named."""
        command = [sys.executable, "-m", "baas", "worker"]
        return self.start_process("worker", command, self.environment(**more), cores, code)

    def start_limit(self, kind: str, **settings: str) -> Process:
        """Start a bare handler of `benchmarks.limits` under the same server with the same options."""
        environment = {**os.environ, "LIMIT_KIND": kind, **settings}
        command = [
            sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--no-ws", "--backlog", "2048",
            "--log-level", "warning", "--port", str(LIMIT_PORT), "--factory", "benchmarks.limits:application",
        ]  # fmt: skip
        process = self.start_process(f"limit-{kind}", command, environment, SERVER_CORE)
        process.wait_for(LIMIT_PORT, "/health")
        return process

    def stop_process(self, process: Process) -> None:
        """End a process of this run."""
        process.stop()
        self._guard.forget(process.pid)
        self._processes.remove(process)

    def stop(self) -> None:
        """End everything and delete its files."""
        for process in reversed(self._processes):
            process.stop()
        self.redis.kill()
        self.postgres.kill()
        self._guard.close()
        # A load that was interrupted, and whatever else a piece has started for itself.
        end_children()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------------------- asking the API

    def call(
        self, method: str, path: str, *, key: str | None = None, body: Any = None, expect: int = 200
    ) -> Any:
        """Ask the API and answer `data`. Raises RuntimeError for another status than the expected one."""
        status, _, answer = self.raw(method, path, key=key, body=body)
        if status != expect:
            raise RuntimeError(f"{method} {path}: {status} instead of {expect}: {answer[:500]!r}")
        return msgspec.json.decode(answer)["data"]

    def raw(
        self, method: str, path: str, *, key: str | None = None, body: Any = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask the API: status, headers, body. Without a key, as the operator."""
        headers = {"content-type": "application/json"}
        headers |= {"x-api-key": key} if key is not None else {"x-operator-key": OPERATOR_KEY}
        connection = http.client.HTTPConnection("127.0.0.1", API_PORT, timeout=30)
        try:
            connection.request(
                method, f"/api/v1{path}", msgspec.json.encode(body) if body is not None else None, headers
            )
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def make_store(self, name: str, **limits: int) -> Store:
        """A new test store on the plan `pro`, its request limits high enough for one address to send all."""
        body = {"name": name, "mode": "test", "plan": "pro", "currency": "ARS", "country": "AR", "locale": "es-AR",
                "settings": {"tax_rate": 2100, "shipping_price": 350_000}}  # fmt: skip
        made = self.call("POST", "/operator/stores", body=body, expect=201)
        store = Store(made["store"]["id"], made["secret_key"], made["publishable_key"])
        high = {"requests_per_minute": 6_000_000, "requests_per_minute_address": 6_000_000, "products": -1}
        self.call("PATCH", f"/operator/stores/{store.id}", body={"limits": {**high, **limits}})
        return store

    def make_stores(self, number: int, **limits: int) -> list[Store]:
        """Many stores, copied from one that was made through the API."""
        first = self.make_store(f"Store {ids.new_id().hex[-8:]}", **limits)
        return [first, *asyncio.run(self._copies(first, number - 1))]

    async def _copies(self, first: Store, number: int) -> list[Store]:
        connection = await asyncpg.connect(self.admin_url)
        try:
            template = ids.decode(Kind.STORE, first.id)
            (row,) = await connection.fetch("select * from stores where id = $1", template)
            keys = await connection.fetch(
                "select * from api_keys where store_id = $1 order by kind", template
            )
            stores, rows, key_rows = [], [], []
            for index in range(number):
                store_id = ids.new_id()
                name = f"Store {index + 1} {store_id.hex[-6:]}"
                rows.append(tuple({**row, "id": store_id, "name": name, "slug": f"s{store_id.hex}"}.values()))
                made = {key["kind"]: new_key(KeyKind(key["kind"]), Mode.TEST) for key in keys}
                for key in keys:
                    hashed = api_key_hash(SECRET.encode(), made[key["kind"]])
                    own = {**key, "store_id": store_id, "id": ids.new_id(), "key_hash": hashed}
                    key_rows.append(tuple(own.values()))
                stores.append(Store(ids.encode(Kind.STORE, store_id), made["secret"], made["publishable"]))
            await connection.copy_records_to_table("stores", records=rows, columns=list(row.keys()))
            await connection.copy_records_to_table("api_keys", records=key_rows, columns=list(keys[0].keys()))
            return stores
        finally:
            await connection.close()
