"""Products as they are answered, and what is derived from them and stored: documents and search words."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET

from baas.core.db import StoreWork
from baas.core.values.ids import Kind, encode
from baas.services.catalog.schemas import (
    Availability,
    CategoryRef,
    ImageView,
    OptionView,
    PriceRange,
    Product,
    ProductStatus,
    Sellable,
    SeoView,
    VariantKind,
    VariantView,
)

_VIEW: Final = """
select p.id, p.handle, p.name, p.description, p.status, p.vendor, p.product_type, p.tags, p.metadata,
  p.seo_title, p.seo_description, p.created_at, p.updated_at,
  coalesce((
    select json_agg(json_build_array(o.name, o.values) order by o.position)
    from product_options o where o.store_id = p.store_id and o.product_id = p.id), '[]') as options,
  coalesce((
    select json_agg(json_build_array(i.id, i.url, i.alt, i.position) order by i.position, i.id)
    from product_images i where i.store_id = p.store_id and i.product_id = p.id), '[]') as images,
  coalesce((
    select json_agg(json_build_array(v.id, v.name, v.sku, v.barcode, v.option_values, v.price,
      v.compare_at_price, v.weight_grams, v.requires_shipping, v.taxable, v.kind, v.position, v.image_id,
      v.available, v.in_stock) order by v.position, v.id)
    from variants v where v.store_id = p.store_id and v.product_id = p.id), '[]') as variants,
  coalesce((
    select json_agg(json_build_array(c.id, c.slug, c.name, c.is_active) order by pc.position, c.id)
    from product_categories pc join categories c on c.store_id = pc.store_id and c.id = pc.category_id
    where pc.store_id = p.store_id and pc.product_id = p.id), '[]') as categories
from products p where p.store_id = $1 and p.id = any($2::uuid[])
"""


class View:
    """One product with all its parts, as one statement read it."""

    __slots__ = ("_row", "currency", "id", "variant_ids")

    def __init__(self, row: asyncpg.Record, currency: str) -> None:
        self._row = row
        self.currency = currency
        self.id: UUID = row["id"]
        self.variant_ids = [UUID(variant[0]) for variant in row["variants"]]

    @property
    def prices(self) -> PriceRange:
        """The cheapest and the dearest variant; both zero while there is none."""
        prices = [variant[5] for variant in self._row["variants"]] or [0]
        return PriceRange(min=min(prices), max=max(prices))

    @property
    def in_stock(self) -> bool:
        """Whether any variant can be bought, by the variants' own columns."""
        return any(variant[14] for variant in self._row["variants"])

    def admin(self, stock: dict[UUID, Availability]) -> Product:
        """As staff and events see it, with stock as `stock` knows it."""
        return self._product(_variants(self._row["variants"], stock, shown=True), storefront=False)

    def storefront(self) -> Product:
        """As storefronts see it. `available` is left to those who know whether the store shows it."""
        return self._product(_variants(self._row["variants"], {}, shown=False), storefront=True)

    def search_words(self) -> tuple[str, str, list[str]]:
        """Title, labels and codes that a search finds it by (the description is asked for apart)."""
        row = self._row
        labels = [row["vendor"], row["product_type"], *row["tags"]]
        labels += [value for option in row["options"] for value in option[1]]
        labels += [category[2] for category in row["categories"]]
        codes = [code for variant in row["variants"] for code in (variant[2], variant[3]) if code]
        return row["name"], " . ".join(label for label in labels if label), [*codes, row["handle"]]

    @property
    def description(self) -> str:
        """The description, HTML."""
        description: str = self._row["description"]
        return description

    def _product(self, variants: list[VariantView], *, storefront: bool) -> Product:
        row = self._row
        shown_by: dict[str, list[str]] = {}
        for variant in row["variants"]:
            if variant[12] is not None:
                shown_by.setdefault(variant[12], []).append(encode(Kind.VARIANT, UUID(variant[0])))
        return Product(
            id=encode(Kind.PRODUCT, self.id),
            handle=row["handle"],
            name=row["name"],
            description=row["description"],
            status=ProductStatus(row["status"]),
            vendor=row["vendor"],
            product_type=row["product_type"],
            tags=row["tags"],
            options=[OptionView(*option) for option in row["options"]],
            variants=variants,
            images=[
                ImageView(
                    encode(Kind.IMAGE, UUID(image[0])),
                    image[1],
                    image[2],
                    image[3],
                    shown_by.get(image[0], []),
                )
                for image in row["images"]
            ],
            price_range=self.prices,
            currency=self.currency,
            categories=[
                CategoryRef(encode(Kind.CATEGORY, UUID(identity)), slug, name)
                for identity, slug, name, is_active in row["categories"]
                if is_active or not storefront
            ],
            seo=SeoView(row["seo_title"], row["seo_description"]),
            in_stock=any(variant.in_stock for variant in variants),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            metadata=UNSET if storefront else row["metadata"],
        )


def _variants(rows: list[list[Any]], stock: dict[UUID, Availability], *, shown: bool) -> list[VariantView]:
    variants = []
    for row in rows:
        identity = UUID(row[0])
        known = stock.get(identity) or Availability(row[13], row[14])
        variants.append(
            VariantView(
                id=encode(Kind.VARIANT, identity),
                name=row[1],
                sku=row[2],
                barcode=row[3],
                option_values=row[4],
                price=row[5],
                compare_at_price=row[6],
                weight_grams=row[7],
                requires_shipping=row[8],
                taxable=row[9],
                kind=VariantKind(row[10]),
                position=row[11],
                image_id=encode(Kind.IMAGE, UUID(row[12])) if row[12] is not None else None,
                available=known.available if shown else None,
                in_stock=known.in_stock,
            )
        )
    return variants


async def views(work: StoreWork, product_ids: Sequence[UUID]) -> dict[UUID, View]:
    """The products that exist of these ids; one statement whatever their number."""
    scope = work.scope
    rows = await work.fetch(_VIEW, scope.store_id, list(product_ids))
    return {row["id"]: View(row, scope.store.currency) for row in rows}


async def lock_products(work: StoreWork, product_ids: Sequence[UUID]) -> list[UUID]:
    """Lock those of these products that exist, in the order in which everybody locks them."""
    rows = await work.fetch(
        "select id from products where store_id = $1 and id = any($2::uuid[]) order by id for update",
        work.scope.store_id,
        list(product_ids),
    )
    return [row["id"] for row in rows]


_STORE_DERIVED: Final = """
update products p set document = n.document, price_min = n.price_min, price_max = n.price_max, in_stock = n.in_stock
from unnest($2::uuid[], $3::bytea[], $4::bigint[], $5::bigint[], $6::boolean[])
  as n(id, document, price_min, price_max, in_stock)
where p.store_id = $1 and p.id = n.id
"""


async def store_derived(work: StoreWork, derived: Sequence[tuple[UUID, bytes, int, int, bool]]) -> None:
    """Write what is derived from products: document, price range, stock. With a document the offers of its variants are
    derived, by a trigger (migration 0019)."""
    if derived:
        await work.execute(_STORE_DERIVED, work.scope.store_id, *map(list, zip(*derived, strict=True)))


async def index_words(work: StoreWork, words: Sequence[tuple[UUID, str, str, str, str, list[str]]]) -> None:
    """Write the search words of products: id, configuration, title, labels, body, codes."""
    await work.executemany("select catalog_index($1, $2::text::regconfig, $3, $4, $5, $6)", words)


async def products_of_variants(work: StoreWork, variant_ids: Sequence[UUID]) -> list[UUID]:
    """The products that these variants belong to."""
    rows = await work.fetch(
        "select distinct product_id from variants where store_id = $1 and id = any($2::uuid[])",
        work.scope.store_id,
        list(variant_ids),
    )
    return [row["product_id"] for row in rows]


async def products_of_category(work: StoreWork, category_id: UUID) -> list[UUID]:
    """The products that are in a category itself."""
    rows = await work.fetch(
        "select product_id from product_categories where store_id = $1 and category_id = $2 order by product_id",
        work.scope.store_id,
        category_id,
    )
    return [row["product_id"] for row in rows]


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


_SELLABLE: Final = "select offer::text from variants where store_id = $1 and id = any($2::uuid[])"
_sellable: Final = msgspec.json.Decoder(Sellable).decode


async def sellable(work: StoreWork, variant_ids: Sequence[UUID]) -> dict[UUID, Sellable]:
    """What carts and orders need to know of variants; those that do not exist are left out."""
    rows = await work.fetch(_SELLABLE, work.scope.store_id, list(variant_ids))
    found = [_sellable(row["offer"]) for row in rows]
    return {offer.variant_id: offer for offer in found}


async def raise_version(work: StoreWork) -> None:
    """Make every cached answer of this catalogue one of the past. The row is hot: only at the transaction's end."""
    await work.execute(
        "update stores set catalog_version = catalog_version + 1 where id = $1", work.scope.store_id
    )


async def count_products(work: StoreWork) -> int:
    """How many products the store has."""
    count: int = await work.fetchval("select count(*) from products where store_id = $1", work.scope.store_id)
    return count
