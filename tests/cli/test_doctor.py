"""`baas doctor` finds each kind of problem that a deployment can have, and says what to do about it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from baas.cli import doctor
from baas.cli.doctor import Finding, examine
from baas.core.schema.migrations import head
from baas.core.settings import Settings
from baas.core.values import clock, ids
from tests import commandline, deployment
from tests.servers import Servers, drop_database, random_name, with_database

Ask = Callable[..., Awaitable[dict[str, Finding]]]


class Patient(msgspec.Struct):
    """A deployment of its own, and a superuser who breaks it."""

    settings: Settings
    admin: asyncpg.Connection
    admin_url: str


@pytest.fixture
async def patient(servers: Servers, settings: Settings) -> AsyncIterator[Patient]:
    """All is well with it, but that no worker runs."""
    await deployment.roles(servers.admin_url)
    name = random_name("baas_doctor")
    owner_url = await deployment.migrated_database(servers.admin_url, name)
    admin_url = with_database(servers.admin_url, name)
    admin = await asyncpg.connect(admin_url)
    own = msgspec.structs.replace(settings, database=deployment.role_urls(owner_url))
    yield Patient(own, admin, admin_url)
    await admin.close()
    await drop_database(servers.admin_url, name)


async def wrong(deployment_settings: Settings) -> dict[str, Finding]:
    """What is not well, by its check."""
    findings = await examine(deployment_settings)
    assert all(finding.todo for finding in findings if not finding.ok)
    return {finding.check: finding for finding in findings if not finding.ok}


async def heartbeat(patient: Patient, age: str) -> None:
    """A worker that was last seen so long ago."""
    await patient.admin.execute(
        "insert into workers (id, name, started_at, seen_at) values (1, 'w', now(), now() - $1::text::interval)"
        " on conflict (id) do update set seen_at = excluded.seen_at",
        age,
    )


async def test_the_worker_the_schema_the_walls_and_the_backlog(patient: Patient) -> None:
    """One after the other, each alone."""
    assert set(await wrong(patient.settings)) == {"worker"}
    await heartbeat(patient, "10 minutes")
    assert "last seen 0:10:0" in (await wrong(patient.settings))["worker"].seen
    await heartbeat(patient, "1 second")
    assert await wrong(patient.settings) == {}

    digest = await patient.admin.fetchval("select digest from sql_files where name = 'cart_put'")
    await patient.admin.execute("update sql_files set digest = 'another' where name = 'cart_put'")
    found = await wrong(patient.settings)
    assert (set(found), found["migrations"].seen) == ({"migrations"}, "not as this code has them: cart_put")
    await patient.admin.execute("update sql_files set digest = $1 where name = 'cart_put'", digest)
    await patient.admin.execute("update alembic_version set version_num = '0001_core'")
    found = await wrong(patient.settings)
    assert set(found) == {"migrations"}
    assert "baas migrate" in (found["migrations"].todo or "")
    await patient.admin.execute(f"update alembic_version set version_num = '{head()}'")

    for broken, mended, table in (
        ("alter table products no force row level security",
         "alter table products force row level security", "products"),
        ("alter table orders disable row level security", "alter table orders enable row level security", "orders"),
        ("create policy open on carts to baas_app using (true)", "drop policy open on carts", "carts"),
        ("create policy open on events using (true) with check (true)", "drop policy open on events", "events"),
    ):  # fmt: skip
        await patient.admin.execute(broken)
        found = await wrong(patient.settings)
        assert (set(found), found["policies"].seen) == ({"policies"}, f"open: {table}")
        await patient.admin.execute(mended)

    moment = clock.now() - timedelta(minutes=5)
    await patient.admin.execute(
        "insert into event_outbox (store_id, subject, sequence, id, type, created_at)"
        " values ($1, 'ord_1', 1, $1, 'order.paid', $2)",
        *(ids.new_id(), moment),
    )
    await patient.admin.execute(
        "insert into event_jobs (store_id, id, event_id, handler, attempts, next_attempt_at, error_class, error)"
        " values ($1, $1, $1, 'orders', 9, now(), 'ValueError', 'odd')",
        ids.new_id(),
    )
    found = await wrong(patient.settings)
    assert set(found) == {"outbox", "event jobs"}
    assert "ValueError: odd" in found["event jobs"].seen


async def test_connections_and_roles(patient: Patient) -> None:
    """A role that is none, no server, a superuser where the application's role should be."""
    await heartbeat(patient, "0 seconds")
    urls = patient.settings.database
    await patient.admin.execute(
        "insert into stores (id, name, slug, mode, plan, currency, locale, country, created_at, updated_at)"
        " values ($1, 'A', 'a', 'test', 'free', 'ARS', 'en', 'AR', now(), now())",
        ids.new_id(),
    )

    def having(**changed: str) -> Settings:
        return msgspec.structs.replace(patient.settings, database=msgspec.structs.replace(urls, **changed))

    nobody = urls.relay.replace("baas_relay", "baas_nobody")
    assert set(await wrong(having(relay=nobody))) == {"connection baas_relay"}
    assert "connection baas_auth" in await wrong(having(auth="postgresql://baas_auth:x@127.0.0.1:1/none"))
    found = await wrong(having(app=patient.admin_url))
    assert "its URL connects as" in found["role baas_app"].seen
    assert "rolsuper" in found["role baas_app"].seen
    assert not found["isolation"].ok
    assert set(await wrong(having(operator=urls.relay))) == {"role baas_operator"}
    away = msgspec.structs.replace(patient.settings, redis_url="redis://127.0.0.1:1/0")
    assert set(await wrong(away)) == {"redis"}


async def test_clocks_that_differ(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than two seconds are too much: limits, leases and signatures compare times."""
    await heartbeat(patient, "0 seconds")
    real = clock.now

    class Fast:
        @staticmethod
        def now() -> Any:
            return real() + timedelta(seconds=7)

    monkeypatch.setattr(doctor, "clock", Fast)
    found = await wrong(patient.settings)
    assert set(found) == {"clock skew"}
    assert found["clock skew"].seen.startswith(("6.", "7."))


def test_a_database_without_a_schema_is_told(servers: Servers, settings: Settings) -> None:
    """By doctor and by every other command, in words and not as a traceback."""
    import asyncio

    name = random_name("baas_empty")
    owner_url = asyncio.run(deployment.empty_database(servers.admin_url, name))
    urls = deployment.role_urls(owner_url)
    environment = deployment.environment(msgspec.structs.replace(settings, database=urls))
    try:
        examined = commandline.run("doctor", environment=environment, expect=1)
        listed = commandline.run("store", "list", environment=environment, expect=1)
        nowhere = {**environment, "BAAS_DATABASE_OPERATOR_URL": with_database(urls.operator, "never_was")}
        commandline.run("store", "list", environment=nowhere, expect=4)
    finally:
        asyncio.run(drop_database(servers.admin_url, name))
    for ran in (examined, listed):
        assert "baas migrate" in ran.out + ran.err
