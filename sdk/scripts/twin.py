"""Makes synchronous code of asynchronous code, word by word."""

import re

_WORDS = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "asyncio": "time",
    "_async": "_sync",
    "AsyncIterator": "Iterator",
}
_FIRST_LINE = "# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.\n"


def synchronous(text: str) -> str:
    """The synchronous twin of a module."""
    text = re.sub(r"^# Generated.*\n", "", text)
    text = re.sub(r"\basync (def|for|with)\b", r"\1", text)
    text = re.sub(r"\bawait ", "", text)
    for word, twin in _WORDS.items():
        text = re.sub(rf"\b{word}\b", twin, text)
    text = re.sub(r"\bAsync(?=[A-Z])", "", text)
    text = _unwrapped(text, "Awaitable")
    text = text.replace(
        "from collections.abc import Awaitable, Callable", "from collections.abc import Callable"
    )
    text = re.sub(r"^import time\n(?=[\s\S]*^import time\n)", "", text, flags=re.M)
    text = text.replace(
        "The asynchronous client. Its twin in `_sync` is made from it",
        "The synchronous client, made from its twin",
    )
    return _FIRST_LINE + text


def _unwrapped(text: str, name: str) -> str:
    """`Awaitable[X]` -> `X`, brackets matched."""
    opening = f"{name}["
    while opening in text:
        start = text.index(opening)
        depth, end = 1, start + len(opening)
        while depth:
            depth += {"[": 1, "]": -1}.get(text[end], 0)
            end += 1
        text = text[:start] + text[start + len(opening) : end - 1] + text[end:]
    return text
