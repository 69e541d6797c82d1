"""`baas doctor`: what is wrong with a deployment, and what to do about it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import click
import msgspec
from redis.asyncio import Redis

from baas.cli.common import REFUSED, json_option, settings
from baas.core import clock, heartbeat, migrations
from baas.core.roles import APP, AUTH, OPERATOR, RELAY
from baas.core.settings import Settings

PATIENCE: Final = 5.0
MAX_SKEW: Final = timedelta(seconds=2)
MAX_LAG: Final = timedelta(seconds=60)


class Finding(msgspec.Struct, frozen=True):
    """One check: whether it is well, what was seen, and what to do when it is not."""

    check: str
    ok: bool
    seen: str
    todo: str | None = None


@click.command(
    "doctor", short_help="Find what is wrong with this deployment.", epilog="Example: baas doctor --json"
)
@json_option
def doctor(as_json: bool) -> None:
    """Check connections, roles, policies, migrations, worker, clock and backlog.

    Exit code 0: all is well; 1: something is not, and the line says what to do.
    """
    findings = asyncio.run(examine(settings()))
    if as_json:
        told = [Finding(each.check, each.ok, each.seen, None if each.ok else each.todo) for each in findings]
        click.echo(msgspec.json.encode(told).decode())
    else:
        for finding in findings:
            mark = click.style("ok  ", fg="green") if finding.ok else click.style("FAIL", fg="red", bold=True)
            click.echo(f"{mark} {finding.check:<22} {finding.seen}")
            if not finding.ok and finding.todo:
                click.echo(f"     {'':<22} → {finding.todo}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(REFUSED)


async def examine(deployment: Settings) -> list[Finding]:
    """All findings, the most basic first; what needs a connection that failed is left out."""
    findings: list[Finding] = []
    connections: dict[str, asyncpg.Connection] = {}
    urls = deployment.database
    try:
        for role, url in ((APP, urls.app), (RELAY, urls.relay), (AUTH, urls.auth), (OPERATOR, urls.operator)):
            try:
                connections[role] = await asyncpg.connect(url, timeout=PATIENCE)
                findings.append(Finding(f"connection {role}", ok=True, seen="answers"))
            except (OSError, asyncpg.PostgresError, TimeoutError) as error:
                todo = f"Check the URL and the password of {role}; `baas roles` makes the roles and sets passwords."
                findings.append(Finding(f"connection {role}", ok=False, seen=_words(error), todo=todo))
        findings.append(await _redis(deployment.redis_url))
        checks: list[tuple[str, Callable[[asyncpg.Connection], Awaitable[list[Finding]]]]] = [
            (AUTH, _migrations),
            (APP, _roles),
            (APP, _policies),
            (AUTH, _worker),
            (AUTH, _clock),
            (RELAY, _backlog),
        ]
        for role, check in checks:
            if role in connections:
                findings += await _guarded(check, connections[role])
    finally:
        for connection in connections.values():
            await connection.close(timeout=PATIENCE)
    return findings


async def _guarded(
    check: Callable[[asyncpg.Connection], Awaitable[list[Finding]]], connection: asyncpg.Connection
) -> list[Finding]:
    try:
        return await asyncio.wait_for(check(connection), PATIENCE)
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        name = check.__name__.strip("_")
        return [Finding(name, ok=False, seen=_words(error), todo="Run `baas migrate`, then try again.")]


async def _redis(url: str) -> Finding:
    client = Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    try:
        began = time.perf_counter()
        await client.ping()
        return Finding("redis", ok=True, seen=f"answers in {(time.perf_counter() - began) * 1000:.1f} ms")
    except Exception as error:
        todo = "The API goes on without it, slower; start Redis or correct BAAS_REDIS_URL."
        return Finding("redis", ok=False, seen=_words(error), todo=todo)
    finally:
        await client.aclose()


async def _migrations(connection: asyncpg.Connection) -> list[Finding]:
    version, head = await connection.fetchval("select version_num from alembic_version"), migrations.head()
    seen = f"schema at {version}, code at {head}"
    return [Finding("migrations", ok=version == head, seen=seen, todo="Run `baas migrate`.")]


async def _roles(connection: asyncpg.Connection) -> list[Finding]:
    rows = await connection.fetch(
        "select r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,"
        " (select count(*) from pg_class c where c.relowner = r.oid) as owned"
        " from pg_roles r where r.rolname = any($1)",
        [APP, RELAY, AUTH, OPERATOR],
    )
    findings = []
    for row in rows:
        faults = [name for name in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb") if row[name]]
        if row["owned"]:
            faults.append(f"owns {row['owned']} relations")
        findings.append(
            Finding(
                f"role {row['rolname']}",
                ok=not faults,
                seen=", ".join(faults) or "no privilege beyond its grants",
                todo="Run `baas roles`; a role with these rights sees through the walls between stores.",
            )
        )
    return findings


async def _policies(connection: asyncpg.Connection) -> list[Finding]:
    rows = await connection.fetch(
        "select c.relname from pg_class c where c.relkind in ('r', 'p') and not c.relispartition"
        " and c.relnamespace = 'public'::regnamespace and has_table_privilege(c.oid, 'select')"
        " and not (c.relrowsecurity and c.relforcerowsecurity and exists ("
        "   select from pg_policy p where p.polrelid = c.oid and p.polqual is not null and p.polwithcheck is not null))"
    )
    names = ", ".join(row["relname"] for row in rows)
    findings = [
        Finding(
            "policies",
            ok=not rows,
            seen=f"open: {names}" if rows else "every table that the app can read is walled",
            todo="Stop the API: these tables show one store's rows to another. Then restore their policies.",
        )
    ]
    count = await connection.fetchval("select count(*) from stores")
    seen = f"{count} stores visible without a store"
    findings.append(
        Finding("isolation", ok=count == 0, seen=seen, todo="Run `baas roles` and `baas migrate`.")
    )
    return findings


async def _worker(connection: asyncpg.Connection) -> list[Finding]:
    rows = await connection.fetch(
        "select name, now() - seen_at as age from workers order by seen_at desc limit 5"
    )
    alive = [row["name"] for row in rows if row["age"] <= heartbeat.STALE]
    last = f"last seen {rows[0]['age']} ago" if rows else "never seen"
    seen = f"{len(alive)} alive: {', '.join(alive)}" if alive else last
    return [
        Finding(
            "worker", ok=bool(alive), seen=seen, todo="Start `baas worker`: nothing is lost, but it waits."
        )
    ]


async def _clock(connection: asyncpg.Connection) -> list[Finding]:
    before = clock.now()
    there: datetime = await connection.fetchval("select clock_timestamp()")
    skew = abs(there - before - (clock.now() - before) / 2)
    seen = f"{skew.total_seconds():.3f} s between here and the database"
    return [
        Finding("clock skew", ok=skew <= MAX_SKEW, seen=seen, todo="Let NTP set the clocks of both machines.")
    ]


async def _backlog(connection: asyncpg.Connection) -> list[Finding]:
    row: Any = await connection.fetchrow(
        "select (select count(*) from (select 1 from events where relayed_at is null limit 10000) e) as events,"
        " (select now() - min(created_at) from events where relayed_at is null) as lag,"
        " (select count(*) from event_jobs where attempts > 3) as failing,"
        " (select error from event_jobs where attempts > 3 order by attempts desc limit 1) as error"
    )
    lag = row["lag"] or timedelta(0)
    seen = f"{row['events']} events wait, the oldest for {lag.total_seconds():.0f} s"
    findings = [
        Finding("outbox", ok=lag <= MAX_LAG, seen=seen, todo="Is a worker running? Start more of them.")
    ]
    seen = f"{row['failing']} jobs keep failing" + (f", such as: {row['error']}" if row["failing"] else "")
    todo = "The worker's log has the whole error; the jobs go on trying."
    findings.append(Finding("event jobs", ok=row["failing"] == 0, seen=seen, todo=todo))
    return findings


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
