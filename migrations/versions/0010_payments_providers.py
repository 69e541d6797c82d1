"""Providers over the network: what is asked later, of whom, how often; runs of reconciliation.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import RELAY, across_stores, store_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)
ZERO = sa.text("0")


def upgrade() -> None:
    """Add the columns of what waits, let the relay find it, and make the runs' table."""
    op.add_column(
        "payments", sa.Column("options", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    )
    op.add_column("payments", sa.Column("opened_at", TIME))

    op.add_column("refunds", sa.Column("attempts", sa.BigInteger(), server_default=ZERO, nullable=False))
    op.add_column("refunds", sa.Column("next_attempt_at", TIME))
    op.create_index(
        "ix_refunds_due",
        "refunds",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at is not null"),
    )
    across_stores(
        "refunds",
        RELAY,
        "select (store_id, id, next_attempt_at, attempts), update (next_attempt_at, attempts)",
    )

    op.add_column("provider_events", sa.Column("handle", JSONB()))
    op.add_column("provider_events", sa.Column("outcome", sa.Text()))
    op.add_column("provider_events", sa.Column("next_attempt_at", TIME))
    op.drop_index("ix_provider_events_unprocessed", "provider_events")
    op.create_index(
        "ix_provider_events_due",
        "provider_events",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at is not null"),
    )
    op.create_index(
        "ix_provider_events_flagged",
        "provider_events",
        ["store_id", "received_at"],
        postgresql_where=sa.text("outcome not in ('settled', 'ignored')"),
    )
    across_stores(
        "provider_events",
        RELAY,
        "select (store_id, id, next_attempt_at, attempts), update (next_attempt_at, attempts)",
    )

    op.add_column("payment_provider_accounts", sa.Column("account_id", sa.Text()))
    op.add_column("payment_provider_accounts", sa.Column("reconciled_until", TIME))
    op.add_column("payment_provider_accounts", sa.Column("reconcile_at", TIME))
    across_stores(
        "payment_provider_accounts",
        RELAY,
        "select (store_id, id, provider, enabled, reconcile_at), update (reconcile_at)",
    )

    op.create_table(
        "payment_reconciliations",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("checked", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("repaired", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("findings", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_payment_reconciliations"),
    )
    store_table("payment_reconciliations")

    op.add_column(
        "order_items", sa.Column("refunded_quantity", sa.BigInteger(), server_default=ZERO, nullable=False)
    )


def downgrade() -> None:
    """Take all of it away."""
    op.drop_column("order_items", "refunded_quantity")
    op.drop_table("payment_reconciliations")
    for table in ("payment_provider_accounts", "provider_events", "refunds"):
        op.execute(f"drop policy {RELAY} on {table}")
        op.execute(f"revoke all on {table} from {RELAY}")
    for column in ("reconcile_at", "reconciled_until", "account_id"):
        op.drop_column("payment_provider_accounts", column)
    op.drop_index("ix_provider_events_flagged", "provider_events")
    op.drop_index("ix_provider_events_due", "provider_events")
    for column in ("next_attempt_at", "outcome", "handle"):
        op.drop_column("provider_events", column)
    op.create_index(
        "ix_provider_events_unprocessed",
        "provider_events",
        ["received_at"],
        postgresql_where=sa.text("processed_at is null"),
    )
    op.drop_index("ix_refunds_due", "refunds")
    for column in ("next_attempt_at", "attempts"):
        op.drop_column("refunds", column)
    for column in ("opened_at", "options"):
        op.drop_column("payments", column)
