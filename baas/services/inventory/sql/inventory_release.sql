-- inventory_release: gives back what an order holds.
--
-- Arguments
--   p_store, p_order   the store, and the order
--   p_status           what becomes of the reservations: released or lapsed; also the reason of the movements
--   p_now              the moment, by the store's clock
--   p_due_only         whether only those are given back whose time is over
-- Returns for each reservation, by variant, given_back (pieces) and the level after it.
-- Raises nothing of its own. A second call finds nothing and changes nothing.
create or replace function inventory_release(
  p_store uuid, p_order uuid, p_status text, p_now timestamptz, p_due_only boolean
) returns table (given_back bigint, level inventory_levels) language plpgsql as $$
declare
  r inventory_reservations;
begin
  for r in
    select * from inventory_reservations x
    where x.store_id = p_store and x.order_id = p_order and x.status = 'held'
      and (not p_due_only or x.expires_at <= p_now)
    order by x.variant_id for update
  loop
    update inventory_reservations x set status = p_status
    where x.store_id = p_store and x.order_id = p_order and x.variant_id = r.variant_id;
    update inventory_levels l set reserved = l.reserved - r.quantity, updated_at = p_now
    where l.store_id = p_store and l.variant_id = r.variant_id
    returning l.* into level;
    insert into inventory_movements
      (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, created_at)
    values (p_store, inventory_movement_id(), r.variant_id, p_status, 0, -r.quantity, p_order, p_now);
    given_back := r.quantity;
    return next;
  end loop;
end
$$;

revoke all on function inventory_release from public;
grant execute on function inventory_release to baas_app;
