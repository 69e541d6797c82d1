"""The document as one page of HTML: everything is in it when it arrives, and every part has an address."""

import re
import shlex
from collections.abc import Iterator
from html import escape
from typing import Any, Final

import msgspec

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_DEEPEST: Final = 5
_CODE: Final = re.compile(r"`([^`]+)`")
_STRONG: Final = re.compile(r"\*\*([^*]+)\*\*")


def render(document: dict[str, Any]) -> str:
    """The page of a document made by `build_document`."""
    return _Page(document).html()


def _prose(text: str) -> str:
    """A few signs of Markdown: paragraphs, lists, `code` and **strong**."""
    blocks = []
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        if lines and all(line.startswith("- ") for line in lines):
            items = "".join(f"<li>{_inline(line[2:])}</li>" for line in lines)
            blocks.append(f"<ul>{items}</ul>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    return _STRONG.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escape(text)))


def _json(value: Any) -> str:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    marked = []
    # One pass over the tokens: keys, other strings, numbers and words.
    for key, string, word, rest in re.findall(
        r'("(?:[^"\\]|\\.)*")(?=\s*:)|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*|true|false|null)|([^"\w-]+|-|\w)',
        text,
    ):
        if key:
            marked.append(f'<span class="k">{escape(key, quote=False)}</span>')
        elif string:
            marked.append(f'<span class="s">{escape(string, quote=False)}</span>')
        elif word:
            marked.append(f'<span class="n">{word}</span>')
        else:
            marked.append(escape(rest))
    return "".join(marked)


class _Page:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._base: str = document["servers"][0]["url"]

    def html(self) -> str:
        info = self._document["info"]
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{escape(info['title'])} API</title>"
            '<link rel="stylesheet" href="/docs/docs.css"><script src="/docs/docs.js" defer></script></head><body>'
            '<a class="skip" href="#top">Skip to the content</a>'
            f'{self._navigation()}<main id="top"><header><h1>{escape(info["title"])} <small>API</small></h1>'
            f'<p class="facts"><span>version {escape(info["version"])}</span><code>{escape(self._base)}</code>'
            f'<a href="/openapi.json">openapi.json</a></p>{_prose(info["description"])}</header>'
            f"{''.join(self._sections())}{self._webhooks()}{self._refusals()}</main></body></html>"
        )

    def _operations(self, tag: str) -> list[tuple[str, str, dict[str, Any]]]:
        """The operations of a tag, those of the storefront first."""
        found = [
            (method, path, methods[method])
            for path, methods in self._document["paths"].items()
            for method in _METHODS
            if method in methods and methods[method]["tags"][:1] == [tag]
        ]
        return sorted(found, key=lambda item: item[2].get("x-scope") != "storefront")

    def _navigation(self) -> str:
        groups = []
        for tag in self._document["tags"]:
            operations = self._operations(tag["name"])
            sides = [operation.get("x-scope") == "storefront" for _, _, operation in operations]
            links = ""
            for position, (method, _, operation) in enumerate(operations):
                # Both sides have a "Get a product"; where both are, each is named once.
                if len(set(sides)) > 1 and (position == 0 or sides[position] != sides[position - 1]):
                    links += f'<li class="side">{"storefront" if sides[position] else "admin"}</li>'
                links += (
                    f'<li><a href="#{operation["operationId"]}"><span class="m {method}">{_short(method)}</span>'
                    f"<span>{escape(operation['summary'])}</span></a></li>"
                )
            groups.append(
                f'<li class="group"><a href="#tag-{tag["name"]}">{escape(tag["name"])}</a><ul>{links}</ul></li>'
            )
        return (
            '<nav aria-label="Endpoints"><label class="search" hidden><span>Search</span>'
            '<input type="search" placeholder="Search endpoints" autocomplete="off" spellcheck="false"></label>'
            f'<ul>{"".join(groups)}<li class="group"><a href="#events">events that you receive</a></li>'
            '<li class="group"><a href="#refusals">refusals</a></li></ul></nav>'
        )

    def _sections(self) -> Iterator[str]:
        for tag in self._document["tags"]:
            operations = "".join(self._operation(*found) for found in self._operations(tag["name"]))
            yield (
                f'<section id="tag-{tag["name"]}"><h2>{escape(tag["name"])}</h2>'
                f"{_prose(tag['description'])}{operations}</section>"
            )

    def _operation(self, method: str, path: str, operation: dict[str, Any]) -> str:
        need = operation.get("x-scope")
        scope = (
            f'<span class="scope" title="The scope that the key needs">{escape(need)}</span>'
            if need
            else ('<span class="scope public">public</span>')
        )
        where = re.sub(r"\{([^}]+)\}", r"<var>{\1}</var>", escape(path))
        return (
            f'<article id="{operation["operationId"]}"><h3><a href="#{operation["operationId"]}">'
            f"{escape(operation['summary'])}</a></h3>"
            f'<p class="address"><span class="m {method}">{method.upper()}</span><code>{where}</code>{scope}</p>'
            f'<div class="columns"><div class="text">{_prose(operation["description"])}'
            f"{self._parameters(operation)}{self._body(operation)}{self._answers(operation)}</div>"
            f'<div class="samples">{self._request_sample(method, path, operation)}{self._answer_sample(operation)}</div>'
            "</div></article>"
        )

    def _parameters(self, operation: dict[str, Any]) -> str:
        rows = []
        for parameter in operation.get("parameters", ()):
            described = self._resolved(parameter)
            rows.append(
                self._row(
                    described["name"],
                    described["schema"],
                    described.get("description", ""),
                    required=bool(described.get("required")),
                    note=described["in"],
                )
            )
        return f"<h4>Parameters</h4><dl>{''.join(rows)}</dl>" if rows else ""

    def _body(self, operation: dict[str, Any]) -> str:
        if "requestBody" not in operation:
            return ""
        media, content = next(iter(operation["requestBody"]["content"].items()))
        note = "" if media == "application/json" else f" <small>{escape(media)}</small>"
        return f"<h4>Body{note}</h4>{self._fields(content['schema'])}"

    def _fields(self, schema: dict[str, Any], depth: int = 0, *, answer: bool = False) -> str:
        """The fields of an object. In an answer, all are there unless said otherwise: nothing is required."""
        resolved = self._resolved(schema)
        required = () if answer else resolved.get("required", ())
        rows = "".join(
            self._row(name, property_, "", required=name in required, depth=depth, answer=answer)
            for name, property_ in resolved.get("properties", {}).items()
        )
        return f"<dl>{rows}</dl>" if rows else ""

    def _row(
        self,
        name: str,
        schema: dict[str, Any],
        text: str,
        *,
        required: bool,
        note: str = "",
        depth: int = 0,
        answer: bool = False,
    ) -> str:
        kind, limits = self._kind(schema)
        marks = "".join(
            f'<span class="{style}">{escape(word)}</span>'
            for style, word in (("type", kind), ("where", note), ("limits", limits))
            if word
        )
        if required:
            marks += '<span class="required">required</span>'
        about = text or schema.get("description", "") or self._resolved(schema).get("description", "")
        inner = self._inner(schema)
        nested = ""
        if inner is not None and depth < _DEEPEST:
            nested = (
                f"<details><summary>Fields</summary>{self._fields(inner, depth + 1, answer=answer)}</details>"
            )
        return f"<dt><code>{escape(name)}</code>{marks}</dt><dd>{_prose(about) if about else ''}{nested}</dd>"

    def _inner(self, schema: dict[str, Any]) -> dict[str, Any] | None:
        """The object behind a field: itself, an item of its list, or the first object of its choices."""
        for choice in schema.get("anyOf", [schema]):
            resolved = self._resolved(choice)
            if resolved.get("type") == "array":
                resolved = self._resolved(resolved.get("items", {}))
            if resolved.get("properties"):
                return resolved
        return None

    def _kind(self, schema: dict[str, Any]) -> tuple[str, str]:
        """What a field is, in words, and its limits."""
        if "anyOf" in schema:
            kinds = [self._kind(choice) for choice in schema["anyOf"]]
            names = [kind for kind, _ in kinds]
            return " or ".join(dict.fromkeys(names)), "; ".join(limits for _, limits in kinds if limits)
        resolved = self._resolved(schema)
        if "enum" in resolved:
            return " | ".join(str(value) for value in resolved["enum"]), ""
        kind = resolved.get("type", "any")
        if kind == "array":
            inner, _ = self._kind(resolved.get("items", {}))
            return f"list of {inner}", _limits(resolved)
        if resolved.get("format") == "date-time":
            return "date-time", ""
        return str(kind), _limits(resolved)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        reference = schema.get("$ref")
        if reference is None:
            return schema
        _, _, group, name = reference.split("/")
        found: dict[str, Any] = self._document["components"][group][name]
        return found

    def _answers(self, operation: dict[str, Any]) -> str:
        rows = []
        fields = ""
        for status, response in operation["responses"].items():
            resolved = self._resolved(response)
            good = status < "400"
            rows.append(
                f'<li><span class="status {"good" if good else "bad"}">{status}</span>'
                f"<span>{_inline(resolved['description'])}</span></li>"
            )
            content = resolved.get("content", {}).get("application/json")
            if good and content and not fields:
                data = self._resolved(content["schema"]).get("properties", {}).get("data", {})
                inner = self._inner(data)
                if inner is not None:
                    title = (
                        "Each item of <code>data</code>"
                        if data.get("type") == "array"
                        else "Fields of <code>data</code>"
                    )
                    fields = f'<details class="answer"><summary>{title}</summary>{self._fields(inner, answer=True)}</details>'
        return f'<h4>Answers</h4><ul class="answers">{"".join(rows)}</ul>{fields}'

    def _request_sample(self, method: str, path: str, operation: dict[str, Any]) -> str:
        parameters = [self._resolved(parameter) for parameter in operation.get("parameters", ())]
        for parameter in parameters:
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example", "…")))
        lines = ["curl" if method == "get" else f"curl -X {method.upper()}"]
        lines[0] += f" {shlex.quote(self._base + path)}"
        for security in operation["security"]:
            header, value = (
                ("X-OPERATOR-KEY", "$BAAS_OPERATOR_KEY")
                if "OperatorKey" in security
                else ("X-API-KEY", "$BAAS_KEY")
            )
            lines.append(f'-H "{header}: {value}"')
        if method == "post" and operation["security"]:
            lines.append('-H "Idempotency-Key: $(uuidgen)"')
        if "requestBody" in operation:
            media, content = next(iter(operation["requestBody"]["content"].items()))
            if media == "application/json":
                lines.append("-H 'Content-Type: application/json'")
                body = msgspec.json.format(msgspec.json.encode(content["example"]), indent=2).decode()
                lines.append(f"-d {shlex.quote(body)}")
            elif media == "multipart/form-data":
                lines += ["-F file=@products_export.csv", "-F format=shopify"]
            else:
                lines.append("-d outcome=approved")
        command = escape(" \\\n  ".join(lines), quote=False)
        return (
            f'<figure><figcaption>Request</figcaption><pre tabindex="0"><code>{command}</code></pre></figure>'
        )

    def _answer_sample(self, operation: dict[str, Any]) -> str:
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json")
            if status < "300" and content:
                return (
                    f'<figure><figcaption>Answer <span class="status good">{status}</span></figcaption>'
                    f'<pre tabindex="0"><code>{_json(content["example"])}</code></pre></figure>'
                )
        return ""

    def _webhooks(self) -> str:
        rows = []
        for event, item in self._document["webhooks"].items():
            post = item["post"]
            content = post["requestBody"]["content"]["application/json"]
            rows.append(
                f'<article id="{post["operationId"]}"><h3><a href="#{post["operationId"]}"><code>{event}</code></a></h3>'
                f"{_prose(post['description'])}<details><summary>Example</summary>"
                f'<pre tabindex="0"><code>{_json(content["example"])}</code></pre></details></article>'
            )
        first = next(iter(self._document["webhooks"].values()))["post"]
        headers = "".join(
            f"<dt><code>{escape(parameter['name'])}</code></dt><dd>{_prose(parameter['description'])}</dd>"
            for parameter in first["parameters"]
        )
        return (
            '<section id="events"><h2>events that you receive</h2><p>Sent as POST to the endpoints that you register,'
            " at least once and signed as Standard Webhooks say. Answer with any 2xx within the time limit.</p>"
            f"<dl>{headers}</dl>{''.join(rows)}</section>"
        )

    def _refusals(self) -> str:
        rows = "".join(
            f'<article><h3><span class="status bad">{name.removeprefix("Refusal")}</span></h3>'
            f"{_prose(response['description'])}<details><summary>Example</summary>"
            f'<pre tabindex="0"><code>{_json(response["content"]["application/json"]["example"])}</code></pre></details></article>'
            for name, response in self._document["components"]["responses"].items()
        )
        return f'<section id="refusals"><h2>refusals</h2><p>Every refusal has this shape.</p>{rows}</section>'


def _limits(schema: dict[str, Any]) -> str:
    parts = []
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        parts.append(f"{low} to {high}")
    elif low is not None or high is not None:
        parts.append(f"at least {low}" if high is None else f"at most {high}")
    shortest, longest = schema.get("minLength"), schema.get("maxLength")
    if longest is not None:
        parts.append(f"{shortest or 0} to {longest} characters")
    fewest, most = schema.get("minItems"), schema.get("maxItems")
    if most is not None:
        parts.append(f"{fewest or 0} to {most} items")
    if schema.get("default") not in (None, "", [], {}):
        parts.append(f"default {msgspec.json.encode(schema['default']).decode()}")
    return ", ".join(parts)


def _short(method: str) -> str:
    return "DEL" if method == "delete" else method.upper()
