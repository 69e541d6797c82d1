-- catalog_query_keys: a query for words as a query for the keys of catalog_keys.
--
-- Arguments
--   store_id   the store that is searched
--   words      the query. In its text every word stands in quotes
-- Returns the query for keys; of a phrase all of its words, because keys have no places. Raises nothing of its own.
create or replace function catalog_query_keys(store_id uuid, words tsquery) returns tsquery
language sql immutable strict parallel safe as $$
  select case when numnode(words) = 0 then words else regexp_replace(regexp_replace(
    words::text, '''((?:[^'']|'''')+)''', '''' || right(store_id::text, 12) || '\1''', 'g'
  ), '<(-|\d+)>', '&', 'g')::tsquery end
$$;

revoke all on function catalog_query_keys from public;
