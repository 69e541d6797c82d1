-- order_place: writes a new order with its lines and its first transitions.
--
-- Arguments, each named after the column that it fills; amounts in minor units of p_currency
--   p_store, p_order, p_number   the store, the order's id and its number (order_number)
--   p_status … p_placed_at       columns of orders. p_placed_at is the moment, by the store's clock
--   p_item_…                     columns of order_items, an array each, one element for each line in the order shown
--   p_step_id, p_step_from, p_step_to   for each transition its id and the statuses before (null for the first) and
--                                after it
--   p_actor_kind, p_actor_id, p_request   who placed it, and by which request
-- Returns nothing, so that it can be sent with what follows (D-071). Raises nothing of its own.
create or replace function order_place(
  p_store uuid, p_order uuid, p_number bigint,
  p_status text, p_payment_status text, p_currency text, p_subtotal bigint, p_discount_total bigint,
  p_shipping_total bigint, p_tax_total bigint, p_total bigint, p_prices_include_tax boolean, p_email text,
  p_customer_id uuid, p_cart_id uuid, p_shipping_address jsonb, p_billing_address jsonb, p_note text, p_reference text,
  p_metadata jsonb, p_source text, p_paid_outside boolean, p_holds_stock boolean, p_is_digital boolean,
  p_access_token_hash bytea, p_due_at timestamptz, p_expires_at timestamptz, p_placed_at timestamptz,
  p_item_id uuid[], p_item_variant_id uuid[], p_item_product_id uuid[], p_item_product_name text[],
  p_item_variant_name text[], p_item_sku text[], p_item_image_url text[], p_item_quantity bigint[],
  p_item_unit_price bigint[], p_item_total bigint[], p_item_discount bigint[], p_item_tax bigint[],
  p_item_requires_shipping boolean[],
  p_step_id uuid[], p_step_from text[], p_step_to text[], p_actor_kind text, p_actor_id text, p_request text
) returns void language plpgsql as $$
begin
  insert into orders (
    store_id, id, number, updated_at, status, payment_status, currency, subtotal, discount_total, shipping_total,
    tax_total, total, prices_include_tax, email, customer_id, cart_id, shipping_address, billing_address, note,
    reference, metadata, source, paid_outside, holds_stock, is_digital, access_token_hash, due_at, expires_at, placed_at
  ) values (
    p_store, p_order, p_number, p_placed_at, p_status, p_payment_status, p_currency, p_subtotal, p_discount_total,
    p_shipping_total, p_tax_total, p_total, p_prices_include_tax, p_email, p_customer_id, p_cart_id,
    p_shipping_address, p_billing_address, p_note, p_reference, p_metadata, p_source, p_paid_outside, p_holds_stock,
    p_is_digital, p_access_token_hash, p_due_at, p_expires_at, p_placed_at
  );
  for i in 1 .. cardinality(p_item_id) loop
    insert into order_items (
      store_id, order_id, position, id, variant_id, product_id, product_name, variant_name, sku, image_url, quantity,
      unit_price, total, discount, tax, requires_shipping
    ) values (
      p_store, p_order, i, p_item_id[i], p_item_variant_id[i], p_item_product_id[i], p_item_product_name[i],
      p_item_variant_name[i], p_item_sku[i], p_item_image_url[i], p_item_quantity[i], p_item_unit_price[i],
      p_item_total[i], p_item_discount[i], p_item_tax[i], p_item_requires_shipping[i]
    );
  end loop;
  insert into order_transitions
    (store_id, id, order_id, from_status, to_status, actor_kind, actor_id, request_id, created_at)
  select p_store, unnest(p_step_id), p_order, unnest(p_step_from), unnest(p_step_to), p_actor_kind, p_actor_id,
    p_request, p_placed_at;
end
$$;

revoke all on function order_place from public;
grant execute on function order_place to baas_app;
