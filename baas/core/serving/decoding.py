"""Decoding what callers send, strictly, and saying which field was wrong."""

import re
from typing import Any, Final, TypeVar

import msgspec

from baas.core.errors import MalformedJson, ValidationFailed

_AT_PATH: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*?)`")
_MISSING: Final = re.compile(r"missing required field `(?P<name>.*?)`")
_Kind = TypeVar("_Kind")


def decode(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """A body in its type. Raises MalformedJson, or ValidationFailed that names the field."""
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            # The decoder stops at the first wrong field; whether the rest is JSON at all is not known yet.
            msgspec.json.decode(body)
            raise explain(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJson(f"The body is not valid JSON: {error}"[:300]) from None


def explain(error: msgspec.ValidationError) -> ValidationFailed:
    """The refusal behind a decoding error: which field, and why."""
    text = str(error)
    located = _AT_PATH.search(text)
    path = located["path"] if located else ""
    reason = text[: located.start()] if located else text
    for pattern, short in ((_UNKNOWN, "unknown field"), (_MISSING, "is missing")):
        named = pattern.search(reason)
        if named:
            path = f"{path}.{named['name']}" if path else named["name"]
            reason = short
    return ValidationFailed.field(path or "body", reason)


def names_a_field(text: str) -> bool:
    """Whether a decoder's words are about a field that is unknown or missing."""
    return any(pattern.search(text) for pattern in (_UNKNOWN, _MISSING))


def to_struct(value: Any, kind: type[_Kind]) -> _Kind:
    """Plain values in a request's type, for callers that have no JSON. Raises ValidationFailed."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise explain(error) from None
