"""Pages of products: keyset paging over one index for each sort, SQL made for the filters that are given.

Generic plans are in force, so an absent filter is absent from the text and not a `$1 is null or …`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from baas.core.db import StoreWork
from baas.core.db.rows import columns
from baas.core.errors import InvalidCursor
from baas.core.serving.paging import Page, PageOf
from baas.services.catalog.repository.documents import VERSION
from baas.services.catalog.schemas.categories import CategoryRow
from baas.services.catalog.schemas.products import ProductStatus, Sort


class SearchTerms(msgspec.Struct, frozen=True):
    """What a text search looks for, made ready for `catalog_search`."""

    configuration: str
    query: str
    code: str
    """The whole text as a SKU or barcode; never empty."""
    head: str
    """The words before the last one."""
    prefix: str
    """The last word, that may be only begun; empty when the text is not of that kind."""


class ProductFilter(msgspec.Struct, frozen=True):
    """Which active products a storefront asks for, and in which order."""

    sort: Sort
    category_id: UUID | None = None
    category_slug: str | None = None
    terms: SearchTerms | None = None
    min_price: int | None = None
    max_price: int | None = None
    in_stock: bool | None = None
    tag: str | None = None
    ids: tuple[UUID, ...] | None = None


class _Order(msgspec.Struct, frozen=True):
    column: str
    type: str
    direction: str
    read: Callable[[Any], Any]


_ORDERS: Final = {
    Sort.RELEVANCE: _Order("s.rank", "bigint", "desc", int),
    Sort.PRICE: _Order("p.price_min", "bigint", "asc", int),
    Sort.PRICE_DOWN: _Order("p.price_min", "bigint", "desc", int),
    Sort.CREATED: _Order("p.created_at", "timestamptz", "asc", datetime.fromisoformat),
    Sort.CREATED_DOWN: _Order("p.created_at", "timestamptz", "desc", datetime.fromisoformat),
    Sort.NAME: _Order("p.sort_name", "text", "asc", str),
}

_SUBTREE: Final = """exists (
  select 1 from product_categories pc where pc.store_id = p.store_id and pc.product_id = p.id and pc.category_id in (
    with recursive tree (id) as (
      select c.id from categories c where c.store_id = $1 and c.{key} and c.is_active
      union all
      select c.id from categories c join tree on c.store_id = $1 and c.parent_id = tree.id and c.is_active
    ) select id from tree))"""


# A document of a former shape is not shown: whoever finds none derives it anew.
_DOCUMENT: Final = f"case when p.document_version >= {VERSION} then p.document end as document"
_LEVELS: Final = """, (
  select json_agg(v.available order by v.position, v.id)
  from variants v where v.store_id = p.store_id and v.product_id = p.id) as levels"""
_TREE: Final = f"select {columns(CategoryRow)} from categories where store_id = $1 and is_active order by id"


class _Statement:
    """SQL under construction: conditions and their arguments."""

    def __init__(self, store_id: UUID) -> None:
        self.args: list[Any] = [store_id]
        self.source = "products p"
        self.where = ["p.store_id = $1"]
        self.searches = False

    def bind(self, value: Any) -> str:
        self.args.append(value)
        return f"${len(self.args)}"

    # D-009, D-066: by a function with its own rights over words that the app cannot read, indexed under their store.
    def search(self, terms: SearchTerms) -> None:
        names = [
            self.bind(value)
            for value in (terms.configuration, terms.query, terms.code, terms.head, terms.prefix)
        ]
        self.searches = True
        # The function's few rows come first; each then finds its product by key. The OFFSET holds the planner to
        # that: for a store of the usual size, reading all of its products once looks cheaper.
        self.source = (
            f"catalog_search({names[0]}::text::regconfig, {', '.join(names[1:])}) s "
            "cross join lateral (select * from products where store_id = $1 and id = s.product_id offset 0) p"
        )

    def text(self, columns: str) -> str:
        return f"select {columns} from {self.source} where {' and '.join(self.where)}"


async def storefront_page(
    work: StoreWork, page: Page, wanted: ProductFilter, *, with_levels: bool
) -> PageOf[asyncpg.Record]:
    """A page of active products: `document`, ready JSON, or null when its shape is a former one; `sort_id`, the product;
    and with `with_levels`, `levels`: the `available` of its variants in their order."""
    statement = _Statement(work.scope.store_id)
    _filter(statement, wanted)
    columns = f"{_DOCUMENT}{_LEVELS if with_levels else ''}"
    return await _page(work, page, statement, _ORDERS[wanted.sort], columns)


async def storefront_product(
    work: StoreWork, *, handle: str, product_id: UUID | None, with_levels: bool
) -> asyncpg.Record | None:
    """One active product by its id or handle, with the columns of `storefront_page`."""
    key, value = ("handle", handle) if product_id is None else ("id", product_id)
    rows = await work.fetch_alone(
        f"select {_DOCUMENT}{_LEVELS if with_levels else ''}, p.id as sort_id"
        f" from products p where p.store_id = $1 and p.{key} = $2 and p.status = 'active' limit 1",
        work.scope.store_id,
        value,
    )
    return rows[0] if rows else None


async def active_categories(work: StoreWork) -> list[CategoryRow]:
    """Every category that storefronts may see, those under a hidden one not taken out yet."""
    return [CategoryRow(*row) for row in await work.fetch(_TREE, work.scope.store_id)]


async def admin_page(
    work: StoreWork, page: Page, *, status: ProductStatus | None, terms: SearchTerms | None
) -> PageOf[UUID]:
    """A page of product ids, the newest first."""
    statement = _Statement(work.scope.store_id)
    if terms is not None:
        statement.search(terms)
    if status is not None:
        statement.where.append(f"p.status = {statement.bind(status.value)}")
    found = await _page(work, page, statement, _ORDERS[Sort.CREATED_DOWN], "p.id as product_id")
    return found.map(lambda row: row["product_id"])


async def _page(
    work: StoreWork, page: Page, statement: _Statement, order: _Order, columns: str
) -> PageOf[asyncpg.Record]:
    total = None
    if page.with_total:
        total = await work.fetchval(statement.text("count(*)"), *statement.args)
    if page.after is not None:
        value, identity = _position(order, page.after)
        sign = ">" if order.direction == "asc" else "<"
        statement.where.append(
            f"({order.column}, p.id) {sign} ({statement.bind(value)}::{order.type}, {statement.bind(identity)}::uuid)"
        )
    sql = (
        f"{statement.text(f'{columns}, {order.column} as sort_value, p.id as sort_id')} "
        f"order by {order.column} {order.direction}, p.id {order.direction} limit {statement.bind(page.limit + 1)}"
    )
    # A search is a function that reads the setting itself, and could run before it is made.
    fetch = work.fetch if statement.searches or page.with_total else work.fetch_alone
    return page.cut(await fetch(sql, *statement.args), _key, total=total)


def _filter(statement: _Statement, wanted: ProductFilter) -> None:
    where, bind = statement.where, statement.bind
    if wanted.terms is not None:
        statement.search(wanted.terms)
    where.append("p.status = 'active'")
    if wanted.category_id is not None:
        where.append(_SUBTREE.format(key=f"id = {bind(wanted.category_id)}"))
    elif wanted.category_slug is not None:
        where.append(_SUBTREE.format(key=f"slug = {bind(wanted.category_slug)}"))
    if wanted.min_price is not None:
        where.append(f"p.price_min >= {bind(wanted.min_price)}")
    if wanted.max_price is not None:
        where.append(f"p.price_min <= {bind(wanted.max_price)}")
    if wanted.in_stock is not None:
        where.append("p.in_stock" if wanted.in_stock else "not p.in_stock")
    if wanted.tag is not None:
        where.append(f"{bind(wanted.tag)} = any(p.tags)")
    if wanted.ids is not None:
        where.append(f"p.id = any({bind(list(wanted.ids))}::uuid[])")


def _key(row: asyncpg.Record) -> Sequence[Any]:
    value = row["sort_value"]
    return [value.isoformat() if isinstance(value, datetime) else value, str(row["sort_id"])]


def _position(order: _Order, after: Sequence[Any]) -> tuple[Any, UUID]:
    try:
        value, identity = after
        return order.read(value), UUID(identity)
    except (TypeError, ValueError, AttributeError):
        # Signed by us, but for a list of another order.
        raise InvalidCursor from None
