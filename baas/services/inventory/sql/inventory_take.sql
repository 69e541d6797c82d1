-- inventory_take: what an order holds becomes a sale.
--
-- Of a reservation that lapsed, what is still there is sold, and the rest is lacking.
--
-- Arguments
--   p_store, p_order   the store, and the order
--   p_now              the moment, by the store's clock
-- Returns for each reservation, by variant: lacking (pieces that were sold without being there), on_hand_change and
-- reserved_change (pieces, negative when they go), and the level after it.
-- Raises nothing of its own. A second call returns the same lacking pieces and changes nothing.
create or replace function inventory_take(p_store uuid, p_order uuid, p_now timestamptz)
returns table (lacking bigint, on_hand_change bigint, reserved_change bigint, level inventory_levels)
language plpgsql as $$
declare
  r inventory_reservations;
begin
  for r in
    select * from inventory_reservations x
    where x.store_id = p_store and x.order_id = p_order and x.status in ('held', 'lapsed', 'taken')
    order by x.variant_id for update
  loop
    select l.* into level from inventory_levels l
    where l.store_id = p_store and l.variant_id = r.variant_id for no key update;
    lacking := r.missing;
    on_hand_change := 0;
    reserved_change := 0;
    if r.status = 'held' then
      reserved_change := -r.quantity;
      on_hand_change := -least(level.on_hand, r.quantity);
    elsif r.status = 'lapsed' and level.tracked then
      if level.policy = 'continue' then
        on_hand_change := -least(level.on_hand, r.quantity);
      else
        on_hand_change := -least(level.on_hand - level.reserved, r.quantity);
        lacking := r.quantity + on_hand_change;
      end if;
    end if;
    if r.status <> 'taken' then
      update inventory_reservations x set status = 'taken', missing = lacking
      where x.store_id = p_store and x.order_id = p_order and x.variant_id = r.variant_id;
    end if;
    if on_hand_change <> 0 or reserved_change <> 0 then
      update inventory_levels l
      set on_hand = l.on_hand + on_hand_change, reserved = l.reserved + reserved_change, updated_at = p_now
      where l.store_id = p_store and l.variant_id = r.variant_id
      returning l.* into level;
      insert into inventory_movements
        (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, created_at)
      values (p_store, inventory_movement_id(), r.variant_id, 'sold', on_hand_change, reserved_change, p_order, p_now);
    end if;
    return next;
  end loop;
end
$$;

revoke all on function inventory_take from public;
grant execute on function inventory_take to baas_app;
