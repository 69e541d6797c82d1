-- cart_set: locks a cart, sets the quantity of one line and returns the cart after it.
--
-- Arguments
--   p_store, p_cart   the store, and a cart of it
--   p_item            the line
--   p_quantity        the number of pieces; 0 removes the line
--   p_now             the moment, by the store's clock
--   p_expires         when the cart's life ends if nobody touches it again
--   p_most_lines      the largest number of lines
--   p_most_worth      the largest sum of price times quantity, in minor units
-- Returns the cart as JSON (cart_json); one that is not open as it is, unchanged; null when there is no such cart.
-- Raises BS005 when the cart has no such line; BS002, BS003, BS004 (cart_checked);
-- check_violation of ck_cart_items_quantity for more pieces than a line may have.
create or replace function cart_set(
  p_store uuid, p_cart uuid, p_item uuid, p_quantity bigint, p_now timestamptz, p_expires timestamptz,
  p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
declare
  c carts := cart_hold(p_store, p_cart, p_now, p_expires);
  checked uuid[];
begin
  if c.id is null then
    return cart_read(p_store, p_cart);
  end if;
  if p_quantity = 0 then
    delete from cart_items i where i.store_id = p_store and i.cart_id = p_cart and i.id = p_item;
  else
    update cart_items i set quantity = p_quantity
    where i.store_id = p_store and i.cart_id = p_cart and i.id = p_item
    returning array[i.variant_id] into checked;
  end if;
  if not found then
    raise exception 'no such line' using errcode = 'BS005';
  end if;
  return cart_checked(c, checked, p_most_lines, p_most_worth);
end
$$;

revoke all on function cart_set from public;
grant execute on function cart_set to baas_app;
