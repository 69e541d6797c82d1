"""Only `event_outbox` says what is still to be relayed: events are written once and never changed.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

from migrations.policies import RELAY

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NO_LONGER_READ = "type, subject, sequence, created_at"


def upgrade() -> None:
    """Move what waits, and forget the column.

    Not in one revision with the table: a shop sells while this runs, and a transaction that waits here for the lock
    goes on in the function that it began with. By now that is the one that writes to both.
    """
    _alone()
    op.execute(
        "insert into event_outbox (store_id, subject, sequence, id, type, created_at)"
        " select store_id, subject, sequence, id, type, created_at from events where relayed_at is null"
        " on conflict do nothing"
    )
    op.execute(
        "delete from event_outbox o using events e"
        " where e.store_id = o.store_id and e.id = o.id and e.relayed_at is not null"
    )
    _walled()
    op.drop_index("ix_events_unrelayed", "events")
    op.drop_column("events", "relayed_at")
    # What is sent is all that the relay still reads of an event.
    op.execute(f"revoke select ({NO_LONGER_READ}) on events from {RELAY}")


def downgrade() -> None:
    """Bring the column back, which says the same."""
    _alone()
    # A default of this moment costs nothing, however many events there are.
    op.execute("alter table events add column relayed_at timestamptz default now()")
    op.execute("alter table events alter column relayed_at drop default")
    op.execute(
        "update events e set relayed_at = null from event_outbox o where o.store_id = e.store_id and o.id = e.id"
    )
    _walled()
    op.execute("create index ix_events_unrelayed on events (id) where relayed_at is null")
    op.execute(f"grant select ({NO_LONGER_READ}, relayed_at), update (relayed_at) on events to {RELAY}")


def _alone() -> None:
    """Wait for whoever writes events, let nobody begin, and see the rows of all stores: their owner alone does not."""
    op.execute("lock table event_subjects, events, event_outbox in access exclusive mode")
    for table in ("events", "event_outbox"):
        op.execute(f"alter table {table} no force row level security")


def _walled() -> None:
    for table in ("events", "event_outbox"):
        op.execute(f"alter table {table} force row level security")
