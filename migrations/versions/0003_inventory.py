"""Stock: levels, movements, reservations, and the functions that change them in one round trip.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from migrations.policies import APP, RELAY, across_stores, store_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)

FUNCTIONS = {
    "inventory_movement_id()": """
create function inventory_movement_id() returns uuid language sql volatile as $$
  -- A UUIDv7: 48 bits of milliseconds, the version, and the random end of a UUIDv4.
  select (
    lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
    || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14)
  )::uuid
$$
""",
    "inventory_reserve(uuid, uuid, uuid[], bigint[], timestamptz, timestamptz)": """
create function inventory_reserve(
  p_store uuid, p_order uuid, p_variants uuid[], p_quantities bigint[], p_until timestamptz, p_now timestamptz
) returns table (asked bigint, granted boolean, level inventory_levels) language plpgsql as $$
-- The variants come sorted and without doubles. All lines are granted and their levels answered, or
-- nothing changes and those that are short are answered. What is not tracked is not answered at all.
declare
  i integer;
  short boolean := false;
begin
  if cardinality(p_variants) > 1 then
    -- All or nothing: every row is locked, in the caller's order, before the first one changes.
    for i in 1 .. cardinality(p_variants) loop
      select l.* into level from inventory_levels l
      where l.store_id = p_store and l.variant_id = p_variants[i] for no key update;
      if found and level.tracked and level.policy = 'deny'
         and level.on_hand - level.reserved < p_quantities[i] then
        short := true;
        asked := p_quantities[i];
        granted := false;
        return next;
      end if;
    end loop;
    if short then
      return;
    end if;
  end if;
  for i in 1 .. cardinality(p_variants) loop
    asked := p_quantities[i];
    update inventory_levels l set reserved = l.reserved + asked, updated_at = p_now
    where l.store_id = p_store and l.variant_id = p_variants[i]
      and l.tracked and (l.policy = 'continue' or l.on_hand - l.reserved >= asked)
    returning l.* into level;
    granted := found;
    if not granted then
      select l.* into level from inventory_levels l
      where l.store_id = p_store and l.variant_id = p_variants[i] and l.tracked;
      if found then
        return next;
      end if;
      continue;
    end if;
    insert into inventory_reservations as r
      (store_id, order_id, variant_id, quantity, status, expires_at, created_at)
    values (p_store, p_order, p_variants[i], asked, 'held', p_until, p_now)
    on conflict (store_id, order_id, variant_id) do update
      set quantity = excluded.quantity, status = 'held', expires_at = excluded.expires_at
      where r.status in ('lapsed', 'released');
    if not found then
      raise exception 'order % already holds variant %', p_order, p_variants[i] using errcode = 'unique_violation';
    end if;
    insert into inventory_movements
      (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, created_at)
    values (p_store, inventory_movement_id(), p_variants[i], 'reserved', 0, asked, p_order, p_now);
    return next;
  end loop;
end
$$
""",
    "inventory_release(uuid, uuid, text, timestamptz, boolean)": """
create function inventory_release(
  p_store uuid, p_order uuid, p_status text, p_now timestamptz, p_due_only boolean
) returns table (given_back bigint, level inventory_levels) language plpgsql as $$
declare
  r inventory_reservations;
begin
  for r in
    select * from inventory_reservations x
    where x.store_id = p_store and x.order_id = p_order and x.status = 'held'
      and (not p_due_only or x.expires_at <= p_now)
    order by x.variant_id for update
  loop
    update inventory_reservations x set status = p_status
    where x.store_id = p_store and x.order_id = p_order and x.variant_id = r.variant_id;
    update inventory_levels l set reserved = l.reserved - r.quantity, updated_at = p_now
    where l.store_id = p_store and l.variant_id = r.variant_id
    returning l.* into level;
    insert into inventory_movements
      (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, created_at)
    values (p_store, inventory_movement_id(), r.variant_id, p_status, 0, -r.quantity, p_order, p_now);
    given_back := r.quantity;
    return next;
  end loop;
end
$$
""",
    "inventory_take(uuid, uuid, timestamptz)": """
create function inventory_take(p_store uuid, p_order uuid, p_now timestamptz)
returns table (lacking bigint, on_hand_change bigint, reserved_change bigint, level inventory_levels)
language plpgsql as $$
-- What the order holds becomes a sale. Of a reservation that lapsed, what is still there is sold and the
-- rest is lacking. A second call answers the same and changes nothing.
declare
  r inventory_reservations;
begin
  for r in
    select * from inventory_reservations x
    where x.store_id = p_store and x.order_id = p_order and x.status in ('held', 'lapsed', 'taken')
    order by x.variant_id for update
  loop
    select l.* into level from inventory_levels l
    where l.store_id = p_store and l.variant_id = r.variant_id for no key update;
    lacking := r.missing;
    on_hand_change := 0;
    reserved_change := 0;
    if r.status = 'held' then
      reserved_change := -r.quantity;
      on_hand_change := -least(level.on_hand, r.quantity);
    elsif r.status = 'lapsed' and level.tracked then
      if level.policy = 'continue' then
        on_hand_change := -least(level.on_hand, r.quantity);
      else
        on_hand_change := -least(level.on_hand - level.reserved, r.quantity);
        lacking := r.quantity + on_hand_change;
      end if;
    end if;
    if r.status <> 'taken' then
      update inventory_reservations x set status = 'taken', missing = lacking
      where x.store_id = p_store and x.order_id = p_order and x.variant_id = r.variant_id;
    end if;
    if on_hand_change <> 0 or reserved_change <> 0 then
      update inventory_levels l
      set on_hand = l.on_hand + on_hand_change, reserved = l.reserved + reserved_change, updated_at = p_now
      where l.store_id = p_store and l.variant_id = r.variant_id
      returning l.* into level;
      insert into inventory_movements
        (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, created_at)
      values (p_store, inventory_movement_id(), r.variant_id, 'sold', on_hand_change, reserved_change, p_order, p_now);
    end if;
    return next;
  end loop;
end
$$
""",
}


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
        sa.PrimaryKeyConstraint("store_id", "order_id", "variant_id", name="pk_inventory_reservations"),
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
    store_table("inventory_reservations", grants="select, insert, update")
    across_stores("inventory_reservations", RELAY, "select (store_id, order_id, status, expires_at)")

    for signature, definition in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {APP}")


def downgrade() -> None:
    """Drop the inventory."""
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function {signature}")
    for table in ("inventory_reservations", "inventory_movements", "inventory_levels"):
        op.drop_table(table)
