"""Durations on the command line."""

import pytest

from baas.cli.duration import LONGEST, seconds
from baas.core.errors import ValidationFailed


@pytest.mark.parametrize(
    "text, expected",
    [("90", 90), ("45s", 45), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("3660d", LONGEST), ("0", 0)],
)
def test_as_people_write_them(text: str, expected: int) -> None:
    """A number alone is seconds."""
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text, words",
    [
        *((text, "is not like") for text in ("", "x", "-1d", "1.5h", "7w", "1234567890", "7 d", "٣d")),
        *((text, "longer than ten years") for text in ("999999d", "999999999d", "999999999m", "3661d")),
    ],
)
def test_anything_else_is_refused_in_words(text: str, words: str) -> None:
    """Also what no calendar has."""
    with pytest.raises(ValidationFailed, match=words):
        seconds(text)
