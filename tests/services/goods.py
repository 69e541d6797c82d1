"""Things to sell, and what the database says about them, for the tests of several services."""

import secrets
from typing import Any
from uuid import UUID

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from tests.clients import Shop


async def make_product(shop: Shop, *variants: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A product over the API; each variant needs at least a price."""
    several = len(variants) > 1
    body = {
        "name": f"Thing {secrets.token_hex(3)}",
        **({"options": [{"name": "Size"}]} if several else {}),
        "variants": [
            {**({"option_values": [f"size {number}"]} if several else {}), **variant}
            for number, variant in enumerate(variants)
        ],
        **fields,
    }
    product: dict[str, Any] = await shop.create("/admin/products", body)
    return product


async def make_former(database: Database, scope: StoreScope, *products: dict[str, Any]) -> None:
    """Let the documents of these products be as a former release left them, which knew neither the vendor of a product
    nor the barcode of a variant."""
    async with database.fast(scope) as work:
        await work.execute(
            """
            update products set document_version = document_version - 1, document =
              convert_to((convert_from(document, 'UTF8')::jsonb - 'vendor' #- '{variants,0,barcode}')::text, 'UTF8')
            where id = any($1)
            """,
            [ids.decode(Kind.PRODUCT, product["id"]) for product in products],
        )


async def make_variants(shop: Shop, *on_hand: int | None, price: int = 1_000) -> list[UUID]:
    """Variants of one product with so many pieces each (None: not tracked), sorted by id as they are made."""
    product = await make_product(
        shop, *({"price": price, **({} if pieces is None else {"on_hand": pieces})} for pieces in on_hand)
    )
    return [ids.decode(Kind.VARIANT, variant["id"]) for variant in product["variants"]]


async def levels(database: Database, scope: StoreScope) -> dict[UUID, tuple[int, int]]:
    """On hand and reserved, by variant."""
    async with database.fast(scope) as work:
        rows = await work.fetch("select variant_id, on_hand, reserved from inventory_levels")
    return {row[0]: (row[1], row[2]) for row in rows}


async def sums_of_movements(database: Database, scope: StoreScope) -> dict[UUID, tuple[int, int]]:
    """On hand and reserved, by variant, computed from every change there was."""
    async with database.fast(scope) as work:
        rows = await work.fetch(
            "select variant_id, sum(on_hand_change)::bigint, sum(reserved_change)::bigint"
            " from inventory_movements group by variant_id"
        )
    return {row[0]: (row[1], row[2]) for row in rows}


async def events(database: Database, scope: StoreScope, prefix: str) -> list[tuple[str, str]]:
    """Type and subject of the store's events whose type begins so, oldest first."""
    async with database.fast(scope) as work:
        rows = await work.fetch(
            "select type, subject from events where starts_with(type, $1) order by id", prefix
        )
    return [(row["type"], row["subject"]) for row in rows]


async def make_cart(shop: Shop, *items: tuple[str, int], **fields: Any) -> dict[str, Any]:
    """A new cart with these variants and quantities."""
    body = {"items": [{"variant_id": variant, "quantity": quantity} for variant, quantity in items], **fields}
    return await shop.create("/storefront/carts", body)
