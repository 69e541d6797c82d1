"""Writes the resources of the asynchronous client, the places where they hang, and api.md."""

import re
from collections.abc import Iterator
from typing import Any

from sdk.scripts.document import Document, Operation, Parameter, event_class, python_name
from sdk.scripts.models import FIRST_LINE, Types, docstring, nested_structs, request_field

_TIMEOUT = "        timeout: float | Timeout | None = None,\n"
_HEADERS = "        extra_headers: Mapping[str, str] | None = None,\n"


class Tree:
    """The resources as they hang on the client: place -> operations, and place -> places below it."""

    def __init__(self, document: Document) -> None:
        self.operations: dict[str, list[Operation]] = {}
        self.below: dict[str, list[str]] = {"": []}
        for operation in document.operations:
            place = operation.place.rpartition(".")[0]
            self._hang(place)
            self.operations[place].append(operation)

    def _hang(self, place: str) -> None:
        if place in self.operations:
            return
        above = place.rpartition(".")[0]
        if above:
            self._hang(above)
        self.operations[place] = []
        self.below.setdefault(above, []).append(place)
        self.below.setdefault(place, [])

    def tops(self) -> Iterator[str]:
        """The places that get a module: those on the client, and those on its storefront."""
        for place in sorted(self.operations):
            if place.count(".") == (1 if place.startswith("storefront.") else 0):
                yield place

    def within(self, top: str) -> list[str]:
        """A place and those below it that share its module, the innermost first."""
        if top == "storefront":
            return [top]
        found = [place for place in self.operations if place == top or place.startswith(top + ".")]
        return sorted(found, key=lambda place: (-place.count("."), place))


def class_name(place: str, *, raw: bool = False) -> str:
    """`products.variants` -> `AsyncProductsVariantsResource`."""
    return f"Async{event_class(place.replace('_', '.'))}{'Raw' if raw else ''}Resource"


def module_name(place: str) -> str:
    """`storefront.carts` -> `storefront_carts`."""
    return place.replace(".", "_")


def write_module(types: Types, tree: Tree, top: str) -> str:
    """The module of one resource."""
    body = "".join(
        _resource(types, tree, place, raw=raw) for raw in (False, True) for place in tree.within(top)
    )
    names = sorted(
        name
        for name in {
            *types.responses, *types.requests, *types.merged, *types.enums,
            *(f"{name}Word" for name in types.enums), *(f"{name}Dict" for name in types.requests),
        }
        if re.search(rf"(?<![\w.\"]){name}\b(?!\")", re.sub(r'"""[\s\S]*?"""', "", body))
    )  # fmt: skip
    used_at_run_time = "|".join(
        (r"(?<!\w){0}\(", r"made(_dict|_list)?\({0},", r", {0},", r", builtins\.list\[{0}\],")
    )
    sent = [name for name in names if re.search(used_at_run_time.replace("{0}", name), body)]
    out = [FIRST_LINE, f'"""`client.{top}`."""\n\n', "from __future__ import annotations\n\n"]
    if "builtins." in body:
        out.append("import builtins\n")
    out.append("from functools import cached_property\n")
    typing = ["TYPE_CHECKING", *(word for word in ("Any", "Literal") if re.search(rf"\b{word}\b", body))]
    out.append(f"from typing import {', '.join(typing)}\n\n")
    if "UNSET" in body:
        out.append("from msgspec import UNSET, UnsetType\n\n")
    by_module = {name: _module_of(types, name) for name in names}
    run_time = [name for name in names if name in sent]
    for module in ("enums", "requests", "responses"):
        wanted = [name for name in run_time if by_module[name] == module]
        if wanted:
            out.append(f"from baas_sdk._models.{module} import {', '.join(wanted)}\n")
    if "AsyncPages(" in body:
        out.append("from baas_sdk._async.pagination import AsyncPages\n")
    raw_words = [word for word in ("many", "one") if re.search(rf"= {word}\(", body)]
    if raw_words:
        out.append(f"from baas_sdk._async.raw import {', '.join(raw_words)}\n")
    request = [word for word in ("Call", "Options", "path") if re.search(rf"\b{word}\(", body)]
    if request:
        out.append(f"from baas_sdk._request import {', '.join(request)}\n")
    struct = [word for word in ("made", "made_dict", "made_list") if re.search(rf"\b{word}\(", body)]
    if struct:
        out.append(f"from baas_sdk._struct import {', '.join(struct)}\n")
    if top == "storefront":
        out += [_import(place) for place in tree.below[top]]
    out.append("\nif TYPE_CHECKING:\n")
    if "dt." in body:
        out.append("    import datetime as dt\n")
    collections = [word for word in ("Mapping", "Sequence") if f"{word}[" in body]
    if collections:
        out.append(f"    from collections.abc import {', '.join(collections)}\n")
    if "Timeout" in body:
        out.append("\n    from httpx import Timeout\n")
    for module in ("enums", "requests", "responses"):
        wanted = [name for name in names if name not in sent and by_module[name] == module]
        if wanted:
            out.append(f"    from baas_sdk._models.{module} import {', '.join(wanted)}\n")
    out.append("    from baas_sdk._async.transport import AsyncTransport\n\n\n")
    return "".join(out) + body


def _module_of(types: Types, name: str) -> str:
    if name in types.enums or (name.endswith("Word") and name.removesuffix("Word") in types.enums):
        return "enums"
    if name.endswith("Dict") and name.removesuffix("Dict") in types.requests:
        return "requests"
    return "responses" if name in types.responses or name in types.merged else "requests"


def _resource(types: Types, tree: Tree, place: str, *, raw: bool) -> str:
    name = class_name(place, raw=raw)
    note = ", answering RawResponse" if raw else ""
    out = [f'class {name}:\n    """`client.{"with_raw_response." if raw else ""}{place}`{note}."""\n\n']
    out.append("    def __init__(self, transport: AsyncTransport) -> None:\n")
    out.append("        self._transport = transport\n")
    if raw and tree.operations[place]:
        out.append(f"        plain = {class_name(place)}(transport)\n")
        for operation in tree.operations[place]:
            word = operation.place.rpartition(".")[2]
            out.append(f"        self.{word} = {'many' if operation.paged else 'one'}(plain.{word})\n")
    out.append("\n")
    for below in tree.below[place]:
        kind = class_name(below, raw=raw)
        out.append("    @cached_property\n")
        out.append(f"    def {below.rpartition('.')[2]}(self) -> {kind}:\n")
        out.append(f'        """`client.{below}`."""\n')
        out.append(f"        return {kind}(self._transport)\n\n")
    if not raw:
        out += [_method(types, operation) + "\n" for operation in tree.operations[place]]
    return "".join(out) + "\n"


def _method(types: Types, operation: Operation) -> str:
    word = operation.place.rpartition(".")[2]
    # Within the class, `list` is the method of that name.
    answer = re.sub(r"\blist\[", "builtins.list[", types.of(operation.answer))
    positional = "".join(
        f"        {parameter.word}: {'int' if parameter.schema.get('type') == 'integer' else 'str'},\n"
        for parameter in operation.path_parameters
    )
    keywords, body, prepared = _keywords(types, operation)
    written = "".join(
        f"        {name}: {kind}{f' = {default}' if default else ''},\n" for name, kind, default in keywords
    )
    options = ["timeout=timeout", "extra_headers=extra_headers"]
    if operation.method != "GET":
        written += "        dry_run: bool = False,\n        idempotency_key: str | None = None,\n"
        options = ["dry_run=dry_run", "idempotency_key=idempotency_key", *options]
    written += _TIMEOUT + _HEADERS
    returns = f"AsyncPages[{answer}]" if operation.paged else answer
    head = f"    {'' if operation.paged else 'async '}def {word}(\n        self,\n{positional}        *,\n{written}    ) -> {returns}:\n"
    call = [f'"{operation.method}"', _path(operation), answer]
    if operation.query:
        pairs = ", ".join(f'"{parameter.name}": {parameter.word}' for parameter in operation.query)
        call.append(f"query={{{pairs}}}")
    call += body
    call.append(f"options=Options({', '.join(options)})")
    made = f"Call({', '.join(call)})"
    result = (
        f"AsyncPages(self._transport, {made})" if operation.paged else f"await self._transport.send({made})"
    )
    return head + docstring(_text(operation), "        ") + prepared + f"        return {result}\n"


def _keywords(types: Types, operation: Operation) -> tuple[list[tuple[str, str, str]], list[str], str]:
    """The keywords of a method, those that it needs first, and the arguments of its call as `_body` makes them."""
    keywords: list[tuple[str, str, str]] = []
    body, prepared = _body(types, operation, keywords)
    keywords += [_query_keyword(types, parameter) for parameter in operation.query]
    keywords.sort(key=lambda keyword: bool(keyword[2]))
    return keywords, body, prepared


def _text(operation: Operation) -> str:
    parts = [operation.summary + ".", operation.description]
    about = [
        f"- `{parameter.word}`: {parameter.description}"
        for parameter in operation.query
        if parameter.description
    ]
    if about:
        parts.append("\n".join(about))
    return "\n\n".join(part for part in parts if part)


def _path(operation: Operation) -> str:
    if not operation.path_parameters:
        return f'"{operation.path}"'
    template = re.sub(r"\{[^}]*\}", "{}", operation.path)
    order = re.findall(r"\{([^}:]*)[^}]*\}", operation.path)
    words = {parameter.name: parameter.word for parameter in operation.path_parameters}
    return f'path("{template}", {", ".join(words[name] for name in order)})'


def _query_keyword(types: Types, parameter: Parameter) -> tuple[str, str, str]:
    kind = types.of(parameter.schema, field=parameter.name, request=True)
    if kind == "dt.datetime":
        kind = "dt.datetime | str"
    if "separated by commas" in parameter.description:
        kind = "str | Sequence[str]"
    for name in types.enums:
        # A parameter's words are written out in the document; where they are those of a type, that type fits too.
        literal = "Literal[" + ", ".join(f'"{word}"' for word in types.enums[name]) + "]"
        if kind == literal and name in types.responses | set(types.inline):
            kind = f"{name} | {kind}"
            break
    if parameter.required:
        return parameter.word, kind, ""
    return parameter.word, f"{kind} | None", "None"


def _body(types: Types, operation: Operation, keywords: list[tuple[str, str, str]]) -> tuple[list[str], str]:
    """The arguments of the call that hold the body, and what has to be done before; adds the keywords."""
    if operation.body is None:
        return [], ""
    name = operation.body["$ref"].rpartition("/")[2]
    schema = types.document.schemas[name]
    if operation.form:
        return _form(types, name, schema, keywords)
    required = set(schema.get("required", ()))
    nested = nested_structs(types, name)
    fields: list[str] = []
    taken = {parameter.word for parameter in (*operation.path_parameters, *operation.query)}
    for field in schema.get("properties", {}):
        kind, default = request_field(types, name, field, required=field in required)
        word = python_name(field)
        if word in taken:
            word = f"other_{word}"
        value = word
        if field in nested:
            struct = nested[field]
            maker = (
                "made_dict" if kind.startswith("Mapping[") else "made_list" if "Sequence[" in kind else "made"
            )
            kind = re.sub(rf"\b{struct}\b", f"{struct} | {struct}Dict", kind)
            value = f"{maker}({struct}, {word})"
        keywords.append((word, kind, default))
        fields.append(f"{word if word == field else python_name(field)}={value}")
    return [f"body={name}({', '.join(fields)})"], ""


def _form(
    types: Types, name: str, schema: dict[str, Any], keywords: list[tuple[str, str, str]]
) -> tuple[list[str], str]:
    required = set(schema.get("required", ()))
    fields: list[str] = []
    files: list[str] = []
    for field, inner in schema["properties"].items():
        if inner.get("format") == "binary":
            keywords.append((field, "bytes", ""))
            keywords.append(("filename", "str", '"file.csv"'))
            files.append(f'"{field}": (filename, {field})')
            continue
        kind, default = request_field(types, name, field, required=field in required)
        if default == "UNSET" and "default" in inner:
            kind, default = kind.removesuffix(" | UnsetType"), f'"{inner["default"]}"'
        keywords.append((field, kind, default))
        fields.append(f'"{field}": {field}')
    return [f"body={{{', '.join(fields)}}}", f"files={{{', '.join(files)}}}"], ""


def _import(place: str) -> str:
    """The import of a place's two classes."""
    names = f"{class_name(place)}, {class_name(place, raw=True)}"
    return f"from baas_sdk._async.resources.{module_name(place)} import {names}\n"


def write_api(tree: Tree) -> str:
    """The module of what hangs on the client."""
    tops = tree.below[""]
    out = [FIRST_LINE, '"""What hangs on the client."""\n\n', "from __future__ import annotations\n\n"]
    out.append("from functools import cached_property\nfrom typing import TYPE_CHECKING\n\n")
    out.append("if TYPE_CHECKING:\n")
    out += [f"    {_import(place)}" for place in tops]
    out.append("    from baas_sdk._async.transport import AsyncTransport\n\n\n")
    for raw in (False, True):
        out.append(f"class Async{'Raw' if raw else ''}Api:\n")
        out.append(f'    """The resources of a store{", answering RawResponse" if raw else ""}."""\n\n')
        out.append("    def __init__(self, transport: AsyncTransport) -> None:\n")
        out.append("        self._transport = transport\n\n")
        for place in tops:
            kind = class_name(place, raw=raw)
            out.append(f"    @cached_property\n    def {place}(self) -> {kind}:\n")
            out.append(f'        """`client.{place}`."""\n')
            out.append(f"        from baas_sdk._async.resources.{module_name(place)} import {kind}\n\n")
            out.append(f"        return {kind}(self._transport)\n\n")
        out.append("\n")
    return "".join(out)


def write_operations(document: Document) -> str:
    """The table by which a test finds every endpoint's method."""
    rows = "".join(
        f'    "{operation.id}": ("{operation.method}", "{operation.path}", "{operation.place}"),\n'
        for operation in sorted(document.operations, key=lambda operation: operation.id)
    )
    return (
        FIRST_LINE + '"""Where every operation of the API is in the client."""\n\n'
        "from __future__ import annotations\n\n"
        f"OPERATIONS: dict[str, tuple[str, str, str]] = {{\n{rows}}}\n"
        '"""operation -> method, path below the base path, place in the client."""\n'
    )


def write_page(types: Types, tree: Tree) -> str:
    """api.md: one line for each method."""
    out = ["<!-- Generated by `python -m sdk.scripts.generate`: do not edit. -->\n", "# The methods\n\n"]
    out.append(
        "`Client` and `AsyncClient` have the same words; the asynchronous ones are awaited. `Pages[T]` is walked"
        " (`for`, `async for`) or asked for one `.page()`. A word with a question mark may be left out. Every"
        " method also takes `timeout` and `extra_headers`, every write `dry_run` and `idempotency_key`.\n"
    )
    for place in sorted(tree.operations, key=lambda place: (place.startswith("storefront"), place)):
        if not tree.operations[place]:
            continue
        out.append(f"\n## `client.{place}`\n\n| method | answers | asks |\n| --- | --- | --- |\n")
        for operation in tree.operations[place]:
            word = operation.place.rpartition(".")[2]
            answer = types.of(operation.answer)
            answer = f"Pages[{answer}]" if operation.paged else answer
            ids = ", ".join(parameter.word for parameter in operation.path_parameters)
            keywords, _, _ = _keywords(types, operation)
            words = [f"{word}{'?' if default else ''}" for word, _, default in keywords]
            arguments = ", ".join(part for part in (ids, "*" if words else "", *words) if part)
            out.append(f"| `{word}({arguments})` | `{answer}` | `{operation.method} {operation.path}` |\n")
    return "".join(out)
