"""Reading a CSV file from a stranger, row by row, in constant memory.

The reader never guesses: what is not UTF-8, what was cut off and what is quoted wrongly stops it with
the number of the row. A row number is the one that a spreadsheet shows: the header is row 1, and a row
whose cells hold line breaks still counts once.
"""

import csv
import re
from collections.abc import Iterator
from typing import IO, Final

from baas.services.imports.errors import UnreadableFile

MAX_ROW_BYTES: Final = 1024 * 1024
"""A row longer than this is taken for a file with a quote that is never closed."""

_BARE_CR: Final = re.compile(r"(?<=\r)(?!\n)")
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class _Position:
    """How far the reader is: the row being read, its bytes so far, and whether the last line was ended."""

    __slots__ = ("bytes", "ended", "row")

    def __init__(self) -> None:
        self.row = 1
        self.bytes = 0
        self.ended = True


def rows(stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file with their numbers, the header first. Rows without any text are left out.

    A row that lacks columns at its end is filled up with empty cells (spreadsheets leave them out), but
    in the last line of a file that does not end it means that the file was cut. So does a header that is
    all there is, and whose line does not end.

    Raises UnreadableFile.
    """
    at = _Position()
    reader = csv.reader(_lines(stream, at), strict=True)
    width = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            if at.row == 2 and not at.ended:
                raise _cut(1) from None
            return
        except csv.Error as error:
            raise _broken(error, at.row) from None
        number = at.row
        at.row += 1
        at.bytes = 0
        if not any(cells):
            continue
        if not width:
            width = len(cells)
        elif len(cells) < width:
            if not at.ended:
                raise _cut(number)
            cells.extend([""] * (width - len(cells)))
        yield number, cells


def _lines(stream: IO[bytes], at: _Position) -> Iterator[str]:
    """Decoded lines with their ends, so that a wrong byte is met in its own row and not a buffer earlier."""
    first = True
    while raw := stream.readline(MAX_ROW_BYTES + 1):
        if first:
            first = False
            if raw.startswith(_UTF16_MARKS):
                raise UnreadableFile("invalid_encoding", 1, "The file is UTF-16; save it as CSV UTF-8.")
            raw = raw.removeprefix(_UTF8_MARK)
        at.bytes += len(raw)
        at.ended = raw.endswith((b"\n", b"\r"))
        if at.bytes > MAX_ROW_BYTES:
            raise UnreadableFile(
                "row_too_large",
                at.row,
                f"The row is larger than {MAX_ROW_BYTES // 1024} KiB; perhaps a quote in it is never closed.",
            )
        if b"\0" in raw:
            raise UnreadableFile(
                "nul_byte", at.row, "The row holds a NUL byte; the file is damaged or is no CSV."
            )
        text = _decode(raw, at)
        # Old spreadsheets end lines by a bare CR, which csv accepts only at the end of what it is given.
        yield from (part for part in _BARE_CR.split(text) if part)


def _decode(raw: bytes, at: _Position) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end >= len(raw) and error.reason == "unexpected end of data":
            raise UnreadableFile(
                "truncated_file", at.row, "The file ends in the middle of a character; export it again."
            ) from None
        raise UnreadableFile(
            "invalid_encoding",
            at.row,
            f"The byte 0x{raw[error.start]:02X} is not UTF-8 (the file looks like Latin-1 or Windows-1252); "
            "save it as CSV UTF-8.",
        ) from None


def _cut(row: int) -> UnreadableFile:
    return UnreadableFile("truncated_file", row, "The file ends in the middle of a row; export it again.")


def _broken(error: csv.Error, row: int) -> UnreadableFile:
    text = str(error)
    if "unexpected end of data" in text:
        return UnreadableFile(
            "truncated_file",
            row,
            "The file ends inside a quoted cell that begins in this row; export it again.",
        )
    if "field larger than field limit" in text:
        return UnreadableFile(
            "row_too_large", row, "A cell is larger than 128 KiB; perhaps a quote in it is never closed."
        )
    return UnreadableFile("malformed_csv", row, f"The row is not valid CSV ({text}).")
