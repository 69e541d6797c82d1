"""A cart's functions answer one text, the cart as JSON, and not a table of 29 columns.

A function that answers a table is a scan with a store of its rows; a value is computed where it is asked for, and its
reader takes it apart in one step.

Revision ID: 0019
Revises: 0018
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from alembic import op

from migrations.policies import APP

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BEFORE: Any = import_module("migrations.versions.0012_fewer_statements")
OLD_FUNCTIONS: Mapping[str, str] = BEFORE.FUNCTIONS

# In the order of `CartRow`, `ItemRow`, `Sellable` and `Stock`, which are read from it.
VARIANT = (
    "o.variant_id, o.product_id, o.product_name, o.variant_name, o.sku, o.price, o.compare_at_price, o.weight_grams,"
    " o.requires_shipping, o.taxable, o.kind, o.image_url, o.is_active"
)
LINE = (
    f"json_build_array(i.id, i.variant_id, i.quantity, i.unit_price, i.currency, json_build_array({VARIANT}),"
    " json_build_array(o.available, o.limited))"
)
LINES = """
    from cart_items i
    cross join lateral (
      select * from variant_offers v where v.store_id = p_store and v.variant_id = i.variant_id offset 0
    ) o
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
    expires_at = case when p_expires - x.expires_at > interval '1 day' then p_expires else x.expires_at end{{changes}}
  where x.store_id = p_store and x.id = p_cart
    and case when x.status = 'active' then x.expires_at > p_now else false end
  returning x.* into c;
  if not found then
{FIND}
{ANSWER}
  end if;
"""
# Refused by raising, so that nothing of it stays: a change may be the only statement of its transaction.
CHECKED_ANSWER = f"""
  select count(*), coalesce(sum(o.price * i.quantity::double precision), 0), json_agg({LINE}),
    json_agg(json_build_object(
      'variant_id', o.variant_id, 'asked', i.quantity, 'available', case when o.is_active then o.available else 0 end
    )) filter (
      where o.variant_id = any(p_checked) and (not o.is_active or o.limited and o.available < i.quantity)
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
FOUND = "c carts; lines json;"
CHECKS = f"""
  {FOUND} counted bigint; worth double precision; short json;
"""

FUNCTIONS = {
    "cart_create(uuid, uuid, text, uuid[], uuid[], bigint[], text, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_create(
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
{BEFORE.ADD}
{CHECKED_ANSWER}
end
$$
""",
    "cart_put(uuid, uuid, uuid[], uuid[], bigint[], bigint[], text, timestamptz, timestamptz, uuid[], bigint, bigint)": f"""
create function cart_put(
  p_store uuid, p_cart uuid, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_prices bigint[],
  p_currency text, p_now timestamptz, p_expires timestamptz, p_checked uuid[], p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
declare {CHECKS}
begin
{TOUCH.format(changes="")}
{BEFORE.ADD}
{CHECKED_ANSWER}
end
$$
""",
    "cart_set(uuid, uuid, uuid, bigint, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_set(
  p_store uuid, p_cart uuid, p_item uuid, p_quantity bigint, p_now timestamptz, p_expires timestamptz,
  p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
declare {CHECKS} p_checked uuid[];
begin
{TOUCH.format(changes="")}
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
    "cart_update(uuid, uuid, jsonb, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_update(
  p_store uuid, p_cart uuid, p_changes jsonb, p_now timestamptz, p_expires timestamptz, p_most_lines bigint,
  p_most_worth bigint
) returns text language plpgsql as $$
declare {CHECKS} p_checked uuid[];
begin
{TOUCH.format(changes=BEFORE.CHANGES)}
{CHECKED_ANSWER}
end
$$
""",
    "cart_convert(uuid, uuid, uuid, timestamptz)": f"""
create function cart_convert(p_store uuid, p_cart uuid, p_order uuid, p_now timestamptz)
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
    "cart_read(uuid, uuid)": f"""
create function cart_read(p_store uuid, p_cart uuid) returns text language plpgsql stable as $$
declare {FOUND}
begin
{FIND}
{ANSWER}
end
$$
""",
}


def upgrade() -> None:
    """Those that answer a text take the place of the former ones."""
    _replace(OLD_FUNCTIONS, FUNCTIONS)


def downgrade() -> None:
    """Bring the former functions back."""
    _replace(FUNCTIONS, OLD_FUNCTIONS)


def _replace(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for signature in old:
        op.execute(f"drop function {signature}")
    for signature, definition in new.items():
        op.execute(definition)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {APP}")
