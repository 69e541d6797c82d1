-- cart_lines: the lines of a cart, each with what is known of its variant and its stock at this moment.
--
-- The planner puts this query into those that call it, so it costs as much as its text in their place. It stays
-- possible as long as this is one SELECT in a stable SQL function without SET and without its owner's rights.
--
-- Arguments
--   p_store, p_cart   the store, and a cart of it
-- Returns a row for each line, in no order
--   line              the line as JSON, in the order of the Python struct ItemRow: id, variant, quantity, unit price in
--                     minor units, currency, the variant's offer (catalog_derive_offers), [available, limited]
--   variant_id, quantity
--   price             the variant's own price of this moment, in minor units of the store's currency
--   is_active         whether the variant's product is for sale
--   available         pieces that can still be promised; null when the stock is not tracked
--   limited           whether no more than `available` may be sold
-- Raises nothing of its own.
create or replace function cart_lines(p_store uuid, p_cart uuid)
returns table (
  line json, variant_id uuid, quantity bigint, price bigint, is_active boolean, available bigint, limited boolean
)
language sql stable as $$
  select
    json_build_array(
      i.id, i.variant_id, i.quantity, i.unit_price, i.currency, v.offer,
      json_build_array(l.available, coalesce(l.limited, false))
    ),
    i.variant_id, i.quantity, v.price, (v.offer ->> 12)::boolean, l.available, coalesce(l.limited, false)
  from cart_items i
  -- OFFSET 0: one look-up for each variant, however large a store the planner has in mind.
  cross join lateral (
    select x.price, x.offer from variants x where x.store_id = p_store and x.id = i.variant_id offset 0
  ) v
  left join lateral (
    select case when x.tracked then greatest(x.on_hand - x.reserved, 0) end as available,
      x.tracked and x.policy = 'deny' as limited
    from inventory_levels x where x.store_id = p_store and x.variant_id = i.variant_id offset 0
  ) l on true
  where i.store_id = p_store and i.cart_id = p_cart
$$;

revoke all on function cart_lines from public;
grant execute on function cart_lines to baas_app;
