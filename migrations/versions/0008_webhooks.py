"""Webhook endpoints, their deliveries and attempts, and the keys that custom events are deduplicated by.

Revision ID: 0008_webhooks
Revises: 0007_orders
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.policies import RELAY, across_stores, monthly_partitions, store_table

revision = "0008_webhooks"
down_revision = "0007_orders"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def upgrade() -> None:
    """Create the tables of webhooks."""
    _endpoints()
    _deliveries()
    _attempts()
    _deduplications()


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("event_types", ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary()),
        sa.Column("previous_secret_ends_at", TIME),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("ordered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'enabled'"), nullable=False),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("failing_since", TIME),
        sa.Column("consecutive_failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("circuit_open_until", TIME),
        sa.Column("circuit_level", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_webhook_endpoints"),
        sa.CheckConstraint(
            "status in ('enabled', 'disabled', 'failing')", name=op.f("ck_webhook_endpoints_status")
        ),
        sa.CheckConstraint(
            "disabled_reason in ('owner', 'deleted', 'gone', 'failed')",
            name=op.f("ck_webhook_endpoints_disabled_reason"),
        ),
        sa.CheckConstraint(
            "deleted_at is null or status = 'disabled'", name=op.f("ck_webhook_endpoints_deleted_is_disabled")
        ),
        sa.CheckConstraint(
            "consecutive_failures >= 0 and circuit_level >= 0", name=op.f("ck_webhook_endpoints_counts")
        ),
        comment="Where a store wants events sent.",
    )
    store_table("webhook_endpoints", grants="select, insert, update")
    across_stores(
        "webhook_endpoints",
        RELAY,
        "select, update (status, failing_since, consecutive_failures, circuit_open_until, circuit_level)",
    )


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("endpoint_id", UUID, nullable=False),
        sa.Column("event_id", UUID, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("claimed_until", TIME),
        sa.Column("claimed_by", sa.BigInteger()),
        sa.Column("delivered_at", TIME),
        sa.Column("response_status", sa.BigInteger()),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "endpoint_id"],
            ["webhook_endpoints.store_id", "webhook_endpoints.id"],
            name="fk_webhook_deliveries_store_id_endpoint_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "status in ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_status")
        ),
        # Room on each page for what happens to a row.
        postgresql_with={"fillfactor": 45},
        comment="One event for one endpoint.",
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["store_id", "endpoint_id", "next_attempt_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_webhook_deliveries_order",
        "webhook_deliveries",
        ["store_id", "endpoint_id", "subject", "sequence"],
        postgresql_where=sa.text("status = 'pending' and ordered"),
    )
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["store_id", "endpoint_id", "id"])
    op.create_index("ix_webhook_deliveries_age", "webhook_deliveries", ["id"], postgresql_using="brin")
    # It also finds the deliveries of an event.
    op.create_unique_constraint(
        "uq_webhook_deliveries_store_id_event_id_endpoint_id",
        "webhook_deliveries",
        ["store_id", "event_id", "endpoint_id"],
    )
    # Last, for of indexes that seem equally good the planner takes the newest: while nobody has counted the table,
    # any that begins with the store seems as good as the key, and each delivery read all those of its store.
    op.create_primary_key("pk_webhook_deliveries", "webhook_deliveries", ["store_id", "id"])
    store_table("webhook_deliveries", grants="select, insert, update")
    across_stores("webhook_deliveries", RELAY, "select, insert, update, delete")


def _attempts() -> None:
    op.create_table(
        "webhook_attempts",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("delivery_id", UUID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("response_status", sa.BigInteger()),
        sa.Column("response_body", sa.Text()),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_webhook_attempts"),
        postgresql_partition_by="RANGE (id)",
        comment="One HTTP request of a delivery, and what it was answered.",
    )
    op.create_index("ix_webhook_attempts_delivery", "webhook_attempts", ["store_id", "delivery_id", "id"])
    store_table("webhook_attempts", grants="select")
    across_stores("webhook_attempts", RELAY, "select (store_id, id), insert")
    monthly_partitions("webhook_attempts")


def _deduplications() -> None:
    op.create_table(
        "event_deduplications",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event_id", UUID, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "key", name="pk_event_deduplications"),
        comment="Keys by which a shop publishes an event of its own once.",
    )
    op.create_index("ix_event_deduplications_created_at", "event_deduplications", ["created_at"])
    store_table("event_deduplications", grants="select, insert")
    across_stores("event_deduplications", RELAY, "select (store_id, key, created_at), delete")


def downgrade() -> None:
    """Drop them."""
    for table in ("event_deduplications", "webhook_attempts", "webhook_deliveries", "webhook_endpoints"):
        op.drop_table(table)
