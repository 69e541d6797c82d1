"""What a renderer and its child processes say to one another."""

from typing import Any, Final

import msgspec

LENGTH: Final = 4
"""Bytes before each job and each answer, which say how long it is."""
TURN_SECONDS: Final = 0.05
"""After so long a batch is answered as far as it is done: other stores wait for the process, too."""
MAX_OUTPUT: Final = 256 * 1024
"""Bytes of each part of a rendered message. Mail programs cut off after about 100 KiB."""
MAX_SOURCE: Final = 128 * 1024
"""Bytes of each part of a template."""


class Source(msgspec.Struct, frozen=True):
    """The parts of a template, each Liquid."""

    subject: str | None
    html: str | None
    body: str
    parameters: tuple[str, ...] = ()
    """Of a message template at the provider."""


class Job(msgspec.Struct, frozen=True):
    """Render this with that; `seconds` is the time for all parts together."""

    source: Source
    data: dict[str, Any]
    seconds: float
    lenient: bool = False
    """Data errors (a division by nothing) are empty output: for looking at a template without its data."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One message of a batch."""

    source: int
    """Which of the batch's sources."""
    data: dict[str, Any]
    lenient: bool = False


class Batch(msgspec.Struct, frozen=True):
    """Render these messages, each in at most `seconds`; what several of them share is said once."""

    sources: list[Source]
    pieces: list[Piece]
    seconds: float


class Rendered(msgspec.Struct, frozen=True, tag="rendered"):
    """What a template says with its data."""

    subject: str
    html: str | None
    body: str
    parameters: tuple[str, ...] = ()


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Why a template could not be rendered."""

    part: str
    """`subject`, `html`, `body` or `parameters`."""
    line: int | None
    reason: str
    abusive: bool = False
    """It was stopped for the time, memory or output that it took, not for a mistake."""


Answer = Rendered | Failed
"""What became of a piece. A batch is answered by a list: of its first pieces, as many as there was time for."""
