"""Shopify sheets, written for a test."""

import csv
import io
from pathlib import Path
from typing import Any

from tests.files import of_others

_WORDS = (
    "Handle|Title|Body (HTML)|Vendor|Type|Tags|Published|Option1 Name|Option1 Value|Option2 Name|Option2 Value|"
    "Option3 Name|Option3 Value|Variant SKU|Variant Grams|Variant Inventory Tracker|Variant Inventory Qty|"
    "Variant Inventory Policy|Variant Price|Variant Compare At Price|Variant Requires Shipping|Variant Taxable|"
    "Variant Barcode|Image Src|Image Position|Image Alt Text|Gift Card|SEO Title|SEO Description|Variant Image|"
    "Product Category|Status"
)
OLD = _WORDS.split("|")
NEW_NAMES = {
    "Handle": "URL handle",
    "Body (HTML)": "Description",
    "Product Category": "Product category",
    "Published": "Published on online store",
    **{f"Option{n} Name": f"Option{n} name" for n in (1, 2, 3)},
    **{f"Option{n} Value": f"Option{n} value" for n in (1, 2, 3)},
    "Variant SKU": "SKU",
    "Variant Barcode": "Barcode",
    "Variant Grams": "Weight value (grams)",
    "Variant Inventory Tracker": "Inventory tracker",
    "Variant Inventory Qty": "Inventory quantity",
    "Variant Inventory Policy": "Continue selling when out of stock",
    "Variant Price": "Price",
    "Variant Compare At Price": "Compare-at price",
    "Variant Requires Shipping": "Requires shipping",
    "Variant Taxable": "Charge tax",
    "Image Src": "Product image URL",
    "Image Position": "Image position",
    "Image Alt Text": "Image alt text",
    "Variant Image": "Variant image URL",
    "Gift Card": "Gift card",
    "SEO Title": "SEO title",
    "SEO Description": "SEO description",
}


def row(handle: str, title: str = "", price: str = "", **cells: str) -> dict[str, str]:
    """One row; further cells by their old header, spaces as underscores."""
    named = {name.replace("_", " "): value for name, value in cells.items()}
    return {"Handle": handle, "Title": title, "Variant Price": price, **named}


def sheet(
    *rows: dict[str, str], header: list[str] | None = None, new: bool = False, end: str = "\r\n"
) -> bytes:
    """A file of these rows, with old or new header names."""
    columns = header or OLD
    out = io.StringIO(newline="")
    writer: Any = csv.writer(out, lineterminator=end)
    writer.writerow([NEW_NAMES.get(name, name) for name in columns] if new else columns)
    for cells in rows:
        writer.writerow([cells.get(name, "") for name in columns])
    return out.getvalue().encode()


def simple(count: int, start: int = 0) -> bytes:
    """A file of so many plain products."""
    return sheet(*(row(f"thing-{n}", f"Thing {n}", "10.00") for n in range(start, start + count)))


def real_exports() -> list[Path]:
    """Return the real exports that lie beside this repository, by name. Skips the test when they do not."""
    return sorted(of_others("shopify").glob("*.csv"))
