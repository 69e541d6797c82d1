"""The core: events on their way out, idempotency keys, heartbeats.

Revision ID: 0001_core
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import APP, AUTH, OPERATOR, RELAY, across_stores, monthly_partitions, store_table

revision = "0001_core"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def upgrade() -> None:
    """Open the schema to the roles, and create the tables of the core."""
    op.execute("revoke all on schema public from public")
    op.execute(f"grant usage on schema public to {APP}, {RELAY}, {AUTH}, {OPERATOR}")
    _events()
    _idempotency_keys()
    _workers()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_events"),
        postgresql_partition_by="RANGE (id)",
        comment="Facts that happened in a store, written in the transaction that made them true, and never changed.",
    )
    op.create_index("ix_events_store_id_type_id", "events", ["store_id", "type", "id"])
    op.create_index("ix_events_store_id_subject_sequence", "events", ["store_id", "subject", "sequence"])
    store_table("events", grants="select, insert")
    # What is sent is all that the relay reads of an event, what a dead job keeps of it, and
    # whether a subject has any.
    across_stores("events", RELAY, "select (store_id, id, subject, body, request_id)")
    monthly_partitions("events")

    op.create_table(
        "event_outbox",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "subject", "sequence", name="pk_event_outbox"),
        # Every row dies soon, so what counts is how many are dead, not their share. Its pages are used again:
        # giving them back would lock the table.
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0,
            "autovacuum_vacuum_threshold": 1000,
            "autovacuum_vacuum_cost_delay": 0,
            "vacuum_truncate": "off",
        },
        comment="Events that are still to be relayed.",
    )
    op.create_index("ix_event_outbox_id", "event_outbox", ["id"])
    store_table("event_outbox", grants="select, insert")
    # PostgreSQL locks rows only for who may update something of them.
    across_stores("event_outbox", RELAY, "select, update (created_at), delete")

    op.create_table(
        "event_subjects",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "subject", name="pk_event_subjects"),
        comment="The last sequence of each subject that events were about.",
    )
    store_table("event_subjects", grants="select, insert, update")
    # Again, what it locks it has to be able to update.
    across_stores("event_subjects", RELAY, "select, update (last_sequence), delete")

    op.create_table(
        "event_floors",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", name="pk_event_floors"),
        comment="The sequence after which a store's subjects begin that are not counted by themselves.",
    )
    store_table("event_floors", grants="select")
    across_stores("event_floors", RELAY, "select, insert, update")

    op.create_table(
        "event_jobs",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("event_id", UUID, nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", TIME),
        sa.Column("claimed_by", sa.BigInteger()),
        sa.Column("claimed_until", TIME),
        sa.Column("failed_at", TIME),
        sa.Column("error_class", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("dead_at", TIME),
        sa.Column("body", sa.Text()),
        sa.Column("request_id", sa.Text()),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_event_jobs"),
        sa.CheckConstraint(
            "(dead_at is null) = (next_attempt_at is not null)", name=op.f("ck_event_jobs_dead")
        ),
        # Room on each page for the claim of a row, which touches no index then.
        postgresql_with={"fillfactor": 50},
        comment="Events that a handler has still to hear: one row for each handler.",
    )
    op.create_index("ix_event_jobs_due", "event_jobs", ["next_attempt_at"])
    op.create_index(
        "ix_event_jobs_failing",
        "event_jobs",
        ["store_id", "event_id"],
        postgresql_where=sa.text("error is not null"),
    )
    # A store has what failed tried again.
    store_table("event_jobs", grants="select, update (attempts, next_attempt_at, dead_at), delete")
    across_stores("event_jobs", RELAY, "select, insert, update")


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status_code", sa.BigInteger()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("resume", JSONB()),
        sa.Column("leased_until", TIME),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "key", name="pk_idempotency_keys"),
        comment="What a request with an Idempotency-Key was answered, encrypted.",
    )
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])
    store_table("idempotency_keys")
    # The operator's own requests belong to no store; their keys stand under the nil id.
    nil = "'00000000-0000-0000-0000-000000000000'::uuid"
    op.execute(
        f"create policy operator on idempotency_keys to {OPERATOR} using (store_id = {nil}) with check (store_id = {nil})"
    )
    op.execute(f"grant select, insert, update on idempotency_keys to {OPERATOR}")
    across_stores("idempotency_keys", RELAY, "select (store_id, key, expires_at), delete")


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text()),
        sa.Column("process", sa.Text()),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
        comment="Heartbeats of the worker processes.",
    )
    op.execute(f"grant select, insert, update, delete on workers to {RELAY}")
    op.execute(f"grant select on workers to {AUTH}")
    op.execute(f"grant select on alembic_version to {AUTH}")


def downgrade() -> None:
    """Drop them."""
    for table in (
        "workers",
        "idempotency_keys",
        "event_jobs",
        "event_floors",
        "event_subjects",
        "event_outbox",
        "events",
    ):
        op.drop_table(table)
