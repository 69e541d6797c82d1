"""The meaning of a Shopify product export: rows grouped by handle become products.

Old and new header names are one by alias; further columns are left aside. Rows of one handle must follow
one another: a group streams in constant memory, and a handle that returns later is another group, which
the service refuses (`handle_repeated`), because what is stored must not be half replaced by it.
"""

import hashlib
from collections.abc import Iterator
from typing import IO, Final

import msgspec

from baas.core.values.text import slugify
from baas.services.imports.csvfile import rows
from baas.services.imports.errors import UnreadableFile
from baas.services.imports.parsed import Group
from baas.services.imports.shopify_product import MAX_GROUP_ROWS, Builder, Pending, Row

_ALIASES: Final = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "body": ("body (html)", "description"),
    "vendor": ("vendor",),
    "category": ("product category",),
    "type": ("type",),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "option1_name": ("option1 name",),
    "option1_value": ("option1 value",),
    "option2_name": ("option2 name",),
    "option2_value": ("option2 value",),
    "option3_name": ("option3 name",),
    "option3_value": ("option3 value",),
    "sku": ("variant sku", "sku"),
    "barcode": ("variant barcode", "barcode"),
    "grams": ("variant grams", "weight value (grams)"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "policy": ("variant inventory policy", "continue selling when out of stock"),
    "price": ("variant price", "price"),
    "compare_at": ("variant compare at price", "compare-at price"),
    "requires_shipping": ("variant requires shipping", "requires shipping"),
    "taxable": ("variant taxable", "charge tax"),
    "image": ("image src", "product image url"),
    "image_position": ("image position",),
    "image_alt": ("image alt text",),
    "variant_image": ("variant image", "variant image url"),
    "gift_card": ("gift card",),
    "seo_title": ("seo title",),
    "seo_description": ("seo description",),
}
_COLUMN_OF: Final = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}


class Measure(msgspec.Struct, frozen=True):
    """How much a file holds."""

    rows: int
    """Without the header and without empty rows."""
    products: int


def parse(stream: IO[bytes], currency: str) -> Iterator[Group]:
    """The products of an export, in the file's order, prices read in the given currency.

    Raises UnreadableFile when the file as a whole cannot be read.
    """
    lines = rows(stream)
    columns, width = _header(lines)
    for pending in _groups(lines, columns, width):
        yield Builder(pending, currency, columns).build()


def measure(stream: IO[bytes]) -> Measure:
    """Read the whole file without making anything of it: so that none that is broken is begun.

    Raises UnreadableFile.
    """
    lines = rows(stream)
    columns, width = _header(lines)
    total = products = 0
    for pending in _groups(lines, columns, width):
        total += len(pending.rows) + pending.dropped
        products += 1
    return Measure(total, products)


def _groups(lines: Iterator[tuple[int, list[str]]], columns: dict[str, int], width: int) -> Iterator[Pending]:
    group: Pending | None = None
    for number, cells in lines:
        row = Row(number, cells, columns)
        handle = _handle(row["handle"] or row["title"])
        # A title under a blank handle is always a new product: there is nothing that ties two such rows.
        if group is None or handle != group.handle or (row["title"] and not row["handle"]):
            if group is not None:
                yield group
            group = Pending(handle)
        if len(cells) > width and any(cells[width:]):
            group.misaligned = group.misaligned or number
        if len(group.rows) < MAX_GROUP_ROWS:
            group.rows.append(row)
        else:
            group.dropped += 1
    if group is not None:
        yield group


def _handle(text: str) -> str:
    """The handle as it stands in our addresses; one without Latin letters gets a digest of its own."""
    return slugify(text) or (f"p-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}" if text else "")


def _header(lines: Iterator[tuple[int, list[str]]]) -> tuple[dict[str, int], int]:
    row, header = next(lines, (1, []))
    if not header:
        raise UnreadableFile("empty_file", row, "The file is empty.")
    columns: dict[str, int] = {}
    for index, title in enumerate(header):
        name = _COLUMN_OF.get(title.strip().casefold())
        if name is None:
            continue
        if name in columns:
            raise UnreadableFile("duplicate_header", row, f"The column {title.strip()!r} is there twice.")
        columns[name] = index
    missing = [
        label for name, label in (("title", "Title"), ("price", "Variant Price")) if name not in columns
    ]
    if missing and len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise UnreadableFile(
            "wrong_delimiter", row, "The cells are not separated by commas; save the file as comma separated."
        )
    if missing:
        raise UnreadableFile(
            "missing_header",
            row,
            f"The header lacks {' and '.join(missing)}; this is no Shopify product export.",
        )
    return columns, len(header)
