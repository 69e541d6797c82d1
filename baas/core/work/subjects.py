"""The count of each subject's events, and how those that nothing happens to any more are forgotten.

A subject is counted for as long as its events are in the log: an order that is done, a message that was sent, is idle
after that. Its row is replaced by the floor of its store: a subject that has no row goes on, or begins, after the floor,
so the next event about it has a higher sequence than all before.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.orm import Mapped

from baas.core.db import BY_KEY, Database
from baas.core.db.tables import Base, StoreOwned, column
from baas.core.work.claims import elapsed

BATCH: Final = 2000
EVERY: Final = 10.0
"""Seconds between two batches."""
REST: Final = 3600.0
"""Seconds between the end of a walk over all subjects and the next walk."""
COUNTED: Final = 1000
"""A subject with a higher sequence keeps its row, so that no floor is higher. There are few: each had so many events."""
SETTLED: Final = timedelta(minutes=5)
"""A floor is relied on when it is as old as this: whoever read the one before has committed by then, or never will."""


class EventSubject(StoreOwned, Base):
    """How many events a subject has had: the source of `sequence`, and a lock that keeps it rising."""

    __tablename__ = "event_subjects"

    subject: Mapped[str] = column(primary_key=True)
    last_sequence: Mapped[int] = column()


class EventFloor(StoreOwned, Base):
    """After what the sequences of a store's subjects begin that have no row: no less than those that had one reached."""

    __tablename__ = "event_floors"

    sequence: Mapped[int] = column()
    raised_at: Mapped[datetime] = column()


class Place(msgspec.Struct, frozen=True):
    """How far a walk over the subjects is: it goes on after this one."""

    store_id: UUID
    subject: str


# D-053
_FORGET: Final = """
with batch as (
  select store_id, subject, last_sequence from event_subjects
  where $1::uuid is null or (store_id, subject) > ($1, $2)
  order by store_id, subject limit $3
),
idle as (
  select b.*, exists (select from stores s where s.id = b.store_id) as has_store from batch b
  where b.last_sequence <= $4
    and not exists (select from events e where e.store_id = b.store_id and e.subject = b.subject)
    and not exists (select from event_outbox o where o.store_id = b.store_id and o.subject = b.subject)
),
raised as (
  insert into event_floors as f (store_id, sequence, raised_at)
  select store_id, max(last_sequence), now() from idle where has_store group by store_id order by store_id
  on conflict (store_id) do update set sequence = excluded.sequence, raised_at = excluded.raised_at
  where f.sequence < excluded.sequence
),
locked as (
  -- Who counts on at this moment is not waited for, so that neither waits for the other in a circle.
  select s.store_id, s.subject from event_subjects s join idle i using (store_id, subject)
  where s.last_sequence = i.last_sequence and (not i.has_store or exists (
    select from event_floors f
    where f.store_id = i.store_id and f.sequence >= i.last_sequence and f.raised_at < now() - $5::interval))
  for update of s skip locked
),
forgotten as (
  delete from event_subjects s using locked l where s.store_id = l.store_id and s.subject = l.subject
)
select store_id, subject from batch order by store_id desc, subject desc limit 1
"""


async def forget_idle(database: Database, after: Place | None, *, batch: int = BATCH) -> Place | None:
    """Look at one batch of subjects, those after a place; answers how far it came, None at the end of all.

    Forgets those of stores that are gone, and those whose events the log has forgotten, as soon as their store's floor
    stands in for them; otherwise raises the floor, and a later walk forgets them.
    """
    async with database.relay(reason="events: forget subjects that nothing happens to", **BY_KEY) as system:
        row = await system.fetchrow(
            _FORGET,
            after.store_id if after is not None else None,
            after.subject if after is not None else "",
            *(batch, COUNTED, SETTLED),
        )
    return None if row is None else Place(row["store_id"], row["subject"])


class Walk:
    """A walk over all subjects, a batch at each step, then a rest."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._place: Place | None = None
        self._rests_until = 0.0

    async def step(self) -> int:
        """Look at the next batch, unless it rests. Answers 0: nobody waits for the rest of the walk."""
        if elapsed() >= self._rests_until:
            self._place = await forget_idle(self._database, self._place)
            if self._place is None:
                self._rests_until = elapsed() + REST
        return 0
