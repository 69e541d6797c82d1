"""The images of products, by their addresses."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.services.catalog.schemas.limits import MAX_IMAGES, MAX_VARIANTS, Alt, Id, Url


class ImageInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image by its address, which may be relative to the API's own."""

    url: Annotated[Url, Meta(examples=["https://cdn.mates.example/mate-imperial.jpg"])]
    alt: Alt = ""
    position: Annotated[int, Meta(ge=1, le=MAX_IMAGES)] | None = None
    """From 1; without it the image goes to the end."""
    variant_ids: Annotated[list[Id], Meta(max_length=MAX_VARIANTS, examples=[[]])] = []
    """Variants that this image shows."""


class ImagePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of an image."""

    url: Annotated[Url | UnsetType, Meta(examples=["https://cdn.mates.example/mate-imperial-2.jpg"])] = UNSET
    alt: Alt | UnsetType = UNSET
    position: Annotated[int, Meta(ge=1, le=MAX_IMAGES)] | UnsetType = UNSET
    variant_ids: Annotated[list[Id], Meta(max_length=MAX_VARIANTS, examples=[[]])] | UnsetType = UNSET


class ImageView(msgspec.Struct, frozen=True):
    """An image of the product."""

    id: str
    url: Annotated[str, Meta(examples=["https://cdn.mates.example/mate-imperial.jpg"])]
    alt: str
    position: int
    variant_ids: list[str]


class ImageRow(msgspec.Struct, frozen=True, array_like=True):
    """An image as the database answers it."""

    id: UUID
    url: str
    alt: str
    position: int


def is_image_url(url: str) -> bool:
    """Whether a text can be the address of an image: https, http, or a path of this API's own."""
    if len(url) > 2048 or any(letter.isspace() or not letter.isprintable() for letter in url):
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    scheme, separator, rest = url.partition("://")
    return bool(separator) and scheme.lower() in {"https", "http"} and rest[:1] not in {"", "/"}
