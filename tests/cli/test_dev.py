"""`baas dev` as a person meets it: started, stopped, killed, started again. Two small programs stand for API and worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from baas.cli import devstate
from baas.core.embedded import ProcessMark
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
