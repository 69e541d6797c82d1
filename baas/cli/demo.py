"""The demo store of a development folder, and its catalogue, imported like a client's own."""

from importlib.resources import as_file, files
from pathlib import Path

from baas.assembly import close_runtime, open_runtime
from baas.cli import devkeys
from baas.cli.devkeys import Keys
from baas.core.crypto import random_token
from baas.core.db import Database
from baas.core.scope import Caller, CallerKind, Mode
from baas.core.settings import Settings
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.imports.service import import_file
from baas.tenants import operators
from baas.tenants.door.keys import KeyTable
from baas.tenants.operators import Operator
from baas.tenants.schemas import CreateStore, StoreSettings

_CALLER = Caller(CallerKind.OPERATOR, "baas-dev")


async def seed(path: Path, keys: Keys, settings: Settings) -> None:
    """Make the demo store, or go on where an earlier start was cut off."""
    runtime = open_runtime(settings)
    try:
        await runtime.database.open()
        table = KeyTable(runtime.database, runtime.settings.secret)
        if keys.store_id is None:
            await _make_store(runtime.database, table, keys)
            devkeys.write(path, keys)
        scope = await table.scope_for_job(
            ids.decode(Kind.STORE, keys.store_id or ""), "req_seed_the_demo_store"
        )
        with as_file(files("baas.demo").joinpath("catalog.csv")) as catalog:
            await import_file(runtime.database, scope, catalog)
        keys.seeded = True
        devkeys.write(path, keys)
    finally:
        await close_runtime(runtime)


async def _make_store(database: Database, table: KeyTable, keys: Keys) -> None:
    async with database.operator(reason="baas dev: make the demo store") as system:
        operator = Operator(system, table, _CALLER, "req_seed_the_demo_store")
        created = await operators.create_store(
            operator,
            CreateStore(
                name="Casa Mate (demo)",
                slug=f"demo-{random_token(4).lower()}",
                mode=Mode.TEST,
                plan="pro",
                currency="ARS",
                country="AR",
                locale="es-AR",
                allowed_origins=["*"],
                settings=StoreSettings(tax_rate=2100, shipping_price=350_000, show_stock=True),
            ),
        )
    keys.store_id = created.store.id
    keys.secret_key = created.secret_key
    keys.publishable_key = created.publishable_key
