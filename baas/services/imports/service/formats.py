"""The formats that a file may have: how each is parsed and measured."""

import asyncio
import io
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Final

from baas.core.errors import PayloadTooLarge
from baas.services.imports import shopify
from baas.services.imports.parsed import Group
from baas.services.imports.schemas import MAX_AT_ONCE, MAX_FILE_BYTES, ImportFormat
from baas.services.imports.shopify import Measure

Parser = Callable[[IO[bytes], str], Iterator[Group]]
PARSERS: Final[Mapping[ImportFormat, Parser]] = {ImportFormat.SHOPIFY: shopify.parse}
MEASURES: Final[Mapping[ImportFormat, Callable[[IO[bytes]], Measure]]] = {
    ImportFormat.SHOPIFY: shopify.measure
}


async def measure(format_: ImportFormat, content: bytes) -> Measure:
    """Read a whole file without importing anything. Raises PayloadTooLarge, UnreadableFile."""
    if len(content) > MAX_FILE_BYTES:
        raise PayloadTooLarge(f"The file may have {MAX_FILE_BYTES} bytes.", limit=MAX_FILE_BYTES)
    return await asyncio.to_thread(MEASURES[format_], io.BytesIO(content))


def is_small(measured: Measure) -> bool:
    """Whether a file is imported while the request waits."""
    return measured.products <= MAX_AT_ONCE
