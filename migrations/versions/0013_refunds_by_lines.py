"""What a refund by lines hangs on, so that one that fails is taken back; and whose account a platform's event is about.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from migrations.policies import RELAY, store_table

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Keep which pieces were given back by which refunds, and let the relay find a store by its account."""
    op.add_column(
        "order_items",
        sa.Column("restocked_quantity", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_table(
        "order_item_refunds",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("order_id", UUID, nullable=False),
        sa.Column("order_item_id", UUID, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("restocked", sa.BigInteger(), nullable=False),
        sa.Column("refund_ids", ARRAY(UUID), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("taken_back_at", TIME),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_order_item_refunds"),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["orders.store_id", "orders.id"],
            name="fk_order_item_refunds_store_id_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "order_item_id"],
            ["order_items.store_id", "order_items.id"],
            name="fk_order_item_refunds_store_id_order_item_id",
        ),
        sa.CheckConstraint(
            "quantity > 0 and restocked between 0 and quantity", name=op.f("ck_order_item_refunds_quantity")
        ),
    )
    op.create_index("ix_order_item_refunds_store_id_order_id", "order_item_refunds", ["store_id", "order_id"])
    store_table("order_item_refunds", grants="select, insert, update")

    op.create_index(
        "ix_payment_provider_accounts_account_id", "payment_provider_accounts", ["account_id", "provider"]
    )
    op.execute(f"grant select (account_id, is_test) on payment_provider_accounts to {RELAY}")


def downgrade() -> None:
    """As it was."""
    op.execute(f"revoke select (account_id, is_test) on payment_provider_accounts from {RELAY}")
    op.drop_index("ix_payment_provider_accounts_account_id", "payment_provider_accounts")
    op.drop_table("order_item_refunds")
    op.drop_column("order_items", "restocked_quantity")
