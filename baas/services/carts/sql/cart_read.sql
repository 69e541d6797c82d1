-- cart_read: a cart with its lines.
--
-- Arguments
--   p_store, p_cart   the store, and a cart of it
-- Returns the cart as JSON (cart_json); null when there is no such cart. Raises nothing of its own.
create or replace function cart_read(p_store uuid, p_cart uuid) returns text language plpgsql stable as $$
declare
  c carts;
  lines json;
begin
  select x.* into c from carts x where x.store_id = p_store and x.id = p_cart;
  if not found then
    return null;
  end if;
  select json_agg(l.line) into lines from cart_lines(p_store, p_cart) l;
  return cart_json(c, lines);
end
$$;

revoke all on function cart_read from public;
grant execute on function cart_read to baas_app;
