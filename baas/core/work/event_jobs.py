"""The queue of what handlers of this backend still have to hear: claimed, heard, failed, dead, tried again.

A handler that fails is asked again after a growing wait. After TRIES of them, which take more than a day, its job is
dead: it stays, with the event's text, until somebody has it tried again (D-093). `outbox` makes the jobs, `hearing` runs them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from baas.core.db import StoreWork, SystemConnection, affected
from baas.core.db.rows import Projection, columns, rows_of
from baas.core.db.tables import Base, StoreEntity, column
from baas.core.observe.redact import redact_error
from baas.core.work.claims import Claimant

LEASE: Final = timedelta(seconds=60)
TRIES: Final = 36
"""How often a handler is asked: 25 hours from the first time to the last."""
LONGEST_WAIT: Final = timedelta(hours=1)


class EventJob(StoreEntity, Base):
    """One event that one handler of this backend still has to hear; gone when it has."""

    __tablename__ = "event_jobs"
    __table_args__ = (
        CheckConstraint("(dead_at is null) = (next_attempt_at is not null)", name="dead"),
        Index("ix_event_jobs_due", "next_attempt_at"),
        Index("ix_event_jobs_failing", "store_id", "event_id", postgresql_where=text("error is not null")),
        # Half-empty pages keep the claim's update on the page of each row, without touching an index.
        {"postgresql_with": {"fillfactor": 50}},
    )

    event_id: Mapped[UUID] = column()
    handler: Mapped[str] = column()
    attempts: Mapped[int] = column(server_default=text("0"))
    """How often it was claimed, without the claims that were given back."""
    next_attempt_at: Mapped[datetime | None] = column()
    """None when it is dead."""
    error: Mapped[str | None] = column()
    """What the last failure said, without secrets and personal data; its class is beside it."""
    claimed_by: Mapped[int | None] = column()
    """Who claimed it last (`baas.core.work.claims`)."""
    claimed_until: Mapped[datetime | None] = column()
    """The end of the lease; no other claim of this row ends at the same moment."""
    error_class: Mapped[str | None] = column()
    failed_at: Mapped[datetime | None] = column()
    dead_at: Mapped[datetime | None] = column()
    body: Mapped[str | None] = column(pii=True)
    """The event's text, kept from the job's death on: the log forgets the event after its time, and this does not."""
    request_id: Mapped[str | None] = column()
    """The event's, likewise."""


class ClaimedJob(msgspec.Struct, frozen=True):
    """A job that is this process's until its lease ends, or until the others take this process for dead."""

    store_id: UUID
    id: UUID
    event_id: UUID
    handler: str
    attempts: int
    """Which try this is, from 1."""
    claimed_until: datetime

    @property
    def is_spent(self) -> bool:
        """Whether all tries are over: the last of them ended with their workers, so nobody noted that they failed."""
        return self.attempts > TRIES


class LostWithItsWorker(Exception):
    """A job's last try ended with the worker that made it."""


class FailureRow(Projection, frozen=True):
    """How a handler failed on an event that it still has to hear."""

    __table__ = "event_jobs"

    event_id: UUID
    handler: str
    attempts: int
    failed_at: datetime | None
    next_attempt_at: datetime | None
    """None when nobody asks it any more."""
    error_class: str | None
    error: str | None


class DeadJobRow(Projection, frozen=True):
    """A dead job of any store, for the operator."""

    __table__ = "event_jobs"

    store_id: UUID
    event_id: UUID
    handler: str
    attempts: int
    failed_at: datetime | None
    error_class: str | None
    error: str | None


# A claim that was lost with its worker counts as a try, and the next one waits after it as after a failure: an event
# whose handler kills its worker must not do that all day long.
_CLAIM: Final = """
with due as (
  select store_id, id from event_jobs
  where next_attempt_at <= now() and (claimed_until is null
    or (claimed_until <= now() or claimed_by = any($3::bigint[]))
      and claimed_until - $2::interval + least(interval '1 second' * 2 ^ least(attempts, 12), $5::interval) <= now())
  order by next_attempt_at limit $1 for update skip locked
)
update event_jobs j set claimed_by = $4, claimed_until = now() + $2::interval, attempts = attempts + 1 from due
where j.store_id = due.store_id and j.id = due.id
returning j.store_id, j.id, j.event_id, j.handler, j.attempts, j.claimed_until
"""


async def claim(system: SystemConnection, claimant: Claimant, limit: int) -> list[ClaimedJob]:
    """Take at most `limit` due jobs, those that have waited longest first."""
    rows = await system.fetch(_CLAIM, limit, LEASE, claimant.ended, claimant.id, LONGEST_WAIT)
    return [ClaimedJob(*row) for row in rows]


# By where the rows lie: nobody moves one that is locked, and a plan for a queue that was empty would read all of it.
_TAKE: Final = """
with taken as (
  delete from event_jobs j
  where j.store_id = $1 and j.ctid = any (array(
    select w.ctid from unnest($2::uuid[], $3::timestamptz[]) as claim (job, until) cross join lateral (
      select ctid from event_jobs where store_id = $1 and id = job and claimed_until = until for update offset 0
    ) w
  ))
  returning j.event_id, j.handler, j.body
)
select t.handler, coalesce(t.body, e.body) as body from taken t left join lateral (
  select body from events where store_id = $1 and id = t.event_id offset 0
) e on true
where coalesce(t.body, e.body) is not null order by t.event_id
"""


async def take(work: StoreWork, jobs: Sequence[ClaimedJob]) -> list[tuple[str, str]]:
    """Delete claimed jobs of a store in the transaction of their effects. Returns handlers with the texts of their
    events, oldest first.

    What is missing there needs nothing done: the job is somebody else's meanwhile, so its effect happens, or has
    happened, in another transaction; or the log does not keep its event any more.
    """
    rows = await work.fetch(
        _TAKE, work.scope.store_id, [job.id for job in jobs], [job.claimed_until for job in jobs]
    )
    return [(row["handler"], row["body"]) for row in rows]


_FAILED: Final = """
update event_jobs j set claimed_until = null, failed_at = now(), error_class = $5, error = $6,
  next_attempt_at = now() + $4::interval, dead_at = case when $4::interval is null then now() end,
  body = case when $4::interval is null
    then coalesce(j.body, (select e.body from events e where e.store_id = $1 and e.id = $7)) else j.body end,
  request_id = case when $4::interval is null
    then coalesce(j.request_id, (select e.request_id from events e where e.store_id = $1 and e.id = $7))
    else j.request_id end
where store_id = $1 and id = $2 and claimed_until = $3
returning true
"""


async def failed(system: SystemConnection, job: ClaimedJob, error: Exception) -> bool:
    """Note why a claimed job failed, and when it is tried again; after TRIES it is dead. Answers whether it is now."""
    wait = wait_after(job.attempts)
    class_, message = redact_error(error)
    noted = await system.fetchval(
        _FAILED,
        *(job.store_id, job.id, job.claimed_until, wait, class_, message, job.event_id),
    )
    return bool(noted) and wait is None


def wait_after(attempts: int) -> timedelta | None:
    """The wait after so many tries: twice as long each time, at most an hour; None when there were TRIES."""
    if attempts >= TRIES:
        return None
    return min(timedelta(seconds=2 ** min(attempts, 12)), LONGEST_WAIT)


_GIVE_BACK: Final = """
update event_jobs j set claimed_until = null, attempts = attempts - 1
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as c (store_id, id, claimed_until)
where j.store_id = c.store_id and j.id = c.id and j.claimed_until = c.claimed_until
"""


async def give_back(system: SystemConnection, jobs: Sequence[ClaimedJob]) -> None:
    """Make claimed jobs due again that were not begun; what is somebody else's meanwhile, or done, is left alone."""
    await system.execute(
        _GIVE_BACK,
        [job.store_id for job in jobs],
        [job.id for job in jobs],
        [job.claimed_until for job in jobs],
    )


_RETRY: Final = """
update event_jobs set attempts = 0, next_attempt_at = now(), dead_at = null
where store_id = $1 and event_id = $2 and error is not null
"""


async def retry(work: StoreWork, event_id: UUID) -> int:
    """Let all handlers that failed on an event try it again at once, and as often as at first; answers how many."""
    return affected(await work.execute(_RETRY, work.scope.store_id, event_id))


_FAILURES: Final = f"""
select {columns(FailureRow)} from event_jobs
where store_id = $1 and event_id = any($2::uuid[]) and error is not null order by handler
"""


async def failures_of(work: StoreWork, event_ids: Sequence[UUID]) -> list[FailureRow]:
    """The jobs of these events that failed and still have to be done, by their handlers' names."""
    return rows_of(FailureRow, await work.fetch(_FAILURES, work.scope.store_id, event_ids))


async def dead_events(work: StoreWork, limit: int) -> list[UUID]:
    """The store's events that a job is dead of, the oldest first."""
    rows = await work.fetch(
        "select distinct event_id from event_jobs where store_id = $1 and error is not null and dead_at is not null"
        " order by event_id limit $2",
        work.scope.store_id,
        limit,
    )
    return [event_id for (event_id,) in rows]


_DEAD: Final = f"""
select {columns(DeadJobRow)} from event_jobs
where error is not null and dead_at is not null order by dead_at limit $1
"""


async def dead(system: SystemConnection, limit: int) -> list[DeadJobRow]:
    """Dead jobs of all stores, those that died first first."""
    return rows_of(DeadJobRow, await system.fetch(_DEAD, limit))
