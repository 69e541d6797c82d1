"""The PostgreSQL and the Redis that the tests run on, and databases on them.

Every pytest process (each worker of xdist is one) has servers of its own, embedded and in a temporary folder, unless
BAAS_TEST_DATABASE_URL (a superuser's, or one that may create databases and roles) and BAAS_TEST_REDIS_URL name
servers; there, each process has a database of its own with a random name and a numbered Redis database.
"""

import os
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from baas.core.embedded import EmbeddedPostgres, EmbeddedRedis, Guard


@dataclass
class Servers:
    """What a test process runs on. `postgres` and `redis` are None where a server was named from outside."""

    admin_url: str
    """A superuser's URL of a database to create others from."""
    redis_url: str
    postgres: EmbeddedPostgres | None = None
    redis: EmbeddedRedis | None = None
    _folder: Path | None = field(default=None, repr=False)
    _guard: Guard | None = field(default=None, repr=False)

    def stop(self) -> None:
        """Stop what was started here and delete its files."""
        for server in (self.redis, self.postgres):
            if server is not None:
                # Nothing in it is worth a clean shutdown.
                server.kill()
        if self._guard is not None:
            self._guard.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def start_servers(environ: Mapping[str, str] = os.environ) -> Servers:
    """Start the servers of this test process, or take those that the environment names."""
    admin_url = environ.get("BAAS_TEST_DATABASE_URL", "")
    redis_url = environ.get("BAAS_TEST_REDIS_URL", "")
    worker = int(re.sub(r"\D", "", environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    if redis_url:
        redis_url = urlunsplit(urlsplit(redis_url)._replace(path=f"/{worker % 16}"))
    if admin_url and redis_url:
        return Servers(admin_url, redis_url)

    folder = Path(tempfile.mkdtemp(prefix="baas-test-"))
    folder.chmod(0o711)  # PostgreSQL may run as another account; its own folders inside are closed
    guard = Guard()
    servers = Servers(admin_url, redis_url, _folder=folder, _guard=guard)
    try:
        if not admin_url:
            servers.postgres = EmbeddedPostgres(folder / "postgres", durable=False, guard=guard)
            servers.postgres.start()
            servers.admin_url = servers.postgres.url()
        if not redis_url:
            servers.redis = EmbeddedRedis(folder / "redis", durable=False, guard=guard)
            servers.redis.start()
            servers.redis_url = servers.redis.url()
    except BaseException:
        servers.stop()
        raise
    return servers


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def random_name(prefix: str = "baas_test") -> str:
    """A database name that no other process has."""
    return f"{prefix}_{secrets.token_hex(6)}"


def with_database(url: str, name: str) -> str:
    """The same URL, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def drop_database(admin_url: str, name: str) -> None:
    """Drop a database and end the connections to it; no effect when there is none."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f'drop database if exists "{name}" with (force)')
    finally:
        await connection.close()
