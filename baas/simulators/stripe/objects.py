"""Stripe's objects as its API answers them: every field that the present version has, most of them empty."""

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from baas.simulators.books import Refusal, now

_FIELDS: Final[dict[str, list[str]]] = json.loads(
    (Path(__file__).parent / "fields.json").read_text(encoding="utf-8")
)
_EMPTY: Final = {"metadata": {}, "livemode": False}
API_VERSION: Final = "2026-10-28.endive"
_PREFIX: Final = {
    "payment_intent": "pi",
    "checkout.session": "cs_test",
    "charge": "ch",
    "refund": "re",
    "dispute": "dp",
    "event": "evt",
    "webhook_endpoint": "we",
}


def make(kind: str, **values: Any) -> dict[str, Any]:
    """An object of a kind with all its fields and an id."""
    return (
        dict.fromkeys(_FIELDS[kind])
        | {name: value for name, value in _EMPTY.items() if name in _FIELDS[kind]}
        | {"id": f"{_PREFIX.get(kind, kind)}_{secrets.token_hex(12)}", "object": kind, "created": int(now())}
        | values
    )


def listed(rows: Sequence[Any], url: str, *, has_more: bool = False) -> dict[str, Any]:
    """A list as Stripe wraps it."""
    return {"object": "list", "data": list(rows), "has_more": has_more, "url": url}


def unflatten(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A form with brackets as what it means: `a[b][0]=c` is {"a": {"b": ["c"]}}."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        node, keys = tree, [head, *rest]
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        last = keys[-1]
        if last == "":
            node[str(len(node))] = value
        else:
            node[last] = value
    result = _lists(tree)
    assert isinstance(result, dict)
    return result


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}


def error(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    code: str | None = None,
    param: str | None = None,
) -> tuple[int, Mapping[str, Any]]:
    """Status and body of an error."""
    body: dict[str, Any] = {"type": kind, "message": message}
    if code is not None:
        body |= {"code": code, "doc_url": f"https://docs.example/error-codes/{code}"}
    if param is not None:
        body["param"] = param
    return status, {"error": body}


def refuse(message: str, *, code: str | None = None, param: str | None = None) -> Any:
    """Raises the Refusal of a request that asks for something wrong."""
    raise Refusal(*error(400, message, code=code, param=param))
