-- first_id_of: the smallest UUIDv7 of a moment.
--
-- Arguments
--   moment   the moment, to the millisecond
-- Returns the id: whatever was made before `moment` has a smaller one. Raises nothing of its own.
create or replace function first_id_of(moment timestamptz) returns uuid
language sql immutable set search_path = pg_catalog as $$
  select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

revoke all on function first_id_of from public;
grant execute on function first_id_of to baas_relay;
