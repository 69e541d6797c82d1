"""The keys of orders and of reservations are the newest indexes of their tables.

Of indexes that cost the same the planner takes the newest, and while nobody has counted a table all those that begin
with its store cost the same. So in the first minutes of a deployment each part of an order looked its order up by its
status, which reads all of the store's orders, more with each one; a reservation was found by its variant.

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
    """Make each key anew, and what refers to it."""
    for table in TABLES:
        referring = _constraints("f", "confrelid", table)
        keys = _constraints("p", "conrelid", table)
        for owner, name, _ in (*referring, *keys):
            op.execute(f"alter table {owner} drop constraint {name}")
        for owner, name, definition in (*keys, *referring):
            op.execute(f"alter table {owner} add constraint {name} {definition}")


def downgrade() -> None:
    """A key is as good wherever it stands."""


def _constraints(kind: str, side: str, table: str) -> list[tuple[str, str, str]]:
    found = op.get_bind().execute(
        sa.text(
            "select conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) from pg_constraint"
            f" where contype = '{kind}' and {side} = '{table}'::regclass and conparentid = 0 order by conname"
        )
    )
    return [(row[0], row[1], row[2]) for row in found]
