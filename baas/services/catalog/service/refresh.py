"""Keeping what is derived from products true: documents, prices, stock, search words, the version."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.scope import StoreScope
from baas.core.values.html import plain_text
from baas.core.values.text import fold
from baas.services.catalog import stock
from baas.services.catalog.repository import views as repository
from baas.services.catalog.repository.views import View
from baas.services.catalog.schemas import Availability, Product

_encode: Final = msgspec.json.Encoder().encode
_BATCH: Final = 200
_CONFIGURATIONS: Final = {"es": "spanish", "pt": "portuguese", "en": "english"}
MAX_CODE: Final = 255


def search_configuration(scope: StoreScope) -> str:
    """PostgreSQL's text search configuration for the store's language."""
    return _CONFIGURATIONS.get(scope.store.locale[:2].lower(), "simple")


def code_of(text: str) -> str:
    """A SKU, barcode or handle as one search word, without what would need escaping in a query."""
    return fold(text.replace("\\", " ").replace("'", " "))[:MAX_CODE]


async def refresh(work: StoreWork, product_ids: Sequence[UUID], *, words: bool = True) -> dict[UUID, View]:
    """Make what is derived from these products true again; answers them.

    Locks the products first: two transactions that each change one variant of a product would otherwise
    each write a document without the other's change. `words=False` leaves the search words alone.
    """
    found: dict[UUID, View] = {}
    ordered = sorted(set(product_ids))
    for start in range(0, len(ordered), _BATCH):
        batch = await repository.lock_products(work, ordered[start : start + _BATCH])
        views = await repository.views(work, batch)
        derived = []
        for view in views.values():
            prices = view.prices
            derived.append((view.id, _encode(view.storefront()), prices.min, prices.max, view.in_stock))
        await repository.store_derived(work, derived)
        if words:
            await _index(work, views)
        found |= views
    return found


async def _index(work: StoreWork, views: Mapping[UUID, View]) -> None:
    configuration = search_configuration(work.scope)
    rows = []
    for view in views.values():
        title, labels, codes = view.search_words()
        body = fold(plain_text(view.description))
        lexemes = sorted({code for code in map(code_of, codes) if code})
        rows.append((view.id, configuration, fold(title), fold(labels), body, lexemes))
    await repository.index_words(work, rows)


async def shown(work: StoreWork, views: Mapping[UUID, View]) -> dict[UUID, Product]:
    """Products as staff and events see them, with stock as inventory knows it now."""
    variant_ids = [variant_id for view in views.values() for variant_id in view.variant_ids]
    levels = dict(await stock.read(work, variant_ids))
    return {identity: view.admin(levels) for identity, view in views.items()}


def changed(work: StoreWork) -> None:
    """Note that the catalogue as storefronts see it is another one: no cached answer may be found again.

    The version stands in the store's own row, which every sale of the store may wait for, so it is raised once, as the
    last statement of the transaction.
    """
    work.effects.gather(_raise_version, None, last=True)


async def _raise_version(work: StoreWork, _marks: list[None]) -> None:
    await repository.raise_version(work)
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
    products = await repository.products_of_variants(work, list(told))
    await repository.lock_products(work, products)
    rows = [(identity, state.available, state.in_stock) for identity, state in sorted(told.items())]
    news = await repository.set_availability(work, rows)
    if news:
        await refresh(work, list(news), words=False)
        changed(work)
