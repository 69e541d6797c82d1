"""What a checkout asks of the database, in few statements: a cart's change and its answer, an order, a payment, events.

Revision ID: 0012
Revises: 0011
"""

from collections.abc import Mapping
from importlib import import_module

from alembic import op

from migrations.policies import APP

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OLD_FUNCTIONS: Mapping[str, str] = import_module("migrations.versions.0004_carts").FUNCTIONS

OFFERS = """
create view variant_offers with (security_invoker = true) as
select v.store_id, v.id as variant_id, v.product_id, p.name as product_name, v.name as variant_name, v.sku, v.price,
  v.compare_at_price, v.weight_grams, v.requires_shipping, v.taxable, v.kind,
  (select i.url from product_images i where i.store_id = v.store_id and i.product_id = v.product_id
   order by (i.id = v.image_id) desc nulls last, i.position, i.id limit 1) as image_url,
  p.status = 'active' as is_active,
  case when l.tracked then greatest(l.on_hand - l.reserved, 0) end as available,
  coalesce(l.tracked and l.policy = 'deny', false) as limited
from variants v join products p on p.store_id = v.store_id and p.id = v.product_id
-- One look-up for each variant, however large a store the planner has in mind.
left join lateral (
  select * from inventory_levels where store_id = v.store_id and variant_id = v.id offset 0
) l on true
"""

CART = """
  id uuid, status text, customer_id uuid, email text, shipping_address jsonb, billing_address jsonb,
  shipping_method_id text, order_id uuid, merged_into uuid, expires_at timestamptz,
  item_id uuid, quantity bigint, unit_price bigint, item_currency text,
  variant_id uuid, product_id uuid, product_name text, variant_name text, sku text, price bigint,
  compare_at_price bigint, weight_grams bigint, requires_shipping boolean, taxable boolean, kind text, image_url text,
  is_active boolean, available bigint, limited boolean
"""
HEAD = (
    "c.id, c.status, c.customer_id, c.email, c.shipping_address, c.billing_address, c.shipping_method_id, c.order_id,"
    " c.merged_into, c.expires_at"
)
LINE = (
    "i.id, i.quantity, i.unit_price, i.currency, o.variant_id, o.product_id, o.product_name, o.variant_name, o.sku,"
    " o.price, o.compare_at_price, o.weight_grams, o.requires_shipping, o.taxable, o.kind, o.image_url, o.is_active,"
    " o.available, o.limited"
)
LINES = f"""
      select {LINE} from cart_items i
      cross join lateral (
        select * from variant_offers v where v.store_id = p_store and v.variant_id = i.variant_id offset 0
      ) o
      where i.store_id = p_store and i.cart_id = p_cart
"""
ANSWER = f"""
  return query select {HEAD}, l.* from (select 1) as one left join lateral ({LINES}) l on true;
"""
FIND = "select c.* into c from carts c where c.store_id = p_store and c.id = p_cart;"
# Locks the cart, so that its changes come one after another. The end of its life moves only when it moves by more than
# a day: the column is indexed, and an update without it stays within its page. What is asked of the one cart stands in
# a CASE, which the index of carts that are due cannot answer: while nobody has counted the table, the planner takes it
# for the key, and each touch reads all open carts. One that is not open is answered as it is.
TOUCH = f"""
  update carts x set
    updated_at = p_now,
    expires_at = case when p_expires - x.expires_at > interval '1 day' then p_expires else x.expires_at end{{changes}}
  where x.store_id = p_store and x.id = p_cart
    and case when x.status = 'active' then x.expires_at > p_now else false end
  returning x.* into c;
  if not found then
    {FIND}
    if found then
      {ANSWER.strip()}
    end if;
    return;
  end if;
"""
# Refused by raising, so that nothing of it stays: a change may be the only statement of its transaction.
CHECKED_ANSWER = f"""
  id := c.id; status := c.status; customer_id := c.customer_id; email := c.email;
  shipping_address := c.shipping_address; billing_address := c.billing_address;
  shipping_method_id := c.shipping_method_id; order_id := c.order_id; merged_into := c.merged_into;
  expires_at := c.expires_at;
  for item_id, quantity, unit_price, item_currency, variant_id, product_id, product_name, variant_name, sku, price,
    compare_at_price, weight_grams, requires_shipping, taxable, kind, image_url, is_active, available, limited in
    {LINES.strip()}
  loop
    counted := counted + 1;
    worth := worth + price * quantity;
    if variant_id = any(p_checked) and (not is_active or limited and available < quantity) then
      short := short || jsonb_build_object(
        'variant_id', variant_id, 'asked', quantity, 'available', case when is_active then available else 0 end);
    end if;
    return next;
  end loop;
  if short <> '[]' then
    raise exception 'short of stock' using errcode = 'BS002', detail = short::text;
  elsif counted > p_most_lines then
    raise exception 'too many lines' using errcode = 'BS003';
  elsif worth > p_most_worth then
    raise exception 'worth too much' using errcode = 'BS004';
  elsif counted = 0 then
    return next;
  end if;
"""
CHANGES = "".join(
    f""",
    {name} = case when p_changes ? '{name}' then {value} else x.{name} end"""
    for name, value in (
        ("email", "p_changes ->> 'email'"),
        ("shipping_address", "nullif(p_changes -> 'shipping_address', 'null')"),
        ("billing_address", "nullif(p_changes -> 'billing_address', 'null')"),
        ("shipping_method_id", "p_changes ->> 'shipping_method_id'"),
    )
)
CHECKS = """
  c carts; counted bigint := 0; worth double precision := 0; short jsonb := '[]';
"""
# A price is the variant's own of this moment, unless a line brings its own from another cart.
ADD = """
  insert into cart_items as i (store_id, id, cart_id, variant_id, quantity, unit_price, currency, added_at)
  select p_store, d.id, p_cart, d.variant_id, d.quantity, coalesce(d.unit_price, v.price), p_currency, p_now
  from unnest(p_items, p_variants, p_quantities, p_prices) as d(id, variant_id, quantity, unit_price)
  cross join lateral (
    select x.price from variants x join products p on p.store_id = x.store_id and p.id = x.product_id
    where x.store_id = p_store and x.id = d.variant_id and (d.unit_price is not null or p.status = 'active') offset 0
  ) v
  on conflict (store_id, cart_id, variant_id) do update set
    quantity = i.quantity + excluded.quantity, unit_price = excluded.unit_price, currency = excluded.currency;
  get diagnostics counted = row_count;
  if counted < cardinality(p_variants) then
    raise exception 'not for sale' using errcode = 'BS001', detail = (
      select d.id from unnest(p_variants) as d(id) where not exists (
        select from variants x join products p on p.store_id = x.store_id and p.id = x.product_id
        where x.store_id = p_store and x.id = d.id and p.status = 'active'
      ) limit 1
    );
  end if;
  counted := 0;
"""

FUNCTIONS = {
    "cart_create(uuid, uuid, text, uuid[], uuid[], bigint[], text, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_create(
  p_store uuid, p_cart uuid, p_email text, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_currency text,
  p_now timestamptz, p_expires timestamptz, p_most_lines bigint, p_most_worth bigint
) returns table ({CART}) language plpgsql as $$
#variable_conflict use_column
declare {CHECKS} p_prices bigint[]; p_checked uuid[] := p_variants;
begin
  insert into carts as x (store_id, id, status, email, expires_at, created_at, updated_at)
  values (p_store, p_cart, 'active', p_email, p_expires, p_now, p_now) returning x.* into c;
  if cardinality(p_items) = 0 then
    return;
  end if;
{ADD}
{CHECKED_ANSWER}
end
$$
""",
    "cart_put(uuid, uuid, uuid[], uuid[], bigint[], bigint[], text, timestamptz, timestamptz, uuid[], bigint, bigint)": f"""
create function cart_put(
  p_store uuid, p_cart uuid, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_prices bigint[],
  p_currency text, p_now timestamptz, p_expires timestamptz, p_checked uuid[], p_most_lines bigint, p_most_worth bigint
) returns table ({CART}) language plpgsql as $$
#variable_conflict use_column
declare {CHECKS}
begin
{TOUCH.format(changes="")}
{ADD}
{CHECKED_ANSWER}
end
$$
""",
    "cart_set(uuid, uuid, uuid, bigint, timestamptz, timestamptz, bigint, bigint)": f"""
create function cart_set(
  p_store uuid, p_cart uuid, p_item uuid, p_quantity bigint, p_now timestamptz, p_expires timestamptz,
  p_most_lines bigint, p_most_worth bigint
) returns table ({CART}) language plpgsql as $$
#variable_conflict use_column
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
) returns table ({CART}) language plpgsql as $$
#variable_conflict use_column
declare {CHECKS} p_checked uuid[];
begin
{TOUCH.format(changes=CHANGES)}
{CHECKED_ANSWER}
end
$$
""",
    "cart_convert(uuid, uuid, uuid, timestamptz)": f"""
create function cart_convert(p_store uuid, p_cart uuid, p_order uuid, p_now timestamptz)
returns table ({CART}) language plpgsql as $$
#variable_conflict use_column
declare c carts;
begin
  update carts x set status = 'converted', order_id = p_order, updated_at = p_now
  where x.store_id = p_store and x.id = p_cart
    and case when x.status = 'active' then x.expires_at > p_now else false end
  returning x.* into c;
  if not found then
    {FIND}
    if not found then
      return;
    end if;
  end if;
{ANSWER}
end
$$
""",
    "cart_read(uuid, uuid)": f"""
create function cart_read(p_store uuid, p_cart uuid) returns table ({CART}) language plpgsql stable as $$
#variable_conflict use_column
declare c carts;
begin
  {FIND}
  if found then
    {ANSWER.strip()}
  end if;
end
$$
""",
}

ORDER = {
    "status": "text",
    "payment_status": "text",
    "currency": "text",
    "subtotal": "bigint",
    "discount_total": "bigint",
    "shipping_total": "bigint",
    "tax_total": "bigint",
    "total": "bigint",
    "prices_include_tax": "boolean",
    "email": "text",
    "customer_id": "uuid",
    "cart_id": "uuid",
    "shipping_address": "jsonb",
    "billing_address": "jsonb",
    "note": "text",
    "reference": "text",
    "metadata": "jsonb",
    "source": "text",
    "paid_outside": "boolean",
    "holds_stock": "boolean",
    "is_digital": "boolean",
    "access_token_hash": "bytea",
    "due_at": "timestamptz",
    "expires_at": "timestamptz",
    "placed_at": "timestamptz",
}
ITEM = {
    "id": "uuid",
    "variant_id": "uuid",
    "product_id": "uuid",
    "product_name": "text",
    "variant_name": "text",
    "sku": "text",
    "image_url": "text",
    "quantity": "bigint",
    "unit_price": "bigint",
    "total": "bigint",
    "discount": "bigint",
    "tax": "bigint",
    "requires_shipping": "boolean",
}
ORDER_ARGUMENTS = ", ".join(
    (
        "p_store uuid, p_order uuid",
        *(f"p_{name} {kind}" for name, kind in ORDER.items()),
        *(f"p_item_{name} {kind}[]" for name, kind in ITEM.items()),
        "p_step_id uuid[], p_step_from text[], p_step_to text[], p_actor_kind text, p_actor_id text, p_request text",
    )
)
PAYMENT = {
    "id": "uuid",
    "order_id": "uuid",
    "provider": "text",
    "provider_payment_id": "text",
    "provider_session": "text",
    "provider_status": "text",
    "in_progress": "boolean",
    "amount": "bigint",
    "currency": "text",
    "reference": "text",
    "description": "text",
    "payer_email": "text",
    "return_url": "text",
    "next_action": "jsonb",
    "metadata": "jsonb",
    "options": "jsonb",
    "opened_at": "timestamptz",
}
PAYMENT_ARGUMENTS = ", ".join(f"p_{name} {kind}" for name, kind in PAYMENT.items())


def _named(columns: Mapping[str, str], prefix: str = "p_", suffix: str = "") -> str:
    return ", ".join(f"{prefix}{name}{suffix}" for name in columns)


CHECKOUT_FUNCTIONS = {
    "order_place": f"""
create function order_place({ORDER_ARGUMENTS}) returns setof orders language plpgsql as $$
-- From the counter to the commit, the store's other orders wait.
declare
  number bigint; made orders;
begin
  insert into order_counters as c (store_id, last_number) values (p_store, 1001)
  on conflict (store_id) do update set last_number = c.last_number + 1
  returning c.last_number into number;
  insert into orders (store_id, id, number, updated_at, {", ".join(ORDER)})
  values (p_store, p_order, number, p_placed_at, {_named(ORDER)})
  returning * into made;
  for i in 1 .. cardinality(p_item_id) loop
    insert into order_items (store_id, order_id, position, {", ".join(ITEM)})
    values (p_store, p_order, i, {_named(ITEM, "p_item_", "[i]")});
  end loop;
  for i in 1 .. cardinality(p_step_id) loop
    insert into order_transitions
      (store_id, id, order_id, from_status, to_status, actor_kind, actor_id, request_id, created_at)
    values
      (p_store, p_step_id[i], p_order, p_step_from[i], p_step_to[i], p_actor_kind, p_actor_id, p_request, p_placed_at);
  end loop;
  return next made;
end
$$
""",
    "payment_open": f"""
create function payment_open(
  p_store uuid, {PAYMENT_ARGUMENTS}, p_history uuid, p_request text, p_now timestamptz, p_even_disabled boolean
) returns setof payments language plpgsql as $$
declare
  made payments;
begin
  if not p_even_disabled and exists (
    select from payment_provider_accounts a where a.store_id = p_store and a.provider = p_provider and not a.enabled
  ) then
    return;
  end if;
  insert into payments (store_id, status, created_at, updated_at, {", ".join(PAYMENT)})
  values (p_store, 'pending', p_now, p_now, {_named(PAYMENT)})
  returning * into made;
  insert into payment_history
    (store_id, id, payment_id, outcome, to_status, provider_status, source, request_id, created_at)
  values (p_store, p_history, p_id, 'created', made.status, p_provider_status, 'create', p_request, p_now);
  return next made;
end
$$
""",
    "payment_move": """
create function payment_move(
  p_store uuid, p_id uuid, p_status text, p_provider_status text, p_provider_payment_id text, p_amount_refunded bigint,
  p_may_shrink boolean, p_in_progress boolean, p_failure_code text, p_provider_updated_at timestamptz,
  p_now timestamptz, p_history uuid, p_outcome text, p_from text, p_source text, p_request text
) returns setof payments language plpgsql as $$
declare
  moved payments;
begin
  update payments x set
    status = p_status, provider_status = p_provider_status,
    provider_payment_id = coalesce(x.provider_payment_id, p_provider_payment_id),
    amount_refunded =
      case when p_may_shrink then p_amount_refunded else greatest(x.amount_refunded, p_amount_refunded) end,
    in_progress = p_in_progress, failure_code = p_failure_code,
    provider_updated_at = greatest(x.provider_updated_at, p_provider_updated_at), updated_at = p_now,
    paid_at = case when p_status = 'paid' then coalesce(x.paid_at, p_now) else x.paid_at end
  where x.store_id = p_store and x.id = p_id
  returning x.* into moved;
  if not found then
    return;
  end if;
  insert into payment_history
    (store_id, id, payment_id, outcome, from_status, to_status, provider_status, source, request_id, created_at)
  values
    (p_store, p_history, p_id, p_outcome, p_from, p_status, p_provider_status, p_source, p_request, p_now);
  return next moved;
end
$$
""",
    "events_write": """
create function events_write(
  p_store uuid, p_request text, p_version text, p_ids uuid[], p_types text[], p_subjects text[], p_heads text[],
  p_tails text[], p_times timestamptz[]
) returns void language plpgsql as $$
declare
  sequence bigint;
begin
  for i in 1 .. cardinality(p_ids) loop
    insert into event_subjects as s (store_id, subject, last_sequence) values (p_store, p_subjects[i], 1)
    on conflict (store_id, subject) do update set last_sequence = s.last_sequence + 1
    returning s.last_sequence into sequence;
    insert into events (store_id, id, type, subject, sequence, body, request_id, api_version, created_at)
    values (p_store, p_ids[i], p_types[i], p_subjects[i], sequence, p_heads[i] || sequence || p_tails[i], p_request,
      p_version, p_times[i]);
  end loop;
end
$$
""",
}


def upgrade() -> None:
    """Create the functions; those of carts take the place of the former ones."""
    op.execute(OFFERS)
    op.execute(f"grant select on variant_offers to {APP}")
    for signature in OLD_FUNCTIONS:
        op.execute(f"drop function {signature}")
    _create(FUNCTIONS)
    _create(CHECKOUT_FUNCTIONS)


def downgrade() -> None:
    """Bring the former functions of carts back."""
    for name in CHECKOUT_FUNCTIONS:
        op.execute(f"drop function {name}")
    for signature in FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.execute("drop view variant_offers")
    _create(OLD_FUNCTIONS)


def _create(functions: Mapping[str, str]) -> None:
    for signature, definition in functions.items():
        op.execute(definition)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {APP}")
