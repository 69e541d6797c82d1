"""Files that tests read: ours in `tests/data`, and those of others, which are no part of this repository."""

from pathlib import Path
from typing import Final

import pytest

DATA: Final = Path(__file__).parent / "data"
"""Vectors and tables of ours; `tests/data/README.md` says what each is."""
# D-091: they are no part of this repository.
OTHERS: Final = Path(__file__).parents[2] / "shared" / "data"
"""Files of others, beside the repository: real exports of Shopify, Stripe's schemas and fixtures."""


def of_others(name: str) -> Path:
    """Return the path of a file or folder of others. Skips the test when it is not on this machine."""
    path = OTHERS / name
    if not path.exists():
        pytest.skip(
            f"{name} is somebody else's and no part of this repository; it is not at ../shared/data/{name}."
        )
    return path
