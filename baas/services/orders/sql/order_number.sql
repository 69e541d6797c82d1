-- order_number: the number of a store's next order, from 1001 upwards.
--
-- From here to the commit the store's other orders wait, so it is called as late as possible.
--
-- Arguments
--   p_store   the store
-- Returns the number. Raises nothing of its own.
create or replace function order_number(p_store uuid) returns bigint language plpgsql as $$
declare
  number bigint;
begin
  insert into order_counters as c (store_id, last_number) values (p_store, 1001)
  on conflict (store_id) do update set last_number = c.last_number + 1
  returning c.last_number into number;
  return number;
end
$$;

revoke all on function order_number from public;
grant execute on function order_number to baas_app;
