"""`baas migrate`, `baas roles`, `baas operator-key`: what a deployment needs once, or at each release."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict

import click

from baas.cli.common import REFUSED, USAGE, environment, fail, json_option, run, settings, show
from baas.core.crypto import api_key_hash, random_token
from baas.core.schema import migrations
from baas.core.schema.roles import ALL, ensure_database, ensure_roles
from baas.core.schema.sql_files import Changes, SqlFileError
from baas.core.settings import SettingsError, value_of


@click.command("migrate", short_help="Bring the schema up to date.", epilog="Example: baas migrate")
@click.option("--revision", default="head", show_default=True, help="Where to stop.")
@json_option
def migrate(revision: str, as_json: bool) -> None:
    """Run the migrations as the owner of the schema (BAAS_DATABASE_OWNER_URL), apart from the application.

    First the revisions of the tables, then the functions, views and triggers that differ from those in the database. Safe
    to repeat. Exit code 1: it was refused, and nothing after the last good step has changed.
    """
    owner_url = _value(environment(), "BAAS_DATABASE_OWNER_URL")
    if not owner_url:
        fail(USAGE, "settings", "Set BAAS_DATABASE_OWNER_URL: migrations run as the owner of the schema.")

    async def work() -> tuple[str | None, Changes]:
        changes = await migrations.upgrade(owner_url, revision)
        return await migrations.current(owner_url), changes

    try:
        reached, changes = run(work)
    except migrations.MigrationError as error:
        fail(REFUSED, "revision", str(error))
    except SqlFileError as error:
        fail(REFUSED, "function", str(error))
    if as_json:
        click.echo(json.dumps({"revision": reached, **asdict(changes)}))
        return
    click.echo(f"The schema is at {reached}.")
    for names, what in (
        (changes.applied, "Functions, views and triggers written: {}."),
        (changes.dropped, "Dropped, for they are retired: {}."),
        (changes.left, "Of another release, left as they are: {}."),
    ):
        if names:
            click.echo(what.format(", ".join(names)))


@click.command(
    "roles", short_help="Create the database and its roles.", epilog="Example: baas roles --database baas"
)
@click.option("--database", default="baas", show_default=True, help="The database to create.")
@json_option
def roles(database: str, as_json: bool) -> None:
    """Create the database and its five roles, or set their passwords again.

    BAAS_DATABASE_ADMIN_URL names a role that may do so. The passwords come from BAAS_PASSWORD_OWNER,
    BAAS_PASSWORD_APP, BAAS_PASSWORD_RELAY, BAAS_PASSWORD_AUTH and BAAS_PASSWORD_OPERATOR.
    """
    admin_url = _value(os.environ, "BAAS_DATABASE_ADMIN_URL")
    names = {role: f"BAAS_PASSWORD_{role.removeprefix('baas_').upper()}" for role in ALL}
    passwords = {role: _value(os.environ, name) for role, name in names.items()}
    given = {"BAAS_DATABASE_ADMIN_URL": admin_url, **{names[role]: word for role, word in passwords.items()}}
    missing = [name for name, value in given.items() if not value]
    if missing:
        fail(USAGE, "settings", f"Missing: {', '.join(missing)} (see `baas roles --help`).")

    async def work() -> None:
        await ensure_roles(admin_url, passwords)
        await ensure_database(admin_url, database)

    run(work)
    if as_json:
        click.echo(json.dumps({"roles": ALL, "database": database}))
    else:
        click.echo(f"The roles {', '.join(ALL)} and the database {database} are there.")


def _value(environ: Mapping[str, str], name: str) -> str:
    try:
        return value_of(environ, name) or ""
    except SettingsError as error:
        fail(USAGE, "settings", str(error))


@click.command("operator-key", short_help="Make an operator key.", epilog="Example: baas operator-key")
@json_option
def operator_key(as_json: bool) -> None:
    """Make a key for the operator endpoints, shown this once, and the line that lets the deployment know it."""
    key = f"op_{random_token(32)}"
    digest = api_key_hash(settings().secret.encode(), key).hex()
    show({"operator_key": key, "BAAS_OPERATOR_KEY_HASH": digest}, as_json=as_json)
