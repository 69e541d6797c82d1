"""Writes the structs: what is answered, what is sent, what arrives in events."""

import re
import textwrap
from typing import Any

from sdk.scripts.document import Document, event_class, event_data, python_name, references, without_null

FIRST_LINE = "# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.\n"
_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_TIMES = re.compile(r"(^|_)(at|timestamp|since|until)$|^(created|placed|updated)_(from|to)$")
_NOT_TIMES = {"low_stock_at"}
"""The document says of few times that they are; a name says it of the rest."""


class Types:
    """Schemas as Python types."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.requests = document.requests
        self.responses = document.responses
        self.inline: dict[str, list[str]] = {}
        """Enumerations that stand in a field: name -> words."""
        self.merged: dict[str, list[str]] = {}
        """Structs made of several: name -> names of the parts."""
        # Every name is known before the first file is written.
        for name in sorted(self.requests | self.responses):
            for field, schema in document.schemas[name].get("properties", {}).items():
                self.of(schema, field=field, owner=name, request=name in self.requests)

    def is_enum(self, name: str) -> bool:
        """Whether a schema is an enumeration."""
        return "enum" in self.document.schemas[name]

    @property
    def enums(self) -> dict[str, list[str]]:
        """All enumerations: name -> words."""
        named = {
            name: self.document.schemas[name]["enum"]
            for name in self.requests | self.responses
            if self.is_enum(name)
        }
        return dict(sorted({**named, **self.inline}.items()))

    def of(self, schema: dict[str, Any], *, field: str = "", owner: str = "", request: bool = False) -> str:
        """The type of a field's value."""
        schema, nullable = without_null(schema)
        kind = self._plain(schema, field, owner, request)
        return f"{kind} | None" if nullable and kind != "Any" else kind

    def _plain(self, schema: dict[str, Any], field: str, owner: str, request: bool) -> str:
        if "$ref" in schema:
            name: str = schema["$ref"].rpartition("/")[2]
            return f"{name}Word" if request and self.is_enum(name) else name
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return self._union(choices, field, owner, request)
        if "enum" in schema or "const" in schema:
            return self._words(schema.get("enum", [schema.get("const")]), field, owner, request)
        kind = schema.get("type")
        if kind == "array":
            inner = self.of(schema.get("items", {}), field=field, owner=owner, request=request)
            return f"{'Sequence' if request else 'list'}[{inner}]"
        if kind == "object":
            more = schema.get("additionalProperties")
            inner = (
                self.of(more, field=field, owner=owner, request=request) if isinstance(more, dict) else "Any"
            )
            return f"{'Mapping' if request else 'dict'}[str, {inner}]"
        if kind == "string":
            if schema.get("format") == "binary":
                return "bytes"
            if schema.get("format") == "date":
                return "dt.date"
            if schema.get("format") == "date-time" or (_TIMES.search(field) and field not in _NOT_TIMES):
                return "dt.datetime"
        return _SIMPLE.get(str(kind), "Any")

    def _union(self, choices: list[dict[str, Any]], field: str, owner: str, request: bool) -> str:
        names = [choice["$ref"].rpartition("/")[2] for choice in choices if "$ref" in choice]
        if len(names) == len(choices) and not request:
            # One struct with the fields of all: a kind that this version does not know still decodes.
            merged = event_class(field)
            self.merged[merged] = names
            return merged
        return " | ".join(dict.fromkeys(self._plain(choice, field, owner, request) for choice in choices))

    def _words(self, words: list[Any], field: str, owner: str, request: bool) -> str:
        if not all(isinstance(word, str) for word in words):
            return "bool" if all(isinstance(word, bool) for word in words) else "Any"
        if request:
            return f"Literal[{', '.join(map(_quoted, words))}]"
        if len(words) == 1:
            return "str"
        name = owner + event_class(field)
        self.inline[name] = words
        return name


def _quoted(word: Any) -> str:
    return '"' + str(word).replace("\\", "\\\\").replace('"', '\\"') + '"'


def docstring(text: str, indent: str) -> str:
    """A docstring of a description."""
    text = re.sub(r"\n\s*", "\n", text.strip()).replace("\\", "\\\\").replace('"""', "'''")
    lines: list[str] = []
    for block in text.split("\n\n"):
        bullets = block.startswith("- ")
        parts = block.split("\n") if bullets else [" ".join(block.split("\n"))]
        for part in parts:
            lines += textwrap.wrap(part, 105 - len(indent), subsequent_indent="  " if bullets else "")
        lines.append("")
    body = f"\n{indent}".join(lines[:-1]).replace(f"{indent}\n", "\n")
    closing = f"\n{indent}" if "\n" in body else ""
    if not closing and body.endswith('"'):
        body += " "
    return f'{indent}"""{body}{closing}"""\n'


def _docs(schema: dict[str, Any], indent: str = "    ") -> str:
    text = schema.get("description", "")
    return docstring(text, indent) if text else ""


def write_enums(types: Types) -> str:
    """The module of all words."""
    out = [FIRST_LINE, '"""Words of the API."""\n\n', "from __future__ import annotations\n\n"]
    out += ["from typing import Literal, Union\n\n", "from baas_sdk._struct import OpenEnum\n\n\n"]
    for name, words in types.enums.items():
        schema = types.document.schemas.get(name, {})
        text = schema.get("description") or f"Words of `{name}`."
        out.append(f"class {name}(OpenEnum):\n{docstring(text, '    ')}\n")
        out += [f"    {_member(word)} = {_quoted(word)}\n" for word in words]
        out.append("\n\n")
        if name in types.requests:
            literal = ", ".join(map(_quoted, words))
            out.append(f"{name}Word = Union[{name}, Literal[{literal}]]\n")
            out.append(f'"""A {name}, or its word."""\n\n\n')
    return "".join(out)


def write_types(types: Types) -> str:
    """The public module of all types."""
    modules = {
        "enums": sorted([*types.enums, *(f"{name}Word" for name in types.enums if name in types.requests)]),
        "responses": sorted(
            {*types.responses, *types.merged}
            - set(types.enums)
            - {part for parts in types.merged.values() for part in parts}
        ),
        "requests": sorted(
            {*types.requests, *(f"{name}Dict" for name in dict_names(types))}
            - set(types.enums)
            - types.responses
        ),
    }
    out = [FIRST_LINE, '"""The types of the API: what it answers, what it takes, and its words."""\n\n']
    for module, names in modules.items():
        out.append(f"from baas_sdk._models.{module} import {', '.join(names)}\n")
    every = sorted(name for names in modules.values() for name in names)
    out.append(f"\n__all__ = [{', '.join(map(_quoted, every))}]\n")
    return "".join(out)


def _member(word: str) -> str:
    return re.sub(r"\W+", "_", word.replace("-", "MINUS_", 1) if word.startswith("-") else word).upper()


def _header(doc: str, body: str, types: Types, *, own: str) -> str:
    out = [FIRST_LINE, f'"""{doc}"""\n\n', "from __future__ import annotations\n\n"]
    if "dt." in body:
        out.append("import datetime as dt\n")
    typing = [
        word
        for word in ("Any", "ClassVar", "Literal", "TypeAlias", "TypedDict")
        if re.search(rf"\b{word}\b", body)
    ]
    collections = [word for word in ("Mapping", "Sequence") if f"{word}[" in body]
    if collections:
        out.append(f"from collections.abc import {', '.join(collections)}\n")
    if typing:
        out.append(f"from typing import {', '.join(typing)}\n\n")
    if "UNSET" in body:
        out.append("from msgspec import UNSET, UnsetType\n\n")
    enums = [*types.enums, *(f"{name}Word" for name in types.enums)]
    for module, names in (
        ("enums", enums),
        ("responses", [*types.responses, *types.merged] if own != "responses" else []),
        ("requests", list(types.requests) if own == "events" else []),
    ):
        used = sorted(
            name
            for name in set(names)
            if re.search(rf"\b{name}\b", body)
            and not re.search(rf"^class {name}\b", body, re.M)
            and not (module != "enums" and name in types.enums)
        )
        if used:
            out.append(f"from baas_sdk._models.{module} import {', '.join(used)}\n")
    bases = [word for word in ("Model", "Request") if re.search(rf"\({word}[,)]", body)]
    if bases:
        out.append(f"from baas_sdk._struct import {', '.join(bases)}\n")
    return "".join(out) + "\n\n"


def write_responses(types: Types) -> str:
    """The module of all answers."""
    out: list[str] = []
    for name in sorted(types.responses - set(types.enums)):
        if name in types.requests or any(name in parts for parts in types.merged.values()):
            continue
        out.append(_response(types, name))
    for name, parts in sorted(types.merged.items()):
        out.append(_merged(types, name, parts))
    shared = sorted((types.responses & types.requests) - set(types.enums))
    out += [_request(types, name, base="Model") for name in shared]
    body = "".join(out)
    return _header("What the API answers.", body, types, own="responses") + body


def _response(types: Types, name: str) -> str:
    schema = types.document.schemas[name]
    required = set(schema.get("required", ()))
    out = [f"class {name}(Model, kw_only=True):\n{_docs(schema)}\n"]
    for field, inner in schema.get("properties", {}).items():
        kind = types.of(inner, field=field, owner=name)
        if field not in required:
            kind = f"{kind} = None" if kind == "Any" or kind.endswith("| None") else f"{kind} | None = None"
        out.append(f"    {python_name(field)}: {kind}\n{_docs(inner)}")
    return "".join(out) + "\n\n"


def _merged(types: Types, name: str, parts: list[str]) -> str:
    schemas = [types.document.schemas[part] for part in parts]
    out = [f"class {name}(Model, kw_only=True):\n"]
    kinds = [
        f"`{schema['properties']['type']['enum'][0]}`: {schema.get('description', '')}"
        for schema in schemas
        if "enum" in schema.get("properties", {}).get("type", {})
    ]
    out.append(
        docstring("One of these, by its `type`.\n\n" + "\n".join(f"- {kind}" for kind in kinds), "    ")
    )
    out.append("\n")
    fields: dict[str, str] = {}
    for schema in schemas:
        for field, inner in schema["properties"].items():
            common = all(field in other["properties"] for other in schemas)
            kind = "str" if "enum" in inner else types.of(inner, field=field, owner=name)
            fields[field] = kind if common else f"{kind.removesuffix(' | None')} | None = None"
    out += [f"    {field}: {kind}\n" for field, kind in fields.items()]
    return "".join(out) + "\n\n"


def request_field(types: Types, owner: str, field: str, *, required: bool) -> tuple[str, str]:
    """The type and the default (or "") of a field that is sent."""
    schema = types.document.schemas[owner]["properties"][field]
    kind = types.of(schema, field=field, owner=owner, request=True)
    if required:
        return kind, ""
    if schema.get("default", ...) is None:
        return kind, "None"
    return f"{kind} | UnsetType", "UNSET"


def _request(types: Types, name: str, base: str = "Request") -> str:
    schema = types.document.schemas[name]
    required = set(schema.get("required", ()))
    options = ", omit_defaults=True" if base == "Model" else ""
    out = [f"class {name}({base}, kw_only=True{options}):\n{_docs(schema)}\n"]
    nested = nested_structs(types, name)
    if nested:
        pairs = ", ".join(f'"{field}": {kind}' for field, kind in nested.items())
        out.append(f"    _nested: ClassVar[Mapping[str, Any]] = {{{pairs}}}\n")
    for field, inner in schema.get("properties", {}).items():
        kind, default = request_field(types, name, field, required=field in required)
        if base == "Model" and default == "UNSET":
            # Also an answer: absent and null are the same to its reader.
            kind = kind.removesuffix(" | UnsetType")
            kind, default = (kind if kind.endswith("| None") else f"{kind} | None"), "None"
        out.append(f"    {python_name(field)}: {kind}{f' = {default}' if default else ''}\n{_docs(inner)}")
    return "".join(out) + "\n\n"


def nested_structs(types: Types, name: str) -> dict[str, str]:
    """field -> the struct in it, for what is sent."""
    return {
        field: inner
        for field, schema in types.document.schemas[name].get("properties", {}).items()
        for inner in references(schema)
        if not types.is_enum(inner)
    }


def dict_names(types: Types) -> set[str]:
    """The structs that stand inside others, and can be given as dicts."""
    return {
        inner
        for name in types.requests
        if not types.is_enum(name)
        for inner in nested_structs(types, name).values()
    }


def write_requests(types: Types) -> str:
    """The module of all that is sent."""
    # A struct's table of nested structs needs them first.
    names = sorted(
        types.requests - set(types.enums), key=lambda name: (bool(nested_structs(types, name)), name)
    )
    out = [_request(types, name) for name in names if name not in types.responses]
    for name in sorted(dict_names(types)):
        schema = types.document.schemas[name]
        required = set(schema.get("required", ()))
        parts: dict[bool, list[str]] = {True: [], False: []}
        for field in schema.get("properties", {}):
            kind, _ = request_field(types, name, field, required=field in required)
            kind = kind.removesuffix(" | UnsetType")
            for inner in nested_structs(types, name).values():
                kind = re.sub(rf"\b{inner}\b", f"{inner} | {inner}Dict", kind)
            parts[field in required].append(f"    {field}: {kind}\n")
        base = "TypedDict"
        if parts[True]:
            base = f"_{name}Required"
            out.append(f"class {base}(TypedDict):\n" + "".join(parts[True]) + "\n\n")
        out.append(
            f"class {name}Dict({base}, total=False):\n"
            f'    """A {name} as a dict."""\n\n' + "".join(parts[False]) + "\n\n"
        )
    body = "".join(out)
    return _header("What the API takes.", body, types, own="requests") + body


def write_events(types: Types) -> str:
    """The module of all events."""
    out: list[str] = []
    names: dict[str, str] = {}
    for name, event in types.document.events.items():
        data = types.of(event_data(event))
        names[name] = event_class(name)
        text = event.get("description") or event["summary"]
        out.append(
            f"class {names[name]}(Envelope, kw_only=True):\n{docstring(f'`{name}`: {text}', '    ')}\n    data: {data}\n\n\n"
        )
    table = "".join(f'    "{name}": {kind},\n' for name, kind in names.items())
    out.append(f"KNOWN: dict[str, type[Envelope]] = {{\n{table}}}\n")
    out.append('"""The class of every type of event that this version knows."""\n\n')
    union = " | ".join([*names.values(), "CustomEvent", "UnknownEvent"])
    out.append(f"Event: TypeAlias = {union}\n")
    out.append('"""Whatever `unwrap` may answer."""\n\n')
    public = ["Envelope", "CustomEvent", "UnknownEvent", "Event", *names.values()]
    out.append(f"__all__ = [{', '.join(map(_quoted, sorted(public)))}]\n")
    body = "".join(out)
    envelope = '''class Envelope(Model, kw_only=True):
    """What every event says of itself."""

    id: str
    """Deduplicate by it: an event may arrive more than once."""
    type: str
    api_version: str
    timestamp: dt.datetime
    store_id: str
    subject: str
    """The id of what the event is about."""
    sequence: int
    """Rises with every event of the same subject."""


class CustomEvent(Envelope, kw_only=True):
    """An event that your own shop published."""

    data: dict[str, Any]


class UnknownEvent(Envelope, kw_only=True):
    """An event of a type, or with a shape, that this version does not know: no error."""

    data: Any


'''
    return (
        _header("What arrives at a webhook endpoint.", envelope + body, types, own="events") + envelope + body
    )
