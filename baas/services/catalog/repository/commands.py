"""Locks and writes of the catalogue that are no rows of the ORM.

Everybody locks in one order: the tree of categories, products by their ids, their variants, and the store's own row.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.services.catalog.repository.documents import VERSION


async def lock_tree(work: StoreWork) -> None:
    """Let one transaction at a time change categories, so that two moves cannot make a cycle together."""
    await work.fetchval(
        "select pg_advisory_xact_lock(hashtextextended($1, 7237))", work.scope.key("categories")
    )


async def lock_products(work: StoreWork, product_ids: Sequence[UUID]) -> list[UUID]:
    """Lock those of these products that exist, in the order in which everybody locks them."""
    rows = await work.fetch(
        "select id from products where store_id = $1 and id = any($2::uuid[]) order by id for update",
        work.scope.store_id,
        list(product_ids),
    )
    return [row["id"] for row in rows]


class Derived(msgspec.Struct, frozen=True):
    """What is derived from a product and stored with it."""

    id: UUID
    document: bytes
    sort_name: str
    price_min: int
    price_max: int
    in_stock: bool


_STORE_DERIVED: Final = """
update products p set document = n.document, document_version = $2, sort_name = n.sort_name,
  price_min = n.price_min, price_max = n.price_max, in_stock = n.in_stock
from unnest($3::uuid[], $4::bytea[], $5::text[], $6::bigint[], $7::bigint[], $8::boolean[])
  as n(id, document, sort_name, price_min, price_max, in_stock)
where p.store_id = $1 and p.id = n.id
"""


async def store_derived(work: StoreWork, derived: Sequence[Derived]) -> None:
    """Write what is derived from products. With a document the offers of its variants are derived, by a trigger."""
    if derived:
        rows = zip(*map(msgspec.structs.astuple, derived), strict=True)
        await work.execute(_STORE_DERIVED, work.scope.store_id, VERSION, *map(list, rows))


async def index_words(work: StoreWork, words: Sequence[tuple[UUID, str, str, str, str, list[str]]]) -> None:
    """Write the search words of products: id, configuration, title, labels, body, codes."""
    await work.executemany("select catalog_index($1, $2::text::regconfig, $3, $4, $5, $6)", words)


async def name_variants(work: StoreWork, product_ids: Sequence[UUID]) -> None:
    """Name the variants of these products by their option values again."""
    await work.execute(
        """
        update variants set name = array_to_string(option_values, ' / ')
        where store_id = $1 and product_id = any($2::uuid[]) and name <> array_to_string(option_values, ' / ')
        """,
        work.scope.store_id,
        list(product_ids),
    )


_SET_AVAILABILITY: Final = """
update variants v set available = n.available, in_stock = n.in_stock
from unnest($2::uuid[], $3::bigint[], $4::boolean[]) as n(id, available, in_stock)
where v.store_id = $1 and v.id = n.id
  and (v.available is distinct from n.available or v.in_stock <> n.in_stock)
returning v.product_id
"""


async def set_availability(work: StoreWork, told: Sequence[tuple[UUID, int | None, bool]]) -> set[UUID]:
    """Note what can be bought of variants; answers the products for which that was news."""
    rows = await work.fetch(_SET_AVAILABILITY, work.scope.store_id, *map(list, zip(*told, strict=True)))
    return {row["product_id"] for row in rows}


async def raise_version(work: StoreWork) -> None:
    """Make every cached answer of this catalogue one of the past. The row is hot: only at the transaction's end."""
    await work.execute(
        "update stores set catalog_version = catalog_version + 1 where id = $1", work.scope.store_id
    )
