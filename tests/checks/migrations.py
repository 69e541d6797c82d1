"""`python -m tests.checks.migrations`: the migrations go up, down and up again, with and without rows, and fit the models.

Exit code 1, with the reason, when they do not.
"""

import asyncio
import sys
import time
from collections.abc import Callable

import asyncpg
from alembic import command
from alembic.script import ScriptDirectory

from baas.core.schema import migrations
from baas.core.schema.migrations import OF_MIGRATIONS, alembic_config
from tests.checks.filling import CannotFillError, fill
from tests.deployment import empty_database, roles
from tests.servers import drop_database, random_name, start_servers, with_database


class CheckFailedError(Exception):
    """The migrations do not do what they must. The text says which."""


def main() -> int:
    """Run all of it on a server of its own, or the one that BAAS_TEST_DATABASE_URL names."""
    servers = start_servers()
    try:
        asyncio.run(roles(servers.admin_url))
        for title, verb in (
            ("an empty database", _empty),
            ("a filled database", _filled),
        ):
            started = time.monotonic()
            _on_a_database(servers.admin_url, verb)
            print(f"Migrations, {title}: fine ({time.monotonic() - started:.1f} s)")
    except (CheckFailedError, CannotFillError) as error:
        print(f"Migrations: {error}", file=sys.stderr)
        return 1
    finally:
        servers.stop()
    return 0


def _on_a_database(admin_url: str, verb: Callable[[str, str], None]) -> None:
    name = random_name("baas_check")
    owner_url = asyncio.run(empty_database(admin_url, name))
    try:
        verb(owner_url, with_database(admin_url, name))
    finally:
        asyncio.run(drop_database(admin_url, name))


def _empty(owner_url: str, admin_url: str) -> None:
    """Each revision up, down and up again leaves what was there; at the newest the models agree; nothing is left at base."""
    config = alembic_config(owner_url)
    script = ScriptDirectory.from_config(config)
    heads = script.get_heads()
    if len(heads) != 1:
        raise CheckFailedError(f"there are several heads: {', '.join(heads)}")

    def up(revision: str) -> set[str]:
        asyncio.run(migrations.upgrade(owner_url, revision))
        return asyncio.run(_inventory(admin_url))

    def down(revision: str) -> set[str]:
        asyncio.run(migrations.downgrade(owner_url, revision))
        return asyncio.run(_inventory(admin_url))

    clean = asyncio.run(_inventory(admin_url))
    before, earlier = clean, "base"
    for each in reversed(list(script.walk_revisions())):
        revision = each.revision
        first = up(revision)
        # Functions, views and triggers go with the first step down, for they are those of the newest revision.
        _same(before, down(earlier), f"after {revision} and its way down, something is left or missing")
        _same(first, up(revision), f"the second way up to {revision} made another schema than the first")
        # Those that revisions need come with the first step up.
        before, earlier = first, revision
    command.check(config)
    _same(clean, down("base"), "after the way down, something is left or missing")
    _same(before, up("head"), "the whole way up at once made another schema than step by step")


def _filled(owner_url: str, admin_url: str) -> None:
    """Each revision from one with rows; down with rows, and up again."""
    config = alembic_config(owner_url)
    script = ScriptDirectory.from_config(config)
    for revision in reversed(list(script.walk_revisions())):
        asyncio.run(migrations.upgrade(owner_url, revision.revision))
        before = asyncio.run(_counts(admin_url))
        # All rows belong to a store; the revisions before there were any are of the baseline, which no rows precede.
        if "stores" in before and any(count == 0 for count in before.values()):
            asyncio.run(fill(admin_url))
    asyncio.run(migrations.downgrade(owner_url, "base"))
    asyncio.run(migrations.upgrade(owner_url))


async def _inventory(url: str) -> set[str]:
    """Everything in the schema that a migration can make, one line each."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            """
            select format('relation %s %s rls=%s/%s %s', relkind, relname, relrowsecurity, relforcerowsecurity, relacl)
              from pg_class where relnamespace = 'public'::regnamespace and relname !~ $1
            union all
            select format('column %s.%s %s null=%s default=%s', attrelid::regclass, attname,
                          format_type(atttypid, atttypmod), not attnotnull, pg_get_expr(adbin, adrelid))
              from pg_attribute join pg_class on pg_class.oid = attrelid
              left join pg_attrdef on adrelid = attrelid and adnum = attnum
             where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and attnum > 0 and not attisdropped
               and relname !~ $1
            union all
            select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
              from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0
               and conrelid::regclass::text !~ $1
            union all
            select format('index %s', indexdef) from pg_indexes where schemaname = 'public' and tablename !~ $1
            union all
            select format('policy %s %s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check)
              from pg_policies where schemaname = 'public'
            union all
            select format('function %s %s %s', oid::regprocedure, md5(prosrc), proacl)
              from pg_proc where pronamespace = 'public'::regnamespace
            union all
            select format('trigger %s', pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
            union all
            select format('view %s %s', viewname, definition) from pg_views where schemaname = 'public'
            union all
            select format('comment %s %s', objoid::regclass, description) from pg_description
             where classoid = 'pg_class'::regclass and objsubid = 0 and objoid in (
               select oid from pg_class where relnamespace = 'public'::regnamespace and relname !~ $1)
            union all
            select format('type %s', typname) from pg_type
             where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
            """,
            f"^({'|'.join(OF_MIGRATIONS)})(_|$)",
        )
        return {row[0] for row in rows}
    finally:
        await connection.close()


async def _counts(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
            " and relnamespace = 'public'::regnamespace and relname <> all ($1)",
            list(OF_MIGRATIONS),
        )
        return {
            row["relname"]: await connection.fetchval(f'select count(*) from "{row["relname"]}"')
            for row in tables
        }
    finally:
        await connection.close()


def _same(wanted: set[str], found: set[str], what: str) -> None:
    if wanted != found:
        lines = [
            *(f"  missing: {line}" for line in wanted - found),
            *(f"  more: {line}" for line in found - wanted),
        ]
        raise CheckFailedError("\n".join([f"{what}:", *sorted(lines)[:40]]))


if __name__ == "__main__":
    sys.exit(main())
