-- catalog_index: writes what product search knows of a product of the transaction's store.
--
-- The table is closed to the application's role; this and catalog_search are its doors (D-009). The store is the
-- transaction's own and no argument.
--
-- Arguments
--   product   the product
--   config    the text search configuration of the store's language
--   title     text of weight A
--   labels    text of weight B
--   body      text of weight D
--   codes     words that are found as they are, such as SKUs
-- Returns nothing. Raises foreign_key_violation for a product that the store does not have.
create or replace function catalog_index(
  product uuid, config regconfig, title text, labels text, body text, codes text[]
) returns void language sql security definer set search_path = pg_catalog, public as $$
  insert into product_search (store_id, product_id, words)
  select store_id, product,
    setweight(to_tsvector(config, title), 'A') || setweight(to_tsvector(config, labels), 'B')
    || setweight(to_tsvector(config, body), 'D') || array_to_tsvector(codes || ('store:' || store_id))
  from (select nullif(current_setting('app.store_id', true), '')::uuid as store_id) s
  on conflict (store_id, product_id) do update set words = excluded.words
$$;

revoke all on function catalog_index from public;
grant execute on function catalog_index to baas_app;
