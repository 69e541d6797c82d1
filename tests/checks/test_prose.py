"""Documents are as narrow as code, so that a change of a sentence is a change of a line."""

from pathlib import Path

import pytest

from tests.checks.prose import ROOT, documents, wrapped

LONG = "word " * 40


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_lines_end_at_120(path: Path) -> None:
    """Tables, code and links that cannot be broken excepted."""
    text = path.read_text(encoding="utf-8")
    assert wrapped(text) == text, "make format"


@pytest.mark.parametrize(
    "kept",
    [
        f"| {LONG} |",
        f"```\n{LONG}\n```",
        f"# {LONG}",
        "short\nlines\nstay",
        "[link]: " + "x" * 130,
    ],
)
def test_what_must_not_be_broken_is_not(kept: str) -> None:
    """Tables, code, headings; and paragraphs that fit already."""
    assert wrapped(kept) == kept


def test_what_is_broken_means_the_same() -> None:
    """An item keeps its indent, inline code its spaces, and no line begins like an item or a heading."""
    text = f"- {LONG}`make test TESTS=tests/core` {LONG}\n- next"
    lines = wrapped(text).split("\n")
    assert [line[:2] for line in lines] == ["- ", *["  "] * (len(lines) - 2), "- "]
    assert max(map(len, lines)) <= 120
    assert any("`make test TESTS=tests/core`" in line for line in lines)
    sums = wrapped(" ".join(["aaaa - 1. # b"] * 30)).split("\n")
    assert not [line for line in sums if line.startswith(("- ", "1. ", "# "))]
    assert " ".join(line.strip() for line in lines).split() == text.replace("\n", " ").split()
