"""`make bench` that is interrupted leaves no process and no folder behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from tests.running import ROOT, eventually
from tests.servers import free_port

MARK: Final = "BENCH_TEST_MARK"


def marked(mark: str, folder: Path) -> dict[int, str]:
    """The processes that have inherited a mark or name a folder, by their number: their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                inherited = (entry / "environ").read_bytes().split(b"\0")
                if f"{MARK}={mark}".encode() in inherited or str(folder) in command:
                    found[int(entry.name)] = command
            except OSError:
                continue
    return found


def left_in(folder: Path) -> list[Path]:
    """What runs have left in the folder for temporary files."""
    return list(folder.glob("baas-bench-*"))


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.skipif(sys.platform != "linux", reason="benchmarks are measured on Linux")
@pytest.mark.parametrize(
    "how, meanwhile",
    [
        (signal.SIGTERM, "initdb"),
        (signal.SIGINT, "benchmarks.load"),
        (signal.SIGTERM, "benchmarks.load"),
    ],
    ids=["while it starts", "Ctrl-C under load", "SIGTERM under load"],
)
async def test_an_interrupted_benchmark_leaves_nothing(
    how: signal.Signals, meanwhile: str, tmp_path: Path
) -> None:
    """What is started in sessions of its own, and what is not, has ended when it has."""
    mark = uuid4().hex
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAAS_")}
    environment |= {MARK: mark, "TMPDIR": str(tmp_path), "BENCH_PORT": str(free_port())}
    # PostgreSQL may run as another account.
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", "deliveries"),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )

    async def under_way() -> bool:
        assert process.returncode is None, "it ended by itself"
        return any(meanwhile in command for command in marked(mark, tmp_path).values())

    try:
        await eventually(under_way, within=120, every=0.02)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does
        else:
            process.send_signal(how)
        assert await asyncio.wait_for(process.wait(), 60) == 128 + how

        async def nobody() -> bool:
            return not marked(mark, tmp_path)

        await eventually(nobody, within=5)
        assert not left_in(tmp_path)
    finally:
        for pid in marked(mark, tmp_path):
            os.kill(pid, signal.SIGKILL)
