"""What is still to be relayed lies in a table of its own, small and without the events' text.

Revision ID: 0016
Revises: 0015
"""

from collections.abc import Mapping
from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.policies import RELAY, across_stores, store_table

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UUID = sa.Uuid(as_uuid=True)
OLD_FUNCTIONS: Mapping[str, str] = import_module(
    "migrations.versions.0012_fewer_statements"
).CHECKOUT_FUNCTIONS

EVENTS_WRITE = """
create function events_write(
  p_store uuid, p_request text, p_version text, p_ids uuid[], p_types text[], p_subjects text[], p_heads text[],
  p_tails text[], p_times timestamptz[]
) returns void language plpgsql as $$
declare
  sequence bigint;
begin
  for i in 1 .. cardinality(p_ids) loop
    insert into event_subjects as s (store_id, subject, last_sequence) values (p_store, p_subjects[i], 1)
    on conflict (store_id, subject) do update set last_sequence = s.last_sequence + 1
    returning s.last_sequence into sequence;
    insert into events (store_id, id, type, subject, sequence, body, request_id, api_version, created_at)
    values (p_store, p_ids[i], p_types[i], p_subjects[i], sequence, p_heads[i] || sequence || p_tails[i], p_request,
      p_version, p_times[i]);
    insert into event_outbox (store_id, subject, sequence, id, type, created_at)
    values (p_store, p_subjects[i], sequence, p_ids[i], p_types[i], p_times[i]);
  end loop;
end
$$
"""


def upgrade() -> None:
    """Make the table, and let every new event write to it. Revision 0017 makes it the only place that says so."""
    op.create_table(
        "event_outbox",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "subject", "sequence", name="pk_event_outbox"),
        # Every row dies soon, so what counts is how many are dead, not their share. Its pages are used again:
        # giving them back would lock the table.
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0,
            "autovacuum_vacuum_threshold": 1000,
            "autovacuum_vacuum_cost_delay": 0,
            "vacuum_truncate": "off",
        },
    )
    op.create_index("ix_event_outbox_id", "event_outbox", ["id"])
    store_table("event_outbox", grants="select, insert")
    # PostgreSQL locks rows only for who may update something of them.
    across_stores("event_outbox", RELAY, "select, update (created_at), delete")
    _replace(EVENTS_WRITE)


def downgrade() -> None:
    """Nobody writes to it, and it is gone."""
    _replace(OLD_FUNCTIONS["events_write"])
    op.drop_table("event_outbox")


def _replace(definition: str) -> None:
    # Replaced, not dropped: its grants stay, and who calls it meanwhile finds one or the other.
    op.execute(definition.replace("create function", "create or replace function", 1))
