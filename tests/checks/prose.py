"""`python -m tests.checks.prose`: break the long lines of documents at 120 characters. Tables and code stay as they are."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
WIDTH: Final = 120
_KEPT: Final = "\x00"
"""Stands for a space at which no line may end."""
_ITEM: Final = re.compile(r"(\s*(?:[-*+]|\d+[.)])\s+)")
_BEGINS_ITEM: Final = re.compile(r" (?=(?:[-+*>]|#{1,6}|\d+[.)])(?: |$))")
_ALONE: Final = re.compile(r"\s*(?:\||#|<|\[[^\]]+\]:)")
"""Rows of tables, headings, HTML, definitions of links."""
_CODE: Final = re.compile(r"`[^`\n]{1,70}`")


def documents() -> list[Path]:
    """The documents that people write. The SDK's `api.md` is made by a program."""
    return sorted(
        path
        for pattern in (
            "*.md",
            "docs/*.md",
            "deploy/*.md",
            "sdk/*.md",
            "widget/*.md",
            "examples/*/*.md",
            "tests/*/*.md",
        )
        for path in ROOT.glob(pattern)
        if path != ROOT / "sdk" / "api.md"
    )


def wrapped(text: str) -> str:
    """Return a document with those paragraphs filled anew that have a line which is too long."""
    out: list[str] = []
    block: list[str] = []
    is_code = False
    for line in [*text.split("\n"), ""]:
        is_fence = line.lstrip().startswith("```")
        is_alone = is_code or is_fence or not line.strip() or _ALONE.match(line) is not None
        if block and (is_alone or _ITEM.match(line)):
            out += _filled(block)
            block = []
        if is_alone:
            out.append(line)
        else:
            block.append(line)
        is_code ^= is_fence
    return "\n".join(out[:-1])


def _filled(block: list[str]) -> Iterator[str]:
    if all(len(line) <= WIDTH for line in block):
        yield from block
        return
    item = _ITEM.match(block[0])
    first = item.group(1) if item else block[0][: len(block[0]) - len(block[0].lstrip())]
    indent = " " * len(first)
    words = " ".join(line.strip() for line in block)
    words = words.removeprefix(first.strip()).strip()
    words = _CODE.sub(lambda found: found.group().replace(" ", _KEPT), words)
    words = _BEGINS_ITEM.sub(_KEPT, words)
    for line in textwrap.wrap(
        words,
        WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield line.replace(_KEPT, " ")


def main() -> None:
    """Write the documents that change."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        if (new := wrapped(text)) != text:
            path.write_text(new, encoding="utf-8")
            print(f"Wrapped: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
