"""Functions, views and triggers of the database: each is one file `sql/NAME.sql` of the package that owns it.

`baas migrate` applies every file whose digest differs from what the table `sql_files` notes (D-078).
A file is changed in place as long as what it makes keeps its arguments and its result; with others it gets another name,
and the old file moves to `sql/retired/` until the release that its first lines name.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import asyncpg

PACKAGE: Final = Path(__file__).parents[2]
TABLE: Final = "sql_files"
"""The table of names and digests. Like Alembic's own table it belongs to the migrations and to no revision."""

_KINDS: Final = ("function", "view", "trigger")
"""In this order they are applied: a view may call functions, a trigger calls one."""
_MADE: Final = re.compile(r"^create or replace (function|view|trigger) (\w+)", re.MULTILINE)
_BODY: Final = re.compile(r" as \$\$\n(.*)\$\$;$", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r"--.*$", re.MULTILINE)
_EARLY: Final = re.compile(r"^-- before the revisions: ", re.MULTILINE)
_RETIRED: Final = re.compile(r"^-- retired in (\d+\.\d+\.\d+), dropped from (\d+\.\d+\.\d+)$", re.MULTILINE)


class SqlFileError(Exception):
    """A file cannot be read or applied. The text says which, and what to do."""


@dataclass(frozen=True)
class SqlFile:
    """One function, view or trigger, as its file has it."""

    path: Path
    name: str
    kind: str
    """function, view or trigger."""
    text: str = field(repr=False)
    dropped_from: str | None = None
    """Of a retired one: the first release that may do without it (D-079)."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def is_early(self) -> bool:
        """True if revisions need it, for an index that calls it; it is applied before them as well (D-080)."""
        return _EARLY.search(self.text) is not None

    @property
    def body(self) -> str:
        """What a function consists of, as PostgreSQL keeps it (`pg_proc.prosrc`)."""
        found = _BODY.search(self.text)
        if found is None:
            raise SqlFileError(f"{self.path}: write the body between `as $$` at the end of a line and `$$;`.")
        return "\n" + found[1]

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The words of the text without its comments."""
        return frozenset(re.findall(r"\w+", _COMMENT.sub("", self.text)))


@dataclass
class Changes:
    """What was done to a database, by names."""

    applied: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Noted in the database without a file here, and never retired: of another release, so they stay."""


def load(package: Path = PACKAGE) -> list[SqlFile]:
    """All files in the order in which they are applied.

    Raises SqlFileError for a file that does not make exactly the one object that it is named after, for a retired one
    that does not say when it may be dropped, and for two of one name.
    """
    found: dict[str, SqlFile] = {}
    folders = sorted(package.glob("**/sql/"))
    for path in (
        path for folder in folders for path in (*folder.glob("*.sql"), *folder.glob("retired/*.sql"))
    ):
        file = _read(path)
        if file.name in found:
            raise SqlFileError(f"{path} and {found[file.name].path} have one name; give one of them another.")
        found[file.name] = file
    return _ordered(found)


def _read(path: Path) -> SqlFile:
    text = path.read_text(encoding="utf-8")
    made = _MADE.findall(text)
    if [name for _, name in made] != [path.stem]:
        raise SqlFileError(
            f"{path}: write one `create or replace function {path.stem}` (or view, or trigger) and nothing beside it."
        )
    retired = _RETIRED.search(text)
    if (path.parent.name == "retired") is not (retired is not None):
        raise SqlFileError(
            f"{path}: a file of retired/, and no other, begins with `-- retired in X.Y.Z, dropped from X.Y.Z`."
        )
    return SqlFile(path, path.stem, made[0][0], text, retired[2] if retired else None)


def _ordered(files: Mapping[str, SqlFile]) -> list[SqlFile]:
    """Functions, whose bodies are looked at when all are there; views after those that they read; triggers."""
    views = {name: file.mentioned for name, file in files.items() if file.kind == "view"}
    order = TopologicalSorter({name: (words & views.keys()) - {name} for name, words in views.items()})
    places = {name: place for place, name in enumerate(order.static_order())}
    return sorted(
        files.values(),
        key=lambda file: (_KINDS.index(file.kind), places.get(file.name, 0), file.name),
    )


def changed(files: Iterable[SqlFile], noted: Mapping[str, str]) -> list[SqlFile]:
    """Those files whose digest is not the one noted under their name."""
    return [file for file in files if noted.get(file.name) != file.digest]


async def noted(connection: asyncpg.Connection) -> dict[str, str]:
    """The digests that a database notes, by name; none before the first file was applied."""
    if not await connection.fetchval("select to_regclass($1) is not null", TABLE):
        return {}
    rows = await connection.fetch(f"select name, digest from {TABLE}")
    return {row["name"]: row["digest"] for row in rows}


async def apply(
    connection: asyncpg.Connection, files: Collection[SqlFile], *, version: str, only_early: bool = False
) -> Changes:
    """Apply what differs, and drop what was retired and is over, in one transaction of the schema's owner.

    `version` is this release. With `only_early` nothing is applied but what revisions need, and nothing dropped.
    Raises SqlFileError when a file cannot be applied; nothing has changed then.
    """
    changes = Changes()
    async with connection.transaction():
        await connection.execute("set local lock_timeout = '5s'")
        await connection.execute(
            f"create table if not exists {TABLE} (name text primary key, digest text not null, dropped_from text,"
            " applied_at timestamptz not null default now())"
        )
        await connection.execute(
            f"comment on table {TABLE} is"
            " 'Functions, views and triggers of the database as their files had them when they were applied.';"
            f" grant select on {TABLE} to baas_auth"
        )
        # Bodies are looked at when everything that they call is there.
        await connection.execute("set local check_function_bodies = off")
        waiting = [
            file for file in changed(files, await noted(connection)) if file.is_early or not only_early
        ]
        for file in waiting:
            await _apply(connection, file)
            changes.applied.append(file.name)
        await _check(connection, changes.applied)
        if not only_early:
            await _drop_retired(connection, {file.name for file in files}, version, changes)
    return changes


async def _apply(connection: asyncpg.Connection, file: SqlFile) -> None:
    # A grant that the file no longer names must not survive in the database.
    for statement in await connection.fetch(_REVOKE, file.name):
        await connection.execute(statement[0])
    try:
        await connection.execute(file.text)
    except asyncpg.PostgresError as error:
        other = isinstance(error, asyncpg.AmbiguousFunctionError) or str(error).startswith("cannot change ")
        raise SqlFileError(_other(file.name) if other else _refused(file.name, str(error))) from error
    await connection.execute(
        f"insert into {TABLE} (name, digest, dropped_from) values ($1, $2, $3) on conflict (name) do update"
        " set digest = excluded.digest, dropped_from = excluded.dropped_from, applied_at = now()",
        file.name,
        file.digest,
        file.dropped_from,
    )


_REVOKE: Final = """
select format('revoke all on function %s from %s', p.oid::regprocedure, r.rolname) from pg_proc p,
  lateral aclexplode(p.proacl) g join pg_roles r on r.oid = g.grantee
where p.pronamespace = 'public'::regnamespace and p.proname = $1 and g.grantee <> p.proowner
union
select format('revoke all on %s from %s', c.oid::regclass, r.rolname) from pg_class c,
  lateral aclexplode(c.relacl) g join pg_roles r on r.oid = g.grantee
where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' and c.relname = $1 and g.grantee <> c.relowner
"""
_OVERLOADED: Final = """
select proname from pg_proc
where pronamespace = 'public'::regnamespace and proname = any($1) group by proname having count(*) > 1
"""
_VALIDATE: Final = """
select p.proname, format('select %s(%s::oid)', l.lanvalidator::regproc, p.oid)
from pg_proc p join pg_language l on l.oid = p.prolang
where p.pronamespace = 'public'::regnamespace and p.proname = any($1) and l.lanvalidator <> 0
"""


async def _check(connection: asyncpg.Connection, names: list[str]) -> None:
    """Raise SqlFileError for a body that PostgreSQL does not understand, and for a function with two signatures."""
    for row in await connection.fetch(_OVERLOADED, names):
        raise SqlFileError(_other(row[0]))
    await connection.execute("set local check_function_bodies = on")
    for name, statement in await connection.fetch(_VALIDATE, names):
        try:
            async with connection.transaction():
                await connection.execute(statement)
        except asyncpg.PostgresError as error:
            raise SqlFileError(_refused(name, str(error))) from error


def _other(name: str) -> str:
    return (
        f"{name} has other arguments, or another result, than in the database, where the release before uses it."
        " Give the new one another name, and move the old file to retired/."
    )


def _refused(name: str, words: str) -> str:
    return f"sql/{name}.sql cannot be applied: {words}"


async def _drop_retired(
    connection: asyncpg.Connection, here: Collection[str], version: str, changes: Changes
) -> None:
    for row in await connection.fetch(f"select name, dropped_from from {TABLE} order by name"):
        if row["name"] in here:
            continue
        if row["dropped_from"] is not None and numbers(row["dropped_from"]) <= numbers(version):
            changes.dropped.append(row["name"])
        else:
            changes.left.append(row["name"])
    await drop(connection, changes.dropped)


_DROP: Final = """
select 1, format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass) from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'public'::regnamespace and not c.relispartition and not t.tgisinternal and t.tgname = any($1)
union all
select 2, format('drop view %s', c.oid::regclass) from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' and c.relname = any($1)
union all
select 3, format('drop function %s', p.oid::regprocedure) from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.proname = any($1)
order by 1, 2
"""


async def drop(connection: asyncpg.Connection, names: Collection[str]) -> None:
    """Drop functions, views and triggers by name, and forget them."""
    for _, statement in await connection.fetch(_DROP, list(names)):
        await connection.execute(statement)
    await connection.execute(f"delete from {TABLE} where name = any($1)", list(names))


def numbers(version: str) -> tuple[int, ...]:
    """A version `X.Y.Z` as numbers, to compare."""
    return tuple(int(part) for part in version.split("."))
