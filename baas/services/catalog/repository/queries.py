"""What is read of the catalogue to change it: its rows over the ORM, and what is already taken."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from baas.core.db import StoreSession, StoreWork
from baas.core.errors import InvalidCursor
from baas.core.serving.paging import Page
from baas.services.catalog import models


class Parts:
    """A product's own rows, in their order."""

    __slots__ = ("categories", "images", "options", "variants")

    def __init__(
        self,
        options: Sequence[models.ProductOption] = (),
        variants: Sequence[models.Variant] = (),
        images: Sequence[models.ProductImage] = (),
        categories: Sequence[models.ProductCategory] = (),
    ) -> None:
        self.options = list(options)
        self.variants = list(variants)
        self.images = list(images)
        self.categories = list(categories)


async def product_for_update(session: StoreSession, product_id: UUID) -> models.Product | None:
    """The product, its row locked."""
    query = select(models.Product).where(models.Product.id == product_id).with_for_update()
    found: models.Product | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def product_id_of_handle(session: StoreSession, handle: str) -> UUID | None:
    """The id of the product with this handle."""
    found: UUID | None = await session.fetchval(
        "select id from products where store_id = $1 and handle = $2", session.scope.store_id, handle
    )
    return found


async def parts(session: StoreSession, product_id: UUID) -> Parts:
    """All rows that belong to a product."""
    options = select(models.ProductOption).where(models.ProductOption.product_id == product_id)
    variants = select(models.Variant).where(models.Variant.product_id == product_id)
    images = select(models.ProductImage).where(models.ProductImage.product_id == product_id)
    categories = select(models.ProductCategory).where(models.ProductCategory.product_id == product_id)
    return Parts(
        (await session.scalars(options.order_by(models.ProductOption.position))).all(),
        (await session.scalars(variants.order_by(models.Variant.position, models.Variant.id))).all(),
        (await session.scalars(images.order_by(models.ProductImage.position, models.ProductImage.id))).all(),
        (await session.scalars(categories.order_by(models.ProductCategory.position))).all(),
    )


async def taken_handles(session: StoreSession, handles: Sequence[str]) -> set[str]:
    """Which of these handles products have."""
    return set(
        (await session.scalars(select(models.Product.handle).where(models.Product.handle.in_(handles)))).all()
    )


async def taken_slugs(session: StoreSession, slugs: Sequence[str]) -> set[str]:
    """Which of these slugs categories have."""
    return set(
        (await session.scalars(select(models.Category.slug).where(models.Category.slug.in_(slugs)))).all()
    )


async def taken_skus(session: StoreSession, skus: Sequence[str], *, except_product: UUID | None) -> set[str]:
    """Which of these SKUs variants of other products have."""
    if not skus:
        return set()
    query = select(models.Variant.sku).where(models.Variant.sku.in_(skus))
    if except_product is not None:
        query = query.where(models.Variant.product_id != except_product)
    return {sku for sku in (await session.scalars(query)).all() if sku is not None}


async def category(session: StoreSession, category_id: UUID) -> models.Category | None:
    """One category."""
    query = select(models.Category).where(models.Category.id == category_id)
    found: models.Category | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def category_page(session: StoreSession, page: Page) -> tuple[list[models.Category], int | None]:
    """One row more than the page holds, by id, and the number of all if it is asked for."""
    query = select(models.Category).order_by(models.Category.id).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(models.Category.id > after_id(page))
    total = (
        await session.scalar(select(func.count()).select_from(models.Category)) if page.with_total else None
    )
    return list((await session.scalars(query)).all()), total


def after_id(page: Page) -> UUID:
    """The id that a cursor over ids stands at. Raises InvalidCursor."""
    try:
        return UUID((page.after or [""])[0])
    except (TypeError, ValueError, AttributeError):
        raise InvalidCursor from None


async def categories_by_ref(
    session: StoreSession, category_ids: Sequence[UUID], slugs: Sequence[str]
) -> list[models.Category]:
    """The categories with one of these ids or slugs."""
    if not category_ids and not slugs:
        return []
    query = select(models.Category).where(
        models.Category.id.in_(category_ids) | models.Category.slug.in_(slugs)
    )
    return list((await session.scalars(query)).all())


async def has_children(session: StoreSession, category_id: UUID) -> bool:
    """Whether categories lie under this one."""
    return bool(await session.scalar(select(func.count()).where(models.Category.parent_id == category_id)))


async def path_to_root(session: StoreSession, category_id: UUID) -> list[UUID]:
    """The category and those above it, the root last."""
    rows = await session.fetch(
        """
        with recursive path (id, parent_id, step) as (
          select id, parent_id, 1 from categories where store_id = $1 and id = $2
          union all
          select c.id, c.parent_id, path.step + 1 from categories c join path on c.id = path.parent_id
          where c.store_id = $1 and path.step < 100
        )
        select id from path order by step
        """,
        session.scope.store_id,
        category_id,
    )
    return [row["id"] for row in rows]


async def height(session: StoreSession, category_id: UUID) -> int:
    """How many levels the category and those below it have."""
    levels: int = await session.fetchval(
        """
        with recursive below (id, level) as (
          select $2::uuid, 1
          union all
          select c.id, below.level + 1 from categories c join below on c.parent_id = below.id
          where c.store_id = $1 and below.level < 100
        )
        select max(level) from below
        """,
        session.scope.store_id,
        category_id,
    )
    return levels


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


async def count_products(work: StoreWork) -> int:
    """How many products the store has."""
    count: int = await work.fetchval("select count(*) from products where store_id = $1", work.scope.store_id)
    return count
