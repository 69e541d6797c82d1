"""The same checks wherever they run: `make check`, before a commit, on a forge; and one licence for all parts."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def text(name: str) -> str:
    """A file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_a_commit_is_checked_as_make_check_does() -> None:
    """Command by command, in the same order; by tools of .venv alone, fetched from nowhere."""
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", text("Makefile"), re.MULTILINE)
    assert recipe
    commands = [line.strip().removeprefix("@$(BIN)/") for line in recipe.group(1).splitlines()]
    hooks = re.findall(r"^ +entry: (.*)$", text(".pre-commit-config.yaml"), re.MULTILINE)
    assert hooks == [f".venv/bin/{command}" for command in commands]
    assert re.findall(r"repo: (.*)", text(".pre-commit-config.yaml")) == ["local"]


def test_a_forge_runs_what_we_run() -> None:
    """`.ci/run`, which is `make check` and `make test`."""
    assert re.findall(r"^ +- run: (.*)$", text(".github/workflows/ci.yml"), re.MULTILINE) == [".ci/run"]
    assert re.findall(r"^make .* (\w+)$", text(".ci/run"), re.MULTILINE) == ["check", "test"]


@pytest.mark.parametrize("part", [".", "sdk", "widget"])
def test_every_part_has_the_licence(part: str) -> None:
    """Its text, and its name where packages are described."""
    assert text(f"{part}/LICENSE") == text("LICENSE")
    if part == "widget":
        assert json.loads(text("widget/package.json"))["license"] == "MIT"
    else:
        assert tomllib.loads(text(f"{part}/pyproject.toml"))["project"]["license"] == "MIT"


def test_every_document_is_in_the_readme() -> None:
    """Whoever comes new finds each page of docs/ from the first one."""
    pages = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")}
    links = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", text("README.md")))
    assert links == pages


def test_data_access_names_every_way_to_ask() -> None:
    """Of a transaction and of a request's context."""
    page = text("docs/data-access.md")
    protocol = re.search(
        r"^class StoreWork\(Protocol\):\n(.*?)^class ", text("baas/core/db/work.py"), re.M | re.S
    )
    assert protocol
    ways = set(re.findall(r"^    (?:async )?def (\w+)", protocol.group(1), re.MULTILINE)) - {
        "scope",
        "signals",
        "effects",
    }
    assert {way for way in ways if f"`{way}" not in page} == set()
    context = re.findall(r"^    async def ([a-z]\w*)\(", text("baas/core/serving/context.py"), re.MULTILINE)
    missing = {way for way in {*context, "cached_by_caller"} if f"`ctx.{way}(" not in page}
    assert missing - {"to_asgi_response"} == set()
