"""Orders, their items, refunds of these, transitions, and the counter of their numbers.

Revision ID: 0007_orders
Revises: 0006_payments
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.policies import RELAY, across_stores, store_table

revision = "0007_orders"
down_revision = "0006_payments"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def _keys() -> list[sa.Column[object]]:
    return [sa.Column("store_id", UUID, nullable=False), sa.Column("id", UUID, nullable=False)]


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _money(name: str, *, zero: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0") if zero else None, nullable=False)


def upgrade() -> None:
    """Create the tables of orders."""
    _orders()
    _items()
    _item_refunds()
    _transitions()
    op.create_table(
        "order_counters",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", name="pk_order_counters"),
        comment="The number of a store's last order.",
    )
    store_table("order_counters", grants="select, insert, update")
    # Payments are made before orders exist as a table, and point here all the same: never at another store's order.
    op.create_foreign_key(
        "fk_payments_store_id_order_id", "payments", "orders", ["store_id", "order_id"], ["store_id", "id"]
    )


def _orders() -> None:
    op.create_table(
        "orders",
        *_keys(),
        sa.Column("number", sa.BigInteger(), nullable=False),
        _text("status"),
        _text("payment_status"),
        _text("currency"),
        _money("subtotal"),
        _money("discount_total"),
        _money("shipping_total"),
        _money("tax_total"),
        _money("total"),
        sa.Column("prices_include_tax", sa.Boolean(), nullable=False),
        _money("amount_paid", zero=True),
        _money("amount_refunded", zero=True),
        _text("email", null=True),
        sa.Column("customer_id", UUID),
        sa.Column("cart_id", UUID),
        sa.Column("shipping_address", JSONB()),
        sa.Column("billing_address", JSONB()),
        _text("note", null=True),
        _text("reference", null=True),
        sa.Column("metadata", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _text("source"),
        sa.Column("paid_outside", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("holds_stock", sa.Boolean(), nullable=False),
        sa.Column("is_digital", sa.Boolean(), nullable=False),
        sa.Column("tracking", JSONB()),
        sa.Column("flags", ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("access_token_hash", sa.LargeBinary()),
        sa.Column("due_at", TIME),
        sa.Column("expires_at", TIME),
        sa.Column("placed_at", TIME, nullable=False),
        sa.Column("paid_at", TIME),
        sa.Column("shipped_at", TIME),
        sa.Column("delivered_at", TIME),
        sa.Column("cancelled_at", TIME),
        _text("cancel_reason", null=True),
        sa.Column("returned_at", TIME),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint(
            "total = subtotal - discount_total + shipping_total"
            " + case when prices_include_tax then 0 else tax_total end",
            name=op.f("ck_orders_total"),
        ),
        sa.CheckConstraint(
            "least(subtotal, discount_total, shipping_total, tax_total, total, amount_paid, amount_refunded) >= 0",
            name=op.f("ck_orders_not_negative"),
        ),
        sa.CheckConstraint(
            "status in ('pending', 'payment_pending', 'payment_failed', 'paid', 'processing', 'shipped',"
            " 'delivered', 'cancelled', 'returned')",
            name=op.f("ck_orders_status"),
        ),
        comment="What was agreed, frozen with its prices, taxes and addresses.",
    )
    op.create_index("ix_orders_store_id_placed_at_id", "orders", ["store_id", "placed_at", "id"])
    op.create_index(
        "ix_orders_store_id_status_placed_at_id", "orders", ["store_id", "status", "placed_at", "id"]
    )
    op.create_index(
        "ix_orders_store_id_email",
        "orders",
        ["store_id", "email"],
        postgresql_where=sa.text("email is not null"),
    )
    op.create_index("ix_orders_due", "orders", ["due_at"], postgresql_where=sa.text("due_at is not null"))
    # Without statistics all indexes that begin with the store seem to find an order as well as its key, and the planner
    # takes the smallest, of equal ones the newest: so this one holds the id, and the key comes last (D-075).
    op.execute(
        "alter table orders add constraint uq_orders_store_id_number unique (store_id, number) include (id)"
    )
    op.create_primary_key("pk_orders", "orders", ["store_id", "id"])
    store_table("orders", grants="select, insert, update")
    across_stores("orders", RELAY, "select (store_id, id, due_at), update (due_at)")


def _items() -> None:
    op.create_table(
        "order_items",
        *_keys(),
        sa.Column("order_id", UUID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", UUID),
        sa.Column("product_id", UUID),
        _text("product_name"),
        _text("variant_name", null=True),
        _text("sku", null=True),
        _text("image_url", null=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        _money("unit_price"),
        _money("total"),
        _money("discount", zero=True),
        _money("tax", zero=True),
        sa.Column("requires_shipping", sa.Boolean(), nullable=False),
        sa.Column("oversold", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("refunded_quantity", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("restocked_quantity", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_order_items"),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["orders.store_id", "orders.id"],
            name="fk_order_items_store_id_order_id",
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_items_quantity")),
        sa.CheckConstraint("total = unit_price * quantity", name=op.f("ck_order_items_total")),
        sa.CheckConstraint("least(unit_price, discount, tax) >= 0", name=op.f("ck_order_items_not_negative")),
        comment="Lines of orders as they were sold.",
    )
    op.create_index("ix_order_items_store_id_order_id", "order_items", ["store_id", "order_id", "position"])
    store_table("order_items", grants="select, insert, update")


def _item_refunds() -> None:
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
        comment="Pieces of order lines that were given back, and the refunds that they hang on.",
    )
    op.create_index("ix_order_item_refunds_store_id_order_id", "order_item_refunds", ["store_id", "order_id"])
    store_table("order_item_refunds", grants="select, insert, update")


def _transitions() -> None:
    op.create_table(
        "order_transitions",
        *_keys(),
        sa.Column("order_id", UUID, nullable=False),
        _text("from_status", null=True),
        _text("to_status"),
        _text("actor_kind"),
        _text("actor_id"),
        _text("reason", null=True),
        _text("request_id"),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_order_transitions"),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["orders.store_id", "orders.id"],
            name="fk_order_transitions_store_id_order_id",
        ),
        comment="From which status an order went to which, by whom, why and when.",
    )
    op.create_index(
        "ix_order_transitions_store_id_order_id", "order_transitions", ["store_id", "order_id", "id"]
    )
    # What happened stays as it was written.
    store_table("order_transitions", grants="select, insert")


def downgrade() -> None:
    """Drop them."""
    op.drop_constraint("fk_payments_store_id_order_id", "payments", type_="foreignkey")
    for table in ("order_counters", "order_transitions", "order_item_refunds", "order_items", "orders"):
        op.drop_table(table)
