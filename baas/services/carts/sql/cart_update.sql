-- cart_update: changes a cart's e-mail, addresses or shipping method and returns the cart after it.
--
-- Arguments
--   p_store, p_cart   the store, and a cart of it
--   p_changes         a JSON object of the columns to change: email, shipping_address, billing_address,
--                     shipping_method_id; null as a value empties one, and what is not in the object stays
--   p_now             the moment, by the store's clock
--   p_expires         when the cart's life ends if nobody touches it again; it moves only by more than a day at once
--   p_most_lines      the largest number of lines
--   p_most_worth      the largest sum of price times quantity, in minor units
-- Returns the cart as JSON (cart_json); one that is not open as it is, unchanged; null when there is no such cart.
-- Raises BS003, BS004 (cart_checked).
create or replace function cart_update(
  p_store uuid, p_cart uuid, p_changes jsonb, p_now timestamptz, p_expires timestamptz, p_most_lines bigint,
  p_most_worth bigint
) returns text language plpgsql as $$
declare
  c carts;
begin
  -- The column of the end is indexed, and an update without it stays within its page. What is asked of the one cart
  -- stands in a CASE, which the index of carts that are due cannot answer: while nobody has counted the table, the
  -- planner takes it for the key and reads all open carts.
  update carts x set
    updated_at = p_now,
    expires_at = case when p_expires - x.expires_at > interval '1 day' then p_expires else x.expires_at end,
    email = case when p_changes ? 'email' then p_changes ->> 'email' else x.email end,
    shipping_address = case
      when p_changes ? 'shipping_address' then nullif(p_changes -> 'shipping_address', 'null')
      else x.shipping_address end,
    billing_address = case
      when p_changes ? 'billing_address' then nullif(p_changes -> 'billing_address', 'null')
      else x.billing_address end,
    shipping_method_id = case
      when p_changes ? 'shipping_method_id' then p_changes ->> 'shipping_method_id'
      else x.shipping_method_id end
  where x.store_id = p_store and x.id = p_cart
    and case when x.status = 'active' then x.expires_at > p_now else false end
  returning x.* into c;
  if not found then
    return cart_read(p_store, p_cart);
  end if;
  return cart_checked(c, null, p_most_lines, p_most_worth);
end
$$;

revoke all on function cart_update from public;
grant execute on function cart_update to baas_app;
