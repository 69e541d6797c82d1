"""In which order a change of the catalogue locks: products by their ids, and the store's own row at the very end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values.ids import Kind, decode
from baas.services.catalog import service
from baas.services.catalog.schemas.categories import CategoryPatch, CreateCategory
from baas.services.catalog.schemas.images import ImageInput, ImagePatch
from baas.services.catalog.schemas.products import CreateProduct, ProductPatch
from baas.services.catalog.schemas.stock import Availability
from baas.services.catalog.schemas.variants import VariantInput, VariantPatch
from baas.services.inventory import service as inventory
from baas.services.inventory.schemas import SetLevel
from baas.worker import Worker
from tests.clients import Shop
from tests.running import eventually
from tests.services.goods import make_product


async def in_category(shop: Shop, count: int) -> tuple[UUID, list[dict[str, Any]]]:
    """A category with so many products of one piece each, in the order of their ids."""
    made = await shop.create("/admin/categories", {"name": "Mate"})
    products = [
        await make_product(shop, {"price": 100, "on_hand": 1}, categories=[made["id"]]) for _ in range(count)
    ]
    return decode(Kind.CATEGORY, made["id"]), products


async def test_a_sale_goes_on_while_a_category_is_renamed(
    shop: Shop, database: Database, worker: Worker
) -> None:
    """The rename waits for a product; until then it holds nothing that a sale of another product needs.

    Before, it held the store's row while it waited for the products, and a sale, which locks its product first, held
    what it waited for: a deadlock.
    """
    category_id, products = await in_category(shop, 2)
    scope = await shop.scope(worker)
    first, second = (decode(Kind.VARIANT, product["variants"][0]["id"]) for product in products)

    async def rename() -> None:
        async with database.store(scope) as session:
            await service.update_category(session, category_id, CategoryPatch(name="Yerba"))

    async def sell(variant: UUID) -> None:
        async with database.fast(scope) as work:
            await inventory.set_level(work, variant, SetLevel(on_hand=0))

    async with database.fast(scope) as holder:
        await holder.execute(
            "select from products where id = $1 for update", decode(Kind.PRODUCT, products[0]["id"])
        )
        renaming = asyncio.create_task(rename())
        await eventually(lambda: waits_for(database, scope, renaming))
        await asyncio.wait_for(sell(second), 5)
        assert not renaming.done()
    await asyncio.wait_for(renaming, 5)
    await sell(first)
    listed = await shop.listed("/storefront/products")
    assert [(p["in_stock"], p["categories"][0]["name"]) for p in listed] == [(False, "Yerba")] * 2


async def test_renames_and_sales_at_once_end_without_a_deadlock(
    shop: Shop, database: Database, worker: Worker
) -> None:
    """Twenty of each, over real connections, and nobody is told to try again."""
    category_id, products = await in_category(shop, 6)
    scope = await shop.scope(worker)
    variants = [decode(Kind.VARIANT, product["variants"][0]["id"]) for product in products]

    async def rename(number: int) -> None:
        async with database.store(scope) as session:
            await service.update_category(session, category_id, CategoryPatch(name=f"Mate {number}"))

    async def sell(number: int) -> None:
        for variant in variants[number % 6 :] + variants[: number % 6]:
            async with database.fast(scope) as work:
                await inventory.set_level(work, variant, SetLevel(on_hand=number % 2))

    await asyncio.gather(*(one(number) for number in range(12) for one in (rename, sell)))


async def waits_for(database: Database, scope: StoreScope, task: asyncio.Task[None]) -> bool:
    """Whether a transaction of this test waits for a lock; what the task raised, if it ended."""
    if task.done():
        task.result()
    async with database.fast(scope) as work:
        waiting: bool = await work.fetchval(
            "select exists (select from pg_locks where not granted and pid <> pg_backend_pid())"
        )
    return waiting


Verb = Callable[[Any, dict[str, Any], UUID], Awaitable[Any]]
STOCK = inventory.CatalogStock()
VARIANT = VariantInput(price=5, option_values=["M"])
SENT = CreateProduct(name="Other", variants=[VariantInput(price=1)])


def product_of(made: dict[str, Any]) -> UUID:
    return decode(Kind.PRODUCT, made["id"])


def first(made: dict[str, Any], part: str, kind: Kind) -> UUID:
    return decode(kind, made[part][0]["id"])


ORM_VERBS: dict[str, Verb] = {
    "create_product": lambda s, made, category: service.create_product(s, STOCK, SENT),
    "update_product": lambda s, made, category: service.update_product(
        s, STOCK, product_of(made), ProductPatch(name="New")
    ),
    "delete_product": lambda s, made, category: service.delete_product(s, STOCK, product_of(made)),
    "create_variant": lambda s, made, category: service.create_variant(s, STOCK, product_of(made), VARIANT),
    "update_variant": lambda s, made, category: service.update_variant(
        s, STOCK, product_of(made), first(made, "variants", Kind.VARIANT), VariantPatch(price=9)
    ),
    "delete_variant": lambda s, made, category: service.delete_variant(
        s, STOCK, product_of(made), first(made, "variants", Kind.VARIANT)
    ),
    "create_image": lambda s, made, category: service.create_image(
        s, STOCK, product_of(made), ImageInput(url="/b.svg")
    ),
    "update_image": lambda s, made, category: service.update_image(
        s, STOCK, product_of(made), first(made, "images", Kind.IMAGE), ImagePatch(alt="A")
    ),
    "delete_image": lambda s, made, category: service.delete_image(
        s, STOCK, product_of(made), first(made, "images", Kind.IMAGE)
    ),
    "create_category": lambda s, made, category: service.create_category(s, CreateCategory(name="Ropa")),
    "update_category": lambda s, made, category: service.update_category(
        s, category, CategoryPatch(name="Ropa")
    ),
    "delete_category": lambda s, made, category: service.delete_category(s, category),
}
FAST_VERBS: dict[str, Verb] = {
    "set_availability": lambda w, made, category: service.set_availability(
        w, {first(made, "variants", Kind.VARIANT): Availability(0, in_stock=False)}
    ),
    "set_level": lambda w, made, category: inventory.set_level(
        w, first(made, "variants", Kind.VARIANT), SetLevel(on_hand=0)
    ),
}


@pytest.mark.parametrize("name", [*ORM_VERBS, *FAST_VERBS])
async def test_the_stores_row_is_written_last(
    shop: Shop, database: Database, worker: Worker, name: str
) -> None:
    """Once, and after every other statement of the transaction, whatever the verb."""
    category = await shop.create("/admin/categories", {"name": "Mate"})
    made = await make_product(
        shop,
        {"price": 1, "on_hand": 1, "option_values": ["S"]},
        {"price": 2, "option_values": ["L"]},
        categories=[category["id"]],
        images=[{"url": "/a.svg"}],
    )
    verb = (ORM_VERBS | FAST_VERBS)[name]
    opened: Any = database.store if name in ORM_VERBS else database.fast
    sent: list[str] = []

    def note(query: Any) -> None:
        sent.append(query.query)

    async with opened(await shop.scope(worker)) as work:
        connection = await work._driver() if name in ORM_VERBS else work._connection
        connection.add_query_logger(note)
        await verb(work, made, decode(Kind.CATEGORY, category["id"]))
    await asyncio.sleep(0)  # the driver tells of a statement a turn later
    connection.remove_query_logger(note)
    hot = [number for number, sql in enumerate(sent) if "update stores" in sql]
    assert len(hot) == 1
    assert [sql.strip(";").lower() for sql in sent[hot[0] + 1 :]] == ["commit"]
