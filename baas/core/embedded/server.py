"""What the two embedded servers have in common: a folder, a port, a password, a process, a log."""

import importlib.util
import os
import secrets
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import ClassVar

from baas.core.embedded.accounts import Account, EmbeddedError, account_for
from baas.core.embedded.processes import Guard

_LOG_LIMIT = 5 * 1024 * 1024
"""Bytes; a larger log starts anew with the server."""


class Server(ABC):
    """One server in one folder. `start` and `stop` may be called in any state."""

    name: ClassVar[str]
    stop_signal: ClassVar[Signals] = SIGTERM
    turn: ClassVar[int]
    """When a guard ends several: lower first."""

    def __init__(self, data_dir: Path, *, durable: bool = True, guard: Guard | None = None) -> None:
        """A server whose data is in `data_dir` (made when missing).

        `durable=False` gives up safety against a power cut for speed: for tests. A guard ends the server when the
        calling process is killed.
        """
        self.data_dir = data_dir.absolute()
        self.durable = durable
        self.log_path = self.data_dir / "log"
        self._data = self.data_dir / "data"
        self._guard = guard
        self._process: subprocess.Popen[bytes] | None = None
        self._account: Account | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The port on 127.0.0.1; the same after a restart unless somebody else took it meanwhile."""
        if not self._port:
            raise EmbeddedError(f"{self.name} has not been started.")
        return self._port

    @property
    def pid(self) -> int | None:
        """The number of the server's process, None when it does not run."""
        return self._process.pid if self._process is not None and self.is_running() else None

    @property
    def password(self) -> str:
        """The password of this folder, made at the first start and kept in a file only its owner reads."""
        return self._secret()

    def is_running(self) -> bool:
        """Whether the process that this object started still lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers; no effect when it runs.

        Ends a server that a killed parent left on this folder. Raises EmbeddedError with the end of the server's log
        when it does not come up.
        """
        if self.is_running():
            return
        self._forget()
        binary = self._binary()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._account = account_for(self._data)
        # The server's account passes this folder to its data; listing it is nobody's business.
        self.data_dir.chmod(0o700 if self._account is None else 0o711)
        if self._account is not None:
            self._account.open_way(binary)
            self._account.open_way(self.data_dir)
        self.end_leftover()
        self._prepare(binary)
        self._start_on_a_port(binary)

    def stop(self) -> None:
        """Stop the server cleanly; kill it when that takes longer than a few seconds."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(self.stop_signal)
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._forget()

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        if self._process is not None:
            self._process.send_signal(SIGKILL)
            self._process.wait()
        self._forget()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines the server wrote."""
        try:
            text = self.log_path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    @abstractmethod
    def url(self) -> str:
        """Where the server is, with its password."""

    @abstractmethod
    def _binary(self) -> Path:
        """The server's program. Raises EmbeddedError when the extra is not installed."""

    @abstractmethod
    def end_leftover(self) -> None:
        """End a server that runs on this folder and is not ours."""

    @abstractmethod
    def _prepare(self, binary: Path) -> None:
        """Make the data folder when it is missing."""

    @abstractmethod
    def _launch(self, binary: Path, port: int) -> subprocess.Popen[bytes]:
        """Start the process."""

    @abstractmethod
    def _ready(self, process: subprocess.Popen[bytes], port: int) -> bool:
        """Whether the server answers."""

    def _start_on_a_port(self, binary: Path) -> None:
        remembered = self.data_dir / "port"
        for attempt in range(5):
            port = self._port or _read_port(remembered)
            if attempt or not port or not _is_free(port):
                port = _free_port()
            process = self._launch(binary, port)
            if self._guard is not None:
                self._guard.watch(process.pid, turn=self.turn, how=self.stop_signal)
            if self._wait(process, port):
                self._process, self._port = process, port
                remembered.write_text(f"{port}\n", encoding="ascii")
                return
            process.kill()
            process.wait()
            if self._guard is not None:
                self._guard.forget(process.pid)
            # Backends of a killed server need a moment to notice, and the port may have been taken meanwhile.
            time.sleep(0.3)
        raise EmbeddedError(
            f"{self.name} did not start. Its log, {self.log_path}, ends with:\n{self.log_tail()}"
        )

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> bool:
        deadline = time.monotonic() + 30  # recovery after a kill takes its time on a slow disk
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return False
            if self._ready(process, port):
                return True
            time.sleep(0.01)
        return False

    def _run(
        self,
        command: Sequence[str | Path],
        *,
        stdin: int = subprocess.DEVNULL,
        env: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program as the server's account, out of reach of the terminal's Ctrl-C, its words in the log."""
        if self.log_path.exists() and self.log_path.stat().st_size > _LOG_LIMIT:
            self.log_path.unlink()
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"} if env is None else env
        account = self._account
        with self.log_path.open("ab") as log:
            self.log_path.chmod(0o600)
            return subprocess.Popen(
                command,
                stdin=stdin,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment,
                start_new_session=True,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
            )

    def _secret(self) -> str:
        path = self.data_dir / "password"
        try:
            return path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            value = secrets.token_urlsafe(24)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{value}\n")
            return value

    def _forget(self) -> None:
        if self._process is not None and self._guard is not None:
            self._guard.forget(self._process.pid)
        self._process = None


def wheel_folder(module: str) -> Path:
    """Where a wheel of the extra lies, without importing it. Raises EmbeddedError when it is not installed."""
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(
            f"The embedded servers are not installed ({module} is missing): pip install 'baas[embedded]', "
            f"or name servers of your own in BAAS_DATABASE_URL and BAAS_REDIS_URL."
        )
    return Path(found.submodule_search_locations[0])


def _read_port(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
