"""The base classes of the generated types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, TypeVar, overload

import msgspec
from msgspec import UNSET, UnsetType

from baas_sdk.errors import InvalidArgument

R = TypeVar("R", bound="_Shown")
Absent = TypeVar("Absent", None, UnsetType)

_HIDDEN = frozenset(
    {"access_token", "client_secret", "credentials", "secret", "secret_key", "webhook_secret"}
)
"""Fields that open something: `repr` ends up in logs."""
_SECRETS = ("sk_live_", "sk_test_", "whsec_")


def _opens(name: str, value: Any) -> bool:
    return bool(value) and (name in _HIDDEN or (isinstance(value, str) and value.startswith(_SECRETS)))


class OpenEnum(str, Enum):
    """Words of the API. A word that this version does not know becomes a member, not an error."""

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


class _Shown(msgspec.Struct):
    _nested: ClassVar[Mapping[str, Any]] = {}
    """field -> the struct that a dict in it stands for."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        values = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(name, "…" if _opens(name, value) else value) for name, value in values if value is not UNSET]


class Model(_Shown):
    """What the API answers. Fields that this version does not know are ignored."""

    def to_dict(self) -> dict[str, Any]:
        """As plain Python, as `json.dumps` takes it: times and words as the API writes them."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    def to_json(self) -> str:
        """As JSON, for a cache, a queue or a log of your own. Secrets that were shown once are in it."""
        return msgspec.json.encode(self).decode()


class Request(_Shown, omit_defaults=True, forbid_unknown_fields=True):
    """What the API takes. A field that it does not take is a TypeError."""


@overload
def made(kind: type[R], value: R | Mapping[str, Any]) -> R: ...
@overload
def made(kind: type[R], value: R | Mapping[str, Any] | Absent) -> R | Absent: ...
def made(kind: type[R], value: Any) -> Any:
    """The struct that was given, or that a dict stands for; None and UNSET stay.

    Raises InvalidArgument for a dict with a field that is unknown, or without one that is needed.
    """
    if value is None or value is UNSET or isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{kind.__name__}: expected the struct or a dict, not {type(value).__name__}")
    fields: dict[str, Any] = dict(value)
    for name, inner in kind._nested.items():
        if name in fields:
            fields[name] = (made_list if isinstance(fields[name], (list, tuple)) else made)(
                inner, fields[name]
            )
    try:
        return kind(**fields)
    except TypeError as error:
        raise InvalidArgument(f"{kind.__name__}: {error}") from None


@overload
def made_list(kind: type[R], values: Sequence[R | Mapping[str, Any]]) -> list[R]: ...
@overload
def made_list(kind: type[R], values: Sequence[R | Mapping[str, Any]] | Absent) -> list[R] | Absent: ...
def made_list(kind: type[R], values: Any) -> Any:
    """The same for a list."""
    if values is None or values is UNSET:
        return values
    return [made(kind, value) for value in values]


@overload
def made_dict(kind: type[R], values: Mapping[str, R | Mapping[str, Any]]) -> dict[str, R]: ...
@overload
def made_dict(
    kind: type[R], values: Mapping[str, R | Mapping[str, Any]] | Absent
) -> dict[str, R] | Absent: ...
def made_dict(kind: type[R], values: Any) -> Any:
    """The same for a dict by name."""
    if values is None or values is UNSET:
        return values
    return {name: made(kind, value) for name, value in values.items()}


def _inner(kind: Any, value: Any) -> Any:
    """A field of a dict: one, several, or several by name."""
    if isinstance(value, (list, tuple)):
        return made_list(kind, value)
    known = set(kind.__struct_fields__)
    by_name = (
        isinstance(value, Mapping)
        and value
        and not known & set(value)
        and all(isinstance(inner, (Mapping, kind)) for inner in value.values())
    )
    return made_dict(kind, value) if by_name else made(kind, value)
