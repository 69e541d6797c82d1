"""A search reads its own store's words alone: each word is indexed under its store.

Before, the index met the places of a word in all stores with all products of this one, and read those to the last: a
fifth of a search among 50,000 products, and more with every product. Half of a search was making its plan, each time anew.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

from migrations.policies import CURRENT_STORE

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEX = "ix_product_search_words"
SEARCH = "catalog_search(config regconfig, query text, code text, head text, prefix text)"
WITH_PREFIX = """case when prefix = '' then ''
              else websearch_to_tsquery(config, head) && (quote_literal(prefix) || ':*')::tsquery end"""


def upgrade() -> None:
    """The keys of the index begin with the end of the store's id, which is its random part."""
    # Weights and places stay in `words`, for ranks and phrases. No language has words of 500 letters.
    op.execute(
        """
        create function catalog_keys(store_id uuid, words tsvector) returns tsvector
        language sql immutable strict parallel safe set search_path = pg_catalog as $$
          select array_to_tsvector(array(
            select right(store_id::text, 12) || w.lexeme from unnest(words) w where length(w.lexeme) <= 500
          ))
        $$
        """
    )
    # In a query's text every word stands in quotes. A phrase becomes all of its words: keys have no places.
    op.execute(
        """
        create function catalog_keys(store_id uuid, words tsquery) returns tsquery
        language sql immutable strict parallel safe as $$
          select case when numnode(words) = 0 then words else regexp_replace(regexp_replace(
            words::text, '''((?:[^'']|'''')+)''', '''' || right(store_id::text, 12) || '\\1''', 'g'
          ), '<(-|\\d+)>', '&', 'g')::tsquery end
        $$
        """
    )
    for kind in ("tsvector", "tsquery"):
        op.execute(f"revoke all on function catalog_keys(uuid, {kind}) from public")
    op.execute(f"drop index {INDEX}")
    # Without fastupdate a search never has to read a pending list, so its time does not depend on imports.
    op.execute(
        f"create index {INDEX} on product_search using gin (catalog_keys(store_id, words)) with (fastupdate = off)"
    )
    # The code and the begun word are quoted as they are, whatever signs they have. A query that only excludes words
    # is met with what every product of the store has. The planner is left one way, whatever it believes of a store's
    # size, so that a plan is made once: the words by their index (the store is compared in a form that no index has).
    op.execute(
        f"""
        create or replace function {SEARCH}
        returns table (product_id uuid, rank bigint)
        language sql stable security definer rows 50
        set search_path = pg_catalog, public
        set enable_seqscan = off set max_parallel_workers_per_gather = 0 as $$
          select d.product_id, (ts_rank(d.words, q.words) * 1000000)::bigint
          from (
            select s.store_id, s.words,
              case when querytree(s.keys) in ('', 'T')
              then s.keys && quote_literal(right(s.store_id::text, 12) || 'store:' || s.store_id)::tsquery
              else s.keys end as keys
            from (
              select c.store_id,
                websearch_to_tsquery(config, query) || quote_literal(code)::tsquery || {WITH_PREFIX} as words,
                catalog_keys(c.store_id, websearch_to_tsquery(config, query))
                || quote_literal(right(c.store_id::text, 12) || code)::tsquery || case when prefix = '' then ''
                else catalog_keys(c.store_id, websearch_to_tsquery(config, head))
                  && (quote_literal(right(c.store_id::text, 12) || prefix) || ':*')::tsquery end as keys
              from (select {CURRENT_STORE} as store_id) c
            ) s
            offset 0
          ) q
          join product_search d on catalog_keys(d.store_id, d.words) @@ q.keys
            and (d.store_id = q.store_id) is true and d.words @@ q.words
        $$
        """
    )
    op.execute("analyze product_search")


def downgrade() -> None:
    """As it was."""
    op.execute(
        f"""
        create or replace function {SEARCH}
        returns table (product_id uuid, rank bigint)
        language sql stable security definer rows 50
        set search_path = pg_catalog, public set plan_cache_mode = force_custom_plan as $$
          select d.product_id, (ts_rank(d.words, q.words) * 1000000)::bigint
          from (
            select {CURRENT_STORE} as store_id,
              websearch_to_tsquery(config, query) || quote_literal(code)::tsquery || {WITH_PREFIX} as words
          ) q
          join product_search d on d.words @@ (q.words && quote_literal('store:' || q.store_id)::tsquery)
            and d.store_id = q.store_id
        $$
        """
    )
    op.execute(f"drop index {INDEX}")
    op.execute(f"create index {INDEX} on product_search using gin (words) with (fastupdate = off)")
    for kind in ("tsvector", "tsquery"):
        op.execute(f"drop function catalog_keys(uuid, {kind})")
