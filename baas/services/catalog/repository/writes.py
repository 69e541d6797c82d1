"""Rows of the catalogue for administration, over the ORM."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from baas.core.db import StoreSession
from baas.core.errors import InvalidCursor
from baas.core.serving.paging import Page
from baas.services.catalog.models import (
    Category,
    Product,
    ProductCategory,
    ProductImage,
    ProductOption,
    Variant,
)


class Parts:
    """A product's own rows, in their order."""

    __slots__ = ("categories", "images", "options", "variants")

    def __init__(
        self,
        options: list[ProductOption],
        variants: list[Variant],
        images: list[ProductImage],
        categories: list[ProductCategory],
    ) -> None:
        self.options = options
        self.variants = variants
        self.images = images
        self.categories = categories


async def product_for_update(session: StoreSession, product_id: UUID) -> Product | None:
    """The product, its row locked."""
    query = select(Product).where(Product.id == product_id).with_for_update()
    found: Product | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def product_id_of_handle(session: StoreSession, handle: str) -> UUID | None:
    """The id of the product with this handle."""
    found: UUID | None = await session.fetchval(
        "select id from products where store_id = $1 and handle = $2", session.scope.store_id, handle
    )
    return found


async def parts(session: StoreSession, product_id: UUID) -> Parts:
    """All rows that belong to a product."""
    options = select(ProductOption).where(ProductOption.product_id == product_id)
    variants = select(Variant).where(Variant.product_id == product_id)
    images = select(ProductImage).where(ProductImage.product_id == product_id)
    categories = select(ProductCategory).where(ProductCategory.product_id == product_id)
    return Parts(
        list((await session.scalars(options.order_by(ProductOption.position))).all()),
        list((await session.scalars(variants.order_by(Variant.position, Variant.id))).all()),
        list((await session.scalars(images.order_by(ProductImage.position, ProductImage.id))).all()),
        list((await session.scalars(categories.order_by(ProductCategory.position))).all()),
    )


async def taken_handles(session: StoreSession, handles: Sequence[str]) -> set[str]:
    """Which of these handles products have."""
    return set((await session.scalars(select(Product.handle).where(Product.handle.in_(handles)))).all())


async def taken_slugs(session: StoreSession, slugs: Sequence[str]) -> set[str]:
    """Which of these slugs categories have."""
    return set((await session.scalars(select(Category.slug).where(Category.slug.in_(slugs)))).all())


async def taken_skus(session: StoreSession, skus: Sequence[str], *, except_product: UUID | None) -> set[str]:
    """Which of these SKUs variants of other products have."""
    if not skus:
        return set()
    query = select(Variant.sku).where(Variant.sku.in_(skus))
    if except_product is not None:
        query = query.where(Variant.product_id != except_product)
    return {sku for sku in (await session.scalars(query)).all() if sku is not None}


async def category(session: StoreSession, category_id: UUID) -> Category | None:
    """One category."""
    query = select(Category).where(Category.id == category_id)
    found: Category | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def category_page(session: StoreSession, page: Page) -> tuple[list[Category], int | None]:
    """One row more than the page holds, by id, and the number of all if it is asked for."""
    query = select(Category).order_by(Category.id).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(Category.id > after_id(page))
    total = await session.scalar(select(func.count()).select_from(Category)) if page.with_total else None
    return list((await session.scalars(query)).all()), total


def after_id(page: Page) -> UUID:
    """The id that a cursor over ids stands at. Raises InvalidCursor."""
    try:
        return UUID((page.after or [""])[0])
    except (TypeError, ValueError, AttributeError):
        raise InvalidCursor from None


async def categories_by_ref(
    session: StoreSession, category_ids: Sequence[UUID], slugs: Sequence[str]
) -> list[Category]:
    """The categories with one of these ids or slugs."""
    if not category_ids and not slugs:
        return []
    query = select(Category).where(Category.id.in_(category_ids) | Category.slug.in_(slugs))
    return list((await session.scalars(query)).all())


async def has_children(session: StoreSession, category_id: UUID) -> bool:
    """Whether categories lie under this one."""
    return bool(await session.scalar(select(func.count()).where(Category.parent_id == category_id)))


async def lock_tree(session: StoreSession) -> None:
    """Let one transaction at a time move categories, so that two moves cannot make a cycle together."""
    await session.fetchval(
        "select pg_advisory_xact_lock(hashtextextended($1, 7237))", session.scope.key("categories")
    )


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
