"""Many products, fast: one is made through the API and copied by COPY, its ready document with it."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from baas.core.values import ids
from baas.core.values.ids import Kind
from benchmarks.deployment import Deployment, Store

SAMPLE = {
    "name": "Mate imperial",
    "description": "<p>Calabaza forrada en cuero vaqueta con virola de alpaca cincelada a mano. Incluye bombilla.</p>",
    "vendor": "Casa Mate",
    "product_type": "Mates",
    "tags": ["mate", "cuero", "artesanal"],
    "status": "active",
    "options": [{"name": "Color", "values": ["Negro", "Marron"]}],
    "images": [{"url": "https://images.example/mate-imperial.jpg", "alt": "Mate imperial"}],
    "variants": [
        {"price": 1_850_000, "sku": "MATE-N", "option_values": ["Negro"], "on_hand": 1_000_000},
        {"price": 1_950_000, "sku": "MATE-M", "option_values": ["Marron"], "on_hand": 1_000_000},
    ],
}
_TABLES = ("products", "product_options", "product_images", "variants", "inventory_levels")
_HITS = 50
"""Products that the benchmark's search finds, whatever the size of the store."""
SEARCH_WORD = "ceramica"


def fill(deployment: Deployment, stores: list[Store], each: int, *, searchable: bool = False) -> None:
    """Give each store so many products; notes ids of some of them in the stores."""
    asyncio.run(_fill(deployment, stores, each, searchable))


async def _fill(deployment: Deployment, stores: list[Store], each: int, searchable: bool) -> None:
    connection = await asyncpg.connect(deployment.admin_url)
    try:
        for store in stores:
            body = {**SAMPLE, "handle": "sample"}
            sample = deployment.call("POST", "/admin/products", key=store.secret_key, body=body, expect=201)
            await _copy(connection, store, ids.decode(Kind.PRODUCT, sample["id"]), each)
        if searchable:
            await _index_words(connection, stores)
        await connection.execute("update stores set catalog_version = catalog_version + 1")
        await connection.execute(f"vacuum analyze {', '.join(_TABLES)}, product_search")
        # Now, and not while something is measured: a disk that writes this down makes every commit wait.
        await connection.execute("checkpoint")
    finally:
        await connection.close()


async def _copy(connection: Any, store: Store, sample: UUID, each: int) -> None:
    store_id = ids.decode(Kind.STORE, store.id)
    rows = {table: await _rows_of(connection, table, store_id, sample) for table in _TABLES}
    document = rows["products"][0]["document"]
    parts = [row["id"] for table in ("product_options", "product_images", "variants") for row in rows[table]]
    kinds = {row["id"]: Kind.IMAGE for row in rows["product_images"]}
    kinds |= {row["id"]: Kind.VARIANT for row in rows["variants"]}
    made: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
    for number in range(each):
        new = {sample: ids.new_id(), **{part: ids.new_id() for part in parts}}
        own = document.replace(
            ids.encode(Kind.PRODUCT, sample).encode(), ids.encode(Kind.PRODUCT, new[sample]).encode()
        )
        for part, kind in kinds.items():
            own = own.replace(ids.encode(kind, part).encode(), ids.encode(kind, new[part]).encode())
        own = own.replace(b'"sample"', b'"product-%d"' % number)
        changed = {"document": own, "handle": f"product-{number}"}
        if number % max(each // _HITS, 1) == 0:
            changed["name"] = f"Mate de {SEARCH_WORD} {number}"
        for table in _TABLES:
            for row in rows[table]:
                values = {
                    name: new.get(value, value) if isinstance(value, UUID) else value
                    for name, value in row.items()
                }
                if table == "products":
                    values |= changed
                elif table == "variants":
                    values["sku"] = f"{row['sku']}-{number}"
                    offer = msgspec.json.decode(row["offer"])
                    name = changed.get("name", offer[2])
                    offer[:5] = [new[row["id"]], new[sample], name, offer[3], values["sku"]]
                    values["offer"] = msgspec.json.encode(offer).decode()
                made[table].append(tuple(values.values()))
        if number < 1000:
            # Enough that a benchmark of what is not cached never asks for the same one twice.
            store.product_ids.append(ids.encode(Kind.PRODUCT, new[sample]))
        if number < 200:
            store.variant_ids += [ids.encode(Kind.VARIANT, new[row["id"]]) for row in rows["variants"]]
    for table in _TABLES:
        columns = list(rows[table][0].keys())
        await connection.copy_records_to_table(table, records=made[table], columns=columns)


async def _rows_of(connection: Any, table: str, store_id: UUID, product: UUID) -> list[Any]:
    where = {
        "products": "t.id = $2",
        "inventory_levels": "t.variant_id in (select id from variants where store_id = $1 and product_id = $2)",
    }.get(table, "t.product_id = $2")
    return await connection.fetch(
        f"select t.* from {table} t where t.store_id = $1 and {where}", store_id, product
    )


async def _index_words(connection: Any, stores: list[Store]) -> None:
    """The search words of products that were copied; the index is made anew, which is faster than filling it."""
    definition = await connection.fetchval("select pg_get_indexdef('ix_product_search_words'::regclass)")
    await connection.execute("drop index ix_product_search_words")
    for store in stores:
        await connection.execute(
            """
            insert into product_search (store_id, product_id, words)
            select store_id, id, setweight(to_tsvector('spanish', name), 'A')
              || setweight(to_tsvector('spanish', vendor || ' ' || product_type), 'B')
              || setweight(to_tsvector('spanish', description), 'D')
              || array_to_tsvector(array[handle, 'store:' || store_id])
            from products where store_id = $1
            on conflict (store_id, product_id) do update set words = excluded.words
            """,
            ids.decode(Kind.STORE, store.id),
        )
    await connection.execute(definition)


def execute(deployment: Deployment, sql: str, *arguments: Any) -> None:
    """A statement, as the superuser."""

    async def ask() -> None:
        connection = await asyncpg.connect(deployment.admin_url)
        try:
            await connection.execute(sql, *arguments)
        finally:
            await connection.close()

    asyncio.run(ask())


def count(deployment: Deployment, sql: str, *arguments: Any) -> int:
    """A number from the database, as the superuser."""

    async def ask() -> int:
        connection = await asyncpg.connect(deployment.admin_url)
        try:
            return int(await connection.fetchval(sql, *arguments))
        finally:
            await connection.close()

    return asyncio.run(ask())
