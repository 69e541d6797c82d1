"""The document is valid, whole, and says what the code does.

After a change that is meant, take the new document: `make generate`.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import msgspec
import pytest
from litestar import Litestar
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from baas.assembly import EVENT_TYPES
from baas.openapi import build_document
from baas.openapi.endpoints import BASE_PATH, Endpoint, endpoints
from baas.openapi.texts import ALSO, FORMS, TAGS
from baas.webhooks.schemas.events import PUBLISHABLE
from baas.worker import Worker
from tests.clients import Shop
from tests.tenancy.world import build

SNAPSHOT = Path(__file__).with_name("openapi.json")
BASE_URL = "http://testserver"


def as_text(document: dict[str, Any]) -> str:
    """The snapshot's form: sorted, so that a difference is a difference."""
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@pytest.fixture(scope="module")
def document(app: Litestar) -> dict[str, Any]:
    """The document of the application under test."""
    return json.loads(json.dumps(build_document(app, BASE_URL)))  # type: ignore[no-any-return]  # JSON


@pytest.fixture(scope="module")
def operations(app: Litestar) -> list[Endpoint]:
    """Every documented operation."""
    return list(endpoints(app))


def each(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


class TestTheDocument:
    """`/openapi.json`."""

    async def test_it_is_served_as_it_is_built(
        self, http: httpx.AsyncClient, document: dict[str, Any]
    ) -> None:
        """And a second request gets the same bytes."""
        first = await http.get("/openapi.json")
        assert first.status_code == 200
        assert first.headers["content-type"] == "application/json"
        assert first.json() == document
        assert (await http.get("/openapi.json")).content == first.content

    def test_it_is_openapi_3_1(self, document: dict[str, Any]) -> None:
        """By the specification's own schema."""
        assert document["openapi"].startswith("3.1.")
        problems = [
            f"{list(e.instance_path)}: {str(e)[:200]}" for e in OPENAPI_31_VALIDATOR.iter_errors(document)
        ]
        assert problems == []

    def test_every_reference_leads_somewhere(self, document: dict[str, Any]) -> None:
        """And every schema is used by somebody."""
        references = set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(document)))
        there = {f"{group}/{name}" for group, items in document["components"].items() for name in items}
        assert references - there == set()
        unused = {name for name in there - references if not name.startswith("securitySchemes/")}
        assert {name for name in unused if not name.startswith(("headers/", "responses/"))} == set()

    def test_names_of_schemas_are_words(self, document: dict[str, Any]) -> None:
        """Generators make classes of them."""
        assert [
            name for name in document["components"]["schemas"] if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)
        ] == []

    def test_it_is_the_one_that_clients_know(self, document: dict[str, Any]) -> None:
        """A change of the contract is seen in the diff of `tests/contract/openapi.json`."""
        assert SNAPSHOT.exists(), "make generate"
        known = SNAPSHOT.read_text(encoding="utf-8")
        assert as_text(document) == known, "If the change is meant: make generate"


class TestEveryOperation:
    """What a reader and a generator need of each."""

    def test_is_under_the_base_path(self, operations: list[Endpoint]) -> None:
        """Health, readiness and documents are not part of the versioned API."""
        assert [
            operation.path for operation in operations if not operation.path.startswith(BASE_PATH + "/")
        ] == []

    def test_what_is_said_beside_the_routes_is_about_operations_that_exist(
        self, operations: list[Endpoint]
    ) -> None:
        """A name that is no operation's says nothing, and nobody notices."""
        assert {*ALSO, *FORMS} <= {operation.id for operation in operations}

    def test_every_route_of_the_application_is_described(
        self, app: Litestar, operations: list[Endpoint]
    ) -> None:
        """Nothing under the base path is left out."""
        described = {(operation.path, operation.method) for operation in operations}
        for route in app.routes:
            path = getattr(route, "path_format", route.path)
            for method in getattr(route, "http_handler_method_map", None) or getattr(
                route, "route_handler_map", {}
            ):
                if path.startswith(BASE_PATH) and method not in {"OPTIONS", "HEAD"}:
                    assert (path, method) in described, f"{method} {path}"

    def test_has_a_name_of_its_own(self, operations: list[Endpoint]) -> None:
        """A snake_case verb and noun: the SDK's method."""
        names = [operation.id for operation in operations]
        assert len(names) == len(set(names))
        assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []

    def test_stands_under_a_tag_that_is_explained(self, document: dict[str, Any]) -> None:
        """One tag each."""
        for path, method, operation in each(document):
            assert len(operation["tags"]) == 1, f"{method} {path}"
            assert operation["tags"][0] in TAGS, (
                f"{method} {path}: explain {operation['tags'][0]} in baas/openapi/texts.py"
            )

    def test_is_explained(self, document: dict[str, Any]) -> None:
        """A summary of a few words, and at least a sentence."""
        for path, method, operation in each(document):
            assert 2 < len(operation["summary"]) < 60, f"{method} {path}"
            assert len(operation["description"]) > 20, f"{method} {path}: the handler's docstring"

    def test_says_which_key_it_wants(self, document: dict[str, Any], operations: list[Endpoint]) -> None:
        """The security scheme and the scope follow the route's own declaration."""
        for operation in operations:
            written = document["paths"][operation.path][operation.method.lower()]
            if operation.is_public:
                assert written["security"] == []
                assert "x-scope" not in written
            else:
                assert written["x-scope"] == operation.need
                wanted = "OperatorKey" if operation.is_operator else "StoreKey"
                assert written["security"] == [{wanted: []}]

    def test_can_be_repeated_and_tried(self, document: dict[str, Any], operations: list[Endpoint]) -> None:
        """Every write with a key takes an Idempotency-Key and `Prefer: dry-run`."""
        for operation in operations:
            written = document["paths"][operation.path][operation.method.lower()]
            taken = {p.get("$ref", "").rpartition("/")[2] for p in written.get("parameters", ())}
            assert ("IdempotencyKey" in taken) == (operation.is_write and not operation.is_public)
            assert ("Prefer" in taken) == (operation.is_write and not operation.is_public)

    def test_answers_in_the_envelope(self, document: dict[str, Any], operations: list[Endpoint]) -> None:
        """Success with `data`, refusals with `error`; only the sandbox's page is HTML."""
        for operation in operations:
            responses = document["paths"][operation.path][operation.method.lower()]["responses"]
            for status, response in responses.items():
                shared = response.get("$ref", "").rpartition("/")[2]
                content = (document["components"]["responses"][shared] if shared else response).get(
                    "content", {}
                )
                if status >= "400":
                    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Failure"}
                elif "application/json" in content and "$ref" in content["application/json"]["schema"]:
                    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
                    assert {"success", "data", "meta"} <= set(
                        document["components"]["schemas"][name]["required"]
                    ), name


class TestExamples:
    """Nobody believes a document whose examples do not work."""

    def test_bodies_are_accepted_by_the_code(
        self, document: dict[str, Any], operations: list[Endpoint]
    ) -> None:
        """Each example of a request decodes into the handler's own struct."""
        for operation in operations:
            if operation.body is None or operation.body_media != "application/json":
                continue
            content = document["paths"][operation.path][operation.method.lower()]["requestBody"]["content"]
            example = content["application/json"]["example"]
            msgspec.json.decode(msgspec.json.encode(example), type=operation.body)

    def test_answers_are_of_their_schema(self, document: dict[str, Any]) -> None:
        """Also those of refusals and of events."""
        for path, method, operation in each(document):
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get("application/json")
                if content and "example" in content:
                    self._validate(document, content, f"{method} {path} {status}")
        for name, response in document["components"]["responses"].items():
            self._validate(document, response["content"]["application/json"], name)
        for name, item in document["webhooks"].items():
            self._validate(document, item["post"]["requestBody"]["content"]["application/json"], name)

    def _validate(self, document: dict[str, Any], content: dict[str, Any], where: str) -> None:
        schema = {
            **content["schema"],
            "components": document["components"],
            "$schema": "https://json-schema.org/draft/2020-12/schema",
        }
        problems = [
            f"{list(e.instance_path)}: {e.message[:200]}"
            for e in jsonschema_rs.validator_for(schema).iter_errors(content["example"])
        ]
        assert problems == [], where

    def test_ids_have_the_right_kind(self, document: dict[str, Any]) -> None:
        """No example shows a bare number or word where an id belongs."""
        loose = re.findall(r'"((?:[a-z_]+_)?id)": "([^"]*)"', json.dumps(list(document["paths"].values())))
        wrong = {pair for pair in loose if not re.fullmatch(r"[a-z]+_[0-9a-hjkmnp-tv-z]{26}", pair[1])}
        assert {name for name, _ in wrong} <= {
            "provider_payment_id",
            "provider_message_id",
            "provider_event_id",
            "tax_id",
            "shipping_method_id",
            "request_id",
        }, wrong


async def test_examples_look_like_real_answers(
    http: httpx.AsyncClient, shop: Shop, worker: Worker, document: dict[str, Any], operations: list[Endpoint]
) -> None:
    """Real answers have the same fields, and ids of the same kinds."""
    world = await build(shop, worker)

    def kinds(value: Any, path: str = "") -> dict[str, str]:
        if isinstance(value, dict):
            return {
                p: kind for name, inner in value.items() for p, kind in kinds(inner, f"{path}.{name}").items()
            }
        if isinstance(value, list):
            return {p: kind for inner in value[:1] for p, kind in kinds(inner, path + "[]").items()}
        found = (
            re.fullmatch(r"([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}", value) if isinstance(value, str) else None
        )
        return {path: found[1]} if found else {}

    for operation in operations:
        written = document["paths"][operation.path][operation.method.lower()]["responses"][
            str(operation.status)
        ]
        if (
            operation.method != "GET"
            or operation.is_operator
            or operation.is_public
            or operation.answer is None
        ):
            continue
        answer = await http.get(world.path_of(operation), headers={"X-API-KEY": shop.secret_key})
        assert ("etag" in answer.headers) is operation.cached, (
            f"{operation.id}: cached=True at the route, or not"
        )
        real, shown = answer.json()["data"], written["content"]["application/json"]["example"]["data"]
        for one, other in (
            ((real, shown),) if isinstance(real, dict) else zip(real[:1], shown[:1], strict=False)
        ):
            assert set(one) <= set(other), f"{operation.id}: {set(one) - set(other)} are in no example"
        real_kinds, shown_kinds = kinds(real), kinds(shown)
        for path in real_kinds.keys() & shown_kinds.keys():
            if not path.endswith((".subject", ".about", ".actor_id", ".data.id")):
                assert real_kinds[path] == shown_kinds[path], f"{operation.id}: {path}"


class TestEvents:
    """The section of what endpoints receive."""

    def test_every_type_that_is_emitted_is_described(self, document: dict[str, Any]) -> None:
        """And the test, which only one endpoint gets."""
        assert set(document["webhooks"]) == set(EVENT_TYPES)
        for name, type_ in EVENT_TYPES.items():
            said = document["webhooks"][name]["post"]["description"]
            assert said.startswith(type_.sentence)
            assert ("Reserved" in said) is type_.reserved

    def test_what_a_shop_may_publish_are_events(self) -> None:
        """Webhooks name those of orders by text, for they do not know orders."""
        assert set(EVENT_TYPES) >= PUBLISHABLE


class TestThePage:
    """`/docs`."""

    async def test_it_needs_nothing_from_elsewhere(self, http: httpx.AsyncClient) -> None:
        """No script or style in it, and a policy that would refuse them."""
        page = await http.get("/docs")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<style" not in page.text
        assert " style=" not in page.text
        assert not re.search(r"<script(?! src=)", page.text)
        assert not re.search(r"\son[a-z]+=", page.text)
        sources = set(re.findall(r'(?:src|href)="([^"#][^"]*)"', page.text))
        assert sources == {"/docs/docs.css", "/docs/docs.js", "/openapi.json"}
        for source in sources:
            assert (await http.get(source)).status_code == 200

    async def test_it_shows_every_operation(
        self, http: httpx.AsyncClient, operations: list[Endpoint]
    ) -> None:
        """With its own address, its scope and its example."""
        page = (await http.get("/docs")).text
        for operation in operations:
            assert f'<article id="{operation.id}">' in page
            assert page.count(f'href="#{operation.id}"') == 2

    async def test_what_it_shows_is_escaped(self, http: httpx.AsyncClient) -> None:
        """Descriptions hold HTML in their examples."""
        page = (await http.get("/docs")).text
        assert "&lt;p&gt;Calabaza" in page
        assert "<p>Calabaza" not in page


if __name__ == "__main__":
    import asyncio

    from tests.contract.application import unconnected

    async def main() -> None:
        SNAPSHOT.write_text(as_text(build_document(unconnected(), BASE_URL)), encoding="utf-8")
        print(f"Written: {SNAPSHOT}")

    asyncio.run(main())
