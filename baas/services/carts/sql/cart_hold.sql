-- cart_hold: locks a cart whose lines are going to change, until the transaction ends.
--
-- The row itself stays as it is, which costs less than writing it, until the end of its life has to move by more than
-- a day (D-074).
--
-- Arguments
--   p_store, p_cart   the store, and a cart of it
--   p_now             the moment, by the store's clock
--   p_expires         when the cart's life ends if nobody touches it again
-- Returns the cart's row when it is open; a row of nulls when there is no such cart or it is not open.
-- Raises nothing of its own.
create or replace function cart_hold(p_store uuid, p_cart uuid, p_now timestamptz, p_expires timestamptz)
returns carts language plpgsql as $$
declare
  c carts;
begin
  select x.* into c from carts x where x.store_id = p_store and x.id = p_cart for no key update;
  if c.status is distinct from 'active' or c.expires_at <= p_now then
    return null;
  end if;
  if p_expires - c.expires_at > interval '1 day' then
    update carts x set updated_at = p_now, expires_at = p_expires where x.store_id = p_store and x.id = p_cart
    returning x.* into c;
  end if;
  return c;
end
$$;

revoke all on function cart_hold from public;
grant execute on function cart_hold to baas_app;
