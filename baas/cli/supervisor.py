"""Keeping processes alive, and ending them: what `baas dev` does between its first and its last line.

Runs in the main thread, without an event loop: signals only set a flag and wake the loop.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Protocol

from baas.core.embedded import Guard, ProcessMark

_BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the first, second, … start in a row of something that keeps dying."""
_STEADY = 30.0
"""Seconds after which something that runs is no longer thought to keep dying."""
_LOG_LIMIT = 5 * 1024 * 1024


class Service(Protocol):
    """Something that is started, watched and stopped: an embedded server or a child process."""

    @property
    def name(self) -> str: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def is_running(self) -> bool: ...


class Child:
    """A process of ours with a log file, the leader of a process group of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_path: Path | None,
        guard: Guard,
        turn: int,
        patience: float,
    ) -> None:
        """`log_path=None` writes to the terminal; `patience` is the time in seconds to end in when asked."""
        self.name = name
        self.log_path = log_path
        self._command = list(command)
        self._environment = dict(environment)
        self._guard = guard
        self._turn = turn
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self.mark: ProcessMark | None = None

    def start(self) -> None:
        """Start the process; what is left of an earlier one's group is killed first."""
        self._clear()
        if self.log_path is not None and self.log_path.exists() and self.log_path.stat().st_size > _LOG_LIMIT:
            self.log_path.unlink()
        with contextlib.ExitStack() as stack:
            log = None if self.log_path is None else stack.enter_context(self.log_path.open("ab"))
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        self.mark = ProcessMark.of(self._process.pid)
        self._guard.watch(self._process.pid, turn=self._turn, patience=self._patience, group=True)

    def stop(self) -> None:
        """Ask it to end, then kill it and all that it started."""
        if self.is_running() and self.mark is not None:
            self.mark.end(signal.SIGTERM, patience=self._patience, group=True)
        self._clear()

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def how_it_ended(self) -> str:
        """In words: `exit code 1` or `signal 9`."""
        code = None if self._process is None else self._process.poll()
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def log_tail(self, lines: int = 20) -> str:
        """The last lines it wrote to its log file."""
        if self.log_path is None or not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _clear(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._guard.forget(self._process.pid)
        self._process = None
        self.mark = None


class _Restart:
    """When a dead service may be started again."""

    def __init__(self) -> None:
        self.deaths = 0
        self._started = time.monotonic()
        self.due: float | None = None

    def died(self) -> None:
        now = time.monotonic()
        if now - self._started > _STEADY:
            self.deaths = 0
        self.due = now + _BACKOFF[min(self.deaths, len(_BACKOFF) - 1)]
        self.deaths += 1

    def started(self) -> None:
        self._started = time.monotonic()
        self.due = None


class Supervisor:
    """Starts services in order, starts again what dies, and stops all of them in the opposite order."""

    def __init__(self, *, guard: Guard, tell: Callable[[str], None]) -> None:
        """`tell` gets one sentence for each thing a person should know."""
        self.stop_asked = False
        self._guard = guard
        self._tell = tell
        self._services: list[tuple[Service, _Restart]] = []
        self._changed: Callable[[], None] = lambda: None
        self._interruptible = False
        self._wake: tuple[int, int] = (-1, -1)

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call this after every restart."""
        self._changed = changed

    def start(self, service: Service) -> None:
        """Start a service and look after it from now on."""
        restart = _Restart()
        # Known before it is started: an error in between still stops it.
        self._services.append((service, restart))
        service.start()
        restart.started()

    def start_together(self, services: Sequence[Service]) -> None:
        """Start services that do not need each other, and wait for all of them. Raises the first one's error."""
        with ThreadPoolExecutor(max_workers=max(len(services), 1)) as threads:
            started = [threads.submit(self.start, service) for service in services]
        for outcome in started:
            outcome.result()

    def stop_all(self) -> None:
        """Stop everything, the last started first. An error of one does not keep the others running."""
        while self._services:
            service, _ = self._services.pop()
            try:
                service.stop()
            except Exception as error:
                self._tell(f"The {service.name} could not be stopped: {error}")

    def deaths(self, service: Service) -> int:
        """How often a service has died in a row."""
        return next(restart.deaths for known, restart in self._services if known is service)

    def turn(self, seconds: float) -> None:
        """Look after the services for up to `seconds`; less when something happens."""
        self._guard.check()
        due = seconds
        for service, restart in self._services:
            if service.is_running():
                continue
            if restart.due is None:
                restart.died()
                how = f" ({service.how_it_ended()})" if isinstance(service, Child) else ""
                self._tell(f"The {service.name} ended{how} and is started again.")
            assert restart.due is not None
            due = min(due, max(0.0, restart.due - time.monotonic()))
            if due == 0.0:
                self._again(service, restart)
        if due and not self.stop_asked:
            self._sleep(due)

    def _again(self, service: Service, restart: _Restart) -> None:
        try:
            service.start()
        except Exception as error:
            self._tell(f"The {service.name} does not start: {error}")
            restart.died()
        else:
            restart.started()
            self._changed()

    def _sleep(self, seconds: float) -> None:
        readable, _, _ = select.select([self._wake[0]], [], [], seconds)
        if readable:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake[0], 4096)

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Within this, Ctrl-C, SIGTERM and a closed terminal set `stop_asked`, and a child's death wakes the loop."""
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        wakeup = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        before = {
            name: signal.signal(name, self._asked) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)
            signal.set_wakeup_fd(wakeup)
            for end in self._wake:
                os.close(end)

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within this, a request to stop also raises KeyboardInterrupt: for work that starts no process."""
        self._interruptible = True
        try:
            if self.stop_asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._interruptible = False

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self.stop_asked = True
        if self._interruptible:
            self._interruptible = False
            raise KeyboardInterrupt
