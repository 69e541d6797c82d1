"""What is past its time goes: carts, imports and the inbox by rows, and what no partition was there for in time.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from migrations.policies import RELAY

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SWEPT = ("carts", "imports", "provider_events")

# A row that came before its month had a partition lies in the default one, and PostgreSQL makes no partition beside it.
# That must not stand in the way of the months to come; such rows go one by one.
_MAKE = """      execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                     name, parent, first_id_of(month), first_id_of(following));
      changed := changed + 1;
"""
_MAKE_OR_LEAVE = """      begin
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                       name, parent, first_id_of(month), first_id_of(following));
        changed := changed + 1;
      exception when check_violation then
        null;
      end;
"""
_END = """  return changed;
end
"""
_END_WITH_DEFAULT = """  execute format('delete from public.%I where id < %L', parent || '_default', first_id_of(now() - keep));
  return changed;
end
"""


def upgrade() -> None:
    """Let the worker delete, and the partitions get over a gap."""
    for table in SWEPT:
        op.execute(f"grant delete on {table} to {RELAY}")
    _changed((_MAKE, _MAKE_OR_LEAVE), (_END, _END_WITH_DEFAULT))


def _changed(*pairs: tuple[str, str]) -> None:
    definition: str = (
        op.get_bind()
        .execute(
            sa.text("select pg_get_functiondef('maintain_partitions(text, interval)'::regprocedure::oid)")
        )
        .scalar_one()
    )
    for old, new in pairs:
        if definition.count(old) != 1:
            raise RuntimeError("maintain_partitions is not what this revision changes.")
        definition = definition.replace(old, new)
    op.execute(sa.text(definition.replace(":", r"\:")))


def downgrade() -> None:
    """As it was."""
    _changed((_MAKE_OR_LEAVE, _MAKE), (_END_WITH_DEFAULT, _END))
    for table in SWEPT:
        op.execute(f"revoke delete on {table} from {RELAY}")
