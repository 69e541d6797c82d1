-- cart_create: makes a cart with its first lines.
--
-- Arguments
--   p_store, p_cart           the store, and the id of the new cart
--   p_email                   the customer's address; null when it is not known
--   p_items                   ids of the lines
--   p_variants, p_quantities  for each line its variant and the number of pieces; no variant twice
--   p_currency                the store's currency, ISO 4217
--   p_now                     the moment, by the store's clock
--   p_expires                 when the cart's life ends if nobody touches it again
--   p_most_lines              the largest number of lines
--   p_most_worth              the largest sum of price times quantity, in minor units
-- Returns the cart as JSON (cart_json); null without lines, for then the caller knows all of it.
-- Raises BS001 (cart_add_lines), BS002, BS003, BS004 (cart_checked).
create or replace function cart_create(
  p_store uuid, p_cart uuid, p_email text, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_currency text,
  p_now timestamptz, p_expires timestamptz, p_most_lines bigint, p_most_worth bigint
) returns text language plpgsql as $$
declare
  c carts;
  added bigint;
begin
  insert into carts as x (store_id, id, status, email, expires_at, created_at, updated_at)
  values (p_store, p_cart, 'active', p_email, p_expires, p_now, p_now)
  returning x.* into c;
  if cardinality(p_items) = 0 then
    return null;
  end if;
  added := cart_add_lines(p_store, p_cart, p_items, p_variants, p_quantities, null, p_currency, p_now);
  return cart_checked(c, p_variants, p_most_lines, p_most_worth);
end
$$;

revoke all on function cart_create from public;
grant execute on function cart_create to baas_app;
