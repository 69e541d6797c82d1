"""Limits of the catalogue, stated once for the API and for imports alike, and the field types that carry them."""

from typing import Annotated, Final

from msgspec import Meta

from baas.core.values.money import MAX_AMOUNT

MAX_NAME: Final = 255
MAX_DESCRIPTION: Final = 65_535
"""Characters of HTML."""
MAX_OPTIONS: Final = 3
MAX_VARIANTS: Final = 100
MAX_IMAGES: Final = 250
MAX_TAGS: Final = 250
MAX_CATEGORIES: Final = 50
"""Categories of one product."""
MAX_CATEGORY_DEPTH: Final = 10
MAX_METADATA_BYTES: Final = 16_384
MAX_WEIGHT_GRAMS: Final = 100_000_000
MAX_ON_HAND: Final = 1_000_000_000
MAX_IDS: Final = 100
"""Products that the filter `ids` takes."""

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, examples=["Mate imperial"])]
Label = Annotated[str, Meta(max_length=MAX_NAME)]
Id = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Handle = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, examples=["mate-imperial"])]
Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION, description="HTML; sanitised when stored")]
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="Minor units of the store's currency")]
Grams = Annotated[int, Meta(ge=0, le=MAX_WEIGHT_GRAMS)]
Url = Annotated[
    str, Meta(min_length=1, max_length=2048, examples=["https://cdn.mates.example/mate-imperial.jpg"])
]
Alt = Annotated[str, Meta(max_length=1000)]
Tags = Annotated[list[Name], Meta(max_length=MAX_TAGS)]
OptionValues = Annotated[list[Name], Meta(max_length=MAX_OPTIONS)]
CategoryRefs = Annotated[list[Id], Meta(max_length=MAX_CATEGORIES, description="Ids or slugs of categories")]
