"""One group of rows of a Shopify export made into one product, or into what is wrong with it."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from baas.core.errors import AppError
from baas.core.values.money import parse_decimal
from baas.services.catalog.schemas import MAX_WEIGHT_GRAMS, ProductStatus, is_image_url
from baas.services.imports.parsed import NOTES, Group, ParsedImage, ParsedProduct, ParsedVariant
from baas.services.imports.schemas import Problem

MAX_GROUP_ROWS: Final = 2000
"""More rows of one handle are not kept in memory; the product fails."""

_VARIANT_COLUMNS: Final = {
    "price": "price",
    "sku": "sku",
    "barcode": "barcode",
    "compare_at_price": "compare_at",
    "weight_grams": "grams",
    "requires_shipping": "requires_shipping",
    "kind": "requires_shipping",
    "taxable": "taxable",
    "image_url": "variant_image",
}
_IMAGE_COLUMNS: Final = {"url": "image", "alt": "image_alt"}
"""By field of the catalogue, the column that it is read from."""
_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")
_OPTIONS: Final = (1, 2, 3)
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})


class Row:
    """One row, its cells by our own column names, stripped."""

    __slots__ = ("_cells", "_columns", "number")

    def __init__(self, number: int, cells: list[str], columns: dict[str, int]) -> None:
        self.number = number
        self._cells = cells
        self._columns = columns

    def __getitem__(self, name: str) -> str:
        index = self._columns.get(name)
        return "" if index is None else self._cells[index].strip()

    def sells(self) -> bool:
        """Whether the row describes a variant, and not only one more image."""
        return any(self[name] for name in ("price", "sku", "option1_value", "option2_value", "option3_value"))


class Pending:
    """The rows of the group being read."""

    __slots__ = ("dropped", "handle", "misaligned", "rows")

    def __init__(self, handle: str) -> None:
        self.handle = handle
        self.rows: list[Row] = []
        self.dropped = 0
        self.misaligned = 0


class Builder:
    """Makes one group of rows into a product, and says all that is wrong with it, not just the first."""

    def __init__(self, group: Pending, currency: str, columns: dict[str, int]) -> None:
        self._group = group
        self._rows = group.rows
        self._currency = currency
        self._columns = columns
        self._problems: list[Problem] = []

    def build(self) -> Group:
        group = self._group
        first = self._rows[0]
        if not group.handle:
            self._tell(first, "missing_handle", "The row has neither a handle nor a title.")
        elif not first["title"]:
            self._tell(first, "missing_title", "The first row of the product has no title.")
        if group.misaligned:
            self._problems.append(
                Problem(
                    group.misaligned,
                    group.handle,
                    "too_many_columns",
                    "The row has more cells than the header.",
                )
            )
        if group.dropped:
            self._tell(first, "too_many_rows", f"The product has more than {MAX_GROUP_ROWS} rows.")
        product = self._product(first)
        failed = any(problem.code not in NOTES for problem in self._problems)
        return Group(
            handle=group.handle,
            row=first.number,
            rows=len(self._rows) + group.dropped,
            product=None if failed else product,
            problems=tuple(self._problems),
        )

    def _product(self, first: Row) -> ParsedProduct:
        options = self._options(first)
        variants = self._variants(first, options)
        return ParsedProduct(
            name=first["title"],
            status=self._status(first),
            options=options,
            variants=variants,
            images=self._images(variants),
            variant_fields=self._known(_VARIANT_COLUMNS) | {"option_values"},
            image_fields=self._known(_IMAGE_COLUMNS),
            description=self._text(first, "body"),
            vendor=self._text(first, "vendor"),
            product_type=self._text(first, "type"),
            tags=self._list(first, "tags", ","),
            category=self._list(first, "category", ">"),
            seo_title=self._text(first, "seo_title"),
            seo_description=self._text(first, "seo_description"),
        )

    def _tell(self, row: Row, code: str, message: str) -> None:
        self._problems.append(Problem(row.number, self._group.handle, code, message))

    def _known(self, columns: Mapping[str, str]) -> frozenset[str]:
        return frozenset(field for field, column in columns.items() if column in self._columns)

    def _text(self, row: Row, name: str) -> str | msgspec.UnsetType:
        return row[name] if name in self._columns else msgspec.UNSET

    def _list(self, row: Row, name: str, separator: str) -> tuple[str, ...] | msgspec.UnsetType:
        if name not in self._columns:
            return msgspec.UNSET
        parts = (part.strip() for part in row[name].split(separator))
        return tuple(dict.fromkeys(part for part in parts if part))

    def _status(self, first: Row) -> ProductStatus | msgspec.UnsetType:
        """Draft when the export says so, when it is not published, or when it is a gift card; UNSET when it has no
        column for it."""
        status = first["status"].casefold() or ProductStatus.ACTIVE
        if status not in {*ProductStatus, "unlisted"}:
            self._tell(
                first, "invalid_value", f"Status is {first['status'][:40]!r}, not active, draft or archived."
            )
        if self._flag(first, "gift_card", default=False):
            self._tell(
                first,
                "gift_card",
                "Imported as a draft: it would be sold as a digital product without a code.",
            )
            return ProductStatus.DRAFT
        if "status" not in self._columns and "published" not in self._columns:
            return msgspec.UNSET
        if status == ProductStatus.ARCHIVED:
            return ProductStatus.ARCHIVED
        published = self._flag(first, "published", default=True)
        return ProductStatus.ACTIVE if status == ProductStatus.ACTIVE and published else ProductStatus.DRAFT

    def _options(self, first: Row) -> tuple[str, ...]:
        names = [first[f"option{n}_name"] for n in _OPTIONS]
        if names[0].casefold() in {"", "title"} and first["option1_value"].casefold() in {
            "",
            "default title",
        }:
            names = [""] * 3
        found = tuple(name for name in names if name)
        if tuple(names[: len(found)]) != found:
            self._tell(first, "missing_option_name", "An option has a name, but the one before it has none.")
        if len({name.casefold() for name in found}) < len(found):
            self._tell(first, "duplicate_option", "Two options of the product have the same name.")
        for row in self._rows[1:]:
            for n, name in zip(_OPTIONS, names, strict=True):
                if row[f"option{n}_name"] not in {"", name}:
                    self._tell(
                        row, "option_name_changed", "Option names count in the first row of a product only."
                    )
        return found

    def _variants(self, first: Row, options: tuple[str, ...]) -> tuple[ParsedVariant, ...]:
        variants: list[ParsedVariant] = []
        values_seen: dict[tuple[str, ...], int] = {}
        skus: dict[str, int] = {}
        for row in self._rows:
            if row is not first and not row.sells():
                if not row["image"] and not row["variant_image"]:
                    self._tell(row, "empty_row", "The row has neither a price nor an image.")
                continue
            values = self._values(row, options)
            folded = tuple(value.casefold() for value in values)
            if folded in values_seen:
                self._tell(
                    row, "duplicate_variant", f"The same option values as in row {values_seen[folded]}."
                )
            values_seen[folded] = row.number
            sku = row["sku"].removeprefix("'")
            if sku in skus:
                self._tell(
                    row, "duplicate_sku", f"SKU {sku[:80]!r} is that of row {skus[sku]}; imported without it."
                )
                sku = ""
            elif sku:
                skus[sku] = row.number
            variants.append(self._variant(row, values, sku))
        return tuple(variants)

    def _variant(self, row: Row, values: tuple[str, ...], sku: str) -> ParsedVariant:
        if not row["price"]:
            self._tell(row, "missing_price", "The variant has no price.")
        tracked = bool(row["tracker"])
        return ParsedVariant(
            row=row.number,
            option_values=values,
            sku=sku,
            # Excel keeps leading zeros behind an apostrophe, and Shopify exports it along.
            barcode=row["barcode"].removeprefix("'"),
            price=self._money(row, "price") or 0,
            compare_at_price=self._money(row, "compare_at") or None,
            weight_grams=self._number(row, "grams", "invalid_weight"),
            requires_shipping=self._flag(row, "requires_shipping", default=True),
            taxable=self._flag(row, "taxable", default=True),
            tracked=tracked,
            on_hand=self._quantity(row) if tracked else 0,
            continue_selling=self._policy(row),
            image_url=self._url(row, "variant_image"),
        )

    def _values(self, row: Row, options: tuple[str, ...]) -> tuple[str, ...]:
        given = [row[f"option{n}_value"] for n in _OPTIONS]
        if not options:
            if any(value.casefold() not in {"", "default title"} for value in given):
                self._tell(
                    row, "missing_option_name", "The row has option values, but the product names no option."
                )
            return ()
        if not all(given[: len(options)]):
            self._tell(row, "missing_option_value", "The variant lacks the value of an option.")
        if any(given[len(options) :]):
            self._tell(
                row,
                "missing_option_name",
                "The row has a value for an option that the product does not name.",
            )
        return tuple(given[: len(options)])

    def _images(self, variants: tuple[ParsedVariant, ...]) -> tuple[ParsedImage, ...]:
        """The gallery: by position, those without one behind, in the order of the file."""
        found: dict[str, tuple[int, str]] = {}
        for row in self._rows:
            url = self._url(row, "image")
            if not url:
                continue
            if url in found:
                self._tell(row, "duplicate_image", "The product has this image already; kept once.")
                continue
            position = row["image_position"]
            place = (
                int(position) if position.isascii() and position.isdigit() and len(position) < 9 else 10**9
            )
            found[url] = (place, row["image_alt"])
        gallery = sorted(found, key=lambda url: found[url][0])
        # A variant's picture that the gallery lacks joins it, as it does in Shopify.
        gallery += dict.fromkeys(v.image_url for v in variants if v.image_url and v.image_url not in found)
        return tuple(ParsedImage(url, found[url][1] if url in found else "") for url in gallery)

    def _url(self, row: Row, name: str) -> str:
        url = row[name]
        if not url or is_image_url(url):
            return url
        self._tell(row, "invalid_image_url", f"{url[:80]!r} is no address of an image; left out.")
        return ""

    def _money(self, row: Row, name: str) -> int | None:
        if not row[name]:
            return None
        try:
            return parse_decimal(row[name], self._currency, allow_padding=True)
        except AppError:
            self._tell(
                row, "invalid_price", f"{row[name][:40]!r} is no price in {self._currency}, such as 1250.50."
            )
            return None

    def _number(self, row: Row, name: str, code: str) -> int:
        text = row[name]
        if not text:
            return 0
        try:
            value = Decimal(text)
            if value.is_finite() and 0 <= value <= MAX_WEIGHT_GRAMS:
                return int(value.to_integral_value())
        except ArithmeticError:
            pass
        self._tell(row, code, f"{text[:40]!r} is not a number of grams from 0 to {MAX_WEIGHT_GRAMS}.")
        return 0

    def _quantity(self, row: Row) -> int:
        text = row["quantity"] or "0"
        if not _INTEGER.fullmatch(text):
            self._tell(row, "invalid_quantity", f"{text[:40]!r} is not a whole number of pieces.")
            return 0
        if text.startswith("-"):
            self._tell(row, "negative_quantity", f"{text} pieces; imported as none.")
            return 0
        return int(text)

    def _policy(self, row: Row) -> bool:
        """Whether it is sold beyond what there is: `continue` or, in new files, TRUE."""
        text = row["policy"].casefold()
        if text == "continue" or text in _TRUE:
            return True
        if text and text != "deny" and text not in _FALSE:
            self._tell(row, "invalid_value", f"Inventory policy is {text[:40]!r}, not deny or continue.")
        return False

    def _flag(self, row: Row, name: str, *, default: bool) -> bool:
        text = row[name].casefold()
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        if text:
            self._tell(
                row,
                "invalid_value",
                f"{name.replace('_', ' ').capitalize()} is {text[:40]!r}, not true or false.",
            )
        return default
