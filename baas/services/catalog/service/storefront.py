"""What storefronts read: ready documents, filtered, ordered and paged by one statement."""

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.scope import StoreScope
from baas.core.serving.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, PageOf
from baas.core.values import ids
from baas.core.values.cursors import MAX_CURSOR
from baas.core.values.ids import Kind
from baas.core.values.money import MAX_AMOUNT
from baas.core.values.text import fold
from baas.services.catalog.repository import listing
from baas.services.catalog.repository.listing import ProductFilter, SearchTerms
from baas.services.catalog.schemas.categories import CategoryNode
from baas.services.catalog.schemas.limits import MAX_IDS
from baas.services.catalog.schemas.products import Sort
from baas.services.catalog.service import presenters
from baas.services.catalog.service.derived import code_of, derived_anew, search_configuration

MAX_QUERY: Final = 200
"""Characters of a text search."""
_MAX_WORDS: Final = 12
_MAX_FIELDS: Final = 50
_SORTS: Final = frozenset(Sort)
_WORD: Final = re.compile(r"\w+")
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


class ProductQuery(msgspec.Struct, frozen=True):
    """The parameters of a product list, checked. Equal lists have equal queries, whatever the writing."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    include: str | None = None
    category: str | None = None
    q: str | None = None
    min_price: int | None = None
    max_price: int | None = None
    in_stock: bool | None = None
    tag: str | None = None
    ids: tuple[str, ...] | None = None
    sort: Sort = Sort.CREATED_DOWN

    name: str = ""
    """The list without its page: what a cursor is bound to."""


def parse_query(query_string: bytes) -> ProductQuery:
    """The query of a product list. Unknown parameters are left aside, of repeated ones the last counts.

    Read by hand: this is the most frequent request there is. Raises ValidationFailed.
    """
    given = _given(query_string.decode("latin-1"))
    text = given.get("q", "").strip()
    if len(text) > MAX_QUERY:
        raise ValidationFailed.field("q", f"at most {MAX_QUERY} characters")
    sort = given.get("sort") or (Sort.RELEVANCE if text else Sort.CREATED_DOWN)
    if sort not in _SORTS:
        raise ValidationFailed.field("sort", f"one of {', '.join(Sort)}")
    if sort == Sort.RELEVANCE and not text:
        sort = Sort.CREATED_DOWN
    wanted = tuple(dict.fromkeys(filter(None, given["ids"].split(",")))) if "ids" in given else None
    if wanted is not None and len(wanted) > MAX_IDS:
        raise ValidationFailed.field("ids", f"at most {MAX_IDS}")
    query = ProductQuery(
        limit=_integer(given, "limit", 1, MAX_LIMIT) or DEFAULT_LIMIT,
        cursor=_short(given, "cursor", MAX_CURSOR),
        include=_short(given, "include", 20),
        category=_short(given, "category", 255),
        q=text or None,
        min_price=_integer(given, "min_price", 0, MAX_AMOUNT),
        max_price=_integer(given, "max_price", 0, MAX_AMOUNT),
        in_stock=_boolean(given, "in_stock"),
        tag=_short(given, "tag", 255),
        ids=wanted,
        sort=Sort(sort),
    )
    filters = (
        query.category,
        query.q,
        query.min_price,
        query.max_price,
        query.in_stock,
        query.tag,
        query.ids,
    )
    return msgspec.structs.replace(query, name=_encode((*filters, query.sort)).decode())


def _given(query: str) -> dict[str, str]:
    """The parameters that have a value."""
    if "%" in query or "+" in query or query.count("&") >= _MAX_FIELDS:
        return dict(parse_qsl(query, keep_blank_values=False, max_num_fields=_MAX_FIELDS))
    pairs = [
        field.partition("=") for field in query.split("&")
    ]  # nothing is escaped: the same at a third of the time
    return {name: value for name, _, value in pairs if value}


def _short(given: dict[str, str], name: str, limit: int) -> str | None:
    text = given.get(name)
    if text is not None and (len(text) > limit or "\0" in text):
        raise ValidationFailed.field(name, f"at most {limit} characters, without NUL")
    return text


def _integer(given: dict[str, str], name: str, low: int, high: int) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
        return int(text)
    raise ValidationFailed.field(name, f"a whole number from {low} to {high}")


def _boolean(given: dict[str, str], name: str) -> bool | None:
    text = given.get(name, "").lower()
    if text in {"", "true", "false", "1", "0"}:
        return None if not text else text in {"true", "1"}
    raise ValidationFailed.field(name, "true or false")


def search_terms(scope: StoreScope, text: str) -> SearchTerms | None:
    """What to look for; None when the text holds no word.

    The words may be written with quotes, `or` and `-` as in a web search. In plain words the last one
    may be only begun: `mate imp` finds the Mate imperial.
    """
    folded = fold(text.replace("\0", " "))
    words = _WORD.findall(folded)[:_MAX_WORDS]
    if not words:
        return None
    plain = (
        '"' not in folded and "or" not in words and not any(part.startswith("-") for part in folded.split())
    )
    return SearchTerms(
        configuration=search_configuration(scope),
        query=folded,
        code=code_of(text) or words[0],
        head=" ".join(words[:-1]) if plain else "",
        prefix=words[-1] if plain else "",
    )


async def product_page(work: StoreWork, page: Page, query: ProductQuery) -> PageOf[bytes]:
    """A page of active products as ready JSON."""
    terms = search_terms(work.scope, query.q) if query.q is not None else None
    if query.q is not None and terms is None:
        return PageOf([], page.limit, None, 0 if page.with_total else None)
    category_id = ids.try_decode(Kind.CATEGORY, query.category) if query.category is not None else None
    found = await listing.storefront_page(
        work,
        page,
        ProductFilter(
            sort=query.sort,
            category_id=category_id,
            category_slug=query.category if category_id is None else None,
            terms=terms,
            min_price=query.min_price,
            max_price=query.max_price,
            in_stock=query.in_stock,
            tag=query.tag,
            ids=_product_ids(query.ids),
        ),
        with_levels=shows_stock(work.scope),
    )
    return PageOf(await _ready(work, found.items), found.limit, found.next_cursor, found.total)


async def product_by_ref(work: StoreWork, ref: str) -> bytes:
    """One active product as ready JSON, by id or handle. Raises NotFound."""
    shown = shows_stock(work.scope)
    row = await listing.storefront_product(
        work, handle=ref, product_id=ids.try_decode(Kind.PRODUCT, ref), with_levels=shown
    )
    ready = await _ready(work, [] if row is None else [row])
    if not ready:
        raise NotFound
    return ready[0]


async def category_tree(work: StoreWork) -> list[CategoryNode]:
    """The active categories as a tree; what lies under a hidden one is hidden too."""
    children: dict[UUID | None, list[CategoryNode]] = {}
    rows = sorted(await listing.active_categories(work), key=lambda row: (row.position, fold(row.name)))
    nodes = {row.id: presenters.category_node(row, children.setdefault(row.id, [])) for row in rows}
    for row in rows:
        children.setdefault(row.parent_id, []).append(nodes[row.id])
    return children.get(None, [])


async def category_by_slug(work: StoreWork, slug: str) -> CategoryNode:
    """One active category and what is under it. Raises NotFound."""
    waiting = await category_tree(work)
    while waiting:
        node = waiting.pop()
        if slug in {node.slug, node.id}:
            return node
        waiting = [*waiting, *node.children]
    raise NotFound


# D-023: elsewhere `available` moves only when a variant runs out or comes back.
def shows_stock(scope: StoreScope) -> bool:
    """Whether the store lets its visitors see how many pieces there are."""
    return bool(scope.store.settings.get("show_stock"))


def _product_ids(given: tuple[str, ...] | None) -> tuple[UUID, ...] | None:
    """The ids among what was given; what is no product id names no product."""
    if given is None:
        return None
    decoded = (ids.try_decode(Kind.PRODUCT, text) for text in given)
    return tuple(identity for identity in decoded if identity is not None)


async def _ready(work: StoreWork, found: Sequence[Any]) -> list[bytes]:
    """The documents of products as they are answered; those of a former shape derived anew."""
    documents: list[bytes | None] = [row["document"] for row in found]
    if not all(documents):
        # One that was deleted meanwhile has none.
        made = await derived_anew(
            work, [row["sort_id"] for row, ready in zip(found, documents, strict=True) if ready is None]
        )
        documents = [ready or made.get(row["sort_id"]) for row, ready in zip(found, documents, strict=True)]
    if shows_stock(work.scope):
        documents = [
            ready and _with_levels(ready, row["levels"] or ())
            for row, ready in zip(found, documents, strict=True)
        ]
    return [ready for ready in documents if ready is not None]


def _with_levels(document: bytes, levels: Sequence[int | None]) -> bytes:
    """The document with the pieces of each variant: only for stores that show them, so not kept ready."""
    product = _decode(document)
    for variant, available in zip(product["variants"], levels, strict=False):
        variant["available"] = available
    return _encode(product)
