-- catalog_search: the products of the transaction's store that a text search finds.
--
-- Text search operators are not leakproof, so under row level security they lose their index: the table is closed to
-- the application's role, and this asks for the store itself (D-009). The planner is left one way, whatever it believes
-- of a store's size, so that a plan is made once: the words by their index. The store is compared in a form that no
-- index has.
--
-- Arguments
--   config   the text search configuration of the store's language
--   query    what was typed, as websearch_to_tsquery reads it
--   code     the same as one word, found as it is (a SKU), whatever signs it has
--   head     what was typed before the last word; with a prefix only
--   prefix   the last word, which was only begun; '' when all words are whole
-- Returns product_id, and rank in millionths, the best has the largest. Raises nothing of its own.
create or replace function catalog_search(config regconfig, query text, code text, head text, prefix text)
returns table (product_id uuid, rank bigint)
language sql stable security definer rows 50
set search_path = pg_catalog, public set enable_seqscan = off set max_parallel_workers_per_gather = 0 as $$
  select d.product_id, (ts_rank(d.words, q.words) * 1000000)::bigint
  from (
    -- A query that only excludes words is met with what every product of the store has.
    select s.store_id, s.words,
      case when querytree(s.keys) in ('', 'T')
      then s.keys && quote_literal(right(s.store_id::text, 12) || 'store:' || s.store_id)::tsquery
      else s.keys end as keys
    from (
      select c.store_id,
        websearch_to_tsquery(config, query) || quote_literal(code)::tsquery || case when prefix = '' then ''
          else websearch_to_tsquery(config, head) && (quote_literal(prefix) || ':*')::tsquery end as words,
        catalog_query_keys(c.store_id, websearch_to_tsquery(config, query))
        || quote_literal(right(c.store_id::text, 12) || code)::tsquery || case when prefix = '' then ''
          else catalog_query_keys(c.store_id, websearch_to_tsquery(config, head))
            && (quote_literal(right(c.store_id::text, 12) || prefix) || ':*')::tsquery end as keys
      from (select nullif(current_setting('app.store_id', true), '')::uuid as store_id) c
    ) s
    offset 0
  ) q
  join product_search d on catalog_keys(d.store_id, d.words) @@ q.keys
    and (d.store_id = q.store_id) is true and d.words @@ q.words
$$;

revoke all on function catalog_search from public;
grant execute on function catalog_search to baas_app;
