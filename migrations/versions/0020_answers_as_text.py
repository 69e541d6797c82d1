"""A cart's functions answer one text, the cart as JSON, and not a table of 29 columns.

A function that answers a table is a scan with a store of its rows; a value is computed where it is asked for, and its
reader takes it apart in one step.

Revision ID: 0020
Revises: 0019
"""

from importlib import import_module
from typing import Any

from alembic import op

from migrations.policies import APP

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE: Any = import_module("migrations.versions.0012_fewer_statements")

# In the order of `CartRow`, `ItemRow` and `Stock`, which are read from it; the offer is the variant's own.
LINE = (
    "json_build_array(i.id, i.variant_id, i.quantity, i.unit_price, i.currency, v.offer,"
    " json_build_array(l.available, coalesce(l.limited, false)))"
)
IS_ACTIVE = "(v.offer ->> 12)::boolean"
# One look-up for each variant, however large a store the planner has in mind.
LINES = """
    from cart_items i
    cross join lateral (
      select x.price, x.offer from variants x where x.store_id = p_store and x.id = i.variant_id offset 0
    ) v
    left join lateral (
      select case when x.tracked then greatest(x.on_hand - x.reserved, 0) end as available,
        x.tracked and x.policy = 'deny' as limited
      from inventory_levels x where x.store_id = p_store and x.variant_id = i.variant_id offset 0
    ) l on true
    where i.store_id = p_store and i.cart_id = p_cart;
"""
TOLD = f"return json_build_array({BEFORE.HEAD}, coalesce(lines, '[]'))::text;"
ANSWER = f"""
  select json_agg({LINE}) into lines {LINES.strip()}
  {TOLD}
"""
FIND = """
  select x.* into c from carts x where x.store_id = p_store and x.id = p_cart;
  if not found then
    return null;
  end if;
"""
# Locks the cart, so that its changes come one after another; 0012 says why it is written like that. One that is not
# open is answered as it is.
TOUCH = f"""
  update carts x set
    updated_at = p_now,
    expires_at = case when p_expires - x.expires_at > interval '1 day' then p_expires else x.expires_at end{BEFORE.CHANGES}
  where x.store_id = p_store and x.id = p_cart
    and case when x.status = 'active' then x.expires_at > p_now else false end
  returning x.* into c;
  if not found then
{FIND}
{ANSWER}
  end if;
"""
# The same for a change of its lines: the row itself stays as it is, which costs less than writing it, until the end of
# its life has to move.
HOLD = f"""
  select x.* into c from carts x where x.store_id = p_store and x.id = p_cart for no key update;
  if not found then
    return null;
  elsif c.status <> 'active' or c.expires_at <= p_now then
{ANSWER}
  elsif p_expires - c.expires_at > interval '1 day' then
    update carts x set updated_at = p_now, expires_at = p_expires where x.store_id = p_store and x.id = p_cart
    returning x.* into c;
  end if;
"""
# Refused by raising, so that nothing of it stays: a change may be the only statement of its transaction.
CHECKED_ANSWER = f"""
  select count(*), coalesce(sum(v.price * i.quantity::double precision), 0), json_agg({LINE}),
    json_agg(json_build_object('variant_id', i.variant_id, 'asked', i.quantity,
      'available', case when {IS_ACTIVE} then l.available else 0 end
    )) filter (
      where i.variant_id = any(p_checked) and (not {IS_ACTIVE} or l.limited and l.available < i.quantity)
    )
  into counted, worth, lines, short {LINES.strip()}
  if short is not null then
    raise exception 'short of stock' using errcode = 'BS002', detail = short::text;
  elsif counted > p_most_lines then
    raise exception 'too many lines' using errcode = 'BS003';
  elsif worth > p_most_worth then
    raise exception 'worth too much' using errcode = 'BS004';
  end if;
  {TOLD}
"""
# A price is the variant's own of this moment, unless a line brings its own from another cart.
ADD = f"""
  insert into cart_items as i (store_id, id, cart_id, variant_id, quantity, unit_price, currency, added_at)
  select p_store, d.id, p_cart, d.variant_id, d.quantity, coalesce(d.unit_price, v.price), p_currency, p_now
  from unnest(p_items, p_variants, p_quantities, p_prices) as d(id, variant_id, quantity, unit_price)
  cross join lateral (
    select v.price from variants v
    where v.store_id = p_store and v.id = d.variant_id and (d.unit_price is not null or {IS_ACTIVE}) offset 0
  ) v
  on conflict (store_id, cart_id, variant_id) do update set
    quantity = i.quantity + excluded.quantity, unit_price = excluded.unit_price, currency = excluded.currency;
  get diagnostics counted = row_count;
  if counted < cardinality(p_variants) then
    raise exception 'not for sale' using errcode = 'BS001', detail = (
      select d.id from unnest(p_variants) as d(id) where not exists (
        select from variants v where v.store_id = p_store and v.id = d.id and {IS_ACTIVE}
      ) limit 1
    );
  end if;
"""
FOUND = "c carts; lines json;"
CHECKS = f"""
  {FOUND} counted bigint; worth double precision; short json;
"""

FUNCTIONS = {
    "cart_create_json(uuid, uuid, text, uuid[], uuid[], bigint[], text, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_create_json(
  p_store uuid, p_cart uuid, p_email text, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_currency text,
  p_now timestamptz, p_expires timestamptz, p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
-- Without lines there is nothing to answer that the caller does not know.
declare {CHECKS} p_prices bigint[]; p_checked uuid[] := p_variants;
begin
  insert into carts as x (store_id, id, status, email, expires_at, created_at, updated_at)
  values (p_store, p_cart, 'active', p_email, p_expires, p_now, p_now);
  if cardinality(p_items) = 0 then
    return null;
  end if;
{FIND}
{ADD}
{CHECKED_ANSWER}
end
$$
""",
    "cart_put_json(uuid, uuid, uuid[], uuid[], bigint[], bigint[], text, timestamptz, timestamptz, uuid[], bigint, bigint)": f"""
create function cart_put_json(
  p_store uuid, p_cart uuid, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_prices bigint[],
  p_currency text, p_now timestamptz, p_expires timestamptz, p_checked uuid[], p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
declare {CHECKS}
begin
{HOLD}
{ADD}
{CHECKED_ANSWER}
end
$$
""",
    "cart_set_json(uuid, uuid, uuid, bigint, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_set_json(
  p_store uuid, p_cart uuid, p_item uuid, p_quantity bigint, p_now timestamptz, p_expires timestamptz,
  p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
declare {CHECKS} p_checked uuid[];
begin
{HOLD}
  if p_quantity = 0 then
    delete from cart_items i where i.store_id = p_store and i.cart_id = p_cart and i.id = p_item;
  else
    update cart_items i set quantity = p_quantity
    where i.store_id = p_store and i.cart_id = p_cart and i.id = p_item returning array[i.variant_id] into p_checked;
  end if;
  if not found then
    raise exception 'no such line' using errcode = 'BS005';
  end if;
{CHECKED_ANSWER}
end
$$
""",
    "cart_update_json(uuid, uuid, jsonb, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_update_json(
  p_store uuid, p_cart uuid, p_changes jsonb, p_now timestamptz, p_expires timestamptz, p_most_lines bigint,
  p_most_worth bigint
) returns text language plpgsql as $$
declare {CHECKS} p_checked uuid[];
begin
{TOUCH}
{CHECKED_ANSWER}
end
$$
""",
    "cart_convert_json(uuid, uuid, uuid, timestamptz)": f"""
create function cart_convert_json(p_store uuid, p_cart uuid, p_order uuid, p_now timestamptz)
returns text language plpgsql as $$
declare {FOUND}
begin
  update carts x set status = 'converted', order_id = p_order, updated_at = p_now
  where x.store_id = p_store and x.id = p_cart
    and case when x.status = 'active' then x.expires_at > p_now else false end
  returning x.* into c;
  if not found then
{FIND}
  end if;
{ANSWER}
end
$$
""",
    "cart_read_json(uuid, uuid)": f"""
create function cart_read_json(p_store uuid, p_cart uuid) returns text language plpgsql stable as $$
declare {FOUND}
begin
{FIND}
{ANSWER}
end
$$
""",
}


def upgrade() -> None:
    """Beside the former ones, which the API of the release before calls until it is replaced."""
    for signature, definition in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {APP}")


def downgrade() -> None:
    """The former ones are still there."""
    for signature in FUNCTIONS:
        op.execute(f"drop function {signature}")
