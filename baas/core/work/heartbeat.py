"""Workers say that they live, in the database, and find out which of them do not any more.

The heart beats in a thread of its own, with a connection of its own, so that neither a busy event loop nor a pool whose
connections are all out makes a live worker look dead. It stops beating when the event loop has been stuck for long, for
such a worker is as good as dead.
"""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy.orm import Mapped

from baas.core.db import Database
from baas.core.db.tables import Base, column
from baas.core.work.claims import Claimant, elapsed

log = structlog.get_logger(__name__)

EVERY: Final = 1.0
"""Seconds between two beats."""
SILENT: Final = timedelta(seconds=5)
"""A worker that was silent for longer is taken for dead by the others, which take over what it had claimed."""
STALE: Final = timedelta(seconds=15)
"""Readiness and `baas doctor` say that no worker lives when none was seen for longer."""
_STUCK: Final = 30.0
"""Seconds for which the event loop may not have turned."""
_PATIENCE: Final = 3.0
"""Seconds that the database has for one beat."""
_REMEMBERED: Final = timedelta(minutes=30)
"""How long an ended worker's claims are looked for; longer than any lease."""


class WorkerHeartbeat(Base):
    """One start of a worker process."""

    __tablename__ = "workers"

    id: Mapped[int] = column(primary_key=True, autoincrement=False)
    """Random; what it claims carries it."""
    name: Mapped[str] = column()
    """Host and process number, for people."""
    machine: Mapped[str | None] = column()
    """Which kernel and which of its process tables it runs under; only there does `process` mean something."""
    process: Mapped[str | None] = column()
    """Its process number and the moment at which that process began."""
    started_at: Mapped[datetime] = column()
    seen_at: Mapped[datetime] = column()
    ended_at: Mapped[datetime | None] = column()
    """When it said goodbye, or was taken for dead. It never lives again under this id."""


# One row each second. Whoever is taken for dead stays so: its next beat finds no row to update and answers false.
_BEAT: Final = """
with mine as (
  insert into workers (id, name, machine, process, started_at, seen_at) values ($1, $2, $3, $4, now(), now())
  on conflict (id) do update set seen_at = now() where workers.ended_at is null
  returning id
),
lost as (
  update workers set ended_at = now()
  where ended_at is null and id <> $1 and ($5::bool and seen_at < now() - $6::interval or id = any($7::bigint[]))
  returning id, name
)
select exists (select from mine) as lives,
  array(select name from lost) as lost,
  array(select id from lost union select id from workers where ended_at > now() - $8::interval) as ended,
  coalesce((select json_object_agg(id, process) from workers
    where machine = $3 and process is not null and ended_at is null and id <> $1
      and id not in (select id from lost)), '{}') as beside
"""
_FORGET: Final = "delete from workers where seen_at < now() - interval '1 day'"
_GOODBYE: Final = "update workers set ended_at = now() where id = $1 and ended_at is null"


class Heartbeat:
    """The heart of a worker process: keeps `claimant` up to date for as long as it beats."""

    def __init__(self, database: Database, claimant: Claimant, on_loss: Callable[[], None]) -> None:
        """`on_loss` is called on the event loop when claims of another process have become free."""
        self._database = database
        self._claimant = claimant
        self._on_loss = on_loss
        self._machine, self._process = _machine(), _process_of(os.getpid())
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """The event loop whose life is told; the heart's own is the thread's."""
        self._beating = threading.Event()
        self._stopping = threading.Event()
        self._stop_soon: Callable[[], Any] | None = None
        self._turning: asyncio.Task[None] | None = None
        self._turned_at = 0.0
        self._taken_at = -1e9
        """When the database last took a beat."""
        self._watching_since = 0.0
        """Since when beats have followed one another: others may be silent because the database was away."""

    async def start(self) -> None:
        """Begin to beat; waits a moment for the first beat, so that what is claimed from now on has an owner."""
        self._loop = asyncio.get_running_loop()
        self._turning = asyncio.create_task(self._turn(), name="heartbeat.turn")
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()
        await asyncio.to_thread(self._beating.wait, _PATIENCE)

    async def stop(self) -> None:
        """Say goodbye, so that the others need not wait, and end the thread."""
        if self._turning is not None:
            self._turning.cancel()
        self._stopping.set()
        if self._stop_soon is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._stop_soon()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 2 * _PATIENCE)

    async def _turn(self) -> None:
        while True:
            self._turned_at = elapsed()
            await asyncio.sleep(EVERY)

    def _run(self) -> None:
        asyncio.run(self._beat_forever())

    async def _beat_forever(self) -> None:
        stop, own = asyncio.Event(), asyncio.get_running_loop()
        self._stop_soon = lambda: own.call_soon_threadsafe(stop.set)
        if self._stopping.is_set():
            stop.set()
        connection: asyncpg.Connection | None = None
        failing = False
        while not stop.is_set():
            again = False
            try:
                if elapsed() - self._turned_at < _STUCK:
                    async with asyncio.timeout(_PATIENCE):
                        if connection is None:
                            connection = await self._database.own_connection()
                            await connection.execute(_FORGET)
                        again = await self._beat(connection)
                    failing = False
            except Exception as error:
                if not failing:
                    log.warning("heartbeat.lost", error=repr(error)[:200])
                failing = True
                if connection is not None:
                    connection.terminate()
                    connection = None
            if not again:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(EVERY):
                        await stop.wait()
        if connection is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_PATIENCE):
                    await connection.execute(_GOODBYE, self._claimant.id)
                    await connection.close()
            connection.terminate()

    async def _beat(self, connection: asyncpg.Connection, gone: list[int] | None = None) -> bool:
        """Beat once. Answers whether there is a reason to beat again at once."""
        claimant, began = self._claimant, elapsed()
        if began - self._taken_at > SILENT.total_seconds() / 2:
            self._watching_since = began
        row = await connection.fetchrow(
            _BEAT,
            *(claimant.id, worker_name(), self._machine, self._process),
            began - self._watching_since > SILENT.total_seconds(),
            SILENT,
            gone or [],
            _REMEMBERED,
        )
        assert row is not None
        if not row["lives"]:
            log.warning("heartbeat.taken_for_dead", silent_seconds=round(began - self._taken_at, 1))
            claimant.begin_anew()
            return True
        self._taken_at = began
        claimant.sure_until(began + SILENT.total_seconds())
        new = set(row["ended"]) - set(claimant.ended)
        claimant.ended = row["ended"]
        if row["lost"]:
            log.warning("heartbeat.worker_lost", workers=row["lost"])
        if new and self._loop is not None:
            self._loop.call_soon_threadsafe(self._on_loss)
        self._beating.set()
        if gone is None:
            gone = [int(worker) for worker, process in row["beside"].items() if _is_gone(process)]
            if gone:
                return await self._beat(connection, gone)
        return False


def worker_name() -> str:
    """The name of this process among the workers of the deployment, for people; several may have the same."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def last_beat_age(database: Database) -> timedelta | None:
    """How long ago any worker was last seen that has not ended; None when there is none."""
    row = await database.lookup("select now() - max(seen_at) as age from workers where ended_at is null")
    return None if row is None else row["age"]


def _machine() -> str | None:
    """The boot of this kernel and the namespace of our process numbers; None where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _stat_of(pid: int) -> list[str]:
    """The fields of `/proc/…/stat` from the third, the state, on. Raises OSError."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _process_of(pid: int) -> str | None:
    """A process and the moment of its start, in ticks since the boot; None where the system does not say."""
    try:
        return f"{pid}:{_stat_of(pid)[19]}"
    except OSError:
        return None


def _is_gone(process: str) -> bool:
    """Whether a process of this machine has certainly ended, whatever runs under its number now."""
    pid, _, began = process.partition(":")
    try:
        os.kill(int(pid), 0)
        fields = _stat_of(int(pid))
    except ProcessLookupError:
        return True
    except OSError:
        # It belongs to somebody else: it is there.
        return False
    return fields[0] in "ZX" or fields[19] != began
