"""The SDK speaks every endpoint of the running application, and was generated from its document."""

import inspect
import json
import re
from typing import Any

import httpx
import msgspec
import pytest
from baas_sdk import Client, Pages, errors
from baas_sdk._models.operations import OPERATIONS
from litestar import Litestar

from baas.openapi import build_document
from sdk.scripts import generate
from sdk.scripts.document import AREAS, PREFIX

BASE_URL = "http://testserver"


@pytest.fixture(scope="module")
def document(app: Litestar) -> dict[str, Any]:
    """The document of the application under test."""
    return json.loads(json.dumps(build_document(app, BASE_URL)))  # type: ignore[no-any-return]  # JSON


def wanted(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation of the storefront and admin API: path below the base, method, operation."""
    return [
        (path.removeprefix(PREFIX), method.upper(), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.removeprefix(PREFIX).split("/")[1] in AREAS
    ]


def test_generated_files_are_current(document: dict[str, Any]) -> None:
    """After a change of the API: `make generate`."""
    files = generate.generated(document)
    outdated = [
        str(path.relative_to(generate.ROOT))
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert outdated == [], "make generate"
    assert generate.stale(files | generate.twins(files)) == []


class Server:
    """Answers every operation as the document shows it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.answer: tuple[int, Any] = (200, None)
        self.requests: list[httpx.Request] = []
        transport = httpx.MockTransport(self._handle)
        self.shop = Client("sk_test_x", base_url=BASE_URL, http_client=httpx.Client(transport=transport))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return httpx.Response(self.answer[0], content=json.dumps(self.answer[1]))


def test_every_endpoint_can_be_called(document: dict[str, Any]) -> None:
    """Each with the document's example: what goes out is its method, path, query and body, and its answer is understood."""
    server = Server(document)
    operations = wanted(document)
    assert len(operations) > 60
    for path, method, operation in operations:
        name = operation["operationId"]
        assert name in OPERATIONS, f"The SDK has no method for {method} {path} ({name})"
        assert OPERATIONS[name][:2] == (method, path)
        _call(server, path, method, operation)
    assert {operation["operationId"] for _, _, operation in operations} == set(OPERATIONS)


def _call(server: Server, path: str, method: str, operation: dict[str, Any]) -> None:
    function: Any = server.shop
    for word in OPERATIONS[operation["operationId"]][2].split("."):
        function = getattr(function, word)
    parameters = [item for item in operation.get("parameters", ()) if "$ref" not in item]
    ids = [item for item in parameters if item["in"] == "path"]
    positional = [7 if item["schema"].get("type") == "integer" else f"{item['name']}_1" for item in ids]
    query = {item["name"]: _query_value(item["schema"]) for item in parameters if item["in"] == "query"}
    keywords = dict(query)
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("example")
    accepted = inspect.signature(function).parameters
    taken = {item["name"] for item in ids}
    for name, value in (body or {}).items():
        # `cart_id` of the path and `cart_id` of the body: the second is another cart's.
        keywords[f"other_{name}" if name in taken or name not in accepted else name] = value
    if "multipart/form-data" in content:
        keywords["file"] = b"Handle,Title\n"
    server.answer = _answer(operation)
    answer = function(*positional, **keywords)
    if isinstance(answer, Pages):
        answer = answer.page().items
    request = server.requests[-1]
    url = path
    for item, value in zip(ids, positional, strict=True):
        url = url.replace(f"{{{item['name']}}}", str(value))
    assert (request.method, request.url.path) == (method, PREFIX + url)
    assert dict(request.url.params) == {name: _as_text(value) for name, value in query.items()}
    if body is not None:
        # Where null is what the API would assume anyway, it may be left out.
        assert _without_nulls(json.loads(request.content)) == _without_nulls(body), operation["operationId"]
    if "multipart/form-data" in content:
        assert b'name="file"; filename="file.csv"' in request.content
    if isinstance(answer, bytes):  # a file, such as a receipt
        assert answer == json.dumps(server.answer[1]).encode()
        return
    understood = msgspec.json.decode(msgspec.json.encode(answer))
    assert _times(understood) == _times(server.answer[1]["data"]), operation["operationId"]


def _answer(operation: dict[str, Any]) -> tuple[int, Any]:
    for status, response in sorted(operation["responses"].items()):
        if status.startswith("2"):
            return int(status), response.get("content", {}).get("application/json", {}).get("example")
    raise AssertionError(operation)


_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def _times(value: Any) -> Any:
    """An answer without what only writes differently: times to the second, absent instead of null."""
    if isinstance(value, dict):
        return {name: _times(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_times(inner) for inner in value]
    return value[:19] if isinstance(value, str) and _TIME.fullmatch(value) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _query_value(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": 3, "boolean": True}.get(schema.get("type", ""), "2026-11-01T00:00:00Z")


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_code_has_its_class(document: dict[str, Any]) -> None:
    """Whatever the API may refuse with, and nothing that it never says."""
    codes = set(document["components"]["schemas"]["ErrorBody"]["properties"]["code"]["examples"])
    everywhere = {"internal_error", "unavailable", "method_not_allowed"}
    assert codes - set(errors.BY_CODE) == set()
    assert set(errors.BY_CODE) - codes - everywhere == set()


def test_every_code_of_the_backend_has_its_class() -> None:
    """Also those that its document forgot."""
    from baas.core.errors import AppError

    def kinds(base: type[AppError]) -> list[type[AppError]]:
        return [kind for inner in base.__subclasses__() for kind in (inner, *kinds(inner))]

    for kind in kinds(AppError):
        if kind.__module__.startswith("baas."):
            known = errors.BY_CODE.get(kind.code)
            assert known is not None, f"{kind.code} ({kind.__module__}) has no class in baas_sdk.errors"
            assert errors.class_for("code of next year", kind.status) in known.__mro__
