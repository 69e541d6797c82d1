-- cart_convert: closes a cart, for it becomes an order, and returns it.
--
-- Arguments
--   p_store, p_cart   the store, and a cart of it
--   p_order           the id of the order
--   p_now             the moment, by the store's clock
-- Returns the cart as JSON (cart_json); one that was not open as it is, unchanged; null when there is no such cart.
-- Raises nothing of its own.
create or replace function cart_convert(p_store uuid, p_cart uuid, p_order uuid, p_now timestamptz)
returns text language plpgsql as $$
declare
  c carts;
  lines json;
begin
  -- In a CASE for the reason that cart_update gives.
  update carts x set status = 'converted', order_id = p_order, updated_at = p_now
  where x.store_id = p_store and x.id = p_cart
    and case when x.status = 'active' then x.expires_at > p_now else false end
  returning x.* into c;
  if not found then
    return cart_read(p_store, p_cart);
  end if;
  select json_agg(l.line) into lines from cart_lines(p_store, p_cart) l;
  return cart_json(c, lines);
end
$$;

revoke all on function cart_convert from public;
grant execute on function cart_convert to baas_app;
