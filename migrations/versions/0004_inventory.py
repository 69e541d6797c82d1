"""Stock: levels, movements, reservations.

Revision ID: 0004_inventory
Revises: 0003_catalog
"""

import sqlalchemy as sa
from alembic import op

from migrations.policies import RELAY, across_stores, store_table

revision = "0004_inventory"
down_revision = "0003_catalog"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def upgrade() -> None:
    """Create the inventory."""
    op.create_table(
        "inventory_levels",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("variant_id", UUID, nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("low_stock_at", sa.BigInteger()),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "variant_id", name="pk_inventory_levels"),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variants.store_id", "variants.id"],
            name="fk_inventory_levels_store_id_variant_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "on_hand >= 0 and reserved >= 0 and low_stock_at >= 0",
            name=op.f("ck_inventory_levels_not_negative"),
        ),
        sa.CheckConstraint("policy in ('deny', 'continue')", name=op.f("ck_inventory_levels_policy")),
        sa.CheckConstraint(
            "policy = 'continue' or reserved <= on_hand", name=op.f("ck_inventory_levels_no_oversell")
        ),
        comment="Stock of a variant: on hand, and reserved by checkouts.",
    )
    # Room in each page, so that the updates of a sale stay in it and touch no index.
    op.execute("alter table inventory_levels set (fillfactor = 70)")
    store_table("inventory_levels", grants="select, insert, update")

    op.create_table(
        "inventory_movements",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("variant_id", UUID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("on_hand_change", sa.BigInteger(), nullable=False),
        sa.Column("reserved_change", sa.BigInteger(), nullable=False),
        sa.Column("order_id", UUID),
        sa.Column("note", sa.Text()),
        sa.Column("actor", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_inventory_movements"),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["inventory_levels.store_id", "inventory_levels.variant_id"],
            name="fk_inventory_movements_store_id_variant_id",
            ondelete="CASCADE",
        ),
        comment="Every change of stock with its reason and its order: the levels can be computed from it.",
    )
    op.create_index(
        "ix_inventory_movements_store_id_variant_id_id",
        "inventory_movements",
        ["store_id", "variant_id", "id"],
    )
    store_table("inventory_movements", grants="select, insert")

    op.create_table(
        "inventory_reservations",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("order_id", UUID, nullable=False),
        sa.Column("variant_id", UUID, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("missing", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["inventory_levels.store_id", "inventory_levels.variant_id"],
            name="fk_inventory_reservations_store_id_variant_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "quantity > 0 and missing between 0 and quantity", name=op.f("ck_inventory_reservations_quantity")
        ),
        sa.CheckConstraint(
            "status in ('held', 'taken', 'released', 'lapsed')", name=op.f("ck_inventory_reservations_status")
        ),
        comment="Stock that an order holds, and until when.",
    )
    op.create_index(
        "ix_inventory_reservations_store_id_variant_id", "inventory_reservations", ["store_id", "variant_id"]
    )
    op.create_index(
        "ix_inventory_reservations_due",
        "inventory_reservations",
        ["expires_at"],
        postgresql_where=sa.text("status = 'held'"),
    )
    # Last, for of indexes that seem equally good the planner takes the newest (D-075).
    op.create_primary_key(
        "pk_inventory_reservations", "inventory_reservations", ["store_id", "order_id", "variant_id"]
    )
    store_table("inventory_reservations", grants="select, insert, update")
    across_stores("inventory_reservations", RELAY, "select (store_id, order_id, status, expires_at)")


def downgrade() -> None:
    """Drop the inventory."""
    for table in ("inventory_reservations", "inventory_movements", "inventory_levels"):
        op.drop_table(table)
