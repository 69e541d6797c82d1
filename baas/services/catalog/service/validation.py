"""What makes a product whole: rules over a whole product that no single field can break alone."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from baas.core.errors import ValidationFailed
from baas.core.values import ids
from baas.core.values.text import slugify
from baas.services.catalog.schemas.images import ImageInput, is_image_url
from baas.services.catalog.schemas.limits import MAX_IMAGES, MAX_METADATA_BYTES
from baas.services.catalog.schemas.products import OptionInput


def check_handle(handle: str, field: str = "handle") -> str:
    """The handle as it is, when it can stand in an address; raises ValidationFailed otherwise."""
    # No slug holds an underscore, so none can be taken for an id.
    if slugify(handle) != handle:
        raise ValidationFailed.field(
            field, "lower-case letters, digits and single hyphens, such as mate-imperial"
        )
    return handle


async def free_slug(text: str, fallback: str, taken: Callable[[Sequence[str]], Awaitable[set[str]]]) -> str:
    """A slug of the text, or of `fallback` when the text has no letter, that `taken` does not name."""
    base = slugify(text, 240) or fallback
    candidates = [base, *(f"{base}-{number}" for number in range(2, 30))]
    found = await taken(candidates)
    return next((slug for slug in candidates if slug not in found), f"{base}-{ids.new_id().hex[-12:]}")


def check_name(name: str) -> str:
    """The name without spaces around it; raises ValidationFailed when nothing is left."""
    if not name.strip():
        raise ValidationFailed.field("name", "must not be blank")
    return name.strip()


def check_options(
    options: Sequence[OptionInput], variants: Sequence[Sequence[str]]
) -> list[tuple[str, list[str]]]:
    """The options with all their values: those that were listed first, then those that variants add.

    `variants` are the option values of each variant. Raises ValidationFailed when option names repeat, when a variant
    has not exactly one value for each option, or when two variants have the same values.
    """
    names = [option.name.casefold() for option in options]
    if len(set(names)) < len(names):
        raise ValidationFailed.field("options", "two options have the same name")
    if not options and len(variants) > 1:
        raise ValidationFailed.field("options", "several variants need an option that tells them apart")
    seen: dict[tuple[str, ...], int] = {}
    for number, values in enumerate(variants):
        field = f"variants[{number}].option_values"
        if len(values) != len(options):
            raise ValidationFailed.field(field, f"one value for each of the {len(options)} options")
        key = variant_key(values)
        if key in seen:
            raise ValidationFailed.field(field, f"the same values as variants[{seen[key]}]")
        seen[key] = number
    columns = [[values[index] for values in variants] for index in range(len(options))]
    return [
        (option.name, list(dict.fromkeys([*option.values, *column])))
        for option, column in zip(options, columns, strict=True)
    ]


def variant_key(option_values: Sequence[str]) -> tuple[str, ...]:
    """What tells the variants of a product apart."""
    return tuple(value.casefold() for value in option_values)


def variant_name(option_values: Sequence[str]) -> str:
    """The name of a variant, such as `Red / M`."""
    return " / ".join(option_values)


def check_gallery(images: Sequence[ImageInput]) -> list[ImageInput]:
    """The images in their order. Raises ValidationFailed for what is no address of an image, and for one that is
    there twice."""
    seen: set[str] = set()
    for number, image in enumerate(images):
        check_image_url(image.url, f"images[{number}].url")
        if image.url in seen:
            raise ValidationFailed.field(f"images[{number}].url", "the product has this image already")
        seen.add(image.url)
    return sorted(images, key=place)


def place(image: ImageInput) -> int:
    """Where an image that is sent wants to be; those that do not say come last, in their order."""
    return image.position or MAX_IMAGES + 1


def check_image_url(url: str, field: str) -> None:
    """Raises ValidationFailed when this cannot be the address of an image."""
    if not is_image_url(url):
        raise ValidationFailed.field(field, "an address that begins with https://, http:// or /")


def check_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata as it is, when it is not too large."""
    if len(msgspec.json.encode(metadata)) > MAX_METADATA_BYTES:
        raise ValidationFailed.field("metadata", f"at most {MAX_METADATA_BYTES} bytes of JSON")
    return metadata


def clean_tags(tags: Sequence[str]) -> list[str]:
    """Tags without spaces around them, each once, in their order."""
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
