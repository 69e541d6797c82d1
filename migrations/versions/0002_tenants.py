"""Tenants: stores, their keys, what they have used, and who changed what.

Revision ID: 0002_tenants
Revises: 0001_core
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.policies import (
    APP,
    AUTH,
    CURRENT_STORE,
    OPERATOR,
    RELAY,
    across_stores,
    monthly_partitions,
    store_table,
)

revision = "0002_tenants"
down_revision = "0001_core"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def upgrade() -> None:
    """Create the tables of the tenants."""
    op.create_table(
        "stores",
        sa.Column("id", UUID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text()),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("prices_include_tax", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("allowed_origins", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("settings", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("flags", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("limits", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("catalog_version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("clock_offset", sa.Interval(), server_default=sa.text("interval '0'"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stores"),
        sa.UniqueConstraint("slug", name="uq_stores_slug"),
        sa.CheckConstraint("mode in ('test', 'live')", name=op.f("ck_stores_mode")),
        sa.CheckConstraint("mode = 'test' or clock_offset = interval '0'", name=op.f("ck_stores_live_clock")),
        sa.CheckConstraint("catalog_version > 0", name=op.f("ck_stores_catalog_version")),
        comment="The tenants: each is one client shop. Everything else belongs to exactly one of them.",
    )
    op.execute("alter table stores enable row level security")
    op.execute("alter table stores force row level security")
    op.execute(
        f"create policy store on stores to {APP} using (id = {CURRENT_STORE}) with check (id = {CURRENT_STORE})"
    )
    op.execute(f"grant select on stores to {APP}")
    # A store changes its own looks and rules; its mode, plan, flags, limits and activity are the operator's.
    op.execute(
        "grant update (name, domain, locale, country, prices_include_tax, allowed_origins, settings,"
        f" catalog_version, clock_offset, updated_at) on stores to {APP}"
    )
    across_stores("stores", AUTH, "select")
    across_stores("stores", OPERATOR, "select, insert, update")
    across_stores("stores", RELAY, "select (id, is_active, mode, clock_offset)")

    op.create_table(
        "api_keys",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_api_keys"),
        sa.CheckConstraint("kind in ('publishable', 'secret')", name=op.f("ck_api_keys_kind")),
        comment="Keys of a store, publishable or secret, by their hashes.",
    )
    op.create_index("uq_api_keys_key_hash", "api_keys", ["key_hash"], unique=True)
    store_table("api_keys")
    across_stores("api_keys", AUTH, "select, update (last_used_at)")
    across_stores("api_keys", OPERATOR, "select, insert, update")

    op.create_table(
        "usage_counters",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "metric", "period", name="pk_usage_counters"),
        comment="What a store has used of its plan, by metric and period.",
    )
    store_table("usage_counters")

    op.create_table(
        "audit_log",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("old", JSONB()),
        sa.Column("new", JSONB()),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_audit_log"),
        postgresql_partition_by="RANGE (id)",
        comment="Who changed what, append only: old and new values without secrets.",
    )
    op.create_index("ix_audit_log_store_id_subject_id", "audit_log", ["store_id", "subject", "id"])
    store_table("audit_log", grants="select, insert")
    across_stores("audit_log", OPERATOR, "insert")
    monthly_partitions("audit_log")


def downgrade() -> None:
    """Drop them."""
    for table in ("audit_log", "usage_counters", "api_keys", "stores"):
        op.drop_table(table)
