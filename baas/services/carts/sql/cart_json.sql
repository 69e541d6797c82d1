-- cart_json: a cart and its lines as one JSON text, in the order of the Python struct CartRow.
--
-- Arguments
--   c       the cart's row
--   lines   a JSON array of `line` of cart_lines; null when the cart has none
-- Returns the text. Raises nothing of its own.
create or replace function cart_json(c carts, lines json) returns text language sql stable as $$
  select json_build_array(
    c.id, c.status, c.customer_id, c.email, c.shipping_address, c.billing_address, c.shipping_method_id, c.order_id,
    c.merged_into, c.expires_at, coalesce(lines, '[]')
  )::text
$$;

revoke all on function cart_json from public;
grant execute on function cart_json to baas_app;
