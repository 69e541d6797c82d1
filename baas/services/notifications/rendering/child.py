"""The process in which templates are rendered: `python -m baas.services.notifications.rendering.child`.

It reads batches from standard input and writes answers to standard output, each after its length. It has no
environment, may hold half a gigabyte, and opens nothing: no file and no connection, whatever a template found
a way to ask for. It ends when its parent does.
"""

import contextlib
import resource
import sys
import time
from typing import BinaryIO, Final

import msgspec

from baas.services.notifications.rendering import engine
from baas.services.notifications.rendering.words import (
    LENGTH,
    TURN_SECONDS,
    Answer,
    Batch,
    Failed,
    Job,
    Source,
)

_MEMORY: Final = 512 * 1024 * 1024
_decode: Final = msgspec.json.Decoder(Batch).decode
_encode: Final = msgspec.json.Encoder().encode


def _confine() -> None:
    """Take from this process what rendering does not need."""
    for what, limit in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        # Where a system has no such limit, the parent's clock and the language's own limits remain.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (limit, limit))


def _read(stream: BinaryIO, count: int) -> bytes:
    received = stream.read(count)
    if len(received) < count:
        sys.exit(0)
    return received


def _render(batch: Batch) -> list[Answer]:
    """The answers to the first pieces of a batch, to all of them when there is time."""
    answers: list[Answer] = []
    began = time.monotonic()
    for piece in batch.pieces:
        job = Job(batch.sources[piece.source], piece.data, batch.seconds, piece.lenient)
        try:
            answers.append(engine.render(job))
        except MemoryError:
            answers.append(Failed("", None, "This needs too much memory.", abusive=True))
        if time.monotonic() - began > TURN_SECONDS:
            break
    return answers


def main() -> None:
    """Answer batches until the parent closes the pipe."""
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    # Everything that is imported late is imported now: later nothing can be opened.
    engine.render(
        Job(Source("{{ a | upcase | money }}", "<p>{{ a }}</p>", "{{ 'x' | long_date }}"), {"a": 1}, 5.0)
    )
    _confine()
    outgoing.write(b"\0" * LENGTH)
    outgoing.flush()
    while True:
        size = int.from_bytes(_read(incoming, LENGTH), "big")
        body = _encode(_render(_decode(_read(incoming, size))))
        outgoing.write(len(body).to_bytes(LENGTH, "big") + body)
        outgoing.flush()


if __name__ == "__main__":
    main()
