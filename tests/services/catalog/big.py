"""Many products at once, written as the application's role in one statement, for tests of plans and of time."""

from typing import Final

import asyncpg

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.services.catalog.repository.documents import VERSION

_FILL: Final = f"""
insert into products (store_id, id, name, handle, description, status, vendor, product_type, tags, seo_title,
  seo_description, metadata, sort_name, price_min, price_max, in_stock, document, document_version, created_at, updated_at)
select $1, gen_random_uuid(), 'Producto ' || n, 'producto-' || n, '', 'active', '', '',
  case when n % 50 = 0 then array['raro'] else '{{}}'::text[] end, '', '', '{{}}',
  'producto ' || lpad((n * 7919 % $2)::text, 8, '0'), (n * 31 % 9973) * 100, (n * 31 % 9973) * 100, n % 10 <> 0,
  convert_to('{{"name":"Producto ' || n || '","text":"' || repeat('x', 1500) || '"}}', 'UTF8'), {VERSION},
  now() - n * interval '1 second', now()
from generate_series(1, $2::bigint) n
"""
_INDEX: Final = """
select count(*) from (
  select catalog_index(id, 'spanish', 'producto ' || case when n % greatest($2 / 50, 1) = 0 then ' aguja' else '' end
    || ' palabra' || n % 500, 'marca', '', array[handle])
  from (select id, handle, row_number() over (order by id) as n from products where store_id = $1) p offset 0
) done
"""


async def fill(database: Database, scope: StoreScope, count: int) -> None:
    """So many products; 50 of them hold the word `aguja`, one in fifty has the tag `raro`."""
    async with database.fast(scope) as work:
        await work.execute(_FILL, scope.store_id, count)
        await work.fetchval(_INDEX, scope.store_id, count)


async def analyze(admin_url: str, database_name: str) -> None:
    """Let the planner know what there is, as autovacuum does in a running shop."""
    connection = await asyncpg.connect(admin_url, database=database_name)
    try:
        await connection.execute("vacuum analyze products")
        await connection.execute("vacuum analyze product_search")
        await connection.execute("vacuum analyze product_categories")
    finally:
        await connection.close()
