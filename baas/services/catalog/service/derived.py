"""Keeping what is derived from products true: documents and offers, prices, stock, search words, the version.

Whatever changes a product calls `refresh` and `changed`. What was derived by a former release is derived again by the
worker (`refresh_outdated`), and all of it by `baas catalog refresh` (`refresh_store`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec
import structlog

from baas.core.db import Database, StoreWork
from baas.core.scope import StoreScope
from baas.core.values.html import plain_text
from baas.core.values.text import fold
from baas.core.work.outbox import ScopeMaker
from baas.services.catalog.repository import commands, documents, queries
from baas.services.catalog.repository.commands import Derived
from baas.services.catalog.schemas.products import Product, WholeProduct
from baas.services.catalog.schemas.stock import Availability
from baas.services.catalog.service import presenters
from baas.services.catalog.stock import StockPort

_encode: Final = msgspec.json.Encoder().encode
_BATCH: Final = 200
_CONFIGURATIONS: Final = {"es": "spanish", "pt": "portuguese", "en": "english"}
_UNCOUNTED: Final = Availability(available=None, in_stock=True)
MAX_CODE: Final = 255

log = structlog.get_logger(__name__)


def search_configuration(scope: StoreScope) -> str:
    """PostgreSQL's text search configuration for the store's language."""
    return _CONFIGURATIONS.get(scope.store.locale[:2].lower(), "simple")


def code_of(text: str) -> str:
    """A SKU, barcode or handle as one search word, without what would need escaping in a query."""
    return fold(text.replace("\\", " ").replace("'", " "))[:MAX_CODE]


async def refresh(
    work: StoreWork, product_ids: Iterable[UUID], *, words: bool = True
) -> dict[UUID, WholeProduct]:
    """Make what is derived from these products true again; answers them.

    Locks the products first: two transactions that each change one variant of a product would otherwise
    each write a document without the other's change. `words=False` leaves the search words alone.
    """
    found: dict[UUID, WholeProduct] = {}
    ordered = sorted(set(product_ids))
    for start in range(0, len(ordered), _BATCH):
        batch = await commands.lock_products(work, ordered[start : start + _BATCH])
        products = await documents.whole_products(work, batch)
        await commands.store_derived(
            work, [_derived(whole, work.scope.store.currency) for whole in products.values()]
        )
        if words:
            await _index(work, products.values())
        found |= products
    return found


def _derived(whole: WholeProduct, currency: str) -> Derived:
    prices = presenters.price_range(whole)
    return Derived(
        id=whole.product.id,
        document=document(whole, currency),
        sort_name=fold(whole.product.name),
        price_min=prices.min,
        price_max=prices.max,
        in_stock=presenters.in_stock(whole),
    )


def document(whole: WholeProduct, currency: str) -> bytes:
    """The product's JSON as storefronts get it."""
    return _encode(presenters.for_storefront(whole, currency))


async def _index(work: StoreWork, products: Iterable[WholeProduct]) -> None:
    configuration = search_configuration(work.scope)
    rows = []
    for whole in products:
        words = presenters.words(whole)
        lexemes = sorted({code for code in map(code_of, words.codes) if code})
        texts = (fold(words.title), fold(words.labels), fold(plain_text(words.body)))
        rows.append((whole.product.id, configuration, *texts, lexemes))
    await commands.index_words(work, rows)


async def shown(
    work: StoreWork, stock: StockPort, products: Mapping[UUID, WholeProduct]
) -> dict[UUID, Product]:
    """Products as staff and events see them, with stock as inventory knows it now."""
    variant_ids = [variant.id for whole in products.values() for variant in whole.variants]
    levels = await stock.read(work, variant_ids) if variant_ids else {}
    currency = work.scope.store.currency
    return {identity: presenters.for_staff(whole, currency, levels) for identity, whole in products.items()}


def changed(work: StoreWork) -> None:
    """Note that the catalogue as storefronts see it is another one: no cached answer may be found again.

    The version stands in the store's own row, which every sale of the store may wait for, so it is raised once, as the
    last statement of the transaction.
    """
    work.effects.gather(_raise_version, None, last=True)


async def _raise_version(work: StoreWork, _marks: list[None]) -> None:
    await commands.raise_version(work)
    store_id = work.scope.store_id
    work.after_commit(lambda: work.signals.store_changed(store_id), once="store.changed")


# D-010: availability is kept with the variant; only what storefronts show raises the catalogue's version.
async def set_availability(work: StoreWork, told: Mapping[UUID, Availability]) -> None:
    """Note what can be bought of variants; for inventory, in the transaction that changes the stock.

    To be called when a variant begins or ceases to be in stock and, for stores that show their stock
    (`settings.show_stock`), when `available` changes. Nothing happens where it is no news.
    """
    if not told:
        return
    # Products are locked before their variants, here as in every change of the catalogue.
    products = await queries.products_of_variants(work, list(told))
    await commands.lock_products(work, products)
    rows = [(identity, state.available, state.in_stock) for identity, state in sorted(told.items())]
    news = await commands.set_availability(work, rows)
    if news:
        await refresh(work, news, words=False)
        changed(work)


async def derived_anew(work: StoreWork, product_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The documents of products whose stored ones have a former shape.

    Nothing is stored: who reads a list may not write, and the worker is about to do it. One that was deleted meanwhile
    is left out.
    """
    products = await documents.whole_products(work, product_ids)
    currency = work.scope.store.currency
    return {identity: document(whole, currency) for identity, whole in products.items()}


# ------------------------------------------------------------------------------------- made again


async def refresh_outdated(database: Database, make_scope: ScopeMaker, passed_over: set[UUID]) -> int:
    """Derive again, in one store, one batch of what a former release derived; answers how many products.

    Which store comes next is asked over all stores, the work is done in that store's scope. A store where it fails is
    logged and added to `passed_over`, so that it does not keep the others waiting.
    """
    async with database.relay(reason="catalog: find documents of a former version") as system:
        found = await documents.outdated(system, sorted(passed_over))
    if found is None:
        passed_over.clear()
        return 0
    try:
        scope = await make_scope(found.store_id, f"refresh_{found.store_id.hex}")
        async with database.fast(scope) as work:
            batch = await documents.claim_outdated(work, found.version, _BATCH)
            await refresh(work, batch)
            # What is answered stays the same, for old documents were not shown; what a search finds may change.
            changed(work)
    except Exception as error:
        log.warning("catalog.not_refreshed", store_id=str(found.store_id), error=repr(error)[:300])
        batch = []
    if not batch:
        # Somebody else has these, or they cannot be written: look at other stores first.
        passed_over.add(found.store_id)
    return max(len(batch), 1)


async def refresh_store(database: Database, scope: StoreScope, stock: StockPort) -> int:
    """Make again everything that is derived in a store's catalogue, whatever its version; answers how many products.

    That is: names of variants, what can be bought of them (from inventory), documents, offers, price ranges, sorting
    names, and search words. Each batch is a transaction of its own; it may be repeated at any time.
    """
    after, count = UUID(int=0), 0
    while True:
        async with database.fast(scope) as work:
            batch = await documents.products_after(work, after, _BATCH)
            if batch:
                await _restate(work, stock, await commands.lock_products(work, batch))
                await refresh(work, batch)
                changed(work)
        if not batch:
            return count
        after, count = batch[-1], count + len(batch)


async def _restate(work: StoreWork, stock: StockPort, product_ids: Sequence[UUID]) -> None:
    """Make again what variants have from elsewhere: their names, and from inventory what can be bought of them."""
    await commands.name_variants(work, product_ids)
    products = await documents.whole_products(work, product_ids)
    variant_ids = sorted(variant.id for whole in products.values() for variant in whole.variants)
    if not variant_ids:
        return
    levels = await stock.read(work, variant_ids)
    states = [(identity, levels.get(identity, _UNCOUNTED)) for identity in variant_ids]
    await commands.set_availability(
        work, [(identity, state.available, state.in_stock) for identity, state in states]
    )
