"""`baas doctor`: what is wrong with a deployment, and what to do about it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import asyncpg
import click
import msgspec
from redis.asyncio import Redis

from baas.cli.common import REFUSED, json_option, settings
from baas.core.schema import migrations
from baas.core.schema.roles import APP, AUTH, OPERATOR, RELAY
from baas.core.settings import Settings
from baas.core.values import clock
from baas.core.work import heartbeat

PATIENCE: Final = 5.0
MAX_SKEW: Final = timedelta(seconds=2)
MAX_LAG: Final = timedelta(seconds=60)


class Finding(msgspec.Struct, frozen=True):
    """One check: whether it is well, what was seen, and what to do when it is not."""

    check: str
    ok: bool
    seen: str
    todo: str | None = None


Check = Callable[[asyncpg.Connection], Awaitable[list[Finding]]]


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
        for role, connection in connections.items():
            findings += await _guarded(f"role {role}", partial(_role, role), connection)
        checks: list[tuple[str, Check]] = [
            (AUTH, _migrations),
            (APP, _policies),
            (AUTH, _worker),
            (AUTH, _clock),
            (RELAY, _backlog),
        ]
        for role, check in checks:
            if role in connections:
                findings += await _guarded(check.__name__.strip("_"), check, connections[role])
    finally:
        for connection in connections.values():
            await connection.close(timeout=PATIENCE)
    return findings


async def _guarded(name: str, check: Check, connection: asyncpg.Connection) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check(connection)
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
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
    state = await connection.fetchrow(migrations.Schema.STATE)
    schema = migrations.Schema()
    problem = schema.problem(state)
    seen = problem or f"schema at {schema.head}, with its functions as this code has them"
    return [Finding("migrations", ok=problem is None, seen=seen, todo="Run `baas migrate`.")]


async def _role(wanted: str, connection: asyncpg.Connection) -> list[Finding]:
    row = await connection.fetchrow(
        "select r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,"
        " (select count(*) from pg_class c where c.relowner = r.oid) as owned,"
        " array(select m.roleid::regrole::text from pg_auth_members m where m.member = r.oid) as member_of"
        " from pg_roles r where r.rolname = current_user"
    )
    assert row is not None
    faults = [name for name in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb") if row[name]]
    if row["rolname"] != wanted:
        faults.insert(0, f"its URL connects as {row['rolname']}")
    if row["owned"]:
        faults.append(f"owns {row['owned']} relations")
    faults += [f"is a member of {role}" for role in row["member_of"]]
    return [
        Finding(
            f"role {wanted}",
            ok=not faults,
            seen=", ".join(faults) or "no privilege beyond its grants",
            todo=f"Let its URL name {wanted}, and run `baas roles`: with these rights it sees through the walls.",
        )
    ]


async def _policies(connection: asyncpg.Connection) -> list[Finding]:
    # A wall is forced, and every policy that holds for this role looks at the store, for reading and for writing.
    rows = await connection.fetch(
        "select c.relname from pg_class c where c.relkind in ('r', 'p') and not c.relispartition"
        " and c.relnamespace = 'public'::regnamespace and has_any_column_privilege(c.oid, 'select')"
        " and not (c.relrowsecurity and c.relforcerowsecurity and coalesce((select bool_and("
        "   coalesce(pg_get_expr(p.polqual, p.polrelid) like '%app.store_id%', false)"
        "   and coalesce(pg_get_expr(p.polwithcheck, p.polrelid) like '%app.store_id%', false))"
        "  from pg_policy p where p.polrelid = c.oid"
        "  and (0 = any (p.polroles) or $1::regrole = any (p.polroles))), false))"
        " order by c.relname",
        APP,
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
        "select name, now() - seen_at as age, ended_at is null as lives from workers order by seen_at desc limit 5"
    )
    alive = [row["name"] for row in rows if row["lives"] and row["age"] <= heartbeat.STALE]
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
        "select (select count(*) from (select 1 from event_outbox limit 10000) e) as events,"
        " (select now() - min(created_at) from event_outbox) as lag,"
        " (select count(*) from event_jobs where error is not null and attempts > 3) as failing,"
        " (select count(*) from event_jobs where error is not null and dead_at is not null) as dead,"
        " (select concat_ws(': ', error_class, error) from event_jobs where error is not null and attempts > 3"
        "  order by dead_at nulls last, attempts desc limit 1) as error"
    )
    lag = row["lag"] or timedelta(0)
    seen = f"{row['events']} events wait, the oldest for {lag.total_seconds():.0f} s"
    findings = [
        Finding("outbox", ok=lag <= MAX_LAG, seen=seen, todo="Is a worker running? Start more of them.")
    ]
    seen = f"{row['failing']} jobs keep failing, {row['dead']} of them are dead"
    seen += f", such as: {row['error']}" if row["failing"] else ""
    todo = "The worker's log has the whole error. `baas events dead` lists the dead, `baas events retry` tries them again."
    findings.append(Finding("event jobs", ok=row["failing"] == 0, seen=seen, todo=todo))
    return findings


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
