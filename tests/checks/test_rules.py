"""Rules of the house that no other tool checks, as programs: each walks over every module there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

import baas.app
import baas.worker  # noqa: F401  so that every refusal is known
from baas.core.errors import AppError

ROOT = Path(__file__).parents[2]
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "baas").rglob("*.py"))
}
Function = ast.FunctionDef | ast.AsyncFunctionDef
OF_A_STORE = {"StoreWork", "StoreSession", "StoreConnection"}


def functions() -> Iterator[tuple[str, Function]]:
    """Every function with the file that it is in."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield path, node


def parameters(function: Function) -> dict[str, set[str]]:
    """Parameter -> the words of its annotation."""
    arguments = function.args
    return {
        argument.arg: {
            word.id for word in ast.walk(argument.annotation or ast.Pass()) if isinstance(word, ast.Name)
        }
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    }


def calls(name: str) -> set[str]:
    """The files in which something is called by this name."""
    return {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")) == name
    }


_ENDS_A_TRANSACTION = re.compile(r"(^|;)\s*(commit\b|end(;|$)|prepare transaction\b)", re.IGNORECASE)


def statements(tree: ast.Module) -> Iterator[str]:
    """Every text of a module that may be sent to a database: no docstring, but each piece of an f-string."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_an_end_of_a_transaction_is_seen_in_whatever_text_it_stands() -> None:
    """Also as a piece of an f-string, behind another statement, and with more words."""
    for code in (
        "work.execute('commit')",
        "work.execute(f'COMMIT AND {chain}')",
        "work.execute(f'{sql}; commit')",
        "work.execute('update t set a = 1;\\n commit; begin')",
        "END = 'end'",
    ):
        assert any(map(_ENDS_A_TRANSACTION.search, statements(ast.parse(code)))), code
    for code in ("'''Commit.'''", "log.info('committed')", "work.execute('begin; set local a = 1')"):
        assert not any(map(_ENDS_A_TRANSACTION.search, statements(ast.parse(code)))), code


def test_work_in_a_store_takes_no_store_id() -> None:
    """The session knows its store (D-001); an id beside it could be another's."""
    wrong = [
        f"{path}: {function.name}"
        for path, function in functions()
        if (words := parameters(function)) and "store_id" in words
        for named in set().union(*words.values()) & OF_A_STORE
        if "SystemConnection" not in set().union(*words.values())
    ]
    assert wrong == []


def test_sessions_and_scopes_have_one_maker_each() -> None:
    """`Database` makes the sessions, the key table makes the scopes."""
    for kind in ("StoreSession", "StoreConnection", "SystemConnection", "Transaction"):
        assert calls(kind) == {"baas/core/db/database.py"}, kind
    assert calls("StoreScope") == {"baas/tenants/door/keys.py"}


def test_nobody_commits_but_the_edge_of_a_transaction() -> None:
    """Services flush; the session that was opened commits when its block ends well."""
    assert calls("commit") == set()
    ending = {
        path for path, tree in TREES.items() for text in statements(tree) if _ENDS_A_TRANSACTION.search(text)
    }
    assert ending == {"baas/core/db/driver.py"}


def test_a_query_says_over_which_session_it_runs() -> None:
    """Whoever calls a repository hands in a session that was opened for a store, or for a stated reason."""
    rooms = [path for path in TREES if "/repository" in path]
    assert len(rooms) > 10
    wrong = [
        f"{path}: {node.name}"
        for path in rooms
        for node in TREES[path].body
        if isinstance(node, ast.AsyncFunctionDef)
        and not next(iter(parameters(node).values()), set()) & (OF_A_STORE | {"SystemConnection"})
    ]
    assert wrong == []


def test_a_table_is_written_with_its_module() -> None:
    """`models.Product` is a table and `Product` what is answered: one rule where a noun names both (catalog, inventory)."""
    wrong = [
        f"{path}: {node.module}"
        for path, tree in TREES.items()
        if path.startswith(("baas/services/catalog/", "baas/services/inventory/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".models")
    ]
    assert wrong == []


def test_every_refusal_says_its_code_its_status_and_its_words() -> None:
    """Also where it has them from its parent; a code belongs to one status."""

    def kinds(base: type[AppError]) -> list[type[AppError]]:
        return [kind for inner in base.__subclasses__() for kind in (inner, *kinds(inner))]

    statuses: dict[str, set[int]] = {}
    for kind in kinds(AppError):
        if not kind.__module__.startswith("baas."):
            continue
        assert kind.code.replace("_", "").isalpha(), kind
        assert kind.code.islower(), kind
        assert 400 <= kind.status < 600, kind
        assert kind.title.endswith("."), kind
        statuses.setdefault(kind.code, set()).add(kind.status)
    assert len(statuses) > 20
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def test_every_module_and_every_public_function_says_what_it_is_for() -> None:
    """One sentence at least."""
    silent = [path for path, tree in TREES.items() if ast.get_docstring(tree) is None]
    assert silent == []
    for path, tree in TREES.items():
        silent += [
            f"{path}: {node.name}"
            for node in tree.body
            if isinstance(node, Function | ast.ClassDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ]
    assert silent == []


def test_what_is_deployed_calls_commands_and_sets_variables_that_there_are() -> None:
    """The image and the composition are not run by any test, so at least their words are right."""
    from baas.cli.main import main

    texts = {
        name: (ROOT / "deploy" / name).read_text(encoding="utf-8") for name in ("Dockerfile", "compose.yaml")
    }
    called = set(re.findall(r'^ +command: \["([a-z-]+)"', texts["compose.yaml"], re.MULTILINE)) - {
        "redis-server"
    }
    assert called == {"roles", "migrate", "serve", "worker"}
    assert called <= set(main.list_commands(click.Context(main)))
    assert 'CMD ["serve"]' in texts["Dockerfile"]
    named = {word for text in texts.values() for word in re.findall(r"BAAS_[A-Z_]+[A-Z]", text)}
    documented = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [word for word in sorted(named) if f"{word}=" not in documented] == []
    # What makes the image must not be kept from it, and nothing else may reach it.
    sources = set(re.findall(r"^COPY (?!--from)(\S+)", texts["Dockerfile"], re.MULTILINE))
    kept = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    assert sources == kept
    assert all((ROOT / source).exists() for source in sources)
