"""What `baas dev` does to a folder: secrets, roles, schema, and in an empty one a demo store with something to sell."""

import asyncio
import shlex
from pathlib import Path

import asyncpg
import msgspec

from baas.cli import devkeys
from baas.cli.dev import DevError, dev_command
from baas.cli.devkeys import Keys
from baas.cli.devstate import Prepared
from baas.core.crypto import api_key_hash
from baas.core.schema import migrations
from baas.core.schema.roles import APP, AUTH, OPERATOR, OWNER, RELAY, ensure_database, ensure_roles, url_for
from baas.core.schema.sql_files import SqlFileError
from baas.core.settings import load_settings

DATABASE = "baas_dev"
FILE = "keys.json"


def prepare(*, data_dir: Path, database_url: str, redis_url: str, base_url: str) -> Prepared:
    """Make a data folder ready; safe to repeat. `database_url` names a role that may create roles.

    Raises DevError when what is in the folder cannot be worked with; the text says what to do.
    """
    anew = f"{_command(data_dir)} makes a backup copy of the folder and begins anew"
    try:
        return asyncio.run(_prepare(data_dir, database_url, redis_url, base_url))
    except migrations.UnknownSchemaError as error:
        raise DevError(
            f"The data in {data_dir} was made by {error.whose} (schema {error.revision}): {anew}."
        ) from error
    except (msgspec.MsgspecError, _IncompleteError) as error:
        raise DevError(f"{data_dir / FILE} cannot be read ({error}): {anew}.") from error
    except (asyncpg.PostgresError, migrations.MigrationError, SqlFileError) as error:
        raise DevError(f"The database of {data_dir} cannot be made ready ({error}): {anew}.") from error


def _command(data_dir: Path) -> str:
    """How `baas dev` begins anew on a folder, as one types it here."""
    elsewhere = data_dir != Path(".baas").absolute()
    return f"`baas dev --reset{f' --data-dir {shlex.quote(str(data_dir))}' if elsewhere else ''}`"


class _IncompleteError(Exception):
    """The file of keys lacks some."""


async def _prepare(data_dir: Path, admin_url: str, redis_url: str, base_url: str) -> Prepared:
    path = data_dir / FILE
    keys = devkeys.read(path) or devkeys.make(path)
    await ensure_roles(admin_url, keys.passwords)
    await ensure_database(admin_url, DATABASE)
    owner_url = url_for(admin_url, OWNER, keys.passwords[OWNER], DATABASE)
    await migrations.bring_up(owner_url)
    await _forget_workers(owner_url)
    environment = _environment(keys, admin_url, owner_url, redis_url, base_url)
    if not keys.seeded:
        # In here, because a folder that has its shop need not wait until the whole application is loaded for it.
        from baas.cli.demo import seed

        await seed(path, keys, load_settings(environment))
    if keys.store_id is None or keys.secret_key is None or keys.publishable_key is None:
        raise _IncompleteError("it is incomplete")
    return Prepared(
        environment=environment,
        database_url=environment["BAAS_DATABASE_URL"],
        store_id=keys.store_id,
        secret_key=keys.secret_key,
        publishable_key=keys.publishable_key,
        operator_key=keys.operator_key,
    )


async def _forget_workers(owner_url: str) -> None:
    """What ran before has ended: its claims are free, and who waits until all is ready waits for this start's worker."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("update workers set ended_at = now() where ended_at is null")
    finally:
        await connection.close()


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


dev = dev_command(prepare)
