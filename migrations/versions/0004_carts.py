"""Carts and their lines, and the functions that change one in one round trip.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import APP, RELAY, across_stores, store_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)

CART = """
  id uuid, status text, customer_id uuid, email text, shipping_address jsonb, billing_address jsonb,
  shipping_method_id text, order_id uuid, merged_into uuid, expires_at timestamptz,
  item_ids uuid[], variant_ids uuid[], quantities bigint[], unit_prices bigint[], currencies text[]
"""

TOUCH = """
  -- Locks the cart, so that its changes come one after another. The end of its life moves only when it
  -- moves by more than a day: the column is indexed, and an update without it stays within its page.
  -- What is asked of the one cart stands in a CASE, which the index of carts that are due cannot answer: while
  -- nobody has counted the table, the planner takes it for the key, and each touch reads all open carts.
  update carts c set
    updated_at = p_now,
    expires_at = case when p_expires - c.expires_at > interval '1 day' then p_expires else c.expires_at end
  where c.store_id = p_store and c.id = p_cart
    and case when c.status = 'active' then c.expires_at > p_now else false end;
"""

FUNCTIONS = {
    "cart_read(uuid, uuid)": f"""
create function cart_read(p_store uuid, p_cart uuid) returns table ({CART}) language sql stable as $$
  select c.id, c.status, c.customer_id, c.email, c.shipping_address, c.billing_address, c.shipping_method_id,
    c.order_id, c.merged_into, c.expires_at, i.item_ids, i.variant_ids, i.quantities, i.unit_prices, i.currencies
  from carts c cross join lateral (
    select array_agg(x.id) as item_ids, array_agg(x.variant_id) as variant_ids, array_agg(x.quantity) as quantities,
      array_agg(x.unit_price) as unit_prices, array_agg(x.currency) as currencies
    from (
      select id, variant_id, quantity, unit_price, currency from cart_items
      where store_id = p_store and cart_id = p_cart order by id
    ) x
  ) i
  where c.store_id = p_store and c.id = p_cart
$$
""",
    "cart_put(uuid, uuid, uuid[], uuid[], bigint[], bigint[], text, timestamptz, timestamptz)": f"""
create function cart_put(
  p_store uuid, p_cart uuid, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_prices bigint[],
  p_currency text, p_now timestamptz, p_expires timestamptz
) returns table ({CART}) language plpgsql as $$
#variable_conflict use_column
begin
{TOUCH}
  if found and cardinality(p_items) > 0 then
    insert into cart_items as i (store_id, id, cart_id, variant_id, quantity, unit_price, currency, added_at)
    select p_store, d.id, p_cart, d.variant_id, d.quantity, d.price, p_currency, p_now
    from unnest(p_items, p_variants, p_quantities, p_prices) as d(id, variant_id, quantity, price)
    on conflict (store_id, cart_id, variant_id) do update set
      quantity = i.quantity + excluded.quantity, unit_price = excluded.unit_price, currency = excluded.currency;
  end if;
  return query select r.* from cart_read(p_store, p_cart) r;
end
$$
""",
    "cart_set(uuid, uuid, uuid, bigint, timestamptz, timestamptz)": f"""
create function cart_set(
  p_store uuid, p_cart uuid, p_item uuid, p_quantity bigint, p_now timestamptz, p_expires timestamptz
) returns table (item_found boolean, {CART}) language plpgsql as $$
#variable_conflict use_column
declare
  touched boolean := false;
begin
{TOUCH}
  if found then
    if p_quantity = 0 then
      delete from cart_items i where i.store_id = p_store and i.cart_id = p_cart and i.id = p_item;
    else
      update cart_items i set quantity = p_quantity
      where i.store_id = p_store and i.cart_id = p_cart and i.id = p_item;
    end if;
    touched := found;
  end if;
  return query select touched, r.* from cart_read(p_store, p_cart) r;
end
$$
""",
}


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
    )
    op.create_index("ix_carts_due", "carts", ["expires_at"], postgresql_where=sa.text("status = 'active'"))
    op.execute("alter table carts set (fillfactor = 70)")
    store_table("carts", grants="select, insert, update")
    across_stores("carts", RELAY, "select (store_id, id, status, expires_at)")

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
    )
    op.create_index("ix_cart_items_store_id_variant_id", "cart_items", ["store_id", "variant_id"])
    store_table("cart_items")

    for signature, definition in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {APP}")


def downgrade() -> None:
    """Drop carts."""
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function {signature}")
    op.drop_table("cart_items")
    op.drop_table("carts")
