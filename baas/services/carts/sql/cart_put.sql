-- cart_put: locks a cart, adds lines and returns the cart after it.
--
-- A variant that the cart has already gets that many more.
--
-- Arguments
--   p_store, p_cart           the store, and a cart of it
--   p_items                   ids of the new lines
--   p_variants, p_quantities  for each line its variant and the number of pieces; no variant twice
--   p_prices                  for each line its price in another cart, in minor units; null takes the variant's own
--   p_currency                the store's currency, ISO 4217
--   p_now                     the moment, by the store's clock
--   p_expires                 when the cart's life ends if nobody touches it again
--   p_checked                 variants whose stock has to cover their lines
--   p_most_lines              the largest number of lines
--   p_most_worth              the largest sum of price times quantity, in minor units
-- Returns the cart as JSON (cart_json); one that is not open as it is, unchanged; null when there is no such cart.
-- Raises BS001 (cart_add_lines), BS002, BS003, BS004 (cart_checked).
create or replace function cart_put(
  p_store uuid, p_cart uuid, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_prices bigint[],
  p_currency text, p_now timestamptz, p_expires timestamptz, p_checked uuid[], p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
declare
  c carts := cart_hold(p_store, p_cart, p_now, p_expires);
  added bigint;
begin
  if c.id is null then
    return cart_read(p_store, p_cart);
  end if;
  added := cart_add_lines(p_store, p_cart, p_items, p_variants, p_quantities, p_prices, p_currency, p_now);
  return cart_checked(c, p_checked, p_most_lines, p_most_worth);
end
$$;

revoke all on function cart_put from public;
grant execute on function cart_put to baas_app;
