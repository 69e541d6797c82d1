-- maintain_partitions: makes the coming months of a partitioned table and drops those past their retention.
--
-- Partitions belong to the owner, and the worker is not the owner: it may ask for exactly this (D-008). It reads no
-- row of a store, so it looks at no store.
--
-- Arguments
--   parent   the partitioned table, one of those named below
--   keep     how long its rows are kept
-- Returns the number of partitions that were made or dropped.
-- Raises raise_exception (P0001) for another table.
create or replace function maintain_partitions(parent text, keep interval) returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  month timestamptz := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
  following timestamptz;
  name text;
  old record;
  changed integer := 0;
begin
  if parent not in ('events', 'audit_log', 'webhook_attempts', 'notification_attempts') then
    raise exception 'not a partitioned table of ours: %', parent;
  end if;
  for step in 0..2 loop
    following := (month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    name := parent || '_' || to_char(month at time zone 'UTC', 'YYYYMM');
    if to_regclass('public.' || name) is null then
      begin
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                       name, parent, first_id_of(month), first_id_of(following));
        changed := changed + 1;
      exception when check_violation then
        -- A row that came before its month had a partition lies in the default one, and PostgreSQL makes no
        -- partition beside it. That must not stand in the way of the months to come; such rows go one by one below.
        null;
      end;
    end if;
    month := following;
  end loop;
  for old in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = ('public.' || parent)::regclass and c.relname ~ ('^' || parent || '_[0-9]{6}$')
      and to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' < now() - keep
  loop
    execute format('drop table public.%I', old.relname);
    changed := changed + 1;
  end loop;
  execute format('delete from public.%I where id < %L', parent || '_default', first_id_of(now() - keep));
  return changed;
end
$$;

revoke all on function maintain_partitions from public;
grant execute on function maintain_partitions to baas_relay;
