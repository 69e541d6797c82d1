"""Imports: files that bring products, and what became of each of them.

Revision ID: 0009_imports
Revises: 0008_webhooks
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import RELAY, across_stores, store_table

revision = "0009_imports"
down_revision = "0008_webhooks"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
            for name in ("created", "updated", "skipped", "failed")
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("lease_until", _WHEN, nullable=False),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("finished_at", _WHEN, nullable=True),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_imports"),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'done', 'failed')", name=op.f("ck_imports_status")
        ),
        comment="Files that bring products.",
    )
    op.create_index(
        "ix_imports_due",
        "imports",
        ["lease_until"],
        postgresql_where=sa.text("status in ('pending', 'running')"),
    )
    op.create_table(
        "import_results",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("problems", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "import_id", "row", name="pk_import_results"),
        sa.ForeignKeyConstraint(
            ["store_id", "import_id"],
            ["imports.store_id", "imports.id"],
            name="fk_import_results_store_id_import_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "outcome in ('created', 'updated', 'skipped', 'failed')", name=op.f("ck_import_results_outcome")
        ),
        comment="What became of each product of an import.",
    )
    op.create_index(
        "ix_import_results_store_id_import_id_handle", "import_results", ["store_id", "import_id", "handle"]
    )
    store_table("imports")
    store_table("import_results")
    across_stores(
        "imports",
        RELAY,
        "select (store_id, id, status, attempts, lease_until, claimed_by),"
        " update (status, attempts, lease_until, claimed_by), delete",
    )


def downgrade() -> None:
    op.drop_table("import_results")
    op.drop_table("imports")
