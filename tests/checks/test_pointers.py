"""What documents and comments point to is there: files, modules, sections, migrations, decisions."""

import re
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
)
THERE = {name for name in FILES if (ROOT / name).is_file()}
FOLDERS = {str(parent) for name in THERE for parent in Path(name).parents}
PLACES = THERE | FOLDERS
NAMES = {Path(name).name for name in THERE}
MADE = ("baas/widget_release", "benchmarks/results", "sdk/build", "sdk/dist", "tests/browser/artefacts")
"""Folders that tools make, and that no clone has."""

_TOP = "baas|tests|docs|sdk|widget|examples|benchmarks|migrations|deploy|requirements"
PATH = re.compile(rf"(?<![\w/.@-])((?:{_TOP})/[\w./*-]*\w)")
MODULE = re.compile(r"(?<![\w./@-])(baas(?:\.[a-z_]\w*)+(?:\.[A-Z]\w*)?)")
BARE = re.compile(r"(?<![\w/.*-])([\w-]+\.(?:md|py|mjs|lua|sql))\b")
MIGRATION = re.compile(r"\b[Mm]igrations? (\d{4}(?:(?:, | and )\d{4})*)")
DECISION = re.compile(r"\bD-\d{3}\b")
ENTRY = re.compile(r"^\*\*(D-\d{3}) ", re.MULTILINE)
SAID = re.compile(r'"""[^"].*?"""|(?:^|(?<=\s))#.*?$', re.DOTALL | re.MULTILINE)
"""Docstrings and comments of Python, and what looks like them: parsing every file takes twenty times as long."""
PLACEHOLDER = re.compile(r"NAME|NNNN")
"""Stand for a name in a recipe."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXAMPLES = {"views.py", "page.py", "app.py", "main.py", "urls.py", "catalog.py", "manage.py", "shop.py"}
"""Names of files of a reader's own shop."""


@cache
def prose(name: str) -> str:
    """What a file says to people: all of a document; the comments and docstrings of code."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if name.endswith(".md"):
        return text
    if name.endswith(".py"):
        return "\n".join(SAID.findall(text))
    return "\n".join(re.findall(r"^\s*(?:#|//|/?\*|--).*$", text, re.MULTILINE))


def is_read(name: str) -> bool:
    """Files that people write, and that are text."""
    generated = ("sdk/src/baas_sdk/_models/", "sdk/src/baas_sdk/_sync/", "sdk/src/baas_sdk/_async/resources/")
    suffixes = {".py", ".md", ".js", ".mjs", ".sql", ".lua", ".yaml", ".yml", ".toml", ""}
    return Path(name).suffix in suffixes and not name.startswith(generated)


READ = [name for name in sorted(THERE) if is_read(name)]


@cache
def is_module(dotted: str) -> bool:
    """Whether a module, or a name in one, is there."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        folder = "/".join(parts[:length])
        for file in (f"{folder}.py", f"{folder}/__init__.py"):
            if file in THERE:
                rest = parts[length:]
                made = (
                    rf"^\s*(?:async )?(?:def|class) {rest[0]}\b|^\s*{rest[0]}\b\s*[:=,]|\bimport .*\b{rest[0]}\b"
                    if rest
                    else ""
                )
                return re.search(made, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE) is not None
        if folder in FOLDERS:
            return length == len(parts)
    return False


def test_every_file_that_is_named_is_there() -> None:
    """By its path, or by its name alone."""
    wrong = []
    for name in READ:
        own = Path(name).parent
        for path in PATH.findall(prose(name)):
            candidates = {path, str(own / path), str(Path(name.split("/", maxsplit=1)[0]) / path)}
            found = not candidates.isdisjoint(PLACES) or any(
                fnmatch(there, candidate) for candidate in candidates if "*" in candidate for there in THERE
            )
            if not found and not path.startswith(MADE) and not PLACEHOLDER.search(path):
                wrong.append(f"{name}: {path}")
        if not name.startswith(("examples/", "sdk/README", "tests/")):
            wrong += [
                f"{name}: {bare}"
                for bare in BARE.findall(prose(name))
                if bare not in NAMES and bare not in EXAMPLES
            ]
    assert wrong == []


def test_every_module_that_is_named_is_there() -> None:
    """By its dotted name, with or without a name in it."""
    wrong = [
        f"{name}: {dotted}"
        for name in READ
        if name.endswith((".py", ".md")) and not name.startswith("widget/")
        for dotted in MODULE.findall(prose(name))
        if not dotted.endswith((".js", ".test")) and not is_module(dotted)
    ]
    assert wrong == []


def test_every_migration_that_is_named_is_there() -> None:
    """Those that were folded into a baseline are none any more."""
    numbers = {name.split("/")[-1][:4] for name in THERE if name.startswith("migrations/versions/")}
    wrong = [
        f"{name}: migration {number}"
        for name in READ
        for listed in MIGRATION.findall(prose(name))
        for number in re.findall(r"\d{4}", listed)
        if number not in numbers
    ]
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in READ if name.endswith(".md")])
def test_every_link_leads_somewhere(name: str) -> None:
    """To a file of the repository, and to a heading in it."""
    wrong = []
    for link in LINK.findall(prose(name)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists():
            wrong.append(link)
        elif anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            if anchor not in slugs:
                wrong.append(link)
    assert wrong == []


def decisions() -> str:
    """The text of DECISIONS.md."""
    return (ROOT / "DECISIONS.md").read_text(encoding="utf-8")


def listed_as(mark: str) -> set[str]:
    """The decisions in the line of the index that begins with this mark."""
    found = re.search(rf"^\*\*{mark}\*\*(.*?)\n\n", decisions(), re.MULTILINE | re.DOTALL)
    assert found, f"DECISIONS.md has no line **{mark}**"
    return set(DECISION.findall(found.group(1)))


def test_every_decision_is_named_in_the_code_or_is_policy() -> None:
    """Code that looks odd names its decision: `# D-046: …` above it. What no line of code stands for is policy."""
    numbers = ENTRY.findall(decisions())
    assert numbers == sorted(set(numbers)), "in order, each once"
    cited: dict[str, str] = {}
    for name in READ:
        if name.endswith(".md") or name.startswith("tests/checks/test_pointers"):
            continue
        for number in DECISION.findall((ROOT / name).read_text(encoding="utf-8")):
            cited.setdefault(number, name)
    assert {number: name for number, name in cited.items() if number not in numbers} == {}
    policy = listed_as("Policy")
    assert policy & cited.keys() == set(), "policy, and yet named in code: take it off the list"
    assert set(numbers) - cited.keys() == policy, (
        "name each where the odd construct stands, or list it as policy"
    )


def test_no_client_reads_numbers_of_decisions() -> None:
    """Docstrings of structs and handlers are the words of the API: there a decision is named in a comment above."""
    assert DECISION.findall((ROOT / "tests/contract/openapi.json").read_text(encoding="utf-8")) == []


def test_the_index_of_decisions_lists_each_under_one_subject() -> None:
    """A table at the top, by subject; whatever was superseded or amended says by which."""
    head, _, body = decisions().partition("\n## ")
    rows = [line for line in head.splitlines() if line.startswith("| ")]
    listed = [number for row in rows for number in DECISION.findall(row)]
    assert sorted(listed) == ENTRY.findall(decisions())
    assert body
    for line in re.findall(r"^- (D-\d{3}): .*$", head, re.MULTILINE):
        assert line in listed
