"""`baas dev` as a person meets it: started, stopped, killed, started again. Two small programs stand for API and worker."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from baas.cli import devkeys, devstate
from baas.core.embedded import EmbeddedPostgres, ProcessMark
from baas.core.embedded.processes import command_of

ROOT = Path(__file__).parents[2]


class Dev:
    """A `baas dev` in a process of its own."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.fake_dev", "--data-dir", str(data_dir), *arguments],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("BAAS_")} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read() if self.process.stderr else ""
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def state(self) -> devstate.DevState:
        state = devstate.find(self.data_dir)
        assert state is not None
        return state

    def signal(self, how: signal.Signals) -> float:
        """Send a signal and return the seconds until the process is gone."""
        before = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(timeout=15)
        return time.monotonic() - before


def running(data_dir: Path) -> list[ProcessMark]:
    """All that a `baas dev` on this folder runs now: children and servers, and what the API has started itself."""
    state = devstate.read(data_dir)
    marks = list(state.processes.values()) if state else []
    for file in ("postgres/data/postmaster.pid", "redis/process", "helper"):
        path = data_dir / file
        if path.exists() and (mark := ProcessMark.of(int(path.read_text().split()[0]))):
            marks.append(mark)
    return [mark for mark in marks if mark.alive()]


def eventually(true: Callable[[], object], within: float = 6.0) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Callable[..., Dev]]:
    made: list[Dev] = []

    def start(*arguments: str, **environment: str) -> Dev:
        made.append(Dev(tmp_path / "data", *arguments, **environment))
        return made[-1]

    yield start
    for each in made:
        if each.process.poll() is None:
            each.process.terminate()
        each.process.communicate(timeout=15)


def test_it_says_one_line_stops_on_sigterm_and_keeps_the_data(dev: Callable[..., Dev]) -> None:
    first = dev("--json", "--port", "0")
    line = first.ready()
    assert line["ready"] is True
    assert set(line) == {
        *("ready", "base_url", "store_id", "secret_key", "publishable_key"),
        *("operator_key", "database_url", "redis_url", "data_dir"),
    }
    with urllib.request.urlopen(line["base_url"]) as answer:
        assert answer.status == 200
    assert (first.data_dir / devstate.FILE).stat().st_mode & 0o777 == 0o600
    everything = running(first.data_dir)
    assert len(everything) == 6  # api, its helper, worker, simulators, PostgreSQL, Redis

    assert first.signal(signal.SIGTERM) < 5
    assert first.process.returncode == 0
    assert not [mark for mark in everything if mark.alive()]
    assert devstate.find(first.data_dir) is None
    assert first.process.stdout is not None
    assert first.process.stdout.read() == ""

    again = dev("--json", "--port", "0")
    assert again.ready()["database_url"] == line["database_url"]
    assert again.signal(signal.SIGINT) < 5
    assert again.process.returncode == 0


def test_whatever_it_started_ends_when_it_is_killed(dev: Callable[..., Dev]) -> None:
    killed = dev("--json", "--port", "0")
    killed.ready()
    everything = running(killed.data_dir)
    killed.signal(signal.SIGKILL)
    eventually(lambda: not [mark for mark in everything if mark.alive()])


@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the guard by way of /proc")
def test_it_ends_what_a_killed_one_left_when_even_the_guard_was_killed(dev: Callable[..., Dev]) -> None:
    killed = dev("--json", "--port", "0")
    port = killed.ready()["base_url"].rpartition(":")[2]
    everything = running(killed.data_dir)
    for folder in Path("/proc").glob("[0-9]*"):
        stat = (folder / "stat").read_text() if (folder / "stat").exists() else ""
        parent = stat.rpartition(")")[2].split()[1:2]
        if parent == [str(killed.process.pid)] and "processes.py" in command_of(int(folder.name)):
            os.kill(int(folder.name), signal.SIGKILL)
    killed.signal(signal.SIGKILL)
    assert all(mark.alive() for mark in everything)

    after = dev("--json", "--port", port)
    after.ready()
    assert not [mark for mark in everything if mark.alive()]


def test_what_dies_is_started_again(dev: Callable[..., Dev]) -> None:
    started = dev("--json", "--port", "0")
    redis_url = started.ready()["redis_url"]
    helper = ProcessMark.of(int((started.data_dir / "helper").read_text()))
    assert helper is not None
    before = dict(started.state.processes)
    redis = ProcessMark.read(started.data_dir / "redis" / "process")
    assert redis is not None
    for mark in (*before.values(), redis):
        os.kill(mark.pid, signal.SIGKILL)

    def restarted() -> bool:
        now = started.state.processes
        new_redis = ProcessMark.read(started.data_dir / "redis" / "process")
        return (
            all(now[name] != before[name] and now[name].alive() for name in ("api", "worker"))
            and new_redis != redis
            and started.state.redis_url == redis_url
        )

    eventually(restarted)
    assert not helper.alive()  # of the dead API's process group nobody is left


def test_a_second_one_on_the_same_folder_is_refused(dev: Callable[..., Dev]) -> None:
    first = dev("--json", "--port", "0")
    first.ready()
    second = dev("--json", "--port", "0")
    _, said = second.process.communicate(timeout=15)
    assert second.process.returncode == 1
    assert f"process {first.process.pid}" in said
    assert first.process.poll() is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = Dev(tmp_path / "file" / "shop", "--json", "--port", "0")
    _, said = refused.process.communicate(timeout=15)
    assert refused.process.returncode == 1
    assert said.startswith("Error: ")
    assert "cannot be used (Not a directory)" in said


def test_a_taken_port_and_a_broken_api_are_told(dev: Callable[..., Dev]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = dev("--port", str(port))
        _, said = refused.process.communicate(timeout=15)
    assert refused.process.returncode == 1
    assert f"PORT={port + 1}" in said

    broken = dev("--port", "0", BROKEN_API="1")
    out, said = broken.process.communicate(timeout=30)
    assert broken.process.returncode == 1
    assert "no luck" in said
    assert out == ""
    assert running(broken.data_dir) == []


# ----------------------------------------------------------------------------------- beginning anew


def backups(data_dir: Path) -> list[Path]:
    """What --reset has set aside."""
    return sorted(data_dir.parent.glob(f"{data_dir.name}.backup-*"))


def test_reset_sets_the_folder_aside_and_begins_anew(dev: Callable[..., Dev]) -> None:
    """The backup has everything, also when what ran on it was killed; without anything there is none."""
    first = dev("--reset", "--json", "--port", "0")
    redis_url = first.ready()["redis_url"]
    assert backups(first.data_dir) == []
    (first.data_dir / "mine").write_text("a note")
    left = running(first.data_dir)
    first.signal(signal.SIGKILL)

    second = dev("--reset", "--json", "--port", "0")
    assert second.ready()["redis_url"] != redis_url  # another password
    (backup,) = backups(second.data_dir)
    assert (backup / "mine").read_text() == "a note"
    assert (backup / "postgres" / "data" / "PG_VERSION").exists()
    assert not (backup / "dev.lock").exists()
    assert not (second.data_dir / "mine").exists()
    assert not any(mark.alive() for mark in left)
    second.signal(signal.SIGTERM)
    assert second.process.stderr is not None
    assert f"is in {backup} now" in second.process.stderr.read()


def test_reset_is_refused_where_the_data_is_elsewhere_and_while_the_folder_is_in_use(
    dev: Callable[..., Dev],
) -> None:
    """Nothing is set aside then."""
    running_one = dev("--json", "--port", "0")
    running_one.ready()
    second = dev("--reset", "--json", "--port", "0")
    _, said = second.process.communicate(timeout=15)
    assert (second.process.returncode, "already runs" in said) == (1, True)
    running_one.signal(signal.SIGTERM)

    refused = dev("--reset", "--port", "0", BAAS_DATABASE_URL="postgresql://a:b@127.0.0.1:1/postgres")
    _, said = refused.process.communicate(timeout=15)
    assert refused.process.returncode == 1
    assert "names a server elsewhere" in said
    assert backups(refused.data_dir) == []


def folder_from_before(data_dir: Path, spoil: Callable[[Path, asyncpg.Connection], Awaitable[Any]]) -> None:
    """A data folder with a database that `spoil` makes what it is."""
    data_dir.mkdir(mode=0o711)
    devkeys.make(data_dir / "keys.json")
    postgres = EmbeddedPostgres(data_dir / "postgres", durable=False)
    postgres.start()

    async def make() -> None:
        connection = await asyncpg.connect(postgres.url())
        await connection.execute("create role baas_owner")
        await connection.execute("create database baas_dev owner baas_owner")
        await connection.close()
        connection = await asyncpg.connect(postgres.url("baas_dev"))
        await spoil(data_dir, connection)
        await connection.close()

    try:
        asyncio.run(make())
    finally:
        postgres.stop()


async def _before_the_baseline(_: Path, connection: asyncpg.Connection) -> None:
    await connection.execute(
        "set role baas_owner; create table alembic_version (version_num varchar(32)); insert into alembic_version values ('0022')"
    )


async def _half_a_schema(_: Path, connection: asyncpg.Connection) -> None:
    await connection.execute("set role baas_owner; create table events (id int)")


async def _closed(_: Path, connection: asyncpg.Connection) -> None:
    await connection.execute("create table alembic_version (version_num varchar(32))")


async def _other_keys(data_dir: Path, _: asyncpg.Connection) -> None:
    (data_dir / "keys.json").write_text('{"secret": 1}')


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil, words",
    [
        (
            _before_the_baseline,
            "a version from before 0.1.0, whose data no later one takes over (schema 0022)",
        ),
        (_half_a_schema, "already exists"),
        (_closed, "permission denied"),
        (_other_keys, "keys.json cannot be read"),
    ],
)
def test_a_folder_that_cannot_be_worked_with_is_told_in_a_sentence(
    tmp_path: Path, spoil: Callable[[Path, asyncpg.Connection], Awaitable[Any]], words: str
) -> None:
    """With the command that begins anew, and no traceback; the folder stays as it is."""
    data_dir = tmp_path / "old shop"
    folder_from_before(data_dir, spoil)
    told = run_baas_dev(data_dir)
    assert told.returncode == 1
    assert words in told.stderr
    assert (
        f"`baas dev --reset --data-dir '{data_dir}'` makes a backup copy of the folder and begins anew."
        in told.stderr
    )
    assert "Traceback" not in told.stderr
    assert told.stdout == ""


@pytest.mark.slow
def test_a_folder_from_before_the_baseline_begins_anew(tmp_path: Path) -> None:
    """By the command that it was told, and with the old data beside it."""
    data_dir = tmp_path / "shop"
    folder_from_before(data_dir, _before_the_baseline)
    before = (data_dir / "keys.json").read_bytes()
    command = [
        sys.executable,
        "-m",
        "baas",
        "dev",
        "--reset",
        "--json",
        "--port",
        "0",
        "--data-dir",
        str(data_dir),
    ]
    with subprocess.Popen(command, cwd=ROOT, env=_ENVIRONMENT, stdout=subprocess.PIPE, text=True) as anew:
        assert anew.stdout is not None
        line = json.loads(anew.stdout.readline())
        with urllib.request.urlopen(f"{line['base_url']}/ready") as answer:
            assert answer.status == 200
        anew.send_signal(signal.SIGTERM)
    (backup,) = backups(data_dir)
    assert (backup / "keys.json").read_bytes() == before


_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("BAAS_")}


def run_baas_dev(data_dir: Path) -> subprocess.CompletedProcess[str]:
    """The real `baas dev` on a folder, where it does not get far."""
    return subprocess.run(
        [sys.executable, "-m", "baas", "dev", "--json", "--port", "0", "--data-dir", str(data_dir)],
        cwd=ROOT,
        env=_ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
