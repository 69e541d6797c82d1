"""The machine: cores, the CPU that processes use, and whether anybody else was working meanwhile."""

import os
import platform
import re
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from baas.core.embedded.processes import ProcessMark

TICK = 1 / os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = {CORES[0]}
"""The core of the process that is measured."""
OTHER_CORE = {CORES[-1]}
"""The core of PostgreSQL, Redis, the load and everything else; the same one on a machine with one core."""


def pin(pid: int, cores: set[int]) -> None:
    """Keep a process, and what it will start, on these cores."""
    os.sched_setaffinity(pid, cores)


def tree(pid: int) -> list[int]:
    """A process and all its descendants that live."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  names are all that is wanted
        if entry.isdigit():
            fields = _stat(int(entry))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += children.get(current, [])
    return found


def end_children(patience: float = 15.0) -> None:
    """End what this process has started and not waited for: ask first, and kill what does not end in time."""
    marks = [ProcessMark.of(pid) for pid in tree(os.getpid())[1:] if _stat(pid)[1:2] == [str(os.getpid())]]
    for mark in filter(None, marks):
        mark.end(signal.SIGTERM, patience=patience)


def cpu_of(pids: Iterable[int], *, ended_children: bool = False) -> float:
    """Seconds of CPU (user and system) that these processes have used, threads that ended included."""
    total = 0.0
    for pid in pids:
        fields = _stat(pid)
        if fields:
            used = fields[11:15] if ended_children else fields[11:13]
            total += sum(map(int, used)) * TICK
    return total


def resident_megabytes(pid: int) -> float:
    """The memory that a process holds in RAM."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0


def _stat(pid: int) -> list[str]:
    """The fields after the command's name; empty when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _machine_times() -> tuple[float, float]:
    """Seconds of CPU that all processes used, and that the host took away (steal)."""
    values = [
        int(part) for part in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    ]
    user, nice, system, _idle, _iowait, irq, softirq, steal = values[:8]
    return (user + nice + system + irq + softirq) * TICK, steal * TICK


class Watch:
    """Measures what others did to the machine between its making and `others()`."""

    def __init__(self) -> None:
        self._busy, self._steal = _machine_times()
        self._ours = self._our_cpu()
        self._clock = os.times().elapsed

    @staticmethod
    def _our_cpu() -> float:
        return cpu_of(tree(os.getpid())) + sum(os.times()[2:4])

    def others(self) -> dict[str, float]:
        """Percent of one core used by processes that are not ours, and stolen by the host."""
        busy, steal = _machine_times()
        seconds = max(os.times().elapsed - self._clock, 0.01)
        others = (busy - self._busy) - (self._our_cpu() - self._ours)
        return {
            "others_percent": round(max(0.0, others) / seconds * 100, 1),
            "steal_percent": round((steal - self._steal) / seconds * 100, 1),
            "load_average": os.getloadavg()[0],
        }


QUIET_PERCENT = 15.0
"""Up to so much of one core used by others, a run counts as quiet (kernel threads are others, too)."""


def is_quiet(others: dict[str, float]) -> bool:
    """Whether others left the machine to us."""
    return others["others_percent"] <= QUIET_PERCENT and others["steal_percent"] <= 3.0


def describe() -> dict[str, Any]:
    """The machine and the versions, for the report."""
    import asyncpg
    import granian
    import litestar
    import msgspec

    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    return {
        "cpu": cpu[1].strip() if cpu else platform.machine(),
        "cores": len(CORES),
        "memory_megabytes": int(memory[1]) // 1024 if memory else 0,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "litestar": litestar.__version__.formatted(),
        "granian": granian.__version__,
        "asyncpg": asyncpg.__version__,
        "msgspec": msgspec.__version__,
    }
