"""`baas dev`: an empty machine becomes a shop that runs, and a stopped one leaves nothing behind."""

import contextlib
import fcntl
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from baas.cli import devstate
from baas.cli.devreset import LOCK, set_aside
from baas.cli.devstate import DevState, Prepared
from baas.cli.supervisor import Child, Supervisor
from baas.core.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedRedis, Guard, ProcessMark
from baas.core.settings import SettingsError, value_of

if TYPE_CHECKING:
    from baas.simulators.base import Simulator

_API = ("-m", "baas", "serve")
_WORKER = ("-m", "baas", "worker")
_SIMULATORS = ("-m", "baas.simulators")
_READY_WITHIN = 60.0
"""Seconds from the start of the API to its first good answer."""
_TRIES = 3
"""An API that has died so often before it ever answered will not."""


class DevError(Exception):
    """`baas dev` cannot go on. The text says why and what to do."""


class Prepare(Protocol):
    """Make a data folder ready: roles, migrations, demo store, keys. Safe to repeat on a folder that has data."""

    def __call__(self, *, data_dir: Path, database_url: str, redis_url: str, base_url: str) -> Prepared:
        """`database_url` names a role that may create roles and databases."""
        ...


@dataclass(frozen=True, kw_only=True)
class DevOptions:
    """What the person who types `baas dev` decides."""

    data_dir: Path
    port: int = 8000
    """0 takes a free one."""
    json: bool = False
    """Print one JSON line when ready, and nothing else on standard output."""
    logs: bool = False
    """Show the API's and the worker's log on the terminal instead of writing it to the data folder."""
    database_url: str | None = None
    """A PostgreSQL that is there already, as a role that may create roles and databases; None starts one."""
    redis_url: str | None = None
    """A Redis that is there already; None starts one."""
    reset: bool = False
    """Set what is in the folder aside, as a backup, and begin anew."""


def dev_command(
    prepare: Prepare, *, api: tuple[str, ...] = _API, worker: tuple[str, ...] = _WORKER
) -> click.Command:
    """The command `baas dev`, which prepares its data folder with `prepare`.

    `api` and `worker` are Python's arguments for the two child processes.
    """

    @click.command(
        "dev",
        short_help="Run everything here: PostgreSQL, Redis, the API and the worker, with a demo store.",
        epilog="Example: baas dev --port 8100 --data-dir /tmp/shop",
    )
    @click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="BAAS_DATA_DIR",
        default=Path(".baas"),
        show_default=True,
        help="Where the databases, the keys and the logs are kept.",
    )
    @click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8000,
        show_default=True,
        help="The API's port; 0 takes a free one.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON line when everything is ready.")
    @click.option(
        "--logs", is_flag=True, help="Show the logs here instead of writing them to the data folder."
    )
    @click.option(
        "--reset",
        is_flag=True,
        help="Make a backup copy of the data folder beside it, and begin with an empty one.",
    )
    def dev(data_dir: Path, port: int, as_json: bool, logs: bool, reset: bool) -> None:
        """Run a whole shop on this machine until Ctrl-C.

        Starts a PostgreSQL and a Redis of its own in the data folder, unless BAAS_DATABASE_URL and BAAS_REDIS_URL
        name servers, migrates, seeds a demo store once, and runs the API and the worker. Everything it started
        stops with it. Exit code 1: it could not start, and the message says why.
        """
        try:
            options = DevOptions(
                data_dir=data_dir,
                port=port,
                json=as_json,
                logs=logs,
                database_url=value_of(os.environ, "BAAS_DATABASE_URL"),
                redis_url=value_of(os.environ, "BAAS_REDIS_URL"),
                reset=reset,
            )
            run_dev(options, prepare=prepare, api=api, worker=worker)
        except (DevError, SettingsError) as error:
            raise click.ClickException(str(error)) from error

    return dev


def run_dev(
    options: DevOptions,
    *,
    prepare: Prepare,
    environ: Mapping[str, str] = os.environ,
    api: tuple[str, ...] = _API,
    worker: tuple[str, ...] = _WORKER,
) -> None:
    """Run everything until Ctrl-C or SIGTERM, then stop it.

    Raises DevError when it cannot start; whatever
    had been started is stopped by then.
    """
    data_dir = options.data_dir.absolute()
    with _only_one(data_dir):
        _end_leftovers(data_dir)
        port = _port(options.port)
        if options.reset:
            _reset(options, data_dir)
        guard = Guard()
        supervisor = Supervisor(guard=guard, tell=_tell)
        try:
            with supervisor.signals():
                try:
                    _run(options, data_dir, port, supervisor, guard, prepare, environ, (api, worker))
                except KeyboardInterrupt:
                    pass
                finally:
                    supervisor.stop_all()
        except EmbeddedError as error:
            raise DevError(str(error)) from error
        finally:
            guard.close()
            (data_dir / devstate.FILE).unlink(missing_ok=True)


def _reset(options: DevOptions, data_dir: Path) -> None:
    if options.database_url or options.redis_url:
        raise DevError(
            "--reset begins anew with what is in the data folder, and BAAS_DATABASE_URL or BAAS_REDIS_URL names a server"
            " elsewhere. Empty that one yourself, and remove keys.json from the folder."
        )
    try:
        backup = set_aside(data_dir)
    except OSError as error:
        raise DevError(f"{data_dir} cannot be set aside ({error.strerror}): {error.filename}") from error
    if backup is not None:
        _tell(f"What was in {data_dir} is in {backup} now.")


def _run(
    options: DevOptions,
    data_dir: Path,
    port: int,
    supervisor: Supervisor,
    guard: Guard,
    prepare: Prepare,
    environ: Mapping[str, str],
    commands: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    postgres = EmbeddedPostgres(data_dir / "postgres", guard=guard)
    redis = EmbeddedRedis(data_dir / "redis", guard=guard)
    given = ((options.database_url, postgres), (options.redis_url, redis))
    supervisor.start_together([server for url, server in given if not url])
    database_url = options.database_url or postgres.socket_url()
    redis_url = options.redis_url or redis.url()
    base_url = f"http://127.0.0.1:{port}"
    with supervisor.interruptible():
        prepared = prepare(
            data_dir=data_dir, database_url=database_url, redis_url=redis_url, base_url=base_url
        )

    # Whoever names an address of a provider wants that one, and no likeness of it.
    addresses = {provider: kind.setting for provider, kind in _simulators().items()}
    ports = {} if any(environ.get(name) for name in addresses.values()) else _simulator_ports(port)
    for provider, number in ports.items():
        prepared.environment[addresses[provider]] = f"http://127.0.0.1:{number}"

    own = ProcessMark.of(os.getpid())
    assert own is not None
    state = DevState(
        supervisor=own, base_url=base_url, data_dir=str(data_dir), redis_url=redis_url, prepared=prepared
    )
    children = _children(options, data_dir, guard, prepared.over(environ), commands, ports)

    def remember() -> None:
        state.processes = {child.name: child.mark for child in children if child.mark is not None}
        state.write()

    supervisor.on_change(remember)
    for child in children:
        supervisor.start(child)
    remember()
    screen = None if options.json else import_module("baas.cli.welcome")  # now, while those start
    if not _until_ready(supervisor, children[-1], port):
        return
    if screen is None:
        print(json.dumps(state.ready_line()), flush=True)
    else:
        screen.welcome(state)
    while not supervisor.stop_asked:
        supervisor.turn(5.0)
    if not options.json:
        _tell("Stopping.")


def _children(
    options: DevOptions,
    data_dir: Path,
    guard: Guard,
    environment: Mapping[str, str],
    commands: tuple[tuple[str, ...], tuple[str, ...]],
    ports: Mapping[str, int],
) -> list[Child]:
    """The simulators, the worker and the API, in the order of their start; they are stopped the other way round."""
    logs = data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    api, worker = commands
    wanted = [("worker", worker, 10, 1.5), ("api", api, 0, 2.5)]
    if ports:
        places = (f"{provider}={number}" for provider, number in ports.items())
        arguments = (*_SIMULATORS, str(data_dir / "simulators"), *places)
        wanted.insert(0, ("simulators", arguments, 20, 1.0))
    return [
        Child(
            name,
            [sys.executable, *arguments],
            environment={**environment, "BAAS_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"},
            log_path=None if options.logs else logs / f"{name}.log",
            guard=guard,
            turn=turn,
            patience=patience,
        )
        for name, arguments, turn, patience in wanted
    ]


def _until_ready(supervisor: Supervisor, api: Child, port: int) -> bool:
    """Wait for the API's first good answer; False when asked to stop meanwhile."""
    deadline = time.monotonic() + _READY_WITHIN
    answer = ""
    while not supervisor.stop_asked:
        if api.is_running():
            ready, answer = _ask_ready(port)
            if ready:
                return True
        if supervisor.deaths(api) >= _TRIES:
            raise DevError(
                f"The API does not start ({api.how_it_ended()}). Its log ends with:\n{api.log_tail()}"
            )
        if time.monotonic() > deadline:
            raise DevError(
                f"The API did not become ready in {_READY_WITHIN:.0f} seconds. /ready says: {answer or 'nothing'}\n"
                f"Its log ends with:\n{api.log_tail()}"
            )
        supervisor.turn(0.02)
    return False


def _ask_ready(port: int) -> tuple[bool, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        return response.status == http.HTTPStatus.OK, response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return False, ""
    finally:
        connection.close()


@contextlib.contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Make the folder and hold its lock, which ends with the process, whatever ends it.

    Raises DevError when the folder cannot be written, or another `baas dev` holds it.
    """
    try:
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        opened = (data_dir / LOCK).open("a")
    except OSError as error:
        raise DevError(
            f"{data_dir} cannot be used ({error.strerror}). Take a folder that you may write: --data-dir DIR"
        ) from error
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            state = devstate.find(data_dir)
            where = f" (process {state.supervisor.pid}, {state.base_url})" if state else ""
            raise DevError(
                f"baas dev already runs on {data_dir}{where}. Stop that one, or use another folder: --data-dir DIR"
            ) from None
        yield


def _end_leftovers(data_dir: Path) -> None:
    """End what a killed `baas dev` left running on this folder; the embedded servers look after themselves."""
    state = devstate.read(data_dir)
    if state is not None:
        for mark in state.processes.values():
            mark.end(patience=1.0, group=True)
        (data_dir / devstate.FILE).unlink(missing_ok=True)


def _port(wanted: int) -> int:
    """The port to listen on. Raises DevError when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise DevError(
                f"Port {wanted} cannot be used ({error.strerror}). Take another: make run PORT={wanted + 1}"
            ) from error
        return int(probe.getsockname()[1])


def _simulators() -> "Mapping[str, type[Simulator]]":
    # Here, for the other commands of this process need none of it.
    from baas.simulators.serve import KINDS

    return KINDS


def _simulator_ports(port: int) -> dict[str, int]:
    """The ports behind the API's, so that they stay the same from one start to the next; others when taken."""
    ports: dict[str, int] = {}
    for place, provider in enumerate(_simulators(), start=1):
        for wanted in (port + place, 0):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", wanted if wanted < 65536 else 0))
                except OSError:
                    continue
                ports[provider] = int(probe.getsockname()[1])
                break
    return ports


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
