"""What `baas dev` does to an empty folder: secrets, roles, schema, and a demo store with something to sell."""

import asyncio
import base64
import os
import secrets
from pathlib import Path
from typing import Any

import msgspec

from baas.assembly import close_runtime, open_runtime
from baas.cli.demo import seed_catalog
from baas.cli.devstate import Prepared
from baas.core import ids, migrations
from baas.core.crypto import api_key_hash, random_token
from baas.core.roles import ALL, APP, AUTH, OPERATOR, OWNER, RELAY, ensure_database, ensure_roles, url_for
from baas.core.scope import Caller, CallerKind, Mode
from baas.core.settings import DEVELOPMENT_SECRET, load_settings
from baas.tenants import operators
from baas.tenants.keys import KeyTable
from baas.tenants.operators import Operator
from baas.tenants.schemas import CreateStore, StoreSettings

DATABASE = "baas_dev"
FILE = "keys.json"
_CALLER = Caller(CallerKind.OPERATOR, "baas-dev")


class Keys(msgspec.Struct, kw_only=True):
    """The secrets of a development folder, in a file for its owner's eyes."""

    secret: str
    encryption_key: str
    operator_key: str
    passwords: dict[str, str]
    store_id: str | None = None
    secret_key: str | None = None
    publishable_key: str | None = None
    seeded: bool = False


def prepare(*, data_dir: Path, database_url: str, redis_url: str, base_url: str) -> Prepared:
    """Make a data folder ready; safe to repeat. `database_url` names a role that may create roles."""
    return asyncio.run(_prepare(data_dir, database_url, redis_url, base_url))


async def _prepare(data_dir: Path, admin_url: str, redis_url: str, base_url: str) -> Prepared:
    path = data_dir / FILE
    keys = _read(path) or _make(path)
    await ensure_roles(admin_url, keys.passwords)
    await ensure_database(admin_url, DATABASE)
    owner_url = url_for(admin_url, OWNER, keys.passwords[OWNER], DATABASE)
    await migrations.upgrade(owner_url)
    environment = _environment(keys, admin_url, owner_url, redis_url, base_url)
    if not keys.seeded:
        await _seed(path, keys, environment)
    if keys.store_id is None or keys.secret_key is None or keys.publishable_key is None:
        raise RuntimeError(f"{path} is incomplete; remove the folder {data_dir} to start afresh.")
    return Prepared(
        environment=environment,
        database_url=environment["BAAS_DATABASE_URL"],
        store_id=keys.store_id,
        secret_key=keys.secret_key,
        publishable_key=keys.publishable_key,
        operator_key=keys.operator_key,
    )


def _read(path: Path) -> Keys | None:
    return msgspec.json.decode(path.read_bytes(), type=Keys) if path.exists() else None


def _make(path: Path) -> Keys:
    keys = Keys(
        secret=f"{DEVELOPMENT_SECRET}-{secrets.token_hex(16)}",
        encryption_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        operator_key=f"op_{random_token(32)}",
        passwords={role: secrets.token_hex(16) for role in ALL},
    )
    _write(path, keys)
    return keys


def _write(path: Path, keys: Keys) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2))
    fresh.replace(path)


def _environment(keys: Keys, admin_url: str, owner_url: str, redis_url: str, base_url: str) -> dict[str, str]:
    def url(role: str) -> str:
        return url_for(admin_url, role, keys.passwords[role], DATABASE)

    return {
        "BAAS_ENVIRONMENT": "development",
        "BAAS_DATABASE_URL": url(APP),
        "BAAS_DATABASE_RELAY_URL": url(RELAY),
        "BAAS_DATABASE_AUTH_URL": url(AUTH),
        "BAAS_DATABASE_OPERATOR_URL": url(OPERATOR),
        "BAAS_DATABASE_OWNER_URL": owner_url,
        "BAAS_REDIS_URL": redis_url,
        "BAAS_SECRET": keys.secret,
        "BAAS_ENCRYPTION_KEYS": keys.encryption_key,
        "BAAS_OPERATOR_KEY_HASH": api_key_hash(keys.secret.encode(), keys.operator_key).hex(),
        "BAAS_BASE_URL": base_url,
        "BAAS_HOST": "127.0.0.1",
        "BAAS_PORT": base_url.rpartition(":")[2],
        "BAAS_ALLOW_LOCAL_RECEIVERS": "true",
    }


async def _seed(path: Path, keys: Keys, environment: dict[str, str]) -> None:
    """Make the demo store, or go on where an earlier start was cut off."""
    runtime = open_runtime(load_settings(environment))
    try:
        await runtime.database.open()
        table = KeyTable(runtime.database, runtime.settings.secret)
        if keys.store_id is None:
            await _make_store(runtime.database, table, keys)
            _write(path, keys)
        scope = await table.scope_for_job(ids.decode("store", keys.store_id or ""), "req_seed_the_demo_store")
        await seed_catalog(runtime.database, scope)
        keys.seeded = True
        _write(path, keys)
    finally:
        await close_runtime(runtime)


async def _make_store(database: Any, table: KeyTable, keys: Keys) -> None:
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
