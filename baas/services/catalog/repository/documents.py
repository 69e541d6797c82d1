"""Whole products, and what is derived from them and stored: a product's document, a variant's offer.

`products.document` is what storefronts are answered. `variants.offer` is what carts and orders are, derived by a
trigger wherever a document is written. Both have the shape that the structs had when they were written.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork, SystemConnection
from baas.core.db.rows import columns
from baas.services.catalog.schemas.categories import CategoryRefRow
from baas.services.catalog.schemas.images import ImageRow
from baas.services.catalog.schemas.products import OptionRow, ProductRow, WholeProduct
from baas.services.catalog.schemas.stock import Sellable
from baas.services.catalog.schemas.variants import VariantRow

VERSION: Final = 1
"""The version of what is derived from products (D-086). Raise it when anything of it changes: the struct of a document or of an
offer, what a field means, the function that derives offers, the words of the search. Documents of a lower version are
not shown but derived anew, and the worker writes them again, with offers and words (`service.derived`)."""
SHAPE: Final = "611b4206ceebe4d7"
"""The digest of the structs that VERSION stands for; a test compares it and says what to write here."""

_WHOLE: Final = f"""
select json_build_array(
  json_build_array({columns(ProductRow, "p")}),
  coalesce((
    select json_agg(json_build_array({columns(OptionRow, "o")}) order by o.position)
    from product_options o where o.store_id = p.store_id and o.product_id = p.id), '[]'),
  coalesce((
    select json_agg(json_build_array({columns(ImageRow, "i")}) order by i.position, i.id)
    from product_images i where i.store_id = p.store_id and i.product_id = p.id), '[]'),
  coalesce((
    select json_agg(json_build_array({columns(VariantRow, "v")}) order by v.position, v.id)
    from variants v where v.store_id = p.store_id and v.product_id = p.id), '[]'),
  coalesce((
    select json_agg(json_build_array({columns(CategoryRefRow, "c")}) order by pc.position, c.id)
    from product_categories pc join categories c on c.store_id = pc.store_id and c.id = pc.category_id
    where pc.store_id = p.store_id and pc.product_id = p.id), '[]')
)::text
from products p where p.store_id = $1 and p.id = any($2::uuid[])
"""
_whole: Final = msgspec.json.Decoder(WholeProduct).decode


async def whole_products(work: StoreWork, product_ids: Sequence[UUID]) -> dict[UUID, WholeProduct]:
    """The products that exist of these ids, with all their parts; one statement whatever their number."""
    rows = await work.fetch(_WHOLE, work.scope.store_id, list(product_ids))
    found = [_whole(row[0]) for row in rows]
    return {whole.product.id: whole for whole in found}


_SELLABLE: Final = "select offer::text from variants where store_id = $1 and id = any($2::uuid[])"
_sellable: Final = msgspec.json.Decoder(Sellable).decode


async def sellable(work: StoreWork, variant_ids: Sequence[UUID]) -> dict[UUID, Sellable]:
    """The offers of variants; those that do not exist are left out."""
    rows = await work.fetch(_SELLABLE, work.scope.store_id, list(variant_ids))
    found = [_sellable(row["offer"]) for row in rows]
    return {offer.variant_id: offer for offer in found}


class Outdated(msgspec.Struct, frozen=True):
    """A store with documents of a former version."""

    store_id: UUID
    version: int


async def outdated(system: SystemConnection, passed_over: Sequence[UUID]) -> Outdated | None:
    """Some store that has documents of a former version, the oldest first; None when there is none but those named."""
    row = await system.fetchrow(
        "select store_id, document_version from products"
        " where document_version < $1 and store_id <> all($2::uuid[]) order by document_version, store_id limit 1",
        VERSION,
        list(passed_over),
    )
    return None if row is None else Outdated(*row)


async def claim_outdated(work: StoreWork, version: int, limit: int) -> list[UUID]:
    """Lock some of the store's products whose document has this version, passing over those that somebody else locked."""
    rows = await work.fetch(
        "select id from products where store_id = $1 and document_version = $2 limit $3 for update skip locked",
        work.scope.store_id,
        version,
        limit,
    )
    return [row["id"] for row in rows]


async def products_after(work: StoreWork, after: UUID, limit: int) -> list[UUID]:
    """The next products of the store by id."""
    rows = await work.fetch(
        "select id from products where store_id = $1 and id > $2 order by id limit $3",
        work.scope.store_id,
        after,
        limit,
    )
    return [row["id"] for row in rows]
