"""The keys of orders and of reservations are what the planner takes to find one, while nobody has counted the table.

Without statistics all indexes that begin with the store seem to answer as well. Of those it takes the smallest, and of
equal ones the newest. So in the first minutes of a deployment each part of an order looked its order up by its number or
its status, which reads all of the store's orders, more with each one; a reservation was found by its variant. The keys
are the newest now, and the index of an order's number, which was smaller, holds the id as well.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("orders", "inventory_reservations")


def upgrade() -> None:
    """Make the index of numbers larger, and each key anew with what refers to it."""
    _numbered(" include (id)")
    for table in TABLES:
        referring = _constraints("f", "confrelid", table)
        keys = _constraints("p", "conrelid", table)
        for owner, name, _ in (*referring, *keys):
            op.execute(f"alter table {owner} drop constraint {name}")
        for owner, name, definition in (*keys, *referring):
            op.execute(f"alter table {owner} add constraint {name} {definition}")


def downgrade() -> None:
    """A key is as good wherever it stands."""
    _numbered("")


def _numbered(more: str) -> None:
    op.execute("alter table orders drop constraint uq_orders_store_id_number")
    op.execute(f"alter table orders add constraint uq_orders_store_id_number unique (store_id, number){more}")


def _constraints(kind: str, side: str, table: str) -> list[tuple[str, str, str]]:
    found = op.get_bind().execute(
        sa.text(
            "select conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) from pg_constraint"
            f" where contype = '{kind}' and {side} = '{table}'::regclass and conparentid = 0 order by conname"
        )
    )
    return [(row[0], row[1], row[2]) for row in found]
