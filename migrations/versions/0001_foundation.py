"""Stores, keys, events, idempotency, audit: what everything stands on.

Revision ID: 0001
Revises:
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

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def upgrade() -> None:
    """Create the foundation."""
    op.execute("revoke all on schema public from public")
    op.execute(f"grant usage on schema public to {APP}, {RELAY}, {AUTH}, {OPERATOR}")
    _tenants()
    _outbox()
    _housekeeping()
    _partitions()


def _tenants() -> None:
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
    )
    op.create_index("ix_audit_log_store_id_subject_id", "audit_log", ["store_id", "subject", "id"])
    store_table("audit_log", grants="select, insert")
    across_stores("audit_log", OPERATOR, "insert")
    monthly_partitions("audit_log")


def _outbox() -> None:
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
        sa.Column("relayed_at", TIME),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_events"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_events_store_id_type_id", "events", ["store_id", "type", "id"])
    op.create_index("ix_events_store_id_subject_sequence", "events", ["store_id", "subject", "sequence"])
    op.create_index("ix_events_unrelayed", "events", ["id"], postgresql_where=sa.text("relayed_at is null"))
    store_table("events", grants="select, insert")
    across_stores(
        "events",
        RELAY,
        "select (store_id, id, type, subject, sequence, body, created_at, relayed_at), update (relayed_at)",
    )
    monthly_partitions("events")

    op.create_table(
        "event_subjects",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "subject", name="pk_event_subjects"),
    )
    store_table("event_subjects", grants="select, insert, update")

    op.create_table(
        "event_jobs",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("event_id", UUID, nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_event_jobs"),
    )
    op.create_index("ix_event_jobs_due", "event_jobs", ["next_attempt_at"])
    store_table("event_jobs", grants="select, delete")
    across_stores("event_jobs", RELAY, "select, insert, update")


def _housekeeping() -> None:
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

    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.execute(f"grant select, insert, update, delete on workers to {RELAY}")
    op.execute(f"grant select on workers to {AUTH}")
    op.execute(f"grant select on alembic_version to {AUTH}")


_MAINTAIN = """
create function maintain_partitions(parent text, keep interval) returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  month timestamptz := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
  following timestamptz;
  name text;
  old record;
  changed integer := 0;
begin
  if parent not in ('events', 'audit_log', 'webhook_attempts') then
    raise exception 'not a partitioned table of ours: %', parent;
  end if;
  for step in 0..2 loop
    following := (month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    name := parent || '_' || to_char(month at time zone 'UTC', 'YYYYMM');
    if to_regclass('public.' || name) is null then
      execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                     name, parent, first_id_of(month), first_id_of(following));
      changed := changed + 1;
    end if;
    month := following;
  end loop;
  for old in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = ('public.' || parent)::regclass and c.relname ~ ('^' || parent || '_[0-9]{6}$')
      and to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' < now() - keep
  loop
    execute format('drop table public.%I', old.relname);
    changed := changed + 1;
  end loop;
  return changed;
end
$$
"""
_FIRST_ID = """
create function first_id_of(moment timestamptz) returns uuid language sql immutable
set search_path = pg_catalog as $$
  select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$
"""


def _partitions() -> None:
    # Partitions belong to the owner, and the worker is not the owner: it may ask for exactly this.
    op.execute(_FIRST_ID)
    op.execute(_MAINTAIN)
    for function in ("first_id_of(timestamptz)", "maintain_partitions(text, interval)"):
        op.execute(f"revoke all on function {function} from public")
        op.execute(f"grant execute on function {function} to {RELAY}")


def downgrade() -> None:
    """Drop the foundation, and with it everything."""
    op.execute("drop function maintain_partitions(text, interval)")
    op.execute("drop function first_id_of(timestamptz)")
    for table in (
        "workers",
        "idempotency_keys",
        "event_jobs",
        "event_subjects",
        "events",
        "audit_log",
        "usage_counters",
        "api_keys",
        "stores",
    ):
        op.drop_table(table)
