"""The demo store's catalogue, imported like a client's own."""

from importlib.resources import as_file, files

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.services.imports.service import import_file


async def seed_catalog(database: Database, scope: StoreScope) -> None:
    """Import the demo catalogue; repeating it changes nothing."""
    with as_file(files("baas.demo").joinpath("catalog.csv")) as path:
        await import_file(database, scope, path)
