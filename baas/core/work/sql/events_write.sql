-- events_write: numbers the events of a transaction, writes them into the log and leaves them to the relay.
--
-- It is the last statement of its transaction (D-049): the rows that number the subjects are locked here, in the order
-- of the subjects, until the commit.
--
-- Arguments
--   p_store           the store
--   p_request         the id of the request that caused them
--   p_version         the version of the public shapes in their bodies
--   p_ids, p_types    for each event its id (UUIDv7) and its type, such as order.paid
--   p_subjects        for each event the public id of what it is about, in rising order; those of one subject in the
--                     order in which they happened
--   p_heads, p_tails  for each event its body, JSON, before and after the number of its sequence
--   p_times           for each event the moment it happened, by the store's clock
-- Returns nothing. Raises nothing of its own.
create or replace function events_write(
  p_store uuid, p_request text, p_version text, p_ids uuid[], p_types text[], p_subjects text[], p_heads text[],
  p_tails text[], p_times timestamptz[]
) returns void language plpgsql as $$
declare
  first integer := 1;
  run integer;
  last bigint;
  sequences bigint[] := '{}';
  floor bigint;
begin
  -- A subject that is not counted yet, or not any more, goes on after it (D-053).
  select f.sequence into floor from event_floors f where f.store_id = p_store;
  -- Each subject is counted on once, by as many events as it has.
  while first <= cardinality(p_ids) loop
    run := 1;
    while p_subjects[first + run] = p_subjects[first] loop
      run := run + 1;
    end loop;
    insert into event_subjects as s (store_id, subject, last_sequence) values (p_store, p_subjects[first], coalesce(floor, 0) + run)
    on conflict (store_id, subject) do update set last_sequence = s.last_sequence + run
    returning s.last_sequence into last;
    for sequence in last - run + 1 .. last loop
      sequences := sequences || sequence::bigint;
    end loop;
    first := first + run;
  end loop;
  insert into events (store_id, id, type, subject, sequence, body, request_id, api_version, created_at)
  select p_store, e.id, e.type, e.subject, e.sequence, e.head || e.sequence || e.tail, p_request, p_version, e.moment
  from (
    select unnest(p_ids) as id, unnest(p_types) as type, unnest(p_subjects) as subject, unnest(sequences) as sequence,
      unnest(p_heads) as head, unnest(p_tails) as tail, unnest(p_times) as moment
  ) e;
  insert into event_outbox (store_id, subject, sequence, id, type, created_at)
  select p_store, unnest(p_subjects), unnest(sequences), unnest(p_ids), unnest(p_types), unnest(p_times);
end
$$;

revoke all on function events_write from public;
grant execute on function events_write to baas_app;
