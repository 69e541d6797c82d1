-- inventory_reserve: holds stock for an order, all of it or nothing.
--
-- Arguments
--   p_store, p_order          the store, and the id of the order
--   p_variants, p_quantities  variants in rising order and without doubles, and for each the number of pieces
--   p_movements               for each variant the id of the movement that says so
--   p_until                   until when it is held
--   p_now                     the moment, by the store's clock
-- Returns the JSON text [granted, [[asked, level (inventory_level_json)], …]]: when all is granted every variant with
-- its level after it, else nothing has changed and only those that are short are there. A variant whose stock is not
-- tracked is not there at all.
-- Raises unique_violation when the order already holds or has taken one of them.
create or replace function inventory_reserve(
  p_store uuid, p_order uuid, p_variants uuid[], p_quantities bigint[], p_movements uuid[], p_until timestamptz,
  p_now timestamptz
) returns text language plpgsql as $$
declare
  granted boolean := true;
  asked bigint;
  level inventory_levels;
  lines json[] := '{}';
begin
  if cardinality(p_variants) > 1 then
    -- All or nothing: every row is locked, in the caller's order, before the first one changes.
    for i in 1 .. cardinality(p_variants) loop
      select l.* into level from inventory_levels l
      where l.store_id = p_store and l.variant_id = p_variants[i] for no key update;
      if found and level.tracked and level.policy = 'deny'
         and level.on_hand - level.reserved < p_quantities[i] then
        granted := false;
        lines := lines || json_build_array(p_quantities[i], inventory_level_json(level));
      end if;
    end loop;
    if not granted then
      return json_build_array(granted, lines)::text;
    end if;
  end if;
  for i in 1 .. cardinality(p_variants) loop
    asked := p_quantities[i];
    update inventory_levels l set reserved = l.reserved + asked, updated_at = p_now
    where l.store_id = p_store and l.variant_id = p_variants[i]
      and l.tracked and (l.policy = 'continue' or l.on_hand - l.reserved >= asked)
    returning l.* into level;
    if not found then
      select l.* into level from inventory_levels l
      where l.store_id = p_store and l.variant_id = p_variants[i] and l.tracked;
      if found then
        granted := false;
        lines := lines || json_build_array(asked, inventory_level_json(level));
      end if;
      continue;
    end if;
    insert into inventory_reservations as r
      (store_id, order_id, variant_id, quantity, status, expires_at, created_at)
    values (p_store, p_order, p_variants[i], asked, 'held', p_until, p_now)
    on conflict (store_id, order_id, variant_id) do update
      set quantity = excluded.quantity, status = 'held', expires_at = excluded.expires_at
      where r.status in ('lapsed', 'released');
    if not found then
      raise exception 'order % already holds variant %', p_order, p_variants[i] using errcode = 'unique_violation';
    end if;
    insert into inventory_movements
      (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, created_at)
    values (p_store, p_movements[i], p_variants[i], 'reserved', 0, asked, p_order, p_now);
    lines := lines || json_build_array(asked, inventory_level_json(level));
  end loop;
  return json_build_array(granted, lines)::text;
end
$$;

revoke all on function inventory_reserve from public;
grant execute on function inventory_reserve to baas_app;
