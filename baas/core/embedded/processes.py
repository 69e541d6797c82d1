"""Naming a process so that a reused number is never mistaken for it, ending it, and ending it for a dead parent.

This file is also a program: `Guard` runs it in a process of its own, without the virtual environment, so it imports
the standard library only.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Self

_STEP = 0.01
"""Seconds between two looks at a process that is being ended."""


class ProcessMark(NamedTuple):
    """A process: its number, and when it started, because numbers come back."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The mark of a living process; None when there is none (a zombie is none)."""
        started = _started(pid)
        return cls(pid, started) if started else None

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The mark that `write` left in a file; None when the file is missing or damaged."""
        try:
            pid, started = path.read_text(encoding="ascii").split()
            return cls(int(pid), started)
        except (OSError, ValueError):
            return None

    def write(self, path: Path) -> None:
        """Leave the mark in a file for a later start."""
        path.write_text(f"{self.pid} {self.started}\n", encoding="ascii")

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _started(self.pid) == self.started

    def end(
        self, how: signal.Signals = signal.SIGTERM, *, patience: float = 5.0, group: bool = False
    ) -> bool:
        """Ask the process to end, wait up to `patience` seconds, then kill it. Says whether it went by itself.

        With `group`, what is left of the process group that it leads is killed too.
        """
        if not self.alive():
            return True
        _signal(self.pid, how)
        went = self._gone_within(patience)
        if group:
            # A leader that went may leave members behind; its number stays taken as long as they live.
            _signal(self.pid, signal.SIGKILL, group=True)
        elif not went:
            _signal(self.pid, signal.SIGKILL)
        if not went:
            self._gone_within(5.0)
        return went

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            time.sleep(_STEP)
        return True


def command_of(pid: int) -> str:
    """The command line of a process, its parts joined by spaces; empty when it cannot be seen."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    return _ps("command=", pid)


def _started(pid: int) -> str:
    """A word that differs for two processes that had the same number, empty when the process is gone."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        except OSError:
            return ""
        # The name in parentheses may hold spaces and parentheses itself: fields are counted after the last one.
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else f"{boot}-{fields[19]}"
    state, _, started = _ps("state=,lstart=", pid).partition(" ")
    return "" if state.startswith("Z") else "-".join(started.split())


def _ps(columns: str, pid: int) -> str:
    ps = shutil.which("ps") or "/bin/ps"
    asked = subprocess.run([ps, "-o", columns, "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def _signal(pid: int, how: signal.Signals, *, group: bool = False) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(pid, how)
        else:
            os.kill(pid, how)


class Guard:
    """A small process that ends what its maker started, when the maker dies without doing so.

    It holds the reading end of a pipe whose writing end dies with the maker, whatever killed it. Close it after
    a clean stop.
    """

    def __init__(self) -> None:
        self._watched: dict[int, str] = {}
        self._speaking = Lock()  # servers are started side by side
        self._write, self._process = self._spawn()

    def watch(
        self,
        pid: int,
        *,
        turn: int,
        how: signal.Signals = signal.SIGTERM,
        patience: float = 3.0,
        group: bool = False,
    ) -> None:
        """End `pid` when the maker is gone; lower turns first, `patience` seconds each before it is killed."""
        mark = ProcessMark.of(pid)
        if mark is not None:
            self._say(pid, f"watch {mark.pid} {mark.started} {turn} {int(how)} {patience} {int(group)}\n")

    def forget(self, pid: int) -> None:
        """Leave `pid` alone from now on: its maker has ended it."""
        self._watched.pop(pid, None)
        self._send(f"forget {pid}\n")

    def close(self) -> None:
        """End the guard, and what it still watches with it."""
        os.close(self._write)
        self._process.wait()

    def check(self) -> None:
        """Put another guard in its place when somebody ended it."""
        if self._process.poll() is not None:
            self._send("")

    def _say(self, pid: int, line: str) -> None:
        self._watched[pid] = line
        self._send(line)

    def _send(self, line: str) -> None:
        with self._speaking:
            if self._process.poll() is None:
                with contextlib.suppress(BrokenPipeError):
                    os.write(self._write, line.encode())
                    return
            os.close(self._write)
            self._write, self._process = self._spawn()
            os.write(self._write, "".join(self._watched.values()).encode())

    @staticmethod
    def _spawn() -> tuple[int, subprocess.Popen[bytes]]:
        read, write = os.pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__],
                stdin=read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(read)
        return write, process


def _guard() -> None:
    """The guard's own life: remember what the pipe says until it closes, then end everything in turn."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched: dict[int, tuple[int, ProcessMark, signal.Signals, float, bool]] = {}
    for line in sys.stdin:
        word, pid, *rest = line.split()
        if word == "forget":
            watched.pop(int(pid), None)
        else:
            started, turn, how, patience, group = rest
            watched[int(pid)] = (
                int(turn),
                ProcessMark(int(pid), started),
                signal.Signals(int(how)),
                float(patience),
                group == "1",
            )
    for _turn, mark, how, patience, group in sorted(watched.values(), key=lambda entry: entry[0]):
        mark.end(how, patience=patience, group=group)


if __name__ == "__main__":
    _guard()
