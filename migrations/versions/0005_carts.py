"""Carts and their lines.

Revision ID: 0005_carts
Revises: 0004_inventory
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import RELAY, across_stores, store_table

revision = "0005_carts"
down_revision = "0004_inventory"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def upgrade() -> None:
    """Create carts."""
    op.create_table(
        "carts",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("customer_id", UUID),
        sa.Column("email", sa.Text()),
        sa.Column("shipping_address", JSONB()),
        sa.Column("billing_address", JSONB()),
        sa.Column("shipping_method_id", sa.Text()),
        sa.Column("order_id", UUID),
        sa.Column("merged_into", UUID),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_carts"),
        sa.CheckConstraint("status in ('active', 'converted', 'abandoned')", name=op.f("ck_carts_status")),
        sa.CheckConstraint(
            "(status = 'converted') = (order_id is not null)", name=op.f("ck_carts_converted_has_order")
        ),
        comment="What customers are putting together.",
    )
    op.create_index("ix_carts_due", "carts", ["expires_at"], postgresql_where=sa.text("status = 'active'"))
    op.execute("alter table carts set (fillfactor = 70)")
    store_table("carts", grants="select, insert, update")
    across_stores("carts", RELAY, "select (store_id, id, status, expires_at), delete")

    op.create_table(
        "cart_items",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("cart_id", UUID, nullable=False),
        sa.Column("variant_id", UUID, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_cart_items"),
        sa.ForeignKeyConstraint(
            ["store_id", "cart_id"],
            ["carts.store_id", "carts.id"],
            name="fk_cart_items_store_id_cart_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variants.store_id", "variants.id"],
            name="fk_cart_items_store_id_variant_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "store_id", "cart_id", "variant_id", name="uq_cart_items_store_id_cart_id_variant_id"
        ),
        sa.CheckConstraint("quantity between 1 and 9999", name=op.f("ck_cart_items_quantity")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_cart_items_unit_price")),
        comment="Lines of carts, with the price at the time they were added.",
    )
    op.create_index("ix_cart_items_store_id_variant_id", "cart_items", ["store_id", "variant_id"])
    store_table("cart_items")


def downgrade() -> None:
    """Drop carts."""
    op.drop_table("cart_items")
    op.drop_table("carts")
