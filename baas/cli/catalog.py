"""`baas catalog`: what is derived in stores' catalogues."""

import click
import msgspec

from baas.cli.common import json_option, opened, run, show
from baas.cli.places import every_store, store_scope
from baas.core.runtime import Runtime
from baas.core.scope import StoreScope
from baas.services.catalog.service import refresh_store
from baas.services.catalog.stock import STOCK


class Refreshed(msgspec.Struct, kw_only=True):
    """What was done."""

    stores: int = 0
    products: int = 0


@click.group("catalog", short_help="Make again what is derived in catalogues.")
def catalog() -> None:
    """Storefronts, carts and searches read copies that are derived from products."""


@catalog.command("refresh", epilog="Example: baas catalog refresh --store casa-mate")
@click.option("--store", "reference", help="The store's id or slug; all stores unless given.")
@json_option
def refresh(reference: str | None, as_json: bool) -> None:
    """Derive everything again: documents, offers, prices, availability, sorting names and search words.

    After a release the worker does this by itself for whatever has changed. Run it when a copy is wrong, or when a store
    changed its language. It works in batches beside a running shop, and may be repeated.
    """

    async def work() -> Refreshed:
        done = Refreshed()
        async with opened() as (runtime, table):
            if reference is not None:
                await _refresh(runtime, await store_scope(runtime, table, reference), done)
                return done
            async for scope in every_store(runtime, table, reason="derive catalogues again"):
                await _refresh(runtime, scope, done)
        return done

    show(run(work), as_json=as_json)


async def _refresh(runtime: Runtime, scope: StoreScope, done: Refreshed) -> None:
    done.stores += 1
    done.products += await refresh_store(runtime.database, scope, runtime.ports[STOCK])
