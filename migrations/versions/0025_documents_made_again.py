"""A product's document says its version, so that one of a former shape is derived anew instead of shown.

The worker finds such documents over all stores by the version alone, in an index of its own.

Revision ID: 0025
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from migrations.policies import RELAY, across_stores

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every document that there is counts as old: nobody knows by which release it was written."""
    op.add_column(
        "products", sa.Column("document_version", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_index("ix_products_document_version", "products", ["document_version", "store_id"])
    # Derived like the rest, when the document is.
    op.alter_column("products", "sort_name", server_default="")
    across_stores("products", RELAY, "select (document_version, store_id)")


def downgrade() -> None:
    """Documents are believed again, whatever their shape."""
    op.execute(f"drop policy {RELAY} on products")
    op.execute(f"revoke all (document_version, store_id) on products from {RELAY}")
    op.alter_column("products", "sort_name", server_default=None)
    op.drop_index("ix_products_document_version", "products")
    op.drop_column("products", "document_version")
