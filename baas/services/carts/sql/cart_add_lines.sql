-- cart_add_lines: puts lines into a cart that this transaction has made or locked.
--
-- A variant that the cart has already gets that many more, and the price and the currency given here.
--
-- Arguments
--   p_store, p_cart           the store, and a cart of it
--   p_items                   ids of the new lines
--   p_variants, p_quantities  for each line its variant and the number of pieces; no variant twice
--   p_prices                  for each line the price of a piece in minor units that it has in another cart; null, for a
--                             line or for all, takes the variant's own price of this moment and asks whether it is sold
--   p_currency                the store's currency, ISO 4217
--   p_now                     the moment, by the store's clock
-- Returns the number of lines.
-- Raises BS001, with the variant's id as the detail, for a variant that is not for sale;
-- check_violation of ck_cart_items_quantity for more pieces than a line may have.
create or replace function cart_add_lines(
  p_store uuid, p_cart uuid, p_items uuid[], p_variants uuid[], p_quantities bigint[], p_prices bigint[],
  p_currency text, p_now timestamptz
) returns bigint language plpgsql as $$
declare
  added bigint;
begin
  insert into cart_items as i (store_id, id, cart_id, variant_id, quantity, unit_price, currency, added_at)
  select p_store, d.id, p_cart, d.variant_id, d.quantity, coalesce(d.unit_price, v.price), p_currency, p_now
  from unnest(p_items, p_variants, p_quantities, p_prices) as d(id, variant_id, quantity, unit_price)
  cross join lateral (
    select x.price from variants x
    where x.store_id = p_store and x.id = d.variant_id
      and (d.unit_price is not null or (x.offer ->> 12)::boolean) offset 0
  ) v
  on conflict (store_id, cart_id, variant_id) do update set
    quantity = i.quantity + excluded.quantity, unit_price = excluded.unit_price, currency = excluded.currency;
  get diagnostics added = row_count;
  if added < cardinality(p_variants) then
    raise exception 'not for sale' using errcode = 'BS001', detail = (
      select d.id from unnest(p_variants) as d(id) where not exists (
        select from variants x where x.store_id = p_store and x.id = d.id and (x.offer ->> 12)::boolean
      ) limit 1
    );
  end if;
  return added;
end
$$;

revoke all on function cart_add_lines from public;
grant execute on function cart_add_lines to baas_app;
