"""The public words of the imports package."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
"""The largest file that the API takes; the command line takes any size."""
MAX_AT_ONCE: Final = 100
"""A file with no more products is imported while the request waits."""
MAX_PROBLEMS: Final = 1000
"""So many problems are answered; all are stored."""


class ImportFormat(StrEnum):
    """Formats that can be read."""

    SHOPIFY = "shopify"


class ImportStatus(StrEnum):
    """`pending` and `running` imports go on in the background."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of a product."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    """It is in the store exactly so already."""
    FAILED = "failed"


class Problem(msgspec.Struct, frozen=True):
    """What was wrong with a row, and so with its product."""

    row: int
    """As a spreadsheet counts: the header is row 1."""
    handle: str
    code: str
    message: str


class Import(msgspec.Struct, frozen=True):
    """A file and what became of it. Created, updated, skipped and failed count products; rows counts rows."""

    id: str
    status: ImportStatus
    format: ImportFormat
    filename: str
    rows: int
    created: int
    updated: Annotated[int, msgspec.Meta(examples=[3])]
    skipped: int
    failed: int
    problems: Annotated[
        list[Problem],
        msgspec.Meta(
            examples=[
                [
                    {
                        "row": 7,
                        "handle": "bombilla-pico-de-loro",
                        "code": "price_invalid",
                        "message": "Variant Price: 12,5O is no price.",
                    }
                ]
            ]
        ),
    ]
    error: str | None
    """Why the import as a whole failed."""
    created_at: datetime
    finished_at: datetime | None


class Result(msgspec.Struct, frozen=True):
    """What became of one product of a file."""

    row: int
    """Its first row."""
    rows: int
    handle: str
    outcome: Outcome
    problems: tuple[Problem, ...]


Progress = Callable[[int, int, Result], None]
"""Called after each product with the rows that are done, the rows of the file, and what became of it."""
