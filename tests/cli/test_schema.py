"""The commands that prepare a database, and what `baas dev` shows a person."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest
from rich.console import Console

from baas.app import create_app
from baas.cli.devstate import DevState, Prepared
from baas.cli.welcome import first_order, welcome
from baas.core.embedded import ProcessMark
from baas.core.schema.migrations import head
from baas.core.schema.roles import ALL, OWNER, url_for
from baas.core.settings import Settings
from tests import commandline, deployment
from tests.clients import BASE
from tests.running_app import client_of, started
from tests.servers import Servers, drop_database, random_name


@pytest.fixture
def database(servers: Servers) -> Iterator[str]:
    """The name of a database that is not there yet."""
    name = random_name("baas_cli")
    yield name
    asyncio.run(drop_database(servers.admin_url, name))


def test_a_database_is_made_and_brought_up_to_date(servers: Servers, database: str) -> None:
    """By two commands, each of which may be repeated; they say in words what is there afterwards."""
    passwords = {f"BAAS_PASSWORD_{role.removeprefix('baas_').upper()}": deployment.PASSWORD for role in ALL}
    prepare = {"BAAS_DATABASE_ADMIN_URL": servers.admin_url, **passwords}
    for _ in range(2):
        made = commandline.run("roles", "--database", database, environment=prepare)
        assert database in made.out
        assert all(role in made.out for role in ALL)
    owner_url = url_for(servers.admin_url, OWNER, deployment.PASSWORD, database)
    first = commandline.run("migrate", environment={"BAAS_DATABASE_OWNER_URL": owner_url}).out
    assert f"The schema is at {head()}." in first
    assert "cart_put" in first
    again = commandline.run("migrate", environment={"BAAS_DATABASE_OWNER_URL": owner_url}).out
    assert again == f"The schema is at {head()}.\n"


async def owner_of(admin_url: str, name: str) -> str:
    connection = await asyncpg.connect(admin_url)
    try:
        owner: str = await connection.fetchval(
            "select pg_get_userbyid(datdba) from pg_database where datname = $1", name
        )
        return owner
    finally:
        await connection.close()


def test_the_database_belongs_to_the_owner_role(servers: Servers, database: str) -> None:
    """Who runs the migrations, and nothing else."""
    passwords = {f"BAAS_PASSWORD_{role.removeprefix('baas_').upper()}": deployment.PASSWORD for role in ALL}
    prepare = {"BAAS_DATABASE_ADMIN_URL": servers.admin_url, **passwords}
    assert commandline.run("roles", "--database", database, "--json", environment=prepare).json == {
        "roles": list(ALL),
        "database": database,
    }
    assert asyncio.run(owner_of(servers.admin_url, database)) == OWNER


def test_what_a_command_was_not_told_is_named(tmp_path: Path) -> None:
    """All of it at once, and files of secrets that are not there."""
    nothing = {"BAAS_DATA_DIR": str(tmp_path), "BAAS_DATABASE_OWNER_URL": "", "BAAS_DATABASE_ADMIN_URL": ""}
    missing = commandline.run("roles", environment=nothing, expect=2).err
    assert "BAAS_DATABASE_ADMIN_URL" in missing
    assert "BAAS_PASSWORD_OPERATOR" in missing
    assert "BAAS_DATABASE_OWNER_URL" in commandline.run("migrate", environment=nothing, expect=2).err
    nowhere = {**nothing, "BAAS_PASSWORD_OWNER_FILE": str(tmp_path / "never-was")}
    assert "BAAS_PASSWORD_OWNER_FILE" in commandline.run("roles", environment=nowhere, expect=2).err


def test_a_revision_that_is_not_there_is_refused(owner_url: str) -> None:
    """And the schema stays as it is."""
    environment = {"BAAS_DATABASE_OWNER_URL": owner_url}
    refused = commandline.run("migrate", "--revision", "9999_never", environment=environment, expect=1)
    assert "9999_never" in refused.err
    assert head() in commandline.run("migrate", environment=environment).out


async def test_an_operator_key_opens_the_operators_endpoints(settings: Settings) -> None:
    """Of the deployment that is told the line which comes with it."""
    made = (
        await commandline.run_apart("operator-key", "--json", environment=deployment.environment(settings))
    ).json
    told = msgspec.structs.replace(settings, operator_key_hash=bytes.fromhex(made["BAAS_OPERATOR_KEY_HASH"]))
    app = create_app(told)
    async with started(app), client_of(app) as http:
        for key, status in ((made["operator_key"], 200), ("op_of_somebody_else", 401)):
            answer: httpx.Response = await http.get(
                f"{BASE}/operator/stores", headers={"X-OPERATOR-KEY": key}
            )
            assert answer.status_code == status


def test_what_a_person_sees_can_be_copied(tmp_path: Path) -> None:
    """Addresses, keys and lines stand whole, however narrow the terminal is."""
    prepared = Prepared(
        environment={},
        database_url="postgresql://baas_app:x@127.0.0.1:5499/baas_dev_with_a_long_name_indeed",
        store_id="store_01",
        publishable_key="pk_test_" + "p" * 40,
        secret_key="sk_test_" + "s" * 40,
        operator_key="op_" + "o" * 40,
    )
    state = DevState(
        data_dir=str(tmp_path), base_url="http://127.0.0.1:8000", redis_url="redis://127.0.0.1:6399/0",
        supervisor=ProcessMark(1, "a moment"), prepared=prepared,
    )  # fmt: skip
    screen = io.StringIO()
    welcome(state, Console(file=screen, width=30))
    shown = screen.getvalue()
    for value in (
        prepared.database_url,
        prepared.publishable_key,
        prepared.secret_key,
        prepared.operator_key,
    ):
        assert value in shown
    assert first_order(state) in shown
