"""Functions, views and triggers of the database: each is a file, the files are what the database has, and they change
without a moment in which somebody who calls them finds none."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from baas import __version__
from baas.core.db import sqlstates
from baas.core.schema import migrations, sql_files
from baas.core.schema.sql_files import SqlFileError, numbers
from tests import deployment
from tests.servers import Servers, drop_database, random_name

FILES = sql_files.load()
RAISED = re.compile(r"errcode = '(BS\d{3})'")
REGISTERED = {value: name for name, value in vars(sqlstates).items() if name.isupper()}


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def everything(connection: asyncpg.Connection) -> dict[str, tuple[str, str]]:
    """name -> kind and whole definition of each function, view and trigger of the database, with its grants."""
    rows = await connection.fetch(
        "select proname as name, 'function' as kind, concat(pg_get_functiondef(oid), proacl) as definition"
        " from pg_proc where pronamespace = 'public'::regnamespace"
        " union all select relname, 'view', concat(pg_get_viewdef(oid), reloptions, relacl) from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')"
        " union all select tgname, 'trigger', pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = tgrelid"
        " where relnamespace = 'public'::regnamespace and not tgisinternal and not c.relispartition"
    )
    found = {row["name"]: (row["kind"], row["definition"]) for row in rows}
    assert len(found) == len(rows), "two functions, views or triggers have one name"
    return found


async def test_the_database_has_the_files_and_nothing_else(owner: asyncpg.Connection) -> None:
    """No function, view or trigger without a file, none with another text, and applying a file anew changes nothing."""
    before = await everything(owner)
    assert {name: kind for name, (kind, _) in before.items()} == {file.name: file.kind for file in FILES}
    bodies = await owner.fetch(
        "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace"
    )
    assert {row["proname"]: row["prosrc"] for row in bodies} == {
        file.name: file.body for file in FILES if file.kind == "function"
    }
    transaction = owner.transaction()
    await transaction.start()
    for file in FILES:
        await owner.execute(file.text)
    assert await everything(owner) == before
    await transaction.rollback()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_says_what_it_is(file: sql_files.SqlFile) -> None:
    """It begins with its name and what it does; a function also says what it returns and raises, and who may call it."""
    head = "".join(re.findall(r"^--.*\n", file.text.partition("create or replace")[0], re.MULTILINE))
    assert head.startswith(f"-- {file.name}: ")
    if file.kind == "function":
        assert "-- Returns " in head
        assert "Raises " in head
        assert ("-- Arguments" in head) is (f"function {file.name}()" not in file.text)
        assert f"\nrevoke all on function {file.name} from public;\n" in file.text
        for code in RAISED.findall(file.text):
            assert code in head, f"{file.name} does not say that it raises {code}"


def test_every_error_code_is_registered_once_and_raised() -> None:
    """And nowhere in Python a code is written out again."""
    raised = {code for file in FILES for code in RAISED.findall(file.text)}
    assert raised == set(REGISTERED)
    assert len(REGISTERED) == len([name for name in vars(sqlstates) if name.isupper()])
    for path in sql_files.PACKAGE.rglob("*.py"):
        if path.name != "sqlstates.py":
            assert not re.search(r"\bBS\d{3}\b", path.read_text(encoding="utf-8")), path


def test_no_retired_file_is_overdue() -> None:
    """One that this release may do without is deleted; `baas migrate` then drops it from the database."""
    for file in FILES:
        if file.dropped_from is not None:
            assert numbers(__version__) < numbers(file.dropped_from), f"delete {file.path}"


# --------------------------------------------------------------------------------------- how they change


class Package:
    """Files of a package of its own, and a schema that they are applied to."""

    def __init__(self, folder: Path, connection: asyncpg.Connection) -> None:
        self.folder = folder
        self.connection = connection
        (folder / "shop" / "sql" / "retired").mkdir(parents=True)

    def write(self, name: str, text: str, *, header: str = "", retired: bool = False) -> None:
        """Write a file; a retired one moves."""
        here = self.folder / "shop" / "sql"
        (here / f"{name}.sql").unlink(missing_ok=True)
        folder = here / "retired" if retired else here
        (folder / f"{name}.sql").write_text(f"-- {name}: of a test.\n{header}{text}", encoding="utf-8")

    def function(
        self,
        name: str,
        answer: int | str,
        *,
        grant: str = "",
        arguments: str = "",
        header: str = "",
        retired: bool = False,
    ) -> None:
        """Write a function that returns an expression."""
        text = f"create or replace function {name}({arguments}) returns bigint language sql as $$\n  select {answer}\n$$;\n"
        self.write(
            name, f"{text}revoke all on function {name} from public;\n{grant}", header=header, retired=retired
        )

    async def apply(self, version: str = "0.1.0") -> sql_files.Changes:
        """Apply what differs."""
        return await sql_files.apply(self.connection, sql_files.load(self.folder), version=version)

    async def call(self, name: str) -> int:
        """What a function returns."""
        answer: int = await self.connection.fetchval(f"select {name}()")
        return answer

    async def callers(self, name: str) -> list[str]:
        """The roles that may call a function, besides its owner."""
        return [
            row[0]
            for row in await self.connection.fetch(
                "select case when grantee = 0 then 'public' else grantee::regrole::text end from pg_proc,"
                " aclexplode(coalesce(proacl, acldefault('f', proowner))) g where proname = $1 and grantee <> proowner",
                name,
            )
        ]


@pytest.fixture
async def package(servers: Servers, tmp_path: Path) -> AsyncIterator[Package]:
    await deployment.roles(servers.admin_url)
    name = random_name()
    connection = await asyncpg.connect(await deployment.empty_database(servers.admin_url, name))
    yield Package(tmp_path, connection)
    await connection.close()
    await drop_database(servers.admin_url, name)


async def test_only_what_differs_is_applied(package: Package) -> None:
    """And whoever changes a text finds the new one after the next migration."""
    package.function("one", 1)
    package.function("two", 2)
    assert (await package.apply()).applied == ["one", "two"]
    assert (await package.apply()).applied == []
    package.function("two", 22)
    assert (await package.apply()).applied == ["two"]
    assert (await package.call("one"), await package.call("two")) == (1, 22)


async def test_a_grant_that_the_file_forgot_is_gone(package: Package) -> None:
    """The grants stand beside the text, and are those of the text."""
    package.function("one", 1, grant="grant execute on function one to baas_app, baas_relay;\n")
    await package.apply()
    assert await package.callers("one") == ["baas_app", "baas_relay"]
    package.function("one", 1, grant="grant execute on function one to baas_app;\n")
    await package.apply()
    assert await package.callers("one") == ["baas_app"]


async def test_files_depend_on_one_another_in_any_order(package: Package) -> None:
    """A function calls one that comes later, a view reads a view that comes later, a trigger is last."""
    await package.connection.execute("create table things (n bigint)")
    package.function("a_first", "b_second()")
    package.function("b_second", "count(*) from a_seen")
    package.write("a_seen", "create or replace view a_seen as select * from b_seen where n > 0;\n")
    package.write("b_seen", "create or replace view b_seen as select n from things;\n")
    package.write(
        "a_trigger",
        "create or replace trigger a_trigger after insert on things for each row execute function z();\n",
    )
    package.write(
        "z",
        "create or replace function z() returns trigger language plpgsql as $$\nbegin\n  return null;\nend\n$$;\n",
    )
    assert (await package.apply()).applied == ["a_first", "b_second", "z", "b_seen", "a_seen", "a_trigger"]
    await package.connection.execute("insert into things values (1), (2)")
    assert await package.call("a_first") == 2


@pytest.mark.parametrize(
    "broken, words",
    [
        ("1 + from", "syntax error"),
        ("n from nowhere", '"nowhere" does not exist'),
        ("missing()", "function missing\\(\\) does not exist"),
    ],
)
async def test_a_text_that_cannot_run_changes_nothing(package: Package, broken: str, words: str) -> None:
    """Not even the files before it: what the shop calls is whole, before and after."""
    package.function("a", 1)
    package.function("b", 1)
    await package.apply()
    package.function("a", 2)
    package.function("b", broken)
    with pytest.raises(SqlFileError, match=f"b.sql cannot be applied: .*{words}"):
        await package.apply()
    assert (await package.call("a"), await package.call("b")) == (1, 1)


async def test_other_arguments_need_another_name(package: Package) -> None:
    """The release before calls the function that is there; both under one name would be a matter of luck."""
    package.function("one", 1)
    await package.apply()
    package.function("one", "n", arguments="n bigint")
    with pytest.raises(SqlFileError, match="other arguments"):
        await package.apply()
    package.write(
        "one", "create or replace function one() returns text language sql as $$\n  select 'a'\n$$;\n"
    )
    with pytest.raises(SqlFileError, match="another result"):
        await package.apply()
    assert await package.call("one") == 1


async def test_a_retired_function_goes_when_its_release_has_come(package: Package) -> None:
    """Before, it is there for the release before, whether its file was deleted or not."""
    header = "-- retired in 0.2.0, dropped from 0.3.0\n"
    package.function("old", 1)
    await package.apply("0.1.0")
    package.function("old", 1, header=header, retired=True)
    assert (await package.apply("0.2.0")).applied == ["old"]
    (package.folder / "shop/sql/retired/old.sql").unlink()
    assert (await package.apply("0.2.1")).left == ["old"]
    assert await package.call("old") == 1
    changes = await package.apply("0.3.0")
    assert (changes.dropped, changes.left) == (["old"], [])
    assert await package.connection.fetchval("select count(*) from pg_proc where proname = 'old'") == 0
    assert (await package.apply("0.3.0")) == sql_files.Changes()


async def test_a_view_and_a_trigger_are_dropped_too(package: Package) -> None:
    """The trigger before its function."""
    header = "-- retired in 0.2.0, dropped from 0.3.0\n"
    await package.connection.execute("create table things (n bigint)")
    body = "create or replace function f() returns trigger language plpgsql as $$\nbegin\n  return null;\nend\n$$;\n"
    package.write("f", body, header=header, retired=True)
    trigger = "create or replace trigger t after insert on things for each row execute function f();\n"
    package.write("t", trigger, header=header, retired=True)
    package.write("v", "create or replace view v as select n from things;\n", header=header, retired=True)
    await package.apply("0.2.0")
    for name in "ftv":
        (package.folder / f"shop/sql/retired/{name}.sql").unlink()
    assert (await package.apply("0.3.0")).dropped == ["f", "t", "v"]
    assert await everything(package.connection) == {}


async def test_a_file_that_was_never_retired_stays_in_the_database(package: Package) -> None:
    """It is of another release, older or newer: what it calls it for is not known here."""
    package.function("theirs", 1)
    await package.apply()
    (package.folder / "shop/sql/theirs.sql").unlink()
    changes = await package.apply("9.0.0")
    assert (changes.dropped, changes.left) == ([], ["theirs"])
    assert await package.call("theirs") == 1


@pytest.mark.parametrize(
    "spoil, words",
    [
        (
            lambda package: package.write("one", "create or replace function two() …"),
            "one `create or replace",
        ),
        (lambda package: package.write("one", "create function one() …"), "one `create or replace"),
        (lambda package: package.function("one", 1, retired=True), "retired in X.Y.Z"),
        (
            lambda package: package.function("one", 1, header="-- retired in 0.1.0, dropped from 0.2.0\n"),
            "retired in X.Y.Z",
        ),
    ],
    ids=["another name", "cannot be repeated", "retired without a word", "a word without being retired"],
)
async def test_a_file_that_is_not_in_order_is_refused(
    package: Package, spoil: Callable[[Package], None], words: str
) -> None:
    """With what to do."""
    spoil(package)
    with pytest.raises(SqlFileError, match=words):
        sql_files.load(package.folder)


async def test_two_files_of_one_name_are_refused(package: Package) -> None:
    """Also in two packages: the database has one room for names."""
    package.function("one", 1)
    other = package.folder / "other" / "sql"
    other.mkdir(parents=True)
    (other / "one.sql").write_text(
        (package.folder / "shop/sql/one.sql").read_text(encoding="utf-8"), encoding="utf-8"
    )
    with pytest.raises(SqlFileError, match="have one name"):
        sql_files.load(package.folder)


# ------------------------------------------------------------------------------------- with the revisions


async def test_two_migrations_at_once_are_one(servers: Servers) -> None:
    """The second waits for the first, and has nothing to do."""
    await deployment.roles(servers.admin_url)
    name = random_name()
    owner_url = await deployment.empty_database(servers.admin_url, name)
    try:
        both = await asyncio.gather(migrations.upgrade(owner_url), migrations.upgrade(owner_url))
        # What revisions need was applied before them.
        late = [file.name for file in FILES if not file.is_early]
        assert sorted([changes.applied for changes in both]) == [[], late]
        assert await migrations.current(owner_url) == migrations.head()
    finally:
        await drop_database(servers.admin_url, name)


async def test_a_function_that_differs_is_brought_up_at_the_next_start(servers: Servers) -> None:
    """Also on the newest revision, where there is nothing else to do."""
    await deployment.roles(servers.admin_url)
    name = random_name()
    owner_url = await deployment.migrated_database(servers.admin_url, name)
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute("update sql_files set digest = 'another' where name = 'order_number'")
        await owner.execute("drop function order_number(uuid)")
        await migrations.bring_up(owner_url)
        assert await owner.fetchval("select count(*) from pg_proc where proname = 'order_number'") == 1
        state = await owner.fetchrow(migrations.Schema.STATE)
        assert migrations.Schema().problem(state) is None
    finally:
        await owner.close()
        await drop_database(servers.admin_url, name)
