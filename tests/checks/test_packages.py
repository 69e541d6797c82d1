"""What a package says in its `__init__` that it owns, emits and hears is what its code does."""

import ast
import re
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import pytest

from baas.assembly import EVENT_TYPES
from baas.core.db.tables import load_tables
from baas.core.work.event_types import EventType
from baas.worker import HANDLERS

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for path in [
        ROOT / "baas/tenants/__init__.py",
        ROOT / "baas/webhooks/__init__.py",
        *ROOT.glob("baas/services/*/__init__.py"),
    ]
)
ROOMS = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for path in [
        *ROOT.glob("baas/core/*/__init__.py"),
        *(ROOT / "baas" / name / "__init__.py" for name in ("cli", "demo", "openapi", "simulators")),
        ROOT / "baas/tenants/door/__init__.py",
    ]
)


def docstring(package: str) -> str:
    """The docstring of a package, on one line."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    return " ".join((ast.get_docstring(tree) or "").split())


def said(package: str, verb: str) -> set[str]:
    """What stands in backticks in the sentence that begins with a verb: table names, or event types and patterns."""
    found = re.search(rf"(?:^|\. ){verb} ((?:`[^`]*`|[^`.])*)", docstring(package))
    assert found, f'{package}/__init__.py: no sentence begins with "{verb}"'
    return set(re.findall(r"`([a-z_]+(?:\.[a-z_*]+)?)`", found.group(1)))


def tables(package: str) -> set[str]:
    """The tables whose models stand in a package, by its modules."""
    metadata, found = load_tables(), set()
    for path in (ROOT / package).rglob("*.py"):
        for line in re.findall(
            r'^    __tablename__ = "(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert line in metadata.tables
            found.add(line)
    return found


def listed_events(package: str) -> set[EventType]:
    """The types in a package's `events` that something emits."""
    return {type_ for type_ in EVENT_TYPES.values() if _home(type_) == package and not type_.reserved}


def _home(type_: EventType) -> str:
    return type(type_).__module__.rpartition(".")[0].replace(".", "/")


def members_used(package: str) -> set[str]:
    """The members of enumerations that the modules of a package name: `OrderEvent.PAID`."""
    return {
        f"{node.value.id}.{node.attr}"
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_the_tables_that_it_owns(package: str) -> None:
    """All of them, and no other."""
    named = said(package, "Owns") & set(load_tables().tables)
    assert named - {"events"} == tables(package), f"{package}/__init__.py"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_owns(room: str) -> None:
    """More than a title; and its tables, if it has some."""
    text = docstring(room)
    assert len(text) > 150, f"{room}/__init__.py says too little"
    missing = {table for table in tables(room) if f"`{table}`" not in text}
    assert missing == set(), f"{room}/__init__.py"


def test_every_event_is_emitted_by_the_package_that_says_so() -> None:
    """Each type by one package alone; a shop's own are the webhooks'."""
    emitted = {package: said(package, "Emits") for package in PACKAGES}
    own = {package: types for package, types in emitted.items() if package != "baas/webhooks"}
    own["baas/webhooks"] = {
        type_ for type_ in emitted["baas/webhooks"] if type_.startswith("webhook_endpoint.")
    }
    assert own == {package: {type_.value for type_ in listed_events(package)} for package in PACKAGES}
    assert emitted["baas/webhooks"] - own["baas/webhooks"] == {"custom.*", "order.created", "order.paid"}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_emits_stands_in_its_code(package: str) -> None:
    """Each member of its enumeration is named by one of its modules."""
    listed = {f"{type(type_).__name__}.{type_.name}" for type_ in listed_events(package)}
    assert listed - members_used(package) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_the_events_that_it_hears(package: str) -> None:
    """Those that the worker hands to its handlers."""
    module = f"{package.replace('/', '.')}.jobs"
    jobs = vars(import_module(module)) if (ROOT / package / "jobs.py").exists() else {}
    heard = set(jobs["handlers"](EVENT_TYPES) if "handlers" in jobs else jobs.get("HANDLERS", {}))
    assert heard <= set(HANDLERS)
    patterns = {word for word in said(package, "Hears") if "." in word}
    unsaid = {type_ for type_ in heard if not any(fnmatch(type_, pattern) for pattern in patterns)}
    unheard = {pattern for pattern in patterns if not any(fnmatch(type_, pattern) for type_ in heard)}
    assert (unsaid, unheard) == (set(), set()), f"{package}/__init__.py"
