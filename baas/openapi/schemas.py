"""The schemas of all structs, with the sentences that stand in the code beside each field."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from enum import EnumMeta
from functools import cache
from typing import Any, Final

import msgspec
from litestar.datastructures import UploadFile

REF: Final = "#/components/schemas/{name}"


def components(kinds: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """A schema (or reference) for each type, and all the schemas that are referred to, by clean names."""
    wanted = list(kinds)
    schemas, found = msgspec.json.schema_components(wanted, ref_template=REF, schema_hook=_other)
    docs = {_name(kind): kind for kind in _named_types(wanted)}
    renamed = {name: _clean(name) for name in found}
    if len(set(renamed.values())) != len(renamed):
        raise ValueError(f"Two structs would share a name in the document: {sorted(renamed)}")
    for name, schema in found.items():
        kind = docs.get(schema.get("title", name))
        if kind is not None:
            _describe(schema, kind)
        schema.pop("title", None)
    ordered = {
        renamed[name]: _renamed(found[name], renamed) for name in sorted(found, key=renamed.__getitem__)
    }
    return [_renamed(schema, renamed) for schema in schemas], ordered


def _other(kind: type) -> dict[str, Any]:
    """What is no JSON: the file of a form."""
    if kind is UploadFile:
        return {"type": "string", "format": "binary"}
    raise NotImplementedError(kind)


def _clean(name: str) -> str:
    """`Data_Product_` -> `ProductData`, `Listed_Product_` -> `ProductList`, the rest as it is."""
    for envelope, suffix in (("Data_", "Data"), ("Listed_", "List")):
        if name.startswith(envelope):
            return name[len(envelope) :].strip("_").rpartition(".")[2] + suffix
    return name


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in value.items()} | (
            {"$ref": REF.format(name=names[value["$ref"].rpartition("/")[2]])} if "$ref" in value else {}
        )
    return [_renamed(inner, names) for inner in value] if isinstance(value, list) else value


def _name(kind: Any) -> str:
    """The title that msgspec gives a type."""
    arguments = getattr(kind, "__args__", None)
    if arguments:
        return f"{kind.__origin__.__name__}[{', '.join(_name(argument) for argument in arguments)}]"
    return str(getattr(kind, "__name__", kind))


def _named_types(kinds: Iterable[Any]) -> Iterator[Any]:
    """Every struct and enumeration that the types are made of."""
    seen: set[int] = set()

    def walk(info: Any) -> Iterator[Any]:
        if isinstance(info, (msgspec.inspect.StructType, msgspec.inspect.EnumType)):
            if id(info.cls) in seen:
                return
            seen.add(id(info.cls))
            yield info.cls
        for name in getattr(info, "__struct_fields__", ()):
            value = getattr(info, name)
            for inner in value if isinstance(value, tuple) else (value,):
                if isinstance(inner, (msgspec.inspect.Type, msgspec.inspect.Field)):
                    yield from walk(inner)

    for kind in kinds:
        yield from walk(msgspec.inspect.type_info(kind))


def _describe(schema: dict[str, Any], kind: Any) -> None:
    if "description" in schema:
        schema["description"] = inspect.cleandoc(schema["description"])
    sentences = _sentences(getattr(kind, "__origin__", kind))
    if isinstance(kind, EnumMeta):
        schema.setdefault("type", "string")
        lines = [
            f"- `{kind[name].value}`: {text}" for name, text in sentences.items() if name in kind.__members__
        ]
        if lines:
            schema["description"] = "\n".join([schema.get("description", ""), "", *lines]).strip()
        return
    for name, property_ in schema.get("properties", {}).items():
        text = sentences.get(name)
        if text and "description" not in property_:
            property_["description"] = text


@cache
def _sentences(kind: type) -> dict[str, str]:
    """field -> the string literal that follows it in the source, over all bases."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not base.__module__.startswith("baas."):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        definition = tree.body[0]
        if not isinstance(definition, ast.ClassDef):
            continue
        for field, comment in zip(definition.body, definition.body[1:], strict=False):
            if not (isinstance(comment, ast.Expr) and isinstance(comment.value, ast.Constant)):
                continue
            match field:
                case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                    found[name] = inspect.cleandoc(str(comment.value.value))
    return found
