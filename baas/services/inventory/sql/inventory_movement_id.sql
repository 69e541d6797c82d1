-- inventory_movement_id: a new UUIDv7, for a movement that is written by a function of the database.
--
-- Returns the id: 48 bits of milliseconds, the version, and the random end of a UUIDv4. Raises nothing of its own.
create or replace function inventory_movement_id() returns uuid language sql volatile as $$
  select (
    lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
    || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14)
  )::uuid
$$;

revoke all on function inventory_movement_id from public;
grant execute on function inventory_movement_id to baas_app;
