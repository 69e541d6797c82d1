"""The keys of orders and of reservations are what the planner takes to find one, while nobody has counted the table.

Without statistics all indexes that begin with the store seem to answer as well. Of those it takes the smallest, and of
equal ones the newest. So in the first minutes of a deployment each part of an order looked its order up by its number or
its status, which reads all of the store's orders, more with each one; a reservation was found by its variant. The keys
are the newest now, and the smaller index of an order's number begins with the number.

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
    """Turn the index of numbers round; make each key anew, and what refers to it."""
    _numbered("number, store_id", old="uq_orders_store_id_number", new="uq_orders_number_store_id")
    for table in TABLES:
        referring = _constraints("f", "confrelid", table)
        keys = _constraints("p", "conrelid", table)
        for owner, name, _ in (*referring, *keys):
            op.execute(f"alter table {owner} drop constraint {name}")
        for owner, name, definition in (*keys, *referring):
            op.execute(f"alter table {owner} add constraint {name} {definition}")


def downgrade() -> None:
    """A key is as good wherever it stands."""
    _numbered("store_id, number", old="uq_orders_number_store_id", new="uq_orders_store_id_number")


def _numbered(columns: str, *, old: str, new: str) -> None:
    op.execute(f"alter table orders drop constraint {old}")
    op.execute(f"alter table orders add constraint {new} unique ({columns})")


def _constraints(kind: str, side: str, table: str) -> list[tuple[str, str, str]]:
    found = op.get_bind().execute(
        sa.text(
            "select conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) from pg_constraint"
            f" where contype = '{kind}' and {side} = '{table}'::regclass and conparentid = 0 order by conname"
        )
    )
    return [(row[0], row[1], row[2]) for row in found]
