-- catalog_keys: the keys by which the index of product search finds a product.
--
-- Each word stands under its store: the key begins with the last 12 digits of the store's id, which are random. So a
-- search reads what its own store has (D-066). No language has words of 500 letters; longer ones are left out, for an
-- index cannot hold them.
--
-- before the revisions: the index ix_product_search_words is made with it. A change of what it returns needs another
-- name and another index, for what the index holds was computed by this text.
--
-- Arguments
--   store_id   the product's store
--   words      the product's words, with weights and places
-- Returns the keys, without weights and places. Raises nothing of its own.
create or replace function catalog_keys(store_id uuid, words tsvector) returns tsvector
language sql immutable strict parallel safe set search_path = pg_catalog as $$
  select array_to_tsvector(array(
    select right(store_id::text, 12) || w.lexeme from unnest(words) w where length(w.lexeme) <= 500
  ))
$$;

revoke all on function catalog_keys from public;
