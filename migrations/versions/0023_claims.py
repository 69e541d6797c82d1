"""Claims say who made them, so that what a dead worker had claimed is taken over within seconds.

`workers` has a row for each start of a worker, under a random number that its claims carry. A claim of an event's job
and of what waits for a payment provider is a lease of its own now, beside the time at which it is due.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from migrations.policies import AUTH, RELAY

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
    for table in HAVE_NONE:
        op.drop_column(table, "claimed_until")
    for table in (*HAVE_LEASES, *HAVE_NONE):
        op.drop_column(table, "claimed_by")


def _workers(*columns: sa.schema.SchemaItem) -> None:
    op.create_table("workers", *columns)
    op.execute(f"grant select, insert, update, delete on workers to {RELAY}")
    op.execute(f"grant select on workers to {AUTH}")
