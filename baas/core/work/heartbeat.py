"""Workers say that they live, in the database, where readiness and `baas doctor` look."""

import os
import socket
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Mapped

from baas.core.db import Database
from baas.core.db.tables import Base, column

EVERY: Final = 2.0
"""Seconds between two beats."""
STALE: Final = timedelta(seconds=15)
"""A worker not seen for this long is taken for dead."""


class WorkerHeartbeat(Base):
    """One worker process."""

    __tablename__ = "workers"

    name: Mapped[str] = column(primary_key=True)
    started_at: Mapped[datetime] = column()
    seen_at: Mapped[datetime] = column()


def worker_name() -> str:
    """The name of this process among the workers of the deployment."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def beat(database: Database, name: str) -> None:
    """Say that this worker lives, and forget those that have been silent for a day."""
    async with database.relay(reason="heartbeat of this worker") as system:
        await system.execute(
            "insert into workers (name, started_at, seen_at) values ($1, now(), now())"
            " on conflict (name) do update set seen_at = now()",
            name,
        )
        await system.execute("delete from workers where seen_at < now() - interval '1 day'")


async def last_beat_age(database: Database) -> timedelta | None:
    """How long ago any worker was last seen; None when there has been none."""
    row = await database.lookup("select now() - max(seen_at) as age from workers")
    return None if row is None else row["age"]
