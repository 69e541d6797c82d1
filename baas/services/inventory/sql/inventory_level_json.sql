-- inventory_level_json: a level as a JSON array, in the order of the Python struct LevelRow.
--
-- Arguments
--   level   the row of the level
-- Returns the array. Raises nothing of its own.
create or replace function inventory_level_json(level inventory_levels) returns json language sql stable as $$
  select json_build_array(
    level.variant_id, level.on_hand, level.reserved, level.policy, level.tracked, level.low_stock_at, level.updated_at
  )
$$;

revoke all on function inventory_level_json from public;
grant execute on function inventory_level_json to baas_app;
