"""Stripe's own specification and fixtures, where they are at hand: what is sent is checked against them."""

import json
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec

from baas.simulators.stripe.objects import unflatten
from tests.files import of_others

_SPEC = "stripe/requests-2023-08-16.json"
_FIXTURES = "stripe/fixtures3-2026-08.json"
NEWER: dict[str, frozenset[str]] = {}
"""Parameters by path that we send and that the specification of 2023 does not know: none."""


def _schema(path: str) -> Any:
    operation = json.loads(of_others(_SPEC).read_text(encoding="utf-8"))["paths"][path]["post"]
    return operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]


@cache
def _validator(path: str) -> Any:
    return jsonschema_rs.Draft202012Validator(_schema(path))


def check_request(path: str, form: str) -> None:
    """Raise msgspec.ValidationError unless the form fits the official request schema of `POST path`."""
    from urllib.parse import parse_qsl

    schema = _schema(path)
    body = {
        name: value
        for name, value in unflatten(parse_qsl(form)).items()
        if name not in NEWER.get(path, frozenset())
    }
    errors = [error.message for error in _validator(path).iter_errors(_coerced(body, schema))]
    if errors:
        raise msgspec.ValidationError("; ".join(errors))


def _coerced(value: Any, schema: Any) -> Any:
    """Texts of a form as the types that the schema wants."""
    for choice in schema.get("anyOf", ()):
        if isinstance(value, dict) == (choice.get("type") == "object"):
            return _coerced(value, choice)
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        inner = schema.get("properties", {})
        other = schema.get("additionalProperties")
        other = other if isinstance(other, dict) else {}
        return {name: _coerced(item, inner.get(name, other)) for name, item in value.items()}
    if kind == "array" and isinstance(value, list):
        return [_coerced(item, schema.get("items", {})) for item in value]
    if kind == "integer" and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


@cache
def fixture_fields(kind: str) -> frozenset[str]:
    """The fields that the official fixture of an object has."""
    return frozenset(json.loads(of_others(_FIXTURES).read_text(encoding="utf-8"))["resources"][kind])
