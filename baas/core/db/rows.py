"""Columns by the fields of the struct that reads them, so that neither is counted or listed twice."""

import msgspec


def columns(kind: type[msgspec.Struct], alias: str = "") -> str:
    """The columns that a struct's fields name, in their order, as a part of a SELECT or of `json_build_array`.

    With an alias each is written `alias.name`. The struct is decoded from an array of exactly these (`array_like`),
    or made from a row of them (`kind(*row)`).
    """
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{name}" for name in kind.__struct_fields__)
