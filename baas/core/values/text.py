"""Text as it is compared, addressed and stored. The database has no ICU: folding and sorting are done here."""

import re
import unicodedata
from typing import Final

from baas.core.errors import ValidationFailed

# Accents of the Latin, Greek and Cyrillic scripts. Marks of other scripts are letters, not ornaments.
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")

# Latin letters with a stroke or a ligature, which Unicode does not take apart.
_PLAIN: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
_APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """The text for comparing and sorting: small letters, no accents, one space between words.

    `"  Crème  BRÛLÉE "` is `"creme brulee"`. Folding twice changes nothing.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Small letters may be composed again and need another decomposition: İ, ΐ.
    small = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    plain = _ACCENTS.sub("", small).translate(_PLAIN)
    return " ".join(unicodedata.normalize("NFC", plain).split())


def slugify(text: str, max_length: int = 255) -> str:
    """The part of an address that is made from a name: `"Men's Äpfel & Co."` is `"mens-apfel-co"`.

    ASCII only, cut between words where that leaves at least half. Empty when the name has no Latin
    letter or digit: the caller then takes the id or another name.
    """
    words = _APOSTROPHES.sub("", fold(_APOSTROPHES.sub("", text)))
    slug = _NOT_IN_SLUG.sub("-", words).strip("-")
    if len(slug) <= max_length:
        return slug
    cut = slug[: max_length + 1].rpartition("-")[0]
    return (cut if len(cut) * 2 >= max_length else slug[:max_length]).strip("-")


def clean(text: str, field: str = "text") -> str:
    """The same text, if PostgreSQL can store it. Raises ValidationFailed, naming `field`, otherwise.

    NUL bytes and halves of surrogate pairs are valid in JSON and in Python, and nowhere else.
    """
    if "\0" in text:
        raise ValidationFailed.field(field, "must not contain NUL characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValidationFailed.field(field, "must not contain half a surrogate pair") from None
    return text
