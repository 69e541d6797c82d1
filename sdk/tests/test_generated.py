"""What is generated is what the generator writes, and what its readers may expect."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from sdk.scripts import generate
from sdk.scripts.twin import synchronous

from baas_sdk import AsyncClient, Client, errors, types
from baas_sdk._models.operations import OPERATIONS
from baas_sdk._models.requests import CreateOrder
from baas_sdk._struct import Request, made

SOURCES = sorted(generate.PACKAGE.rglob("*.py"))


def test_the_synchronous_client_is_the_twin_of_the_asynchronous_one() -> None:
    """To the last letter: `python -m sdk.scripts.generate` writes it."""
    asynchronous = generate.PACKAGE / "_async"
    files = {path: path.read_text(encoding="utf-8") for path in asynchronous.rglob("*.py")}
    twins = generate.twins(files)
    on_disk = set((generate.PACKAGE / "_sync").rglob("*.py"))
    assert on_disk == set(twins)
    assert [path.name for path, text in twins.items() if path.read_text(encoding="utf-8") != text] == []
    assert all(text.startswith("# Made of its asynchronous twin") for text in twins.values())


def test_the_twin_has_no_word_of_the_other() -> None:
    """Nothing asynchronous is left in it."""
    for path in (generate.PACKAGE / "_sync").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)), path


def test_words_are_translated() -> None:
    """Also nested ones."""
    assert synchronous(
        "async def f(x: Awaitable[A[B]]) -> AsyncPages[C]:\n    await asyncio.sleep(1)\n"
    ).endswith("def f(x: A[B]) -> Pages[C]:\n    time.sleep(1)\n")


@pytest.mark.parametrize("place", sorted({place for _, _, place in OPERATIONS.values()}))
def test_both_clients_have_the_same_method(place: str) -> None:
    """With the same arguments, and the same in `with_raw_response`."""
    sync, asynchronous = Client("sk_x", base_url="http://x"), AsyncClient("sk_x", base_url="http://x")
    found = []
    for client in (sync, asynchronous):
        method, raw = client, client.with_raw_response
        for word in place.split("."):
            method, raw = getattr(method, word), getattr(raw, word)
        found.append(inspect.signature(method))
    assert list(found[0].parameters.values()) == list(found[1].parameters.values())
    kinds = [parameter.kind for parameter in found[0].parameters.values()]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(generate.PACKAGE)))
def test_it_is_python_3_10(path: Path) -> None:
    """By its grammar, and by what it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))
    newer = {
        "StrEnum",
        "Self",
        "assert_never",
        "NotRequired",
        "Required",
        "override",
        "tomllib",
        "UTC",
        "TaskGroup",
        "ExceptionGroup",
        "batched",
    }
    for node in ast.walk(tree):
        names = (
            {alias.name for alias in node.names} if isinstance(node, (ast.Import, ast.ImportFrom)) else set()
        )
        names |= {node.attr} if isinstance(node, ast.Attribute) else set()
        assert not names & newer, f"{path}: {names & newer}"


def test_types_that_are_sent_refuse_unknown_fields() -> None:
    """And those that are answered do not."""
    with pytest.raises(TypeError):
        CreateOrder(items=[], unknown=1)  # type: ignore[call-arg]  # on purpose
    with pytest.raises(errors.InvalidArgument):
        made(CreateOrder, {"items": [], "unknown": 1})
    assert issubclass(CreateOrder, Request)


def test_the_tree_of_errors_is_written_down() -> None:
    """Every class is in the module's first page, in `__all__`, and importable from the package."""
    import baas_sdk

    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.BaasError):
            assert name in (errors.__doc__ or ""), name
            assert name in errors.__all__
            assert getattr(baas_sdk, name) is kind


def test_everything_public_is_there() -> None:
    """The lazy names included; and what is not there is said."""
    import baas_sdk

    for name in baas_sdk.__all__:
        assert getattr(baas_sdk, name) is not None
    assert set(dir(baas_sdk)) == set(baas_sdk.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = baas_sdk.nothing
    for name in types.__all__:
        assert getattr(types, name) is not None


def run(code: str) -> str:
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(generate.PACKAGE.parent)!r})\n{code}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_receiving_webhooks_needs_no_http_client() -> None:
    """Only the standard library and msgspec are loaded."""
    loaded = run(
        "import baas_sdk.webhooks; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ).split()
    assert "msgspec" in loaded
    assert not {"httpx", "httpcore", "anyio", "asyncio", "ssl"} & set(loaded)


def test_import_takes_less_than_150_ms() -> None:
    """Of the processor's time, the best of several, because other work runs beside the tests."""
    names = "from baas_sdk import Client, AsyncClient, errors, webhooks"
    code = f"import time; began = time.process_time(); {names}; print((time.process_time() - began) * 1000)"
    assert min(float(run(code)) for _ in range(7)) < 150
