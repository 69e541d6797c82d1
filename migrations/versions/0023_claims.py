"""Claims say who made them, so that what a dead worker had claimed is taken over within seconds; jobs die in sight.

`workers` has a row for each start of a worker, under a random number that its claims carry. A claim of an event's job
and of what waits for a payment provider is a lease of its own now, beside the time at which it is due. A job whose handler
failed too often is dead: it keeps its event's text, says why, and can be tried again by the store.

Revision ID: 0023
Revises: 0022
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.policies import APP, AUTH, RELAY

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
HAVE_LEASES = ("webhook_deliveries", "notifications", "imports")
HAVE_NONE = ("event_jobs", "refunds", "provider_events", "payment_provider_accounts")
GRANTED_BY_COLUMN = {
    "notifications": ("claimed_by",),
    "imports": ("claimed_by",),
    "refunds": ("claimed_by", "claimed_until"),
    "provider_events": ("claimed_by", "claimed_until"),
    "payment_provider_accounts": ("claimed_by", "claimed_until"),
}
OF_DEAD_JOBS: dict[str, sa.types.TypeEngine[Any]] = {
    "error_class": sa.Text(),
    "failed_at": TIME,
    "dead_at": TIME,
    "body": sa.Text(),
    "request_id": sa.Text(),
}


def upgrade() -> None:
    """Columns without a default: nothing is rewritten."""
    for table in (*HAVE_LEASES, *HAVE_NONE):
        op.add_column(table, sa.Column("claimed_by", sa.BigInteger()))
    for table in HAVE_NONE:
        op.add_column(table, sa.Column("claimed_until", TIME))
    for table, columns in GRANTED_BY_COLUMN.items():
        names = ", ".join(columns)
        op.execute(f"grant select ({names}), update ({names}) on {table} to {RELAY}")
    op.execute("alter table event_jobs set (fillfactor = 50)")
    _jobs_die()

    # Its rows are of processes that end with the release before.
    op.drop_table("workers")
    _workers(
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text()),
        sa.Column("process", sa.Text()),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )


def _jobs_die() -> None:
    for name, type_ in OF_DEAD_JOBS.items():
        op.add_column("event_jobs", sa.Column(name, type_))
    op.alter_column("event_jobs", "next_attempt_at", nullable=True)
    op.create_check_constraint(
        op.f("ck_event_jobs_dead"), "event_jobs", "(dead_at is null) = (next_attempt_at is not null)"
    )
    op.create_index(
        "ix_event_jobs_failing",
        "event_jobs",
        ["store_id", "event_id"],
        postgresql_where=sa.text("error is not null"),
    )
    op.execute(f"grant update (attempts, next_attempt_at, dead_at) on event_jobs to {APP}")
    op.execute(f"grant select (request_id) on events to {RELAY}")


def downgrade() -> None:
    """What is claimed comes due when its lease ends, as before."""
    op.drop_table("workers")
    _workers(
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.execute("alter table event_jobs reset (fillfactor)")
    op.drop_constraint(op.f("ck_event_jobs_dead"), "event_jobs")
    op.execute("update event_jobs set next_attempt_at = now() where next_attempt_at is null")
    op.alter_column("event_jobs", "next_attempt_at", nullable=False)
    op.drop_index("ix_event_jobs_failing", "event_jobs")
    for column in OF_DEAD_JOBS:
        op.drop_column("event_jobs", column)
    op.execute(f"revoke update (attempts, next_attempt_at) on event_jobs from {APP}")
    op.execute(f"revoke select (request_id) on events from {RELAY}")
    for table in HAVE_NONE:
        op.drop_column(table, "claimed_until")
    for table in (*HAVE_LEASES, *HAVE_NONE):
        op.drop_column(table, "claimed_by")


def _workers(*columns: sa.schema.SchemaItem) -> None:
    op.create_table("workers", *columns)
    op.execute(f"grant select, insert, update, delete on workers to {RELAY}")
    op.execute(f"grant select on workers to {AUTH}")
