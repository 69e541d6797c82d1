"""How the fields of a request get into the columns of a table: by their name.

A field that has no column, and is not said to be kept otherwise, stops the process when it is imported, so a field
cannot be taken from a client and then forgotten.
"""

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import inspect

from baas.core.db.tables import Base

Rule = Callable[[Any], Any]
"""Makes of a field's value that of its column: checks it, cleans it. UNSET leaves the column alone."""


class FieldMap:
    """The columns of a model that requests fill, for each struct that such a request is (D-088)."""

    def __init__(
        self,
        model: type[Base],
        *requests: type[msgspec.Struct],
        rules: Mapping[str, Rule],
        apart: Collection[str] = (),
    ) -> None:
        """`rules` says by field what has to be done with a value, `apart` which fields the caller looks after itself.

        A field that holds a struct has a column for each field of that, named with its own name in front. Raises
        TypeError when a field has no column.
        """
        keys = {column.columns[0].name: column.key for column in inspect(model).column_attrs}
        self._puts: dict[type[msgspec.Struct], list[tuple[str, str, str | None, Rule]]] = {}
        for request in requests:
            self._puts[request] = puts = []
            for field in msgspec.structs.fields(request):
                if field.name in apart:
                    continue
                for name, inner in _columns(field):
                    if name not in keys:
                        raise TypeError(
                            f"{request.__name__}.{field.name} has no column {name!r} in {model.__tablename__}:"
                            " add one, or name it in `apart` and say where it is kept."
                        )
                    puts.append((field.name, keys[name], inner, rules.get(field.name, _plain)))

    def put(self, row: Base, request: msgspec.Struct, only: Collection[str] | None = None) -> None:
        """Write what the request gives into the row: UNSET fields, and those that `only` does not name, stay."""
        for name, key, inner, rule in self._puts[type(request)]:
            value = getattr(request, name)
            if value is UNSET or (only is not None and name not in only):
                continue
            value = rule(value if inner is None else getattr(value, inner))
            if value is not UNSET:
                setattr(row, key, value)


def _columns(field: msgspec.structs.FieldInfo) -> list[tuple[str, str | None]]:
    """The names of a field's columns, each with the field of the struct in it that it holds, if it holds one."""
    kinds = (field.type, *getattr(field.type, "__args__", ()))
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return [(f"{field.name}_{inner}", inner) for inner in kind.__struct_fields__]
    return [(field.name, None)]


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def blank(text: str | None) -> str | None:
    """The text, or None for an empty one."""
    return text or None


def if_given(value: Any) -> Any | UnsetType:
    """The value, or UNSET for None: a field that may be left out, of a column that may not be null."""
    return UNSET if value is None else value
