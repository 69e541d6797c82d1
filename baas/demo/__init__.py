"""The demo shop: a small Argentine shop as a Shopify export, and drawings for its products.

The catalogue is imported by the same importer that a client uses, so it has the quirks of real exports.
The drawings are made on request, so the demo needs no file and no internet. It owns no table.
"""

from importlib.resources import files
from typing import IO

from baas.demo.pictures import picture

__all__ = ["open_catalog", "picture"]


def open_catalog() -> IO[bytes]:
    """The demo catalogue, a UTF-8 CSV in Shopify's format with prices in ARS."""
    return files("baas.demo").joinpath("catalog.csv").open("rb")
