"""Payments, refunds, their history, provider accounts, the inbox of notifications, the sandbox's books.

Revision ID: 0006_payments
Revises: 0005_carts
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.policies import RELAY, across_stores, store_table

revision = "0006_payments"
down_revision = "0005_carts"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)
NOW = sa.text("now()")
ZERO = sa.text("0")


def _keys() -> list[sa.Column[object]]:
    return [sa.Column("store_id", UUID, nullable=False), sa.Column("id", UUID, nullable=False)]


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def upgrade() -> None:
    """Create the tables of payments."""
    _payments()
    _refunds()
    _history()
    _providers()
    _sandbox()


def _payments() -> None:
    op.create_table(
        "payments",
        *_keys(),
        sa.Column("order_id", UUID),
        _text("provider"),
        _text("provider_payment_id", null=True),
        _text("provider_session", null=True),
        _text("status"),
        _text("provider_status", null=True),
        sa.Column("in_progress", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_refunded", sa.BigInteger(), server_default=ZERO, nullable=False),
        _text("currency"),
        _text("reference", null=True),
        _text("description", null=True),
        _text("payer_email", null=True),
        _text("return_url", null=True),
        sa.Column("next_action", JSONB()),
        _text("failure_code", null=True),
        sa.Column("flags", ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("metadata", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("options", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("opened_at", TIME),
        sa.Column("provider_updated_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("paid_at", TIME),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_payments"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount")),
        sa.CheckConstraint("amount_refunded between 0 and amount", name=op.f("ck_payments_amount_refunded")),
        sa.CheckConstraint(
            "status in ('pending', 'paid', 'failed', 'cancelled', 'partially_refunded', 'refunded', 'disputed')",
            name=op.f("ck_payments_status"),
        ),
        comment="Attempts to collect an amount through one provider.",
    )
    # Partial, so that nothing but their own look-ups can take them: while nobody has counted the table, the planner
    # takes any index that begins with the store for as good as the key.
    op.create_index(
        "uq_payments_store_id_provider_provider_payment_id",
        "payments",
        ["store_id", "provider", "provider_payment_id"],
        unique=True,
        postgresql_where=sa.text("provider_payment_id is not null"),
    )
    op.create_index(
        "ix_payments_store_id_order_id",
        "payments",
        ["store_id", "order_id"],
        postgresql_where=sa.text("order_id is not null"),
    )
    op.create_index(
        "ix_payments_store_id_reference",
        "payments",
        ["store_id", "reference"],
        postgresql_where=sa.text("reference is not null"),
    )
    store_table("payments", grants="select, insert, update")


def _refunds() -> None:
    op.create_table(
        "refunds",
        *_keys(),
        sa.Column("payment_id", UUID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        _text("currency"),
        _text("status"),
        _text("reason", null=True),
        _text("provider_refund_id", null=True),
        _text("origin"),
        _text("failure_code", null=True),
        sa.Column("attempts", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("next_attempt_at", TIME),
        sa.Column("claimed_by", sa.BigInteger()),
        sa.Column("claimed_until", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_refunds"),
        sa.UniqueConstraint(
            "store_id",
            "payment_id",
            "provider_refund_id",
            name="uq_refunds_store_id_payment_id_provider_refund_id",
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "payment_id"],
            ["payments.store_id", "payments.id"],
            name="fk_refunds_store_id_payment_id",
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint("status in ('pending', 'succeeded', 'failed')", name=op.f("ck_refunds_status")),
        comment="What of a payment was given back, or is promised.",
    )
    op.create_index(
        "ix_refunds_due",
        "refunds",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at is not null"),
    )
    store_table("refunds", grants="select, insert, update")
    across_stores(
        "refunds",
        RELAY,
        "select (store_id, id, next_attempt_at, claimed_by, claimed_until),"
        " update (claimed_by, claimed_until)",
    )


def _history() -> None:
    op.create_table(
        "payment_history",
        *_keys(),
        sa.Column("payment_id", UUID, nullable=False),
        _text("outcome"),
        _text("from_status", null=True),
        _text("to_status"),
        _text("provider_status", null=True),
        _text("source"),
        _text("detail", null=True),
        _text("request_id"),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_payment_history"),
        sa.ForeignKeyConstraint(
            ["store_id", "payment_id"],
            ["payments.store_id", "payments.id"],
            name="fk_payment_history_store_id_payment_id",
        ),
        comment="What happened to a payment, append only.",
    )
    op.create_index(
        "ix_payment_history_store_id_payment_id", "payment_history", ["store_id", "payment_id", "id"]
    )
    # What happened stays as it was written.
    store_table("payment_history", grants="select, insert")


def _providers() -> None:
    op.create_table(
        "payment_provider_accounts",
        *_keys(),
        _text("provider"),
        sa.Column("credentials", sa.LargeBinary()),
        sa.Column("webhook_secret", sa.LargeBinary()),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _text("account_id", null=True),
        sa.Column("reconciled_until", TIME),
        sa.Column("reconcile_at", TIME),
        sa.Column("claimed_by", sa.BigInteger()),
        sa.Column("claimed_until", TIME),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("updated_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_payment_provider_accounts"),
        sa.UniqueConstraint("store_id", "provider", name="uq_payment_provider_accounts_store_id_provider"),
        comment="Accounts of a store with payment providers, credentials encrypted.",
    )
    op.create_index(
        "ix_payment_provider_accounts_account_id", "payment_provider_accounts", ["account_id", "provider"]
    )
    store_table("payment_provider_accounts")
    # By the account a platform's notification finds its store.
    across_stores(
        "payment_provider_accounts",
        RELAY,
        "select (store_id, id, provider, enabled, reconcile_at, account_id, is_test, claimed_by, claimed_until),"
        " update (claimed_by, claimed_until)",
    )

    op.create_table(
        "provider_events",
        *_keys(),
        _text("provider"),
        _text("provider_event_id"),
        _text("type"),
        sa.Column("payment_id", UUID),
        sa.Column("handle", JSONB()),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("processed_at", TIME),
        _text("outcome", null=True),
        sa.Column("attempts", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("next_attempt_at", TIME),
        sa.Column("claimed_by", sa.BigInteger()),
        sa.Column("claimed_until", TIME),
        _text("error", null=True),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_provider_events"),
        sa.UniqueConstraint(
            "store_id",
            "provider",
            "provider_event_id",
            name="uq_provider_events_store_id_provider_provider_event_id",
        ),
        comment="Notifications of payment providers as they came in, once each.",
    )
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
    store_table("provider_events")
    across_stores(
        "provider_events",
        RELAY,
        "select (store_id, id, next_attempt_at, attempts, claimed_by, claimed_until),"
        " update (attempts, claimed_by, claimed_until), delete",
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
        comment="Comparisons of payments with the books of their providers.",
    )
    store_table("payment_reconciliations")


def _sandbox() -> None:
    op.create_table(
        "sandbox_payments",
        *_keys(),
        _text("token"),
        _text("status"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        _text("currency"),
        sa.Column("amount_refunded", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("refunds", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        _text("description", null=True),
        _text("return_url", null=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_sandbox_payments"),
        sa.CheckConstraint(
            "status in ('created', 'in_review', 'approved', 'rejected')",
            name=op.f("ck_sandbox_payments_status"),
        ),
        sa.CheckConstraint(
            "amount_refunded between 0 and amount", name=op.f("ck_sandbox_payments_amount_refunded")
        ),
        comment="The books of the sandbox provider.",
    )
    store_table("sandbox_payments", grants="select, insert, update")


def downgrade() -> None:
    """Drop them."""
    for table in (
        "sandbox_payments",
        "payment_reconciliations",
        "provider_events",
        "payment_provider_accounts",
        "payment_history",
        "refunds",
        "payments",
    ):
        op.drop_table(table)
